-- cache-tags: the versions of tags; one that has none gets one
-- KEYS: tags
-- ARGV: 1 milliseconds a tag is kept; 2.. a new version for each
-- out:  a version for each
local versions = redis.call('MGET', unpack(KEYS))
for i, key in ipairs(KEYS) do
  if not versions[i] then
    versions[i] = ARGV[1 + i]
    redis.call('SET', key, versions[i], 'PX', ARGV[1])
  end
end
return versions

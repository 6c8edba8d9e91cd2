-- dedup-done: remembers that foreign ids were recorded
-- KEYS: one for each id, of one source and so of one hash tag
-- ARGV: 1 milliseconds an id is remembered; 2.. the commit id of each key
-- out:  for each key 1, or 0 where it is somebody else's under another commit id: that is left as it is
local found = redis.call('MGET', unpack(KEYS))
local out = {}
for i, key in ipairs(KEYS) do
  local value, commit = found[i], ARGV[1 + i]
  local theirs = value and (string.byte(value) == 100 and string.sub(value, 2) or string.sub(value, 15, 40))
  if theirs and theirs ~= commit then
    out[i] = 0
  else
    redis.call('SET', key, 'd' .. commit, 'PX', ARGV[1])
    out[i] = 1
  end
end
return out

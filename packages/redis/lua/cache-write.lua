-- cache-write: keeps a value unless something else came to its key, or to one of its tags, meanwhile
-- KEYS: 1 key; 2.. tags
-- ARGV: 1 milliseconds; 2 value; 3 what the key began with when it was read, empty for nothing; 4.. the version of each tag
-- out:  1, or 0 where key or tag is another one by now
local seen = redis.call('GETRANGE', KEYS[1], 0, math.max(#ARGV[3], 1) - 1)
if seen ~= ARGV[3] then
  return 0
end
for i = 2, #KEYS do
  if redis.call('GET', KEYS[i]) ~= ARGV[2 + i] then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
return 1

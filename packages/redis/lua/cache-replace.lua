-- cache-replace: keeps a value whatever was there, and tells every process that the key changed; where a tag was invalidated
-- meanwhile nothing is kept
-- KEYS: 1 key; 2 channel; 3.. tags
-- ARGV: 1 milliseconds; 2 value; 3 message; 4.. the version of each tag
-- out:  1, or 0 where a tag is another one by now
local kept = 1
for i = 3, #KEYS do
  if redis.call('GET', KEYS[i]) ~= ARGV[1 + i] then
    kept = 0
  end
end
if kept == 1 then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
else
  redis.call('DEL', KEYS[1])
end
redis.call('PUBLISH', KEYS[2], ARGV[3])
return kept

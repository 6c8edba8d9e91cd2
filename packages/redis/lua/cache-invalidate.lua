-- cache-invalidate: forgets keys and what depends on tags, and tells every process
-- KEYS: 1 channel; 2.. keys, then tags
-- ARGV: 1 number of keys; 2 mark left at each key; 3 milliseconds it stays; 4 milliseconds a tag is kept; 5 message;
--       6.. a new version for each tag
-- out:  nothing
local keys = tonumber(ARGV[1])
for i = 2, #KEYS do
  if i <= keys + 1 then
    redis.call('SET', KEYS[i], ARGV[2], 'PX', ARGV[3])
  else
    redis.call('SET', KEYS[i], ARGV[4 + i - keys], 'PX', ARGV[4])
  end
end
redis.call('PUBLISH', KEYS[1], ARGV[5])

-- cache-replace: keeps a value whatever was there, and tells every process that the key changed
-- KEYS: 1 key; 2 channel
-- ARGV: 1 milliseconds; 2 value; 3 message
-- out:  nothing
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
redis.call('PUBLISH', KEYS[2], ARGV[3])

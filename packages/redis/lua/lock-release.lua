-- lock-release: gives a lock back; its epoch stays for ever
-- KEYS: 1 hash of the lock
-- ARGV: 1 token of the holder
-- out:  1, or 0 where another one holds it, or nobody
local held = redis.call('HMGET', KEYS[1], 'token', 'owner', 'epoch')
if not held[2] or held[1] ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', held[3])
return 1

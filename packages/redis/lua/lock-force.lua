-- lock-force: takes a lock from its holder, under a new epoch
-- KEYS: 1 hash of the lock
-- ARGV: 1 the operator
-- out:  1, or 0 where nobody holds it
local held = redis.call('HMGET', KEYS[1], 'owner', 'epoch')
if not held[1] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', tonumber(held[2]) + 1), 'forcedBy', ARGV[1])
return 1

-- lock-acquire: grants a lock under its next epoch unless somebody holds it
-- KEYS: 1 hash of the lock; 2 set of all names
-- ARGV: 1 name; 2 owner; 3 token; 4 milliseconds it lasts; 5 epoch to be above of
-- out:  {1, epoch, end}, or {0, owner, end} where it is held; times in epoch milliseconds
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 'owner', 'expiresAt', 'epoch')
if held[1] and tonumber(held[2]) > now then
  return {0, held[1], held[2]}
end
local epoch = string.format('%.0f', math.max(tonumber(held[3] or '0'), tonumber(ARGV[5])) + 1)
local ends = string.format('%.0f', now + ARGV[4])
now = string.format('%.0f', now)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', epoch, 'owner', ARGV[2], 'token', ARGV[3],
  'acquiredAt', now, 'renewedAt', now, 'expiresAt', ends)
redis.call('SADD', KEYS[2], ARGV[1])
return {1, epoch, ends}

-- lock-renew: extends a lock of its holder, and notes how far it got
-- KEYS: 1 hash of the lock
-- ARGV: 1 token; 2 milliseconds it lasts; 3 mark, or nothing; 4 how much is left
-- out:  {1}, or {0} or {0, epoch} where it has passed on: the epoch of who holds it now
local held = redis.call('HMGET', KEYS[1], 'token', 'owner', 'epoch', 'mark')
if not held[2] then
  return {0}
end
if held[1] ~= ARGV[1] then
  return {0, held[3]}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = string.format('%.0f', now + ARGV[2])
now = string.format('%.0f', now)
redis.call('HSET', KEYS[1], 'renewedAt', now, 'expiresAt', ends)
if ARGV[3] then
  if held[4] ~= ARGV[3] or ARGV[4] == '0' then
    redis.call('HSET', KEYS[1], 'since', now)
  end
  redis.call('HSET', KEYS[1], 'mark', ARGV[3], 'behind', ARGV[4])
end
return {1}

-- lock-read: locks as they are, all at one time
-- KEYS: hashes of locks
-- out:  {now, fields and values of the first, of the second, ...}; none for a name nobody ever locked
local time = redis.call('TIME')
local found = {string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))}
for i, key in ipairs(KEYS) do
  found[i + 1] = redis.call('HGETALL', key)
end
return found

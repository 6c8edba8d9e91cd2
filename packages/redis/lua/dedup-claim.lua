-- dedup-claim: claims foreign ids, all in one step
-- KEYS: one for each id, of one source and so of one hash tag
-- ARGV: 1 milliseconds an id is remembered; 2 milliseconds of the lease; 3 owner; 4.. a new commit id for each key
-- out:  for each key 'n' (new), 'r' + commit id (again), 'p' + end of the lease (somebody is at it), 'd' + commit id (done)
-- Values: 'd' + commit id, or 'p' + end of the lease (13 digits of epoch milliseconds) + commit id (26) + owner
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = string.format('%013.0f', now + ARGV[2])
local found
if KEYS[2] then
  found = redis.call('MGET', unpack(KEYS))
else
  -- One id, the common case: looked up and claimed at once. Nothing was there where nothing comes back.
  found = {redis.call('SET', KEYS[1], 'p' .. ends .. ARGV[4] .. ARGV[3], 'PX', ARGV[1], 'NX', 'GET')}
  if not found[1] then
    return {'n'}
  end
end
local claimed = {}
local out = {}
for i, key in ipairs(KEYS) do
  local value = claimed[key] or found[i]
  if not value then
    value = 'p' .. ends .. ARGV[3 + i] .. ARGV[3]
    redis.call('SET', key, value, 'PX', ARGV[1])
    claimed[key] = value
    out[i] = 'n'
  elseif string.byte(value) == 100 then
    out[i] = value
  elseif tonumber(string.sub(value, 2, 14)) > now then
    out[i] = string.sub(value, 1, 14)
  else
    local commit = string.sub(value, 15, 40)
    value = 'p' .. ends .. commit .. ARGV[3]
    redis.call('SET', key, value, 'PX', ARGV[1])
    claimed[key] = value
    out[i] = 'r' .. commit
  end
end
return out

-- dedup-release: frees claims of an owner at once, under the commit ids they have
-- KEYS: one for each id, of one source and so of one hash tag
-- ARGV: 1 owner
-- out:  how many were freed
local freed = 0
for i, value in ipairs(redis.call('MGET', unpack(KEYS))) do
  if value and string.byte(value) == 112 and string.sub(value, 41) == ARGV[1] then
    redis.call('SET', KEYS[i], 'p0000000000000' .. string.sub(value, 15), 'KEEPTTL')
    freed = freed + 1
  end
end
return freed

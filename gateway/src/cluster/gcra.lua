-- GCRA. KEYS: rates; ARGV, three of each: microseconds from one to the next, how many at once, how many are wanted.
-- Returns of each how many there may be now, and after how many microseconds there is one more.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local lent = {}
for i, key in ipairs(KEYS) do
  local each, burst, wanted = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  -- When the last one that was lent is due.
  local due = math.max(tonumber(redis.call('GET', key) or 0), now)
  local n = math.max(0, math.min(wanted, math.floor((now + burst * each - due) / each + 0.001)))
  if n > 0 then
    due = due + n * each
    redis.call('SET', key, string.format('%.3f', due), 'PX', math.ceil((due - now) / 1000) + 1)
  end
  lent[i] = { n, math.max(0, math.ceil(due + each - burst * each - now)) }
end
return lent

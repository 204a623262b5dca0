/**
 * Each counter is one hash with, for each window, `u` (used) and `e` (its end by the server's clock). A script runs alone on
 * the server: nothing comes between looking and charging. Windows are looked at before anything is written, so that all are
 * charged or none.
 *
 * KEYS: the counters. ARGV, for each of them: cost, 1 where it is capped, how many windows, then count and length of each.
 * Answers 1 or 0, then for each window remaining, milliseconds to its end, and its end.
 */
export const consumeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counters, answer, at = {}, { 1 }, 1
for place, key in ipairs(KEYS) do
  local cost, capped, size = tonumber(ARGV[at]), ARGV[at + 1] == '1', tonumber(ARGV[at + 2])
  at = at + 3
  local fields = {}
  for index = 1, size do
    fields[index * 2 - 1] = 'u' .. index
    fields[index * 2] = 'e' .. index
  end
  local stored = redis.call('HMGET', key, unpack(fields))
  local windows = {}
  for index = 1, size do
    local count, length = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    at = at + 2
    local used, ends = tonumber(stored[index * 2 - 1] or 0), tonumber(stored[index * 2] or 0)
    if ends <= now then
      used = 0
      ends = now + length
    elseif ends - now > length then
      ends = now + length
    end
    if not capped and cost > math.max(0, count - used) then answer[1] = 0 end
    windows[index] = { count = count, used = used, ends = ends }
  end
  counters[place] = { key = key, cost = cost, windows = windows }
end
for _, counter in ipairs(counters) do
  local values, last = {}, 0
  for index, window in ipairs(counter.windows) do
    if answer[1] == 1 then
      window.used = math.max(window.used, math.min(window.count, window.used + counter.cost))
      last = math.max(last, window.ends)
      values[#values + 1] = 'u' .. index
      values[#values + 1] = string.format('%.0f', window.used)
      values[#values + 1] = 'e' .. index
      values[#values + 1] = string.format('%.0f', window.ends)
    end
    answer[#answer + 1] = math.max(0, window.count - window.used)
    answer[#answer + 1] = window.ends - now
    answer[#answer + 1] = window.ends
  end
  if answer[1] == 1 then
    redis.call('HSET', counter.key, unpack(values))
    redis.call('PEXPIREAT', counter.key, string.format('%.0f', last))
  end
end
return answer
`

/**
 * KEYS: the counters. ARGV, for each of them: cost, how many windows, then the end of each as it was charged. A window with
 * another end is a newer one.
 */
export const refundScript = `
local at = 1
for _, key in ipairs(KEYS) do
  local cost, size = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  for index = 1, size do
    if redis.call('HGET', key, 'e' .. index) == ARGV[at] then
      local used = tonumber(redis.call('HGET', key, 'u' .. index) or 0)
      redis.call('HSET', key, 'u' .. index, string.format('%.0f', math.max(0, used - cost)))
    end
    at = at + 1
  end
end
return 1
`

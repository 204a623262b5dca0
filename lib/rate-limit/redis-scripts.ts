/**
 * What stands in tally.ts and penalty.ts, for Redis. Each counter is one hash: for each window `a` (at), `u` (used) and `b` (before)
 * with its number, and for its penalty `pa`, `pu` and `pb`. A script runs alone on the server: nothing comes between looking and
 * charging.
 */
const reckoning = `
local time = redis.call('TIME')
local now = ARGV[1] == '' and time[1] * 1000 + math.floor(time[2] / 1000) or tonumber(ARGV[1])
-- Where a test tells the time, keys must not end by the server's.
local slack = ARGV[1] == '' and 0 or 60000
local FIXED, SLIDING, BUCKET = 0, 1, 2
local function whole(number) return string.format('%.0f', number) end
local function settle(w)
  if w.kind == BUCKET then
    w.isMoved = w.at > now
    if w.at < now then w.used = math.max(0, w.used - (now - w.at) * w.count) end
    w.at = now
  elseif w.at > now then
    w.isMoved = w.at > now + w.window
    w.at = math.min(w.at, now + w.window)
  else
    local next = w.kind == SLIDING and w.at + w.window > now
    w.before = next and w.used or 0
    w.used = 0
    w.at = next and w.at + w.window or now + w.window
  end
end
local function left(w)
  if w.kind == FIXED then return math.max(0, w.count - w.used) end
  if w.kind == BUCKET then return math.max(0, math.floor((w.burst * w.window - w.used) / w.window)) end
  return math.max(0, math.floor((w.count * w.window - w.before * (w.at - now)) / w.window) - w.used)
end
local function take(w, cost) w.used = w.used + (w.kind == BUCKET and cost * w.window or cost) end
local function untilWhole(w)
  if w.kind == BUCKET then return math.ceil(w.used / w.count) end
  return w.at - now + ((w.kind == SLIDING and w.used > 0) and w.window or 0)
end
local function untilRoom(w, cost)
  if w.kind == FIXED or cost > w.burst then return untilWhole(w) end
  if w.kind == BUCKET then return math.ceil((w.used + cost * w.window - w.burst * w.window) / w.count) end
  local excess = (w.used + cost) * w.window + w.before * (w.at - now) - w.count * w.window
  local drained = w.before > 0 and math.ceil(excess / w.before) or math.huge
  if drained <= w.at - now then return drained end
  return w.at - now + math.max(0, math.ceil(((w.used + cost - w.count) * w.window) / w.used))
end
local function endOf(w) return w.kind == BUCKET and w.at + math.floor(w.used / w.count) or w.at end
local function lastEnd(w)
  if w.kind == BUCKET then return w.at + math.ceil(w.used / w.count) end
  return w.kind == SLIDING and w.at + w.window or w.at
end
local at = 3
local function read()
  local value = tonumber(ARGV[at])
  at = at + 1
  return value
end
local function open(key)
  local c = { key = key, cost = read(), capped = read() == 1, first = read(), most = read(), memory = read(), windows = {} }
  local size, fields = read(), { 'pa', 'pu', 'pb' }
  for index = 1, size do
    fields[#fields + 1] = 'a' .. index
    fields[#fields + 1] = 'u' .. index
    fields[#fields + 1] = 'b' .. index
  end
  local stored = redis.call('HMGET', key, unpack(fields))
  c.pa, c.pu, c.pb = tonumber(stored[1] or 0), tonumber(stored[2] or 0), tonumber(stored[3] or 0)
  for index = 1, size do
    local w = { kind = read(), count = read(), window = read(), burst = read() }
    w.at = tonumber(stored[index * 3 + 1] or -math.huge)
    w.used, w.before = tonumber(stored[index * 3 + 2] or 0), tonumber(stored[index * 3 + 3] or 0)
    c.windows[index] = w
  end
  return c
end
local function lengthOf(c) return math.min(c.most, c.first * 2 ^ math.min(c.pu - 1, 40)) end
local function restart(c)
  c.left = lengthOf(c)
  c.pa = now + c.left
  c.pb = c.pa + c.memory
end
local function settlePenalty(c)
  c.left = c.first > 0 and math.max(0, c.pa - now) or 0
  c.isMoved = c.left > lengthOf(c)
  if c.isMoved then restart(c) end
end
local function save(c, isCharged)
  local values, last = {}, math.max(now + 1, c.pb)
  for index, w in ipairs(c.windows) do
    if w.at > -math.huge then last = math.max(last, lastEnd(w)) end
    if w.at > -math.huge and (isCharged or w.isMoved) then
      values[#values + 1] = 'a' .. index
      values[#values + 1] = whole(w.at)
      values[#values + 1] = 'u' .. index
      values[#values + 1] = whole(w.used)
      values[#values + 1] = 'b' .. index
      values[#values + 1] = whole(w.before)
    end
  end
  if c.pb > now then
    for _, field in ipairs({ 'pa', 'pu', 'pb' }) do
      values[#values + 1] = field
      values[#values + 1] = whole(c[field])
    end
  end
  if #values > 0 then
    redis.call('HSET', c.key, unpack(values))
    redis.call('PEXPIRE', c.key, whole(last - now + slack))
  end
end
`

/**
 * KEYS: the counters and, where ARGV[2] names this instance, the set of instances behind them. ARGV: the time, or nothing for the
 * server's; the instance, or nothing; then for each counter cost, 1 where it is capped, its penalty (three zeros for none), how many
 * windows, and for each of these how it counts, count, length and capacity.
 *
 * Answers 1 or 0; how many instances there are, or 0; then for each counter how long its penalty lasts and, for each window, remaining,
 * reset and endsAt.
 */
export const consumeScript = `
${reckoning}
local counters, allowed, instances = {}, 1, 0
local size = #KEYS
if ARGV[2] ~= '' then
  local key = KEYS[size]
  size = size - 1
  redis.call('ZADD', key, whole(now), ARGV[2])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now - 15000))
  redis.call('PEXPIRE', key, 15000)
  instances = redis.call('ZCARD', key)
end
for place = 1, size do
  local c = open(KEYS[place])
  settlePenalty(c)
  if c.left > 0 then allowed = 0 end
  for _, w in ipairs(c.windows) do
    settle(w)
    if not c.capped and c.cost > left(w) then
      allowed = 0
      c.broken = true
    end
  end
  counters[place] = c
end
local answer = { allowed, instances }
for _, c in ipairs(counters) do
  if allowed == 1 then
    for _, w in ipairs(c.windows) do take(w, math.min(c.cost, left(w))) end
    save(c, true)
  elseif c.broken and c.first > 0 and c.left == 0 then
    c.pu = c.pb > now and c.pu + 1 or 1
    restart(c)
    save(c, false)
  else
    -- Where the clock was set back, what nobody writes down would never come nearer to its end.
    for _, w in ipairs(c.windows) do c.isMoved = c.isMoved or w.isMoved end
    if c.isMoved then save(c, false) end
  end
  answer[#answer + 1] = c.left
  for _, w in ipairs(c.windows) do
    local refusing = allowed == 0 and not c.capped and c.cost > left(w)
    answer[#answer + 1] = left(w)
    answer[#answer + 1] = refusing and untilRoom(w, c.cost) or untilWhole(w)
    answer[#answer + 1] = endOf(w)
  end
end
return answer
`

/** As the other, and changes nothing. */
export const readScript = `
${reckoning}
local answer = { 1, 0 }
for place, key in ipairs(KEYS) do
  local c = open(key)
  settlePenalty(c)
  answer[#answer + 1] = c.left
  for _, w in ipairs(c.windows) do
    settle(w)
    local refusing = not c.capped and c.cost > left(w)
    answer[#answer + 1] = left(w)
    answer[#answer + 1] = refusing and untilRoom(w, c.cost) or untilWhole(w)
    answer[#answer + 1] = endOf(w)
  end
end
return answer
`

/** KEYS and ARGV as the others, and behind them for each window the `endsAt` that it was charged with. */
export const refundScript = `
${reckoning}
local counters = {}
for place, key in ipairs(KEYS) do counters[place] = open(key) end
for _, c in ipairs(counters) do
  local isThere = false
  for _, w in ipairs(c.windows) do
    local ends = read()
    if w.at > -math.huge then
      isThere = true
      if w.kind == BUCKET then
        settle(w)
        w.used = math.max(0, w.used - math.min(c.cost * w.window, math.max(0, (ends - now) * w.count)))
      elseif w.at == ends then
        w.used = math.max(0, w.used - c.cost)
      elseif w.kind == SLIDING and w.at == ends + w.window then
        w.before = math.max(0, w.before - c.cost)
      end
    end
  end
  if isThere then save(c, true) end
end
return { 1, 0 }
`

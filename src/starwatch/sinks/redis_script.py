"""What Redis runs for each block of rows: hashes, stream and cursor change together or not at all.

A script is one step for every other client, and in Redis's own log. Everything that could fail,
such as a key of another type, is read before anything is written.
"""

SCRIPT = """
local cursors, closes = KEYS[1], KEYS[2]
local prefix, state, rows, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local FIRST, EACH = 5, 3

local function moment(json)
  local last, revision = string.match(json, '"end":"([^"]*)".*"revision":(%d+)}$')
  return last, tonumber(revision)
end

local function newer(json, than)
  local last, revision = moment(json)
  local known, before = moment(than)
  return known == nil or last > known or (last == known and revision >= before)
end

local kind = redis.call('TYPE', closes)['ok']
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. closes .. ' is no stream')
end

local best, changed = {}, {}
for n = FIRST, #ARGV, EACH do
  local product, window, json = ARGV[n], ARGV[n + 1], ARGV[n + 2]
  local key = prefix .. ':product:' .. product
  local fields = best[key]
  if not fields then
    fields = {}
    best[key] = fields
  end
  if fields[window] == nil then
    local known = redis.pcall('HGET', key, window)
    if type(known) == 'table' then
      return redis.error_reply('REFUSED ' .. key .. ' is no hash')
    end
    fields[window] = known or ''
  end
  if newer(json, fields[window]) then
    fields[window] = json
    changed[key] = changed[key] or {}
    changed[key][window] = true
  end
end

for key, windows in pairs(changed) do
  for window in pairs(windows) do
    redis.call('HSET', key, window, best[key][window])
  end
end
for n = FIRST, #ARGV, EACH do
  redis.call('XADD', closes, 'MAXLEN', '~', most, '*', 'row', ARGV[n + 2])
end
redis.call('HSET', cursors, state, rows)
return redis.status_reply('OK')
"""

-- What the program `acknowledge` decides, made true in one step (AR-52): what it said to each message, the counters, and
-- how far it has read. Appended to outbound.lua when the library is built. Keys and arguments: proto/redis.md.
do -- its own locals: Lua allows a library 200

local TEN_MINUTES, HOUR, DAY = 600 * 1000, 3600 * 1000, 86400 * 1000
local ACK_MERGED_DEEP = 2 -- conversations merged into it, and into those; each has 50 at most

local function before(now, span)
  return string.format('%.0f', tonumber(now) - span)
end

-- How many this sorted set of times holds of the last `span`; older ones go.
local function recent(key, now, span)
  call('ZREMRANGEBYSCORE', key, '-inf', before(now, span))
  return call('ZCARD', key)
end

local function remember(key, now, span, id)
  call('ZADD', key, now, id)
  call('PEXPIRE', key, span)
end

-- The limits of the desk definition (AR-50, AR-51) and what is counted for one message.
local function ack_keys(tag, d)
  return {
    sender = tag .. ':ack:to:' .. d.to,
    domain = d.domain ~= '' and tag .. ':ack:domain:' .. d.domain,
    channel = tag .. ':ack:channel:' .. d.channel,
    subject = d.digest ~= '' and tag .. ':ack:subject:' .. d.to .. ':' .. d.digest,
  }
end

-- The reason why none may go out now, or nil.
local function ack_limit(k, d, limits, now)
  local day, number = recent(k.sender, now, DAY), sub(d.to, 1, 4) == 'tel:'
  local latest = call('ZCOUNT', k.sender, before(now, TEN_MINUTES), '+inf')
  if latest >= limits.sender_10m then return 'AR-50 this sender had ' .. latest .. ' within ten minutes' end
  if number and day >= limits.sms_day then return 'SM-22 this number had ' .. day .. ' within a day' end
  if not number and day >= limits.sender_day then return 'AR-50 this sender had ' .. day .. ' within a day' end
  if k.subject and call('EXISTS', k.subject) == 1 then return 'AR-51 this sender had one about the same subject' end
  if k.domain and recent(k.domain, now, HOUR) >= limits.domain_hour then
    return 'AR-50 ' .. limits.domain_hour .. ' went to this domain within an hour'
  end
  local window = call('GET', k.channel)
  if window and tonumber(window) >= limits.channel_hour then
    return 'AR-50 ' .. limits.channel_hour .. ' went over this channel within an hour'
  end
end

local function ack_count(k, limits, now, id)
  remember(k.sender, now, DAY, id)
  if k.domain then remember(k.domain, now, HOUR, id) end
  if call('INCR', k.channel) == 1 then call('PEXPIRE', k.channel, HOUR) end
  if k.subject and limits.subject_repeat ~= '0' then call('SET', k.subject, id, 'PX', limits.subject_repeat) end
end

-- Nothing is sent: the reason stands in the journal and on the conversation.
local function ack_silent(tag, conv, d, reason, now)
  reason = one_line(reason)
  local cursor = journal(tag, { type = 'acknowledge', event_id = d.event, customer = conv.customer, conversation = conv.id,
    work_item = conv.item, queue = conv.queue, rule = d.template, evidence = 'silent ' .. reason, at = now,
    prev = conv.last })
  call('HSET', tag .. ':conv:' .. conv.id, 'last', cursor, 'ack', 'silent ' .. reason)
  return 's'
end

-- Was this conversation, or one that is merged into it, acknowledged, and answered by an agent?
local function ack_had(tag, id, depth)
  local v = call('HMGET', tag .. ':conv:' .. id, 'ack', 'answered_ms', 'members')
  local had, answered = sub(v[1] or '', 1, 1) == 'o', v[2] and true or false
  for member in gmatch(depth > 0 and v[3] or '', '%S+') do
    local one, other = ack_had(tag, member, depth - 1)
    had, answered = had or one, answered or other
  end
  return had, answered
end

local function ack_decide(tag, d, limits, now)
  local conv = conversation(tag, d.conversation)
  if not conv then return 'g' end
  local had, answered = ack_had(tag, conv.id, ACK_MERGED_DEEP)
  if had then return 'g' end -- AR-15; the conversation says so already
  if answered and d.id ~= '' then return ack_silent(tag, conv, d, 'an agent answered already', now) end
  if d.id == '' then return ack_silent(tag, conv, d, d.reason, now) end
  local k = ack_keys(tag, d)
  local limit = ack_limit(k, d, limits, now)
  if limit then return ack_silent(tag, conv, d, limit, now) and 'l' end
  local made = outbound_create({ tag }, { now, d.id, 'acknowledgement', d.channel, 'ack:' .. d.event, conv.id, d.to, '', '',
    '0', d.expires, d.event, d.mid, d.bytes })
  if made.err then return made end
  if made[1] == 'FULL' then return ack_silent(tag, conv, d, 'too much waits for this channel', now) end
  if made[3] == 'suppressed' then
    call('HSET', tag .. ':conv:' .. conv.id, 'ack', 'silent SM-11 ' .. made[4])
    return 's'
  end
  ack_count(k, limits, now, d.id)
  call('HSET', tag .. ':conv:' .. conv.id, 'ack', d.id .. ' ' .. d.template)
  return 'a'
end

-- follow {tag}  name : where this follower stands, and where the journal ends. A new one stands at its end.
local function follow(keys, args)
  local tag = keys[1]
  local newest = call('XREVRANGE', tag .. ':journal', '+', '-', 'COUNT', 1)[1]
  local last = newest and newest[1] or '0-0'
  call('HSETNX', tag .. ':followers', args[1], last)
  return { call('HGET', tag .. ':followers', args[1]), last }
end

-- acknowledge {tag}  now from to desk_version sender_10m sender_day sms_day domain_hour channel_hour subject_repeat count
--   (event conversation template reason id channel to domain digest mid expires bytes)*
-- Decides on the messages of the journal between two cursors and moves on, once: STALE when another was there first, or
-- another desk definition is in force. `id` empty: silence, for this reason. Answers one character per message:
-- a acknowledged, s silent, l silent because of a limit, g nothing to do.
local ACK_HEAD, ACK_FIELDS = 11, 12

local function acknowledge(keys, args)
  local tag, now = keys[1], args[1]
  if call('HGET', tag .. ':followers', 'acknowledge') ~= args[2] then return redis.error_reply('STALE position') end
  if (call('GET', tag .. ':desk') or '0') ~= args[4] then return redis.error_reply('STALE desk definition') end
  local limits = { sender_10m = tonumber(args[5]), sender_day = tonumber(args[6]), sms_day = tonumber(args[7]),
    domain_hour = tonumber(args[8]), channel_hour = tonumber(args[9]), subject_repeat = args[10] }
  local outcomes, at = {}, ACK_HEAD
  for n = 1, tonumber(args[11]) do
    local d = { event = args[at + 1], conversation = args[at + 2], template = args[at + 3], reason = args[at + 4],
      id = args[at + 5], channel = args[at + 6], to = args[at + 7], domain = args[at + 8], digest = args[at + 9],
      mid = args[at + 10], expires = args[at + 11], bytes = args[at + 12] }
    at = at + ACK_FIELDS
    -- One that is damaged stops nobody; in doubt, silence.
    local ok, outcome = pcall(ack_decide, tag, d, limits, now)
    outcomes[n] = ok and type(outcome) == 'string' and outcome or 'g'
    if outcomes[n] == 'g' and outcome ~= 'g' then
      redis.log(redis.LOG_WARNING, 'deskbell: no acknowledgement of ' .. d.event .. ': ' ..
        (type(outcome) == 'table' and outcome.err or tostring(outcome)))
    end
  end
  call('HSET', tag .. ':followers', 'acknowledge', args[3])
  return concat(outcomes)
end

register('follow', follow)
register('acknowledge', acknowledge)

end

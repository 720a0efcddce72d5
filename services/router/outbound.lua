-- What goes out: outbound messages, their outbox and their life. Appended to functions.lua when the library is built;
-- what is local there is known here. Keys, fields, arguments and answers: proto/redis.md, "Outbound messages".
--
-- Two owners (docs/decisions/0009-outbound-messages.md): until the channel program has taken a message, it is decided
-- here; from then on the channel program says what became of it, and orders to it go through the outbox.
do -- its own locals: Lua allows a library 200

local OUT_KEY_KEEP_MS = 10 * 86400 * 1000      -- longer than any source repeats (router.dedupe_keep)
local OUT_KEEP_MS = 30 * 86400 * 1000          -- what is over is known so long, for late reports
local OUT_EARLY_KEEP_MS, OUT_EARLY_MAX = 3600 * 1000, 8
local OUT_BYTES_MAX = 64 * 1024 - 16           -- 16: what outbound_order may append
local OUT_SCAN_MAX = 1000
-- Waiting in one channel's outbox. An automatic answer is then not made, an agent is told.
local OUT_WAITING_MAX = { reply = 100000, acknowledgement = 50000, notice = 50000 }

-- The legal moves; the same as common/outbound/delivery.def, which a test compares (tests/flow/test_06_outbox.py).
local OUT_MOVES = {
  held = 'queued suppressed failed accepted deferred unsure',
  queued = 'held sending deferred failed suppressed accepted delivered read unsure',
  sending = 'accepted delivered read deferred failed unsure suppressed',
  accepted = 'delivered read failed suppressed',
  delivered = 'read',
  read = '',
  deferred = 'held queued sending failed suppressed accepted delivered read unsure',
  failed = 'queued',
  unsure = 'queued sending accepted delivered read failed',
  suppressed = '',
}
-- Not over: somebody must still do something. What is neither open nor bad has reached the next system.
local OUT_OPEN = { held = true, queued = true, sending = true, deferred = true, unsure = true }
local OUT_BAD = { failed = true, suppressed = true }

local function out_may(from, to)
  return OUT_MOVES[from] ~= nil and string.find(' ' .. OUT_MOVES[from] .. ' ', ' ' .. to .. ' ', 1, true) ~= nil
end

-- May a report lead from one state to another? A report may be missing (a provider's is late, Redis lost its last
-- second), so steps between may be left out, but for failed → queued: that is an operator's. Nothing goes backwards.
local function out_reaches(from, to, seen)
  if out_may(from, to) then return true end
  if from == 'failed' then return false end
  seen = seen or {}
  seen[from] = true
  for step in string.gmatch(OUT_MOVES[from] or '', '%S+') do
    if not seen[step] and step ~= 'failed' and out_reaches(step, to, seen) then return true end
  end
  return false
end

local OUT_FIELDS = { 'state', 'kind', 'channel', 'conversation', 'to', 'agent', 'created', 'attempt', 'order', 'taken',
  'source', 'item', 'wish', 'why', 'code', 'retry', 'parts' }

local function out_read(tag, id)
  local v = call('HMGET', tag .. ':out:' .. id, unpack(OUT_FIELDS))
  if not v[1] then return nil end
  local o = { id = id }
  for i = 1, #OUT_FIELDS do o[OUT_FIELDS[i]] = v[i] or '' end
  return o
end

-- Words of people and of other programs must not end a field of the journal.
function one_line(text)
  return text and (string.gsub(text, '%c', ' '))
end

-- A fact about an outbound message, in the chain of its conversation.
local function out_fact(tag, type, o, evidence, agent, now, event_id, event, trace)
  local conv = conversation(tag, o.conversation)
  evidence, agent = one_line(evidence), one_line(agent)
  local cursor = journal(tag, { type = type, event_id = event_id, event = event, trace = trace,
    customer = conv and conv.customer, conversation = conv and conv.id or o.conversation, work_item = conv and conv.item,
    queue = conv and conv.queue, how = event_id and 'outbound' or nil, evidence = evidence, agent = agent, at = now,
    prev = conv and conv.last })
  if conv then call('HSET', tag .. ':conv:' .. conv.id, 'last', cursor) end
  return cursor
end

local function outbox_put(tag, o, order, now)
  call('ZADD', tag .. ':outbox:' .. o.channel, now, o.id)
  call('HSET', tag .. ':out:' .. o.id, 'order', order)
  o.order = order
  call('PUBLISH', tag .. ':outbox', o.channel)
end

local function outbox_drop(tag, o)
  call('ZREM', tag .. ':outbox:' .. o.channel, o.id)
  call('HSET', tag .. ':out:' .. o.id, 'order', '')
  o.order = ''
end

-- Which lists a message stands in, by its state; `from` is '' for a new one.
local function out_list(tag, o, from, to, now)
  local open, failed, sent_to = tag .. ':out:open', tag .. ':out:failed', tag .. ':out:to:' .. o.channel .. ':' .. o.to
  if OUT_OPEN[to] and not OUT_OPEN[from] then
    call('ZADD', open, o.created, o.id)
    call('SADD', sent_to, o.id)
    if from ~= '' then call('PERSIST', tag .. ':out:' .. o.id) end
  elseif OUT_OPEN[from] and not OUT_OPEN[to] then
    call('ZREM', open, o.id)
    call('SREM', sent_to, o.id)
  end
  if OUT_BAD[to] and not OUT_BAD[from] then
    call('ZADD', failed, now, o.id)
    call('ZREMRANGEBYSCORE', failed, '-inf', string.format('%.0f', tonumber(now) - OUT_KEEP_MS))
  elseif OUT_BAD[from] and not OUT_BAD[to] then
    call('ZREM', failed, o.id)
  end
  if not OUT_OPEN[to] then call('PEXPIRE', tag .. ':out:' .. o.id, OUT_KEEP_MS) end
end

-- The one place where a state changes. `facts`: further fields and values. What the next system has, it need not get
-- again: its text is in the journal.
local function out_set(tag, o, to, now, facts)
  local key = tag .. ':out:' .. o.id
  call('HSET', key, 'state', to, 'changed', now, unpack(facts or {}))
  out_list(tag, o, o.state, to, now)
  if not OUT_OPEN[to] and to ~= 'failed' then call('HDEL', key, 'message') end
  o.state = to
end

-- ---------------------------------------------------------------- the work item of a reply that did not get through

-- Opens the work item again: the queue of the item the reply was written under, else of the conversation's first; most
-- urgent; with the reason. `made_by`: 16 characters or more that make its id.
local function out_reopen(tag, o, reason, made_by, now)
  local conv = conversation(tag, o.conversation)
  if not conv then return end
  local d = steps.begin(tag, now)
  if conv.item == '' or not work.raise(d, conv.item, '1', reason) then
    local old = work.read(d, o.item ~= '' and o.item or 'w' .. sub(o.conversation, 2))
    if not old then return end -- it stands in P:out:failed all the same
    local rule, item = rule_of(old), 'w' .. sub(made_by, 1, 16)
    rule.priority, rule.name, rule.within = '1', 'reply-failed', ''
    local queue = work.open(d, item, conv.id, conv.customer, rule, nil, old.facts[9] or '', old.facts[7] or '',
      { 'reason', reason })
    call('HSET', tag .. ':conv:' .. conv.id, 'item', item, 'queue', queue, 'messages', 0)
    change_open(tag, conv.customer, '', conv.id)
  end
  out_fact(tag, 'reopen', o, o.id .. ' ' .. reason, nil, now)
end

local function out_reason(to, why, code)
  return (to == 'unsure' and 'nobody knows whether the reply arrived' or 'the reply was not delivered') ..
    (why ~= '' and ': ' .. why or '') .. (code ~= '' and ' (' .. code .. ')' or '')
end

-- ---------------------------------------------------------------- how long an answer takes

local PACE_SHARE = 0.1 -- of the newest answer in the average

-- The first answer to a work item tells how long its queue takes just now: P:pace, for "we answer within …".
local function out_pace(tag, item, now)
  local i = item ~= '' and work.read(steps.begin(tag, now), item)
  if not i then return end
  work.answered(steps.begin(tag, now), i)
  if call('HSETNX', tag .. ':item:' .. item, 'answered', now) == 0 then return end
  local took, key = tonumber(now) - (tonumber(i.created) or tonumber(now)), tag .. ':pace'
  local average, count = match(call('HGET', key, i.queue) or '', '^(%d+) (%d+)')
  average = average and tonumber(average) + PACE_SHARE * (took - tonumber(average)) or took
  call('HSET', key, i.queue, string.format('%.0f %d %s', average, (tonumber(count) or 0) + 1, now))
end

-- ---------------------------------------------------------------- create

-- outbound_create {tag}  now id kind channel key conversation to others agent not_before expires in_answer_to mid bytes
-- Answers outcome, id, state, why: CREATED, KNOWN (this key has its message), GONE (no such conversation), FULL.
function outbound_create(keys, args)
  local tag, now = keys[1], args[1]
  local o = { id = args[2], kind = args[3], channel = args[4], to = args[7], agent = one_line(args[9]), state = '',
    created = now }
  local key, not_before, answers, mid, bytes = args[5], tonumber(args[10]), args[12], args[13], args[14]
  if not OUT_WAITING_MAX[o.kind] or not match(o.id, '^o%w+$') or #o.id ~= 17 or #bytes == 0 or
    #bytes > OUT_BYTES_MAX then
    return redis.error_reply('INVALID outbound message')
  end
  local known = call('GET', tag .. ':out:key:' .. o.channel .. ':' .. key) or o.id
  local have = out_read(tag, known)
  if have then return { 'KNOWN', known, have.state, have.why } end
  local conv = conversation(tag, args[6])
  if not conv then return { 'GONE', '', '', '' } end
  if call('ZCARD', tag .. ':outbox:' .. o.channel) >= OUT_WAITING_MAX[o.kind] then return { 'FULL', '', '', '' } end
  o.conversation = conv.id
  -- SM-11. A notice is the answer to the customer's own STOP or HELP.
  local optout = o.kind ~= 'notice' and call('GET', tag .. ':optout:' .. o.channel .. ':' .. o.to)
  local state = optout and 'suppressed' or not_before > tonumber(now) and 'held' or 'queued'
  local why = optout and 'the customer opted out of this channel' or ''
  local cursor = journal(tag, { type = 'outbound', event = bytes, customer = conv.customer, conversation = conv.id,
    work_item = conv.item, queue = conv.queue, rule = o.kind, evidence = o.id .. ' ' .. state .. ' ' .. why,
    agent = o.agent, at = now, prev = conv.last })
  call('HSET', tag .. ':out:' .. o.id, 'state', state, 'kind', o.kind, 'channel', o.channel, 'conversation', conv.id,
    'to', o.to, 'agent', o.agent, 'key', key, 'created', now, 'changed', now, 'expires', args[11], 'answers', answers,
    'item', conv.item, 'entry', cursor, 'why', why, 'optout', optout or '', 'attempt', '0',
    'order', state ~= 'suppressed' and 'deliver' or '')
  call('SET', tag .. ':out:key:' .. o.channel .. ':' .. key, o.id, 'PX', OUT_KEY_KEEP_MS)
  out_list(tag, o, '', state, now)
  local fields = { 'last', cursor, 'out', o.id, 'out_ms', now, 'participants',
    join_participants(conv.participants, o.to, args[8]) }
  if o.channel ~= conv.channel and not find(' ' .. conv.over .. ' ', ' ' .. o.channel .. ' ', 1, true) then
    fields[#fields + 1], fields[#fields + 2] = 'over', conv.over == '' and o.channel or conv.over .. ' ' .. o.channel
  end
  if state ~= 'suppressed' then
    call('HSET', tag .. ':out:' .. o.id, 'message', bytes)
    call('ZADD', tag .. ':outbox:' .. o.channel, state == 'held' and args[10] or now, o.id)
    if mid ~= '' then
      call('SET', tag .. ':mid:' .. o.channel .. ':' .. mid, conv.id, 'NX', 'PX', MID_KEEP_MS)
      call('SET', tag .. ':out:mid:' .. o.channel .. ':' .. mid, o.id, 'PX', OUT_KEEP_MS)
    end
    if o.kind == 'reply' then
      out_pace(tag, conv.item, now)
      for _, v in ipairs({ 'answered_ms', now, 'last_ms', now }) do fields[#fields + 1] = v end
    end
    if state == 'queued' then call('PUBLISH', tag .. ':outbox', o.channel) end
  end
  call('HSET', tag .. ':conv:' .. conv.id, unpack(fields))
  return { 'CREATED', o.id, state, why }
end

-- ---------------------------------------------------------------- relay

-- outbound_due {tag}  now most bytes count channel… skip…   (reads only)
-- What is due in the outboxes of these channels, in turns, the oldest of each first, without those in `skip`. Answers
-- per message id, channel, order, packed message, which try a retry is to make ('' another order).
local function outbound_due(keys, args)
  local tag, now, most, room, channels = keys[1], args[1], tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  local skip, skipped = {}, 0
  for i = 5 + channels, #args do skip[args[i]], skipped = true, skipped + 1 end
  local lists, longest = {}, 0
  for c = 1, channels do
    local ids = call('ZRANGEBYSCORE', tag .. ':outbox:' .. args[4 + c], '-inf', now, 'LIMIT', 0, most + skipped)
    if #ids > 0 then lists[#lists + 1] = { channel = args[4 + c], ids = ids } end
    if #ids > longest then longest = #ids end
  end
  local ret, given = {}, 0
  for i = 1, longest do
    for _, list in ipairs(lists) do
      local id = list.ids[i]
      if id and not skip[id] then
        local v = call('HMGET', tag .. ':out:' .. id, 'order', 'message', 'retry')
        local order, message = v[1] or '', v[2] or ''
        if order == 'hold' or order == 'cancel' then message = '' end
        room = room - #message
        if given >= most or (given > 0 and room < 0) then return ret end
        given = given + 1
        local try = order == 'retry' and v[3] or ''
        for _, part in ipairs({ id, list.channel, order, message, try }) do ret[#ret + 1] = part end
      end
    end
  end
  return ret
end

-- outbound_waiting {tag}  channel…   (reads only)
-- Answers per channel whose outbox is not empty: channel, how many are in it, earliest due time.
local function outbound_waiting(keys, args)
  local ret = {}
  for c = 1, #args do
    local box = keys[1] .. ':outbox:' .. args[c]
    local first = call('ZRANGE', box, 0, 0, 'WITHSCORES')
    if first[1] then
      for _, part in ipairs({ args[c], call('ZCARD', box), first[2] }) do ret[#ret + 1] = part end
    end
  end
  return ret
end

-- What the channel program answered to one order.
local function out_relayed(tag, channel, id, order, answer, reason, now)
  local o = out_read(tag, id)
  if not o or o.channel ~= channel or o.order == '' and o.taken ~= '' then
    call('ZREM', tag .. ':outbox:' .. channel, id)
    return 'g'
  end
  if answer == 'refused' and order == 'deliver' then
    if o.order == order then outbox_drop(tag, o) end
    if not out_may(o.state, 'failed') or o.taken ~= '' then return 'g' end
    out_fact(tag, 'outbound_state', o, id .. ' ' .. o.state .. ' failed ' .. reason, nil, now)
    out_set(tag, o, 'failed', now, { 'why', reason, 'code', '' })
    if o.kind == 'reply' and o.wish == '' then out_reopen(tag, o, out_reason('failed', reason, ''), sub(id, 2), now) end
    return 'r'
  end
  if answer == 'refused' then
    local same = o.state .. ' ' .. o.state
    out_fact(tag, 'outbound_state', o, id .. ' ' .. same .. ' ' .. order .. ': ' .. reason, nil, now)
  elseif order == 'retry' and o.state == 'failed' then
    out_fact(tag, 'outbound_state', o, id .. ' failed queued tried again', nil, now)
    out_set(tag, o, 'queued', now)
  elseif order == 'deliver' and o.taken == '' then
    call('HSET', tag .. ':out:' .. id, 'taken', '1')
    o.taken = '1'
    if o.order == 'deliver' and o.state == 'held' then -- its time came
      out_fact(tag, 'outbound_state', o, id .. ' held queued its time came', nil, now)
      out_set(tag, o, 'queued', now)
    end
    -- Decided otherwise while it was on its way: the channel program must hear of it.
    if o.order == '' and o.state == 'held' then outbox_put(tag, o, 'hold', now) return 'o' end
    if o.order == '' and OUT_BAD[o.state] then outbox_put(tag, o, 'cancel', now) return 'o' end
  end
  if o.order == order then outbox_drop(tag, o) return answer == 'taken' and 't' or 'r' end
  return 'o'
end

-- outbound_relayed {tag}  now channel (id order answer reason)*   answer: taken, refused
-- Answers one character each: t taken, r refused, o another order waits for it now, g nothing to do (gone, or over).
local function outbound_relayed(keys, args)
  local outcomes = {}
  for i = 3, #args, 4 do
    outcomes[#outcomes + 1] = out_relayed(keys[1], args[2], args[i], args[i + 1], args[i + 2], args[i + 3], args[1])
  end
  return concat(outcomes)
end

-- ---------------------------------------------------------------- orders

-- In which states an order makes sense, and the state it leads to when it is decided here.
local OUT_ORDERS = {
  hold = { queued = 'held', deferred = 'held' },
  release = { held = 'queued' },
  retry = { failed = 'queued', deferred = 'queued', unsure = 'queued', queued = 'queued' },
  cancel = { held = 'failed', queued = 'failed', deferred = 'failed', unsure = 'failed' },
}

-- Only the journal may have its text still.
local function out_message_back(tag, o)
  local key = tag .. ':out:' .. o.id
  if call('HEXISTS', key, 'message') == 1 then return end
  local cursor = call('HGET', key, 'entry') or ''
  local entry = match(cursor, '^%d+%-%d+$') and call('XRANGE', tag .. ':journal', cursor, cursor)[1]
  local fields = entry and entry[2] or {}
  for i = 1, #fields, 2 do
    if fields[i] == 'event' then call('HSET', key, 'message', fields[i + 1]) end
  end
end

-- outbound_order {tag}  now id order who why   order: hold, release, retry, cancel
-- Answers outcome, state: DONE (the state is the new one), ORDERED (the channel program has it and will hear of it),
-- SAME, ILLEGAL (not from this state), GONE. `wish` remembers on whose word it ends, so that its end is no surprise.
local function out_order(tag, o, order, who, why, wish, now)
  if order == 'hold' and o.state == 'held' or order == 'cancel' and OUT_BAD[o.state] then return { 'SAME', o.state } end
  local to = OUT_ORDERS[order][o.state]
  if not to then return { 'ILLEGAL', o.state } end
  local key = tag .. ':out:' .. o.id
  if order == 'cancel' then call('HSET', key, 'wish', wish) o.wish = wish end
  if order == 'retry' then
    call('HSET', key, 'wish', '')
    if o.parts == '' then call('HSET', key, 'source', '') end -- of parts, those that are through go on
    out_message_back(tag, o)
  end
  if o.taken ~= '' then
    -- The try it is to make is a part of the order: given twice, it makes no other.
    if order == 'retry' then call('HSET', key, 'retry', string.format('%d', (tonumber(o.attempt) or 0) + 1)) end
    out_fact(tag, 'outbound_order', o, o.id .. ' ' .. order .. ' ' .. why, who, now)
    outbox_put(tag, o, order, now)
    return { 'ORDERED', o.state }
  end
  if order == 'cancel' and wish == 'suppressed' then to = 'suppressed' end
  out_fact(tag, 'outbound_state', o, o.id .. ' ' .. o.state .. ' ' .. to .. ' ' .. why, who, now)
  if to == 'queued' then
    -- The message's own not_before_ms (field 20) no longer counts: in protobuf the last value does.
    if o.state == 'held' then call('HSET', key, 'message', (call('HGET', key, 'message') or '') .. '\160\1\0') end
    outbox_put(tag, o, 'deliver', now)
  else
    outbox_drop(tag, o)
  end
  out_set(tag, o, to, now, { 'why', why, 'code', '' })
  return { 'DONE', to }
end

local function outbound_order(keys, args)
  local o = out_read(keys[1], args[2])
  if not OUT_ORDERS[args[3]] then return redis.error_reply('INVALID order') end
  if not o then return { 'GONE', '' } end
  return out_order(keys[1], o, args[3], args[4], args[5], 'cancelled', args[1])
end

-- The customer opted out: what still waits for them on this channel is not sent. Declared in functions.lua.
function suppress_waiting(tag, e, now)
  local ids = call('SMEMBERS', tag .. ':out:to:' .. e.channel .. ':' .. e.from)
  for i = 1, math.min(#ids, OUT_SCAN_MAX) do
    local o = out_read(tag, ids[i])
    if o and o.kind ~= 'notice' then
      out_order(tag, o, 'cancel', nil, 'the customer opted out of this channel', 'suppressed', now)
    end
  end
end

-- ---------------------------------------------------------------- reports

-- The facts of a status, as decide.c joins them.
local function status_facts(text)
  local p = split(text)
  return { id = p[1] or '', source = p[2] or '', state = p[3] or '', attempt = tonumber(p[4]) or 0, at = p[5] or '',
    next_try = p[6] ~= '0' and p[6] or '', permanent = p[7] == '1', code = p[8] or '', destination = p[9] or '', why = p[10] or '',
    parts = tonumber(p[11]) or 0 }
end

-- What goes out in parts has an id of the next system for each, by RS, in order.
local function out_ids(text)
  local ids = {}
  for id in string.gmatch(text .. '\30', '([^\30]*)\30') do ids[#ids + 1] = id end
  return ids
end

-- Applies a report. Answers in words what it did, "queued accepted", or why it did nothing; and the reason when an
-- agent must see to it.
local function out_apply(tag, o, s, now)
  local from, to = o.state, s.state
  local attempt = tonumber(o.attempt) or 0
  if not OUT_MOVES[to] then return 'ignored: no such state' end
  if s.attempt > 0 and s.attempt < attempt or s.id == '' and s.source ~= o.source then
    return 'ignored: of an earlier try'
  end
  if from == 'failed' and s.id ~= '' and o.retry ~= '' and s.attempt >= tonumber(o.retry) then
    -- It is of the try that was ordered, so the order was taken, whatever became of the answer.
    out_set(tag, o, 'queued', now)
    if o.order == 'retry' then outbox_drop(tag, o) end
    from = 'queued'
  elseif from == 'failed' and to == 'queued' and o.order ~= 'retry' then
    return 'ignored: is failed already'
  end
  if to == 'failed' and o.wish == 'suppressed' then to = 'suppressed' end
  local facts = { 'attempt', s.attempt > attempt and s.attempt or attempt, 'next_try', s.next_try, 'why', s.why,
    'code', s.code, 'permanent', s.permanent and '1' or '' }
  if s.destination ~= '' then facts[#facts + 1], facts[#facts + 2] = 'destination', s.destination end
  if from == to then
    if not OUT_OPEN[to] or s.attempt == attempt then return 'ignored: known' end
    call('HSET', tag .. ':out:' .. o.id, unpack(facts))
    return from .. ' ' .. to
  end
  if not out_reaches(from, to) then
    if s.attempt > attempt then call('HSET', tag .. ':out:' .. o.id, 'attempt', s.attempt) end -- the next retry's is another
    return 'ignored: is ' .. from .. ' already'
  end
  out_set(tag, o, to, now, facts)
  o.attempt = tostring(facts[2])
  if OUT_BAD[to] and o.order ~= '' and o.order ~= 'retry' or not OUT_OPEN[to] and not OUT_BAD[to] and o.order ~= '' then
    outbox_drop(tag, o)
  end
  local lost = o.kind == 'reply' and o.wish == '' and (to == 'failed' or to == 'unsure' and s.permanent)
  return from .. ' ' .. to, lost and out_reason(to, s.why, s.code)
end

-- ---------------------------------------------------------------- parts (out_split: us)

local OUT_REACHED = { accepted = 1, delivered = 2, read = 3 }

-- What the provider's reports on the parts say together: the first that failed and its number, or what all have reached.
local function out_whole(tag, o)
  local names = {}
  for k = 1, tonumber(o.parts) do names[k] = 'part:' .. k end
  local least = 'read'
  for k, state in ipairs(call('HMGET', tag .. ':out:' .. o.id, unpack(names))) do
    if state == 'failed' then return state, k end
    if (OUT_REACHED[state] or 0) < OUT_REACHED[least] then least = OUT_REACHED[state] and state or 'accepted' end
  end
  return least
end

-- A provider's report on one part, as out_apply: forward only, and the whole follows when it is its turn.
local function out_apply_part(tag, o, k, s, now)
  local key, field, part = tag .. ':out:' .. o.id, 'part:' .. k, 'part ' .. k .. ' of ' .. o.parts
  if out_ids(o.source)[k] ~= s.source then return 'ignored: of an earlier try' end
  if not OUT_REACHED[s.state] and s.state ~= 'failed' then return 'ignored: no such state' end
  local have = call('HGET', key, field) or ''
  if have == 'failed' or have == 'read' or (OUT_REACHED[s.state] or 9) <= (OUT_REACHED[have] or 0) then
    return 'ignored: ' .. part .. ' is ' .. have .. ' already'
  end
  call('HSET', key, field, s.state)
  local whole = out_whole(tag, o)
  -- While it is tried again, what was lost before may be sent once more: out_still_lost() looks in the end.
  local again = OUT_OPEN[o.state] and o.retry ~= ''
  if s.state == 'failed' and not again or (OUT_REACHED[whole] or 0) > 1 and whole ~= o.state then
    local why = s.state == 'failed' and part .. (s.why ~= '' and ': ' .. s.why or '') or s.why
    return out_apply(tag, o, { id = o.id, source = '', state = whole, attempt = 0, next_try = '', code = s.code,
      permanent = s.permanent, destination = '', why = why, parts = 0 }, now)
  end
  return o.state .. ' ' .. o.state .. ' ' .. part .. ' is ' .. s.state
end

-- A part was lost before the rest was through: what is accepted now has failed all the same.
local function out_still_lost(tag, o, made_by, now)
  local whole, k = out_whole(tag, o)
  if whole ~= 'failed' or o.state ~= 'accepted' then return end
  local why = 'part ' .. k .. ' of ' .. o.parts .. ' was lost'
  local did, lost = out_apply(tag, o, { id = o.id, source = '', state = whole, attempt = 0, next_try = '', code = '',
    permanent = true, destination = '', why = why, parts = 0 }, now)
  out_fact(tag, 'outbound_state', o, o.id .. ' ' .. did .. ' ' .. why, nil, now)
  if lost then out_reopen(tag, o, lost, made_by, now) end
end

-- ---------------------------------------------------------------- the next system's own ids

-- One becomes known, of a part or (k nil) of the whole; what was reported on it before counts now (SM-20).
local function out_source(tag, o, source, k, made_by, now)
  local early = tag .. ':out:early:' .. o.channel .. ':' .. source
  call('SET', tag .. ':out:source:' .. o.channel .. ':' .. source, k and o.id .. ' ' .. k or o.id, 'PX', OUT_KEEP_MS)
  local reports = call('LRANGE', early, 0, -1)
  for i = 1, #reports do
    local s, did, lost = status_facts(reports[i]), nil, nil
    if k then did, lost = out_apply_part(tag, o, k, s, now) else did, lost = out_apply(tag, o, s, now) end
    out_fact(tag, 'outbound_state', o, o.id .. ' ' .. did .. ' reported before', nil, now)
    if lost then out_reopen(tag, o, lost, made_by, now) end
  end
  if #reports > 0 then call('DEL', early) end
end

local function out_sources(tag, o, s, made_by, now)
  local known, ids = out_ids(o.source), out_ids(s.source)
  o.source, o.parts = s.source, s.parts > 0 and string.format('%d', s.parts) or ''
  call('HSET', tag .. ':out:' .. o.id, 'source', o.source, 'parts', o.parts)
  for k, id in ipairs(ids) do
    if id ~= known[k] then
      if s.parts > 0 then call('HDEL', tag .. ':out:' .. o.id, 'part:' .. k) end
      if id ~= '' then out_source(tag, o, id, s.parts > 0 and k or nil, made_by, now) end
    end
  end
  if s.parts > 0 then out_still_lost(tag, o, made_by, now) end
end

-- A delivery report (RFC 3464) says that a mail of ours did not arrive. To somebody who was only copied: the reply itself did.
-- While it is being tried again, it is of the try before. Declared in functions.lua.
function out_bounced(tag, e, now)
  local id = call('GET', tag .. ':out:mid:' .. e.channel .. ':' .. e.hint.of)
  local o = id and out_read(tag, id)
  if not o or OUT_OPEN[o.state] and o.retry ~= '' then return end
  local conv, other, ours = conversation(tag, o.conversation), false, false
  for key in gmatch(e.hint.lost or '', '%S+') do
    if key == o.to then ours = true elseif conv and takes_part(conv, key) then other = true end
  end
  if other and not ours then return end
  local why = 'a delivery report says that it did not arrive'
  local did, lost = out_apply(tag, o, { id = o.id, source = '', state = 'failed', attempt = 0, next_try = '',
    code = match(e.hint.bad or '', '^([^: ]+):') or '', permanent = true, destination = '', why = why, parts = 0 }, now)
  out_fact(tag, 'outbound_state', o, id .. ' ' .. did .. ' ' .. why, nil, now)
  if lost then out_reopen(tag, o, lost, e.id, now) end
end

-- A report on something that went out: by our own id, from the program that delivers it, or by the next system's.
-- Declared in functions.lua.
function route_status(tag, e, now)
  local s = status_facts(e.why)
  local source_key = tag .. ':out:source:' .. e.channel .. ':' .. s.source
  local id, k = s.id ~= '' and s.id or s.source ~= '' and call('GET', source_key) or nil, nil
  if id and s.id == '' then id, k = match(id, '^(%S+) ?(%d*)$') end
  local o = id and out_read(tag, id)
  if not o or o.channel ~= e.channel then
    local early = tag .. ':out:early:' .. e.channel .. ':' .. s.source
    if not id and s.source ~= '' and OUT_MOVES[s.state] and call('LLEN', early) < OUT_EARLY_MAX then
      call('RPUSH', early, e.why)
      call('PEXPIRE', early, OUT_EARLY_KEEP_MS)
    end
    return route_notice(tag, e, now)
  end
  if s.id ~= '' and o.taken == '' then -- who reports on it has it
    call('HSET', tag .. ':out:' .. id, 'taken', '1')
    o.taken = '1'
    if o.order == 'deliver' then outbox_drop(tag, o) end
  end
  local did, lost
  if k and k ~= '' then did, lost = out_apply_part(tag, o, tonumber(k), s, now) else did, lost = out_apply(tag, o, s, now) end
  local cursor = out_fact(tag, 'event', o, id .. ' ' .. did, nil, now, e.id, e.bytes, e.trace)
  if lost then out_reopen(tag, o, lost, e.id, now) end
  if s.id ~= '' and s.source ~= '' and s.source ~= o.source and s.attempt >= (tonumber(o.attempt) or 0) then
    out_sources(tag, o, s, e.id, now)
  end
  return cursor, 'r'
end

register('outbound_create', outbound_create)
register('outbound_due', outbound_due, { 'no-writes' })
register('outbound_waiting', outbound_waiting, { 'no-writes' })
register('outbound_relayed', outbound_relayed, { 'allow-oom' }) -- at maxmemory it is what makes room again
register('outbound_order', outbound_order)

end

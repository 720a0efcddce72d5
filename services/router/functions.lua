#!lua name=deskbell
-- Deskbell's atomic steps. One library, loaded by the router; a changed library is a new `release` below.
-- Keys, fields and limits are the contract of proto/redis.md. Every function gets the partition's tag as its one
-- key ("{p00}"), so that all it touches is in one hash slot. Every step may be repeated: the event's own key
-- remembers what was decided, a repeat answers the same and changes nothing.

local RELEASE = '1'
local call, pcall_redis = redis.call, redis.pcall
local tonumber, tostring, find, sub, gmatch, match = tonumber, tostring, string.find, string.sub, string.gmatch, string.match
local concat = table.concat

local PARTICIPANTS_MAX = 50
local OPEN_MAX = 20
local PROFILE_IN_JOURNAL_MAX = 2048
local MID_KEEP_MS = 400 * 86400 * 1000

-- One journal entry. Always the same fields in the same order: the stream then stores their names once.
local function journal(tag, e)
  return call('XADD', tag .. ':journal', '*',
    'type', e.type, 'event_id', e.event_id or '', 'event', e.event or '', 'customer', e.customer or '',
    'conversation', e.conversation or '', 'work_item', e.work_item or '', 'queue', e.queue or '',
    'rule', e.rule or '', 'desk', e.desk or '', 'how', e.how or '', 'evidence', e.evidence or '',
    'context', e.context or '', 'agent', e.agent or '', 'at', e.at or '', 'trace', e.trace or '',
    'prev', e.prev or '')
end

-- ---------------------------------------------------------------- identify

-- The customer an address names, made from the event's id when the address is new. No key: nobody.
local function identify(tag, key, name, event_id, now)
  if key == '' then return '' end
  local at = tag .. ':addr:' .. key
  local customer = call('GET', at)
  if customer then return customer end
  customer = 'c' .. sub(event_id, 1, 16)
  call('SET', at, customer)
  call('HSET', tag .. ':cust:' .. customer, 'name', name, 'addresses', '|' .. key .. '|', 'created', now)
  return customer
end

-- ---------------------------------------------------------------- attach context

-- What is known of the customer, read in the same step that routes: it cannot be late, only absent or unreadable.
local function context_of(tag, customer)
  if customer == '' then return { state = 'absent' } end
  local v = pcall_redis('HMGET', tag .. ':cust:' .. customer,
    'tags', 'value', 'lang', 'profile', 'open', 'last_agent', 'imported', 'name')
  if v.err then return { state = 'unavailable' } end
  return {
    state = v[7] and 'present' or 'absent', tags = v[1] or '', value = v[2] or '', lang = v[3] or '',
    profile = v[4] or '', open = v[5] or '', last_agent = v[6] or '', imported = v[7] or '', name = v[8] or ''
  }
end

local function context_text(c)
  local profile = c.profile or ''
  if #profile > PROFILE_IN_JOURNAL_MAX then profile = '' end
  return concat({ c.state, c.imported or '', c.tags or '', c.value or '', c.lang or '', c.open or '',
    c.last_agent or '', c.name or '', profile }, '\31')
end

-- ---------------------------------------------------------------- find the conversation

-- A merged conversation points to the one that survived.
local function conversation(tag, id)
  for _ = 1, 10 do
    local v = call('HMGET', tag .. ':conv:' .. id,
      'customer', 'item', 'last_ms', 'participants', 'last', 'merged', 'channel')
    if not v[1] then return nil end
    if not v[6] then
      return { id = id, customer = v[1], item = v[2] or '', last_ms = tonumber(v[3]) or 0,
        participants = v[4] or '|', last = v[5] or '', channel = v[7] }
    end
    id = v[6]
  end
  return nil
end

local function takes_part(conv, key)
  return key ~= '' and find(conv.participants, '|' .. key .. '|', 1, true) ~= nil
end

-- Evidence in order of trust (TH-01 … TH-06, TH-16, TH-19). Returns the conversation or nil, how, evidence.
local function thread(tag, e, idle_ms, now)
  if e.proven ~= '' then
    local conv = conversation(tag, e.proven)
    if conv and conv.channel == e.channel then
      return conv, e.proven_how, takes_part(conv, e.from) and e.proven or (e.proven .. ' new_participant')
    end
  end
  if e.mode == 'sender' then
    if e.from == '' then return nil, 'new', 'no sender' end
    local id = call('GET', tag .. ':talk:' .. e.channel .. ':' .. e.from)
    local conv = id and conversation(tag, id)
    if not conv then return nil, 'new', '' end
    if conv.item == '' and now - conv.last_ms > idle_ms then return nil, 'new', 'idle ' .. conv.id end
    return conv, 'same-sender', conv.id
  end
  local refused = ''
  for mid in gmatch(e.refs, '%S+') do
    local id = call('GET', tag .. ':mid:' .. e.channel .. ':' .. mid)
    local conv = id and conversation(tag, id)
    if conv and conv.channel == e.channel then
      if takes_part(conv, e.from) then return conv, 'stored-message-id', conv.id end
      refused = 'stranger, see ' .. conv.id
    end
  end
  for ref in gmatch(e.tokens, '%S+') do
    local id = call('GET', tag .. ':ref:' .. ref)
    local conv = id and conversation(tag, id)
    if conv and conv.channel == e.channel then
      if takes_part(conv, e.from) then return conv, 'subject-token', conv.id end
      refused = 'stranger with subject token, see ' .. conv.id
    end
  end
  return nil, 'new', refused
end

local function join_participants(have, more)
  if #have > PARTICIPANTS_MAX * 64 then return have end
  for key in gmatch(more, '%S+') do
    if not find(have, '|' .. key .. '|', 1, true) then have = have .. key .. '|' end
  end
  return have
end

-- ---------------------------------------------------------------- decide

-- Customer predicates: terms joined by ';', all must hold (common/desk/desk.h). Parsed once per text.
local predicates, predicate_count = {}, 0

local compare = {
  ['>='] = function(a, b) return a >= b end, ['>'] = function(a, b) return a > b end,
  ['<='] = function(a, b) return a <= b end, ['<'] = function(a, b) return a < b end,
  ['='] = function(a, b) return a == b end
}

local function any_of(list, has)
  local words = {}
  for word in gmatch(list, '[^|]+') do words[#words + 1] = word end
  return function(c)
    for i = 1, #words do if has(c, words[i]) then return true end end
    return false
  end
end

local function has_tag(c, tag) return find(c.tags or '', '|' .. tag .. '|', 1, true) ~= nil end
local function has_lang(c, lang)
  local l = c.lang or ''
  return l == lang or sub(l, 1, #lang + 1) == lang .. '-'
end

local function predicate(text)
  local p = predicates[text]
  if p then return p end
  local terms = {}
  for term in gmatch(text, '[^;]+') do
    local op, number = match(term, '^value([<>=]=?)(.+)$')
    local what, list = match(term, '^(%a+)=(.*)$')
    if op and compare[op] and tonumber(number) then
      local ok, limit = compare[op], tonumber(number)
      terms[#terms + 1] = function(c) local v = tonumber(c.value) return v ~= nil and ok(v, limit) end
    elseif what == 'tag' then
      terms[#terms + 1] = any_of(list, has_tag)
    elseif what == 'lang' then
      terms[#terms + 1] = any_of(list, has_lang)
    else
      terms[#terms + 1] = function() return false end
    end
  end
  p = function(c)
    for i = 1, #terms do if not terms[i](c) then return false end end
    return true
  end
  if predicate_count > 2000 then predicates, predicate_count = {}, 0 end
  predicates[text], predicate_count = p, predicate_count + 1
  return p
end

-- ---------------------------------------------------------------- enqueue

-- The order of a queue: priority first, then age. Static, so nothing is ever sorted again.
local function score(priority, at_ms)
  return priority * 1e13 + at_ms
end

local function open_item(tag, e, conv_id, customer, rule, now)
  local item = 'w' .. sub(e.id, 1, 16)
  local deadline = rule.within > 0 and now + rule.within or 0
  call('HSET', tag .. ':item:' .. item, 'conversation', conv_id, 'customer', customer, 'queue', rule.queue,
    'state', 'waiting', 'priority', rule.priority, 'deadline', deadline, 'skills', rule.skills, 'rule', rule.name,
    'desk', e.desk, 'created', now, 'changed', now, 'messages', 1, 'agent', '', 'event', e.id)
  call('ZADD', tag .. ':queue:' .. rule.queue, score(rule.priority, now), item)
  if customer ~= '' then
    local at = tag .. ':cust:' .. customer
    local open = call('HGET', at, 'open') or ''
    local count = select(2, string.gsub(open, '%S+', ''))
    if count < OPEN_MAX then call('HSET', at, 'open', open == '' and conv_id or (open .. ' ' .. conv_id)) end
  end
  return item
end

-- ---------------------------------------------------------------- the step

local function route_message(tag, e, rules, now, idle_ms)
  local customer = identify(tag, e.from, e.name, e.id, now)
  local context = context_of(tag, customer)
  local conv, how, evidence = thread(tag, e, idle_ms, now)
  local rule
  for i = 1, #rules do
    local r = rules[i]
    if r.customer == '' or predicate(r.customer)(context) then rule = r break end
  end
  local opens = e.kind == 'message'
  local id, item, queue, prev = conv and conv.id, conv and conv.item or '', '', conv and conv.last or ''
  local key
  if conv then
    key = tag .. ':conv:' .. id
  else
    id = 'v' .. sub(e.id, 1, 16)
    key = tag .. ':conv:' .. id
    call('HSET', key, 'customer', customer, 'channel', e.channel, 'subject', e.subject, 'created', now,
      'item', '', 'messages', 0, 'ref', e.ref)
    if e.ref ~= '' then call('SET', tag .. ':ref:' .. e.ref, id) end
  end
  if item ~= '' then
    local at = tag .. ':item:' .. item
    queue = call('HGET', at, 'queue') or ''
    if opens then
      call('HINCRBY', at, 'messages', 1)
    end
  elseif opens then
    item = open_item(tag, e, id, customer, rule, now)
    queue = rule.queue
  end
  local cursor = journal(tag, {
    type = 'event', event_id = e.id, event = e.bytes, customer = customer, conversation = id, work_item = item,
    queue = queue, rule = rule.name, desk = e.desk, how = how, evidence = evidence,
    context = context_text(context), at = now, trace = e.trace, prev = prev })
  local have = conv and conv.participants or '|'
  local participants = join_participants(have, (e.from ~= '' and e.from or '') .. ' ' .. e.others)
  if participants ~= have or not conv then
    call('HSET', key, 'item', item, 'last_ms', now, 'last', cursor, 'participants', participants)
  elseif item ~= conv.item then
    call('HSET', key, 'item', item, 'last_ms', now, 'last', cursor)
  else
    call('HSET', key, 'last_ms', now, 'last', cursor)
  end
  if e.mode == 'sender' then
    if not conv and e.from ~= '' then call('SET', tag .. ':talk:' .. e.channel .. ':' .. e.from, id) end
  elseif e.mode == 'mail' then
    if e.mid ~= '' then call('SET', tag .. ':mid:' .. e.channel .. ':' .. e.mid, id, 'NX', 'PX', MID_KEEP_MS) end
    if not conv then
      -- A root named by many and sent by nobody (TH-18) still holds its talk together.
      for ref in gmatch(e.refs, '%S+') do
        call('SET', tag .. ':mid:' .. e.channel .. ':' .. ref, id, 'NX', 'PX', MID_KEEP_MS)
      end
    end
  end
  if e.kind == 'opt_out' then
    call('SET', tag .. ':optout:' .. e.channel .. ':' .. e.from, e.id)
  elseif e.kind == 'opt_in' then
    call('DEL', tag .. ':optout:' .. e.channel .. ':' .. e.from)
  end
  return cursor, 'r'
end

-- A status or an edit: a fact about an existing conversation, if it is known; never work by itself.
local function route_notice(tag, e, now)
  local customer = e.from ~= '' and call('GET', tag .. ':addr:' .. e.from) or ''
  local id = e.mode == 'sender' and e.from ~= '' and call('GET', tag .. ':talk:' .. e.channel .. ':' .. e.from) or ''
  return journal(tag, { type = 'event', event_id = e.id, event = e.bytes, customer = customer, conversation = id,
    desk = e.desk, how = id ~= '' and 'same-sender' or 'none', at = now, trace = e.trace }), 'r'
end

local function route_quarantine(tag, e, now)
  local cursor = journal(tag, { type = 'quarantine', event_id = e.id, event = e.bytes, desk = e.desk, at = now,
    trace = e.trace, evidence = e.why })
  call('ZADD', tag .. ':quarantine', now, e.id)
  return cursor, 'q'
end

local function route_one(tag, e, rules, now, idle_ms, keep_ms)
  local seen = tag .. ':event:' .. e.id
  if call('EXISTS', seen) == 1 then return 'd' end
  local cursor, outcome
  if e.kind == 'quarantine' then
    cursor, outcome = route_quarantine(tag, e, now)
  elseif e.kind == 'status' or e.kind == 'edit' then
    cursor, outcome = route_notice(tag, e, now)
  else
    cursor, outcome = route_message(tag, e, rules, now, idle_ms)
  end
  call('SET', seen, cursor, 'PX', keep_ms)
  return outcome
end

-- route {tag}  now desk_version keep_ms idle_ms count  (event fields, rule count, rules)*
-- Answers one character per event: r routed, d seen before, q in quarantine, e failed (nothing promised: the caller
-- sends it again as a quarantine entry). Answers STALE when the desk definition is newer than the caller's.
local EVENT_FIELDS, RULE_FIELDS = 18, 6

local function route(keys, args)
  local tag = keys[1]
  local now, desk, keep_ms, idle_ms, count = tonumber(args[1]), args[2], args[3], tonumber(args[4]), tonumber(args[5])
  if (call('GET', tag .. ':desk') or '0') ~= desk then return redis.error_reply('STALE desk definition') end
  local outcomes, at = {}, 5
  for n = 1, count do
    local e = {
      id = args[at + 1], kind = args[at + 2], channel = args[at + 3], mode = args[at + 4], from = args[at + 5],
      name = args[at + 6], proven = args[at + 7], proven_how = args[at + 8], mid = args[at + 9], refs = args[at + 10],
      tokens = args[at + 11], others = args[at + 12], subject = args[at + 13], ref = args[at + 14],
      bytes = args[at + 15], trace = args[at + 16], why = args[at + 17], desk = desk
    }
    local rules, rule_count = {}, tonumber(args[at + 18])
    at = at + EVENT_FIELDS
    for i = 1, rule_count do
      rules[i] = { name = args[at + 1], queue = args[at + 2], priority = tonumber(args[at + 3]),
        within = tonumber(args[at + 4]), skills = args[at + 5], customer = args[at + 6] }
      at = at + RULE_FIELDS
    end
    local ok, outcome = pcall(route_one, tag, e, rules, now, idle_ms, keep_ms)
    outcomes[n] = ok and outcome or 'e'
    if not ok then
      redis.log(redis.LOG_WARNING, 'deskbell: event ' .. e.id .. ' could not be routed: ' ..
        (type(outcome) == 'table' and outcome.err or tostring(outcome)))
    end
  end
  return concat(outcomes)
end

-- ---------------------------------------------------------------- life of a work item

local function item_state(tag, item)
  local v = call('HMGET', tag .. ':item:' .. item, 'state', 'queue', 'agent', 'conversation', 'customer', 'priority',
    'created', 'messages')
  if not v[1] then return nil end
  return { state = v[1], queue = v[2], agent = v[3] or '', conversation = v[4], customer = v[5] or '',
    priority = tonumber(v[6]), created = tonumber(v[7]), messages = tonumber(v[8]) or 0 }
end

local function item_fact(tag, type, item, i, agent, now, evidence)
  local prev = call('HGET', tag .. ':conv:' .. i.conversation, 'last') or ''
  local cursor = journal(tag, { type = type, customer = i.customer, conversation = i.conversation, work_item = item,
    queue = i.queue, agent = agent, at = now, evidence = evidence, prev = prev })
  call('HSET', tag .. ':conv:' .. i.conversation, 'last', cursor)
end

-- claim {tag}  now queue agent : the item that waits first, now held by the agent; nothing when none waits.
local function claim(keys, args)
  local tag, now, queue, agent = keys[1], args[1], args[2], args[3]
  for _ = 1, 100 do
    local first = call('ZPOPMIN', tag .. ':queue:' .. queue)
    local item = first[1]
    if not item then return false end
    local i = item_state(tag, item)
    if i and i.state == 'waiting' then
      call('HSET', tag .. ':item:' .. item, 'state', 'active', 'agent', agent, 'changed', now)
      call('ZADD', tag .. ':held', now, item)
      item_fact(tag, 'claim', item, i, agent, now)
      if i.customer ~= '' then call('HSET', tag .. ':cust:' .. i.customer, 'last_agent', agent) end
      return item
    end
  end
  return false
end

-- done {tag}  now item agent seen : ends it. `seen` is the number of messages the agent has seen ('' any).
-- Answers OK, or GONE, DONE (already), NEWS (a message came in since).
local function done(keys, args)
  local tag, now, item, agent, seen = keys[1], args[1], args[2], args[3], args[4]
  local i = item_state(tag, item)
  if not i then return 'GONE' end
  if i.state == 'done' then return 'DONE' end
  if seen ~= '' and tonumber(seen) < i.messages then return 'NEWS' end
  call('HSET', tag .. ':item:' .. item, 'state', 'done', 'changed', now)
  call('ZREM', tag .. ':queue:' .. i.queue, item)
  call('ZREM', tag .. ':held', item)
  local conv = tag .. ':conv:' .. i.conversation
  if call('HGET', conv, 'item') == item then call('HSET', conv, 'item', '') end
  if i.customer ~= '' then
    local at = tag .. ':cust:' .. i.customer
    local rest = {}
    for id in gmatch(call('HGET', at, 'open') or '', '%S+') do
      if id ~= i.conversation then rest[#rest + 1] = id end
    end
    call('HSET', at, 'open', concat(rest, ' '))
  end
  item_fact(tag, 'done', item, i, agent ~= '' and agent or i.agent, now)
  return 'OK'
end

-- requeue {tag}  now item queue : back into its queue (or another), with its age. Answers OK, GONE, DONE, WAITS.
local function requeue(keys, args)
  local tag, now, item, queue = keys[1], args[1], args[2], args[3]
  local i = item_state(tag, item)
  if not i then return 'GONE' end
  if i.state == 'done' then return 'DONE' end
  if queue == '' then queue = i.queue end
  if i.state == 'waiting' and queue == i.queue then return 'WAITS' end
  call('ZREM', tag .. ':held', item)
  call('ZREM', tag .. ':queue:' .. i.queue, item)
  call('ZADD', tag .. ':queue:' .. queue, score(i.priority, i.created), item)
  call('HSET', tag .. ':item:' .. item, 'state', 'waiting', 'queue', queue, 'agent', '', 'changed', now)
  local from = i.queue
  i.queue = queue
  item_fact(tag, 'requeue', item, i, i.agent, now, from)
  return 'OK'
end

-- ---------------------------------------------------------------- customers, quarantine, desk

-- customer_import {tag}  now name tags value lang profile id key… : one customer with one or more addresses.
-- Answers the customer's id, or CONFLICT and the two customers when the addresses name different ones.
local function customer_import(keys, args)
  local tag, now = keys[1], args[1]
  local found, addresses = false, '|'
  for i = 8, #args do
    local c = call('GET', tag .. ':addr:' .. args[i])
    if c and found and c ~= found then return redis.error_reply('CONFLICT ' .. found .. ' ' .. c) end
    found = c or found
    addresses = addresses .. args[i] .. '|'
  end
  local customer = found or args[7]
  local at = tag .. ':cust:' .. customer
  local have = call('HGET', at, 'addresses') or '|'
  for i = 8, #args do
    call('SET', tag .. ':addr:' .. args[i], customer)
    if not find(have, '|' .. args[i] .. '|', 1, true) then have = have .. args[i] .. '|' end
  end
  call('HSET', at, 'addresses', have, 'tags', args[3], 'value', args[4], 'lang', args[5], 'profile', args[6],
    'imported', now)
  if args[2] ~= '' then call('HSET', at, 'name', args[2]) end
  call('HSETNX', at, 'created', now)
  return customer
end

-- quarantine_end {tag}  now event_id new_event_id : the entry was read after all (or thrown away: '').
local function quarantine_end(keys, args)
  local tag = keys[1]
  if call('ZREM', tag .. ':quarantine', args[2]) == 0 then return 'GONE' end
  journal(tag, { type = 'quarantine_end', event_id = args[2], at = args[1], evidence = args[3] })
  return 'OK'
end

-- desk_apply {tag}  now version expected document : the desk definition of this version counts from now on.
-- Answers the version, or STALE when another was applied since `expected`.
local function desk_apply(keys, args)
  local tag = keys[1]
  local current = call('GET', tag .. ':desk') or '0'
  if current ~= args[3] then return redis.error_reply('STALE version ' .. current) end
  call('HSET', tag .. ':desk:documents', args[2], args[4])
  call('SET', tag .. ':desk', args[2])
  journal(tag, { type = 'desk', desk = args[2], at = args[1] })
  return args[2]
end

redis.register_function('deskbell_route', route)
redis.register_function('deskbell_claim', claim)
redis.register_function('deskbell_done', done)
redis.register_function('deskbell_requeue', requeue)
redis.register_function('deskbell_customer_import', customer_import)
redis.register_function('deskbell_quarantine_end', quarantine_end)
redis.register_function('deskbell_desk_apply', desk_apply)
redis.register_function{function_name = 'deskbell_release', callback = function() return RELEASE end, flags = {'no-writes'}}

#!lua name=deskbell
-- Deskbell's atomic steps. One library, loaded by the router; a changed library is a new `release` below.
-- Keys, fields and limits are the contract of proto/redis.md. Every function gets the partition's tag as its one
-- key ("{p00}"), so that all it touches is in one hash slot. Every step may be repeated: the event's own key
-- remembers what was decided, a repeat answers the same and changes nothing.

local RELEASE = '12'
-- Redis gives a library its globals only when a function runs; the wrapper in register() fills these.
local call, pcall_redis, find, sub, gmatch, match, concat
-- Steps of outbound.lua, which stands behind this in the library.
local route_status, suppress_waiting, out_bounced, outbound_create, one_line
-- In thread.lua and conversation.lua, which stand behind this in the library.
local conversation, takes_part, thread, join_participants, keep_message_ids, subject_mark, draw_in
-- The life of work items (work.lua), one call's view of the desk (step.lua), agents (crew.lua).
local work, steps, crew = {}, {}, {}

local PARTICIPANTS_BYTES_MAX = 4096
local OPEN_MAX = 20
local PROFILE_IN_JOURNAL_MAX = 2048
local MID_KEEP_MS = 400 * 86400 * 1000

-- One journal entry: `meta` is its fields joined by US, in this order (proto/redis.md). Few stream fields: each costs
-- time in Redis and bytes in the AOF.
local function journal(tag, e)
  return call('XADD', tag .. ':journal', '*', 'type', e.type, 'meta', concat({ e.event_id or '', e.customer or '',
    e.conversation or '', e.work_item or '', e.queue or '', e.rule or '', e.desk or '', e.how or '', e.evidence or '',
    e.agent or '', e.at, e.prev or '', e.trace or '', e.context or '' }, '\31'), 'event', e.event or '')
end

-- The same of a work item's life, which most entries are of.
local function journal_fact(tag, type, i, agent, at, prev, evidence, event, context)
  local meta = '\31' .. i.customer .. '\31' .. i.conversation .. '\31' .. i.id .. '\31' .. i.queue .. '\31\31\31\31' .. evidence ..
    '\31' .. agent .. '\31' .. at .. '\31' .. prev .. '\31\31' .. context
  return call('XADD', tag .. ':journal', '*', 'type', type, 'meta', meta, 'event', event)
end

local function split(text)
  local parts, n = {}, 0
  for part in gmatch(text .. '\31', '([^\31]*)\31') do
    n = n + 1
    parts[n] = part
  end
  return parts
end

-- ---------------------------------------------------------------- identify and attach context

-- The customer an address names and what is known of them, read in the same step that routes: context cannot be
-- late, only absent or unreadable. `talk` is the running talk of this sender on this channel.
-- A new address gets a customer made from the event's id; it is written by keep_customer().
local function identify(tag, e)
  if e.from == '' then return { state = 'absent' } end
  local id = call('GET', tag .. ':addr:' .. e.from)
  if not id then return { id = 'c' .. sub(e.id, 1, 16), state = 'absent', new = true } end
  local mail = e.mode == 'mail'
  local v = pcall_redis('HMGET', tag .. ':cust:' .. id, 'tags', 'value', 'lang', 'profile', 'open', 'last_agent',
    'imported', 'name', 'last_agent_at', mail and 'undeliverable:' .. e.from or 'talk:' .. e.channel .. ':' .. e.from,
    'created', 'history', 'consent')
  if v.err then return { id = id, state = 'unavailable' } end
  return { id = id, state = v[7] and 'present' or 'absent', tags = v[1], value = v[2], lang = v[3], profile = v[4],
    open = v[5], last_agent = v[6], last_agent_at = v[9], imported = v[7], name = v[8], talk = not mail and v[10],
    undeliverable = mail and v[10], created = v[11], history = v[12],
    consent = v[13] }
end

-- What a customer agreed to, from the member 'consent' of the imported profile: a text with marks ("news;sms"), a list of
-- marks, or an object of marks that are true. As "|news|sms|", '' none.
local function consent_of(text)
  if text == '' then return '' end
  local marks = {}
  local ok, profile = pcall(cjson.decode, text)
  local given = ok and type(profile) == 'table' and profile.consent
  local function add(mark)
    if type(mark) == 'string' and match(mark, '^[^|%c]+$') then marks[#marks + 1] = string.lower(mark) end
  end
  if type(given) == 'string' then
    for mark in gmatch(given, '[^;,|%s]+') do add(mark) end
  elseif type(given) == 'table' then
    for k, v in pairs(given) do
      if type(k) == 'number' then add(v) elseif v == true then add(k) end
    end
  end
  table.sort(marks)
  return #marks > 0 and '|' .. concat(marks, '|') .. '|' or ''
end

-- It is read once, by the import; before release 12 it was not.
local function consents(c)
  c.consent = c.consent or consent_of(c.profile or '')
  return c.consent
end

-- How often a customer had to ask us: messages that opened work, conversations begun by them, the latest (Unix ms).
local function history_of(c)
  local contacts, conversations, last = match(c.history or '', '^(%d+) (%d+) (%d+)$')
  return contacts or '0', conversations or '0', last or '0'
end

local function history_text(c)
  if not match(c.created or '', '^%d+$') then return '' end
  local contacts, conversations, last = history_of(c)
  return concat({ c.created, contacts, conversations, last, c.last_agent_at or '0' }, ' ')
end

local function context_text(c)
  local profile = c.profile or ''
  if #profile > PROFILE_IN_JOURNAL_MAX then profile = '' end
  return concat({ c.state, c.imported or '', c.tags or '', c.value or '', c.lang or '', c.open or '',
    c.last_agent or '', c.name or '', profile, history_text(c), consents(c) }, '\30')
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

local function is_agent(c, agent) return c.last_agent == agent end

local function open_count(c)
  local count = 0
  for _ in gmatch(c.open or '', '%S+') do count = count + 1 end
  return count
end

local function has_consent(c, mark) return find(consents(c), '|' .. mark .. '|', 1, true) ~= nil end

local lists = { tag = has_tag, lang = has_lang, agent = is_agent, consent = has_consent }
local amounts = { value = function(c) return tonumber(c.value) end, open = open_count }

-- One term as a function of the customer; what nobody knows never holds.
local function term_of(term)
  local name, op, number = match(term, '^(%a+)([<>=]=?)(.+)$')
  local amount, ok, limit = amounts[name], compare[op], tonumber(number)
  if amount and ok and limit then
    return function(c) local v = amount(c) return v ~= nil and ok(v, limit) end
  end
  local what, list = match(term, '^(%a+)=(.*)$')
  if lists[what] then return any_of(list, lists[what]) end
  return function() return false end
end

local function predicate(text)
  local p = predicates[text]
  if p then return p end
  local terms = {}
  for term in gmatch(text, '[^;]+') do terms[#terms + 1] = term_of(term) end
  p = function(c)
    for i = 1, #terms do if not terms[i](c) then return false end end
    return true
  end
  if predicate_count > 2000 then predicates, predicate_count = {}, 0 end
  predicates[text], predicate_count = p, predicate_count + 1
  return p
end

function work.matches(text, customer)
  return predicate(text)(customer)
end

-- ---------------------------------------------------------------- enqueue

local function add_open(open, conv_id)
  open = open or ''
  if #open >= OPEN_MAX * 18 then return open end
  return open == '' and conv_id or (open .. ' ' .. conv_id)
end

-- The list of a customer's conversations with open work loses one and gains one ('' none). A damaged customer stops
-- nobody.
local function change_open(tag, customer, gone, come)
  if customer == '' then return end
  local at = tag .. ':cust:' .. customer
  local rest, open = {}, pcall_redis('HGET', at, 'open')
  for id in gmatch(type(open) == 'string' and open or '', '%S+') do
    if id ~= gone and id ~= come then rest[#rest + 1] = id end
  end
  rest = concat(rest, ' ')
  pcall_redis('HSET', at, 'open', come ~= '' and add_open(rest, come) or rest)
end

-- The rule that made an item, as one that makes another like it.
local function rule_of(i)
  return { queue = i.queue, priority = i.priority, within = string.format('%.0f', i.w.promise), skills = i.skills,
    name = i.rule, kind = i.w.kind, worth = i.w.worth }
end

local function item_id(event) return 'w' .. sub(event, 1, 16) end

-- Everything a message changes on its customer, in one write; nothing when nothing changed.
local function keep_customer(tag, e, customer, new_talk, own, opened, begun, now)
  if not customer.id then return end
  local w, n = { 'HSET', tag .. ':cust:' .. customer.id }, 2
  local function put(field, value) w[n + 1], w[n + 2] = field, value n = n + 2 end
  if customer.new then
    call('SET', tag .. ':addr:' .. e.from, customer.id)
    put('addresses', '|' .. e.from .. '|') put('created', now) put('name', e.name)
  elseif customer.state == 'unavailable' then
    return
  end
  if customer.undeliverable then call('HDEL', w[2], 'undeliverable:' .. e.from) end -- it lives
  if new_talk then put('talk:' .. e.channel .. ':' .. e.from, new_talk) end
  if own then put('open', add_open(customer.open, own)) end
  if opened then
    local contacts, conversations = history_of(customer)
    put('history', concat({ contacts + 1, conversations + (begun and 1 or 0), now }, ' '))
  end
  if n > 2 then call(unpack(w)) end
end

-- ---------------------------------------------------------------- the step

local function first_match(rules, customer)
  for i = 1, #rules do
    local r = rules[i]
    if r.customer == '' or predicate(r.customer)(customer) then return r end
  end
end

-- AR-62: noted where a signature of ours proves that the report is about this conversation.
local function note_undeliverable(tag, e, conv, how, now)
  if how ~= 'token' and how ~= 'own-message-id' then return end
  for status, key in gmatch(e.hint.bad or '', '([^: ]+):(%S+)') do
    local id = takes_part(conv, key) and call('GET', tag .. ':addr:' .. key)
    if id then pcall_redis('HSET', tag .. ':cust:' .. id, 'undeliverable:' .. key, now .. ' ' .. status) end
  end
end

work.first_match = first_match

-- Who writes from this address, as identify() finds them for a message that is not there; with a channel on which what
-- a sender writes goes on in one talk, that too.
function work.customer(tag, key, channel)
  return identify(tag, { from = key, id = '', mode = channel ~= '' and 'sender' or 'mail', channel = channel })
end

-- A machine's answer, or a colleague's note: a fact about its conversation that asks for no work, starts no clock and
-- lets nobody in (AR-61, AR-63, TH-17). But what we sent and did not arrive is work again, in the queue it was in.
local function attach(tag, e, customer, conv, how, evidence, rules, now)
  local failed = e.hint.report == 'failed'
  local item, queue, rule = conv.item, conv.queue, nil
  if failed and item == '' then
    local d = steps.begin(tag, now)
    local was = conv.was and work.read(d, conv.was)
    rule = was and rule_of(was) or first_match(rules, customer)
    local status = match(e.hint.bad or '', '^([^: ]+):')
    item = item_id(e.id)
    queue = work.open(d, item, conv.id, conv.customer, rule, not was and customer or nil, e.id, e.desk,
      { 'reason', 'what was sent did not arrive' .. (status and ': ' .. status or '') })
    change_open(tag, conv.customer, '', conv.id)
    evidence = evidence .. ' reopened'
  elseif not failed then
    evidence = evidence .. ' no_work'
  end
  evidence = evidence .. keep_message_ids(tag, e, conv.id, false)
  local cursor = journal(tag, { type = 'event', event_id = e.id, event = e.bytes, conversation = conv.id,
    customer = not customer.new and customer.id, work_item = item, queue = queue, rule = rule and rule.name,
    desk = e.desk, how = how, evidence = evidence, context = context_text(customer), at = now, trace = e.trace, prev = conv.last })
  local key = tag .. ':conv:' .. conv.id
  if failed then
    local messages = rule and 1 or conv.messages + 1
    call('HSET', key, 'last', cursor, 'item', item, 'queue', queue, 'messages', messages)
  else
    call('HSET', key, 'last', cursor)
  end
  note_undeliverable(tag, e, conv, how, now)
  if failed and e.hint.of then out_bounced(tag, e, now) end
  return cursor, 'r'
end

-- Our own mail, come back (AR-08): seen, and nothing else.
local function route_loopback(tag, e, now)
  local conv = conversation(tag, e.hint.loop)
  local cursor = journal(tag, { type = 'event', event_id = e.id, event = e.bytes, conversation = conv and conv.id,
    desk = e.desk, how = 'loopback', evidence = e.hint.loop, at = now, trace = e.trace, prev = conv and conv.last })
  if conv then call('HSET', tag .. ':conv:' .. conv.id, 'last', cursor) end
  return cursor, 'r'
end

local function route_message(tag, e, rules, now, idle_ms)
  if e.hint.loop then return route_loopback(tag, e, now) end
  local customer = identify(tag, e)
  local owner = customer.id or ''
  e.owner = owner
  local conv, how, evidence = thread(tag, e, customer, idle_ms, now)
  if conv and (conv.note or e.hint.automatic) then
    return attach(tag, e, customer, conv, how, evidence, rules, now)
  end
  local rule = first_match(rules, customer)
  local is_new = conv == nil
  local id = conv and conv.id or ('v' .. sub(e.id, 1, 16))
  evidence = evidence .. subject_mark(e, conv)
  conv = conv or { item = '', queue = '', messages = 0, last = '', participants = '|', customer = owner }
  local item, queue, messages = conv.item, conv.queue, conv.messages
  local opened = item == '' and e.kind == 'message'
  if opened then
    -- First what may fail, on a damaged queue: a failed event must leave nothing behind.
    rule.kind, messages, item = e.channel_kind, 0, item_id(e.id)
    queue = work.open(steps.begin(tag, now), item, id, conv.customer, rule, customer, e.id, e.desk)
  elseif item ~= '' and e.kind == 'message' and work.message(steps.begin(tag, now), item) then
    conv.last, queue = unpack(call('HMGET', tag .. ':conv:' .. id, 'last', 'queue'))
  end
  if e.mode == 'mail' then evidence = evidence .. keep_message_ids(tag, e, id, is_new) end
  local cursor = journal(tag, { type = 'event', event_id = e.id, event = e.bytes, customer = owner, conversation = id,
    work_item = item, queue = queue, rule = rule.name, desk = e.desk, how = how, evidence = evidence,
    context = context_text(customer), at = now, trace = e.trace, prev = conv.last })
  local key = tag .. ':conv:' .. id
  local participants = join_participants(conv.participants, e.from, e.others, conv.stranger)
  if is_new then
    local w = { 'HSET', key, 'facts', concat({ owner, e.channel, now, e.ref, e.subject }, '\31'), 'item', item, 'queue',
      queue, 'messages', messages + 1, 'last_ms', now, 'last', cursor, 'participants', participants }
    if e.hint.base then w[#w + 1], w[#w + 2] = 'base', e.hint.base end
    call(unpack(w))
    if e.ref ~= '' then call('SET', tag .. ':ref:' .. e.ref, id) end
  elseif opened or participants ~= conv.participants then
    call('HSET', key, 'item', item, 'queue', queue, 'messages', messages + 1, 'last_ms', now, 'last', cursor,
      'participants', participants)
  else
    call('HSET', key, 'messages', messages + 1, 'last_ms', now, 'last', cursor)
  end
  if conv.renamed then call('HSET', key, 'subject', e.subject, 'base', e.hint.base) end
  local own = opened and conv.customer == owner and id
  keep_customer(tag, e, customer, is_new and e.mode == 'sender' and id, own, opened, is_new, now)
  if opened and conv.customer ~= owner then change_open(tag, conv.customer, '', id) end
  if e.answer_in then draw_in(tag, now, e.answer_in, id) end
  if e.kind == 'opt-out' then
    call('SET', tag .. ':optout:' .. e.channel .. ':' .. e.from, e.id)
    suppress_waiting(tag, e, now)
  elseif e.kind == 'opt-in' then
    call('DEL', tag .. ':optout:' .. e.channel .. ':' .. e.from)
  end
  return cursor, 'r'
end

-- A status or an edit: a fact about an existing conversation, if it is known; never work by itself.
local function route_notice(tag, e, now)
  local customer = identify(tag, e)
  local id = customer.talk or ''
  return journal(tag, { type = 'event', event_id = e.id, event = e.bytes, customer = not customer.new and customer.id,
    conversation = id, desk = e.desk, how = id ~= '' and 'same-sender' or 'none', at = now, trace = e.trace }), 'r'
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
  elseif e.kind == 'status' and e.why ~= '' then
    cursor, outcome = route_status(tag, e, now)
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
local EVENT_FIELDS, RULE_FIELDS = 20, 6
local NO_HINTS = {}

-- "name=value" by blanks; what stands several times is a list.
local function read_hints(text)
  if text == '' then return NO_HINTS end
  local hint = {}
  for name, value in gmatch(text, '(%a+)=(%S+)') do
    hint[name] = hint[name] and (hint[name] .. ' ' .. value) or value
  end
  return hint
end

local function route(keys, args)
  local tag = keys[1]
  local now, desk, keep_ms, idle_ms, count = args[1], args[2], args[3], tonumber(args[4]), tonumber(args[5])
  if (call('GET', tag .. ':desk') or '0') ~= desk then return redis.error_reply('STALE desk definition') end
  local outcomes, at = {}, 5
  steps.gather(tag)
  for n = 1, count do
    local e = {
      id = args[at + 1], kind = args[at + 2], channel = args[at + 3], mode = args[at + 4], from = args[at + 5],
      name = args[at + 6], proven = args[at + 7], proven_how = args[at + 8], mid = args[at + 9], refs = args[at + 10],
      tokens = args[at + 11], others = args[at + 12], subject = args[at + 13], ref = args[at + 14],
      bytes = args[at + 15], trace = args[at + 16], why = args[at + 17], hint = read_hints(args[at + 18]),
      channel_kind = args[at + 19], desk = desk
    }
    local rules, rule_count = {}, tonumber(args[at + 20])
    at = at + EVENT_FIELDS
    for i = 1, rule_count do
      rules[i] = { name = args[at + 1], queue = args[at + 2], priority = args[at + 3],
        within = args[at + 4], skills = args[at + 5], customer = args[at + 6] }
      at = at + RULE_FIELDS
    end
    local ok, outcome = pcall(route_one, tag, e, rules, now, idle_ms, keep_ms)
    outcomes[n] = ok and outcome or 'e'
    if not ok then
      steps.forget() -- it may have stopped between a change and what is kept of it
      redis.log(redis.LOG_WARNING, 'deskbell: event ' .. e.id .. ' could not be routed: ' ..
        (type(outcome) == 'table' and outcome.err or tostring(outcome)))
    end
  end
  return concat(outcomes)
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
    'consent', consent_of(args[6]), 'imported', now)
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

-- trim {tag}  before_ms most : forgets journal entries older than before_ms, never one that a follower has not read yet,
-- at most `most` at a time. Answers how many.
local function trim(keys, args)
  local tag, before = keys[1], args[1] .. '-0'
  local function earlier(a, b)
    local a_ms, a_n = match(a, '^(%d+)-?(%d*)$')
    local b_ms, b_n = match(b, '^(%d+)-?(%d*)$')
    if not a_ms or not b_ms then return a_ms == nil end -- a cursor that is none holds everything
    if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
    return (tonumber(a_n) or 0) < (tonumber(b_n) or 0)
  end
  local followers = call('HGETALL', tag .. ':followers')
  for i = 2, #followers, 2 do
    if earlier(followers[i], before) then before = followers[i] end
  end
  if not match(before, '^%d+-%d+$') then return 0 end
  return call('XTRIM', tag .. ':journal', 'MINID', '~', before, 'LIMIT', args[2])
end

local function register(name, step, flags)
  local reads = flags and flags[1] == 'no-writes'
  redis.register_function{ function_name = 'deskbell_' .. name, flags = flags or {}, callback = function(keys, args)
    call, pcall_redis, concat = redis.call, redis.pcall, table.concat
    find, sub, gmatch, match = string.find, string.sub, string.gmatch, string.match
    steps.begin_call()
    local ok, answer = pcall(step, keys, args)
    if not ok and not reads then steps.forget() end
    steps.finish()
    if not ok then error(answer, 0) end
    return answer
  end }
end

register('route', route)
register('customer_import', customer_import)
register('quarantine_end', quarantine_end)
register('trim', trim, { 'allow-oom' }) -- at maxmemory it is what makes room again
redis.register_function{ function_name = 'deskbell_release', callback = function() return RELEASE end,
  flags = { 'no-writes' } }

-- Conversations put together and taken apart by people (TH-15); each can be undone. Part of the library that begins in
-- functions.lua. What was written stays where it was written: the journal is never changed, a conversation's fields say
-- what belongs to it (proto/redis.md, "What belongs to a conversation").
do -- its own locals: Lua allows a library 200

local LIST_MAX = 50

local function read_conversation(tag, id)
  local key = tag .. ':conv:' .. id
  local v = call('HMGET', key, 'facts', 'item', 'queue', 'messages', 'last_ms', 'last', 'participants', 'merged', 'merge',
    'members', 'parts', 'gone', 'taken', 'moved', 'counted')
  if not v[1] then return nil end
  local c = { id = id, key = key, item = v[2] or '', queue = v[3] or '', messages = tonumber(v[4]) or 0,
    last_ms = tonumber(v[5]) or 0, last = v[6] or '', participants = v[7] or '|', merged = v[8], merge = v[9],
    members = v[10] or '', parts = v[11] or '', gone = v[12] or '', taken = v[13] or '', moved = v[14],
    counted = v[15] or '' }
  c.customer, c.channel = match(v[1], '^([^\31]*)\31([^\31]*)\31')
  return c
end

local function survivor(tag, id)
  local c = conversation(tag, id)
  return c and read_conversation(tag, c.id)
end

-- ---- lists of words by blanks

local function list_has(list, word)
  return find(' ' .. list .. ' ', ' ' .. word .. ' ', 1, true) ~= nil
end

local function list_full(list)
  local n = 0
  for _ in gmatch(list, '%S+') do n = n + 1 end
  return n >= LIST_MAX
end

local function list_add(list, word)
  if list_has(list, word) then return list end
  return list == '' and word or (list .. ' ' .. word)
end

-- Without the words that begin with `start`; and the first of them.
local function list_drop(list, start)
  local rest, dropped = {}, nil
  for word in gmatch(list, '%S+') do
    if sub(word, 1, #start) == start then dropped = dropped or word else rest[#rest + 1] = word end
  end
  return concat(rest, ' '), dropped
end

local function participants_without(have, gone)
  local rest = '|'
  for key in gmatch(have, '[^|]+') do
    if not find(gone, '|' .. key .. '|', 1, true) then rest = rest .. key .. '|' end
  end
  return rest
end

local function participants_with(have, more)
  local added = '|'
  for key in gmatch(more, '[^|]+') do
    if #have <= PARTICIPANTS_BYTES_MAX and not find(have, '|' .. key .. '|', 1, true) then
      have, added = have .. key .. '|', added .. key .. '|'
    end
  end
  return have, added
end

-- ---- facts and work items

local function fact(tag, type, c, evidence, by, now, item, queue)
  c.last = journal(tag, { type = type, customer = c.customer, conversation = c.id, work_item = item or c.item,
    queue = queue or c.queue, evidence = evidence, agent = by, at = now, prev = c.last })
  call('HSET', c.key, 'last', c.last)
end

-- Writes what a step changed of the work of a conversation; its customer's list of open ones follows.
local function keep_work(tag, c, had)
  call('HSET', c.key, 'item', c.item, 'queue', c.queue, 'messages', c.messages)
  if c.item == '' and had ~= '' then change_open(tag, c.customer, c.id, '') end
  if c.item ~= '' and had == '' then change_open(tag, c.customer, '', c.id) end
end

local function give_item(tag, item, i, c, messages, now)
  -- what is remembered of one that waits has its conversation
  if i.w.line ~= '' then steps.set_changes(steps.begin(tag, now), i.w.line, i.w.set, i.w.known) end
  i.facts[1], i.facts[2] = c.id, c.customer
  call('HSET', tag .. ':item:' .. item, 'facts', concat(i.facts, '\31'))
  c.item, c.queue, c.messages = item, i.queue, messages
end

-- What was to be done goes on in the item `into`.
local function end_item(tag, i, c, into, why, by, now)
  local offered = i.state == 'offered'
  work.finish(steps.begin(tag, now), i, into)
  if offered then c.last = call('HGET', c.key, 'last') end
  fact(tag, 'done', c, why, by, now, i.id, i.queue)
end

local function wake_item(tag, i, c, messages, now)
  work.wake(steps.begin(tag, now), i.id)
  c.item, c.queue, c.messages = i.id, i.queue, messages
end

-- A new item like another one, for messages that were counted there.
local function copy_item(tag, item, of, i, c, messages, event, since, now)
  local rule = rule_of(i)
  rule.since = tonumber(since)
  c.queue = work.open(steps.begin(tag, now), item, c.id, c.customer, rule, nil, event, i.facts[7], { 'of', of })
  c.item, c.messages = item, messages
end

local function open_state(tag, item, now)
  local i = item ~= '' and work.read(steps.begin(tag, now), item)
  return i and i.state ~= 'done' and i or nil
end

-- Is a message that came under `item` counted in the one that is open now?
local function is_counted(tag, item, open)
  if item == '' or open == '' then return false end
  for _ = 1, 10 do
    local into = call('HGET', tag .. ':item:' .. item, 'into')
    if not into or into == '' then break end
    item = into
  end
  for _ = 1, 10 do
    if item == open then return true end
    open = call('HGET', tag .. ':item:' .. open, 'of')
    if not open then return false end
  end
  return false
end

-- The one that stays open of two: in somebody's hands before offered, before waiting, before set aside; then by priority
-- and age.
local HANDS = { active = 4, wrapping = 4, offered = 3, waiting = 2, on_hold = 1, snoozed = 1 }

local function goes_first(a, b)
  if HANDS[a.state] ~= HANDS[b.state] then return HANDS[a.state] > HANDS[b.state] end
  if a.priority ~= b.priority then return a.priority < b.priority end
  return tonumber(a.created) < tonumber(b.created)
end

-- ---- put together, and apart again

local function merge_into(tag, now, by, from, into)
  local a, b = read_conversation(tag, from), survivor(tag, into)
  if not a or not b then return { 'GONE', not a and from or into } end
  if a.merged then return { 'MERGED', a.merged } end
  if a.id == b.id then return { 'SAME', b.id } end
  if list_full(b.members) then return { 'MANY', b.id } end
  local had_a, had_b, count_a, count_b = a.item, b.item, 0, 0
  local i, j = open_state(tag, a.item, now), open_state(tag, b.item, now)
  if i then count_a = a.messages end
  if j then count_b = b.messages end
  local kept = j and b.item or ''
  if i and j and not goes_first(i, j) then
    end_item(tag, i, a, b.item, 'merged', by, now)
    b.messages = count_a + count_b
  elseif i then
    if j then end_item(tag, j, b, a.item, 'merged', by, now) end
    kept = a.item
    give_item(tag, a.item, i, b, count_a + count_b, now)
  end
  local participants, added = participants_with(b.participants, a.participants)
  call('HSET', a.key, 'merged', b.id, 'merge',
    concat({ b.id, i and had_a or '', count_a, j and had_b or '', count_b, kept, added }, '\31'))
  a.item, a.queue, a.messages = '', '', 0
  keep_work(tag, a, had_a)
  keep_work(tag, b, had_b)
  if i and j then work.inherit(steps.begin(tag, now), kept, kept == had_b and i or j) end
  call('HSET', b.key, 'members', list_add(b.members, a.id), 'participants', participants, 'last_ms',
    string.format('%.0f', math.max(a.last_ms, b.last_ms)))
  if a.moved then call('HSET', b.key, 'moved', '1') end
  fact(tag, 'merge', a, 'into ' .. b.id, by, now)
  fact(tag, 'merge', b, 'in ' .. a.id, by, now)
  return { 'OK', b.id }
end

-- merge {tag}  now by from into : what was said in `from` belongs to `into` (or the one that took that over). Of two
-- open work items one stays. Answers outcome, id: OK (the survivor), GONE, MERGED (where `from` is already), SAME, MANY.
local function merge(keys, args)
  return merge_into(keys[1], args[1], args[2], args[3], args[4])
end

-- An answer came before the mail it answers and waits in a conversation of its own: it is drawn into the mail's
-- (TH-20), if nobody gets in by that who takes no part.
function draw_in(tag, now, from, into)
  local a, b = read_conversation(tag, from), read_conversation(tag, into)
  if not a or not b or a.merged then return end
  for key in gmatch(a.participants, '[^|]+') do
    if sub(key, 1, 1) ~= '~' and not takes_part(b, key) then return end
  end
  merge_into(tag, now, 'deskbell', from, into)
end

-- unmerge {tag}  now by id fresh : it is a conversation of its own again, with the work it had, unless that was done in
-- the meantime. What came after the merge stays where it came. `fresh`: id of a new work item, should one be needed.
-- Answers outcome, id: OK (the one it was in), GONE, WHOLE (it is not merged), SINCE (that was merged itself since).
local function unmerge(keys, args)
  local tag, now, by, fresh = keys[1], args[1], args[2], args[4]
  local a = read_conversation(tag, args[3])
  if not a then return { 'GONE', args[3] } end
  if not a.merged then return { 'WHOLE', a.id } end
  local b = read_conversation(tag, a.merged)
  if not b then return { 'GONE', a.merged } end
  if b.merged then return { 'SINCE', b.merged } end
  local m = split(a.merge or '')
  local own, count, other, kept = m[2] or '', tonumber(m[3]) or 0, m[4] or '', m[6] or ''
  local since, had = b.messages - count - (tonumber(m[5]) or 0), b.item
  if own ~= '' and b.item == kept then
    local d = steps.begin(tag, now)
    local i, j = work.read(d, own), other ~= '' and work.read(d, other) or nil
    if kept ~= own then
      b.messages = b.messages - count
      wake_item(tag, i, a, count, now)
    else
      give_item(tag, own, i, a, count, now)
      b.item, b.queue, b.messages = '', '', 0
      if j then
        wake_item(tag, j, b, tonumber(m[5]) + since, now)
      elseif since > 0 then
        copy_item(tag, fresh, own, i, b, since, i.facts[9], now, now)
      end
    end
  end
  call('HDEL', a.key, 'merged', 'merge')
  keep_work(tag, a, '')
  keep_work(tag, b, had)
  call('HSET', b.key, 'members', (list_drop(b.members, a.id)), 'participants',
    participants_without(b.participants, m[7] or '|'))
  fact(tag, 'split', a, 'out_of ' .. b.id, by, now)
  fact(tag, 'split', b, 'without ' .. a.id, by, now)
  return { 'OK', b.id }
end

-- ---- split and move

-- Messages' ids lead to another conversation from now on; they remember where they were, for answers whose signature
-- proves no more than that. `from` belongs to `holder`.
local function lead_ids(tag, args, first, from, holder, to)
  for n = first, #args, 2 do
    local at = tag .. ':mid:' .. args[n] .. ':' .. args[n + 1]
    local unseen, id, origins = match(call('GET', at) or '', '^(%??)(%w+) ?(.*)$')
    if not id then
      call('SET', at, to .. ' ' .. list_add(from, holder), 'PX', MID_KEEP_MS)
    elseif unseen == '' and (id == from or list_has(origins, from)) then
      origins = list_drop(list_add(list_add(list_add(origins, from), holder), id), to)
      call('SET', at, to .. ' ' .. origins, 'KEEPTTL')
    end
  end
end

-- split {tag}  now by id last new_id begins before event at fresh customer channel reference subject
--   gone_participants participants taken_left taken sender counted base  (channel digest)*
-- What stands in the conversation's chain from the entry `begins` on (the entry before it is `before`) is a new one.
-- `last`: the chain's end as the caller saw it. `counted`: work items its messages came under, "item=number" by blanks.
-- `sender`: whose running talk goes along. Answers outcome, id: OK (the new one), GONE, MERGED, NEWS (look again),
-- MANY.
local function split_conversation(keys, args)
  local tag, now, by, event, at = keys[1], args[1], args[2], args[8], args[9]
  local c = read_conversation(tag, args[3])
  if not c then return { 'GONE', args[3] } end
  if c.merged then return { 'MERGED', c.merged } end
  if c.last ~= args[4] then return { 'NEWS', c.id } end
  if list_full(c.parts) then return { 'MANY', c.id } end
  local id, begins, before = args[5], args[6], args[7]
  local n = { id = id, key = tag .. ':conv:' .. id, customer = args[11], item = '', queue = '', messages = 0,
    last = c.last }
  local had, i, moved = c.item, open_state(tag, c.item, now), 0
  for item, count in gmatch(args[20], '(%w+)=(%d+)') do
    if is_counted(tag, item, c.item) then moved = moved + tonumber(count) end
  end
  call('HSET', n.key, 'facts', concat({ args[11], args[12], now, args[13], args[14] }, '\31'), 'last_ms',
    string.format('%.0f', c.last_ms), 'participants', args[16], 'begins', begins, 'gone', c.gone, 'taken', args[18],
    'counted', c.counted, 'moved', '1', 'base', args[21])
  call('SET', tag .. ':ref:' .. args[13], id)
  if i and moved > 0 and c.messages <= moved then
    give_item(tag, c.item, i, n, c.messages, now)
    c.item, c.queue, c.messages = '', '', 0
  elseif i and moved > 0 then
    copy_item(tag, args[10], c.item, i, n, moved, event, at, now)
    c.messages = c.messages - moved
  end
  keep_work(tag, c, had)
  keep_work(tag, n, '')
  call('HSET', c.key, 'parts', list_add(c.parts, id .. ':' .. begins .. ':' .. c.last), 'moved', '1', 'taken', args[17],
    'participants', participants_without(c.participants, args[15]))
  c.last = before
  fact(tag, 'split', c, 'without ' .. id .. ' at ' .. event, by, now)
  fact(tag, 'split', n, 'out_of ' .. c.id .. ' at ' .. event, by, now)
  local talk, customer = 'talk:' .. args[12] .. ':' .. args[19], tag .. ':cust:' .. args[11]
  if args[19] ~= '' and pcall_redis('HGET', customer, talk) == c.id then call('HSET', customer, talk, id) end
  lead_ids(tag, args, 22, c.id, c.id, id)
  return { 'OK', id }
end

-- move {tag}  now by from last to cursor event at fresh item gone_participants participants  (channel digest)*
-- One message, whose journal entry is `cursor`, belongs to another conversation. `item`: the work item it came under,
-- '' when it asked for no work. Answers outcome, id: OK (where it is now), GONE, SAME, NEWS, MANY.
local function move(keys, args)
  local tag, now, by, cursor, event, item = keys[1], args[1], args[2], args[6], args[7], args[10]
  local a, b, holder = read_conversation(tag, args[3]), survivor(tag, args[5]), survivor(tag, args[3])
  if not a or not b or not holder then return { 'GONE', a and args[5] or args[3] } end
  if holder.id == b.id then return { 'SAME', b.id } end
  if a.last ~= args[4] then return { 'NEWS', a.id } end
  if list_full(a.gone) then return { 'MANY', a.id } end
  if list_full(b.taken) or list_full(b.counted) then return { 'MANY', b.id } end
  if holder.id == a.id then holder = a end
  local taken = list_has(a.taken, cursor)
  a.gone, a.taken = list_add(a.gone, cursor .. ':' .. b.id .. (taken and ':t' or '')), list_drop(a.taken, cursor)
  local gone, came_back = list_drop(b.gone, cursor .. ':')
  b.gone = gone
  if not came_back or sub(came_back, -2) == ':t' then b.taken = list_add(b.taken, cursor) end
  local had, had_b, i = holder.item, b.item, open_state(tag, holder.item, now)
  local counted, other = list_drop(a.counted, cursor .. ':')
  if i and is_counted(tag, other and sub(other, #cursor + 2) or item, holder.item) then
    holder.messages = holder.messages - 1
    if holder.messages <= 0 then
      holder.item, holder.queue, holder.messages = '', '', 0
      if b.item == '' then
        give_item(tag, had, i, b, 0, now)
      else
        end_item(tag, i, holder, b.item, 'moved', by, now)
        work.inherit(steps.begin(tag, now), b.item, i)
      end
    elseif b.item == '' then
      copy_item(tag, args[9], had, i, b, 0, event, args[8], now)
    end
    b.messages = b.messages + 1
    b.counted = list_add((list_drop(b.counted, cursor .. ':')), cursor .. ':' .. b.item)
  end
  keep_work(tag, holder, had)
  keep_work(tag, b, had_b)
  call('HSET', a.key, 'gone', a.gone, 'taken', a.taken, 'counted', counted, 'moved', '1')
  if holder ~= a then call('HSET', a.key, 'participants', participants_without(a.participants, args[11])) end
  call('HSET', holder.key, 'moved', '1', 'participants', participants_without(holder.participants, args[11]))
  call('HSET', b.key, 'gone', b.gone, 'taken', b.taken, 'counted', b.counted, 'participants',
    (participants_with(b.participants, args[12])))
  fact(tag, 'move', a, 'without ' .. event .. ' to ' .. b.id, by, now)
  fact(tag, 'move', b, 'with ' .. event .. ' from ' .. a.id, by, now)
  lead_ids(tag, args, 13, a.id, holder.id, b.id)
  return { 'OK', b.id }
end

register('conversation_merge', merge)
register('conversation_unmerge', unmerge)
register('conversation_split', split_conversation)
register('conversation_move', move)

end

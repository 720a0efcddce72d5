-- Which conversation a mail or message belongs to, and what its ids lead to afterwards. Part of the library that begins
-- in functions.lua, behind it; the functions that are not local here are declared there.
do -- its own locals: Lua allows a library 200

local REFUSED_MAX = 200

-- A merged conversation points to the one that survived (TH-15). `channel` is that of the one that was named; what went
-- out over other channels before they were merged went out over them all the same.
function conversation(tag, named)
  local id, first, over = named, nil, ''
  for _ = 1, 10 do
    local v = call('HMGET', tag .. ':conv:' .. id, 'facts', 'item', 'queue', 'messages', 'last_ms', 'last',
      'participants', 'merged', 'moved', 'base', 'was', 'over')
    if not v[1] then return nil end
    local customer, channel = match(v[1], '^([^\31]*)\31([^\31]*)\31')
    first = first or channel
    for word in gmatch(v[12] or '', '%S+') do
      if not find(' ' .. over .. ' ', ' ' .. word .. ' ', 1, true) then over = over == '' and word or over .. ' ' .. word end
    end
    if not v[8] then
      return { id = id, named = named, customer = customer, channel = first, item = v[2] or '', queue = v[3] or '',
        messages = tonumber(v[4]) or 0, last_ms = tonumber(v[5]) or 0, last = v[6] or '', participants = v[7] or '|',
        moved = v[9], base = v[10] ~= '' and v[10], was = v[11], over = over }
    end
    id = v[8]
  end
  return nil
end

-- Its own channel, or one that an answer of ours went out over: a form has no way back, the answer to it comes by mail.
local function is_on(conv, channel)
  return conv.channel == channel or find(' ' .. conv.over .. ' ', ' ' .. channel .. ' ', 1, true) ~= nil
end

function takes_part(conv, key)
  return key ~= '' and find(conv.participants, '|' .. key .. '|', 1, true) ~= nil
end

-- What a Message-ID leads to, on this event's channel: the conversation, whether a mail of that id came, and the
-- conversations that mail was taken out of.
local function stored(tag, e, mid)
  local unseen, id, origins = match(call('GET', tag .. ':mid:' .. e.channel .. ':' .. mid) or '', '^(%??)(%w+) ?(.*)$')
  local conv = id and conversation(tag, id)
  if not conv or not is_on(conv, e.channel) then return nil, id and unseen == '' end
  return conv, unseen == '', origins
end

-- What was split off or moved away is found by the ids the mail answers (TH-15).
local function follow_moved(tag, e, conv)
  if not conv.moved then return conv end
  for mid in gmatch(e.refs, '%S+') do
    local at, _, origins = stored(tag, e, mid)
    if at and (at.id == conv.id or find(' ' .. origins .. ' ', ' ' .. conv.named .. ' ', 1, true)) then return at end
  end
  return conv
end

-- The conversation and what is to be known of the sender in it (TH-16, TH-17, TH-19).
local function joins(e, conv, how, mark)
  local evidence = conv.id .. (mark or '')
  if e.hint.automatic then
    evidence = concat({ evidence, e.hint.automatic, e.hint.report }, ' ')
  elseif e.hint.agent and conv.customer ~= e.owner then
    conv.note, evidence = true, evidence .. ' note agent=' .. e.hint.agent
  elseif not takes_part(conv, e.from) then
    conv.stranger = true
    evidence = evidence .. (takes_part(conv, '~' .. e.from) and ' guest' or ' new_participant')
  end
  return conv, how, evidence
end

-- Its own Message-ID: an answer to it came first (TH-20), or another mail had it (TH-09).
local function by_own_id(tag, e, refuse)
  if e.mid == '' then return nil end
  local conv, seen = stored(tag, e, e.mid)
  e.own = seen and 'seen' or 'free'
  local mark = seen and ' message_id_reused' or ' answer_first'
  local same = conv and takes_part(conv, e.from) and (not seen or (e.hint.base and conv.base == e.hint.base))
  if same then return joins(e, conv, 'stored-message-id', mark) end
  if seen then refuse('message_id_reused', conv) elseif conv then refuse('stranger', conv) end
end

-- Evidence in order of trust (TH-01 … TH-06). Returns the conversation or nil, how, evidence. Machines' answers and
-- colleagues need not take part (AR-66, TH-17); who hands a mail on answers nothing (TH-17).
local function thread_mail(tag, e)
  local refused, trusted = '', e.hint.automatic or e.hint.agent
  local function refuse(why, conv)
    local words = why .. (conv and ' see ' .. conv.id or '')
    if #refused < REFUSED_MAX and not find(refused, words, 1, true) then
      refused = refused .. (refused == '' and '' or ' ') .. words
    end
  end
  local forward = e.hint.forward and not e.hint.agent
  local hows = gmatch(e.proven_how, '%S+')
  for id in gmatch(e.proven, '%S+') do
    local how, conv = hows(), conversation(tag, id)
    if conv and is_on(conv, e.channel) then
      if not forward or how == 'token' then return joins(e, follow_moved(tag, e, conv), how) end
      refuse('forward', conv)
    end
  end
  e.unknown = {}
  for mid in gmatch(e.refs, '%S+') do
    local conv = stored(tag, e, mid)
    if not conv then
      e.unknown[#e.unknown + 1] = mid
    elseif forward then
      refuse('forward', conv)
    elseif trusted or takes_part(conv, e.from) then
      return joins(e, conv, 'stored-message-id')
    else
      refuse('stranger', conv)
    end
  end
  for ref in gmatch(e.tokens, '%S+') do
    local id = call('GET', tag .. ':ref:' .. ref)
    local conv = id and conversation(tag, id)
    if conv and is_on(conv, e.channel) then
      if takes_part(conv, e.from) then return joins(e, conv, 'subject-token') end
      refuse('stranger subject_token', conv)
    end
  end
  local conv, how, evidence = by_own_id(tag, e, refuse)
  if conv then return conv, how, evidence end
  return nil, 'new', concat({ refused, e.hint.automatic }, refused ~= '' and e.hint.automatic and ' ' or '')
end

function thread(tag, e, customer, idle_ms, now)
  if e.mode == 'mail' then return thread_mail(tag, e) end
  if e.mode ~= 'sender' then return nil, 'new', '' end
  if e.from == '' then return nil, 'new', 'no sender' end
  local conv = customer.talk and conversation(tag, customer.talk)
  if not conv then return nil, 'new', '' end
  if conv.item == '' and tonumber(now) - conv.last_ms > idle_ms then return nil, 'new', 'idle ' .. conv.id end
  return conv, 'same-sender', conv.id
end

-- The sender's key may hold a blank ("a b"@example.org); the others are joined by blanks. A stranger who came by proof
-- alone is remembered as a guest, "~key": seen by agents, no ground to let others in (TH-19).
function join_participants(have, from, others, stranger)
  if #have > PARTICIPANTS_BYTES_MAX then return have end
  local function join(key)
    if key ~= '' and not find(have, '|' .. key .. '|', 1, true) then have = have .. key .. '|' end
  end
  if stranger then
    if from ~= '' then join('~' .. from) end
    return have
  end
  join(from)
  for key in gmatch(others, '%S+') do join(key) end
  return have
end

-- The ids of a mail lead to its conversation: its own, and those it names that nobody has sent ("?": not seen). So an
-- answer that comes before what it answers draws it in (TH-20), and a root that is never sent holds its talk together
-- (TH-18). Answers a mark when another mail had the id before (TH-09).
function keep_message_ids(tag, e, id, is_new)
  local at, mark = tag .. ':mid:' .. e.channel .. ':', ''
  if e.mid ~= '' then
    local old = not e.own and call('SET', at .. e.mid, id, 'NX', 'GET', 'PX', MID_KEEP_MS)
    local named = old and match(old, '^%?(%w+)')
    if e.own == 'free' or named then call('SET', at .. e.mid, id, 'PX', MID_KEEP_MS) end
    if named and named ~= id then
      e.answer_in, mark = named, ' answer_first see ' .. named
    end
    if old and not named then mark = ' message_id_reused' end
  end
  if is_new then
    for ref in gmatch(e.refs, '%S+') do call('SET', at .. ref, '?' .. id, 'NX', 'PX', MID_KEEP_MS) end
  elseif e.unknown then
    for _, ref in ipairs(e.unknown) do call('SET', at .. ref, '?' .. id, 'NX', 'PX', MID_KEEP_MS) end
  end
  return mark
end

-- Has the subject changed (TH-14)? The conversation is called by the latest; a guest does not rename it.
function subject_mark(e, conv)
  if not conv or not e.hint.base or conv.base == e.hint.base then return '' end
  conv.renamed = not conv.stranger
  return conv.base and ' subject_changed' or ''
end

end

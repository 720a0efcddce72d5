-- What agents and supervisors do with work items: accept, decline, claim, finish, hand on, put aside. Part of the library that
-- begins in functions.lua. Keys: proto/redis.md, "Dispatch".
do
  local US = '\31'
  local leave, resume_clocks, start_next = work.leave, work.resume_clocks, work.start_next

  -- ---- what agents and operators do

  local function fits(d, i, agent)
    local l = i.w.line ~= '' and plans.line(d.p, i.w.line)
    if not l then
      local q = plans.queue(d.p, i.queue)
      local waited = steps.clock(d, i.w.clock) - i.w.at
      l = plans.line(d.p, plans.line_name(d.p, plans.queues_after(q, waited), i.w.kind, i.w.target,
        plans.needs_after(q, i.w.needs, waited), ''))
    end
    if l.only and l.only ~= agent then return false end
    return plans.speeds(d.p, l, work.stand_in(d, l))[d.p.agents[agent].profile] ~= false
  end

  -- The queue whose members stand in while nobody of the line's own is on duty; nil.
  function work.stand_in(d, l)
    local nobody = l.queue.nobody
    if not nobody or (crew.duty(d)[l.queue.name] or 0) > 0 then return nil end
    return nobody
  end

  local function has_room(d, i, agent)
    local shape = crew.shape(d, crew.of(d, agent))
    local k = plans.kind(d.p, i.w.kind)
    return shape and plans.has_room(shape, k.number, k.units)
  end

  -- Whoever looked before may say in whose hands it was ('' nobody's): is it still?
  local function held_by(i, holder)
    return not holder or i.agent == holder
  end

  -- accept {tag}  now item agent
  local function accept(keys, args)
    local d = steps.begin(keys[1], args[1])
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state == 'active' and i.agent == args[3] then return 'OK' end -- a repeat
    if i.state ~= 'offered' or not work.names(i.offered, args[3]) then return 'NOT' end
    crew.set_misses(d, crew.of(d, args[3]), 0)
    work.activate(d, i, args[3], 'accepted')
    return 'OK'
  end

  -- decline {tag}  now item agent why
  local function decline(keys, args)
    local d = steps.begin(keys[1], args[1])
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state ~= 'offered' or not work.names(i.offered, args[3]) then return 'NOT' end
    work.refuse(d, i, args[3], 'declined' .. (args[4] ~= '' and ' ' .. one_line(args[4]) or ''), true)
    return 'OK'
  end

  -- Takes this item for the agent, or says why not.
  local function pick(d, i, agent, force, how)
    local listed = crew.listed(d, agent)
    if i.state == 'done' then return { 'DONE', i.id } end
    if i.state == 'offered' and work.names(i.offered, agent) then
      work.activate(d, i, agent, 'accepted')
      return { 'OK', i.id }
    end
    if (i.state == 'active' or i.state == 'wrapping') and i.agent == agent then
      if i.state == 'wrapping' then work.activate(d, i, agent, how) end
      return { 'OK', i.id }
    end
    local holder = i.state == 'offered' and i.offered or i.agent
    if i.state ~= 'waiting' and holder ~= '' and holder ~= agent and not force then return { 'TAKEN', holder } end
    if listed and not force and not fits(d, i, agent) then return { 'UNFIT', i.id } end
    if listed and not has_room(d, i, agent) then return { 'FULL', i.id } end
    if i.state ~= 'waiting' and holder ~= '' and holder ~= agent then how = 'taken from ' .. holder end
    work.activate(d, i, agent, how)
    return { 'OK', i.id }
  end

  -- claim {tag}  now queue agent item force
  local function claim(keys, args)
    local d = steps.begin(keys[1], args[1])
    local queue, agent, item, answer = args[2], one_line(args[3]), args[4] or '', nil
    if agent == '' then return redis.error_reply('INVALID agent') end
    if item ~= '' then
      local i = work.read(d, item)
      answer = i and pick(d, i, agent, args[5] == '1', 'picked') or { 'GONE', item }
    else
      local i, why = work.most_urgent(d, queue, agent)
      answer = i and pick(d, i, agent, false, 'pulled') or { why, '' }
    end
    return answer
  end

  -- done {tag}  now item agent seen [holder] : ends it, or begins the wrap-up. `seen` is the number of messages the agent has seen
  -- ('' any). Answers OK, or GONE, DONE (already), NEWS (a message came in since).
  local function done(keys, args)
    local d = steps.begin(keys[1], args[1])
    local agent, seen = args[3], args[4]
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state == 'done' then return 'DONE' end
    if not held_by(i, args[5]) then return 'TAKEN' end
    local is_open, messages = work.conversation_of(d, i)
    if seen ~= '' and is_open and tonumber(seen) < messages then return 'NEWS' end
    if i.state == 'active' and plans.queue(d.p, i.queue).wrap > 0 then
      work.wrap(d, i, agent, seen ~= '' and seen or messages)
    else
      work.done(d, i, agent, is_open)
    end
    return 'OK'
  end

  -- requeue {tag}  now item queue agent by note [holder] : back into its queue (or another), with its age; for one agent alone at
  -- first if one is named.
  local function requeue(keys, args)
    local d = steps.begin(keys[1], args[1])
    local queue, to, by, note = args[3], args[4] or '', args[5] or '', args[6] or ''
    note = string.gsub(note, '[%z\1-\8\11\12\14-\31]', ' ') -- it may have lines
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state == 'done' then return 'DONE' end
    if to ~= '' and not crew.listed(d, to) then return 'UNKNOWN' end
    if queue ~= '' and next(d.p.order) and not plans.defined(d.p, queue) then return 'UNKNOWN' end
    if not held_by(i, args[7]) then return 'TAKEN' end
    if queue == '' then queue = i.queue end
    if i.state == 'waiting' and queue == i.queue and to == '' then return 'WAITS' end
    local from, had = i.queue, i.agent
    leave(d, i)
    resume_clocks(d, i)
    local words = from .. (to ~= '' and ' to=' .. to or '') .. (by ~= '' and ' by=' .. one_line(by) or '')
    if note ~= '' then call('HSET', d.tag .. ':item:' .. i.id, 'note', note) end
    if queue ~= i.queue then
      local conv = d.tag .. ':conv:' .. i.conversation
      i.queue = queue
      if call('HGET', conv, 'item') == i.id then call('HSET', conv, 'queue', queue) end
    end
    work.fact(d, 'requeue', i, had, words, nil, note)
    work.back(d, i, to ~= '' and to or nil)
    return 'OK'
  end

  -- item {tag}  now item agent verb until why
  local function item_verb(keys, args)
    local d = steps.begin(keys[1], args[1])
    local agent, verb, until_ms, why = args[3], args[4], tonumber(args[5]) or 0, one_line(args[6] or '')
    local i = work.read(d, args[2])
    local to = ({ hold = 'on_hold', snooze = 'snoozed', resume = 'active', reopen = 'waiting' })[verb]
    if not to then return redis.error_reply('INVALID verb') end
    if verb == 'resume' and agent == '' then return redis.error_reply('INVALID agent') end
    if not i then return { 'GONE', args[2] } end
    local aside = verb == 'hold' or verb == 'snooze'
    if i.state == to and (not aside or i.until_ms == until_ms) and (verb ~= 'resume' or i.agent == agent) then
      return { 'OK', i.state } -- a repeat
    end
    if verb == 'reopen' and i.state ~= 'done' or not (work.may(i.state, to) or i.state == to) then
      return { 'ILLEGAL', i.state }
    end
    if i.agent ~= '' and agent ~= '' and i.agent ~= agent and i.state ~= 'done' then return { 'TAKEN', i.agent } end
    if verb == 'resume' then
      return pick(d, i, agent, false, 'agent')
    elseif verb == 'reopen' then
      local conv = conversation(d.tag, i.conversation) -- the one that has it now, should it be merged
      if not conv then return { 'GONE', i.id } end
      if conv.item ~= '' then return { 'TAKEN', conv.item } end
      i.conversation, i.customer = conv.id, conv.customer
      i.facts[1], i.facts[2] = conv.id, conv.customer
      call('HDEL', d.tag .. ':item:' .. i.id, 'into')
      call('HSET', d.tag .. ':conv:' .. conv.id, 'item', i.id, 'queue', i.queue, 'messages', 0)
      change_open(d.tag, i.customer, '', i.conversation)
      work.fact(d, 'reopen', i, agent, i.id .. ' ' .. why)
      i.w.sla, i.w.paused = '', 0
      start_next(d, i)
      work.back(d, i)
      call('HSET', d.tag .. ':item:' .. i.id, 'facts', concat(i.facts, US))
    else
      work.set_aside(d, i, to, agent, until_ms, why)
    end
    return { 'OK', to }
  end

  register('accept', accept)
  register('decline', decline)
  register('claim', claim)
  register('done', done)
  register('requeue', requeue)
  register('item', item_verb)
end

-- The life of a work item: every move from one state to another (common/dispatch/life.def), each with its fact in the
-- journal. Part of the library that begins in functions.lua, which made the table `work`. Keys: proto/redis.md, "Dispatch".
do
  local US = '\31'
  local exact, keep, set_timer, wait, leave = work.exact, work.keep, work.set_timer, work.wait, work.leave
  local leave_set, leave_line, enter_line = work.leave_set, work.leave_line, work.enter_line
  local set_due_of_waiting, resume_clocks, start_next = work.set_due_of_waiting, work.resume_clocks, work.start_next
  local HELD, ASIDE, place_stays, keep_moved = work.HELD, work.ASIDE, work.place_stays, work.keep_moved

  -- ---- the moves; each is one fact

  -- Waits again; the fact is the caller's to write. only: the one agent it is for at first; nil anybody.
  function work.back(d, i, only)
    i.w.only = only or ''
    i.only_until = only and d.now + d.p.transfer or 0
    wait(d, i, 'only_until', exact(i.only_until), 'again', exact(i.again))
    set_due_of_waiting(d, i)
  end

  -- A customer's message came under an item that is open already. True when facts were written.
  function work.message(d, item)
    local v = pcall_redis('HMGET', d.tag .. ':item:' .. item, 'state', 'place')
    if v.err or not v[1] or v[1] == 'done' then return false end
    if not ASIDE[v[1]] and work.clock_runs(v[2] or '') then return false end -- most are so
    local i = work.read(d, item)
    if ASIDE[i.state] then
      resume_clocks(d, i)
      start_next(d, i)
      steps.due(d, item, nil)
      if i.agent ~= '' and crew.listed(d, i.agent) then i.w.known = i.agent end
      work.fact(d, 'resume', i, i.agent, 'reply')
      work.back(d, i)
      call('HSET', d.tag .. ':item:' .. item, 'facts', concat(i.facts, US))
      return true
    end
    if i.w.sla ~= '' then return false end
    if i.w.line ~= '' then leave_line(d, i) end
    start_next(d, i)
    if i.state == 'waiting' then enter_line(d, i) end
    keep(d, i, 'facts', concat(i.facts, US))
    set_timer(d, i)
    return false
  end

  -- An agent's answer went out: that clock stands until the customer writes again.
  function work.answered(d, i)
    if i.state == 'done' or i.w.sla == '' then return end
    i.w.sla = ''
    if i.w.line ~= '' then -- a step that is due just now would be lost with its timer
      leave_line(d, i)
      enter_line(d, i)
    end
    keep(d, i)
    set_timer(d, i)
  end

  local function set_last_agent(d, i, agent)
    -- A damaged customer must not keep the agent from what is theirs already.
    if i.customer ~= '' then
      pcall_redis('HSET', d.tag .. ':cust:' .. i.customer, 'last_agent', agent, 'last_agent_at', d.text)
    end
  end

  -- In the agent's hands from now on. Their units are taken unless they are already (an offer that is accepted).
  function work.activate(d, i, agent, how)
    local has = i.state == 'offered' and work.names(i.offered, agent)
    local had = HELD[i.state] and i.agent == agent
    local stays = (has or had) and place_stays(i)
    leave(d, i, agent, 'lost')
    resume_clocks(d, i)
    i.state, i.agent = 'active', agent
    if not has and not had then i.w.units = plans.kind(d.p, i.w.kind).units end
    keep_moved(d, i, stays, 'state', 'active', 'agent', agent, 'changed', d.text, 'offered', '', 'until', '0', 'again', '0',
      'only_until', '0')
    call('ZADD', d.tag .. ':held', d.text, i.id)
    if not (has and stays and steps.same_plan_at(d, i.changed)) then set_timer(d, i) end -- else it is as the offer left it
    if crew.listed(d, agent) and not has and not had then crew.take(d, agent, i.id, i.w.kind, i.w.units) end
    work.fact(d, 'claim', i, agent, how)
    set_last_agent(d, i, agent)
  end

  local function learn_handling(d, i)
    local rate, at, handling, kind = string.match(steps.measured(d, i.queue), '^(%S+) (%S+) (%S+) (%S+)')
    if not rate then return end
    handling = (tonumber(handling) or 0) + 0.05 * (math.max(d.now - i.changed, 1) - (tonumber(handling) or 0))
    steps.measure(d, i.queue, string.format('%s %s %.0f %s', rate, at, math.max(handling, 1), kind))
  end

  -- Ends it: out of its place, its conversation's open one no more. `into`: the item that goes on with it.
  function work.finish(d, i, into)
    local was, stays = i.state, place_stays(i)
    steps.schedule(d, 'timer:' .. i.w.clock, i.id, nil)
    leave(d, i)
    i.state = 'done'
    if was == 'active' and not into then -- the rest was written when it got there
      return keep_moved(d, i, stays, 'state', 'done', 'changed', d.text)
    end
    keep_moved(d, i, stays, 'state', 'done', 'changed', d.text, 'offered', '', 'until', '0', 'again', '0', 'only_until', '0',
      unpack(into and { 'into', into } or {}))
  end

  -- is_open: it is the open one of its conversation (conversation_of).
  function work.done(d, i, agent, is_open)
    if i.state == 'active' then learn_handling(d, i) end
    work.finish(d, i)
    change_open(d.tag, i.customer, i.conversation, '')
    work.fact(d, 'done', i, agent ~= '' and agent or i.agent, nil, nil, nil,
      is_open and { 'item', '', 'queue', '', 'messages', 0, 'was', i.id })
  end

  local function wrap(d, i, agent, seen)
    local wrap_ms = plans.queue(d.p, i.queue).wrap
    i.state = 'wrapping'
    learn_handling(d, i)
    keep(d, i, 'state', 'wrapping', 'changed', d.text, 'until', exact(d.now + wrap_ms), 'seen', seen)
    steps.due(d, i.id, d.now + wrap_ms)
    work.fact(d, 'wrap', i, agent ~= '' and agent or i.agent, exact(d.now + wrap_ms))
  end

  -- hold, snooze: nobody's work until the customer writes, or `until_ms`. Its agent stays its own.
  local function set_aside(d, i, state, agent, until_ms, why)
    local owner = i.agent ~= '' and i.agent or agent
    leave(d, i)
    i.state, i.agent = state, owner
    if state == 'on_hold' and i.w.paused == 0 then i.w.paused = steps.clock(d, i.w.clock) end
    keep(d, i, 'state', state, 'agent', owner, 'changed', d.text, 'offered', '', 'until', exact(until_ms),
      'again', '0', 'only_until', '0')
    work.enter_aside(d, i)
    set_timer(d, i)
    steps.due(d, i.id, until_ms > 0 and until_ms or nil)
    work.fact(d, state == 'on_hold' and 'hold' or 'snooze', i, agent, exact(until_ms) .. (why ~= '' and ' ' .. why or ''))
  end

  -- ---- undone, urgent

  -- An item waits again as it did, because what took it away was undone.
  function work.wake(d, item)
    local i = work.read(d, item)
    if not i then return end
    call('HDEL', d.tag .. ':item:' .. item, 'into')
    if i.state ~= 'done' then leave(d, i) end
    resume_clocks(d, i)
    work.back(d, i)
  end

  -- The item goes on with what was to be done in another one: the customer who waits there for an answer waits here.
  function work.inherit(d, item, from)
    local i, of = work.read(d, item), from.w
    if not i or i.state == 'done' or i.w.sla ~= '' or of.sla == '' then return end
    local stood = of.paused > 0 and steps.clock(d, of.clock) - of.paused or 0
    if i.w.line ~= '' then leave_line(d, i) end
    for _, name in ipairs({ 'sla', 'target', 'promise', 'warned' }) do i.w[name] = of[name] end
    i.w.at = of.at + stood + steps.clock(d, i.w.clock) - steps.clock(d, of.clock)
    if i.state == 'waiting' then enter_line(d, i) end
    i.facts[4] = of.promise > 0 and exact(plans.real(d.p, i.w.clock, i.w.at + of.promise)) or '0'
    keep(d, i, 'facts', concat(i.facts, US))
    set_timer(d, i)
  end

  -- Another priority, and why.
  function work.raise(d, item, priority, reason)
    local i = work.read(d, item)
    if not i or i.state == 'done' then return false end
    call('HSET', d.tag .. ':item:' .. item, 'reason', reason)
    i.facts[3], i.priority = priority, priority
    if ASIDE[i.state] then
      resume_clocks(d, i)
      steps.due(d, item, nil)
      work.fact(d, 'resume', i, i.agent, 'failed')
      work.back(d, i)
    elseif i.state == 'waiting' then
      leave_line(d, i)
      enter_line(d, i)
      keep(d, i)
      set_timer(d, i)
    end
    call('HSET', d.tag .. ':item:' .. item, 'facts', concat(i.facts, US))
    return true
  end

  -- ---- offers

  -- The item of a head (view.lua). Its place and its timer stay as they are: the line counts no more, and the timer stands before
  -- whatever comes next.
  function work.offer(d, head, agents, until_ms, record)
    local id, l, offered, until_text = head.id, head.l, table.concat(agents, ' '), exact(until_ms)
    leave_set(d, id, l.name, head.set, head.known, true) -- else what is remembered is wrong
    steps.count_waiting(d, head.queue, -1)
    call('HSET', d.tag .. ':item:' .. id, 'state', 'offered', 'offered', offered, 'until', until_text, 'changed', d.text)
    steps.due(d, id, until_ms)
    for _, name in ipairs(agents) do crew.take(d, name, id, l.kind_name, l.units) end
    work.fact(d, 'offer', head, offered, until_text, record)
  end

  local function without(list, word)
    local rest = {}
    for name in string.gmatch(list, '%S+') do if name ~= word then rest[#rest + 1] = name end end
    return table.concat(rest, ' ')
  end

  -- One of those it is offered to is out; when it was the last it waits again, for others first.
  -- bars: they said no, or nothing. Another agent's transfer ends with it.
  function work.refuse(d, i, agent, why, bars)
    crew.give(d, agent, i.id)
    work.fact(d, 'offer_end', i, agent, why)
    i.offered = without(i.offered, agent)
    if bars then
      local declined = call('HGET', d.tag .. ':declined', i.id) or ''
      declined = without(declined, agent)
      call('HSET', d.tag .. ':declined', i.id, (declined ~= '' and declined .. ' ' or '') .. agent)
      i.again = d.now + d.p.again
    end
    if i.offered ~= '' then
      call('HSET', d.tag .. ':item:' .. i.id, 'offered', i.offered, 'again', exact(i.again))
      return
    end
    if i.again > 0 and i.again <= d.now then -- while others thought about it
      call('HDEL', d.tag .. ':declined', i.id)
      i.again = 0
    end
    if i.w.only == agent then i.w.only, i.only_until = '', 0 end
    wait(d, i, 'again', exact(i.again), 'only_until', exact(i.only_until))
    set_due_of_waiting(d, i)
  end

  -- An agent is not there any more: offers end at once; what they hold, after the lease, unless they come back.
  function work.leaves(d, name, offline)
    for _, item in ipairs(crew.items(d, name)) do
      local i = work.read(d, item)
      if i and i.state == 'offered' then
        work.refuse(d, i, name, 'gone', false)
      elseif i and offline and i.state == 'active' then
        steps.due(d, item, d.now + d.p.lease)
      end
    end
  end

  function work.returns(d, name)
    for _, item in ipairs(crew.items(d, name)) do
      local i = work.read(d, item)
      if i and i.state == 'active' then steps.due(d, item, nil) end
    end
  end

  work.set_aside, work.wrap = set_aside, wrap
end

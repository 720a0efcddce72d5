-- The life of a work item: where it waits, in whose hands it is, its clocks and timers. One table of legal moves
-- (common/dispatch/life.def). Part of the library that begins in functions.lua, which made the table `work`; what moves
-- an item is here and nowhere else. Keys: proto/redis.md, "Dispatch".
do
  local US = '\31'
  local TIMERS_AT_ONCE = 64

  -- From each state the states it may go to, as common/dispatch/life.def, which a test compares.
  local MOVES = {
    waiting = 'offered active snoozed on_hold done',
    offered = 'active waiting done',
    active = 'waiting active on_hold snoozed wrapping done',
    on_hold = 'waiting active snoozed done',
    snoozed = 'waiting active on_hold done',
    wrapping = 'active waiting done',
    done = 'waiting',
  }
  local HELD = { offered = true, active = true, wrapping = true }

  -- What routing knows of an item, in one field. Times are of the calendar `clock`.
  local PLACE = {
    'line', 'set',       -- where it waits; '' it does not
    'clock',             -- calendar, '' the wall's
    'at', 'target',      -- since when the customer waits for an answer, and the order's target
    'promise',           -- ms in which an answer was promised; 0 none
    'sla',               -- which clock runs: first, next; '' the customer has an answer
    'warned',            -- of that clock: 0, 1 warned, 2 late
    'resolve_at', 'resolve', 'resolve_warned',
    'paused',            -- since when the clocks stand, because the customer is asked; 0 they run
    'worth', 'kind', 'units', 'needs', 'known', 'only', 'opened',
  }
  local NUMBERS = { at = 0, target = 0, promise = 0, warned = 0, resolve_at = 0, resolve = 0, resolve_warned = 0, paused = 0,
    worth = 1, units = 1 }

  local function exact(n)
    return n == math.floor(n) and string.format('%.0f', n) or string.format('%.17g', n)
  end

  local function pack(w)
    local out = {}
    for n, name in ipairs(PLACE) do
      local v = w[name]
      out[n] = type(v) == 'number' and exact(v) or v or ''
    end
    return table.concat(out, US)
  end

  local function unpack_place(place)
    local w, n = {}, 0
    for field in string.gmatch(place .. US, '([^\31]*)\31') do
      n = n + 1
      local name = PLACE[n]
      if name then w[name] = NUMBERS[name] and (tonumber(field) or NUMBERS[name]) or field end
    end
    return w
  end

  -- The item with its place; nil when there is none. `i.w` is changed and kept by keep().
  function work.read(d, item)
    local v = call('HMGET', d.tag .. ':item:' .. item, 'state', 'queue', 'agent', 'facts', 'place', 'offered', 'until',
      'again', 'only_until', 'seen')
    if not v[1] then return nil end
    local facts = split(v[4] or '')
    return { id = item, state = v[1], queue = v[2] or '', agent = v[3] or '', conversation = facts[1], customer = facts[2],
      priority = facts[3], deadline = facts[4], skills = facts[5], rule = facts[6], created = facts[8], facts = facts,
      w = unpack_place(v[5] or ''), offered = v[6] or '', until_ms = tonumber(v[7]) or 0, again = tonumber(v[8]) or 0,
      only_until = tonumber(v[9]) or 0, seen = v[10] or '' }
  end

  -- Is this one of the words?
  function work.names(list, word)
    return string.find(' ' .. list .. ' ', ' ' .. word .. ' ', 1, true) ~= nil
  end

  function work.may(from, to)
    return string.find(' ' .. (MOVES[from] or '') .. ' ', ' ' .. to .. ' ', 1, true) ~= nil
  end

  local function keep(d, i, ...)
    call('HSET', d.tag .. ':item:' .. i.id, 'place', pack(i.w), ...)
  end

  -- A fact about the item, in the chain of its conversation.
  function work.fact(d, type, i, agent, evidence, event, context)
    local conv = d.tag .. ':conv:' .. i.conversation
    local cursor = journal(d.tag, { type = type, customer = i.customer, conversation = i.conversation, work_item = i.id,
      queue = i.queue, agent = agent, at = d.text, evidence = evidence, event = event, context = context,
      prev = call('HGET', conv, 'last') or '' })
    call('HSET', conv, 'last', cursor)
    return cursor
  end

  -- ---- timers on the queue's clock: leaving a set, softening, warnings, breaches. One entry for each item.

  local function earlier(a, b)
    return a and b and math.min(a, b) or a or b
  end

  local function next_timer(d, i)
    local w, at = i.w, nil
    if w.line ~= '' then
      local l, q = plans.line(d.p, w.line), plans.queue(d.p, i.queue)
      local step = plans.next_step(q, steps.clock(d, w.clock) - w.at)
      at = earlier(l and plans.leaves(l, w.set, w.at), step and w.at + step)
    end
    if w.paused > 0 then return at end
    local warn = plans.queue(d.p, i.queue).warn
    if w.sla ~= '' and w.promise > 0 then
      if w.warned == 0 and warn < 1 then
        at = earlier(at, w.at + math.floor(warn * w.promise))
      elseif w.warned < 2 then
        at = earlier(at, w.at + w.promise + 1)
      end
    end
    if w.resolve > 0 and i.state ~= 'done' then
      if w.resolve_warned == 0 and warn < 1 then
        at = earlier(at, w.resolve_at + math.floor(warn * w.resolve))
      elseif w.resolve_warned < 2 then
        at = earlier(at, w.resolve_at + w.resolve + 1)
      end
    end
    return at
  end

  local function set_timer(d, i)
    local at, key = next_timer(d, i), d.tag .. ':timer:' .. i.w.clock
    if at then
      call('ZADD', key, exact(at), i.id)
    elseif not i.fresh then
      call('ZREM', key, i.id)
    end
  end

  -- ---- waiting

  local function line_key(d, line, set) return d.tag .. ':line:' .. line .. ':' .. set end

  local function leave_line(d, i)
    local w = i.w
    if w.line == '' then return end
    call('ZREM', line_key(d, w.line, w.set), i.id)
    d.heads[w.line] = nil
    if w.known ~= '' then call('ZREM', d.tag .. ':known:' .. w.known, i.id) end
    w.line, w.set = '', ''
  end

  -- Its line, set and score as they are now; nothing is written.
  local function stand(d, i)
    local w, p = i.w, d.p
    local q, now = plans.queue(p, i.queue), steps.clock(d, w.clock)
    local waited = now - w.at
    local line = plans.line_name(p, plans.queues_after(q, waited), w.kind, w.target, plans.needs_after(q, w.needs, waited),
      w.only)
    local l = plans.line(p, line)
    w.line, w.set, w.units = line, plans.set_at(l, w.at, now), l.units
    i.score = plans.score(p, l, w.set, w.at, plans.ln_value(p, w.worth, i.priority))
  end

  local function enter_line(d, i)
    local clock = plans.queue(d.p, i.queue).hours
    if clock ~= i.w.clock then work.change_clock(d, i, clock) end
    stand(d, i)
    local w, line = i.w, i.w.line
    call('ZADD', line_key(d, line, w.set), exact(i.score), i.id)
    if call('SADD', d.tag .. ':lines', line) == 1 then d.lines = nil end
    if w.known ~= '' then call('ZADD', d.tag .. ':known:' .. w.known, exact(w.at), i.id) end
    d.heads[line] = nil
    steps.mark(d, 'l:' .. line)
  end

  local function count_waiting(d, queue, by)
    call('HINCRBY', d.tag .. ':waiting', queue, by)
  end

  -- The item waits from now on in its queue, with the age and the clocks that it has.
  local function wait(d, i, ...)
    i.state = 'waiting'
    enter_line(d, i)
    count_waiting(d, i.queue, 1)
    keep(d, i, 'state', 'waiting', 'queue', i.queue, 'agent', '', 'changed', d.text, 'offered', '', 'until', '0', ...)
    set_timer(d, i)
  end

  local function due_of_waiting(i)
    local at = i.again > 0 and i.again or nil
    return earlier(at, i.only_until > 0 and i.only_until or nil)
  end

  local function set_due_of_waiting(d, i) steps.due(d, i.id, due_of_waiting(i)) end

  -- Out of the hands of everybody whom it was offered to or who had it, but for `but`.
  local function free_hands(d, i, but)
    if i.state == 'offered' then
      for name in string.gmatch(i.offered, '%S+') do
        if name ~= but then crew.give(d, name, i.id) end
      end
    elseif HELD[i.state] and i.agent ~= '' and i.agent ~= but then
      crew.give(d, i.agent, i.id)
    end
    call('ZREM', d.tag .. ':held', i.id)
  end

  -- Out of wherever it is: queue, offers, hands. What becomes of it is the caller's next word.
  local function leave(d, i, but, why)
    if i.state == 'waiting' then
      leave_line(d, i)
      count_waiting(d, i.queue, -1)
    elseif i.state == 'offered' then
      for name in string.gmatch(i.offered, '%S+') do
        if name ~= but then work.fact(d, 'offer_end', i, name, why or 'withdrawn') end
      end
    end
    free_hands(d, i, but)
    steps.due(d, i.id, nil)
    call('HDEL', d.tag .. ':declined', i.id)
    i.again, i.only_until = 0, 0
    if i.w.only ~= '' then i.w.only = '' end
  end

  -- ---- a new one

  -- rule: queue, priority, within ('' by its queue, a level of the customer's class before it), skills, name, kind.
  -- who: tags, value, lang, profile, last_agent, last_agent_at; nil as `like`.
  local function promises(d, q, rule, who)
    local answer, next_ms, resolve = q.answer, q.next, q.resolve
    for _, level in ipairs(who and q.levels or {}) do
      if work.matches(level.customer, who) then
        answer = tonumber(level.answer) or answer
        next_ms = tonumber(level.next) or next_ms
        resolve = tonumber(level.resolve) or resolve
        break
      end
    end
    if rule.within ~= '' then answer = tonumber(rule.within) or answer end
    return answer, next_ms, resolve
  end

  -- The queue it really goes to: over the limit, or closed, it is another; an alarm says so when nobody sees an end.
  local function queue_for(d, name)
    for _ = 1, 10 do
      local q = plans.queue(d.p, name)
      local to
      if q.limit > 0 and q.limit_queue ~= '' and
        (tonumber(call('HGET', d.tag .. ':waiting', name)) or 0) >= q.limit then
        to = q.limit_queue
      elseif q.after ~= 'hold' and q.after ~= 'take' and not plans.is_open(d.p, q.hours, d.now) then
        to = q.after
      end
      if not to then return name end
      name = to
    end
    return name
  end

  local function skills_with_language(d, q, skills, lang)
    lang = string.lower(string.match(lang or '', '^%a+') or '')
    if q.language == 0 or lang == '' or string.find(',' .. skills, ',' .. lang .. '>=', 1, true) or
      not plans.speaks(d.p, q, lang) then
      return skills
    end
    return (skills ~= '' and skills .. ',' or '') .. lang .. '>=' .. q.language
  end

  local function learn_arrival(d, queue, kind)
    local rate, at, handling = string.match(call('HGET', d.tag .. ':load', queue) or '', '^(%S+) (%S+) (%S+)')
    rate, at = tonumber(rate) or 0, tonumber(at) or d.now
    rate = rate * math.exp(-math.max(d.now - at, 0) / 900000) + 1 / 900000
    call('HSET', d.tag .. ':load', queue, string.format('%.6g %s %s %s', rate, d.text,
      handling or exact(plans.queue(d.p, queue).handling), kind))
  end

  -- The customer's own agent, if they answered lately and still work here.
  local function known_agent(d, who)
    local name = who and who.last_agent
    if not name or not crew.listed(d, name) then return '' end
    return d.now - (tonumber(who.last_agent_at) or d.now) <= d.p.known and name or ''
  end

  -- A new item as the desk definition says; nothing is written. rule.since: it waits since then.
  local function make(d, item, conversation, customer, rule, who, event, desk)
    local name, p = queue_for(d, rule.queue), d.p
    local q = plans.queue(p, name)
    local answer, _, resolve = promises(d, q, rule, who)
    local at = rule.since and plans.clock(p, q.hours, rule.since) or steps.clock(d, q.hours)
    local worth = rule.worth or (who and plans.worth(p, who.tags, who.value, who.profile, d.now)) or 1
    local known = known_agent(d, who)
    local w = { line = '', set = '', clock = q.hours, at = at, target = plans.target(answer), promise = answer,
      sla = 'first', warned = 0, resolve_at = at, resolve = resolve, resolve_warned = 0, paused = 0, worth = worth,
      kind = p.kind[rule.kind or ''] and rule.kind or p.kinds[1], units = 1,
      needs = skills_with_language(d, q, rule.skills, who and who.lang), known = known, only = '', opened = d.text }
    local i = { id = item, state = 'waiting', queue = name, agent = '', conversation = conversation, customer = customer,
      priority = rule.priority, offered = '', until_ms = 0, again = 0, only_until = 0, seen = '', w = w, fresh = true }
    if known ~= '' and p.prefer > 0 and crew.on_duty(crew.of(d, known)) then
      w.only, i.only_until = known, d.now + p.prefer
    end
    local deadline = answer > 0 and exact(plans.real(p, q.hours, at + answer)) or '0'
    i.facts = { conversation, customer, rule.priority, deadline, rule.skills, rule.name, desk,
      rule.since and exact(rule.since) or d.text, event }
    return i
  end

  -- Opens a work item that waits. Returns its queue.
  function work.open(d, item, conversation, customer, rule, who, event, desk, extra)
    local i = make(d, item, conversation, customer, rule, who, event, desk)
    wait(d, i, 'facts', concat(i.facts, US), 'only_until', exact(i.only_until), unpack(extra or {}))
    if i.only_until > 0 then set_due_of_waiting(d, i) end
    learn_arrival(d, i.queue, i.w.kind)
    return i.queue
  end

  -- What it would be.
  function work.imagine(d, rule, who)
    local i = make(d, 'w-new', '', '', rule, who, '', '')
    stand(d, i)
    return i
  end

  -- ---- the moves; each is one fact

  -- Waits again: what is said of it is the caller's. `reason` for the journal's type.
  function work.back(d, i, queue, only)
    if queue and queue ~= '' and queue ~= i.queue then
      i.queue = queue
      local conv = d.tag .. ':conv:' .. i.conversation
      if call('HGET', conv, 'item') == i.id then call('HSET', conv, 'queue', queue) end
    end
    i.w.only = only or ''
    i.only_until = only and d.now + d.p.transfer or 0
    wait(d, i, 'only_until', exact(i.only_until), 'again', exact(i.again))
    set_due_of_waiting(d, i)
  end

  -- Another calendar's time, with as much of each clock used up as before.
  function work.change_clock(d, i, clock)
    local w = i.w
    call('ZREM', d.tag .. ':timer:' .. w.clock, i.id)
    local shift = steps.clock(d, clock) - steps.clock(d, w.clock)
    w.at, w.resolve_at, w.clock = w.at + shift, w.resolve_at + shift, clock
    if w.paused > 0 then w.paused = w.paused + shift end
  end

  local function resume_clocks(d, i)
    local w = i.w
    if w.paused == 0 then return end
    local stood = steps.clock(d, w.clock) - w.paused
    w.paused, w.resolve_at = 0, w.resolve_at + stood
    if w.sla ~= '' then w.at = w.at + stood end
  end

  -- The customer wrote again: the next answer's clock begins, unless one runs already.
  local function start_next(d, i)
    local w, q = i.w, plans.queue(d.p, i.queue)
    if w.sla ~= '' then return false end
    w.sla, w.warned, w.at = 'next', 0, steps.clock(d, w.clock)
    w.promise = q.next
    w.target = plans.target(q.next)
    i.facts[4] = q.next > 0 and exact(plans.real(d.p, w.clock, w.at + q.next)) or '0'
    return true
  end

  -- A customer's message came under an item that is open already. True when facts were written.
  function work.message(d, item)
    local i = work.read(d, item)
    if not i or i.state == 'done' then return false end
    if i.state == 'on_hold' or i.state == 'snoozed' then
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
    local has = i.state == 'offered' and string.find(' ' .. i.offered .. ' ', ' ' .. agent .. ' ', 1, true)
    local had = HELD[i.state] and i.agent == agent
    leave(d, i, agent, 'lost')
    resume_clocks(d, i)
    i.state, i.agent = 'active', agent
    if not has and not had then i.w.units = plans.kind(d.p, i.w.kind).units end
    keep(d, i, 'state', 'active', 'agent', agent, 'changed', d.text, 'offered', '', 'until', '0', 'again', '0', 'only_until', '0')
    call('ZADD', d.tag .. ':held', d.text, i.id)
    set_timer(d, i)
    if crew.listed(d, agent) and not has and not had then crew.take(d, agent, i.id, i.w.kind, i.w.units) end
    work.fact(d, 'claim', i, agent, how)
    set_last_agent(d, i, agent)
  end

  local function conversation_of(d, i)
    local c = call('HMGET', d.tag .. ':conv:' .. i.conversation, 'item', 'messages')
    return c[1] == i.id, tonumber(c[2]) or 0
  end

  local function learn_handling(d, i)
    local since = tonumber(call('HGET', d.tag .. ':item:' .. i.id, 'changed')) or d.now
    local rate, at, handling, kind = string.match(call('HGET', d.tag .. ':load', i.queue) or '',
      '^(%S+) (%S+) (%S+) (%S+)')
    if not rate then return end
    handling = (tonumber(handling) or 0) + 0.05 * (math.max(d.now - since, 1) - (tonumber(handling) or 0))
    call('HSET', d.tag .. ':load', i.queue, table.concat({ rate, at, string.format('%.0f', math.max(handling, 1)), kind }, ' '))
  end

  -- Ends it: out of its place, its conversation's open one no more. `into`: the item that goes on with it.
  function work.finish(d, i, into)
    leave(d, i)
    call('ZREM', d.tag .. ':timer:' .. i.w.clock, i.id)
    i.state = 'done'
    keep(d, i, 'state', 'done', 'changed', d.text, 'offered', '', 'until', '0', 'again', '0', 'only_until', '0',
      unpack(into and { 'into', into } or {}))
  end

  function work.done(d, i, agent)
    if i.state == 'active' then learn_handling(d, i) end
    local is_open = conversation_of(d, i)
    work.finish(d, i)
    if is_open then
      call('HSET', d.tag .. ':conv:' .. i.conversation, 'item', '', 'queue', '', 'messages', 0, 'was', i.id)
    end
    change_open(d.tag, i.customer, i.conversation, '')
    work.fact(d, 'done', i, agent ~= '' and agent or i.agent)
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
    set_timer(d, i)
    if until_ms > 0 then steps.due(d, i.id, until_ms) end
    work.fact(d, state == 'on_hold' and 'hold' or 'snooze', i, agent, exact(until_ms) .. (why ~= '' and ' ' .. why or ''))
  end

  -- ---- offers

  function work.offer(d, i, agents, until_ms, record)
    leave_line(d, i)
    count_waiting(d, i.queue, -1)
    i.state, i.offered = 'offered', table.concat(agents, ' ')
    keep(d, i, 'state', 'offered', 'offered', i.offered, 'until', exact(until_ms), 'changed', d.text)
    set_timer(d, i)
    steps.due(d, i.id, until_ms)
    for _, name in ipairs(agents) do crew.take(d, name, i.id, i.w.kind, i.w.units) end
    work.fact(d, 'offer', i, i.offered, exact(until_ms), record)
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
    steps.due(d, i.id, nil)
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

  -- ---- what happens by itself at a real time

  local function miss(d, name)
    local a = crew.of(d, name)
    local misses = a.misses + 1
    if misses >= d.p.misses and (a.presence == 'ready' or a.presence == 'busy') then
      crew.set_presence(d, name, 'away', 'ignored ' .. misses .. ' offers')
    else
      crew.set_misses(d, a, misses)
    end
  end

  local ended = {
    offered = function(d, i)
      local names = {}
      for name in string.gmatch(i.offered, '%S+') do names[#names + 1] = name end
      for _, name in ipairs(names) do work.refuse(d, i, name, 'ignored', true) end
      for _, name in ipairs(names) do miss(d, name) end
    end,
    waiting = function(d, i)
      if i.again > 0 and i.again <= d.now then
        call('HDEL', d.tag .. ':declined', i.id)
        i.again = 0
        steps.mark(d, 'l:' .. i.w.line)
      end
      if i.only_until > 0 and i.only_until <= d.now then
        i.only_until, i.w.only = 0, ''
        leave_line(d, i)
        enter_line(d, i)
        set_timer(d, i)
      end
      keep(d, i, 'again', exact(i.again), 'only_until', exact(i.only_until))
      set_due_of_waiting(d, i)
    end,
    wrapping = function(d, i)
      local is_open, messages = conversation_of(d, i)
      local seen = tonumber(i.seen)
      local a = i.agent
      if is_open and seen and messages > seen then
        leave(d, i)
        work.fact(d, 'resume', i, a, 'reply')
        work.back(d, i)
      else
        work.done(d, i, a)
      end
    end,
    active = function(d, i)
      local a = i.agent
      if crew.listed(d, a) and crew.of(d, a).presence ~= 'offline' then return steps.due(d, i.id, nil) end
      leave(d, i)
      work.fact(d, 'requeue', i, a, i.queue .. ' lease')
      work.back(d, i)
    end,
  }
  local function wakes(d, i)
    resume_clocks(d, i)
    if i.agent ~= '' and crew.listed(d, i.agent) then i.w.known = i.agent end
    work.fact(d, 'resume', i, i.agent, 'time')
    work.back(d, i)
  end
  ended.snoozed, ended.on_hold = wakes, wakes

  function work.expire(d, most)
    local due = call('ZRANGEBYSCORE', d.tag .. ':due', '-inf', d.text, 'LIMIT', 0, most)
    for _, item in ipairs(due) do
      call('ZREM', d.tag .. ':due', item)
      local i = work.read(d, item)
      if i and ended[i.state] then ended[i.state](d, i) end
    end
    return #due == most
  end

  -- ---- what happens on a queue's clock

  local function tell_deadline(d, i, which, grade, at)
    work.fact(d, 'deadline', i, i.agent, grade .. ' ' .. which .. ' ' .. exact(plans.real(d.p, i.w.clock, at)))
  end

  local function warn(d, i, clock)
    local w, q = i.w, plans.queue(d.p, i.queue)
    if w.paused > 0 then return end
    if w.sla ~= '' and w.promise > 0 then
      if w.warned < 2 and clock > w.at + w.promise then
        w.warned = 2
        tell_deadline(d, i, w.sla, 'late', w.at + w.promise)
      elseif w.warned == 0 and q.warn < 1 and clock >= w.at + math.floor(q.warn * w.promise) then
        w.warned = 1
        tell_deadline(d, i, w.sla, 'warn', w.at + w.promise)
      end
    end
    if w.resolve > 0 and w.resolve_warned < 2 and clock > w.resolve_at + w.resolve then
      w.resolve_warned = 2
      tell_deadline(d, i, 'resolve', 'late', w.resolve_at + w.resolve)
    elseif w.resolve > 0 and w.resolve_warned == 0 and q.warn < 1 and
      clock >= w.resolve_at + math.floor(q.warn * w.resolve) then
      w.resolve_warned = 1
      tell_deadline(d, i, 'resolve', 'warn', w.resolve_at + w.resolve)
    end
  end

  local function fire(d, item, clock)
    local i = work.read(d, item)
    if not i or i.state == 'done' then return false end
    warn(d, i, clock)
    if i.w.line ~= '' then
        leave_line(d, i)
      enter_line(d, i)
    end
    keep(d, i)
    set_timer(d, i)
    return true
  end

  -- Whatever is due on a queue's clock. True when there may be more.
  function work.tick(d)
    local more = false
    local names = { [''] = true }
    for name in pairs(d.p.clocks) do names[name] = true end
    for name in pairs(names) do
      local key, clock = d.tag .. ':timer:' .. name, steps.clock(d, name)
      local due = call('ZRANGEBYSCORE', key, '-inf', exact(clock), 'LIMIT', 0, TIMERS_AT_ONCE)
      for _, item in ipairs(due) do
        if not fire(d, item, clock) then call('ZREM', key, item) end
      end
      more = more or #due == TIMERS_AT_ONCE
    end
    return more
  end

  -- The next real time at which something is due; nil: nothing.
  function work.next_due(d)
    local at
    local function head(key, real)
      local first = call('ZRANGE', d.tag .. ':' .. key, 0, 0, 'WITHSCORES')
      if first[2] then at = earlier(at, real(tonumber(first[2]))) end
    end
    head('due', function(t) return t end)
    head('seen', function(t) return t end)
    head('timer:', function(t) return t end)
    for name in pairs(d.p.clocks) do
      head('timer:' .. name, function(t) return plans.real(d.p, name, t) end)
      at = earlier(at, plans.changes(d.p, name, d.now))
    end
    return at
  end

  -- ---- another plan: everything that waits is put in line again, the most urgent of each line first

  function work.replan(d, most)
    local line = call('SRANDMEMBER', d.tag .. ':replan')
    if not line then return false end
    local moved = 0
    for _, set in ipairs({ 'l', 'o', 'p' }) do
      local ids = moved < most and call('ZRANGE', line_key(d, line, set), 0, most - moved - 1) or {}
      for _, item in ipairs(ids) do
        call('ZREM', line_key(d, line, set), item)
        local i = work.read(d, item)
        if i and i.state == 'waiting' then
          if i.w.known ~= '' then call('ZREM', d.tag .. ':known:' .. i.w.known, item) end
          if i.w.known ~= '' and not crew.listed(d, i.w.known) then i.w.known = '' end
          enter_line(d, i)
          keep(d, i)
          set_timer(d, i)
        end
        moved = moved + 1
      end
    end
    if moved < most then call('SREM', d.tag .. ':replan', line) end
    return true
  end

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
    return plans.fits(d.p, l, d.p.agents[agent].profile, work.stand_in(d, l)) ~= false
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

  -- accept {tag}  now item agent
  local function accept(keys, args)
    local d = steps.begin(keys[1], args[1])
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state == 'active' and i.agent == args[3] then return 'OK' end -- a repeat
    if i.state ~= 'offered' or not string.find(' ' .. i.offered .. ' ', ' ' .. args[3] .. ' ', 1, true) then return 'NOT' end
    crew.set_misses(d, crew.of(d, args[3]), 0)
    work.activate(d, i, args[3], 'accepted')
    return 'OK'
  end

  -- decline {tag}  now item agent why
  local function decline(keys, args)
    local d = steps.begin(keys[1], args[1])
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state ~= 'offered' or not string.find(' ' .. i.offered .. ' ', ' ' .. args[3] .. ' ', 1, true) then return 'NOT' end
    work.refuse(d, i, args[3], 'declined' .. (args[4] ~= '' and ' ' .. one_line(args[4]) or ''), true)
    return 'OK'
  end

  -- Takes this item for the agent, or says why not.
  local function pick(d, i, agent, force, how)
    local listed = crew.listed(d, agent)
    if i.state == 'done' then return { 'DONE', i.id } end
    if i.state == 'offered' and string.find(' ' .. i.offered .. ' ', ' ' .. agent .. ' ', 1, true) then
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
    if args[3] == '' then return redis.error_reply('INVALID agent') end
    local queue, agent, item, answer = args[2], args[3], args[4] or '', nil
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

  -- done {tag}  now item agent seen : ends it, or begins the wrap-up. `seen` is the number of messages the agent has seen
  -- ('' any). Answers OK, or GONE, DONE (already), NEWS (a message came in since).
  local function done(keys, args)
    local d = steps.begin(keys[1], args[1])
    local agent, seen = args[3], args[4]
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state == 'done' then return 'DONE' end
    local is_open, messages = conversation_of(d, i)
    if seen ~= '' and is_open and tonumber(seen) < messages then return 'NEWS' end
    if i.state == 'active' and plans.queue(d.p, i.queue).wrap > 0 then
      wrap(d, i, agent, seen ~= '' and seen or messages)
    else
      work.done(d, i, agent)
    end
    return 'OK'
  end

  -- requeue {tag}  now item queue agent by note : back into its queue (or another), with its age; for one agent alone at
  -- first if one is named.
  local function requeue(keys, args)
    local d = steps.begin(keys[1], args[1])
    local queue, to, by, note = args[3], args[4] or '', args[5] or '', args[6] or ''
    local i = work.read(d, args[2])
    if not i then return 'GONE' end
    if i.state == 'done' then return 'DONE' end
    if to ~= '' and not crew.listed(d, to) then return 'UNKNOWN' end
    if queue == '' then queue = i.queue end
    if i.state == 'waiting' and queue == i.queue and to == '' then return 'WAITS' end
    local from, had = i.queue, i.agent
    leave(d, i)
    resume_clocks(d, i)
    local words = from .. (to ~= '' and ' to=' .. to or '') .. (by ~= '' and ' by=' .. one_line(by) or '')
    if note ~= '' then call('HSET', d.tag .. ':item:' .. i.id, 'note', note) end
    i.queue = queue
    local conv = d.tag .. ':conv:' .. i.conversation
    if call('HGET', conv, 'item') == i.id then call('HSET', conv, 'queue', queue) end
    work.fact(d, 'requeue', i, had, words, nil, note)
    work.back(d, i, queue, to ~= '' and to or nil)
    return 'OK'
  end

  -- item {tag}  now item agent verb until why
  local function item_verb(keys, args)
    local d = steps.begin(keys[1], args[1])
    local agent, verb, until_ms, why = args[3], args[4], tonumber(args[5]) or 0, one_line(args[6] or '')
    if verb == 'resume' and agent == '' then return redis.error_reply('INVALID agent') end
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
      local answer = pick(d, i, agent, false, 'agent')
        return answer
    elseif verb == 'reopen' then
      local conv = d.tag .. ':conv:' .. i.conversation
      local now_open = call('HGET', conv, 'item') or ''
      if now_open ~= '' then return { 'TAKEN', now_open } end
      call('HDEL', d.tag .. ':item:' .. i.id, 'into')
      call('HSET', conv, 'item', i.id, 'queue', i.queue, 'messages', 0)
      change_open(d.tag, i.customer, '', i.conversation)
      work.fact(d, 'reopen', i, agent, i.id .. ' ' .. why)
      i.w.sla, i.w.paused = '', 0
      start_next(d, i)
      work.back(d, i)
      call('HSET', d.tag .. ':item:' .. i.id, 'facts', concat(i.facts, US))
    else
      set_aside(d, i, to, agent, until_ms, why)
    end
    return { 'OK', to }
  end

  -- ---- for the other parts of the library

  work.leave, work.wait, work.keep, work.pack, work.HELD, work.exact = leave, wait, keep, pack, HELD, exact

  -- An item waits again as it did, because what took it away was undone.
  function work.wake(d, item)
    local i = work.read(d, item)
    if not i then return end
    call('HDEL', d.tag .. ':item:' .. item, 'into')
    if i.state ~= 'done' then leave(d, i) end
    resume_clocks(d, i)
    work.back(d, i)
  end

  -- Another priority, and why.
  function work.raise(d, item, priority, reason)
    local i = work.read(d, item)
    if not i or i.state == 'done' then return false end
    call('HSET', d.tag .. ':item:' .. item, 'reason', reason)
    i.facts[3], i.priority = priority, priority
    if i.state == 'on_hold' or i.state == 'snoozed' then
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

  function work.register()
    register('accept', accept)
    register('decline', decline)
    register('claim', claim)
    register('done', done)
    register('requeue', requeue)
    register('item', item_verb)
  end
end

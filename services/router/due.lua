-- What happens to work items by themselves: offers, leases, wrap-ups and snoozes that end; promises that come near and are
-- broken; needs that soften; another plan. Part of the library that begins in functions.lua. Keys: proto/redis.md, "Dispatch".
do
  local TIMERS_AT_ONCE, AGAIN_MS = 64, 60000
  local exact, keep, earlier, set_timer, line_key = work.exact, work.keep, work.earlier, work.set_timer, work.line_key
  local leave_line, enter_line, leave = work.leave_line, work.enter_line, work.leave
  local set_due_of_waiting, resume_clocks = work.set_due_of_waiting, work.resume_clocks

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
      local counts = not crew.nobody_looked(d, i.until_ms)
      for _, name in ipairs(names) do work.refuse(d, i, name, 'ignored', counts) end
      for _, name in ipairs(counts and names or {}) do miss(d, name) end
    end,
    waiting = function(d, i)
      if i.again > 0 and i.again <= d.now then
        steps.set_changes(d, i.w.line, i.w.set, i.w.known)
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
      local is_open, messages = work.conversation_of(d, i)
      local seen = tonumber(i.seen)
      local a = i.agent
      if is_open and seen and messages > seen then
        leave(d, i)
        work.fact(d, 'resume', i, a, 'reply')
        work.back(d, i)
      else
        work.done(d, i, a, is_open)
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

  -- What fails is tried again after a while, so that it holds nothing up and nothing of it is forgotten.
  local function attempt(d, name, item, again, act, ...)
    local ok, fault = pcall(act, ...)
    if ok then return fault end
    steps.schedule(d, name, item, again)
    error(fault, 0)
  end

  function work.expire(d, most)
    if (steps.first_at(d, 'due') or d.now + 1) > d.now then return false end
    local due = call('ZRANGEBYSCORE', d.tag .. ':due', '-inf', d.text, 'LIMIT', 0, most)
    for _, item in ipairs(due) do
      steps.due(d, item, nil)
      local i = work.read(d, item)
      if i and ended[i.state] then attempt(d, 'due', item, d.now + AGAIN_MS, ended[i.state], d, i) end
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
  work.fire = fire

  local function tick_calendar(d, calendar)
    local name, clock = 'timer:' .. calendar, steps.clock(d, calendar)
    if (steps.first_at(d, name) or clock + 1) > clock then return false end
    local due = call('ZRANGEBYSCORE', d.tag .. ':' .. name, '-inf', exact(clock), 'LIMIT', 0, TIMERS_AT_ONCE)
    for _, item in ipairs(due) do
      if not attempt(d, name, item, clock + AGAIN_MS, fire, d, item, clock) then steps.schedule(d, name, item, nil) end
    end
    return #due == TIMERS_AT_ONCE
  end

  -- Whatever is due on a queue's clock. True when there may be more.
  function work.tick(d)
    local more = tick_calendar(d, '')
    for calendar in pairs(d.p.clocks) do more = tick_calendar(d, calendar) or more end
    return more
  end

  -- The next real time at which something is due; nil: nothing.
  function work.next_due(d)
    local at = earlier(earlier(steps.first_at(d, 'due'), steps.first_at(d, 'seen')), steps.first_at(d, 'timer:'))
    for calendar in pairs(d.p.clocks) do
      local time = steps.first_at(d, 'timer:' .. calendar)
      at = earlier(earlier(at, time and plans.real(d.p, calendar, time)), plans.changes(d.p, calendar, d.now))
    end
    return at
  end

  -- ---- another plan: everything that waits is put in line again, the most urgent of each line first

  function work.replan(d, most)
    if steps.planned(d) then return false end
    local line = call('SRANDMEMBER', d.tag .. ':replan')
    if not line then
      steps.set_planned(d)
      return false
    end
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
end

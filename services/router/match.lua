-- Which item to whom: works off what may have made an offer possible, decides by the routing rule and makes the offers. Part of
-- the library that begins in functions.lua. Keys: proto/redis.md, "Dispatch".
do
  local HEADS_IN_VIEW = 40 -- a view has 64 queues
  local COMPARED = 2       -- of an agent's most urgent, those that all agents are asked about
  local EXPIRE_AT_ONCE, REPLAN_AT_ONCE, MARKS_AT_ONCE = 64, 200, 16

  -- ---- offers of decisions

  -- The agents the offer goes to: the rule's first, and as many after him as the queue offers to at once.
  local function chosen(d, rows, most)
    if most == 1 then return { rows[1].agent } end
    local names, there = {}, {}
    local function add(name)
      if #names < most and not there[name] then names[#names + 1], there[name] = name, true end
    end
    for _, row in ipairs(rows) do
      if #names == most then break end
      add(row.agent)
      if #names < most and row.alike > 1 then
        local a = crew.of(d, row.agent)
        for _, one in ipairs(crew.groups(d)[a.group].list) do
          if not d.apart[one.name] then add(one.name) end
        end
      end
    end
    return names
  end

  local function make_offer(d, first, rows, record, offers)
    local q = plans.queue(d.p, first.queue)
    local agents = chosen(d, rows, first.l.only and 1 or q.offer_to)
    work.offer(d, first, agents, d.now + q.offer_ms, record)
    offers[#offers + 1] = first.id
    offers[#offers + 1] = table.concat(agents, ' ')
    offers[#offers + 1] = work.exact(d.now + q.offer_ms)
  end

  -- Decides on these heads among all agents; the one that was offered, nil none.
  local function decide(d, list, offers)
    local first, _, record, rows = rule.decide(view.of(d, list))
    if first then make_offer(d, first, rows, record, offers) end
    return first
  end

  -- The lines that agents of a profile may fit. Whether they stand in for somebody is asked again.
  local function lines_of(d, profile)
    local lines, kept = steps.lines(d)
    local list = kept[profile] or { seen = 0 }
    for n = list.seen + 1, #lines do
      local l = plans.line(d.p, lines[n])
      if l and (l.queue.nobody or plans.speeds(d.p, l)[profile]) then list[#list + 1] = l end
    end
    list.seen, kept[profile] = #lines, list
    return list
  end

  -- A list that is longer than a view in parts, the most urgent first.
  local function windows(d, list)
    if #list <= HEADS_IN_VIEW then return { list } end
    for _, head in ipairs(list) do head.index = view.index(d, head) end
    table.sort(list, function(a, b) return a.index > b.index or (a.index == b.index and a.id < b.id) end)
    local out = {}
    for n, head in ipairs(list) do
      local at = math.floor((n - 1) / HEADS_IN_VIEW) + 1
      out[at] = out[at] or {}
      out[at][#out[at] + 1] = head
    end
    return out
  end

  -- One decision on a list; true when an offer was made.
  local function decide_any(d, list, offers)
    for _, some in ipairs(windows(d, list)) do
      if #some > 0 and decide(d, some, offers) then return true end
    end
    return false
  end

  -- Agents who became free may have made the reserve of a queue whole that was not when something was last decided; then
  -- somebody else may take what has time. Said once, with the queue in `became`.
  local function reserve_became_whole(d, became)
    local able, binding, any = crew.able(d), crew.binding(d), false
    for _, b in ipairs(view.base_queues(d)) do
      local n = b.number + 1
      if binding[n] ~= false and (able[n] or 0) > b.keep then binding[n], became[#became + 1], any = false, b, true end
    end
    return any
  end

  -- Is one of these whole still? The others were broken again before anybody else could take something, and become whole anew.
  local function is_whole(d, became)
    local able, binding, any = crew.able(d), crew.binding(d), false
    for _, b in ipairs(became) do
      local n = b.number + 1
      local whole = (able[n] or 0) > b.keep
      binding[n], any = not whole, any or whole
    end
    return any
  end

  -- What could be kept until now is more urgent, perhaps, than what the agent would take, the most urgent of which has this
  -- index (nil: nothing).
  local function with_parked(d, list, index)
    local all, there, parked = {}, {}, {}
    for n, head in ipairs(list) do all[n], there[head.id] = head, true end
    for _, line in ipairs((steps.lines(d))) do
      local l = view.served(d, line)
      for _, head in ipairs(l and l.parked > 0 and view.heads(d, line) or {}) do
        if head.set == 'p' and not there[head.id] and (not index or view.index(d, head) + plans.most_bonus(d.p) >= index) then
          parked[#parked + 1] = head
        end
      end
    end
    for _, head in ipairs(windows(d, parked)[1]) do
      if #all < HEADS_IN_VIEW then all[#all + 1] = head end
    end
    return all
  end

  -- The most urgent goes first when marks are worked off together: of many lines all are looked at.
  local function mark_parked(d)
    local marks = {}
    for _, line in ipairs((steps.lines(d))) do
      local l = view.served(d, line)
      if l and l.parked > 0 and #view.heads(d, line) > 0 then marks[#marks + 1] = 'l:' .. line end
    end
    if #marks > MARKS_AT_ONCE then marks = { '*' } end
    if #marks > 0 then steps.mark(d, unpack(marks)) end
  end

  -- ---- marks: each is worked off until nothing can be taken, or `most` offers are made; false when that was so

  local function enough(offers, most) return #offers >= 3 * most end

  local function work_off_agent(d, name, offers, most)
    local became, done, last, gone = {}, false, nil, nil
    d.looking = name
    while not done and not enough(offers, most) do
      local g, list, index = crew.groups(d)[crew.of(d, name).group], {}, nil
      if g then list, index, last = view.best(d, name, g.shape, lines_of(d, g.shape.profile), COMPARED, last, gone) end
      if g and reserve_became_whole(d, became) then list = with_parked(d, list, index) end
      gone = #list > 0 and decide(d, list, offers)
      done = not gone
    end
    if is_whole(d, became) then mark_parked(d) end
    return done
  end

  -- Lines together, so that the most urgent of them goes first.
  local function work_off_lines(d, lines, offers, most)
    d.looking = nil
    while not enough(offers, most) do
      local list = {}
      for _, line in ipairs(lines) do
        local l = view.served(d, line)
        if l and view.anybody_fits(d, l) then
          for _, head in ipairs(view.heads(d, line)) do list[#list + 1] = head end
        end
      end
      if not decide_any(d, list, offers) then return true end
    end
    return false
  end

  -- Agents first: they look at all that waits, a line only at itself, '*' at all lines. Answers those that have no more to give.
  local function work_off(d, marks, offers, most)
    local lines, everything, done = {}, false, {}
    table.sort(marks)
    for _, mark in ipairs(marks) do
      local name = string.sub(mark, 3)
      if mark == '*' then
        everything = true
      elseif string.sub(mark, 1, 2) == 'l:' then
        lines[#lines + 1] = name
      elseif not enough(offers, most) and work_off_agent(d, name, offers, most) then
        done[#done + 1] = mark
      end
    end
    local all = work_off_lines(d, everything and (steps.lines(d)) or lines, offers, most)
    if all and everything then done[#done + 1] = '*' end
    for _, line in ipairs((all or everything) and lines or {}) do done[#done + 1] = 'l:' .. line end -- '*' is all of them
    return done
  end

  -- A calendar that opened or closed since the last call.
  local function watch_hours(d)
    if next(d.p.clocks) == nil then return end
    local was, changed = steps.hash(d, 'hours'), false
    for name in pairs(d.p.clocks) do
      -- with the next change, so that one that nobody saw is not missed
      local open = (plans.is_open(d.p, name, d.now) and '1 ' or '0 ') ..
        work.exact(plans.changes(d.p, name, d.now) or 0)
      if was[name] ~= open then
        call('HSET', d.tag .. ':hours', name, open)
        changed = true
      end
    end
    if not changed then return end
    for _, name in ipairs(d.p.agent_order) do
      local hours = d.p.agents[name].hours
      if hours ~= '' then
        local a = crew.of(d, name)
        if a.presence == 'ready' or a.presence == 'busy' then crew.place(d, a) end
      end
    end
    steps.mark(d, '*')
  end

  local drawn -- the marks that are being looked at

  -- Works off some marks, and takes away those that gave all they had and were not made anew meanwhile. True when there may
  -- be more.
  local function look_at_marks(d, offers, most)
    local marks = d.tag .. ':marks'
    if next(crew.groups(d)) == nil then
      call('DEL', marks) -- nobody has room; whoever gets some leaves a mark
      return false
    end
    local some, gone = call('SRANDMEMBER', marks, MARKS_AT_ONCE), {}
    if #some == 0 then return false end
    d.fresh, drawn = {}, some
    local done = work_off(d, some, offers, most)
    for _, mark in ipairs(done) do
      if not d.fresh[mark] then gone[#gone + 1] = mark end
    end
    if #gone > 0 then call('SREM', marks, unpack(gone)) end
    return #some == MARKS_AT_ONCE or #done < #some or next(d.fresh) ~= nil
  end

  local function dispatch_once(keys, args)
    local d, most = steps.begin(keys[1], args[1]), tonumber(args[2])
    steps.gather(keys[1])
    local more = crew.expire(d, EXPIRE_AT_ONCE)
    more = work.expire(d, EXPIRE_AT_ONCE) or more
    watch_hours(d)
    d.behind = work.tick(d)
    more = d.behind or more
    more = work.replan(d, REPLAN_AT_ONCE) or more
    local offers, left = {}, true
    while left and not enough(offers, most) do left = look_at_marks(d, offers, most) end
    left = left and call('SCARD', d.tag .. ':marks') > 0
    d.marked = left and math.huge or nil -- those made here are worked off, most of them
    local next_due = work.next_due(d)
    return { (more or left) and '1' or '0', next_due and work.exact(next_due) or '0', unpack(offers) }
  end

  -- dispatch {tag}  now most : what is due by itself, then at most `most` offers. Answers more, next, then per offer item,
  -- agents, until. A call that fails takes the marks that it failed at away, so that the next one does not fail at them again, and
  -- leaves one to look at everything.
  local function dispatch(keys, args)
    drawn = nil
    local ok, answer = pcall(dispatch_once, keys, args)
    if ok then return answer end
    if drawn then pcall_redis('SREM', keys[1] .. ':marks', unpack(drawn)) end
    steps.forget()
    return redis.error_reply(type(answer) == 'table' and answer.err or tostring(answer))
  end

  -- ---- pull

  -- What this agent would take now of a queue ('' of all): the most urgent for them, whatever the reserve says.
  -- nil and why: NONE, FULL.
  function work.most_urgent(d, queue, agent)
    local listed = crew.listed(d, agent)
    local shape = listed and crew.shape(d, crew.of(d, agent))
    if listed and (not shape or shape.room <= 0) then return nil, 'FULL' end
    d.behind = true -- no dispatch may have run for long
    local best, best_index, full
    local function judge(head, l, known)
      if head.declined and work.names(head.declined, agent) then return end
      local speed = 0
      if listed then
        speed = (not l.only or l.only == agent) and view.speed(d, shape, l)
        if not speed then return end
        if not plans.has_room(shape, l.kind, l.units) then full = true return end
      end
      local index = view.index(d, head) + speed + (known and plans.known_bonus(d.p) or 0)
      if not best or index > best_index or (index == best_index and head.id < best) then
        best, best_index = head.id, index
      end
    end
    if not listed and queue == '' then return nil, 'NONE' end
    for _, name in ipairs((steps.lines(d))) do
      local l = plans.line(d.p, name)
      local of_queue = queue == '' or (l and l.queue.name == queue)
      for _, other in ipairs(l and l.queues or {}) do of_queue = of_queue or other == queue end
      if l and of_queue then
        for _, head in ipairs(view.heads(d, name)) do judge(head, l, false) end
      end
    end
    for _, head in ipairs(listed and view.known(d, agent) or {}) do
      if queue == '' or head.l.queue.name == queue then judge(head, head.l, true) end
    end
    if not best then return nil, full and 'FULL' or 'NONE' end
    return work.read(d, best)
  end

  -- ---- plan {tag}  now version plan hours : the routing rules of the desk definition of this version.

  local function plan(keys, args)
    local tag, version = keys[1], args[2]
    if (call('GET', tag .. ':desk') or '0') ~= version then return redis.error_reply('STALE desk definition') end
    local old = plans.of(tag)
    local clocks = plans.clocks_text(old, args[4], tonumber(args[1]))
    local digest = redis.sha1hex(args[3])
    local generation, had = string.match(old.stamp, '^([^\31]*)\31([^\31]*)')
    local same = had == digest
    if not same then generation = string.format('%.0f', (tonumber(generation) or 0) + 1) end
    call('SET', tag .. ':plan:text', args[3])
    call('SET', tag .. ':plan:clocks', clocks)
    call('SET', tag .. ':plan', concat({ generation, digest, redis.sha1hex(clocks) }, '\31'))
    if not same then
      call('SUNIONSTORE', tag .. ':replan', tag .. ':replan', tag .. ':lines')
      call('DEL', tag .. ':lines')
      local d = steps.begin(tag, args[1])
      crew.rebuild(d)
    end
    return 'OK'
  end

  crew.register()
  register('dispatch', dispatch)
  register('plan', plan)
end

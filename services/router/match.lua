-- Which item to which agent: builds the view that the routing rule (common/dispatch/rule.lua) decides on, and makes offers of
-- its decisions. Part of the library that begins in functions.lua. Keys: proto/redis.md, "Dispatch".
local match_step = {}
do
  local HEADS_DEEP = 64    -- items of a set looked at when those before were declined
  local KNOWN_MAX = 16     -- waiting items of an agent's own customers that are looked at when they are free
  local HEADS_IN_VIEW, SHOWN = 40, 4 -- a view has 64 queues; a record shows so many items
  local EXPIRE_AT_ONCE, REPLAN_AT_ONCE, MARKS_AT_ONCE = 64, 200, 16
  local SETS = { 'p', 'o', 'l' }

  -- ---- heads of a line: of each set the first, and those behind it as long as somebody declined the one before

  local function read_head(d, id, line, set, score)
    local place, facts = unpack(call('HMGET', d.tag .. ':item:' .. id, 'place', 'facts'))
    if not place then return nil end
    local declined
    if d.any_declined == nil then d.any_declined = call('HLEN', d.tag .. ':declined') > 0 end
    declined = d.any_declined and call('HGET', d.tag .. ':declined', id) or false
    return { id = id, line = line, set = set, score = score, place = place, declined = declined,
      priority = string.match(facts or '', '^[^\31]*\31[^\31]*\31([^\31]*)') or '5' }
  end

  local function heads_of_set(d, line, set, out)
    local key, from = d.tag .. ':line:' .. line .. ':' .. set, 0
    while from < HEADS_DEEP do
      local most = from == 0 and 1 or 16
      local page = call('ZRANGE', key, from, from + most - 1, 'WITHSCORES')
      for n = 1, #page, 2 do
        local head = read_head(d, page[n], line, set, tonumber(page[n + 1]))
        if head then
          out[#out + 1] = head
          if not head.declined then return end
        else
          call('ZREM', key, page[n]) -- left by a step that failed half way
          from = from - 1
        end
      end
      if #page < 2 * most then return end
      from = from + most
    end
  end

  local function heads(d, line)
    local h = d.heads[line]
    if h then return h end
    h = {}
    for _, set in ipairs(SETS) do heads_of_set(d, line, set, h) end
    if #h == 0 then
      call('SREM', d.tag .. ':lines', line)
      d.lines = nil
    end
    d.heads[line] = h
    return h
  end

  -- ---- what the rule must know of a queue

  local function load_of(d, q)
    if not d.loads then d.loads = {} end
    local l = d.loads[q.name]
    if l then return l end
    local rate, at, handling = string.match(call('HGET', d.tag .. ':load', q.name) or '', '^(%S+) (%S+) (%S+)')
    rate, at = tonumber(rate) or 0, tonumber(at) or d.now
    l = { rate = rate * math.exp(-math.max(d.now - at, 0) / 900000), handling = tonumber(handling) or q.handling }
    d.loads[q.name] = l
    return l
  end

  -- The queues that agents are kept free for, as such.
  local function base_queues(d)
    if d.bases then return d.bases end
    d.bases = {}
    local k = plans.kind(d.p, '')
    for n, q in ipairs(d.p.real_time) do
      local load, duty = load_of(d, q), steps.duty(d)[q.name] or 0
      local l = plans.line(d.p, plans.line_name(d.p, q.name, d.p.kinds[k.number], q.answer, '', ''))
      local base, late_base = plans.bases(d.p, l, load.handling)
      d.bases[n] = { name = q.name, target_ms = q.answer, kind = k.number - 1, units = k.units, real_time = true,
        on_duty = duty, keep = plans.keep(d.p, duty), able = 0, now_ms = steps.clock(d, q.hours),
        scarcity = load.rate * load.handling / (duty > 0 and duty or 1), base = base, late_base = late_base,
        slope = l.slope, late_slope = l.late_slope, head_start_ms = l.head_start, line = l }
    end
    return d.bases
  end

  local function line_queue(d, l)
    local load = load_of(d, l.queue)
    local base, late_base = plans.bases(d.p, l, load.handling)
    return { name = l.queue.name, target_ms = l.target, kind = l.kind - 1, units = l.units, real_time = false, able = 0,
      keep = 0, scarcity = 0, now_ms = steps.clock(d, l.queue.hours), base = base, late_base = late_base, slope = l.slope,
      late_slope = l.late_slope, head_start_ms = l.head_start, line = l }
  end

  -- Whoever has room for it and its skills: ln of speed or false.
  local function speed_of(d, shape, l)
    return plans.fits(d.p, l, shape.profile, work.stand_in(d, l))
  end

  -- ---- groups; those who are apart from the others for one of the items are given by themselves

  -- The first of a group who is none of `apart`.
  local function head_without(d, key, apart)
    local from = 0
    while true do
      local page = call('ZRANGE', d.tag .. ':group:' .. key, from, from + 15, 'WITHSCORES')
      for n = 1, #page, 2 do
        if not apart[page[n]] then return page[n], tonumber(page[n + 1]) end
      end
      if #page < 32 then return nil end
      from = from + 16
    end
  end

  -- The groups that have room and the skills for one of the lines.
  local function groups_of(d, apart, lines)
    local list, own, taken = {}, {}, {}
    local function fits_any(shape)
      for _, l in ipairs(lines) do
        if plans.has_room(shape, l.kind, l.units) and speed_of(d, shape, l) then return true end
      end
      return false
    end
    for name in pairs(apart) do
      local a = crew.of(d, name)
      local g = a.group ~= '' and crew.groups(d)[a.group]
      if g then
        taken[a.group] = (taken[a.group] or 0) + 1
        if fits_any(g.shape) then
          own[#own + 1] = { key = a.group, shape = g.shape, count = 1, agent = name, idle = a.idle, apart = true }
        end
      end
    end
    for key, g in pairs(crew.groups(d)) do
      local count = g.count - (taken[key] or 0)
      if count > 0 and fits_any(g.shape) then
        local agent, idle = g.agent, g.idle
        if apart[agent] then agent, idle = head_without(d, key, apart) end
        if agent then
          list[#list + 1] = { key = key, shape = g.shape, count = count, agent = agent, idle = idle }
        end
      end
    end
    for _, g in ipairs(own) do list[#list + 1] = g end
    return list
  end

  -- ---- the view

  local function item_of(d, head, queue, groups)
    local item = { id = head.id, queue = queue, set = head.set, score = head.score, behind = head.behind, ln_known = 0,
      known_idle_ms = 0 }
    local l = plans.line(d.p, head.line)
    local w = {}
    local n = 0
    for field in string.gmatch(head.place .. '\31', '([^\31]*)\31') do
      n = n + 1
      w[n] = field
    end
    -- Their places: PLACE in work.lua.
    local at, worth, known, id_facts = tonumber(w[4]), tonumber(w[13]) or 1, w[17] or '', nil
    item.arrival_ms, item.needs = at, l.words ~= '' and l.words or nil
    item.ln_value = at and head.priority and plans.ln_value(d.p, worth, head.priority) or nil
    if known ~= '' then
      local a = crew.of(d, known)
      for number, g in ipairs(groups) do
        if a.group ~= '' and g.key == a.group and (not g.apart or g.agent == known) and (g.apart or not d.apart[known]) then
          item.known, item.known_group, item.known_idle_ms = known, number - 1, a.idle
          item.ln_known = plans.known_bonus(d.p)
        end
      end
    end
    if head.declined or l.only then
      item.barred = {}
      for number, g in ipairs(groups) do
        item.barred[number] = (l.only and g.agent ~= l.only) or
          (head.declined and work.names(head.declined, g.agent)) or false
      end
    end
    return item
  end

  -- The rule's view of these heads. `one`: of the groups only that of this agent, who stands for the group.
  local function view_of(d, list, one)
    local v = { weights = d.p.weights, queues = {}, groups = {}, items = {} }
    local numbers, apart, lines = {}, {}, {}
    local able = crew.able(d)
    for n, b in ipairs(base_queues(d)) do
      b.able = able[n]
      v.queues[n] = b
    end
    for _, head in ipairs(list) do
      local l = plans.line(d.p, head.line)
      if not numbers[head.line] then
        v.queues[#v.queues + 1] = line_queue(d, l)
        numbers[head.line], lines[#lines + 1] = #v.queues, l
      end
      if l.only then apart[l.only] = true end
      for name in string.gmatch(head.declined or '', '%S+') do apart[name] = true end
    end
    d.apart = apart
    local groups
    if one then
      local a = crew.of(d, one)
      local g = crew.groups(d)[a.group]
      groups = { { key = a.group, shape = g.shape, count = 1, agent = one, idle = a.idle, apart = true } }
    else
      groups = groups_of(d, apart, lines)
    end
    for _, g in ipairs(groups) do
      local s = g.shape
      local group = { ln_speed = {}, units = s.units, room = s.room, kind_room = s.kind_room, crowded = s.crowded,
        agent = g.agent, idle_since_ms = g.idle, count = g.count }
      -- Whoever only stands in for a queue is none of the agents that are kept free for it.
      for n, q in ipairs(v.queues) do
        group.ln_speed[n] = q.real_time and plans.fits(d.p, q.line, s.profile) or not q.real_time and speed_of(d, s, q.line)
      end
      v.groups[#v.groups + 1] = group
    end
    for _, head in ipairs(list) do v.items[#v.items + 1] = item_of(d, head, numbers[head.line] - 1, groups) end
    return v
  end

  -- Is this line served now? Not those of another plan, nor of a queue that is closed.
  local function served(d, name)
    local l = plans.line(d.p, name)
    if not l then return nil end
    local q = l.queue
    if q.after ~= 'take' and not plans.is_open(d.p, q.hours, d.now) then return nil end
    return l
  end

  local function index_of(d, head)
    local l = plans.line(d.p, head.line)
    local base, late_base = plans.bases(d.p, l, load_of(d, l.queue).handling)
    local now = steps.clock(d, l.queue.hours)
    if head.set == 'l' then return late_base + ((now - l.target) - head.score) * l.late_slope end
    return base + (now - head.score) * l.slope
  end

  -- Waiting items of the agent's own customers, beside the heads that are there already.
  local function add_known(d, agent, list)
    local there = {}
    for _, head in ipairs(list) do there[head.id] = true end
    for _, id in ipairs(call('ZRANGE', d.tag .. ':known:' .. agent, 0, KNOWN_MAX - 1)) do
      if not there[id] then
        local place = call('HGET', d.tag .. ':item:' .. id, 'place') or ''
        local line, set = string.match(place, '^([^\31]*)\31([^\31]*)\31')
        local score = line and line ~= '' and served(d, line) and
          call('ZSCORE', d.tag .. ':line:' .. line .. ':' .. set, id)
        if score then
          local head = read_head(d, id, line, set, tonumber(score))
          head.behind = true
          list[#list + 1] = head
        end
      end
    end
  end

  -- ---- offers of decisions

  -- The agents the offer goes to: the rule's first, and as many after him as the queue offers to at once.
  local function chosen(d, rows, most)
    local names, there = {}, {}
    local function add(name)
      if #names < most and not there[name] then names[#names + 1], there[name] = name, true end
    end
    for _, row in ipairs(rows) do
      if #names == most then break end
      add(row.agent)
      if #names < most and row.alike > 1 then
        local a = crew.of(d, row.agent)
        for _, name in ipairs(call('ZRANGE', d.tag .. ':group:' .. a.group, 0, most)) do
          if not d.apart[name] then add(name) end
        end
      end
    end
    return names
  end

  local function make_offer(d, first, rows, record, offers)
    local i = work.read(d, first.id)
    local q = plans.queue(d.p, i.queue)
    local agents = chosen(d, rows, i.w.only ~= '' and 1 or q.offer_to)
    work.offer(d, i, agents, d.now + q.offer_ms, record)
    offers[#offers + 1] = first.id
    offers[#offers + 1] = table.concat(agents, ' ')
    offers[#offers + 1] = work.exact(d.now + q.offer_ms)
  end

  -- Decides on these heads among all agents; true when an offer was made.
  local function decide(d, list, offers)
    local first, _, record, rows = rule.decide(view_of(d, list))
    if first then make_offer(d, first, rows, record, offers) end
    return first ~= nil
  end

  local function all_lines(d)
    if not d.lines then d.lines = call('SMEMBERS', d.tag .. ':lines') end
    return d.lines
  end

  -- What this agent could take now: heads of the lines they fit, and their own customers' items.
  local function heads_for(d, name, shape)
    local list = {}
    for _, line in ipairs(all_lines(d)) do
      local l = served(d, line)
      if l and plans.has_room(shape, l.kind, l.units) and (not l.only or l.only == name) and speed_of(d, shape, l) then
        for _, head in ipairs(heads(d, line)) do list[#list + 1] = head end
      end
    end
    add_known(d, name, list)
    return list
  end

  -- The most urgent heads of a list for one agent, as many as a record shows. A list that is longer than a view is cut
  -- by urgency.
  local function best_for(d, name, list)
    if #list > HEADS_IN_VIEW then
      for _, head in ipairs(list) do head.index = index_of(d, head) end
      table.sort(list, function(a, b) return a.index > b.index or (a.index == b.index and a.id < b.id) end)
    end
    for from = 1, #list, HEADS_IN_VIEW do
      local some = {}
      for n = from, math.min(from + HEADS_IN_VIEW - 1, #list) do some[#some + 1] = list[n] end
      local by_id, best = {}, {}
      for _, head in ipairs(some) do by_id[head.id] = head end
      local items = rule.rank(view_of(d, some, name))
      for n = 1, math.min(#items, SHOWN) do best[n] = by_id[items[n].item.id] end
      if #best > 0 then return best end
    end
    return nil
  end

  -- Another agent who is free may make the reserve of a queue whole, so that somebody else may take what has time.
  local function reserve_may_be_whole(d, shape)
    local able = crew.able(d)
    for _, n in ipairs(plans.can(d.p, shape)) do
      if able[n] <= base_queues(d)[n].keep + 1 then return true end
    end
    return false
  end

  local function parked_heads(d)
    local list = {}
    for _, line in ipairs(all_lines(d)) do
      local l = served(d, line)
      for _, head in ipairs(l and l.parked > 0 and heads(d, line) or {}) do
        if head.set == 'p' then list[#list + 1] = head end
      end
    end
    return list
  end

  local function decide_parked(d, offers)
    local list = parked_heads(d)
    for from = 1, #list, HEADS_IN_VIEW do
      local some = {}
      for n = from, math.min(from + HEADS_IN_VIEW - 1, #list) do some[#some + 1] = list[n] end
      if decide(d, some, offers) then return true end
    end
    return false
  end

  -- ---- marks: each is worked off until nothing can be taken, or `most` offers are made; false when that was so

  local function enough(offers, most) return #offers >= 3 * most end

  local function work_off_agent(d, name, offers, most)
    while not enough(offers, most) do
      local a = crew.of(d, name)
      local g = a.group ~= '' and crew.groups(d)[a.group]
      if not g then return true end
      local best = best_for(d, name, heads_for(d, name, g.shape))
      if not best or not decide(d, best, offers) then
        if not reserve_may_be_whole(d, g.shape) or not decide_parked(d, offers) then return true end
      end
    end
    return false
  end

  -- Lines together, so that the most urgent of them goes first.
  local function work_off_lines(d, lines, offers, most)
    while not enough(offers, most) do
      local list = {}
      for _, line in ipairs(lines) do
        for _, head in ipairs(served(d, line) and heads(d, line) or {}) do list[#list + 1] = head end
      end
      if #list == 0 or not decide(d, list, offers) then return true end
    end
    return false
  end

  -- Somebody may have declined what others, who are alike, may have.
  local function work_off_declined(d, offers, most)
    for _, line in ipairs(d.any_declined and all_lines(d) or {}) do
      local declined
      for _, head in ipairs(served(d, line) and heads(d, line) or {}) do declined = declined or head.declined end
      if declined and not work_off_lines(d, { line }, offers, most) then return false end
    end
    return true
  end

  -- Everybody with room: one of each group, until none of them can take anything.
  local function work_off_all(d, offers, most)
    repeat
      local before, names = #offers, {}
      for _, g in pairs(crew.groups(d)) do names[#names + 1] = g.agent end
      table.sort(names)
      for _, name in ipairs(names) do
        if not work_off_agent(d, name, offers, most) then return false end
      end
    until #offers == before
    return work_off_declined(d, offers, most)
  end

  local function work_off_agents(d, mark, name, offers, most)
    if mark == '*' then return work_off_all(d, offers, most) end
    return work_off_agent(d, name, offers, most)
  end

  -- Agents first: they look at all that waits, a line only at itself. Answers the marks that have more to give.
  local function work_off(d, marks, offers, most)
    local lines, left = {}, {}
    table.sort(marks)
    for _, mark in ipairs(marks) do
      local name = string.sub(mark, 3)
      if string.sub(mark, 1, 2) == 'l:' then
        lines[#lines + 1] = name
      elseif not work_off_agents(d, mark, name, offers, most) then
        left[#left + 1] = mark
      end
    end
    if #lines > 0 and not work_off_lines(d, lines, offers, most) then
      for _, name in ipairs(lines) do left[#left + 1] = 'l:' .. name end
    end
    return left
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
        if a.presence == 'ready' then crew.place(d, a) end
      end
    end
    steps.mark(d, '*')
  end

  -- dispatch {tag}  now most : what is due by itself, then at most `most` offers. Answers more, next, then per offer item,
  -- agents, until.
  local function dispatch(keys, args)
    local d, most = steps.begin(keys[1], args[1]), tonumber(args[2])
    local more = crew.expire(d, EXPIRE_AT_ONCE)
    more = work.expire(d, EXPIRE_AT_ONCE) or more
    watch_hours(d)
    more = work.tick(d) or more
    more = work.replan(d, REPLAN_AT_ONCE) or more
    local offers, marks = {}, d.tag .. ':marks'
    while #offers < 3 * most do
      local some = call('SPOP', marks, MARKS_AT_ONCE)
      if #some == 0 then break end
      if next(crew.groups(d)) == nil then
        call('DEL', marks) -- nobody has room; whoever gets some leaves a mark
        break
      end
      local left = work_off(d, some, offers, most)
      if #left > 0 then call('SADD', marks, unpack(left)) end
    end
    more = more or call('SCARD', marks) > 0
    local next_due = work.next_due(d)
    return { more and '1' or '0', next_due and work.exact(next_due) or '0', unpack(offers) }
  end

  -- ---- pull

  -- What this agent would take now of a queue ('' of all): the most urgent for them, whatever the reserve says.
  -- nil and why: NONE, FULL.
  function work.most_urgent(d, queue, agent)
    local listed = crew.listed(d, agent)
    local shape = listed and crew.shape(d, crew.of(d, agent))
    if listed and (not shape or shape.room <= 0) then return nil, 'FULL' end
    local best, best_index, full
    local function judge(head, l, known)
      if head.declined and work.names(head.declined, agent) then return end
      local speed = 0
      if listed then
        speed = (not l.only or l.only == agent) and speed_of(d, shape, l)
        if not speed then return end
        if not plans.has_room(shape, l.kind, l.units) then full = true return end
      end
      local index = index_of(d, head) + speed + (known and plans.known_bonus(d.p) or 0)
      if not best or index > best_index or (index == best_index and head.id < best) then
        best, best_index = head.id, index
      end
    end
    if not listed and queue == '' then return nil, 'NONE' end
    for _, name in ipairs(all_lines(d)) do
      local l = plans.line(d.p, name)
      local of_queue = queue == '' or (l and l.queue.name == queue)
      for _, other in ipairs(l and l.queues or {}) do of_queue = of_queue or other == queue end
      if l and of_queue then
        for _, head in ipairs(heads(d, name)) do judge(head, l, false) end
      end
    end
    local mine = {}
    if listed then add_known(d, agent, mine) end
    for _, head in ipairs(mine) do
      local l = plans.line(d.p, head.line)
      if queue == '' or l.queue.name == queue then judge(head, l, true) end
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
      steps.finish(d)
    end
    return 'OK'
  end

  match_step.view_of, match_step.served = view_of, served
  match_step.speed_of, match_step.index_of = speed_of, index_of

  crew.register()
  work.register()
  register('dispatch', dispatch)
  register('plan', plan)
end

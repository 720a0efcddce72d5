-- Which item to which agent: builds the view that the routing rule (common/dispatch/rule.lua) decides on, and makes offers of
-- its decisions. Part of the library that begins in functions.lua. Keys: proto/redis.md, "Dispatch".
local match_step = {}
do
  local HEADS_DEEP = 64    -- items of a set looked at when those before were declined
  local KNOWN_MAX = 4      -- waiting items of an agent's own customers that are looked at when they are free
  local HEADS_IN_VIEW = 40 -- a view has 64 queues
  local COMPARED = 2       -- of an agent's most urgent, those that all agents are asked about
  local MOVED_AT_ONCE = 64
  local EXPIRE_AT_ONCE, REPLAN_AT_ONCE, MARKS_AT_ONCE = 64, 200, 16
  local SETS = { 'p', 'o', 'l' }

  -- ---- heads of a line: of each set the first, and those behind it as long as somebody declined the one before

  -- A waiting item as a decision sees it. place: see PLACE in work.lua; declined: names, false nobody.
  local function make_head(d, id, line, set, score, place, priority, declined)
    local w, n = {}, 0
    for field in string.gmatch(place, '([^\31]*)\31') do
      n = n + 1
      w[n] = field
    end
    local at = tonumber(w[4])
    return { id = id, line = line, l = plans.line(d.p, line), set = set, score = score, declined = declined, at = at,
      ln_value = at and plans.ln_value(d.p, tonumber(w[13]) or 1, priority) or nil, known = w[17] or '' }
  end

  local function read_head(d, id, line, set, score)
    local place, facts = unpack(call('HMGET', d.tag .. ':item:' .. id, 'place', 'facts'))
    if not place then return nil end
    if d.any_declined == nil then d.any_declined = call('HLEN', d.tag .. ':declined') > 0 end
    return make_head(d, id, line, set, score, place, string.match(facts or '', '^[^\31]*\31[^\31]*\31([^\31]*)') or '5',
      d.any_declined and call('HGET', d.tag .. ':declined', id) or false)
  end

  -- Should it be in another set by now? Only when there is more due than one call of the timers did.
  local function overdue(d, head)
    return d.behind and head.set ~= 'l' and head.at and
      plans.set_at(head.l, head.at, steps.clock(d, head.l.queue.hours)) ~= head.set
  end

  -- What is overdue goes where it belongs before anything is decided: it would be far too urgent where it is. Beyond
  -- MOVED_AT_ONCE nothing of that set is looked at in this call.
  local heads_of_set
  function heads_of_set(d, line, set, out)
    local key, from, begin = d.tag .. ':line:' .. line .. ':' .. set, 0, #out
    while from < HEADS_DEEP do
      local most = from == 0 and 1 or 16
      local page = call('ZRANGE', key, from, from + most - 1, 'WITHSCORES')
      for n = 1, #page, 2 do
        local head = read_head(d, page[n], line, set, tonumber(page[n + 1]))
        if head and overdue(d, head) then
          for i = #out, begin + 1, -1 do out[i] = nil end
          d.moved = (d.moved or 0) + 1
          if d.moved > MOVED_AT_ONCE then return true end
          work.fire(d, head.id, steps.clock(d, head.l.queue.hours))
          return heads_of_set(d, line, set, out)
        elseif head then
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
    local left
    for _, set in ipairs(SETS) do left = heads_of_set(d, line, set, h) or left end
    if #h == 0 and not left then
      call('SREM', d.tag .. ':lines', line)
      d.lines = nil
    end
    d.heads[line] = h
    return h
  end

  -- ---- what the rule must know of a queue

  -- The queues that agents are kept free for, as such.
  local function base_queues(d)
    if d.bases then return d.bases end
    d.bases = {}
    for n, q in ipairs(d.p.real_time) do
      local k = steps.base_kinds(d)[n]
      local load, duty = steps.load(d, q), crew.duty(d)[q.name] or 0
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
    d.line_queues = d.line_queues or {}
    local q = d.line_queues[l.name]
    if q then return q end
    local base, late_base = plans.bases(d.p, l, steps.load(d, l.queue).handling)
    q = { name = l.queue.name, target_ms = l.target, kind = l.kind - 1, units = l.units, real_time = false, able = 0,
      keep = 0, scarcity = 0, now_ms = steps.clock(d, l.queue.hours), base = base, late_base = late_base, slope = l.slope,
      late_slope = l.late_slope, head_start_ms = l.head_start, line = l }
    d.line_queues[l.name] = q
    return q
  end

  -- Whoever has room for it and its skills: ln of speed or false.
  local function speed_of(d, shape, l)
    return plans.fits(d.p, l, shape.profile, work.stand_in(d, l))
  end

  -- ---- groups; those who are apart from the others for one of the items are given by themselves

  -- The first of a group who is none of `apart`.
  local function head_without(g, apart)
    for _, a in ipairs(g.list) do
      if not apart[a.name] then return a.name, a.idle end
    end
    return nil
  end

  -- Calls do(g) for the groups that have room and the skills for the line, until it answers true.
  local function each_group(d, l, act)
    for _, profile in ipairs(plans.fitting(d.p, l, work.stand_in(d, l))) do
      for _, g in pairs(crew.groups_of(d, profile)) do
        if plans.has_room(g.shape, l.kind, l.units) and act(g) then return true end
      end
    end
    return false
  end

  local function yes() return true end

  local function anybody_fits(d, l) return each_group(d, l, yes) end

  -- The groups that have room and the skills for one of the lines.
  local function groups_of(d, apart, lines)
    local list, there, taken = {}, {}, {}
    for name in pairs(apart) do
      local a = crew.of(d, name)
      if a.group ~= '' then taken[a.group] = (taken[a.group] or 0) + 1 end
    end
    local function add(g)
      if there[g] then return end
      there[g] = true
      local count = #g.list - (taken[g.key] or 0)
      if count > 0 then
        local agent, idle = head_without(g, apart)
        list[#list + 1] = { key = g.key, shape = g.shape, count = count, agent = agent, idle = idle }
      end
      if not taken[g.key] then return end
      for _, a in ipairs(g.list) do
        if apart[a.name] then
          list[#list + 1] = { key = g.key, shape = g.shape, count = 1, agent = a.name, idle = a.idle, apart = true }
        end
      end
    end
    for _, l in ipairs(lines) do each_group(d, l, add) end
    return list
  end

  -- ---- the view

  local function item_of(d, head, queue, groups)
    local l = head.l
    local item = { id = head.id, queue = queue, set = head.set, score = head.score, behind = head.behind, ln_known = 0,
      known_idle_ms = 0, arrival_ms = head.at, ln_value = head.ln_value, needs = l.words ~= '' and l.words or nil }
    if head.known ~= '' then
      local a = crew.of(d, head.known)
      for number, g in ipairs(a.group ~= '' and groups or {}) do
        if g.key == a.group and (not g.apart or g.agent == a.name) and (g.apart or not d.apart[a.name]) then
          item.known, item.known_group, item.known_idle_ms = a.name, number - 1, a.idle
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
      b.able = able[n] or 0
      if b.able <= b.keep then crew.binding(d)[n] = true end
      v.queues[n] = b
    end
    for _, head in ipairs(list) do
      local l = head.l
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
    local l = head.l
    local base, late_base = plans.bases(d.p, l, steps.load(d, l.queue).handling)
    local now = steps.clock(d, l.queue.hours)
    if head.set == 'l' then return late_base + ((now - l.target) - head.score) * l.late_slope end
    return base + (now - head.score) * l.slope
  end

  -- Waiting items of the agent's own customers, those that wait longest.
  local function known_of(d, agent)
    d.known = d.known or {}
    if d.known[agent] then return d.known[agent] end
    local list = {}
    d.known[agent] = list
    for _, id in ipairs(call('ZRANGE', d.tag .. ':known:' .. agent, 0, KNOWN_MAX - 1)) do
      local place, facts, state = unpack(call('HMGET', d.tag .. ':item:' .. id, 'place', 'facts', 'state'))
      local line, set = string.match(place or '', '^([^\31]*)\31([^\31]*)\31')
      local l = state == 'waiting' and line and served(d, line)
      if l then
        if d.any_declined == nil then d.any_declined = call('HLEN', d.tag .. ':declined') > 0 end
        local head = make_head(d, id, line, set, 0, place,
          string.match(facts or '', '^[^\31]*\31[^\31]*\31([^\31]*)') or '5',
          d.any_declined and call('HGET', d.tag .. ':declined', id) or false)
        head.score, head.behind = plans.score(d.p, l, set, head.at, head.ln_value), true
        list[#list + 1] = head
      end
    end
    return list
  end

  -- ... beside the heads that are there already.
  local function add_known(d, agent, list)
    local there = {}
    for _, head in ipairs(list) do there[head.id] = true end
    for _, head in ipairs(known_of(d, agent)) do
      if not there[head.id] then list[#list + 1] = head end
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
        for _, one in ipairs(crew.groups(d)[a.group].list) do
          if not d.apart[one.name] then add(one.name) end
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
    if d.known and i.w.known ~= '' then d.known[i.w.known] = nil end
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

  -- The lines that agents of a profile fit and that are served.
  local function lines_of(d, profile)
    if d.lines_of_lines ~= all_lines(d) then d.lines_of_lines, d.lines_of = d.lines, {} end
    local list = d.lines_of[profile]
    if list then return list end
    list = {}
    for _, line in ipairs(d.lines) do
      local l = served(d, line)
      if l and plans.fits(d.p, l, profile, work.stand_in(d, l)) then list[#list + 1] = l end
    end
    d.lines_of[profile] = list
    return list
  end

  -- What this agent could take now: heads of the lines they fit, and their own customers' items.
  local function heads_for(d, name, shape)
    local list = {}
    for _, l in ipairs(lines_of(d, shape.profile)) do
      if plans.has_room(shape, l.kind, l.units) and (not l.only or l.only == name) then
        for _, head in ipairs(heads(d, l.name)) do list[#list + 1] = head end
      end
    end
    add_known(d, name, list)
    return list
  end

  -- A list that is longer than a view in parts, the most urgent first.
  local function windows(d, list)
    if #list <= HEADS_IN_VIEW then return { list } end
    for _, head in ipairs(list) do head.index = index_of(d, head) end
    table.sort(list, function(a, b) return a.index > b.index or (a.index == b.index and a.id < b.id) end)
    local out = {}
    for n, head in ipairs(list) do
      local at = math.floor((n - 1) / HEADS_IN_VIEW) + 1
      out[at] = out[at] or {}
      out[at][#out[at] + 1] = head
    end
    return out
  end

  -- The most urgent heads of a list for one agent, as many as a record shows; nil when none can be taken.
  local function best_for(d, name, list)
    for _, some in ipairs(windows(d, list)) do
      local by_id, best = {}, {}
      for _, head in ipairs(some) do by_id[head.id] = head end
      local items = #some > 0 and rule.rank(view_of(d, some, name)) or {}
      for n = 1, math.min(#items, COMPARED) do best[n] = by_id[items[n].item.id] end
      if #best > 0 then return best end
    end
    return nil
  end

  -- One decision on a list; true when an offer was made.
  local function decide_any(d, list, offers)
    for _, some in ipairs(windows(d, list)) do
      if #some > 0 and decide(d, some, offers) then return true end
    end
    return false
  end

  -- Agents who became free may have made the reserve of a queue whole that was not when something was last decided; then
  -- somebody else may take what has time. Said once.
  local function reserve_became_whole(d)
    local able, binding, became = crew.able(d), crew.binding(d), false
    for n, b in ipairs(base_queues(d)) do
      if binding[n] ~= false and (able[n] or 0) > b.keep then binding[n], became = false, true end
    end
    return became
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

  -- What could be kept until now is more urgent, perhaps, than what the agent would take.
  local function with_parked(d, list)
    local all, there = {}, {}
    for n, head in ipairs(list) do all[n], there[head.id] = head, true end
    for _, head in ipairs(parked_heads(d)) do
      if #all < HEADS_IN_VIEW and not there[head.id] then all[#all + 1] = head end
    end
    return all
  end

  local function mark_parked(d)
    for _, line in ipairs(all_lines(d)) do
      local l = served(d, line)
      if l and l.parked > 0 then steps.mark(d, 'l:' .. line) end
    end
  end

  -- ---- marks: each is worked off until nothing can be taken, or `most` offers are made; false when that was so

  local function enough(offers, most) return #offers >= 3 * most end

  local function work_off_agent(d, name, offers, most)
    while not enough(offers, most) do
      local a = crew.of(d, name)
      local g, list = a.group ~= '' and crew.groups(d)[a.group], {}
      if g then list = best_for(d, name, heads_for(d, name, g.shape)) or {} end
      if reserve_became_whole(d) then
        mark_parked(d)
        list = with_parked(d, list)
      end
      if #list == 0 or not decide(d, list, offers) then return true end
    end
    return false
  end

  -- Lines together, so that the most urgent of them goes first.
  local function work_off_lines(d, lines, offers, most)
    while not enough(offers, most) do
      local list = {}
      for _, line in ipairs(lines) do
        local l = served(d, line)
        if l and anybody_fits(d, l) then
          for _, head in ipairs(heads(d, line)) do list[#list + 1] = head end
        end
      end
      if not decide_any(d, list, offers) then return true end
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
      for _, g in pairs(crew.groups(d)) do names[#names + 1] = g.list[1].name end
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
    d.behind = work.tick(d)
    more = d.behind or more
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
    d.behind = true -- no dispatch may have run for long
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
  match_step.speed_of, match_step.index_of, match_step.make_head = speed_of, index_of, make_head

  crew.register()
  register('dispatch', dispatch)
  register('plan', plan)
end

-- What a decision sees: the heads of lines, the agents with room, the numbers of the queues; all in the form of the routing rule
-- (common/dispatch/rule.lua). Part of the library that begins in functions.lua. Keys: proto/redis.md, "Dispatch".
local view = {}
do
  local HEADS_DEEP = 64    -- items of a set that others may take when those before were declined
  local DEEPEST = 4096     -- behind them only the first that nobody declined is looked for
  local KNOWN_MAX = 4      -- waiting items of an agent's own customers that are looked at when they are free
  local MOVED_AT_ONCE = 64
  local SETS = { 'p', 'o', 'l' }

  -- ---- heads of a line: of each set the first, and those behind it as long as somebody declined the one before

  local AT, WORTH, KNOWN = work.place_of('at'), work.place_of('worth'), work.place_of('known')

  -- A waiting item as a decision sees it. place: as in its hash; declined: names, false nobody.
  local function make_head(d, id, line, set, score, place, priority, declined)
    local w, n = {}, 0
    for field in string.gmatch(place, '([^\31]*)\31') do
      n = n + 1
      w[n] = field
    end
    local at = tonumber(w[AT])
    return { id = id, line = line, l = plans.line(d.p, line), set = set, score = score, declined = declined, at = at,
      ln_value = at and plans.ln_value(d.p, tonumber(w[WORTH]) or 1, priority) or nil, known = w[KNOWN] or '' }
  end

  local function read_head(d, id, line, set, score)
    local v = pcall_redis('HMGET', d.tag .. ':item:' .. id, 'place', 'facts', 'state')
    local place, facts = v[1], v[2]
    if v.err or not place or v[3] ~= 'waiting' then return nil end
    if d.any_declined == nil then d.any_declined = call('HLEN', d.tag .. ':declined') > 0 end
    return make_head(d, id, line, set, score, place, string.match(facts or '', '^[^\31]*\31[^\31]*\31([^\31]*)') or '5',
      d.any_declined and call('HGET', d.tag .. ':declined', id) or false)
  end

  -- Should it be in another set by now? Only when there is more due than one call of the timers did.
  local function overdue(d, head)
    local leaves = d.behind and head.at and plans.leaves(head.l, head.set, head.at)
    return leaves and steps.clock(d, head.l.queue.hours) >= leaves
  end

  -- What is overdue goes where it belongs before anything is decided: it would be far too urgent where it is. Beyond
  -- MOVED_AT_ONCE nothing of that set is looked at in this call.
  local heads_of_set
  function heads_of_set(d, line, set, out)
    local key, from, begin = d.tag .. ':line:' .. line .. ':' .. set, 0, #out
    while from < DEEPEST do
      local most = from == 0 and 1 or from < HEADS_DEEP and 16 or 256
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
          if not head.declined or #out - begin < HEADS_DEEP then out[#out + 1] = head end
          if not head.declined then return end
        else
          call('ZREM', key, page[n]) -- left by a step that failed half way, or cannot be read
          from = from - 1
        end
      end
      if #page < 2 * most then return end
      from = from + most
    end
  end

  local function heads(d, line)
    local kept = d.behind and d.heads or steps.heads(d) -- what is overdue may stand in memory
    local h = kept[line]
    if h then return h end
    h = {}
    local left
    for _, set in ipairs(SETS) do left = heads_of_set(d, line, set, h) or left end
    if #h == 0 and not left then
      steps.line_changes(d, line, '', true)
      call('SREM', d.tag .. ':lines', line)
    end
    kept[line] = h
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
      local open = q.after == 'take' or plans.is_open(d.p, q.hours, d.now) -- for a closed one nobody is kept
      local l = plans.line(d.p, plans.line_name(d.p, q.name, d.p.kinds[k.number], q.answer, '', ''))
      local base, late_base = plans.bases(d.p, l, load.handling)
      d.bases[n] = { name = q.name, target_ms = q.answer, kind = k.number - 1, units = k.units, real_time = open,
        on_duty = duty, keep = open and plans.keep(d.p, duty) or 0, able = 0, now_ms = steps.clock(d, q.hours),
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
    local kept = steps.known(d)
    if kept[agent] then return kept[agent] end
    local list = {}
    kept[agent] = list
    for _, id in ipairs(call('ZRANGE', d.tag .. ':known:' .. agent, 0, KNOWN_MAX - 1)) do
      local place, facts, state = unpack(call('HMGET', d.tag .. ':item:' .. id, 'place', 'facts', 'state'))
      local line, set = string.match(place or '', '^([^\31]*)\31([^\31]*)\31')
      local l = state == 'waiting' and line and plans.line(d.p, line)
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
      if not there[head.id] and served(d, head.line) then list[#list + 1] = head end
    end
  end

  -- ---- for the other parts of the library

  view.heads, view.add_known, view.anybody_fits, view.head = heads, add_known, anybody_fits, make_head
  view.of, view.served, view.index, view.speed, view.base_queues = view_of, served, index_of, speed_of, base_queues
end

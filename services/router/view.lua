-- What a decision sees: the heads of lines, the agents with room, the numbers of the queues; all in the form of the routing rule
-- (common/dispatch/rule.lua). Part of the library that begins in functions.lua. Keys: proto/redis.md, "Dispatch".
local view = {}
do
  local HEADS_DEEP = 64    -- items of a set that others may take when those before were declined
  local DEEPEST = 4096     -- behind them only the first that nobody declined is looked for
  local KNOWN_MAX = 4      -- waiting items of an agent's own customers that are looked at when they are free
  local MOVED_AT_ONCE = 64
  local LOOKED_FOR = 6     -- of what an agent would take, so that it need not all be looked at again for the next offer
  local SETS = { 'p', 'o', 'l' }
  local emptied = rule.emptied

  -- ---- heads of a line: of each set the first, and those behind it as long as somebody declined the one before

  -- A waiting item as the rule sees it, and what an offer writes of it; what depends on who else is seen – barred, group – is
  -- each view's to say. known: its customer's own agent, '' none; declined: names, false nobody.
  local function make_head(d, id, line, set, score, declined, at, worth, priority, known, queue, conversation, customer)
    local l = plans.line(d.p, line)
    -- All are named here, so that it never grows, but known_idle_ms, behind and index, which few have. For the same reason what
    -- is not there is not set to nil later.
    return { id = id, l = l, q = l and l.q, set = set, score = score, declined = declined, arrival_ms = at,
      ln_value = plans.ln_value(d.p, worth, priority), known = known, ln_known = plans.known_bonus(d.p),
      needs = l and l.words ~= '' and l.words or nil, queue = queue, conversation = conversation, customer = customer,
      group = nil, barred = nil }
  end

  -- ... of an item that was read.
  function view.head(d, i, score, declined)
    local w = i.w
    return make_head(d, i.id, w.line, w.set, score, declined, w.at, w.worth, i.priority, w.known, i.queue, i.conversation,
      i.customer)
  end

  local function who_declined(d, id)
    if d.any_declined == nil then d.any_declined = call('HLEN', d.tag .. ':declined') > 0 end
    return d.any_declined and call('HGET', d.tag .. ':declined', id) or false
  end

  local function read_head(d, id, line, set, score)
    local state, its_line, its_set, at, worth, priority, known, queue, conversation, customer = work.glance(d, id)
    if state ~= 'waiting' or its_line ~= line or its_set ~= set then return nil end -- it does not stand here
    return make_head(d, id, line, set, score, who_declined(d, id), at, worth, priority, known, queue, conversation, customer)
  end

  -- Should it be in another set by now? Only when there is more due than one call of the timers did.
  local function overdue(d, head)
    local leaves = d.behind and plans.leaves(head.l, head.set, head.arrival_ms)
    return leaves and steps.clock(d, head.l.queue.hours) >= leaves
  end

  -- What is overdue goes where it belongs before anything is decided: it would be far too urgent where it is. Beyond
  -- MOVED_AT_ONCE nothing of that set is looked at in this call: `left` says so.
  local heads_of_set
  function heads_of_set(d, line, set)
    local key, from, list = d.tag .. ':line:' .. line .. ':' .. set, 0, { left = false }
    while from < DEEPEST do
      local most = from == 0 and 1 or from < HEADS_DEEP and 16 or 256
      local page = call('ZRANGE', key, from, from + most - 1, 'WITHSCORES')
      for n = 1, #page, 2 do
        local head = read_head(d, page[n], line, set, tonumber(page[n + 1]))
        if head and overdue(d, head) then
          d.moved = (d.moved or 0) + 1
          if d.moved > MOVED_AT_ONCE then return { left = true } end
          work.fire(d, head.id, steps.clock(d, head.l.queue.hours))
          return heads_of_set(d, line, set)
        elseif head then
          if not head.declined or #list < HEADS_DEEP then list[#list + 1] = head end
          if not head.declined then return list end
        else
          call('ZREM', key, page[n]) -- left by a step that failed half way, or cannot be read
          from = from - 1
        end
      end
      if #page < 2 * most then return list end
      from = from + most
    end
    return list
  end

  local function heads(d, line)
    local kept = d.behind and d.heads or steps.heads(d) -- what is overdue may stand in memory
    local h = kept[line]
    if not h then
      h = {}
      kept[line] = h
    end
    if h.all then return h.all end
    local left, list = false, {}
    for _, set in ipairs(SETS) do
      local some = h[set] or heads_of_set(d, line, set)
      h[set], left = some, left or some.left
      for n = 1, #some do list[#list + 1] = some[n] end
    end
    if #list == 0 and not left then
      steps.line_goes(d, line)
      call('SREM', d.tag .. ':lines', line)
    end
    h.all = list
    return list
  end

  -- Waiting items of the agent's own customers, those that wait longest.
  local function known_of(d, agent)
    local kept = steps.known(d)
    if kept[agent] then return kept[agent] end
    local list = {}
    kept[agent] = list
    local key = d.tag .. ':known:' .. agent
    for _, id in ipairs(call('ZRANGE', key, 0, KNOWN_MAX - 1)) do
      local state, line, set, at, worth, priority, known, queue, conversation, customer = work.glance(d, id)
      if state and (state ~= 'waiting' or known ~= agent) then
        call('ZREM', key, id) -- left by a step that failed half way
        state = nil
      end
      local l = state == 'waiting' and plans.line(d.p, line)
      local score = l and tonumber(call('ZSCORE', work.line_key(d, line, set), id) or nil)
      if l and not score then
        work.fire(d, id, steps.clock(d, l.queue.hours)) -- it could not be read when its line was; now it stands there again
      elseif l then
        list[#list + 1] = make_head(d, id, line, set, score, who_declined(d, id), at, worth, priority, agent, queue, conversation,
          customer)
        list[#list].behind = true
      end
    end
    return list
  end

  -- ---- what the rule must know of queues

  -- Is a queue's line served now? Not while it is closed.
  local function is_served(d, l)
    return l.queue.after == 'take' or steps.is_open(d, l.queue.hours)
  end

  -- ... and not of another plan.
  local function served(d, name)
    local l = plans.line(d.p, name)
    return l and is_served(d, l) and l or nil
  end

  -- The line as a queue of this moment.
  local function line_queue(d, l)
    local q = l.q
    if q.moment == d.moment then return q end
    q.moment, q.now_ms = d.moment, steps.clock(d, l.queue.hours)
    if l.queue.nobody or not q.speeds then q.speeds = plans.speeds(d.p, l, work.stand_in(d, l)) end
    q.base, q.late_base = plans.bases(d.p, l, steps.load(d, l.queue).handling)
    return q
  end

  -- The queues that agents are kept free for; for a closed one nobody is. Whoever only stands in for a queue is none of them.
  -- They stay as long as who of them is open does, and the kinds that count (steps.base_kinds).
  local function make_bases(d, kinds, open)
    local bases = { lost = {} }
    for n, q in ipairs(d.p.real_time) do
      if open[n] > 0 then
        local l = plans.line(d.p, plans.line_name(d.p, q.name, d.p.kinds[kinds[n].number], q.answer, '', ''))
        local b = plans.rule_queue(l, n - 1)
        b.real_time, b.queue, b.speeds = true, q, plans.speeds(d.p, l)
        bases[#bases + 1] = b
      end
    end
    return bases
  end

  local function base_queues(d)
    if d.bases then return d.bases end
    local kinds, open = steps.base_kinds(d), {}
    for n, q in ipairs(d.p.real_time) do open[n] = (q.after == 'take' or steps.is_open(d, q.hours)) and n or 0 end
    local key = kinds.key .. '/' .. table.concat(open, ' ')
    local bases = d.p.bases
    if not bases or bases.key ~= key then
      bases = make_bases(d, kinds, open)
      bases.key, d.p.bases = key, bases
    end
    for _, b in ipairs(bases) do
      local load, duty = steps.load(d, b.queue), crew.duty(d)[b.queue.name] or 0
      b.keep, b.now_ms = plans.keep(d.p, duty), steps.clock(d, b.queue.hours)
      b.scarcity = steps.rate(d, load) * load.handling / (duty > 0 and duty or 1)
      b.base, b.late_base = plans.bases(d.p, b.line, load.handling)
    end
    d.bases = bases
    return bases
  end

  -- ... and how many agents they have now.
  local function scarce_queues(d)
    local bases, able, binding = base_queues(d), crew.able(d), crew.binding(d)
    for _, b in ipairs(bases) do
      b.able = able[b.number + 1] or 0
      if b.able <= b.keep then binding[b.number + 1] = true end
    end
    return bases
  end

  -- ---- groups; those who are apart from the others for one of the items are given by themselves

  -- Has anybody room and the skills for the line?
  local function anybody_fits(d, l)
    for _, profile in ipairs(plans.fitting(d.p, l, work.stand_in(d, l))) do
      for _, g in pairs(crew.groups_of(d, profile)) do
        if plans.has_room(g.shape, l.kind, l.units) then return true end
      end
    end
    return false
  end

  -- A group without those of it who are apart, and each of them.
  local function add_apart(list, g, apart)
    local rest = { key = g.key, shape = g.shape, count = 0 }
    for _, a in ipairs(g.list) do
      if apart[a.name] then
        list[#list + 1] = { key = g.key, shape = g.shape, count = 1, agent = a.name, idle_since_ms = a.idle, apart = true }
      else
        if rest.count == 0 then rest.agent, rest.idle_since_ms = a.name, a.idle end
        rest.count = rest.count + 1
      end
    end
    if rest.count > 0 then list[#list + 1] = rest end
  end

  local views = 0 -- a view's number is in the lines and groups that are in it
  local NOBODY = {}
  local the_view, its_lines, its_groups = {}, {}, {} -- one at a time: made anew for each decision

  -- The groups that have room and the skills for one of the lines.
  local function groups_of(d, apart, lines)
    local list, split = emptied(its_groups), next(apart) and {} or apart
    for name in pairs(apart) do split[crew.of(d, name).group] = true end
    for _, l in ipairs(lines) do
      for _, profile in ipairs(plans.fitting(d.p, l, work.stand_in(d, l))) do
        for key, g in pairs(crew.groups_of(d, profile)) do
          if g.view ~= views and plans.has_room(g.shape, l.kind, l.units) then
            g.view = views
            if split[key] then add_apart(list, g, apart) else list[#list + 1] = g end
          end
        end
      end
    end
    return list
  end

  -- ---- the view

  -- Which of the groups the customer's own agent is in; nil in none.
  local function set_known(d, head, groups)
    if head.group then head.group = nil end
    if head.known == '' then return end
    local a = crew.of(d, head.known)
    local its = crew.groups(d)[a.group]
    if not its or its.view ~= views then return end
    head.known_idle_ms = a.idle
    if next(d.apart) == nil then head.group = its end
    for _, g in ipairs(head.group and {} or groups) do
      if g.key == a.group and (not g.apart or g.agent == a.name) and (g.apart or not d.apart[a.name]) then head.group = g end
    end
  end

  local function set_barred(head, groups)
    if head.barred then head.barred = nil end
    if not head.declined and not head.l.only then return end
    head.barred = {}
    for _, g in ipairs(groups) do
      head.barred[g] = (head.l.only and g.agent ~= head.l.only) or
        (head.declined and work.names(head.declined, g.agent)) or nil
    end
  end

  -- The rule's view of these heads.
  local function view_of(d, list)
    local apart, lines, number = NOBODY, emptied(its_lines), #d.p.real_time
    views = views + 1
    for _, head in ipairs(list) do
      local l = head.l
      if l.view ~= views then
        l.view = views
        line_queue(d, l).number, number = number, number + 1
        lines[#lines + 1] = l
      end
      if l.only or head.declined then
        if apart == NOBODY then apart = {} end
        if l.only then apart[l.only] = true end
        for name in string.gmatch(head.declined or '', '%S+') do apart[name] = true end
      end
    end
    d.apart = apart
    local groups = groups_of(d, apart, lines)
    for _, head in ipairs(list) do
      set_known(d, head, groups)
      set_barred(head, groups)
    end
    the_view.weights, the_view.scarce, the_view.groups, the_view.items = d.p.weights, scarce_queues(d), groups, list
    return the_view
  end

  local function is_head(d, one)
    for _, head in ipairs(heads(d, one.l.name)) do
      if head.id == one.id then return true end
    end
    return false
  end

  -- ---- what one agent would take

  local function look(d, best, head)
    local one = best.group
    line_queue(d, head.l)
    if head.known == one.agent then head.group, head.known_idle_ms = one, one.idle_since_ms end
    if not head.declined or not work.names(head.declined, one.agent) then rule.look(best, head) end
  end

  local own_view, own_last, own_list = { groups = {} }, {}, {} -- one look at a time

  local function begin_look(d, name, shape)
    local one = own_view.groups[1]
    if not one or one.agent ~= name then
      one = { count = 1, agent = name } -- heads keep it as the group that knows their customer
      own_view.groups[1] = one
    end
    one.shape, one.idle_since_ms = shape, crew.of(d, name).idle
    own_view.weights, own_view.scarce = d.p.weights, scarce_queues(d)
    return rule.best(own_view, LOOKED_FOR)
  end

  local function look_at_line(d, best, l)
    if l.only and l.only ~= best.group.agent or not is_served(d, l) then return end
    for _, head in ipairs(heads(d, l.name)) do look(d, best, head) end
  end

  local function look_at_own(d, best)
    for _, head in ipairs(known_of(d, best.group.agent)) do
      if is_served(d, head.l) and not is_head(d, head) then look(d, best, head) end
    end
  end

  local function look_at_all(d, name, shape, lines)
    local best, room, kind_room = begin_look(d, name, shape), shape.room, shape.kind_room
    for n = 1, #lines do
      local l = lines[n]
      if room >= l.units and kind_room[l.kind] >= l.units then look_at_line(d, best, l) end
    end
    look_at_own(d, best)
    return best
  end

  -- The same, after the item `gone` went to somebody: at its line, and at what was best. Nil when something that was behind
  -- might be better, or might be taken now that the reserve kept then.
  local function look_again(d, name, shape, most, last, gone)
    if d.behind or not last or last.kept then return nil end
    local best = begin_look(d, name, shape)
    look_at_line(d, best, gone.l)
    look_at_own(d, best)
    for _, head in ipairs(last.items) do
      if head.l ~= gone.l and not head.behind then look(d, best, head) end
    end
    if last.least and (best.all < most or best[most].index <= last.least) then return nil end
    return best
  end

  -- Of what waits in these lines, and of the agent's own customers' items, the `most` that this agent would take, most
  -- urgent first; the index of the first; and what is good for the next look of the same call, when `gone` went to somebody.
  local function best_for(d, name, shape, lines, most, last, gone)
    local best = look_again(d, name, shape, most, last, gone)
    local least = best and last.least
    best = best or look_at_all(d, name, shape, lines)
    local items, index = rule.best_items(best)
    if best.all >= LOOKED_FOR then least = math.max(least or -math.huge, best[LOOKED_FOR].index) end
    local list = emptied(own_list)
    for n = 1, math.min(most, #items) do list[n] = items[n] end
    own_last.items, own_last.least, own_last.kept = items, least, best.kept
    return list, index, own_last
  end

  local function index_of(d, head)
    return rule.index(line_queue(d, head.l), head.set, head.score)
  end

  -- Those of the agent's own customers which are served now.
  local function served_known(d, agent)
    local list = {}
    for _, head in ipairs(known_of(d, agent)) do
      if is_served(d, head.l) then list[#list + 1] = head end
    end
    return list
  end

  -- Whoever has room for it and its skills: ln of speed or false.
  local function speed_of(d, shape, l)
    return line_queue(d, l).speeds[shape.profile]
  end

  -- ---- for the other parts of the library

  view.heads, view.known, view.served = heads, served_known, served
  view.of, view.best, view.index, view.speed, view.anybody_fits = view_of, best_for, index_of, speed_of, anybody_fits
  view.base_queues = base_queues
end

-- Which item to which agent: builds the view that the routing rule (common/dispatch/rule.lua) decides on, and makes offers of
-- its decisions. Part of the library that begins in functions.lua. Keys: proto/redis.md, "Dispatch".
local match_step = {}
do
  local HEADS_DEEP = 64    -- items of a set looked at when those before were declined
  local KNOWN_MAX = 16     -- waiting items of an agent's own customers that are looked at when they are free
  local LINES_AT_ONCE = 40 -- in one view; the rule's records hold 64 queues
  local EXPIRE_AT_ONCE, REPLAN_AT_ONCE = 64, 200
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
    if #h == 0 then call('SREM', d.tag .. ':lines', line) end
    d.heads[line] = h
    return h
  end

  -- ---- what the rule must know of a queue

  local function load_of(d, q)
    if not d.loads then d.loads = {} end
    local l = d.loads[q.name]
    if l then return l end
    local rate, at, handling, kind = string.match(call('HGET', d.tag .. ':load', q.name) or '',
      '^(%S+) (%S+) (%S+) ?(%S*)')
    rate, at = tonumber(rate) or 0, tonumber(at) or d.now
    l = { rate = rate * math.exp(-math.max(d.now - at, 0) / 900000), handling = tonumber(handling) or q.handling,
      kind = plans.kind(d.p, kind or '') }
    d.loads[q.name] = l
    return l
  end

  -- A queue as such, that agents are kept free for.
  local function base_queue(d, q)
    d.bases = d.bases or {}
    local b = d.bases[q.name]
    if b then return b end
    local load = load_of(d, q)
    local duty = steps.duty(d)[q.name] or 0
    b = { name = q.name, target_ms = q.answer, kind = load.kind.number - 1, units = load.kind.units, real_time = true,
      on_duty = duty, keep = plans.keep(d.p, duty), able = 0, now_ms = steps.clock(d, q.hours),
      scarcity = duty > 0 and load.rate * load.handling / duty or load.rate * load.handling }
    local line = plans.line(d.p, plans.line_name(d.p, q.name, d.p.kinds[load.kind.number], q.answer, '', ''))
    b.base, b.late_base = plans.bases(d.p, line, load.handling)
    b.slope, b.late_slope, b.head_start_ms, b.line = line.slope, line.late_slope, line.head_start, line
    d.bases[q.name] = b
    return b
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

  local function groups_of(d, apart)
    local list, own, taken = {}, {}, {}
    for name in pairs(apart) do
      local a = crew.of(d, name)
      local g = a.group ~= '' and crew.groups(d)[a.group]
      if g then
        taken[a.group] = (taken[a.group] or 0) + 1
        own[#own + 1] = { key = a.group, shape = g.shape, count = 1, agent = name, idle = a.idle, apart = true }
      end
    end
    for key, g in pairs(crew.groups(d)) do
      local count = g.count - (taken[key] or 0)
      local agent, idle = g.agent, g.idle
      if count > 0 and apart[agent] then agent, idle = head_without(d, key, apart) end
      if count > 0 and agent then
        list[#list + 1] = { key = key, shape = g.shape, count = count, agent = agent, idle = idle }
      end
    end
    for _, g in ipairs(own) do list[#list + 1] = g end
    table.sort(list, function(a, b) return a.agent < b.agent end)
    return list
  end

  local function count_able(d, queues)
    for _, g in pairs(crew.groups(d)) do
      for _, q in ipairs(queues) do
        if q.real_time and plans.has_room(g.shape, q.kind + 1, q.units) and speed_of(d, g.shape, q.line) then
          q.able = q.able + g.count
        end
      end
    end
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
          (head.declined and string.find(head.declined .. ' ', ' ' .. g.agent .. ' ', 1, true) ~= nil) or false
      end
    end
    return item
  end

  local function view_of(d, list)
    local v = { weights = d.p.weights, queues = {}, groups = {}, items = {} }
    local numbers, apart = {}, {}
    for _, q in ipairs(d.p.real_time) do
      local b = base_queue(d, q)
      b.able = 0
      v.queues[#v.queues + 1] = b
    end
    for _, head in ipairs(list) do
      if not numbers[head.line] then
        v.queues[#v.queues + 1] = line_queue(d, plans.line(d.p, head.line))
        numbers[head.line] = #v.queues
      end
      local only = plans.line(d.p, head.line).only
      if only then apart[only] = true end
      for name in string.gmatch(head.declined or '', '%S+') do apart[name] = true end
    end
    d.apart = apart
    count_able(d, v.queues)
    local groups = groups_of(d, apart)
    for _, g in ipairs(groups) do
      local s = g.shape
      local group = { ln_speed = {}, units = s.units, room = s.room, kind_room = s.kind_room, crowded = s.crowded,
        agent = g.agent, idle_since_ms = g.idle, count = g.count }
      for n, q in ipairs(v.queues) do group.ln_speed[n] = speed_of(d, s, q.line) end
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

  -- Does some group with room have the skills?
  local function anybody_fits(d, l)
    for _, g in pairs(crew.groups(d)) do
      if plans.has_room(g.shape, l.kind, l.units) and speed_of(d, g.shape, l) then return true end
    end
    return false
  end

  local function index_of(d, head)
    local l = plans.line(d.p, head.line)
    local base, late_base = plans.bases(d.p, l, load_of(d, l.queue).handling)
    local now = steps.clock(d, l.queue.hours)
    if head.set == 'l' then return late_base + ((now - l.target) - head.score) * l.late_slope end
    return base + (now - head.score) * l.slope
  end

  -- The heads of these lines, as lists that fit into a view, the most urgent lines first.
  local function windows(d, lines)
    local served_lines = {}
    for _, name in ipairs(lines) do
      local l = served(d, name)
      local list = l and anybody_fits(d, l) and heads(d, name) or {}
      if #list > 0 then
        local best
        for _, head in ipairs(list) do
          local index = index_of(d, head)
          if not best or index > best then best = index end
        end
        served_lines[#served_lines + 1] = { list = list, best = best, name = name }
      end
    end
    if #served_lines > LINES_AT_ONCE then
      table.sort(served_lines, function(a, b) return a.best > b.best or (a.best == b.best and a.name < b.name) end)
    end
    local out = {}
    for n, line in ipairs(served_lines) do
      local at = math.floor((n - 1) / LINES_AT_ONCE) + 1
      out[at] = out[at] or {}
      for _, head in ipairs(line.list) do out[at][#out[at] + 1] = head end
    end
    return out
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
    local names = {}
    for _, row in ipairs(rows) do
      if #names == most then break end
      names[#names + 1] = row.agent
      if #names < most and row.alike > 1 then
        local a = crew.of(d, row.agent)
        for _, name in ipairs(call('ZRANGE', d.tag .. ':group:' .. a.group, 0, most)) do
          if #names < most and name ~= row.agent and not d.apart[name] then names[#names + 1] = name end
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
    d.bases = nil
    offers[#offers + 1] = first.id
    offers[#offers + 1] = table.concat(agents, ' ')
    offers[#offers + 1] = work.exact(d.now + q.offer_ms)
  end

  -- One decision on these lines; true when an offer was made.
  local function decide_once(d, lines, agent, offers)
    if next(crew.groups(d)) == nil then return false end
    for _, list in ipairs(windows(d, lines)) do
      if agent then
        local copy = {}
        for n, head in ipairs(list) do copy[n] = head end
        list = copy
        add_known(d, agent, list)
      end
      local first, _, record, rows = rule.decide(view_of(d, list))
      if first then
        make_offer(d, first, rows, record, offers)
        return true
      end
    end
    return false
  end

  -- ---- marks

  local function all_lines(d)
    return call('SMEMBERS', d.tag .. ':lines')
  end

  -- Works off one mark. True when it may have more to give.
  local function work_off(d, mark, offers, most)
    local kind, name = string.sub(mark, 1, 2), string.sub(mark, 3)
    while #offers < 3 * most do
      local lines = kind == 'l:' and { name } or all_lines(d)
      if not decide_once(d, lines, kind == 'a:' and name or nil, offers) then
        return false
      end
    end
    return true
  end

  -- A calendar that opened or closed since the last call.
  local function watch_hours(d)
    if next(d.p.clocks) == nil then return end
    local was, changed = steps.hash(d, 'hours'), false
    for name in pairs(d.p.clocks) do
      local open = plans.is_open(d.p, name, d.now) and '1' or '0'
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
      local mark = call('SPOP', marks)
      if not mark then break end
      if next(crew.groups(d)) == nil then
        call('DEL', marks) -- nobody has room; whoever gets some leaves a mark
        break
      end
      if work_off(d, mark, offers, most) then
        call('SADD', marks, mark)
      elseif string.sub(mark, 1, 2) ~= 'l:' then
        -- Everything was looked at and nothing can be taken; other agents' own customers' items are heads or behind one.
        call('DEL', marks)
      end
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
      if head.declined and string.find(head.declined .. ' ', ' ' .. agent .. ' ', 1, true) then return end
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

  match_step.view_of, match_step.windows, match_step.heads, match_step.served = view_of, windows, heads, served
  match_step.speed_of, match_step.index_of, match_step.all_lines = speed_of, index_of, all_lines

  crew.register()
  work.register()
  register('dispatch', dispatch)
  register('plan', plan)
end

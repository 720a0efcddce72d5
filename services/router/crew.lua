-- Agents: presence, what they hold, and the groups of those who are alike and have room. Part of the library that begins in
-- functions.lua. `d` is one call's view of the desk (steps.begin). Keys: proto/redis.md, "Dispatch".
--
-- What each agent is stands in Redis; groups and counts are made of that and live in the library's memory from call to
-- call, and beside them the heads of lines – items as they were read – and what is measured of queues. Every step that changes any of it writes another
-- stamp to P:crew at its end: memory that has not that stamp – of a step that failed half way, of a Redis that was a replica
-- meanwhile – is made anew.
local crew = {}
do
  local ON_DUTY = { ready = true, busy = true }
  local PRESENCES = { ready = true, busy = true, ['break'] = true, away = true, offline = true }

  local UNSEEN_MS, RENEW_MS = 10000, 60000
  local LINES_GONE_MAX = 64 -- then the names of lines are read again

  local function text(n) return string.format('%.0f', n) end

  local all -- what is remembered: below

  -- ---- one call's view

  local moments = 0

  -- What the rule sees of queues (view.lua) counts for one moment: of one call, until somebody comes on duty or goes.
  function steps.another_moment(d)
    moments = moments + 1
    d.moment, d.bases = moments, nil
  end

  -- All parts of a call share it.
  function steps.begin(tag, now)
    if steps.current then return steps.current end
    local stamps = call('MGET', tag .. ':plan', tag .. ':crew')
    steps.current = { tag = tag, p = plans.of(tag, stamps[1] or ''), crew_stamp = stamps[2] or '', now = tonumber(now),
      text = now, clocks = {}, open = {}, heads = {}, firsts = {},
      crew = nil, moment = nil, bases = nil, any_declined = nil, apart = nil, touched = nil, marked = nil, news = nil,
      looking = nil, behind = nil, moved = nil } -- named here, so that it never grows
    steps.another_moment(steps.current)
    return steps.current
  end

  -- Something may be possible now that was not: whoever calls deskbell_dispatch next looks at it.
  function steps.mark(d, ...)
    d.marked, d.news = (d.marked or 0) + call('SADD', d.tag .. ':marks', ...), true
  end

  -- Where there are marks already that nobody has looked at, all dispatch processes have been told.
  local function tell_dispatch(d)
    if d.marked > 0 and call('SCARD', d.tag .. ':marks') <= d.marked then call('PUBLISH', d.tag .. ':dispatch', '') end
  end

  -- A call of many events brings many items of one queue: what is counted and measured of it is gathered, and written once at
  -- the end of the call. An event that fails half way takes nothing of it back, as it takes nothing else back.
  local gathered -- waiting: queue → more of them; loads: queue → text of P:load

  function steps.gather(tag)
    gathered = { tag = tag, waiting = {}, loads = {} }
  end

  local function write_gathered()
    for queue, by in pairs(gathered.waiting) do call('HINCRBY', gathered.tag .. ':waiting', queue, by) end
    for queue, text_of_load in pairs(gathered.loads) do call('HSET', gathered.tag .. ':load', queue, text_of_load) end
  end

  -- So many more wait in this queue.
  function steps.count_waiting(d, queue, by)
    if gathered then
      gathered.waiting[queue] = (gathered.waiting[queue] or 0) + by
    else
      call('HINCRBY', d.tag .. ':waiting', queue, by)
    end
  end

  -- How many wait in it.
  function steps.waiting(d, queue)
    return (tonumber(call('HGET', d.tag .. ':waiting', queue)) or 0) + (gathered and gathered.waiting[queue] or 0)
  end

  -- What is measured of a queue, as its text ('' nothing yet).
  local function load_text(d, queue)
    return gathered and gathered.loads[queue] or call('HGET', d.tag .. ':load', queue) or ''
  end

  function steps.begin_call()
    steps.current, gathered = nil, nil
  end

  function steps.finish()
    local d = steps.current
    if d and d.touched then crew.keep_stamp(d) end
    if d and d.marked then tell_dispatch(d) end
    if gathered then write_gathered() end
  end

  -- A step stopped half way: what is remembered of it may be wrong.
  function steps.forget()
    local d = steps.current
    steps.current = nil
    if d and d.marked then steps.begin(d.tag, d.text).marked = math.huge end
  end

  function steps.clock(d, hours)
    local c = d.clocks[hours]
    if not c then
      c = plans.clock(d.p, hours, d.now)
      d.clocks[hours] = c
    end
    return c
  end

  -- Sorted sets of what happens when: due, seen, timer:CALENDAR. The first of each is read once in a call; nil: there is none.
  function steps.first_at(d, name)
    local first = d.firsts[name]
    if not first then
      local v = call('ZRANGE', d.tag .. ':' .. name, 0, 0, 'WITHSCORES')
      first = { id = v[1], at = tonumber(v[2]) }
      d.firsts[name] = first
    end
    return first.at
  end

  -- at: ms; nil: it does not happen.
  function steps.schedule(d, name, id, at)
    local first = d.firsts[name]
    if first and first.id == id then
      d.firsts[name] = nil
    elseif first and at and (not first.at or at < first.at) then
      first.id, first.at = id, at
    end
    if at then
      call('ZADD', d.tag .. ':' .. name, string.format('%.17g', at), id)
    else
      call('ZREM', d.tag .. ':' .. name, id)
    end
  end

  -- What happens to an item at a real time by itself; the earlier of those that are set.
  function steps.due(d, item, at) steps.schedule(d, 'due', item, at) end

  function steps.is_open(d, hours)
    local open = d.open[hours]
    if open == nil then
      open = plans.is_open(d.p, hours, d.now)
      d.open[hours] = open
    end
    return open
  end

  function steps.hash(d, name)
    local map, list = {}, call('HGETALL', d.tag .. ':' .. name)
    for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
    return map
  end

  -- What is measured of a queue: arrivals a millisecond when last one came, mean handling time, the channel kind that counts.
  function steps.load(d, q)
    local kept = d.crew and d.crew.loads or {}
    local l = kept[q.name]
    if not l then
      local rate, at, handling, kind = string.match(load_text(d, q.name), '^(%S+) (%S+) (%S+) ?(%S*)')
      l = { mean = tonumber(rate) or 0, at = tonumber(at) or d.now, handling = tonumber(handling) or q.handling,
        kind = plans.kind(d.p, kind or '') }
      kept[q.name] = l
    end
    return l
  end

  -- Arrivals a millisecond by now.
  function steps.rate(d, load)
    return load.mean * math.exp(-math.max(d.now - load.at, 0) / 900000)
  end

  -- The channel kinds whose units an item counts of the queues that agents are kept free for: a call takes all of an agent
  -- where a chat takes a third. `key`: their numbers as a text.
  local function read_base_kinds(d)
    local kinds, numbers = {}, {}
    for n, q in ipairs(d.p.real_time) do
      kinds[n] = steps.load(d, q).kind
      numbers[n] = kinds[n].number
    end
    kinds.key = table.concat(numbers, ' ')
    return kinds
  end

  function steps.base_kinds(d)
    local c = all(d)
    c.kinds_now = c.kinds_now or read_base_kinds(d)
    return c.kinds_now
  end

  -- ---- one agent, as in Redis

  local FIELDS = { 'presence', 'idle', 'misses', 'since', 'until' }

  -- The units of what they hold, by the plan of now.
  local function count_hands(d, a)
    a.used, a.kinds = 0, {}
    for n = 1, #d.p.kinds do a.kinds[n] = 0 end
    for _, held in pairs(a.items) do
      local kind, units = string.match(held, '^(%S+) (%d+)$')
      local number = plans.kind(d.p, kind or '').number
      a.used, a.kinds[number] = a.used + (tonumber(units) or 0), a.kinds[number] + (tonumber(units) or 0)
    end
  end

  local function read_agent(d, name)
    local v = call('HMGET', d.tag .. ':agent:' .. name, unpack(FIELDS))
    local a = { name = name, presence = v[1] or 'offline', idle = tonumber(v[2]) or 0, group = '', misses = tonumber(v[3]) or 0,
      since = v[4] or '0', keep = v[5] or '0', items = {} }
    local items = call('HGETALL', d.tag .. ':agent:' .. name .. ':items')
    for n = 1, #items, 2 do a.items[items[n]] = items[n + 1] end
    count_hands(d, a)
    return a
  end

  -- In the desk definition?
  function crew.listed(d, name) return d.p.agents[name] ~= nil end

  -- There, whether or not they take more; outside their hours nobody is.
  function crew.on_duty(d, a)
    local listed = d.p.agents[a.name]
    return ON_DUTY[a.presence] == true and listed ~= nil and plans.is_open(d.p, listed.hours, d.now)
  end

  local function load_key(d, a)
    return d.p.agents[a.name].profile .. '/' .. a.used .. '/' .. table.concat(a.kinds, ',')
  end

  local function group_of(d, a)
    local listed = d.p.agents[a.name]
    if not listed or a.presence ~= 'ready' or not plans.is_open(d.p, listed.hours, d.now) then return '' end
    local key = load_key(d, a)
    local shape = plans.shape(d.p, key)
    return shape and shape.room > 0 and key or ''
  end

  -- ---- memory

  local memory = {} -- tag → what is remembered of its agents, and of its lines

  -- As a sorted set has them: by idle time, equal ones by name.
  local function before(a, b)
    if a.idle ~= b.idle then return a.idle < b.idle end
    return a.name < b.name
  end

  local function count_able(d, c, g, by)
    for _, n in ipairs(plans.can(d.p, g.shape, c.kinds)) do c.able[n] = (c.able[n] or 0) + by end
  end

  -- As the rule sees a group.
  local function count_group(g)
    local first = g.list[1]
    g.count, g.agent, g.idle_since_ms = #g.list, first.name, first.idle
  end

  local function enter_group(d, c, a, key)
    a.group = key
    if key == '' then return end
    local g = c.groups[key]
    if not g then
      g = { key = key, shape = plans.shape(d.p, key), list = {} }
      c.groups[key] = g
      local alike = c.by_profile[g.shape.profile] or {}
      alike[key], c.by_profile[g.shape.profile] = g, alike
    end
    local n = #g.list
    while n > 0 and before(a, g.list[n]) do n = n - 1 end
    table.insert(g.list, n + 1, a)
    count_group(g)
    count_able(d, c, g, 1)
  end

  local function leave_group(d, c, a)
    local g = c.groups[a.group]
    if not g then return end
    for n, one in ipairs(g.list) do
      if one == a then
        table.remove(g.list, n)
        break
      end
    end
    count_able(d, c, g, -1)
    if #g.list > 0 then
      count_group(g)
    else
      c.groups[a.group], c.by_profile[g.shape.profile][a.group] = nil, nil
    end
  end

  -- True when they came on duty or went.
  local function count_duty(d, c, a)
    local here = crew.on_duty(d, a)
    if here == (a.here or false) then return false end
    a.here = here
    local listed = d.p.agents[a.name]
    local profile = listed and d.p.profiles[listed.profile]
    for queue in pairs(profile and profile.queues or {}) do c.duty[queue] = (c.duty[queue] or 0) + (here and 1 or -1) end
    steps.another_moment(d)
    return true
  end

  local function load(d, stamp)
    local c = { stamp = stamp, count = tonumber(string.match(stamp, '^%d+')) or 0, plan = d.p, since = d.now,
      agents = {}, groups = {}, by_profile = {}, duty = {}, able = {}, binding = {}, kinds = read_base_kinds(d),
      heads = {}, known = {}, loads = {}, measured = {} } -- and lines, lines_of (steps.lines)
    for _, name in ipairs(call('SMEMBERS', d.tag .. ':agents')) do
      local a = read_agent(d, name)
      c.agents[name] = a
      enter_group(d, c, a, group_of(d, a))
      count_duty(d, c, a)
    end
    return c
  end

  function all(d)
    if d.crew then return d.crew end
    local c = memory[d.tag]
    if not c or c.stamp ~= d.crew_stamp or c.plan ~= d.p then
      c = load(d, d.crew_stamp)
      memory[d.tag] = c
    end
    d.crew = c
    return c
  end

  -- Before anything of it changes: a step that fails half way must not leave in memory what is not in Redis.
  local function touch(d)
    d.touched = true
    d.crew.stamp = false
  end

  -- Never one that was before: a count, and the moment.
  function crew.keep_stamp(d)
    d.crew.count = d.crew.count + 1
    d.crew.stamp = string.format('%.0f:%s', d.crew.count, d.text)
    call('SET', d.tag .. ':crew', d.crew.stamp)
  end

  function crew.groups(d) return all(d).groups end

  -- Was the plan at that moment (Unix ms) the one of now? False when nobody knows.
  function crew.same_plan_at(d, at) return at > all(d).since end

  -- Does nothing wait in lines of an older plan? False: nobody has looked since.
  function crew.planned(d) return all(d).planned or false end
  function crew.set_planned(d) all(d).planned = true end

  -- ---- what is remembered of lines: their names, those that a profile fits, the heads of each

  -- Their names, and what is made of them by profile (match.lua). There may be some in which nothing waits any more.
  function steps.lines(d)
    local c = all(d)
    if not c.lines then
      c.lines, c.is_line, c.lines_of, c.gone = call('SMEMBERS', d.tag .. ':lines'), {}, {}, 0
      for _, line in ipairs(c.lines) do c.is_line[line] = true end
    end
    return c.lines, c.lines_of
  end

  function steps.heads(d) return all(d).heads end

  -- Waiting items of an agent's own customers.
  function steps.known(d) return all(d).known end

  local function forget_heads(heads, line, set)
    local h = heads[line]
    if h then h[set], h.all = nil, nil end
  end

  local function known_changes(d, known)
    if known == '' then return end
    all(d)
    touch(d)
    d.crew.known[known] = nil
  end

  -- To be said before something of a set of a line changes. known: whose customer's item it is, '' nobody's.
  function steps.set_changes(d, line, set, known)
    local c = all(d)
    touch(d)
    forget_heads(c.heads, line, set)
    forget_heads(d.heads, line, set)
    known_changes(d, known)
  end

  -- The heads of a set as they are remembered; nil: they are not. The last is one that nobody declined, or there is none behind.
  local function remembered(d, line, set)
    local h = not d.behind and all(d).heads[line]
    return h and h[set]
  end

  -- ... before an item leaves a set ...
  function steps.leaves_set(d, line, set, known, id)
    local list, is_head = remembered(d, line, set), false
    for _, head in ipairs(list or {}) do is_head = is_head or head.id == id end
    if not list or is_head then steps.set_changes(d, line, set, '') end
    known_changes(d, known)
  end

  -- ... and before one comes: 'behind' one that anybody may take; else it is among the 'heads', or nobody knows: ''.
  function steps.enters_set(d, line, set, known, score)
    known_changes(d, known)
    local list = remembered(d, line, set)
    local last = list and list[#list]
    if last and not last.declined and last.score < score then return 'behind' end
    steps.set_changes(d, line, set, '')
    return list and 'heads' or ''
  end

  -- ... before a line comes ...
  function steps.line_comes(d, line)
    local c = all(d)
    touch(d)
    if not c.lines or c.is_line[line] then return end
    c.lines[#c.lines + 1], c.is_line[line] = line, true
  end

  -- ... or goes ...
  function steps.line_goes(d)
    local c = all(d)
    touch(d)
    c.gone = (c.gone or 0) + 1
    if c.gone > LINES_GONE_MAX then c.lines = nil end
  end

  -- ... and what is measured of queues, as it is in Redis.
  function steps.measured(d, queue)
    local c = all(d)
    local text = c.measured[queue]
    if not text then
      text = load_text(d, queue)
      c.measured[queue] = text
    end
    return text
  end

  -- ... and from now on.
  function steps.measure(d, queue, text)
    local c = all(d)
    touch(d)
    c.loads[queue], c.measured[queue], c.kinds_now = nil, text, nil
    if gathered then
      gathered.loads[queue] = text
    else
      call('HSET', d.tag .. ':load', queue, text)
    end
  end

  -- Groups of a profile, by key.
  function crew.groups_of(d, profile) return all(d).by_profile[profile] or {} end

  -- How many could take one more of each queue that agents are kept free for, of the kind that comes now.
  function crew.able(d)
    local c, kinds = all(d), steps.base_kinds(d)
    if c.kinds.key ~= kinds.key then
      c.kinds, c.able = kinds, {}
      for _, g in pairs(c.groups) do count_able(d, c, g, #g.list) end
    end
    return c.able
  end

  -- For each of those queues: false when something was looked at that has time, while more were able than are kept.
  function crew.binding(d) return all(d).binding end

  -- Numbers of those queues that such an agent could serve.
  function crew.can(d, shape) return plans.can(d.p, shape, all(d).kinds) end

  -- Members on duty of each queue.
  function crew.duty(d) return all(d).duty end

  function crew.of(d, name)
    local c = all(d)
    local a = c.agents[name]
    if not a then
      a = read_agent(d, name)
      c.agents[name] = a
    end
    return a
  end

  function crew.shape(d, a)
    return crew.listed(d, a.name) and plans.shape(d.p, load_key(d, a)) or nil
  end

  -- Puts the agent where they belong.
  local function regroup(d, a)
    local c = all(d)
    touch(d)
    leave_group(d, c, a)
    enter_group(d, c, a, group_of(d, a))
    if count_duty(d, c, a) and not a.here then steps.mark(d, '*') end -- fewer are kept free, somebody may stand in
    return a.group
  end

  -- ... and writes what is known of them beside what they hold.
  function crew.place(d, a)
    local group = regroup(d, a)
    call('HSET', d.tag .. ':agent:' .. a.name, 'presence', a.presence, 'idle', text(a.idle), 'misses', a.misses,
      'since', a.since, 'until', a.keep)
    return group
  end

  -- An item comes into their hands: its units are taken.
  function crew.take(d, name, item, kind, units)
    local a, k = crew.of(d, name), plans.kind(d.p, kind)
    if a.items[item] then return end
    touch(d)
    a.used, a.kinds[k.number] = a.used + units, (a.kinds[k.number] or 0) + units
    a.items[item] = kind .. ' ' .. units
    call('HSET', d.tag .. ':agent:' .. name .. ':items', item, a.items[item])
    local was = a.group
    local group
    if a.since == '0' then -- nobody ever said where they are
      call('SADD', d.tag .. ':agents', name)
      group = crew.place(d, a)
    else
      group = regroup(d, a)
    end
    -- With less room they are kept free for fewer queues, and what was kept from them may be theirs. Whoever is being looked
    -- at (match.lua) is looked at once more anyway.
    if name ~= d.looking and was ~= '' and group ~= '' and
      #crew.can(d, plans.shape(d.p, group)) < #crew.can(d, plans.shape(d.p, was)) then
      steps.mark(d, 'a:' .. name)
    end
  end

  -- ... and leaves them. Whoever has room again is a reason to look at what waits.
  function crew.give(d, name, item)
    local a = crew.of(d, name)
    local kind, units = string.match(a.items[item] or '', '^(%S+) (%d+)$')
    if not kind then return end
    touch(d)
    a.items[item] = nil
    call('HDEL', d.tag .. ':agent:' .. name .. ':items', item)
    local k = plans.kind(d.p, kind)
    a.used = math.max(a.used - tonumber(units), 0)
    a.kinds[k.number] = math.max((a.kinds[k.number] or 0) - tonumber(units), 0)
    a.idle = d.now
    call('HSET', d.tag .. ':agent:' .. name, 'idle', d.text)
    if regroup(d, a) ~= '' then steps.mark(d, 'a:' .. name) end
  end

  -- In order of their ids.
  function crew.items(d, name)
    local list = {}
    for item in pairs(crew.of(d, name).items) do list[#list + 1] = item end
    table.sort(list)
    return list
  end

  -- ---- presence

  -- How long their connection holds without another word; 0 until it is taken back.
  function crew.keep(d, a, keep_ms)
    touch(d)
    a.keep = keep_ms > 0 and text(d.now + keep_ms) or '0'
    steps.schedule(d, 'seen', a.name, tonumber(a.keep) > 0 and tonumber(a.keep) or nil)
    call('HSET', d.tag .. ':agent:' .. a.name, 'until', a.keep)
  end

  function crew.set_misses(d, a, n)
    if a.misses == n then return end
    touch(d)
    a.misses = n
    call('HSET', d.tag .. ':agent:' .. a.name, 'misses', n)
  end

  -- Who is not there gets no offers; who is offline loses, after the lease, what they hold.
  function crew.set_presence(d, name, presence, why)
    local a = crew.of(d, name)
    local was = a.presence
    touch(d)
    a.presence, a.since, a.misses = presence, d.text, 0
    if presence == 'ready' and was ~= 'ready' then a.idle = d.now end
    if presence == 'offline' then
      steps.schedule(d, 'seen', name, nil)
      a.keep = '0'
    end
    call('SADD', d.tag .. ':agents', name)
    local group = crew.place(d, a)
    journal(d.tag, { type = 'presence', agent = name, at = d.text,
      evidence = was .. ' ' .. presence .. (why ~= '' and ' ' .. why or '') })
    if group ~= '' then steps.mark(d, 'a:' .. name) end
    if presence ~= 'ready' and presence ~= 'busy' then work.leaves(d, name, presence == 'offline') end
    if was == 'offline' and presence ~= 'offline' then work.returns(d, name) end
  end

  -- A connection that was lost is renewed within the lease: Redis was away, not the agent. What they were, else ''.
  local function back_from_lost(d, name)
    local was, at = string.match(call('HGET', d.tag .. ':agent:' .. name, 'lost') or '', '^(%S+) (%d+)$')
    return was and d.now - tonumber(at) <= d.p.lease and was or ''
  end

  -- presence {tag}  now agent presence keep why
  local function presence(keys, args)
    local d = steps.begin(keys[1], args[1])
    local name, to, keep = args[2], args[3], args[4]
    if not crew.listed(d, name) then return 'UNKNOWN' end
    if to ~= '' and not PRESENCES[to] then return redis.error_reply('INVALID presence') end
    local a, why = crew.of(d, name), one_line(args[5])
    if a.presence == 'offline' and to == '' and keep ~= '' then
      to, why = back_from_lost(d, name), 'connection is back'
    elseif a.presence == 'offline' then
      call('HDEL', d.tag .. ':agent:' .. name, 'lost')
    end
    local same = to == '' or to == a.presence
    if not same then crew.set_presence(d, name, to, why) end
    if keep ~= '' and a.presence ~= 'offline' then crew.keep(d, a, tonumber(keep) or 0) end
    return same and 'SAME' or 'OK'
  end

  -- What is looked at so long after its end was looked at by nobody: Redis was away, or every dispatch. That is no fault of an
  -- agent, who could neither answer nor renew their connection meanwhile.
  function crew.nobody_looked(d, ended) return d.now - ended > UNSEEN_MS end

  -- Whose connection is over is offline. At most `most` at a time; true when there may be more.
  function crew.expire(d, most)
    if (steps.first_at(d, 'seen') or d.now + 1) > d.now then return false end
    local gone = call('ZRANGEBYSCORE', d.tag .. ':seen', '-inf', d.text, 'LIMIT', 0, most, 'WITHSCORES')
    for n = 1, #gone, 2 do
      local name, ended = gone[n], tonumber(gone[n + 1])
      local a = crew.of(d, name)
      if a.presence ~= 'offline' and crew.nobody_looked(d, ended) then
        crew.keep(d, a, RENEW_MS)
      else
        steps.schedule(d, 'seen', name, nil)
        if a.presence ~= 'offline' then
          call('HSET', d.tag .. ':agent:' .. name, 'lost', a.presence .. ' ' .. d.text)
          crew.set_presence(d, name, 'offline', 'connection lost')
        end
      end
    end
    return #gone == 2 * most
  end

  -- The agents by another plan: channel kinds may have other numbers, some people are not there any more.
  function crew.rebuild(d)
    for name, a in pairs(all(d).agents) do
      touch(d)
      count_hands(d, a)
      crew.place(d, a)
      if not crew.listed(d, name) and a.presence ~= 'offline' then
        crew.set_presence(d, name, 'offline', 'not in the desk definition any more')
      elseif not crew.listed(d, name) then
        work.leaves(d, name, true) -- what they took by hand
      end
    end
    steps.mark(d, '*')
  end

  function crew.register()
    register('presence', presence)
  end
end

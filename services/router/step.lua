-- A step: one call's view of the desk, `d`, and what is remembered from call to call. Part of the library that begins in
-- functions.lua, which made the table `steps`. Keys: proto/redis.md, "Dispatch".
--
-- All stands in Redis. What is remembered, so that it need not be read again: agents and the groups made of them (crew.lua),
-- the heads of lines, the names of lines, what is measured of queues. Every step that changes any of
-- it writes another stamp to P:crew at its end: memory that has not that stamp – of a step that failed half way, of a Redis
-- that was a replica meanwhile – is made anew.
do
  local LINES_GONE_MAX = 64 -- then the names of lines are read again

  local function text(n) return string.format('%.17g', n) end

  -- ---- one call

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
      crew = nil, moment = nil, bases = nil, any_declined = nil, apart = nil, touched = nil, marked = nil, fresh = nil,
      looking = nil, behind = nil, moved = nil } -- named here, so that it never grows
    steps.another_moment(steps.current)
    return steps.current
  end

  -- Never one that was before: a count, and the moment.
  local function write_stamp(d)
    d.crew.count = d.crew.count + 1
    local stamp = string.format('%.0f:%s', d.crew.count, d.text)
    call('SET', d.tag .. ':crew', stamp)
    return stamp
  end

  -- Something may be possible now that was not: whoever calls deskbell_dispatch next looks at it. d.fresh: those made while
  -- dispatch looks at marks.
  function steps.mark(d, ...)
    d.marked = (d.marked or 0) + call('SADD', d.tag .. ':marks', ...)
    for n = 1, d.fresh and select('#', ...) or 0 do d.fresh[select(n, ...)] = true end
  end

  -- Where there are marks already that nobody has looked at, all dispatch processes have been told.
  local function tell_dispatch(d)
    if d.marked == math.huge or d.marked > 0 and call('SCARD', d.tag .. ':marks') <= d.marked then
      call('PUBLISH', d.tag .. ':dispatch', '')
    end
  end

  -- A call of many events brings many items of one queue: what is counted and measured of it is gathered, and written once at
  -- the end of the call. An event that fails half way takes nothing of it back, as it takes nothing else back.
  local gathered -- waiting: queue → more of them; loads: queue → text of P:load

  function steps.gather(tag)
    gathered = { tag = tag, waiting = {}, loads = {} }
  end

  local function write_gathered()
    for queue, by in pairs(gathered.waiting) do call('HINCRBY', gathered.tag .. ':waiting', queue, by) end
    for queue, measured in pairs(gathered.loads) do call('HSET', gathered.tag .. ':load', queue, measured) end
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

  -- What is remembered counts when all of it is written.
  function steps.finish()
    local d = steps.current
    if d and d.marked then tell_dispatch(d) end
    local stamp = d and d.touched and write_stamp(d)
    if gathered then write_gathered() end
    if stamp then d.crew.stamp = stamp end
  end

  -- A step stopped half way: what is remembered of it may be wrong, here and by another Redis, and what it left in a line
  -- may hide what comes behind it. So all is read again, and dispatch looks at everything.
  function steps.forget()
    local d = steps.current
    steps.current = nil
    if not d then return end
    if d.crew then
      d.crew.stamp = false
      write_stamp(d)
    end
    pcall_redis('SADD', d.tag .. ':marks', '*')
    steps.begin(d.tag, d.text).marked = math.huge
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
      call('ZADD', d.tag .. ':' .. name, text(at), id)
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

  -- ---- what is remembered

  local memory = {} -- tag → what crew.read() made

  function steps.memory(d)
    if d.crew then return d.crew end
    local c = memory[d.tag]
    if not c or c.stamp ~= d.crew_stamp or c.plan ~= d.p then
      c = crew.read(d, d.crew_stamp)
      memory[d.tag] = c
    end
    d.crew = c
    return c
  end
  local all = steps.memory

  -- Before anything of it changes: a step that fails half way must not leave in memory what is not in Redis.
  local function touch(d)
    d.touched = true
    d.crew.stamp = false
  end

  steps.touch = touch

  -- Was the plan at that moment (Unix ms) the one of now? False when nobody knows.
  function steps.same_plan_at(d, at) return at > all(d).since end

  -- Does nothing wait in lines of an older plan? False: nobody has looked since.
  function steps.planned(d) return all(d).planned or false end
  function steps.set_planned(d) all(d).planned = true end

  -- ---- of lines: their names, those that a profile fits, the heads of each

  -- Their names, and what is made of them by profile (match.lua). There may be some in which nothing waits any more.
  function steps.lines(d)
    local c = all(d)
    if not c.lines then
      c.lines, c.is_line, c.lines_of, c.gone = call('SMEMBERS', d.tag .. ':lines'), {}, {}, 0
      for _, line in ipairs(c.lines) do c.is_line[line] = 'there' end
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

  -- Is it known that the line is one of P:lines?
  function steps.is_line(d, line)
    local c = all(d)
    return c.lines ~= nil and c.is_line[line] == 'there'
  end

  -- ... before a line comes ...
  function steps.line_comes(d, line)
    local c = all(d)
    touch(d)
    if not c.lines then return end
    if not c.is_line[line] then c.lines[#c.lines + 1] = line end
    c.is_line[line] = 'there'
  end

  -- ... or goes ...
  function steps.line_goes(d, line)
    local c = all(d)
    touch(d)
    if not c.lines then return end
    c.is_line[line], c.gone = 'gone', c.gone + 1
    if c.gone > LINES_GONE_MAX then c.lines = nil end
  end

  -- ---- of queues

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
  function steps.read_base_kinds(d)
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
    c.kinds_now = c.kinds_now or steps.read_base_kinds(d)
    return c.kinds_now
  end

  -- What is measured of a queue, as the text of it in Redis ...
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
end

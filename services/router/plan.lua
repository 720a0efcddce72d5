-- What the routing steps know of the desk: the plan (common/plan/plan.h) as tables, read once and kept as long as its
-- stamp in Redis stays; the clocks of its calendars; the numbers of a line. Part of the library that begins in
-- functions.lua. Keys: proto/redis.md, "Dispatch".
local plans = {}
do
  local US, RS = '\31', '\30'
  -- The weights of a desk that has no plan yet: rule_weights.def, which a test compares (tests/flow/test_12_plan.py).
  local WEIGHTS = { 4, 1, 14400000, 0.5, 0, 2, 0.75, 10, 0.2, 900000, 0.25, 16 }
  local AGEING, LATE, LATE_GROWTH, KNOWN_BONUS, SLOWDOWN, RESERVE, RATIO, GUARD_SHARE, GUARD =
    1, 2, 3, 4, 5, 7, 8, 9, 10
  local NO_PROMISE_MS = 86400000 -- an item without a promise is put in order as if it were due in a day
  local HANDLING_MS = 600000
  local REAL_TIME_MAX = 24       -- queues that agents are kept free for (RULE_REAL_TIME; the desk's review refuses more)
  local KINDS_MAX = 8

  local function fields(row)
    local parts, n = {}, 0
    for part in string.gmatch(row .. US, '([^\31]*)\31') do
      n = n + 1
      parts[n] = part
    end
    return parts
  end

  local function number(text) return tonumber(text) or 0 end

  local function pairs_of(text, separator)
    local list = {}
    for name, value in string.gmatch(text, '([^%s' .. separator .. ']+)' .. separator .. '(%S+)') do
      list[#list + 1] = { name, tonumber(value) or value }
    end
    return list
  end

  local function map_of(text, separator)
    local map = {}
    for _, pair in ipairs(pairs_of(text, separator)) do map[pair[1]] = pair[2] end
    return map
  end

  local function relax_of(text)
    local steps = {}
    for after, caps in string.gmatch(text, '(%d+):(%S*)') do
      local most = {}
      for name, level in string.gmatch(caps, '([^=,]+)=(%d+)') do most[name] = tonumber(level) end
      steps[#steps + 1] = { after = tonumber(after), most = most }
    end
    return steps
  end

  local function overflow_of(text)
    local steps = {}
    for after, queue in string.gmatch(text, '(%d+):(%S+)') do
      steps[#steps + 1] = { after = tonumber(after), queue = queue }
    end
    return steps
  end

  local function queue_of(f)
    return { name = f[2], priority = number(f[3]), hours = f[4], after = f[5], real_time = f[6] == '1',
      handling = math.max(number(f[7]), 1), answer = number(f[8]), next = number(f[9]), resolve = number(f[10]),
      warn = number(f[11]), offer_to = math.max(number(f[12]), 1), offer_ms = number(f[13]), wrap = number(f[14]),
      language = number(f[15]), nobody = f[16] ~= '' and f[16] or nil, limit = number(f[17]), limit_queue = f[18],
      relax = relax_of(f[19] or ''), overflow = overflow_of(f[20] or ''), levels = {} }
  end

  -- A queue that the plan does not name: of an item whose queue was taken out of the desk definition, or of a desk that
  -- no router has made a plan of.
  local function plain_queue(name)
    return queue_of({ 'Q', name, '5', '', 'take', '0', HANDLING_MS, '0', '0', '0', '1', '1', '30000', '0', '0', '', '0',
      '', '', '' })
  end

  local function add_row(p, f)
    local kind = f[1]
    if kind == 'W' then
      for i = 1, #WEIGHTS do p.weights[i] = number(f[i + 1]) end
    elseif kind == 'D' then
      p.misses, p.lease, p.transfer, p.known, p.prefer, p.again = number(f[2]), number(f[3]), number(f[4]), number(f[5]),
        number(f[6]), number(f[7])
    elseif kind == 'K' and #p.kinds < KINDS_MAX then
      p.kinds[#p.kinds + 1] = f[2]
      p.kind[f[2]] = { number = #p.kinds, units = math.max(number(f[3]), 1) }
    elseif kind == 'Q' then
      local q = queue_of(f)
      p.queues[q.name], p.order[#p.order + 1] = q, q
      if q.real_time and q.answer > 0 and #p.real_time < REAL_TIME_MAX then p.real_time[#p.real_time + 1] = q end
    elseif kind == 'L' then
      local q = p.queues[f[2]]
      if q then q.levels[#q.levels + 1] = { customer = f[3], answer = f[4], next = f[5], resolve = f[6] } end
    elseif kind == 'P' then
      p.profiles[number(f[2])] = { units = number(f[3]), caps = map_of(f[4], ':'), queues = map_of(f[5], ':'),
        skills = map_of(f[6], ':') }
    elseif kind == 'A' then
      p.agents[f[2]] = { name = f[2], profile = number(f[3]), hours = f[4] or '' }
      p.agent_order[#p.agent_order + 1] = f[2]
    elseif kind == 'V' then
      p.factors[#p.factors + 1] = f
    end
  end

  local function parse_plan(p, text)
    for row in string.gmatch(text, '([^\30]*)\30') do add_row(p, fields(row)) end
    if #p.kinds == 0 then p.kinds, p.kind = { 'email' }, { email = { number = 1, units = 1 } } end
    for _, profile in pairs(p.profiles) do
      profile.kind_units = {}
      for n = 1, KINDS_MAX do
        local cap = p.kinds[n] and profile.caps[p.kinds[n]]
        profile.kind_units[n] = cap and math.min(cap, profile.units) or profile.units
      end
    end
  end

  -- ---- clocks: a calendar's time stands while it is closed. `real` and `time` are one moment on both.

  local function clock_of(real, time, spans)
    local c = { real = real, time = time, from = {}, to = {}, open = {} }
    local open, from = 0, nil
    for n in string.gmatch(spans, '%d+') do
      if not from then
        from = tonumber(n)
      else
        local i, to = #c.from + 1, tonumber(n)
        c.from[i], c.to[i], c.open[i] = from, to, open -- open: how long it was until this span, since `real`
        open = open + math.max(to - math.max(from, real), 0)
        from = nil
      end
    end
    return c
  end

  -- The last span that begins at or before `at`; 0: none.
  local function span_at(list, at)
    local low, high = 0, #list
    while low < high do
      local middle = math.ceil((low + high) / 2)
      if list[middle] <= at then low = middle else high = middle - 1 end
    end
    return low
  end

  -- The calendar's time at a real one.
  function plans.clock(p, name, now)
    local c = p.clocks[name]
    if not c then return now end
    local i = span_at(c.from, now)
    if i == 0 or now <= c.real then return c.time end
    return c.time + c.open[i] + math.max(math.min(now, c.to[i]) - math.max(c.from[i], c.real), 0)
  end

  -- The real time at which the calendar's is `time`; as long ago as that if it was before the clock was set.
  function plans.real(p, name, time)
    local c = p.clocks[name]
    if not c then return time end
    local open = time - c.time
    if open <= 0 then return c.real + open end
    local i = span_at(c.open, open - 1)
    if i == 0 then return c.real + open end
    return math.max(c.from[i], c.real) + (open - c.open[i])
  end

  function plans.is_open(p, name, now)
    local c = p.clocks[name]
    if not c then return true end
    local i = span_at(c.from, now)
    return i > 0 and now < c.to[i]
  end

  -- When it opens or closes next; nil never.
  function plans.changes(p, name, now)
    local c = p.clocks[name]
    if not c then return nil end
    local i = span_at(c.from, now)
    if i > 0 and now < c.to[i] then return c.to[i] end
    return c.from[i + 1]
  end

  -- ---- the plan in force

  local function fresh(stamp)
    return { stamp = stamp, generation = string.match(stamp, '^[^\31]*') or '', weights = { unpack(WEIGHTS) }, misses = 3,
      lease = 120000, transfer = 300000, known = 30 * 86400000, prefer = 0, again = 60000, kinds = {}, kind = {},
      queues = {}, order = {}, real_time = {}, profiles = {}, agents = {}, agent_order = {}, factors = {}, clocks = {},
      lines = {}, shapes = {}, load_after = {} }
  end

  local function make(stamp, text, clocks)
    local p = fresh(stamp)
    parse_plan(p, text)
    for row in string.gmatch(clocks, '([^\30]*)\30') do
      local f = fields(row)
      p.clocks[f[1]] = clock_of(number(f[2]), number(f[3]), f[4] or '')
    end
    return p
  end

  local kept = {} -- tag → plan

  -- stamp: of P:plan, if the caller has read it.
  function plans.of(tag, stamp)
    stamp = stamp or call('GET', tag .. ':plan') or ''
    local p = kept[tag]
    if p and p.stamp == stamp then return p end
    p = stamp == '' and make('', '', '') or
      make(stamp, call('GET', tag .. ':plan:text') or '', call('GET', tag .. ':plan:clocks') or '')
    kept[tag] = p
    return p
  end

  function plans.queue(p, name)
    local q = p.queues[name]
    if not q then
      q = plain_queue(name)
      p.queues[name] = q
    end
    return q
  end

  local function clock_text(name, c)
    local spans = {}
    for n = 1, #c.from do spans[n] = string.format('%.0f %.0f', c.from[n], c.to[n]) end
    return table.concat({ name, string.format('%.0f', c.real), string.format('%.0f', c.time),
      table.concat(spans, ' ') }, US) .. RS
  end

  function plans.defined(p, name)
    for _, q in ipairs(p.order) do
      if q.name == name then return true end
    end
    return false
  end

  -- The calendars given begin where those that stand are now. One that is not there any more goes on as long as it is
  -- known: there may be items that have its time.
  function plans.clocks_text(p, hours, now)
    local out, given, gone = {}, {}, {}
    for row in string.gmatch(hours, '([^\30]*)\30') do
      local f = fields(row)
      out[#out + 1] = table.concat({ f[2], string.format('%.0f', now),
        string.format('%.0f', plans.clock(p, f[2], now)), f[3] or '' }, US) .. RS
      given[f[2]] = true
    end
    for name in pairs(p.clocks) do gone[#gone + 1] = not given[name] and name or nil end
    table.sort(gone)
    for _, name in ipairs(gone) do
      local c = p.clocks[name]
      if #c.to > 0 and c.to[#c.to] > now then out[#out + 1] = clock_text(name, c) end
    end
    return table.concat(out)
  end

  -- ---- what an item asks

  function plans.kind(p, name)
    return p.kind[name] or p.kind[p.kinds[1]]
  end

  -- "billing>=2,zh>=3" as a list in order of names; "@ana" stands for that agent alone.
  function plans.needs(text)
    local list = {}
    for name, level in string.gmatch(text, '([^,>]+)>=(%d+)') do list[#list + 1] = { name, tonumber(level) } end
    table.sort(list, function(a, b) return a[1] < b[1] end)
    return list
  end

  -- At most the steps' levels are asked after `waited` on the queue's clock.
  local function softened(q, name, level, waited)
    for i = #q.relax, 1, -1 do
      local most = waited >= q.relax[i].after and q.relax[i].most[name]
      if most then return math.min(level, most) end
    end
    return level
  end

  function plans.needs_after(q, text, waited)
    local out = {}
    for _, need in ipairs(plans.needs(text)) do
      local level = softened(q, need[1], need[2], waited)
      if level > 0 then out[#out + 1] = need[1] .. '>=' .. level end
    end
    return table.concat(out, ',')
  end

  function plans.queues_after(q, waited)
    local names = q.name
    for _, step in ipairs(q.overflow) do
      if waited >= step.after then names = names .. '+' .. step.queue end
    end
    return names
  end

  -- The next step of relaxing or overflowing, as a time of waiting; nil none.
  function plans.next_step(q, waited)
    local least
    for _, steps in ipairs({ q.relax, q.overflow }) do
      for _, step in ipairs(steps) do
        if step.after > waited and (not least or step.after < least) then least = step.after end
      end
    end
    return least
  end

  function plans.speaks(p, q, lang)
    for _, profile in pairs(p.profiles) do
      if profile.queues[q.name] and (profile.skills[lang] or 0) >= q.language then return true end
    end
    return false
  end

  -- ---- lines

  function plans.line_name(p, queues, kind, target, needs, only)
    return table.concat({ p.generation, queues, kind, string.format('%.0f', target), needs, only }, '~')
  end

  local function defers(p, q, target)
    for _, other in ipairs(p.real_time) do
      if other ~= q and other.answer * p.weights[RATIO] <= target then return true end
    end
    return false
  end

  -- What the rule must know of a line as a queue. What changes (base, now, scarcity, able) is the view's to say.
  function plans.rule_queue(l, number)
    return { name = l.queue.name, number = number, sort = l.queue.name .. US .. l.kind .. US .. l.units,
      target_ms = l.target, kind = l.kind - 1, units = l.units, slope = l.slope, late_slope = l.late_slope,
      head_start_ms = l.head_start, real_time = false, able = 0, keep = 0, scarcity = 0, line = l }
  end

  -- A line by its name: the numbers of it that do not change, and `q`: itself as the rule sees it. nil: of another plan.
  function plans.line(p, name)
    local l = p.lines[name]
    if l then return l end
    local generation, queues, kind, target, needs, only = string.match(name,
      '^([^~]*)~([^~]*)~([^~]*)~([^~]*)~([^~]*)~([^~]*)$')
    if generation ~= p.generation then return nil end
    local home = plans.queue(p, string.match(queues, '^[^+]*'))
    local k, w = plans.kind(p, kind), p.weights
    l = { name = name, queue = home, queues = {}, target = tonumber(target), kind = k.number, units = k.units, kind_name = kind,
      needs = plans.needs(needs), only = only ~= '' and only or nil, speeds = {}, fitting = {} }
    for queue in string.gmatch(queues, '[^+]+') do l.queues[#l.queues + 1] = queue end
    local growth = math.log(w[AGEING])
    l.slope, l.head_start, l.late_slope = growth / l.target, l.target / growth, 1 / w[LATE_GROWTH]
    local guard = math.max(w[GUARD_SHARE] * l.target, w[GUARD])
    l.parked = defers(p, home, l.target) and math.max(0, math.floor(l.target - guard)) or 0
    l.words = plans.words(l)
    l.q = plans.rule_queue(l)
    p.lines[name] = l
    return l
  end

  function plans.words(l)
    local words = {}
    for _, need in ipairs(l.needs) do words[#words + 1] = need[1] .. ' >= ' .. need[2] end
    if l.only then words[#words + 1] = 'only ' .. l.only end
    return table.concat(words, ' and ')
  end

  -- base and late_base for a mean handling time.
  function plans.bases(p, l, handling)
    if l.handling ~= handling then
      l.handling, l.base = handling, -math.log(handling * l.target)
      l.late_base = math.log(p.weights[LATE]) + l.base
    end
    return l.base, l.late_base
  end

  function plans.target(promise)
    return promise > 0 and promise or NO_PROMISE_MS
  end

  function plans.keep(p, on_duty)
    return math.floor(p.weights[RESERVE] * math.sqrt(on_duty) + 0.5)
  end

  function plans.known_bonus(p) return p.weights[KNOWN_BONUS] end

  -- No agent makes an item's index greater by more than this.
  function plans.most_bonus(p)
    if not p.bonus then
      p.bonus = 0
      for _, profile in pairs(p.profiles) do
        for _, speed in pairs(profile.queues) do p.bonus = math.max(p.bonus, speed) end
      end
      p.bonus = p.bonus + plans.known_bonus(p)
    end
    return p.bonus
  end

  -- Which set of a line, its score there, and when it leaves it.
  function plans.set_at(l, at, clock)
    if clock < at + l.parked then return 'p' end
    return clock <= at + l.target and 'o' or 'l'
  end

  function plans.score(p, l, set, at, ln_value)
    return at - (set == 'l' and p.weights[LATE_GROWTH] or l.head_start) * ln_value
  end

  function plans.leaves(l, set, at)
    if set == 'p' then return at + l.parked end
    return set == 'o' and at + l.target + 1 or nil
  end

  local function fit_of(p, l, profile_number, nobody)
    local profile, fit = p.profiles[profile_number], false
    for i = 1, profile and #l.queues + 1 or 0 do
      local speed = profile.queues[l.queues[i] or nobody or '']
      if speed and (not fit or speed > fit) then fit = speed end
    end
    for _, need in ipairs(l.needs) do
      if fit and (profile.skills[need[1]] or 0) < need[2] then fit = false end
    end
    return fit
  end

  -- May agents of a profile take items of the line? Profile -> the logarithm of their speed, or false; worked out when first
  -- asked. nobody: the queue that stands in while no member is on duty; nil.
  function plans.speeds(p, l, nobody)
    local speeds = l.speeds[nobody or '']
    if speeds then return speeds end
    speeds = setmetatable({}, { __index = function(t, profile)
      t[profile] = fit_of(p, l, profile, nobody)
      return t[profile]
    end })
    l.speeds[nobody or ''] = speeds
    return speeds
  end

  -- Numbers of the profiles that fit a line.
  function plans.fitting(p, l, nobody)
    local key = nobody or ''
    local list = l.fitting[key]
    if list then return list end
    list = {}
    for n in pairs(p.profiles) do
      if plans.speeds(p, l, nobody)[n] then list[#list + 1] = n end
    end
    l.fitting[key] = list
    return list
  end

  -- ---- what agents of one profile and load are to the rule; `key` is "profile/used/used of each kind"
  function plans.shape(p, key)
    local s = p.shapes[key]
    if s then return s end
    local profile_number, used, kinds = string.match(key, '^(%d+)/(%d+)/(.*)$')
    local profile = p.profiles[tonumber(profile_number)]
    if not profile then return nil end
    used = tonumber(used)
    s = { profile = tonumber(profile_number), units = profile.units, room = profile.units - used, kind_room = {}, can = {},
      crowded = math.log(1 + p.weights[SLOWDOWN] * used / profile.units) }
    local n = 0
    for taken in string.gmatch(kinds, '%d+') do
      n = n + 1
      s.kind_room[n] = (profile.kind_units[n] or profile.units) - tonumber(taken)
    end
    for i = n + 1, KINDS_MAX do s.kind_room[i] = profile.kind_units[i] end
    p.shapes[key] = s
    return s
  end

  -- Numbers (in p.real_time) of the queues that agents are kept free for and such an agent could serve. `kinds`: for each of
  -- them the channel kind that counts, and `kinds.key` their numbers as a text.
  function plans.can(p, s, kinds)
    local can = s.can[kinds.key]
    if can then return can end
    can = {}
    local profile = p.profiles[s.profile]
    for n, q in ipairs(p.real_time) do
      if profile.queues[q.name] and plans.has_room(s, kinds[n].number, kinds[n].units) then can[#can + 1] = n end
    end
    s.can[kinds.key] = can
    return can
  end

  function plans.has_room(s, kind, units)
    return s.room >= units and s.kind_room[kind] >= units
  end
end

-- A work item and its place: what routing knows of it, the line it waits in, its clocks and timers; how it is opened and how
-- it leaves wherever it is. Part of the library that begins in functions.lua, which made the table `work`. Keys:
-- proto/redis.md, "Dispatch".
do
  local US = '\31'

  -- From each state the states it may go to, as common/dispatch/life.def, which a test compares.
  local MOVES = {
    waiting = 'offered active snoozed on_hold done',
    offered = 'active waiting done',
    active = 'waiting active on_hold snoozed wrapping done',
    on_hold = 'waiting active snoozed done',
    snoozed = 'waiting active on_hold done',
    wrapping = 'active waiting done',
    done = 'waiting',
  }
  local HELD = { offered = true, active = true, wrapping = true }

  -- What routing knows of an item, in one field: these, joined by US. Times are of the calendar `clock`. Names, reading and
  -- writing have one order.
  local PLACE = {
    'line', 'set',       -- where it waits; '' it does not
    'clock',             -- calendar, '' the wall's
    'at', 'target',      -- since when the customer waits for an answer, and the order's target
    'promise',           -- ms in which an answer was promised; 0 none
    'sla',               -- which clock runs: first, next; '' the customer has an answer
    'warned',            -- of that clock: 0, 1 warned, 2 late
    'resolve_at', 'resolve', 'resolve_warned',
    'paused',            -- since when the clocks stand, because the customer is asked; 0 they run
    'worth', 'kind', 'units', 'needs', 'known', 'only',
    'next',              -- promise of each further answer, of the customer's class; '' the queue's
  }

  local function place_of_fields(line, set, clock, at, target, promise, sla, warned, resolve_at, resolve, resolve_warned,
    paused, worth, kind, units, needs, known, only, next)
    if not line then return nil end
    return { line = line, set = set, clock = clock, at = tonumber(at) or 0, target = tonumber(target) or 0,
      promise = tonumber(promise) or 0, sla = sla, warned = tonumber(warned) or 0, resolve_at = tonumber(resolve_at) or 0,
      resolve = tonumber(resolve) or 0, resolve_warned = tonumber(resolve_warned) or 0, paused = tonumber(paused) or 0,
      worth = tonumber(worth) or 1, kind = kind, units = tonumber(units) or 1, needs = needs, known = known, only = only,
      next = next }
  end

  local function pack(w)
    return string.format('%s\31%s\31%s\31%.17g\31%.17g\31%.17g\31%s\31%.17g\31%.17g\31%.17g\31%.17g\31%.17g\31' ..
      '%.17g\31%s\31%.17g\31%s\31%s\31%s\31%s', w.line, w.set, w.clock, w.at, w.target, w.promise, w.sla, w.warned,
      w.resolve_at, w.resolve, w.resolve_warned, w.paused, w.worth, w.kind, w.units, w.needs, w.known, w.only, w.next)
  end

  -- A text of so many fields joined by US. (Methods of strings: a library has no globals while it is loaded.)
  local function joined(count) return '^' .. ('([^\31]*)\31'):rep(count - 1) .. '([^\31]*)$' end

  local PLACE_TEXT, FACTS_TEXT = joined(#PLACE), joined(9)

  local function unpack_place(place)
    local w = place_of_fields(string.match(place, PLACE_TEXT))
    if w then return w end
    local had = split(place) -- of an older release: fewer fields
    for n = 1, #PLACE do had[n] = had[n] or '' end
    return place_of_fields(unpack(had, 1, #PLACE))
  end

  -- Its place, and the facts beyond the first three, are read when somebody asks. A line and a set count while it waits.
  local FACTS = { deadline = 4, skills = 5, rule = 6, created = 8 }
  local lazy_item = { __index = function(i, key)
    if key == 'w' then
      i.w = unpack_place(i.place_text)
      if not i.stood then i.w.line, i.w.set = '', '' end
      return i.w
    elseif key == 'facts' then
      local facts = { string.match(i.facts_text, FACTS_TEXT) }
      i.facts = facts[1] and facts or split(i.facts_text)
      return i.facts
    end
    return FACTS[key] and i.facts[FACTS[key]]
  end }

  local function exact(n)
    return n % 1 == 0 and string.format('%d', n) or string.format('%.17g', n)
  end

  -- Does the customer wait for an answer: is `sla`, the seventh, not empty? Asked of each further message, without reading the
  -- rest of the place.
  function work.clock_runs(place)
    return string.match(place, '^[^\31]*\31[^\31]*\31[^\31]*\31[^\31]*\31[^\31]*\31[^\31]*\31([^\31]*)') ~= ''
  end

  -- The item; nil when there is none, or it cannot be read. `i.w`, its place, is changed and kept by keep().
  function work.read(d, item)
    local v = pcall_redis('HMGET', d.tag .. ':item:' .. item, 'state', 'queue', 'agent', 'facts', 'place', 'offered', 'until',
      'again', 'only_until', 'seen', 'changed')
    if v.err or not v[1] then return nil end
    local conversation, customer, priority = string.match(v[4] or '', '^([^\31]*)\31([^\31]*)\31([^\31]*)')
    return setmetatable({ id = item, state = v[1], queue = v[2] or '', agent = v[3] or '', conversation = conversation or '',
      customer = customer or '', priority = priority or '5', facts_text = v[4] or '', place_text = v[5] or '',
      stood = v[1] == 'waiting', offered = v[6] or '', until_ms = tonumber(v[7]) or 0, again = tonumber(v[8]) or 0,
      only_until = tonumber(v[9]) or 0, seen = v[10] or '', changed = tonumber(v[11]) or 0 }, lazy_item)
  end

  -- What a decision and an offer must know of an item that may wait, and no more: state, line, set, since when, worth, priority,
  -- own agent, queue, conversation, customer.
  local STANDS = '^([^\31]*)\31([^\31]*)\31[^\31]*\31([^\31]*)' .. ('\31[^\31]*'):rep(8) .. '\31([^\31]*)' ..
    ('\31[^\31]*'):rep(3) .. '\31([^\31]*)'
  function work.glance(d, item)
    local v = pcall_redis('HMGET', d.tag .. ':item:' .. item, 'state', 'place', 'facts', 'queue')
    if v.err or not v[1] then return nil end
    local line, set, at, worth, known = string.match(v[2] or '', STANDS)
    if not line then -- of an older release
      local w = unpack_place(v[2] or '')
      line, set, at, worth, known = w.line, w.set, w.at, w.worth, w.known
    end
    local conversation, customer, priority = string.match(v[3] or '', '^([^\31]*)\31([^\31]*)\31([^\31]*)')
    return v[1], line, set, tonumber(at) or 0, tonumber(worth) or 1, priority or '5', known, v[4] or '', conversation or '',
      customer or ''
  end

  -- Is this one of the words?
  function work.names(list, word)
    return string.find(' ' .. list .. ' ', ' ' .. word .. ' ', 1, true) ~= nil
  end

  function work.may(from, to)
    return string.find(' ' .. (MOVES[from] or '') .. ' ', ' ' .. to .. ' ', 1, true) ~= nil
  end

  local function keep(d, i, ...)
    call('HSET', d.tag .. ':item:' .. i.id, 'place', pack(i.w), ...)
  end

  -- Does nothing of the place change when it leaves where it is, and its clocks run on? So it is with most that are offered
  -- or in somebody's hands.
  local function place_stays(i)
    return i.state ~= 'waiting' and i.w.only == '' and i.w.paused == 0
  end

  -- As keep(). stays: what place_stays() said before the move.
  local function keep_moved(d, i, stays, ...)
    if not stays then return keep(d, i, ...) end
    call('HSET', d.tag .. ':item:' .. i.id, ...)
  end

  -- Is it the open one of its conversation; messages there since it was opened. The end of the conversation's chain, i.last,
  -- is known from here on.
  function work.conversation_of(d, i)
    local c = call('HMGET', d.tag .. ':conv:' .. i.conversation, 'item', 'messages', 'last')
    i.last = c[3] or ''
    return c[1] == i.id, tonumber(c[2]) or 0
  end

  -- A fact about the item, in the chain of its conversation. A damaged one stops no item's life. more: what else changes of
  -- the conversation, fields and values; nil nothing.
  function work.fact(d, type, i, agent, evidence, event, context, more)
    local conv = d.tag .. ':conv:' .. i.conversation
    local last = i.last or pcall_redis('HGET', conv, 'last')
    local cursor = journal_fact(d.tag, type, i, agent or '', d.text, last and not last.err and last or '', evidence or '',
      event or '', context or '')
    if i.last then i.last = cursor end
    if more then
      pcall_redis('HSET', conv, 'last', cursor, unpack(more))
    else
      pcall_redis('HSET', conv, 'last', cursor)
    end
    return cursor
  end

  function work.change_clock(d, i, clock)
    local w = i.w
    steps.schedule(d, 'timer:' .. w.clock, i.id, nil)
    local shift = steps.clock(d, clock) - steps.clock(d, w.clock)
    w.at, w.resolve_at, w.clock = w.at + shift, w.resolve_at + shift, clock
    if w.paused > 0 then w.paused = w.paused + shift end
  end

  local function resume_clocks(d, i)
    local w = i.w
    if w.paused == 0 then return end
    local stood = steps.clock(d, w.clock) - w.paused
    w.paused, w.resolve_at = 0, w.resolve_at + stood
    if w.sla ~= '' then w.at = w.at + stood end
  end

  -- The customer wrote again: the next answer's clock begins, unless one runs already.
  local function start_next(d, i)
    local w, q = i.w, plans.queue(d.p, i.queue)
    if w.sla ~= '' then return false end
    w.sla, w.warned, w.at = 'next', 0, steps.clock(d, w.clock)
    w.promise = tonumber(w.next) or q.next
    w.target = plans.target(w.promise)
    i.facts[4] = w.promise > 0 and exact(plans.real(d.p, w.clock, w.at + w.promise)) or '0'
    return true
  end

  -- ---- timers on the queue's clock: leaving a set, softening, warnings, breaches. One entry for each item.

  local function earlier(a, b)
    return a and b and math.min(a, b) or a or b
  end

  local function next_timer(d, i)
    local w, q, at = i.w, plans.queue(d.p, i.queue), nil
    if w.line ~= '' then
      local l = plans.line(d.p, w.line)
      local step = plans.next_step(q, steps.clock(d, w.clock) - w.at)
      at = earlier(l and plans.leaves(l, w.set, w.at), step and w.at + step)
    end
    if w.paused > 0 then return at end
    local warn = q.warn
    if w.sla ~= '' and w.promise > 0 then
      if w.warned == 0 and warn < 1 then
        at = earlier(at, w.at + math.floor(warn * w.promise))
      elseif w.warned < 2 then
        at = earlier(at, w.at + w.promise + 1)
      end
    end
    if w.resolve > 0 and i.state ~= 'done' then
      if w.resolve_warned == 0 and warn < 1 then
        at = earlier(at, w.resolve_at + math.floor(warn * w.resolve))
      elseif w.resolve_warned < 2 then
        at = earlier(at, w.resolve_at + w.resolve + 1)
      end
    end
    return at
  end

  -- A timer may stand before the time that it should: it is set right when it has passed (due.lua).
  local function set_timer(d, i)
    local at = next_timer(d, i)
    if at or not i.fresh then steps.schedule(d, 'timer:' .. i.w.clock, i.id, at) end
  end

  -- ---- waiting

  local function line_key(d, line, set) return d.tag .. ':line:' .. line .. ':' .. set end

  -- must: it is an error that it does not stand there.
  local function leave_set(d, id, line, set, known, must)
    steps.leaves_set(d, line, set, known, id)
    if call('ZREM', line_key(d, line, set), id) == 0 and must then error('item ' .. id .. ' does not wait') end
    if known ~= '' then call('ZREM', d.tag .. ':known:' .. known, id) end
  end

  local function leave_line(d, i)
    local w = i.w
    if w.line == '' then return end
    leave_set(d, i.id, w.line, w.set, w.known)
    w.line, w.set = '', ''
  end

  -- Its line, set and score as they are now; nothing is written.
  local function stand(d, i)
    local w, p = i.w, d.p
    local q, now = plans.queue(p, i.queue), steps.clock(d, w.clock)
    local waited = now - w.at
    local line = plans.line_name(p, plans.queues_after(q, waited), w.kind, w.target, plans.needs_after(q, w.needs, waited),
      w.only)
    local l = plans.line(p, line)
    w.line, w.set, w.units = line, plans.set_at(l, w.at, now), l.units
    i.score = plans.score(p, l, w.set, w.at, plans.ln_value(p, w.worth, i.priority))
  end

  -- With nobody who has room it changes nothing: whoever gets some looks for themselves. Nor behind the head of its set:
  -- whoever could take it could have taken that one, unless somebody said no to it. stands: steps.enters_set.
  local function is_news(d, i, stands)
    if stands == 'behind' or next(crew.groups(d)) == nil then return false end
    if stands == 'heads' or call('ZRANK', line_key(d, i.w.line, i.w.set), i.id) == 0 then return true end
    return call('EXISTS', d.tag .. ':declined') == 1
  end

  local function enter_line(d, i)
    local clock = plans.queue(d.p, i.queue).hours
    if clock ~= i.w.clock then work.change_clock(d, i, clock) end
    stand(d, i)
    local w, line = i.w, i.w.line
    local stands = steps.enters_set(d, line, w.set, w.known, i.score)
    call('ZADD', line_key(d, line, w.set), exact(i.score), i.id)
    if stands ~= 'behind' and not steps.is_line(d, line) and call('SADD', d.tag .. ':lines', line) == 1 then
      steps.line_comes(d, line)
      stands = 'heads' -- whatever a step that failed half way left in it
    end
    if w.known ~= '' then call('ZADD', d.tag .. ':known:' .. w.known, exact(w.at + w.target), i.id) end
    if is_news(d, i, stands) then steps.mark(d, 'l:' .. line) end
  end

  -- ---- aside: on hold or snoozed, in nobody's hands, and its agent's still

  local ASIDE = { on_hold = true, snoozed = true }

  local function enter_aside(d, i)
    call('ZADD', d.tag .. ':aside', d.text, i.id)
    if i.agent ~= '' then call('ZADD', d.tag .. ':agent:' .. i.agent .. ':aside', d.text, i.id) end
  end

  local function leave_aside(d, i)
    if not ASIDE[i.state] then return end
    call('ZREM', d.tag .. ':aside', i.id)
    if i.agent ~= '' then call('ZREM', d.tag .. ':agent:' .. i.agent .. ':aside', i.id) end
  end

  -- The item waits from now on in its queue, with the age and the clocks that it has.
  local function wait(d, i, ...)
    leave_aside(d, i)
    i.state = 'waiting'
    enter_line(d, i)
    steps.count_waiting(d, i.queue, 1)
    keep(d, i, 'state', 'waiting', 'queue', i.queue, 'agent', '', 'changed', d.text, 'offered', '', 'until', '0', ...)
    set_timer(d, i)
  end

  local function due_of_waiting(i)
    local at = i.again > 0 and i.again or nil
    return earlier(at, i.only_until > 0 and i.only_until or nil)
  end

  local function set_due_of_waiting(d, i) steps.due(d, i.id, due_of_waiting(i)) end

  -- Out of the hands of everybody whom it was offered to or who had it, but for `but`.
  local function free_hands(d, i, but)
    if i.state == 'offered' then
      for name in string.gmatch(i.offered, '%S+') do
        if name ~= but then crew.give(d, name, i.id) end
      end
    elseif HELD[i.state] and i.agent ~= '' and i.agent ~= but then
      crew.give(d, i.agent, i.id)
    end
    if i.state == 'active' or i.state == 'wrapping' then call('ZREM', d.tag .. ':held', i.id) end
  end

  -- May something happen to it at a real time by itself? To what is in an agent's hands only when they are gone: a lease.
  local function may_be_due(d, i)
    if i.state == 'waiting' then return due_of_waiting(i) ~= nil end
    return i.state ~= 'active' or crew.of(d, i.agent).presence == 'offline'
  end

  -- Out of wherever it is: queue, offers, hands. What becomes of it is the caller's next word.
  local function leave(d, i, but, why)
    if i.state == 'waiting' then
      leave_line(d, i)
      steps.count_waiting(d, i.queue, -1)
    elseif i.state == 'offered' then
      for name in string.gmatch(i.offered, '%S+') do
        if name ~= but then work.fact(d, 'offer_end', i, name, why or 'withdrawn') end
      end
    end
    leave_aside(d, i)
    if may_be_due(d, i) then steps.due(d, i.id, nil) end
    free_hands(d, i, but)
    if i.again > 0 then call('HDEL', d.tag .. ':declined', i.id) end -- declined by somebody
    i.again, i.only_until = 0, 0
    if i.w.only ~= '' then i.w.only = '' end
  end

  -- ---- a new one

  -- rule: queue, priority, within ('' by its queue, a level of the customer's class before it), skills, name, kind.
  -- who: tags, value, lang, profile, last_agent, last_agent_at; nil as `like`.
  local function promises(d, q, rule, who)
    local answer, next_ms, resolve = q.answer, '', q.resolve
    for _, level in ipairs(who and q.levels or {}) do
      if work.matches(level.customer, who) then
        answer = tonumber(level.answer) or answer
        next_ms = level.next or ''
        resolve = tonumber(level.resolve) or resolve
        break
      end
    end
    if rule.within ~= '' then answer = tonumber(rule.within) or answer end
    return answer, next_ms, resolve
  end

  -- The queue it really goes to: over the limit, or closed, it is another; an alarm says so when nobody sees an end.
  local function queue_for(d, name)
    for _ = 1, 10 do
      local q = plans.queue(d.p, name)
      local to
      if q.limit > 0 and q.limit_queue ~= '' and steps.waiting(d, name) >= q.limit then
        to = q.limit_queue
      elseif q.after ~= 'hold' and q.after ~= 'take' and not plans.is_open(d.p, q.hours, d.now) then
        to = q.after
      end
      if not to then return name end
      name = to
    end
    return name
  end

  local function skills_with_language(d, q, skills, lang)
    lang = string.lower(string.match(lang or '', '^%a+') or '')
    if q.language == 0 or lang == '' or string.find(',' .. skills, ',' .. lang .. '>=', 1, true) or
      not plans.speaks(d.p, q, lang) then
      return skills
    end
    return (skills ~= '' and skills .. ',' or '') .. lang .. '>=' .. q.language
  end

  -- The kind that agents are kept free for: that of its items which takes most units. It stays until a day without any, so
  -- that it changes seldom: then what the reserve let go of is looked at again.
  local function weightier(d, queue, kind, had, at)
    local new, old = plans.kind(d.p, kind), plans.kind(d.p, had or '')
    if had and old.units >= new.units and d.now - at < 86400000 then return had end
    if old.number ~= new.number and plans.queue(d.p, queue).real_time then steps.mark(d, '*') end
    return kind
  end

  local function learn_arrival(d, queue, kind)
    local rate, at, handling, had = string.match(steps.measured(d, queue), '^(%S+) (%S+) (%S+) ?(%S*)')
    kind = weightier(d, queue, kind, had, tonumber(at) or 0)
    rate, at = tonumber(rate) or 0, tonumber(at) or d.now
    rate = rate * math.exp(-math.max(d.now - at, 0) / 900000) + 1 / 900000
    steps.measure(d, queue, string.format('%.6g %s %s %s', rate, d.text,
      handling or exact(plans.queue(d.p, queue).handling), kind))
  end

  -- The customer's own agent, if they answered lately and still work here.
  local function known_agent(d, who)
    local name = who and who.last_agent
    if not name or not crew.listed(d, name) then return '' end
    return d.now - (tonumber(who.last_agent_at) or d.now) <= d.p.known and name or ''
  end

  local function known_fits(d, q, w)
    local name = plans.line_name(d.p, q.name, w.kind, w.target, plans.needs_after(q, w.needs, 0), '')
    return plans.speeds(d.p, plans.line(d.p, name))[d.p.agents[w.known].profile] ~= false
  end

  -- A new item as the desk definition says; nothing is written. rule.since: it waits since then.
  local function make(d, item, conversation, customer, rule, who, event, desk)
    local name, p = queue_for(d, rule.queue), d.p
    local q = plans.queue(p, name)
    local answer, next_ms, resolve = promises(d, q, rule, who)
    local at = rule.since and plans.clock(p, q.hours, rule.since) or steps.clock(d, q.hours)
    local worth = rule.worth or (who and plans.worth(p, who.tags, who.value, who.profile, d.now)) or 1
    local known = known_agent(d, who)
    local w = { line = '', set = '', clock = q.hours, at = at, target = plans.target(answer), promise = answer,
      sla = 'first', warned = 0, resolve_at = at, resolve = resolve, resolve_warned = 0, paused = 0, worth = worth,
      kind = p.kind[rule.kind or ''] and rule.kind or p.kinds[1], units = 1,
      needs = skills_with_language(d, q, rule.skills, who and who.lang), known = known, only = '', next = next_ms }
    local i = { id = item, state = 'waiting', queue = name, agent = '', conversation = conversation, customer = customer,
      priority = rule.priority, offered = '', until_ms = 0, again = 0, only_until = 0, seen = '', w = w, fresh = true }
    if known ~= '' and p.prefer > 0 and crew.on_duty(d, crew.of(d, known)) and known_fits(d, q, w) then
      w.only, i.only_until = known, d.now + p.prefer
    end
    local deadline = answer > 0 and exact(plans.real(p, q.hours, at + answer)) or '0'
    i.facts = { conversation, customer, rule.priority, deadline, rule.skills, rule.name, desk,
      rule.since and exact(rule.since) or d.text, event }
    return i
  end

  -- Opens a work item that waits. Returns its queue.
  function work.open(d, item, conversation, customer, rule, who, event, desk, extra)
    local i = make(d, item, conversation, customer, rule, who, event, desk)
    wait(d, i, 'facts', concat(i.facts, US), 'only_until', exact(i.only_until), unpack(extra or {}))
    if i.only_until > 0 then set_due_of_waiting(d, i) end
    learn_arrival(d, i.queue, i.w.kind)
    return i.queue
  end

  -- What it would be.
  function work.imagine(d, rule, who)
    local i = make(d, 'w-new', '', '', rule, who, '', '')
    stand(d, i)
    return i
  end

  work.exact, work.keep, work.earlier, work.set_timer = exact, keep, earlier, set_timer
  work.place_stays, work.keep_moved, work.line_key = place_stays, keep_moved, line_key
  work.leave_set, work.leave_line, work.enter_line = leave_set, leave_line, enter_line
  work.wait, work.leave, work.set_due_of_waiting, work.HELD = wait, leave, set_due_of_waiting, HELD
  work.enter_aside, work.ASIDE = enter_aside, ASIDE
  work.resume_clocks, work.start_next = resume_clocks, start_next
end

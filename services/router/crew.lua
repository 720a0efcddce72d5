-- Agents: presence, what they hold, and the groups of those who are alike and have room. Part of the library that begins in
-- functions.lua, which made the table `crew`. `d` is one call's view of the desk (step.lua). Keys: proto/redis.md, "Dispatch".
do
  local ON_DUTY = { ready = true, busy = true }
  local PRESENCES = { ready = true, busy = true, ['break'] = true, away = true, offline = true }
  local UNSEEN_MS, RENEW_MS = 10000, 60000

  local all, touch = steps.memory, steps.touch

  local function text(n) return string.format('%.0f', n) end

  -- ---- one agent, as in Redis

  local FIELDS = { 'presence', 'idle', 'misses', 'since', 'until' }

  -- The units of what they hold, by the plan of now.
  local function count_hands(d, a)
    a.used, a.kinds, a.load = 0, {}, nil
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
    a.load = a.load or d.p.agents[a.name].profile .. '/' .. a.used .. '/' .. table.concat(a.kinds, ',')
    return a.load
  end

  -- Their hands hold more by these units of a kind (at most 1000, so that a change is one number), or less; load_key() of the same
  -- change is worked out once.
  local function load_changes(d, a, number, by)
    a.used, a.kinds[number] = math.max(a.used + by, 0), math.max((a.kinds[number] or 0) + by, 0)
    local was, change = a.load, number * 65536 + by
    a.load = nil
    if not was or not d.p.agents[a.name] then return end
    local after = d.p.load_after[was]
    if not after then
      after = {}
      d.p.load_after[was] = after
    end
    after[change] = after[change] or load_key(d, a)
    a.load = after[change]
  end

  local function group_of(d, a)
    local listed = d.p.agents[a.name]
    if not listed or a.presence ~= 'ready' or not plans.is_open(d.p, listed.hours, d.now) then return '' end
    local key = load_key(d, a)
    local shape = plans.shape(d.p, key)
    return shape and shape.room > 0 and key or ''
  end

  -- ---- what is remembered of them

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

  -- All of them, as they are in Redis. stamp: steps.memory's.
  function crew.read(d, stamp)
    local c = { stamp = stamp, count = tonumber(string.match(stamp, '^%d+')) or 0, plan = d.p, since = d.now,
      agents = {}, groups = {}, by_profile = {}, duty = {}, able = {}, binding = {}, kinds = steps.read_base_kinds(d),
      heads = {}, known = {}, loads = {}, measured = {} } -- and lines, lines_of (steps.lines)
    for _, name in ipairs(call('SMEMBERS', d.tag .. ':agents')) do
      local a = read_agent(d, name)
      c.agents[name] = a
      enter_group(d, c, a, group_of(d, a))
      count_duty(d, c, a)
    end
    return c
  end

  function crew.groups(d) return all(d).groups end

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
    load_changes(d, a, k.number, units)
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
    load_changes(d, a, k.number, -tonumber(units))
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

-- Agents: presence, what they hold, and the groups of those who are alike and have room. Part of the library that begins in
-- functions.lua. `d` is one call's view of the desk (steps.begin). Keys: proto/redis.md, "Dispatch".
local crew = {}
do
  local ON_DUTY = { ready = true, busy = true }
  local PRESENCES = { ready = true, busy = true, ['break'] = true, away = true, offline = true }

  local function text(n) return string.format('%.0f', n) end

  -- ---- one call's view

  -- All parts of a call share it.
  function steps.begin(tag, now)
    if steps.current then return steps.current end
    steps.current = { tag = tag, p = plans.of(tag), now = tonumber(now), text = now, clocks = {}, agents = {}, heads = {} }
    return steps.current
  end

  -- Something may be possible now that was not: whoever calls deskbell_dispatch next looks at it.
  function steps.mark(d, what)
    call('SADD', d.tag .. ':marks', what)
    d.marked = true
  end

  function steps.finish()
    local d = steps.current
    if d and d.marked then call('PUBLISH', d.tag .. ':dispatch', '') end
  end

  function steps.forget()
    local d = steps.current
    steps.current = nil
    if d and d.marked then steps.begin(d.tag, d.text).marked = true end
  end

  function steps.clock(d, hours)
    local c = d.clocks[hours]
    if not c then
      c = plans.clock(d.p, hours, d.now)
      d.clocks[hours] = c
    end
    return c
  end

  -- What happens to an item at a real time by itself; the earlier of those that are set.
  function steps.due(d, item, at)
    if at then call('ZADD', d.tag .. ':due', text(at), item) else call('ZREM', d.tag .. ':due', item) end
  end

  function steps.hash(d, name)
    local map, list = {}, call('HGETALL', d.tag .. ':' .. name)
    for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
    return map
  end

  function steps.duty(d)
    if not d.duty then
      d.duty = steps.hash(d, 'duty')
      for name, n in pairs(d.duty) do d.duty[name] = tonumber(n) end
    end
    return d.duty
  end

  -- ---- groups

  function crew.groups(d)
    if d.groups then return d.groups end
    d.groups = {}
    for key, value in pairs(steps.hash(d, 'groups')) do
      local count, idle, agent = string.match(value, '^(%d+) (%S+) (.*)$')
      local shape = count and plans.shape(d.p, key)
      if shape then d.groups[key] = { key = key, shape = shape, count = tonumber(count), agent = agent,
        idle = tonumber(idle) } end
    end
    return d.groups
  end

  -- How many could take one more of each queue that agents are kept free for.
  function crew.able(d)
    if d.able then return d.able end
    d.able = {}
    for n in ipairs(d.p.real_time) do d.able[n] = 0 end
    for _, g in pairs(crew.groups(d)) do
      for _, n in ipairs(plans.can(d.p, g.shape)) do d.able[n] = d.able[n] + g.count end
    end
    return d.able
  end

  local function change_able(d, g, by)
    if not d.able or not g then return end
    for _, n in ipairs(plans.can(d.p, g.shape)) do d.able[n] = d.able[n] + by * g.count end
  end

  local function refresh_group(d, key)
    if d.groups then change_able(d, d.groups[key], -1) end
    local at, all = d.tag .. ':group:' .. key, d.tag .. ':groups'
    local head = call('ZRANGE', at, 0, 0, 'WITHSCORES')
    if not head[1] then
      call('HDEL', all, key)
      if d.groups then d.groups[key] = nil end
      return
    end
    local count = call('ZCARD', at)
    call('HSET', all, key, count .. ' ' .. head[2] .. ' ' .. head[1])
    local shape = d.groups and plans.shape(d.p, key)
    if shape then
      d.groups[key] = { key = key, shape = shape, count = count, agent = head[1], idle = tonumber(head[2]) }
      change_able(d, d.groups[key], 1)
    end
  end

  -- ---- one agent

  local FIELDS = { 'presence', 'used', 'kinds', 'idle', 'group', 'misses', 'since', 'until' }

  function crew.of(d, name)
    local a = d.agents[name]
    if a then return a end
    local v = call('HMGET', d.tag .. ':agent:' .. name, unpack(FIELDS))
    a = { name = name, presence = v[1] or 'offline', used = tonumber(v[2]) or 0, kinds = {}, idle = tonumber(v[4]) or 0,
      group = v[5] or '', misses = tonumber(v[6]) or 0, since = v[7] or '0', keep = v[8] or '0' }
    for n in string.gmatch(v[3] or '', '%d+') do a.kinds[#a.kinds + 1] = tonumber(n) end
    for n = #a.kinds + 1, #d.p.kinds do a.kinds[n] = 0 end
    d.agents[name] = a
    return a
  end

  -- In the desk definition?
  function crew.listed(d, name) return d.p.agents[name] ~= nil end

  local function load_key(d, a)
    return d.p.agents[a.name].profile .. '/' .. a.used .. '/' .. table.concat(a.kinds, ',')
  end

  function crew.shape(d, a)
    return crew.listed(d, a.name) and plans.shape(d.p, load_key(d, a)) or nil
  end

  function crew.on_duty(a) return ON_DUTY[a.presence] == true end

  local function group_of(d, a)
    local listed = d.p.agents[a.name]
    if not listed or a.presence ~= 'ready' or not plans.is_open(d.p, listed.hours, d.now) then return '' end
    local key = load_key(d, a)
    local shape = plans.shape(d.p, key)
    return shape and shape.room > 0 and key or ''
  end

  -- Puts the agent where they belong and writes what changed of them.
  function crew.place(d, a)
    local was, group = a.group, group_of(d, a)
    a.group = group
    if was ~= '' and was ~= group then
      call('ZREM', d.tag .. ':group:' .. was, a.name)
      refresh_group(d, was)
    end
    if group ~= '' then
      call('ZADD', d.tag .. ':group:' .. group, text(a.idle), a.name)
      refresh_group(d, group)
    end
    call('HSET', d.tag .. ':agent:' .. a.name, 'presence', a.presence, 'used', a.used, 'kinds', table.concat(a.kinds, ','),
      'idle', text(a.idle), 'group', group, 'misses', a.misses, 'since', a.since, 'until', a.keep)
    return group
  end

  -- An item comes into their hands: its units are taken.
  function crew.take(d, name, item, kind, units)
    local a, k = crew.of(d, name), plans.kind(d.p, kind)
    a.used, a.kinds[k.number] = a.used + units, (a.kinds[k.number] or 0) + units
    call('HSET', d.tag .. ':agent:' .. name .. ':items', item, kind .. ' ' .. units)
    call('SADD', d.tag .. ':agents', name)
    local was = a.group
    local group = crew.place(d, a)
    -- With less room they are kept free for fewer queues, and what was kept from them may be theirs.
    if was ~= '' and group ~= '' and #plans.can(d.p, plans.shape(d.p, group)) < #plans.can(d.p, plans.shape(d.p, was)) then
      steps.mark(d, 'a:' .. name)
    end
  end

  -- ... and leaves them. Whoever has room again is a reason to look at what waits.
  function crew.give(d, name, item)
    local at = d.tag .. ':agent:' .. name .. ':items'
    local kind, units = string.match(call('HGET', at, item) or '', '^(%S+) (%d+)$')
    if not kind then return end
    call('HDEL', at, item)
    local a, k = crew.of(d, name), plans.kind(d.p, kind)
    a.used = math.max(a.used - tonumber(units), 0)
    a.kinds[k.number] = math.max((a.kinds[k.number] or 0) - tonumber(units), 0)
    a.idle = d.now
    if crew.place(d, a) ~= '' then steps.mark(d, 'a:' .. name) end
  end

  function crew.items(d, name)
    return call('HKEYS', d.tag .. ':agent:' .. name .. ':items')
  end

  -- ---- presence

  local function count_duty(d, name, by)
    local listed = d.p.agents[name]
    local profile = listed and d.p.profiles[listed.profile]
    for queue in pairs(profile and profile.queues or {}) do
      local n = call('HINCRBY', d.tag .. ':duty', queue, by)
      if d.duty then d.duty[queue] = n end
    end
    d.bases = nil
    steps.mark(d, '*')
  end

  -- How long their connection holds without another word; 0 until it is taken back.
  function crew.keep(d, a, keep_ms)
    a.keep = keep_ms > 0 and text(d.now + keep_ms) or '0'
    if keep_ms > 0 then
      call('ZADD', d.tag .. ':seen', a.keep, a.name)
    else
      call('ZREM', d.tag .. ':seen', a.name)
    end
    call('HSET', d.tag .. ':agent:' .. a.name, 'until', a.keep)
  end

  -- Who is not there gets no offers; who is offline loses, after the lease, what they hold.
  -- `leaves` and `returns` are of work.lua.
  function crew.set_presence(d, name, presence, why)
    local a = crew.of(d, name)
    local was = a.presence
    a.presence, a.since, a.misses = presence, d.text, 0
    if presence == 'ready' and was ~= 'ready' then a.idle = d.now end
    call('SADD', d.tag .. ':agents', name)
    local group = crew.place(d, a)
    if ON_DUTY[presence] ~= ON_DUTY[was] then count_duty(d, name, ON_DUTY[presence] and 1 or -1) end
    if presence == 'offline' then
      call('ZREM', d.tag .. ':seen', name)
      a.keep = '0'
      call('HSET', d.tag .. ':agent:' .. name, 'until', '0')
    end
    journal(d.tag, { type = 'presence', agent = name, at = d.text,
      evidence = was .. ' ' .. presence .. (why ~= '' and ' ' .. why or '') })
    if group ~= '' then steps.mark(d, 'a:' .. name) end
    if presence ~= 'ready' and presence ~= 'busy' then work.leaves(d, name, presence == 'offline') end
    if was == 'offline' and presence ~= 'offline' then work.returns(d, name) end
  end

  -- presence {tag}  now agent presence keep why
  local function presence(keys, args)
    local d = steps.begin(keys[1], args[1])
    local name, to, keep = args[2], args[3], args[4]
    if not crew.listed(d, name) then return 'UNKNOWN' end
    if to ~= '' and not PRESENCES[to] then return redis.error_reply('INVALID presence') end
    local a = crew.of(d, name)
    local same = to == '' or to == a.presence
    if not same then crew.set_presence(d, name, to, one_line(args[5])) end
    if keep ~= '' and a.presence ~= 'offline' then crew.keep(d, a, tonumber(keep) or 0) end
    return same and 'SAME' or 'OK'
  end

  -- Whose connection is over is offline. At most `most` at a time; true when there may be more.
  function crew.expire(d, most)
    local gone = call('ZRANGEBYSCORE', d.tag .. ':seen', '-inf', d.text, 'LIMIT', 0, most)
    for _, name in ipairs(gone) do
      call('ZREM', d.tag .. ':seen', name)
      if crew.of(d, name).presence ~= 'offline' then crew.set_presence(d, name, 'offline', 'connection lost') end
    end
    return #gone == most
  end

  -- All agents anew, for another plan or because somebody's hours began or ended.
  function crew.rebuild(d)
    for key in pairs(steps.hash(d, 'groups')) do call('DEL', d.tag .. ':group:' .. key) end
    call('DEL', d.tag .. ':groups', d.tag .. ':duty')
    d.groups, d.able, d.duty, d.agents = nil, nil, nil, {}
    for _, name in ipairs(call('SMEMBERS', d.tag .. ':agents')) do
      local a = crew.of(d, name)
      a.group, a.used, a.kinds = '', 0, {}
      for n = 1, #d.p.kinds do a.kinds[n] = 0 end
      local items = call('HGETALL', d.tag .. ':agent:' .. name .. ':items')
      for i = 2, #items, 2 do
        local kind, units = string.match(items[i], '^(%S+) (%d+)$')
        local number = plans.kind(d.p, kind).number
        a.used, a.kinds[number] = a.used + tonumber(units), a.kinds[number] + tonumber(units)
      end
      if not crew.listed(d, name) and a.presence ~= 'offline' then
        crew.set_presence(d, name, 'offline', 'not in the desk definition any more')
      else
        crew.place(d, a)
        if crew.on_duty(a) then count_duty(d, name, 1) end
      end
    end
    steps.mark(d, '*')
  end

  function crew.register()
    register('presence', presence)
  end
end

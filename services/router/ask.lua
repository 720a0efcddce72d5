-- What is asked about queues, agents and decisions; nothing here writes. Part of the library that begins in functions.lua.
do
  local PAGE, ASIDE_MOST = 100, 5000

  local function members(d, q)
    return crew.duty(d)[q.name] or 0
  end

  -- Of the channel kind that comes there and takes most units.
  local function able(d, q)
    local kind = d.p.kinds[steps.load(d, q).kind.number]
    local line = plans.line(d.p, plans.line_name(d.p, q.name, kind, plans.target(q.answer), '', ''))
    local n = 0
    for _, g in pairs(crew.groups(d)) do
      if plans.has_room(g.shape, line.kind, line.units) and view.speed(d, g.shape, line) then n = n + #g.list end
    end
    return n
  end

  local function lines_of(d, queue)
    local list = {}
    for _, key in ipairs({ 'lines', 'replan' }) do
      for _, name in ipairs(call('SMEMBERS', d.tag .. ':' .. key)) do
        if string.match(name, '^[^~]*~([^~+]*)') == queue then list[#list + 1] = name end
      end
    end
    return list
  end

  -- queues {tag}  now
  local function queues(keys, args)
    local d, out = steps.begin(keys[1], args[1]), {}
    local waiting, seen = steps.hash(d, 'waiting'), {}
    local function add(q)
      seen[q.name] = true
      local late = 0
      for _, name in ipairs(lines_of(d, q.name)) do late = late + call('ZCARD', d.tag .. ':line:' .. name .. ':l') end
      out[#out + 1] = { q.name, waiting[q.name] or '0', tostring(late),
        plans.is_open(d.p, q.hours, d.now) and '1' or '0', tostring(members(d, q)), tostring(able(d, q)) }
    end
    for _, q in ipairs(d.p.order) do add(q) end
    local others = {}
    for name, n in pairs(waiting) do if not seen[name] and n ~= '0' then others[#others + 1] = name end end
    table.sort(others)
    for _, name in ipairs(others) do add(plans.queue(d.p, name)) end
    return out
  end

  -- waiting {tag}  now queue limit : items, most urgent first
  local function waiting(keys, args)
    local d, limit = steps.begin(keys[1], args[1]), tonumber(args[3])
    local list = {}
    for _, name in ipairs(lines_of(d, args[2])) do
      local current = plans.line(d.p, name)
      for _, set in ipairs({ 'p', 'o', 'l' }) do
        local page = call('ZRANGE', d.tag .. ':line:' .. name .. ':' .. set, 0, limit - 1, 'WITHSCORES')
        for n = 1, #page, 2 do
          local head = { id = page[n], set = set, score = tonumber(page[n + 1]), l = current }
          list[#list + 1] = { head.id, current and view.index(d, head) or math.huge }
        end
      end
    end
    table.sort(list, function(a, b) return a[2] > b[2] or (a[2] == b[2] and a[1] < b[1]) end)
    local out = {}
    for n = 1, math.min(#list, limit) do out[n] = list[n][1] end
    return out
  end

  -- agents {tag}  now agent
  local function agents(keys, args)
    local d, out = steps.begin(keys[1], args[1]), {}
    local names = args[2] ~= '' and { args[2] } or d.p.agent_order
    for _, name in ipairs(names) do
      if crew.listed(d, name) then
        local a = crew.of(d, name)
        local items = crew.items(d, name)
        out[#out + 1] = { name, a.presence, a.since, a.keep, tostring(a.used),
          tostring(d.p.profiles[d.p.agents[name].profile].units), concat(items, ' ') }
      end
    end
    return out
  end

  -- crew {tag}  now : what the library remembers of agents: per group its key and members, longest idle first; '' and then per
  -- queue its name and members on duty.
  local function remembered(keys, args)
    local d, out = steps.begin(keys[1], args[1]), {}
    for key, g in pairs(crew.groups(d)) do
      local row = { key }
      for n, a in ipairs(g.list) do row[n + 1] = a.name end
      out[#out + 1] = row
    end
    local row = { '' }
    for queue, n in pairs(crew.duty(d)) do
      if n ~= 0 then row[#row + 1] = queue row[#row + 1] = tostring(n) end
    end
    out[#out + 1] = row
    return out
  end

  -- mine {tag}  now agent
  local function mine(keys, args)
    local d = steps.begin(keys[1], args[1])
    local a = crew.of(d, args[2])
    local listed = d.p.agents[args[2]]
    local out = { a.presence, tostring(a.used), tostring(listed and d.p.profiles[listed.profile].units or 0) }
    local items = crew.items(d, args[2])
    for _, item in ipairs(items) do
      local v = call('HMGET', d.tag .. ':item:' .. item, 'state', 'changed', 'until')
      for _, text in ipairs({ item, v[1] or '', v[2] or '', v[3] or '0' }) do out[#out + 1] = text end
    end
    return out
  end

  -- aside {tag}  now agent limit : what they put aside ('' all of the desk), the longest first; of the first
  -- ASIDE_MOST entries, for all else waits meanwhile
  local function aside(keys, args)
    local d, out = steps.begin(keys[1], args[1]), {}
    local key = d.tag .. (args[2] == '' and ':aside' or ':agent:' .. args[2] .. ':aside')
    local limit, from = tonumber(args[3]), 0
    repeat
      local page = call('ZRANGE', key, from, from + PAGE - 1)
      for _, item in ipairs(page) do
        local v = pcall_redis('HMGET', d.tag .. ':item:' .. item, 'state', 'changed', 'until', 'agent', 'queue')
        if not v.err and work.ASIDE[v[1]] and #out < limit then
          out[#out + 1] = { item, v[1], v[2] or '', v[3] or '0', v[4] or '', v[5] or '' }
        end
      end
      from = from + #page
    until #page < PAGE or #out == limit or from == ASIDE_MOST
    return out
  end

  local function decided(d, list)
    local first, _, record = rule.decide(view.of(d, list))
    return first, record
  end

  -- The journal entry of its last offer: looked for in the chain of its conversation.
  local function last_offer(d, i)
    local at = call('HGET', d.tag .. ':conv:' .. i.conversation, 'last') or ''
    for _ = 1, 200 do
      if at == '' then return '' end
      local entry = call('XRANGE', d.tag .. ':journal', at, at)[1]
      if not entry then return '' end
      local f = {}
      for n = 1, #entry[2], 2 do f[entry[2][n]] = entry[2][n + 1] end
      local meta = split(f.meta or '')
      if f.type == 'offer' and meta[4] == i.id then return at end
      at = meta[12] or ''
    end
    return ''
  end

  local function due(d, w)
    local at = w.sla ~= '' and w.promise > 0 and w.paused == 0 and w.at + w.promise
    return at and work.exact(plans.real(d.p, w.clock, at)) or '0'
  end

  -- why {tag}  now item
  local function why(keys, args)
    local d = steps.begin(keys[1], args[1])
    local i = work.read(d, args[2])
    if not i then return { 'GONE' } end
    local record, before = '', 0
    if i.w.line ~= '' then
      local key = d.tag .. ':line:' .. i.w.line .. ':' .. i.w.set
      local score = call('ZSCORE', key, i.id)
      before = call('ZRANK', key, i.id) or 0
      if score and view.served(d, i.w.line) then
        local _
        _, record = decided(d, { view.head(d, i, tonumber(score), call('HGET', d.tag .. ':declined', i.id) or false) })
      end
    end
    return { i.state, i.state == 'offered' and i.offered or i.agent, record, last_offer(d, i), tostring(before), i.w.line,
      due(d, i.w) }
  end

  -- open {tag}  now customer : their conversations with open work, as they stand now; of each its id, item, state, queue,
  -- agents (who has it, or to whom it is offered), until, channel, reference, subject, when the customer wrote last.
  local function open(keys, args)
    local d, out = steps.begin(keys[1], args[1]), {}
    local ids = pcall_redis('HGET', d.tag .. ':cust:' .. args[2], 'open')
    for id in gmatch(type(ids) == 'string' and ids or '', '%S+') do
      local c = pcall_redis('HMGET', d.tag .. ':conv:' .. id, 'facts', 'item', 'subject', 'last_ms')
      local i = c[2] and pcall_redis('HMGET', d.tag .. ':item:' .. c[2], 'state', 'queue', 'agent', 'offered', 'until') or {}
      if c[1] and i[1] then -- a damaged one is left out
        local _, channel, _, reference, subject = unpack(split(c[1]))
        out[#out + 1] = { id, c[2], i[1], i[2] or '', i[1] == 'offered' and i[4] or i[3] or '', i[5] or '',
          channel or '', reference or '', subject ~= '' and subject or c[3] or '', c[4] or '' }
      end
    end
    return out
  end

  -- The open item of the running talk that this customer would go on with, on such a channel.
  local function talk_item(d, customer)
    local talk = customer.talk and conversation(d.tag, customer.talk)
    return talk and talk.item ~= '' and work.read(d, talk.item) or nil
  end

  -- try {tag}  now from kind language channel count  (name queue priority within skills customer)*
  -- channel: one on which what a sender writes goes on in one talk, or ''.
  local function try(keys, args)
    local d = steps.begin(keys[1], args[1])
    local customer = work.customer(d.tag, args[2], args[5])
    local rules = {}
    for n = 1, tonumber(args[6]) do
      local at = 6 + (n - 1) * 6
      rules[n] = { name = args[at + 1], queue = args[at + 2], priority = args[at + 3], within = args[at + 4],
        skills = args[at + 5], customer = args[at + 6], kind = args[3] }
    end
    local found = work.first_match(rules, customer)
    if not found then return redis.error_reply('INVALID rules') end
    if args[4] ~= '' then customer.lang = args[4] end
    local at = talk_item(d, customer)
    if at then
      return { found.name, customer.id, at.queue, at.w.line, due(d, at.w), '', 'joins', at.id, at.state,
        at.state == 'offered' and at.offered or at.agent }
    end
    local i = work.imagine(d, found, customer)
    local first, record = nil, ''
    if view.served(d, i.w.line) then
      first, record = decided(d, { view.head(d, i, i.score, false) })
    end
    return { found.name, not customer.new and customer.id or '', i.queue, i.w.line, due(d, i.w), record,
      first and 'offered' or 'waits' }
  end

  local READS = { 'no-writes' }
  register('queues', queues, READS)
  register('waiting', waiting, READS)
  register('agents', agents, READS)
  register('crew', remembered, READS)
  register('mine', mine, READS)
  register('aside', aside, READS)
  register('open', open, READS)
  register('why', why, READS)
  register('try', try, READS)
end

-- SPDX-License-Identifier: Apache-2.0
-- The routing rule as a part of the Redis library: decides as decide.c does, to the bit, and writes the same record
-- (rule.h has the rule and its arithmetic, record.h the record; tests/flow/test_11_rule.py compares them). Pure: a view
-- in, an outcome and a record out; what is read from keys and written to them is the caller's.
--
-- A view has the members of struct rule_view under the same names, with these differences: weights are an array in the
-- order of rule_weights.def; indices of queues and groups begin at 0 as in C, arrays at 1; sets are "p", "o", "l";
-- what is not there is false or nil, so ln_speed of an agent without the skill.
local rule = {}
do
  local US, RS = "\31", "\30"
  local ITEMS, AGENTS, HELD = 4, 8, 2
  local FLEXIBILITY, RATIO = 6, 8 -- in the weights

  -- As a sorted set orders members. Lua's own < follows the locale.
  local function before(a, b)
    for i = 1, math.min(#a, #b) do
      local x, y = a:byte(i), b:byte(i)
      if x ~= y then return x < y end
    end
    return #a < #b
  end

  local function has_room(g, q)
    return g.room >= q.units and g.kind_room[q.kind + 1] >= q.units
  end

  local function has_room_beside(g, q, taken)
    local kind_room = g.kind_room[q.kind + 1]
    if q.kind == taken.kind then kind_room = kind_room - taken.units end
    return g.room - taken.units >= q.units and kind_room >= q.units
  end

  local function fits(v, item, number)
    local g = v.groups[number + 1]
    return g.ln_speed[item.queue + 1] and has_room(g, v.queues[item.queue + 1])
      and not (item.barred and item.barred[number + 1])
  end

  -- Numbers of the queues that agents are worth something for, as indices of Lua.
  local function scarce(v)
    if v.scarce then return v.scarce end
    v.scarce = {}
    for n, q in ipairs(v.queues) do
      if q.real_time or q.keep > 0 then v.scarce[#v.scarce + 1] = n end
    end
    return v.scarce
  end

  local function other_queue(a, b)
    return a ~= b and (a.name ~= b.name or a.name == "")
  end

  -- Numbers of those that the group could serve now and could not with one of `taken` in hand, ascending.
  local function lost_queues(v, g, taken)
    local lost, own = {}, v.queues[taken + 1]
    for _, n in ipairs(scarce(v)) do
      local q = v.queues[n]
      if g.ln_speed[n] and other_queue(q, own) and has_room(g, q) and not has_room_beside(g, q, own) then
        lost[#lost + 1] = n - 1
      end
    end
    return lost
  end

  local function keeps(v, q, own)
    return q.target_ms * v.weights[RATIO] <= own.target_ms and q.able - 1 < q.keep
  end

  -- Could the reserve keep anybody from this item?
  local function may_be_kept(v, item)
    if item.set ~= "p" then return false end
    local own = v.queues[item.queue + 1]
    if own.may_be_kept ~= nil and own.seen_by == v then return own.may_be_kept end
    local may = false
    for _, n in ipairs(scarce(v)) do
      may = may or (other_queue(v.queues[n], own) and keeps(v, v.queues[n], own))
    end
    own.may_be_kept, own.seen_by = may, v
    return may
  end

  local function kept_for(v, item, lost)
    if item.set ~= "p" then return nil end
    local own = v.queues[item.queue + 1]
    for _, n in ipairs(lost) do
      if keeps(v, v.queues[n + 1], own) then return n end
    end
    return nil
  end

  function rule.index(q, set, score)
    if set == "l" then return q.late_base + ((q.now_ms - q.target_ms) - score) * q.late_slope end
    return q.base + (q.now_ms - score) * q.slope
  end

  -- Its best pair; nil when nobody with room fits.
  local function judge_item(v, item)
    local plain = rule.index(v.queues[item.queue + 1], item.set, item.score)
    local row, fit, kept, may = {item = item, ln_speed = 0, ln_known = 0}, false, nil, may_be_kept(v, item)
    for number = 0, #v.groups - 1 do
      local known = number == item.known_group
      if (known or not item.behind) and fits(v, item, number) then
        fit = true
        local g = v.groups[number + 1]
        local keeper = may and kept_for(v, item, lost_queues(v, g, item.queue)) or nil
        if keeper then
          kept = kept or keeper
        else
          local speed = g.ln_speed[item.queue + 1]
          local index = plain + speed
          if not row.index or index > row.index then row.index, row.ln_speed, row.ln_known = index, speed, 0 end
          if known and index + item.ln_known > row.index then
            row.index, row.ln_speed, row.ln_known = index + item.ln_known, speed, item.ln_known
          end
        end
      end
    end
    if not row.index then row.index, row.kept_for = plain, kept end
    return fit and row or nil
  end

  local function item_first(a, b)
    if a.index ~= b.index then return a.index > b.index end
    return before(a.item.id, b.item.id)
  end

  local function agent_first(a, b)
    if a.cost ~= b.cost then return a.cost < b.cost end
    if a.used / a.units ~= b.used / b.units then return a.used / a.units < b.used / b.units end
    if a.idle ~= b.idle then return a.idle < b.idle end
    return before(a.agent, b.agent)
  end

  local function price(v, lost)
    local sum = 0
    for _, n in ipairs(lost) do
      local q = v.queues[n + 1]
      if q.real_time then sum = sum + q.scarcity / (q.able > 1 and q.able or 1) end
    end
    return sum
  end

  local function agent_row(v, g, item, lost, name, idle, ln_known, alike)
    local row = {agent = name, ln_speed = g.ln_speed[item.queue + 1], ln_known = ln_known, crowded = g.crowded,
                 used = g.units - g.room, units = g.units, idle = idle, lost = lost, kept_for = kept_for(v, item, lost),
                 alike = alike, price = price(v, lost)}
    row.cost = ((row.crowded - row.ln_speed) - row.ln_known) + v.weights[FLEXIBILITY] * row.price
    return row
  end

  local function judge_group(v, item, number, rows)
    local g = v.groups[number + 1]
    local lost, alike = lost_queues(v, g, item.queue), g.count
    if number == item.known_group then
      rows[#rows + 1] = agent_row(v, g, item, lost, item.known, item.known_idle_ms, item.ln_known, 1)
      alike = alike - 1
      if item.known == g.agent then return end
    end
    rows[#rows + 1] = agent_row(v, g, item, lost, g.agent, g.idle_since_ms, 0, alike)
  end

  -- Two lists, best first: those free to be taken and those kept.
  local function part(rows, first)
    local free, kept = {}, {}
    for _, row in ipairs(rows) do
      local list = row.kept_for and kept or free
      list[#list + 1] = row
    end
    table.sort(free, first)
    table.sort(kept, first)
    return free, kept
  end

  -- ---- the record

  local function number(n)
    return n and string.format("%.17g", n) or ""
  end

  -- What most records have alike is written once.
  local written, count = {}, 0
  local function same_number(n)
    local text = written[n]
    if text then return text end
    if count > 5000 then written, count = {}, 0 end
    text = number(n)
    written[n], count = text, count + 1
    return text
  end

  local function name(s)
    return (s or ""):gsub("[%z\1-\31]", " ")
  end

  local function add(out, ...)
    out[#out + 1] = table.concat({...}, US)
  end

  local function add_items(out, kind, rows, most)
    for i = 1, math.min(#rows, most) do
      local row, w = rows[i], rows[i].item
      add(out, kind, (name(w.id)), number(w.queue), w.set, number(w.score), number(row.index), number(row.ln_speed),
          number(row.ln_known), number(row.kept_for), number(w.arrival_ms), number(w.ln_value), (name(w.needs)))
    end
  end

  local function add_agents(out, kind, rows, most)
    for i = 1, math.min(#rows, most) do
      local a = rows[i]
      add(out, kind, (name(a.agent)), number(a.ln_speed), number(a.ln_known), number(a.crowded), number(a.used),
          number(a.units), number(a.idle), table.concat(a.lost, " "), number(a.price), number(a.cost),
          number(a.kept_for), number(a.alike))
    end
  end

  local function add_queues(out, v, seen)
    for n, q in ipairs(v.queues) do
      if seen[n - 1] then
        add(out, "q", number(n - 1), (name(q.name)), same_number(q.target_ms), same_number(q.base), same_number(q.slope),
            same_number(q.late_base), same_number(q.late_slope), same_number(q.head_start_ms), number(q.now_ms),
            number(q.able), number(q.keep), number(q.scarcity), q.real_time and "1" or "0")
      end
    end
  end

  local function left(rows, most)
    return number(math.max(#rows - most, 0))
  end

  local function see_lost(rows, most, seen)
    for i = 1, math.min(#rows, most) do
      for _, n in ipairs(rows[i].lost) do seen[n] = true end
    end
  end

  local function record(v, items, held, agents, spared, unfit)
    local out, seen, weights = {}, {}, {}
    for i, w in ipairs(v.weights) do weights[i] = same_number(w) end
    add(out, "w", unpack(weights))
    for i = 1, math.min(#items, ITEMS) do seen[items[i].item.queue] = true end
    for i = 1, math.min(#held, HELD) do seen[held[i].item.queue], seen[held[i].kept_for] = true, true end
    see_lost(agents, AGENTS, seen)
    see_lost(spared, HELD, seen)
    add_queues(out, v, seen)
    add_items(out, "i", items, ITEMS)
    add_items(out, "h", held, HELD)
    add_agents(out, "a", agents, AGENTS)
    add_agents(out, "s", spared, HELD)
    add(out, "n", left(items, ITEMS), left(held, HELD), left(agents, AGENTS), left(spared, HELD), number(unfit))
    return table.concat(out, RS) .. RS
  end

  local function rank(v)
    local rows, unfit = {}, 0
    for _, item in ipairs(v.items) do
      local row = judge_item(v, item)
      if row then rows[#rows + 1] = row else unfit = unfit + 1 end
    end
    local items, held = part(rows, item_first)
    return items, held, unfit
  end

  -- The rows of the items that could be taken, best first; of those the reserve holds.
  function rule.rank(v)
    return rank(v)
  end

  -- The item that goes next and the name of its agent, nil when nothing can be taken; the record; the rows of all agents
  -- who could have it, best first.
  function rule.decide(v)
    local asked, items, held, unfit = {}, rank(v)
    local first = items[1] and items[1].item
    for n = 0, first and #v.groups - 1 or -1 do
      if fits(v, first, n) then judge_group(v, first, n, asked) end
    end
    local agents, spared = part(asked, agent_first)
    return first, first and agents[1].agent, record(v, items, held, agents, spared, unfit), agents
  end
end

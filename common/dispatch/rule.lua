-- SPDX-License-Identifier: Apache-2.0
-- The routing rule as a part of the Redis library: decides as decide.c does, to the bit, and writes the same record
-- (rule.h has the rule and its arithmetic, record.h the record; tests/flow/test_11_rule.py compares them). Pure: a view
-- in, an outcome and a record out; what is read from keys and written to them is the caller's.
--
-- A view is made of things that may live from decision to decision, so that nothing is copied and what follows from them is
-- worked out once:
--
--   view    weights (in the order of rule_weights.def), items, groups, scarce
--   queue   struct rule_queue's members; number (its index in C); speeds: profile -> ln of speed, false lacks; sort: any
--           two queues with the same name, kind and units have the same, others have not
--   shape   what agents of one profile and load are: profile, units, room, kind_room (from 1 on), crowded
--   group   shape, agent, idle_since_ms, count
--   item    id, q (its queue), set ("p", "o", "l"), score, behind, arrival_ms, ln_value, needs; barred: group -> true;
--           known, group (of that agent), known_idle_ms, ln_known. What is not there is nil
--   scarce  the queues that agents are worth something for (real_time, or keep > 0), in order of their numbers; lost = {}
--           is the rule's memory of which of them a shape loses: good as long as their name, kind, units and speeds are
local rule = {}
do
  local US, RS = "\31", "\30"
  local ITEMS, AGENTS, HELD = 4, 5, 2 -- rows that a record has
  local FLEXIBILITY, RATIO = 6, 8 -- in the weights

  -- As a sorted set orders members. Lua's own < follows the locale.
  local function before(a, b)
    for i = 1, math.min(#a, #b) do
      local x, y = a:byte(i), b:byte(i)
      if x ~= y then return x < y end
    end
    return #a < #b
  end

  local function has_room(s, q)
    return s.room >= q.units and s.kind_room[q.kind + 1] >= q.units
  end

  local function has_room_beside(s, q, taken)
    local kind_room = s.kind_room[q.kind + 1]
    if q.kind == taken.kind then kind_room = kind_room - taken.units end
    return s.room - taken.units >= q.units and kind_room >= q.units
  end

  local function other_queue(a, b)
    return a ~= b and (a.name ~= b.name or a.name == "")
  end

  local function find_lost(scarce, s, own)
    local lost, numbers = {}, {}
    for _, q in ipairs(scarce) do
      if q.speeds[s.profile] and other_queue(q, own) and has_room(s, q) and not has_room_beside(s, q, own) then
        lost[#lost + 1], numbers[#numbers + 1] = q, q.number
      end
    end
    lost.text = table.concat(numbers, " ")
    return scarce.lost[lost.text] or lost
  end

  -- The scarce queues that such an agent could serve now and could not with one of `own` in hand. Equal lists are one.
  local function lost_queues(scarce, s, own)
    local of = scarce.lost[s]
    if not of then
      of = {}
      scarce.lost[s] = of
    end
    local lost = of[own.sort]
    if not lost then
      lost = find_lost(scarce, s, own)
      of[own.sort], scarce.lost[lost.text] = lost, lost
    end
    return lost
  end

  -- Has any of the scarce queues no agent to spare? Else the reserve keeps nobody from anything.
  local function reserve_binds(v)
    if v.binds == nil then
      v.binds = false
      for _, q in ipairs(v.scarce) do
        if q.able - 1 < q.keep then v.binds = true end
      end
    end
    return v.binds
  end

  -- The queue that such an agent is kept for; nil none.
  local function kept_for(v, item, lost)
    for _, q in ipairs(lost) do
      if q.able - 1 < q.keep and q.target_ms * v.weights[RATIO] <= item.q.target_ms then return q end
    end
    return nil
  end

  function rule.index(q, set, score)
    if set == "l" then return q.late_base + ((q.now_ms - q.target_ms) - score) * q.late_slope end
    return q.base + (q.now_ms - score) * q.slope
  end

  local function item_first(a, b)
    if a.index ~= b.index then return a.index > b.index end
    return before(a.item.id, b.item.id)
  end

  local function agent_first(a, b)
    if a.cost ~= b.cost then return a.cost < b.cost end
    local x, y = a.shape, b.shape
    local used_a, used_b = (x.units - x.room) / x.units, (y.units - y.room) / y.units
    if used_a ~= used_b then return used_a < used_b end
    if a.idle ~= b.idle then return a.idle < b.idle end
    return before(a.agent, b.agent)
  end

  -- Rows and lists live as long as the decision that they are of, and are used again by the next: most rows are made to be
  -- compared once.
  local item_rows, agent_rows = {used = 0}, {used = 0}
  local list_of_items, list_of_held, list_of_agents, list_of_spared = {all = 0}, {all = 0}, {all = 0}, {all = 0}
  local looked, best_list, seen_queues, parts = {all = 0}, {}, {}, {}
  local decision = 0 -- the number of the one that is being made

  -- A list that is used again, with nothing in it.
  function rule.emptied(list)
    for n = #list, 1, -1 do list[n] = nil end
    return list
  end
  local emptied = rule.emptied

  local function no_rows(list)
    list.all = 0
    return emptied(list)
  end

  local function new_row(rows)
    rows.used = rows.used + 1
    local row = rows[rows.used]
    if not row then
      row = {place = rows.used}
      rows[rows.used] = row
    end
    return row
  end

  local function begin_rows()
    item_rows.used, agent_rows.used = 0, 0
  end

  -- Lists have the best `most` rows in order, and `all`: how many there are. The row that finds no
  -- place in it, of the two the latest new one's, is new again.
  local function insert(list, row, most, first, rows)
    local n = math.min(list.all, most)
    list.all = list.all + 1
    if n == most then
      rows.used = rows.used - 1
      local last = list[n]
      if not first(row, last) then return end
      row.place, last.place = last.place, row.place
      rows[row.place], rows[last.place] = row, last
      n = n - 1
    end
    while n > 0 and first(row, list[n]) do
      list[n + 1] = list[n]
      n = n - 1
    end
    list[n + 1] = row
  end

  -- Its best pair; nil when nobody with room fits.
  local function judge_item(v, item)
    local q, barred, groups = item.q, item.barred, v.groups
    local speeds, units, kind = q.speeds, q.units, q.kind + 1
    local plain, binds = rule.index(q, item.set, item.score), item.set == "p" and reserve_binds(v)
    local fit, kept, best, best_speed, best_known = false, nil, nil, 0, 0
    for n = 1, #groups do
      local g = groups[n]
      local s, known = g.shape, g == item.group
      local speed = (known or not item.behind) and speeds[s.profile]
      if speed and s.room >= units and s.kind_room[kind] >= units and not (barred and barred[g]) then
        fit = true
        local keeper = binds and kept_for(v, item, lost_queues(v.scarce, s, q))
        if keeper then
          kept = kept or keeper
        else
          local index = plain + speed
          if not best or index > best then best, best_speed, best_known = index, speed, 0 end
          if known and index + item.ln_known > best then
            best, best_speed, best_known = index + item.ln_known, speed, item.ln_known
          end
        end
      end
    end
    if not fit then return nil end
    local row = new_row(item_rows)
    row.item, row.index, row.ln_speed, row.ln_known = item, best or plain, best_speed, best_known
    row.kept_for = not best and kept or nil
    return row
  end

  -- What an agent's lost queues are worth; worked out once for a decision.
  local function price(lost)
    if lost.decision == decision then return lost.price end
    local sum = 0
    for _, q in ipairs(lost) do
      if q.real_time then sum = sum + q.scarcity / (q.able > 1 and q.able or 1) end
    end
    lost.decision, lost.price, lost.price_text = decision, sum, false
    return sum
  end

  -- One row of a group: those of it who are alike, or the one who knows the customer.
  local function judge_agent(v, binds, item, s, lost, agent, idle, ln_known, alike)
    local worth, speed = price(lost), item.q.speeds[s.profile]
    local cost = ((s.crowded - speed) - ln_known) + v.weights[FLEXIBILITY] * worth
    local keeper = binds and kept_for(v, item, lost) or nil
    local list, most = keeper and list_of_spared or list_of_agents, keeper and HELD or AGENTS
    if list.all >= most and cost > list[most].cost then
      list.all = list.all + 1
      return
    end
    local row = new_row(agent_rows)
    row.agent, row.shape, row.ln_speed, row.ln_known, row.idle, row.lost = agent, s, speed, ln_known, idle, lost
    row.kept_for, row.alike, row.price, row.cost = keeper, alike, worth, cost
    insert(list, row, most, agent_first, agent_rows)
  end

  -- All who could have the item. Most of many are behind those that are shown, and are only counted.
  local function judge_agents(v, item)
    local q, barred, groups = item.q, item.barred, v.groups
    local speeds, units, kind, flexibility = q.speeds, q.units, q.kind + 1, v.weights[FLEXIBILITY]
    local free, binds = list_of_agents, item.set == "p" and reserve_binds(v)
    for n = 1, #groups do
      local g = groups[n]
      local s, known = g.shape, g == item.group
      local speed = speeds[s.profile]
      if speed and s.room >= units and s.kind_room[kind] >= units and not (barred and barred[g]) then
        local lost, alike = lost_queues(v.scarce, s, q), g.count
        if known then
          judge_agent(v, binds, item, s, lost, item.known, item.known_idle_ms, item.ln_known, 1)
          alike = alike - 1
        end
        if not binds and free.all >= AGENTS and not known and
          (s.crowded - speed) + flexibility * price(lost) > free[AGENTS].cost then
          free.all = free.all + 1
        elseif not known or item.known ~= g.agent then
          judge_agent(v, binds, item, s, lost, g.agent, g.idle_since_ms, 0, alike)
        end
      end
    end
  end

  -- ---- the record

  local function number(n)
    if not n then return "" end
    if n % 1 == 0 and n ~= 0 and n > -1e15 and n < 1e15 then return string.format("%d", n) end -- the same text, sooner
    return string.format("%.17g", n)
  end

  local function name(s)
    return (string.gsub(s or "", "[%z\1-\31]", " "))
  end

  -- What most records have alike is made into text once: the texts of so many are remembered.
  local SAME_MOST = 5000
  local numbers, names, remembered = {}, {}, 0

  local function remember(texts, key, text)
    if not key or key == 0 or key ~= key then return text end -- two numbers that are one key, or no key
    if remembered == SAME_MOST then numbers, names, remembered = {}, {}, 0 end
    texts[key], remembered = text, remembered + 1
    return text
  end

  local function same_number(n) return numbers[n] or remember(numbers, n, number(n)) end
  local function same_name(s) return names[s] or remember(names, s, name(s)) end

  local function number_of(q)
    return q and same_number(q.number) or ""
  end

  local function add_items(out, kind, rows, most)
    for i = 1, math.min(rows.all, most) do
      local row, w = rows[i], rows[i].item
      out[#out + 1] = kind .. US .. name(w.id) .. US .. number_of(w.q) .. US .. w.set .. US .. number(w.score) .. US ..
        number(row.index) .. US .. same_number(row.ln_speed) .. US .. same_number(row.ln_known) .. US ..
        number_of(row.kept_for) .. US .. number(w.arrival_ms) .. US .. number(w.ln_value) .. US ..
        (w.needs and same_name(w.needs) or "")
    end
  end

  local function load_of(s)
    s.text = number(s.crowded) .. US .. number(s.units - s.room) .. US .. number(s.units)
    return s.text
  end

  local function price_of(lost)
    lost.price_text = number(lost.price)
    return lost.price_text
  end

  local function add_agents(out, kind, rows, most)
    for i = 1, math.min(rows.all, most) do
      local a = rows[i]
      out[#out + 1] = kind .. US .. same_name(a.agent) .. US .. same_number(a.ln_speed) .. US .. same_number(a.ln_known) .. US ..
        (a.shape.text or load_of(a.shape)) .. US .. number(a.idle) .. US .. a.lost.text .. US ..
        (a.lost.price_text or price_of(a.lost)) .. US .. number(a.cost) .. US ..
        number_of(a.kept_for) .. US .. same_number(a.alike)
    end
  end

  -- What of a queue stays as long as its base does.
  local function lasting(q)
    if q.lasting and q.lasting_base == q.base then return q.lasting end
    q.lasting_base = q.base
    q.lasting = name(q.name) .. US .. same_number(q.target_ms) .. US .. number(q.base) .. US .. same_number(q.slope) .. US ..
      number(q.late_base) .. US .. same_number(q.late_slope) .. US .. same_number(q.head_start_ms)
    return q.lasting
  end

  local function by_number(a, b) return a.number < b.number end

  local function see(q)
    if q.seen == decision then return end
    q.seen, seen_queues[#seen_queues + 1] = decision, q
  end

  local function see_lost(rows, most)
    for i = 1, math.min(rows.all, most) do
      for _, q in ipairs(rows[i].lost) do see(q) end
    end
  end

  local function add_queues(out, items, held, agents, spared)
    emptied(seen_queues)
    for i = 1, math.min(items.all, ITEMS) do see(items[i].item.q) end
    for i = 1, math.min(held.all, HELD) do
      see(held[i].item.q)
      see(held[i].kept_for)
    end
    see_lost(agents, AGENTS)
    see_lost(spared, HELD)
    table.sort(seen_queues, by_number)
    for _, q in ipairs(seen_queues) do
      out[#out + 1] = "q" .. US .. same_number(q.number) .. US .. lasting(q) .. US .. same_number(q.now_ms) .. US ..
        same_number(q.able) .. US .. same_number(q.keep) .. US .. same_number(q.scarcity) .. US .. (q.real_time and "1" or "0")
    end
  end

  local function left(rows, most)
    return same_number(math.max(rows.all - most, 0))
  end

  local weights, weights_row
  local function weights_of(v)
    if weights ~= v.weights then
      local out = {"w"}
      for i, w in ipairs(v.weights) do out[i + 1] = number(w) end
      weights, weights_row = v.weights, table.concat(out, US)
    end
    return weights_row
  end

  local function record(v, items, held, agents, spared, unfit)
    local out = emptied(parts)
    out[1] = weights_of(v)
    add_queues(out, items, held, agents, spared)
    add_items(out, "i", items, ITEMS)
    add_items(out, "h", held, HELD)
    add_agents(out, "a", agents, AGENTS)
    add_agents(out, "s", spared, HELD)
    out[#out + 1] = "n" .. US .. left(items, ITEMS) .. US .. left(held, HELD) .. US .. left(agents, AGENTS) .. US ..
      left(spared, HELD) .. US .. same_number(unfit)
    out[#out + 1] = ""
    return table.concat(out, RS)
  end

  -- The item that goes next and the name of its agent, nil when nothing can be taken; the record; the rows of the agents
  -- who could have it, best first, as many as a record shows, good until the next decision.
  function rule.decide(v)
    begin_rows()
    decision, v.binds = decision + 1, nil
    local items, held, unfit = no_rows(list_of_items), no_rows(list_of_held), 0
    local agents, spared = no_rows(list_of_agents), no_rows(list_of_spared)
    for _, item in ipairs(v.items) do
      local row = judge_item(v, item)
      if not row then
        unfit = unfit + 1
      elseif row.kept_for then
        insert(held, row, HELD, item_first, item_rows)
      else
        insert(items, row, ITEMS, item_first, item_rows)
      end
    end
    local first = items[1] and items[1].item
    if first then judge_agents(v, first) end
    return first, first and agents[1].agent, record(v, items, held, agents, spared, unfit), agents
  end

  -- What one agent – the view's one group – would take: rule.best begins, rule.look is told of each item, rule.best_items
  -- answers the `most` best of them, best first, and the index of the first. best.kept: the reserve kept something. One look
  -- at a time; its items are good until the next answer.
  function rule.best(v, most)
    begin_rows()
    v.binds = nil
    local best = no_rows(looked)
    best.v, best.group, best.shape, best.most, best.kept = v, v.groups[1], v.groups[1].shape, most, false
    return best
  end

  function rule.look(best, item)
    local q, s, v, known = item.q, best.shape, best.v, item.group == best.group
    local speed = (known or not item.behind) and q.speeds[s.profile]
    if not speed or s.room < q.units or s.kind_room[q.kind + 1] < q.units or (item.barred and item.barred[best.group]) then
      return
    end
    local index = rule.index(q, item.set, item.score) + speed
    if known and item.ln_known > 0 then index = index + item.ln_known end
    if best.all >= best.most and index < best[best.most].index then return end
    if item.set == "p" and reserve_binds(v) and kept_for(v, item, lost_queues(v.scarce, s, q)) then
      best.kept = true
      return
    end
    local row = new_row(item_rows)
    row.item, row.index, row.ln_speed, row.ln_known, row.kept_for = item, index, speed, known and item.ln_known or 0, nil
    insert(best, row, best.most, item_first, item_rows)
  end

  function rule.best_items(best)
    emptied(best_list)
    for n = 1, math.min(best.all, best.most) do best_list[n] = best[n].item end
    return best_list, best[1] and best[1].index
  end
end

# SPDX-License-Identifier: Apache-2.0
"""The routing rule is in two programs: C (common/dispatch) and Lua, for Redis. They decide the same, to the bit."""
import pathlib
import subprocess

import pytest

from desk import BIN

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULE = (ROOT / "common/dispatch/rule.lua").read_text()

# The view as JSON has numbers where the rule in Lua has the things themselves.
VIEW_OF = """
local function view_of(text)
  local v = cjson.decode(text)
  local scarce = {lost = {}}
  for n, q in ipairs(v.queues) do
    q.number, q.speeds = n - 1, {}
    q.sort = q.name == "" and n or q.name .. "~" .. q.kind .. "~" .. q.units
    if q.real_time or q.keep > 0 then scarce[#scarce + 1] = q end
  end
  for n, g in ipairs(v.groups) do
    g.shape = {profile = n, units = g.units, room = g.room, kind_room = g.kind_room, crowded = g.crowded}
    for number, q in ipairs(v.queues) do q.speeds[n] = g.ln_speed[number] end
  end
  for _, item in ipairs(v.items) do
    item.q, item.group = v.queues[item.queue + 1], item.known_group and v.groups[item.known_group + 1]
    local barred = {}
    for n, g in ipairs(v.groups) do barred[g] = item.barred[n] or nil end
    item.barred = barred
  end
  v.scarce = scarce
  return v
end
"""
DECIDE = RULE + VIEW_OF + """
local out = {}
for i, text in ipairs(ARGV) do
  local _, _, record = rule.decide(view_of(text))
  out[i] = record
end
return out
"""
# For each group: what one of it would take, and what is decided when there is nobody else.
BEST = RULE + VIEW_OF + """
local out = {}
for _, text in ipairs(ARGV) do
  for n = 1, #cjson.decode(text).groups do
    local v, names = view_of(text), {}
    v.groups = {v.groups[n]}
    local best = rule.best(v, 4)
    for _, item in ipairs(v.items) do rule.look(best, item) end
    for _, item in ipairs((rule.best_items(best))) do names[#names + 1] = item.id end
    local _, _, record = rule.decide(v)
    out[#out + 1] = {table.concat(names, " "), record}
  end
end
return out
"""


def views(count, seed):
    program = BIN.parent / "unit" / "rule_views"
    done = subprocess.run([str(program), str(count), str(seed)], capture_output=True, check=True)
    lines = done.stdout.splitlines()
    return lines[0::2], lines[1::2]


@pytest.mark.parametrize("seed", range(1, 9))
def test_redis_decides_as_the_rule_does(redis, seed):
    seen, records = views(500, seed * 1_000_003)
    decide = redis.client.register_script(DECIDE)
    offers = 0
    for begin in range(0, len(seen), 100):
        answers = decide(args=seen[begin:begin + 100])
        for view, want, got in zip(seen[begin:], records[begin:], answers):
            assert got == want, f"{view.decode()}\nC   {want!r}\nLua {got!r}"
            offers += b"\x1ea\x1f" in want
    assert offers > 100


def test_what_one_agent_would_take(redis):
    seen, _ = views(200, 77)
    takes = 0
    for best, record in redis.client.register_script(BEST)(args=seen):
        rows = [row.split(b"\x1f") for row in record.split(b"\x1e")]
        assert best == b" ".join(row[1] for row in rows if row[0] == b"i")
        takes += best != b""
    assert takes > 100

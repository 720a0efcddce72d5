# SPDX-License-Identifier: Apache-2.0
"""The routing rule is in two programs: C (common/dispatch) and Lua, for Redis. They decide the same, to the bit."""
import pathlib
import subprocess

import pytest

from desk import BIN

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULE = (ROOT / "common/dispatch/rule.lua").read_text()
DECIDE = RULE + "\nlocal out = {}\nfor i, v in ipairs(ARGV) do\n  local _, _, record = rule.decide(cjson.decode(v))\n" \
    "  out[i] = record\nend\nreturn out\n"


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

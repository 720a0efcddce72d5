# SPDX-License-Identifier: Apache-2.0
"""Simulated days through the functions in Redis, which look at those who became free and at what came: each of their
decisions is the one of the rule, which sees the whole desk each time (tests/bench/routing has more days)."""
import subprocess

import pytest

from desk import BIN, library


@pytest.mark.parametrize("day", ["omni", "skills", "burst", "small"])
def test_decisions_are_the_rule_s(redis, day):
    redis.client.config_set("appendonly", "no")
    redis.client.function_load(library(), replace=True)
    done = subprocess.run([str(BIN / "bench_routing"), "--through-redis", str(redis.socket), "--day", day, "--seeds", "1"],
                          capture_output=True, text=True, check=True)
    row, last = (done.stdout.splitlines()[n].split() for n in (2, -1))
    assert row[0] == day and int(row[1]) > 1000 and int(row[2]) > 300, done.stdout
    assert last[0] == last[2] and last[-4] == "0", done.stdout  # all the same; none is another from its record

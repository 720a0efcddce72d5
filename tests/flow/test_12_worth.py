# SPDX-License-Identifier: Apache-2.0
"""A customer's worth is reckoned in two programs, C (common/plan/worth.c) and Lua: the same to the bit."""
import json
import pathlib

import pytest

from domain import QuickRedis, Domain, desk, hours_text, plan_text

CASES = [json.loads(line) for line in
         (pathlib.Path(__file__).resolve().parents[1] / "data/worth/cases.jsonl").read_text().splitlines()]
DESK = desk({"support": {}}, {})


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    with QuickRedis(tmp_path_factory.mktemp("redis")) as server:
        yield Domain(server.client, DESK)


def worth(d, case, n):
    d.now = case["now"]
    assert d.call("plan", "0", plan_text(DESK) + case["rows"], hours_text(DESK)) == "OK"
    d.customer(f"tel:+{n}", tags=case["tags"], value=case["value"], profile=case["profile"])
    return d.item(d.write(sender=f"tel:+{n}")).worth


def test_redis_reckons_as_the_other_program_does(domain):
    assert len(CASES) > 400
    wrong = []
    for n, case in enumerate(CASES):
        got = worth(domain, case, n)
        if got != float(case["worth"]):
            wrong.append(f"{got!r} for {case}")
    assert not wrong, f"{len(wrong)} of {len(CASES)}:\n" + "\n".join(wrong[:20])

# SPDX-License-Identifier: Apache-2.0
"""The router gives Redis the plan of every desk definition, and gives it again when Redis may not have it any more."""
import signal

import pytest
from acknowledging import apply
from desk import wait_for
from outbox import P, client

CONFIG = "channels: [{name: mail, kind: email, addresses: [\"support@example.com\"]}]\n"


def document(n):
    return f"queues: [{{name: q{n}}}, {{name: support}}]\nagents: [{{name: a{n}, queues: [q{n}]}}]\ndefault: {{queue: support}}\n"


def queues(desk):
    """As the steps of dispatch know them."""
    return [q["name"] for q in desk.json("queue", "ls")["queues"]]


@pytest.fixture
def desk(new_desk):
    return new_desk(config=CONFIG).up()


def test_of_a_new_desk(desk):
    assert queues(desk) == ["support", "suspected", "automatic"]


def test_of_every_definition(desk):
    for n in range(10):  # faster than the router looks
        apply(desk, document(n))
    wait_for(lambda: queues(desk) == ["q9", "support"], "the plan of the last one")
    assert [a["name"] for a in desk.json("agent", "ls")] == ["a9"]
    assert desk.json("check")


def test_applied_while_the_router_is_away(desk):
    desk.kill("router", signal.SIGSTOP)
    apply(desk, document(1))
    desk.kill("router")
    wait_for(lambda: queues(desk) == ["q1", "support"], "its plan")


def test_lost_by_redis(desk):
    """Functions and plan are gone, as after a restore from an old backup: both are there again soon."""
    apply(desk, document(1))
    wait_for(lambda: queues(desk) == ["q1", "support"], "its plan")
    r = client(desk)
    r.delete(*r.keys(f"{P}:plan*"))
    r.function_flush("SYNC")
    assert wait_for(lambda: r.exists(f"{P}:plan"), "the plan to be there again")
    assert queues(desk) == ["q1", "support"]
    wait_for(lambda: desk.run("check", check=False).returncode == 0, "all to be well")


def test_refused_it_is_said_and_nothing_stops(desk):
    """A damaged plan in Redis: events are routed all the same, the router says what is wrong, and goes on when it is mended."""
    r = client(desk)
    r.delete(*r.keys(f"{P}:plan*"))
    r.rpush(f"{P}:plan", "no plan at all")
    apply(desk, document(1))
    wait_for(lambda: "event=plan_refused" in desk.log_text(), "it to be said")
    checked = desk.run("check", check=False)
    assert checked.returncode == 1 and b"is not its plan" in checked.stdout
    r.delete(f"{P}:plan")
    wait_for(lambda: queues(desk) == ["q1", "support"], "its plan")
    wait_for(lambda: desk.run("check", check=False).returncode == 0, "it to be well")
    assert "event=plan_taken" in desk.log_text()

# SPDX-License-Identifier: Apache-2.0
"""Work comes in while dispatch, its twin and Redis are killed: every work item is offered, to one agent at a time, nobody gets
more than fits, and nothing waits longer than it takes to start again."""
import itertools
import json
import random
import threading
import time

import pytest
import redis as redis_client
from acknowledging import apply
from desk import wait_for
from dispatching import Dispatcher
from outbox import P, client

CONFIG = """
channels:
  - {name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], secret_files: [secrets/sms.secret]}
"""
AGENTS, KILLS_LEAST = 10, 12
DESK = "queues: [{name: support, answer_within: 1h, offer: {within: 10m}}]\ndefault: {queue: support}\nagents:\n" + "".join(
    f"  - {{name: a{n}, queues: [support], capacity: 4}}\n" for n in range(AGENTS))


@pytest.fixture
def desk(new_desk, tmp_path):
    d = new_desk(config=CONFIG).up()
    apply(d, DESK)
    wait_for(lambda: len(d.json("agent", "ls")) == AGENTS, "the plan")
    for n in range(AGENTS):
        d.run("agent", "set", f"a{n}", "ready")
    with Dispatcher(d.dir / "redis/redis.sock", tmp_path / "twin") as twin:
        d.twin = twin
        yield d


class Crew(threading.Thread):
    """Agents who take what they are offered and end it at once, in Redis itself, as their programs would."""

    def __init__(self, desk):
        super().__init__(daemon=True)
        self.r, self.stopped, self.most = client(desk), threading.Event(), 0

    def run(self):
        while not self.stopped.wait(0.01):
            try:
                self.turn()
            except (redis_client.exceptions.RedisError, OSError):
                continue  # Redis is away

    def turn(self):
        now = int(time.time() * 1000)
        for name, presence, _, _, used, units, items in self.r.fcall("deskbell_agents", 1, P, now, ""):
            assert int(used) <= int(units), f"{name} has more than fits"
            self.most = max(self.most, int(used))
            for item in items.split():
                self.r.fcall("deskbell_accept", 1, P, now, item, name)
                self.r.fcall("deskbell_done", 1, P, now, item, name, "")


class Customers(threading.Thread):
    """One writes after the other; who is not let in tries again, with the same message."""

    def __init__(self, desk, count):
        super().__init__(daemon=True)
        self.desk, self.count = desk, count

    def run(self):
        for n in range(self.count):
            wait_for(lambda: self.write(n), "to be let in")

    def write(self, n):
        try:
            return self.desk.sms("Hello", sender=f"+1415{n:07d}", sid=f"SM{n:032d}")[0] == 200
        except OSError:
            return False


def entries(desk):
    return desk.events(types=None)


def at(event):
    return time.mktime(time.strptime(event["data"]["routed_at"][:19], "%Y-%m-%dT%H:%M:%S")) + \
        float("0" + event["data"]["routed_at"][19:23])


def lives(desk):
    """work item → [(type, agents, when)], in order."""
    found = {}
    for e in entries(desk):
        if e["data"].get("work_item"):
            agents = e["data"].get("agents") or [e["data"].get("agent", "")]
            found.setdefault(e["data"]["work_item"], []).append((e["type"].split(".")[-2], agents, at(e)))
    return found


def check_life(item, life):
    """Offered, claimed by whom it was offered to, done; never in two hands."""
    kinds = [kind for kind, _, _ in life if kind != "message"]
    assert kinds == ["offered", "claimed", "done"], (item, life)
    (offer,), (claim,) = [x for x in life if x[0] == "offered"], [x for x in life if x[0] == "claimed"]
    assert len(offer[1]) == 1 and claim[1] == offer[1], (item, life)


def all_done(desk, count):
    try:
        found = lives(desk)
    except (AssertionError, json.JSONDecodeError):
        return None  # Redis is away
    return found if len(found) == count and all(life[-1][0] == "done" for life in found.values()) else None


@pytest.mark.parametrize("victims", [("dispatch", "twin"), ("dispatch", "twin", "redis")], ids=["dispatch", "redis too"])
def test_killed_under_load(desk, victims):
    count, dice = 300, random.Random(5)
    crew, customers = Crew(desk), Customers(desk, count)
    crew.start()
    customers.start()
    outages = []
    for n in itertools.count():
        if not customers.is_alive() and n >= KILLS_LEAST:
            break
        victim = victims[n % len(victims)]
        if victim == "twin":
            desk.twin.kill()
            desk.twin.start()
        elif victim == "redis":
            began = time.time()
            desk.kill("redis")
            wait_for(lambda: desk.is_there("redis") and answers(desk), "Redis to be there again")
            outages.append((began, time.time()))
        elif desk.kill("dispatch"):
            wait_for(lambda: desk.is_there("dispatch"), "dispatch to be there again")
        crew.stopped.wait(dice.uniform(0.05, 0.3))
    customers.join()
    found = wait_for(lambda: all_done(desk, count), "all of it to be done")
    crew.stopped.set()
    crew.join()
    for item, life in found.items():
        check_life(item, life)
        waited = life[1][2] - life[0][2]
        away = sum(min(b, life[1][2]) - max(a, life[0][2]) for a, b in outages if b > life[0][2] and a < life[1][2])
        assert waited - away < 3, (item, life, outages)
    assert 0 < crew.most <= 4
    for agent in desk.json("agent", "ls"):
        assert agent["used"] == 0 and agent["items"] == []


def answers(desk):
    try:
        return client(desk).ping()
    except redis_client.exceptions.RedisError:
        return False

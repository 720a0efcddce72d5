# SPDX-License-Identifier: Apache-2.0
"""Agents come, vanish, decline and ignore while two dispatch programs and Redis are killed at random: no work item is lost, stuck
or doubled, and none waits for a dead program for 3 s while somebody who fits has room."""
import random
import subprocess
import threading
import time

import pytest
import redis as redis_client

from desk import PrivateRedis, library, wait_for
from dispatching import Dispatcher
from domain import DAY, Domain, desk
from upheld import Sight, consistent, legal_life, lives

AGENTS, UNITS, ITEMS, MOST_MS = 24, 2, 500, 3000
SECONDS = 15
KEEP, AGAIN = 1500, 300
NAMES = [f"a{n}" for n in range(AGENTS)]
DESK = desk({"support": dict(offer=1000, answer=60_000, offer_to=1)},
            {name: dict(units=UNITS, queues={"support": 1}) for name in NAMES}, lease=1000, again=AGAIN, misses=1000)
AWAY = (redis_client.exceptions.RedisError, OSError)


def now_ms():
    return int(time.time() * 1000)


class Mortal(PrivateRedis):
    def start_again(self):
        self.process.kill()
        self.process.wait()
        self.process = subprocess.Popen(self.process.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, "Redis to be there again")

    def answers(self):
        try:
            return self.client.ping()
        except AWAY:
            return False


class Present(Domain):
    """The steps at the time that it is."""
    now = property(lambda self: now_ms(), lambda self, _: None)


class Thread(threading.Thread):
    """Does turn() again and again; Redis may be away."""

    def __init__(self, domain, seed):
        super().__init__(daemon=True)
        self.domain, self.dice, self.stopped, self.failed = domain, random.Random(seed), threading.Event(), None

    def run(self):
        while not self.stopped.is_set():
            try:
                self.turn()
            except AWAY as error:
                if "WRONGTYPE" in str(error) or "user_function" in str(error):
                    self.failed = error
                self.stopped.wait(0.02)

    def end(self):
        self.stopped.set()
        self.join()
        assert self.failed is None


class Customers(Thread):
    """Each writes until he is let in."""
    count = 0

    def turn(self):
        n = self.count
        event = f"{n:016d}abcdefghjk"
        fields = [event, "message", "sms", "sender", f"tel:+1{n:010d}", "Ann", "", "", "", "", "", "", "", f"R{n}", b"event",
                  "1 2 3 4", "", "", "sms", 1, "rule", "support", 5, "", "", ""]
        assert self.domain.call("route", "0", 9 * DAY, 7 * DAY, 1, *fields) in ("r", "d")
        self.count += 1
        if self.count == ITEMS:
            self.stopped.set()
        self.stopped.wait(self.dice.expovariate(ITEMS / SECONDS))


class Crew(Thread):
    """All agents: some vanish without a word, some decline, some do not look."""
    steady = False

    def __init__(self, domain, seed):
        super().__init__(domain, seed)
        self.gone = {}

    def turn(self):
        for name in NAMES:
            if not self.steady and self.gone.get(name, 0) > time.monotonic():
                continue
            if not self.steady and self.dice.random() < 0.01:
                self.gone[name] = time.monotonic() + self.dice.uniform(0.5, 4)
                continue
            self.agent(name)
        self.stopped.wait(0.005)

    def agent(self, name):
        self.domain.presence(name, "ready", KEEP)
        _, _, _, *held = self.domain.ask("mine", name)
        for item, state in zip(held[0::4], held[1::4]):
            chance = 1 if self.steady else self.dice.random()
            if state == "offered" and chance > 0.3:
                self.domain.accept(item, name)
            elif state == "offered" and chance < 0.1:
                self.domain.decline(item, name)
            elif state == "active" and chance > 0.5:
                self.domain.done(item, name)


class Room:
    """Who had room when, from the journal; how long each item waited while somebody could have had it."""

    def __init__(self):
        self.ready, self.hands, self.waiting, self.barred, self.longest = set(), {n: set() for n in NAMES}, {}, {}, (0, "")

    def free(self, at, item):
        return any(n in self.ready and len(self.hands[n]) < UNITS and self.barred.get((item, n), 0) <= at for n in NAMES)

    def out(self, name, item):
        if name in self.hands:
            self.hands[name].discard(item)

    def entry(self, e):
        at, item, names = int(e["at"]), e["work_item"], e["agent"].split()
        if e["type"] == "presence":
            (self.ready.add if e["evidence"].split()[1] == "ready" else self.ready.discard)(names[0])
        elif e["type"] == "offer":
            self.taken(item, at)
            for name in names:
                self.hands[name].add(item)
        elif e["type"] == "offer_end":
            self.out(names[0], item)
            if e["evidence"] != "gone":
                self.barred[item, names[0]] = at + AGAIN
            self.waiting[item] = None
        elif e["type"] in ("done", "requeue"):
            self.out(names[0], item)
            if e["type"] == "requeue":
                self.waiting[item] = None
        elif e["type"] == "event":
            self.waiting[item] = None
        room = any(n in self.ready and len(self.hands[n]) < UNITS for n in NAMES)
        for waits, since in self.waiting.items():
            free = room and self.free(at, waits)
            self.waiting[waits] = (since if since is not None else at) if free else None

    def taken(self, item, at):
        since = self.waiting.pop(item, None)
        if since is not None:
            self.longest = max(self.longest, (at - since, item))


def kill_at_random(server, twins, customers, dice):
    kills = dict(redis=0, dispatch=0)
    while customers.is_alive():
        if dice.random() < 0.2:
            server.start_again()
            kills["redis"] += 1
        else:
            twin = dice.choice(twins)
            twin.kill()
            threading.Event().wait(dice.uniform(0, 0.3))
            twin.start()
            kills["dispatch"] += 1
        threading.Event().wait(dice.uniform(0.1, 0.8))
    return kills


def all_done(domain):
    try:
        state = domain.state()
    except AWAY:
        return None
    return state if all(i.state == "done" for i in state.items.values()) else None


@pytest.mark.parametrize("seed", [1])
def test_nobody_is_lost_whoever_dies(tmp_path, seed):
    with Mortal(tmp_path / "redis") as server:
        server.client.function_load(library(), replace=True)
        domain = Present(server.client, DESK)
        with Dispatcher(server.socket, tmp_path / "one") as one, Dispatcher(server.socket, tmp_path / "two") as two:
            crew, customers = Crew(domain, seed), Customers(domain, seed)
            crew.start(), customers.start()
            kills = kill_at_random(server, (one, two), customers, random.Random(seed))
            crew.steady = True
            state = wait_for(lambda: all_done(domain), "all of it to be done")
            crew.end(), customers.end()
        assert len(state.items) == ITEMS and kills["redis"] >= 2 and kills["dispatch"] >= 5, kills
        sight = Sight(domain)
        assert consistent(sight, settled=False) == []
        journal = domain.journal()
        assert legal_life(journal, sight.state.items) == []
        for item, path in lives(journal).items():
            assert path.count("done") == 1 and ("active", "active") not in zip(path, path[1:]), (item, path)
        room = Room()
        for e in journal:
            room.entry(e)
        assert room.longest[0] < MOST_MS, (room.longest, kills)

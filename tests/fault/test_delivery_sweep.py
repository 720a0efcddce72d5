# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each program at each named point between "a reply is created" and "its state is final", with a real Postfix
as the relay: no reply is lost, none is doubled, and `unsure` is said only where nobody could know. The judge is what Postfix
delivered.

Points are named in the programs (common/base/point.h) and on the wire (between.py)."""
import collections
import json
import os
import re
import subprocess
import types

import pytest
from between import CUT, Between
from desk import BIN, PATIENCE, Desk, mail, wait_for
from postfix import Postfix

CONFIG = """
smtp: {{host: "127.0.0.1", port: {port}, tls: none, connect_timeout: 5s, answer_timeout: 20s}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"], unsure: ask}}
"""
CREATING = ["reply.creating", "reply.created"]
RELAYING = ["relay.due", "relay.sent", "outbound.arrived", "outbound.taken", "outbound.stored", "outbound.answered",
            "relay.answered", "relay.settling", "relay.settled"]
# Up to here the relay cannot have it.
SENDING = ["smtp.prepare", "smtp.connected", "wire.mail", "smtp.rcpt", "wire.rcpt", "wire.data", "smtp.data",
           "outbound.committing"]
# From the moment the last line may go to the moment its answer is on disk.
OPEN = ["smtp.committed", "smtp.dot", "wire.dot", "wire.reply", "smtp.answered", "outbound.done"]
# How often Postfix has it when the program that sends dies there.
ARRIVED = {"smtp.committed": 0, "smtp.dot": 0, "wire.dot": 1, "wire.reply": 1, "smtp.answered": 1, "outbound.done": 1}
REPORTING = ["report.made", "report.spooled", "report.told", "route.sent", "route.answered", "report.noted"]
POINTS = CREATING + RELAYING + SENDING + OPEN + REPORTING


def cases():
    """Victims take turns, so that none is started again ever more slowly: `up` counts its programs' deaths, and forgets them
    when it dies itself. `self` is the command that asks for the reply."""
    for point in POINTS:
        victims = ["self"] * (point in CREATING) + ["email", "router", "redis", "up"] + ["cut"] * ("wire." in point)
        for victim in victims:
            yield pytest.param(point, victim, id=f"{point}-{victim}")


class World:
    def __init__(self, folder):
        self.points = folder / "points"
        self.points.mkdir()
        self.replies = 0
        self.asked = {}        # number of a reply: its id and how it ended
        self.armed = None      # a step on the wire and what is done there
        self.hit = False
        self.postfix = Postfix(mailboxes="example.org")
        self.between = Between(self.postfix.port, self.on_wire)
        self.desk = Desk(folder / "desk", CONFIG.format(port=self.between.port))
        self.environment = {**os.environ, "DESKBELL_POINTS": str(self.points)}

    def start(self):
        self.desk.up(env={"DESKBELL_POINTS": str(self.points)})
        return self

    def on_wire(self, step):
        if not self.armed or step != self.armed[0]:
            return None
        act, self.armed, self.hit = self.armed[1], None, True
        return act()

    def pid(self, victim):
        if victim == "up":
            return self.desk.process.pid
        return wait_for(lambda: self.desk.is_there(victim) and self.desk.pids()[victim], f"{victim} to run")

    def arm(self, point, victim):
        """Who dies at the point; returns its process id, or None."""
        pid = None if victim in ("self", "cut") else self.pid(victim)
        if not point.startswith("wire."):
            making = self.points / "making"
            making.write_text(str(pid or 0))
            making.rename(self.points / point)  # whole from the start
        elif victim == "cut":
            self.armed = (point.removeprefix("wire."), lambda: CUT)
        else:
            self.armed = (point.removeprefix("wire."), lambda: os.kill(pid, 9))
        return pid

    def fired(self, point):
        return self.hit if point.startswith("wire.") else not (self.points / point).exists()

    def again_up(self):
        """Whoever runs a desk starts it again when it ended."""
        if self.desk.process.poll() is not None:
            self.desk.kill_up()
            self.start()

    def call(self, *args):
        """A command, until it gets through, as a person would."""
        def tried():
            self.again_up()
            where = ["--json", "--dir", str(self.desk.dir), "--config", str(self.desk.config)]
            done = subprocess.run([str(BIN / "deskbell"), *args, *where], capture_output=True, timeout=PATIENCE,
                                  env=self.environment)
            return done.stdout if done.returncode == 0 else None
        return json.loads(wait_for(tried, f"deskbell {' '.join(args)} to succeed", step=0.1))

    def settled(self, id):
        """Its state, once nothing more happens by itself. What is put off is asked for again: its time would be minutes."""
        shown = self.call("outbox", "show", id)
        if shown["state"] == "deferred":
            self.call("outbox", "retry", id, "--reason", "not in five minutes")
        return shown["state"] if shown["state"] in ("accepted", "failed", "unsure") else None

    def arrivals(self):
        return collections.Counter(int(n) for m in self.postfix.delivered() for n in re.findall(rb"this is reply (\d+)\r?\n", m))

    def close(self):
        self.desk.close()
        self.between.__exit__()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    w = World(tmp_path_factory.mktemp("sweep"))
    with w.postfix:
        w.start()
        w.desk.lmtp(mail("Where is my order?", message_id="<q1@example.org>"))
        w.conversation = wait_for(w.desk.events, "the customer's mail")[0]["data"]["conversation"]
        yield w
        w.close()


@pytest.mark.parametrize("point,victim", cases())
def test_killed_there(world, point, victim):
    world.replies += 1
    number = world.replies
    world.between.drop()  # the mail begins with a connection
    world.hit = False
    pid = world.arm(point, victim)
    reply = ("reply", world.conversation, "--text", f"this is reply {number}", "--agent", "bo", "--key", f"s-{number}")
    id = world.call(*reply)["id"]
    assert world.call(*reply)["id"] == id, "asked twice, created once"
    state = wait_for(lambda: world.settled(id), f"an end of {id}", step=0.05)
    wait_for(lambda: world.fired(point), f"{point} to be reached; {id} is {state}")
    if pid and victim != "up":
        wait_for(lambda: world.again_up() or world.pid(victim) != pid, f"{victim} to be started again")
    world.again_up()
    open_end = point in OPEN and victim in ("email", "up", "cut")
    # `up` takes its programs along a moment after its own death: they may have got further
    assert state == "accepted" or state == "unsure" and open_end, (state, world.call("outbox", "show", id))
    assert state == "unsure" or not open_end or victim == "up"
    times = 1 if state == "accepted" else None if victim == "up" else ARRIVED[point]
    if victim == "cut" and point != "wire.reply" and open_end:
        times = 0
    world.asked[number] = types.SimpleNamespace(id=id, state=state, times=times, where=(point, victim))


def test_what_postfix_has(world):
    """At the end, when nothing is on its way any more."""
    wanted = {n: a.times for n, a in world.asked.items() if a.times is not None}
    wait_for(lambda: all(world.arrivals()[n] >= times for n, times in wanted.items()), "Postfix to deliver")
    world.postfix.wait_empty()
    times = world.arrivals()
    assert {n: (times[n], world.asked[n].where) for n in wanted} == {n: (wanted[n], world.asked[n].where) for n in wanted}
    assert all(count == 1 for count in times.values()), "none doubled"
    for a in world.asked.values():
        assert world.call("outbox", "show", a.id)["state"] == a.state, a
    sent = re.findall(r"status=(\w+)", world.postfix.log())
    assert set(sent) <= {"sent"} and len(sent) == sum(times.values())


def test_a_release_has_no_points():
    """Nothing in its programs knows a point or the variable: whoever sets it kills nobody."""
    release = BIN.parents[1] / "build" / "bin"
    if not (release / "router").exists():
        pytest.skip("no release was built beside this one")
    for program in ("router", "email", "deskbell", "sms"):
        content = (release / program).read_bytes()
        assert b"DESKBELL_POINTS" not in content and b"outbound.committing" not in content

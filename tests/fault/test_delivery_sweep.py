# SPDX-License-Identifier: Apache-2.0
"""kill -9 of each program at each named point between "a reply is created" and "its state is final", with a real Postfix
as the relay, and with a provider of SMS: no reply is lost, none is doubled, and `unsure` is said only where nobody could
know. The judge is what Postfix delivered, and what the provider took.

Points are named in the programs (common/base/point.h) and on the wire (between.py, provider.py)."""
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
from provider import CLOSE, Provider

CREATING = ["reply.creating", "reply.created"]
RELAYING = ["relay.due", "relay.sent", "outbound.arrived", "outbound.taken", "outbound.stored", "outbound.answered",
            "relay.answered", "relay.settling", "relay.settled"]
# Reached while the program is delivering already, by the router or by its own answer: if it dies, it may be anywhere.
MEANWHILE = ["outbound.answered", "relay.answered", "relay.settling", "relay.settled"]
REPORTING = ["report.made", "report.spooled", "report.told", "route.sent", "route.answered", "report.noted"]


class World:
    """A desk, and what is behind it. Of the two kinds: `program` that delivers; points `sending`, up to which the next system
    cannot have it; `doubtful`, from the moment the last byte may go to the moment the answer is on disk: how often the next
    system has it when the program dies there, and when the connection is cut (on the wire only)."""

    def __init__(self, folder, config):
        self.points = folder / "points"
        self.points.mkdir()
        self.replies = 0
        self.asked = {}        # number of a reply: its id and how it ended
        self.armed = None      # a step on the wire and what is done there
        self.hit = False
        self.desk = Desk(folder / "desk", config)
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
            self.armed = (point.removeprefix("wire."), lambda: self.cut)
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
        return collections.Counter(int(n) for m in self.arrived() for n in re.findall(rb"this is reply (\d+)", m))

    def kill_there(self, point, victim):
        self.replies += 1
        number = self.replies
        self.before_each()
        self.hit = False
        pid = self.arm(point, victim)
        reply = ("reply", self.conversation, "--text", f"this is reply {number}", "--agent", "bo", "--key", f"s-{number}")
        id = self.call(*reply)["id"]
        assert self.call(*reply)["id"] == id, "asked twice, created once"
        state = wait_for(lambda: self.settled(id), f"an end of {id}", step=0.05)
        wait_for(lambda: self.fired(point), f"{point} to be reached; {id} is {state}")
        if pid and victim != "up":
            wait_for(lambda: self.again_up() or self.pid(victim) != pid, f"{victim} to be started again")
        self.again_up()
        doubt = point in self.doubtful and victim in (self.program, "up", "cut")
        # `up` takes its programs along a moment after its own death: they may have got further
        anywhere = victim == "up" or victim == self.program and point in MEANWHILE
        assert state == "accepted" or state == "unsure" and (doubt or point in MEANWHILE and anywhere), (state, self.call("outbox", "show", id))
        assert state == "unsure" or not doubt or anywhere
        times = 1 if state == "accepted" else None if anywhere else self.doubtful[point][victim == "cut"]
        self.asked[number] = types.SimpleNamespace(id=id, state=state, times=times, where=(point, victim))

    def check_end(self):
        """When nothing is on its way any more: what was accepted is there once, what is in doubt as often as it must be."""
        wanted = {n: a.times for n, a in self.asked.items() if a.times is not None}

        def missing():
            there = self.arrivals()
            return [self.asked[n].where for n, times in wanted.items() if there[n] < times]
        wait_for(lambda: not missing(), f"all to arrive; first {missing()} were missing")
        self.wait_quiet()
        times = self.arrivals()
        assert {n: (times[n], self.asked[n].where) for n in wanted} == {n: (wanted[n], self.asked[n].where) for n in wanted}
        assert all(count == 1 for count in times.values()), "none doubled"
        for a in self.asked.values():
            assert self.call("outbox", "show", a.id)["state"] == a.state, a
        return times


class Mail(World):
    program, cut = "email", CUT
    sending = ["smtp.prepare", "smtp.connected", "wire.mail", "smtp.rcpt", "wire.rcpt", "wire.data", "smtp.data",
               "outbound.committing"]
    doubtful = {"smtp.committed": (0,), "smtp.dot": (0,), "wire.dot": (1, 0), "wire.reply": (1, 1), "smtp.answered": (1,),
                "outbound.done": (1,)}

    def __init__(self, folder):
        self.postfix = Postfix(mailboxes="example.org")
        self.between = Between(self.postfix.port, self.on_wire)
        super().__init__(folder, f"""
smtp: {{host: "127.0.0.1", port: {self.between.port}, tls: none, connect_timeout: 5s, answer_timeout: 20s}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"], unsure: ask}}
""")

    def __enter__(self):
        self.postfix.__enter__()
        return self

    def __exit__(self, *_):
        self.desk.close()
        self.between.__exit__()
        self.postfix.__exit__()

    def write(self):
        self.desk.lmtp(mail("Where is my order?", message_id="<q1@example.org>"))

    def before_each(self):
        self.between.drop()  # the mail begins with a connection

    def arrived(self):
        return self.postfix.delivered()

    def wait_quiet(self):
        self.postfix.wait_empty()


class Sms(World):
    program, cut = "sms", CLOSE
    sending = ["http.start", "outbound.committing"]
    doubtful = {"http.committed": (0,), "wire.request": (1, 1), "http.answered": (1,), "outbound.done": (1,)}

    def __init__(self, folder):
        self.provider = Provider(lambda request: self.on_wire("request"))
        super().__init__(folder, f"""
channels:
  - {{name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"],
     out_url: "{self.provider.url}/Messages.json", secret_files: [secrets/sms.secret], unsure: ask}}
""")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.desk.close()
        self.provider.close()

    def write(self):
        assert self.desk.sms("Where is my order?")[0] == 200

    def before_each(self):
        pass

    def arrived(self):
        return [r["fields"]["Body"].encode() for r in list(self.provider.taken)]

    def wait_quiet(self):
        pass


def cases(kind):
    """Victims take turns, so that none is started again ever more slowly: `up` counts its programs' deaths, and forgets them
    when it dies itself. `self` is the command that asks for the reply."""
    for point in CREATING + RELAYING + kind.sending + list(kind.doubtful) + REPORTING:
        victims = ["self"] * (point in CREATING) + [kind.program, "router", "redis", "up"] + ["cut"] * ("wire." in point)
        for victim in victims:
            yield pytest.param(point, victim, id=f"{point}-{victim}")


def begin(kind, tmp_path_factory):
    with kind(tmp_path_factory.mktemp("sweep")) as w:
        w.start()
        w.write()
        w.conversation = wait_for(w.desk.events, "the customer's message")[0]["data"]["conversation"]
        yield w


@pytest.fixture(scope="module")
def by_mail(tmp_path_factory):
    yield from begin(Mail, tmp_path_factory)


@pytest.fixture(scope="module")
def by_sms(tmp_path_factory):
    yield from begin(Sms, tmp_path_factory)


@pytest.mark.parametrize("point,victim", cases(Mail))
def test_killed_there(by_mail, point, victim):
    by_mail.kill_there(point, victim)


def test_what_postfix_has(by_mail):
    times = by_mail.check_end()
    sent = re.findall(r"status=(\w+)", by_mail.postfix.log())
    assert set(sent) <= {"sent"} and len(sent) == sum(times.values())


@pytest.mark.parametrize("point,victim", cases(Sms))
def test_killed_there_by_sms(by_sms, point, victim):
    by_sms.kill_there(point, victim)


def test_what_the_provider_has(by_sms):
    by_sms.check_end()


def test_a_release_has_no_points():
    """Nothing in its programs knows a point or the variable: whoever sets it kills nobody."""
    release = BIN.parents[1] / "build" / "bin"
    if not (release / "router").exists():
        pytest.skip("no release was built beside this one")
    for program in ("router", "email", "deskbell", "sms"):
        content = (release / program).read_bytes()
        assert b"DESKBELL_POINTS" not in content and b"outbound.committing" not in content

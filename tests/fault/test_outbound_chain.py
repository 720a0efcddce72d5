# SPDX-License-Identifier: Apache-2.0
"""From `deskbell_outbound_create` to the next system and back, with a real delivery store, whoever is killed on the way: each
message gets there, twice only where nobody could know, and its state in Redis is what became of it."""
import collections
import os
import random
import subprocess
import uuid

import pytest
import redis as redis_client
from desk import BIN, wait_for
from outbox import P, client, conversation, create, now_ms, order, out
from peer import number, text

DRIVER = BIN.parent / "fault" / "outbound_driver"
CONFIG = """
spool: {size: 16MiB}
channels:
  - {name: contact, kind: form}
  - {name: mail, kind: email, addresses: ["*"], enabled: false}
  - {name: text, kind: sms, provider: twilio, secret_files: ["secrets/text.secret"], enabled: false}
"""
COUNT = 2000 if os.environ.get("DESKBELL_LONG") else 300
KEY = "email:ann@example.org"


class Driver:
    """The channel program, started again whenever it was killed."""

    def __init__(self, desk, file):
        self.command = [str(DRIVER), str(desk.dir), str(desk.config), str(file)]
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.start()
        return True

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def message(id, channel, n):
    """A packed OutboundMessage; how it ends stands in its last letter."""
    words = f"message {n} " + ("d" if n % 10 == 3 else "f" if n % 10 == 7 else ".")
    return text(1, id) + number(2, 1) + text(3, channel) + text(6, "ann@example.org") + text(7, KEY) + text(11, words) + \
        number(19, now_ms())


def again(step):
    def tried():
        try:
            return step()
        except (redis_client.exceptions.ConnectionError, redis_client.exceptions.BusyLoadingError):
            return None
    return wait_for(tried, "an answer of Redis")


def reports(r, id):
    """New states of a message, as reported."""
    found = []
    for _, f in r.xrange(f"{P}:journal"):
        meta = f[b"meta"].decode().split("\x1f")
        if meta[7] == "outbound" and meta[8].startswith(id + " "):
            found.append(meta[8].split(" ")[2])
    return found


@pytest.mark.parametrize("victims", [(), ("driver",), ("driver", "router", "redis")], ids=lambda v: "+".join(v) or "nobody")
def test_each_message_gets_there(new_desk, tmp_path, victims):
    desk = new_desk(config=CONFIG).up()
    dice = random.Random(len(victims))
    sent = tmp_path / "sent"
    driver = Driver(desk, sent)
    try:
        r, ids, kills = client(desk), [], collections.Counter()
        talk = again(lambda: conversation(r))
        while len(ids) < COUNT or victims and min(kills[v] for v in victims) < 3:
            n = len(ids)
            id = f"o{n:016d}"
            made = again(lambda: create(r, talk, channel="mail", key=f"key-{n}", id=id, to=KEY, message=message(id, "mail", n),
                                        kind="acknowledgement", now=now_ms()))
            assert made[0] in ("CREATED", "KNOWN")
            ids.append(id)
            if victims and dice.random() < 0.03:
                victim = dice.choice(victims)
                kills[victim] += bool(driver.kill() if victim == "driver" else desk.kill(victim))
            assert n < 30_000
        expected = {id: "failed" if n % 10 == 7 else "accepted" for n, id in enumerate(ids)}

        def all_over():
            states = dict(again(lambda: [(i, out(r, i)["state"]) for i in ids]))
            for i in (i for i, state in states.items() if state in ("deferred", "unsure")):
                again(lambda: order(r, i, "retry", now=now_ms()))  # else it would wait its minutes
            return states == expected
        wait_for(all_over, "the states in Redis", patience=180, step=0.3)
        times = collections.Counter(sent.read_text().split())
        assert set(times) == {i for i, state in expected.items() if state == "accepted"}
        twice = [i for i, count in times.items() if count > 1]
        assert all("unsure" in reports(r, i) for i in twice), "sent again only when nobody knew"
        assert len(twice) <= kills["driver"] * 8, "no more than were under way"
        if not victims:
            assert not twice
        print(f"{len(ids)} messages, {dict(kills)} killed, {len(twice)} sent again because nobody knew")
    finally:
        driver.close()


def lose(r, id):
    """A report says that it was lost behind the next system, as a bounce does."""
    event_id = uuid.uuid4().hex[:26].translate(str.maketrans("ilou", "1100"))
    facts = "\x1f".join([id, "", "failed", "0", str(now_ms()), "0", "1", "5.1.1", "", "bounced", "0"])
    fields = [event_id, "status", "mail", "mail", KEY, "", "", "", "", "", "", "", "", "", b"event", "1 2 3 4", facts, "", "email", 0]
    desk = r.get(f"{P}:desk") or 0
    return r.fcall("deskbell_route", 1, P, now_ms(), desk, 9 * 86_400_000, 7 * 86_400_000, 1, *fields)


@pytest.mark.parametrize("victims", [(), ("driver", "router")], ids=lambda v: "+".join(v) or "nobody")
def test_each_is_tried_again_once(new_desk, tmp_path, victims):
    """Accepted, lost behind the next system, tried again on an operator's word: one more time each, whoever dies meanwhile."""
    desk = new_desk(config=CONFIG).up()
    dice = random.Random(7)
    sent = tmp_path / "sent"
    driver = Driver(desk, sent)
    count = COUNT // 3
    try:
        r, kills = client(desk), collections.Counter()
        talk = again(lambda: conversation(r))
        ids = [f"o{n:016d}" for n in range(count)]
        for n, id in enumerate(ids):
            create(r, talk, channel="mail", key=f"key-{n}", id=id, to=KEY, message=message(id, "mail", 0), kind="acknowledgement",
                   now=now_ms())
        wait_for(lambda: all(out(r, id)["state"] == "accepted" for id in ids), "all to be accepted", patience=120, step=0.1)
        for id in ids:
            assert lose(r, id) == b"r" and out(r, id)["state"] == "failed"
            assert order(r, id, "retry", now=now_ms())[0] == "ORDERED"
            if victims and dice.random() < 0.1:
                victim = dice.choice(victims)
                kills[victim] += bool(driver.kill() if victim == "driver" else desk.kill(victim))

        def all_over():
            states = {id: out(r, id)["state"] for id in ids}
            for id in (i for i, state in states.items() if state in ("deferred", "unsure")):
                order(r, id, "retry", now=now_ms())
            return set(states.values()) == {"accepted"} and not r.zcard(f"{P}:outbox:mail")
        wait_for(all_over, "all to be accepted again", patience=180, step=0.3)
        times = collections.Counter(sent.read_text().split())
        more = {id: n for id, n in times.items() if n != 2}
        assert set(times) == set(ids) and min(times.values()) == 2
        assert all("unsure" in reports(r, id) for id in more), "a third time only when nobody knew"
        print(f"{count} tried again, {dict(kills)} killed, {len(more)} once more because nobody knew")
    finally:
        driver.close()

# SPDX-License-Identifier: Apache-2.0
"""From the outbox over the router to a channel program: at once, in order, within the window, and whoever dies, each message
is there once."""
import json
import random
import time

import pytest
import redis as redis_client
from carrier import Carrier
from desk import Desk, wait_for
from outbox import P, client, conversation, create, now_ms, order, out
from peer import LATER, REFUSED, TAKEN

# Neither the mail nor the SMS program runs, so their keys are free for stand-ins.
CONFIG = """
channels:
  - {name: contact, kind: form}
  - {name: mail, kind: email, addresses: ["*"], enabled: false}
  - {name: mail2, kind: email, addresses: ["@two.example"], enabled: false}
  - {name: text, kind: sms, provider: twilio, secret_files: ["secrets/text.secret"], enabled: false}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("relay") / "desk", CONFIG) as d:
        yield d.up()


@pytest.fixture(scope="module")
def r(desk):
    return client(desk)


@pytest.fixture(scope="module")
def talk(r):
    return conversation(r)


def make(r, talk, channel="mail", **kw):
    outcome, id, _, _ = create(r, talk, channel=channel, now=now_ms(), **kw)
    assert outcome == "CREATED"
    return id


def make_many(r, talk, count, **kw):
    return [make(r, talk, **kw) for _ in range(count)]


def all_taken(carrier, ids):
    wait_for(lambda: set(ids) <= set(carrier.taken()) or carrier.trouble, f"{len(ids)} messages at the program")
    assert carrier.trouble is None


def settled(r, *channels):
    wait_for(lambda: sum(r.zcard(f"{P}:outbox:{c}") for c in channels) == 0, "empty outboxes")


def test_it_goes_out_at_once(desk, r, talk):
    with Carrier(desk, "email", ["mail"]) as c:
        wait_for(lambda: c.welcomes, "welcome")
        waits = []
        for _ in range(20):
            at = time.monotonic()
            id = make(r, talk, message=b"\x0a\x01x")
            all_taken(c, [id])
            waits.append(c.heard[-1][0] - at)
            settled(r, "mail")
        assert c.taken()[id] == b"\x0a\x01x" and out(r, id)["taken"] == "1"
        assert len(c.orders()) == 20, "each once"
        assert sorted(waits)[10] < 0.5, "woken by Redis, not by the clock"
        assert desk.metrics("router")["deskbell_outbox_wakes_total"] >= 20


def test_nothing_is_sent_before_its_time_nor_to_a_foreign_program(desk, r, talk):
    with Carrier(desk, "email", ["mail"]) as c, Carrier(desk, "sms", ["text"]) as d:
        later = make(r, talk, not_before=now_ms() + 1500)
        at = time.monotonic()
        other = make(r, talk, channel="mail2")
        text = make(r, talk, channel="text")
        all_taken(d, [text])
        all_taken(c, [later])
        assert c.heard[-1][0] - at > 1
        assert c.orders() == [(later, "deliver")] and d.orders() == [(text, "deliver")]
    with Carrier(desk, "email", ["mail2"]) as c:
        all_taken(c, [other])
    settled(r, "mail", "mail2", "text")


def test_a_window_and_in_order(desk, r, talk):
    """More than fits at once, made while nobody is there."""
    ids = make_many(r, talk, 300, message=b"x" * 2000)
    with Carrier(desk, "email", ["mail"]) as c:
        all_taken(c, ids)
        settled(r, "mail")
        assert c.most <= 64
        assert [i for i, _ in c.orders()] == ids, "in order of being due, each once"


def test_large_ones_keep_within_the_bytes(desk, r, talk):
    ids = make_many(r, talk, 40, message=b"x" * 60_000)
    with Carrier(desk, "email", ["mail"]) as c:
        all_taken(c, ids)
        settled(r, "mail")
        assert c.most <= 4


def test_a_silent_program_holds_up_nobody_else(desk, r, talk):
    with Carrier(desk, "email", ["mail"]) as dead, Carrier(desk, "sms", ["text"]) as alive:
        wait_for(lambda: dead.welcomes and alive.welcomes, "welcomes")
        dead.silent.set()
        stuck = make_many(r, talk, 100)
        wait_for(lambda: len(dead.orders()) == 64, "a full window")
        ids = make_many(r, talk, 200, channel="text")
        all_taken(alive, ids)
        settled(r, "text")
        assert len(dead.orders()) == 64
    with Carrier(desk, "email", ["mail"]) as c:
        all_taken(c, stuck)
        assert [i for i, _ in c.orders()] == stuck
    settled(r, "mail")


def test_later_is_tried_again_and_refused_is_over(desk, r, talk):
    answers = iter([(LATER, "full")] * 3)
    with Carrier(desk, "email", ["mail"], judge=lambda *_: next(answers, (TAKEN, ""))) as c:
        wait_for(lambda: c.welcomes, "welcome")
        ids = make_many(r, talk, 5)
        all_taken(c, ids)
    settled(r, "mail")
    with Carrier(desk, "email", ["mail"], judge=lambda *_: (REFUSED, "no such channel")) as c:
        id = make(r, talk)
        wait_for(lambda: out(r, id)["state"] == "failed", "failure")
        assert out(r, id)["why"] == "no such channel"
    settled(r, "mail")
    assert desk.metrics("router")['deskbell_outbox_relayed_total{answer="refused"}'] == 1


def test_orders_reach_the_program(desk, r, talk):
    with Carrier(desk, "email", ["mail"]) as c:
        id = make(r, talk)
        all_taken(c, [id])
        for what in ("hold", "cancel"):
            wait_for(lambda: out(r, id)["taken"] == "1", "taken")
            assert order(r, id, what)[0] == "ORDERED"
            wait_for(lambda: c.orders()[-1] == (id, what), what)
            settled(r, "mail")


def test_a_message_that_is_lost_leaves_the_outbox(desk, r, talk):
    r.zadd(f"{P}:outbox:mail", {"olost00000000000a": 1, "nonsense": 2})
    with Carrier(desk, "email", ["mail"]) as c:
        id = make(r, talk)
        all_taken(c, [id])
        settled(r, "mail")


def test_what_waits_is_seen(desk, r, talk):
    ids = make_many(r, talk, 3)
    wait_for(lambda: desk.metrics("router")["deskbell_outbox_waiting"] == 3, "the measure")
    wait_for(lambda: desk.metrics("router")["deskbell_outbox_oldest_seconds"] >= 1, "its age")
    r.zadd(f"{P}:outbox:mail", {ids[0]: now_ms() - 100_000})
    reason = wait_for(lambda: next((w for w in unhealthy(desk) if w.startswith("outbox")), None), "a reason")
    assert "channel mail" in reason and "3 wait" in reason
    with Carrier(desk, "email", ["mail"]) as c:
        all_taken(c, ids)
    settled(r, "mail")
    wait_for(lambda: not unhealthy(desk), "health")


def unhealthy(desk):
    return json.loads(desk.health("router")[1]).get("reasons", [])


@pytest.mark.parametrize("victims", [("router",), ("redis",), ("router", "redis")], ids="+".join)
def test_nothing_is_lost_nor_doubled_whoever_dies(new_desk, victims):
    """kill -9 at random moments while messages are made and carried, the carrier restarting too."""
    desk = new_desk(config=CONFIG).up()
    dice = random.Random(len(victims) * 7 + len(victims[0]))
    r, ids, kills = client(desk), [], 0

    def again(step):
        """As whoever orders it does: tries again with the same key until it is answered."""
        def tried():
            try:
                return step()
            except (redis_client.exceptions.ConnectionError, redis_client.exceptions.BusyLoadingError):
                return None
        return wait_for(tried, "an answer of Redis")
    talk = again(lambda: conversation(r))
    carriers = [Carrier(desk, "email", ["mail", "mail2"]), Carrier(desk, "sms", ["text"])]
    while kills < 8 or len(ids) < 300:
        n = len(ids)
        channel, key = ("mail", "mail2", "text")[n % 3], f"key-{n}"
        id = f"o{n:016d}"
        made = again(lambda: create(r, talk, channel=channel, key=key, id=id, now=now_ms()))
        assert made[0] in ("CREATED", "KNOWN") and made[1] == id
        ids.append((id, channel))
        if dice.random() < 0.02 and all(c.heard for c in carriers):
            victim = dice.choice(victims)
            kills += desk.kill(victim) is not None
            wait_for(lambda: desk.is_there(victim), f"{victim} to be there again")
    for c, channels in zip(carriers, (("mail", "mail2"), ("text",))):
        mine = [i for i, channel in ids if channel in channels]
        all_taken(c, mine)
        assert set(c.taken()) == set(mine), "nothing of the others"
        first = {}
        for i, _ in c.orders():
            first.setdefault(i, len(first))
        assert max(abs(first[i] - n) for n, i in enumerate(mine)) <= 128, "order of due time roughly kept"
        print(f"{len(mine)} messages, {len(c.orders())} came")

    def empty():
        return again(lambda: sum(r.zcard(f"{P}:outbox:{c}") for c in ("mail", "mail2", "text")) == 0 or None)
    wait_for(empty, "empty outboxes")
    assert all(out(r, i)["taken"] == "1" and out(r, i)["state"] == "queued" for i, _ in ids)
    for c in carriers:
        c.stop()

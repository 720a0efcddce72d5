# SPDX-License-Identifier: Apache-2.0
"""Found in review: what was broken once, and attacks worth repeating."""
import json
import os
import pathlib
import shutil
import signal
import time

import pytest
import redis as redis_client
from test_00_functions import NOW, P, event, journal, mail, r, route  # noqa: F401

import socket_redis
from desk import Desk, wait_for
from steps import claim


def store(desk):
    """The desk's own Redis, as its programs reach it."""
    return socket_redis.connect(next(desk.dir.glob("**/redis*.sock")))


@pytest.fixture(scope="module")
def review_desk(tmp_path_factory):
    """One desk for the cases that do not damage it."""
    with Desk(tmp_path_factory.mktemp("review") / "desk") as d:
        d.up()
        yield d


# ---- the atomic steps


@pytest.mark.parametrize("sender", ['email:"ann smith"@example.org', "email:ann|smith@example.org"])
def test_odd_addresses_take_part_in_their_own_conversation(r, sender):  # noqa: F811
    assert route(r, mail(mid="m1", sender=sender), mail(mid="m2", refs="m1", sender=sender)) == "rr"
    a, b = journal(r)
    assert b["conversation"] == a["conversation"] and b["how"] == "stored-message-id"
    route(r, mail(mid="m3", refs="m1", sender="email:smith@example.org"))
    assert journal(r)[-1]["conversation"] != a["conversation"], "a part of an address is not the address"


def test_the_journal_can_be_trimmed_when_redis_is_full(r):  # noqa: F811
    for n in range(300):
        route(r, event(bytes=b"x" * 10_000))
    r.config_set("maxmemory", "1mb")
    with pytest.raises(redis_client.exceptions.ResponseError, match="used memory"):
        route(r, event())
    assert r.fcall("deskbell_trim", 1, P, NOW + 10 ** 12, 10_000) > 100


def test_a_damaged_queue_fails_the_event_and_leaves_nothing(r):  # noqa: F811
    r.set(f"{P}:line:~support~email~86400000~~:o", "damaged")
    before = {k: r.dump(k) for k in r.keys("*")}
    assert route(r, event()) == "e"
    assert r.smembers(f"{P}:marks") == {b"*"} and r.get(f"{P}:crew"), "all is read again, and looked at"
    r.delete(f"{P}:marks", f"{P}:crew")
    assert {k: r.dump(k) for k in r.keys("*")} == before


def test_a_damaged_customer_stops_no_agent(r):  # noqa: F811
    route(r, event())
    (e,) = journal(r)
    r.delete(f"{P}:cust:{e['customer']}")
    r.set(f"{P}:cust:{e['customer']}", "damaged")
    assert claim(r, NOW, "support", "ana") == e["work_item"]
    assert r.fcall("deskbell_done", 1, P, NOW, e["work_item"], "ana", "") == b"OK"
    assert [j["type"] for j in journal(r)] == ["event", "claim", "done"]


# ---- whole desks


def test_a_desk_definition_that_cannot_be_used_is_said_until_it_is_mended(desk):
    db = store(desk)
    version = int(db.get(f"{P}:desk"))
    good = db.hget(f"{P}:desk:documents", str(version))
    db.hset(f"{P}:desk:documents", str(version + 1), "queues: [no: such, thing")
    db.set(f"{P}:desk", str(version + 1))
    assert desk.sms("waits")[0] == 200
    wait_for(lambda: "cannot be used" in desk.health("router")[1], "the router to say so")
    # Events that wait make it look again ten times a second; it must not forget what is wrong.
    refusals = "deskbell_router_refusals_total"
    before = desk.metrics("router").get(refusals, 0)
    wait_for(lambda: desk.metrics("router")[refusals] > before + 20, "some tries")
    status, words = desk.health("router")
    assert status != 200 and "cannot be used" in words
    db.hset(f"{P}:desk:documents", str(version + 2), good)
    db.set(f"{P}:desk", str(version + 2))
    assert desk.wait_events(1)[0]["data"]["text"] == "waits"
    wait_for(lambda: desk.health("router")[0] == 200, "the router to be well")


def test_a_webhook_with_endless_recipients_is_taken(desk):
    to = [f"id-{n}-" + "x" * 500 for n in range(900)]
    status, _, body = desk.hook({"from": "ann", "to": to, "text": "to everybody"})
    assert status == 200, body
    (e,) = desk.wait_events(1)
    assert e["data"]["text"] == "to everybody" and "cut: recipients" in e["data"]["warnings"]


def test_a_mail_to_very_many_subaddresses_is_parsed_a_few_times_only(desk):
    """300 of them cost 300 parses of one mail, with all other mail waiting behind."""
    many = [f"support+{n}@example.com" for n in range(300)]
    assert desk.lmtp(b"From: a@example.org\r\nSubject: many\r\n\r\nhello\r\n", recipients=many) == {}
    desk.wait_events(1)
    assert desk.metrics("email")["deskbell_spool_taken_total"] <= 8


def test_redis_full_then_larger_again(desk):
    db = store(desk)
    before = db.config_get("maxmemory")["maxmemory"]
    assert desk.sms("first")[0] == 200
    desk.wait_events(1)
    db.config_set("maxmemory", "1mb")
    assert desk.sms("second")[0] == 200 and desk.lmtp(b"From: a@example.org\r\nSubject: third\r\n\r\nhello\r\n") == {}
    wait_for(lambda: "OOM" in desk.health("router")[1], "the router to say that Redis is full")
    assert desk.sms("fourth", sender="+14155550100")[0] == 200
    refusals, began = "deskbell_router_refusals_total", time.monotonic()
    start = desk.metrics("router")[refusals]
    wait_for(lambda: desk.metrics("router")[refusals] > start + 10, "some tries")
    tries = desk.metrics("router")[refusals] - start
    assert tries / (time.monotonic() - began) < 500, "eight lanes, each ten times a second"
    db.config_set("maxmemory", before)
    events = desk.wait_events(4)
    texts = [e["data"]["text"].strip() for e in events]
    assert sorted(texts) == sorted(["first", "second", "hello", "fourth"])
    assert texts.index("second") < texts.index("fourth")
    wait_for(lambda: desk.health("router")[0] == 200, "the router to be well")


def test_what_redis_lost_comes_again_once_and_in_order(desk):
    """A Redis that comes back without its last minutes, as after a failover to a copy that was behind."""
    assert desk.sms("0", sender="+14155550100")[0] == 200
    desk.wait_events(1)
    aof, copy = desk.dir / "redis" / "aof", desk.folder / "aof"
    shutil.copytree(aof, copy)
    for n in range(1, 40):
        assert desk.sms(str(n), sender=f"+1415555010{n % 3}")[0] == 200
    assert desk.lmtp(b"From: a@example.org\r\nSubject: lost\r\n\r\n40\r\n") == {}
    desk.wait_events(41)
    os.kill(desk.process.pid, signal.SIGSTOP)  # or it starts Redis again before the copy is in place
    pid = desk.kill("redis")
    wait_for(lambda: pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z", "Redis to end")
    shutil.rmtree(aof)
    shutil.copytree(copy, aof)
    os.kill(desk.process.pid, signal.SIGCONT)
    wait_for(lambda: len(desk.run("events", "--limit", "1000", check=False).stdout.splitlines()) > 41, "a replay")
    texts = [e["data"]["text"].strip() for e in desk.wait_events(41)]
    assert sorted(texts, key=int) == [str(n) for n in range(41)]
    for customer in range(3):
        own = [int(t) for t in texts if t != "40" and int(t) % 3 == customer]
        assert own == sorted(own)


@pytest.mark.parametrize("row, words", [
    ({"email": "a@example.org", "phone": None, "name": None}, None),  # as customer systems export it
    ({"email": "a@example.org", "language": "de\u001e\u001f"}, None),
    ({"email": "a@example.org", "name": "x" * 5_000_000}, "longer than"),
    ({"email": "a@example.org", "name": "x" * 300}, "longer than"),
    ({"email": "a@example.org", "language": "x" * 5_000_000}, "longer than"),
    ({"id": "x" * 1000}, "longer than"),
    ({"email": "x" * 5_000_000}, "longer than"),
], ids=["nulls", "separators", "huge name", "long name", "huge language", "long id", "huge address"])
def test_odd_customers(review_desk, tmp_path, row, words):
    path = tmp_path / "customers.jsonl"
    path.write_text(json.dumps(row) + "\n")
    done = review_desk.run("customer", "import", str(path), "--json", check=False)
    assert json.loads(done.stdout) == {"imported": int(words is None), "skipped": int(words is not None)}
    assert (words or "").encode() in done.stderr
    if words is None:
        known = review_desk.json("customer", "show", "a@example.org")
        assert known.get("name", "") == "" and known["lang"] in ("", "de")


def test_a_webhook_of_too_many_parts_is_refused_not_deferred(review_desk):
    many = [{"from": "u", "text": "z", "fields": {f"a{n}": 1 for n in range(100)}} for _ in range(1000)]
    status, _, body = review_desk.hook(many)
    assert status == 400 and b"too many parts" in body
    assert review_desk.hook({"from": "u", "text": "z"})[0] == 200

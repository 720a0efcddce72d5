# SPDX-License-Identifier: Apache-2.0
"""Outbound messages in Redis: created once, suppressed, ordered about, moved by reports – forward only – and what happens to
the work item of a reply that did not get through. Against a real Redis."""
import itertools
import re

import pytest
import redis as redis_client

from desk import ROOT, library
from outbox import create, order, out
from steps import claim, requeue, waiting
from test_00_functions import NOW, P, event, journal, mail, route

MINUTE = 60_000


@pytest.fixture
def r(redis):
    redis.client.function_load(library(), replace=True)
    return redis.client


@pytest.fixture
def talk(r):
    """A conversation by SMS with an open work item: its first journal entry."""
    assert route(r, event()) == "r"
    return journal(r)[0]


def created(r, conversation, **kw):
    outcome, id, state, why = create(r, conversation, **kw)
    assert outcome == "CREATED"
    return id


def due(r, *channels, skip=(), most=64, room=1 << 20, now=NOW):
    flat = r.fcall_ro("deskbell_outbound_due", 1, P, now, most, room, len(channels), *channels, *skip)
    items = [tuple(flat[i:i + 4]) for i in range(0, len(flat), 5)]
    waiting = r.fcall_ro("deskbell_outbound_waiting", 1, P, *channels)
    return sum(waiting[1::3]), [(i.decode(), c.decode(), o.decode(), m) for i, c, o, m in items]


def relayed(r, id, order="deliver", answer="taken", reason="", channel="sms", now=NOW):
    return r.fcall("deskbell_outbound_relayed", 1, P, now, channel, id, order, answer, reason).decode()


def report(r, id="", state="", source="", attempt=0, channel="sms", permanent=False, code="", why="", destination="",
           next_try=0, event_id=None, parts=0, now=NOW):
    facts = [id, source, state, attempt, now, next_try, "1" if permanent else "", code, destination, why, parts]
    e = event(id=event_id, kind="status", channel=channel, why="\x1f".join(str(f) for f in facts))
    return route(r, e, now=now)


def state(r, id):
    return out(r, id)["state"]


def delivery_table():
    text = re.sub(r"/\*.*?\*/", "", (ROOT / "common/outbound/delivery.def").read_text(), flags=re.S)
    states = re.findall(r"^STATE\((\w+),", text, re.M)
    return states, set(re.findall(r"^MOVE\((\w+), (\w+)\)", text, re.M))


STATES, MOVES = delivery_table()
OPEN = {"held", "queued", "sending", "deferred", "unsure"}


def reaches(a, b):
    """Over legal moves, never through `failed`: only an operator leads out of it."""
    seen, edge = set(), {a}
    while edge:
        s = edge.pop()
        seen.add(s)
        for x, y in MOVES:
            if x == s and y == b:
                return True
            if x == s and y != "failed" and s != "failed" and y not in seen:
                edge.add(y)
    return False


def put_into(r, id, wanted):
    """Sets a state as if everything that leads there had happened, the channel program having it."""
    relayed(r, id)
    if wanted == "held":
        assert order(r, id, "hold")[0] == "ORDERED"
        relayed(r, id, "hold")
    if wanted == "failed":
        r.hset(f"{P}:out:{id}", "wish", "")
    if wanted != "queued":
        assert report(r, id, wanted, attempt=1) == "r"
    assert state(r, id) == wanted


# ---- the table

def test_the_moves_are_those_of_the_table():
    lua = (ROOT / "services/router/outbound.lua").read_text()
    body = re.search(r"^local OUT_MOVES = \{\n(.*?)^\}", lua, re.M | re.S).group(1)
    rows = re.findall(r"^  (\w+) = '([\w ]*)',$", body, re.M)
    assert [name for name, _ in rows] and {name for name, _ in rows} == set(STATES)
    assert {(a, b) for a, targets in rows for b in targets.split()} == MOVES


def test_the_operators_table_is_the_same():
    operations = (ROOT / "docs/OPERATIONS.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$", operations.split("## What goes out")[1].split("\n## ")[0], re.M)
    said = dict(re.findall(r'^STATE\((\w+), \w+, "([^"]*)"\)', (ROOT / "common/outbound/delivery.def").read_text(), re.M))
    assert {name: words for name, words, _ in rows} == said
    assert {(name, to) for name, _, tos in rows for to in re.findall(r"`(\w+)`", tos)} == MOVES


@pytest.mark.parametrize("before", STATES)
def test_every_report_in_every_state(r, talk, before):
    for after in STATES:
        id = created(r, talk["conversation"], kind="acknowledgement")
        put_into(r, id, before)
        lists = lambda: (r.zscore(f"{P}:out:open", id) is not None, r.zscore(f"{P}:out:failed", id) is not None)
        assert lists() == (before in OPEN, before in ("failed", "suppressed"))
        assert report(r, id, after, attempt=1, code="250 2.0.0") == "r"
        entry = journal(r)[-1]
        assert entry["how"] == "outbound" and entry["conversation"] == talk["conversation"]
        # Out of failed an operator's order leads alone.
        if before not in (after, "failed") and ((before, after) in MOVES or reaches(before, after)):
            assert state(r, id) == after and entry["evidence"] == f"{id} {before} {after}"
            assert lists() == (after in OPEN, after in ("failed", "suppressed"))
        else:
            assert state(r, id) == before
            first_try = before == after == "queued"  # no try was known: its number is news
            assert entry["evidence"].startswith(f"{id} ignored: ") != first_try
        assert (r.pttl(f"{P}:out:{id}") > 0) == (state(r, id) not in OPEN), "what is over is forgotten some day"


def test_nothing_goes_backwards_over_any_three_reports(r, talk):
    rank = {**{s: 0 for s in OPEN}, "accepted": 1, "delivered": 2, "read": 3, "failed": 4, "suppressed": 4}
    for reports in itertools.product(["sending", "accepted", "delivered", "read", "failed"], repeat=3):
        id = created(r, talk["conversation"], kind="acknowledgement")
        relayed(r, id)
        reached = 0
        for said in reports:
            report(r, id, said, attempt=1)
            now = state(r, id)
            assert rank[now] >= reached, (reports, now)
            reached = rank[now]
        if "failed" not in reports:
            assert state(r, id) == max(reports, key=lambda s: rank[s])


# ---- create

def test_creation_is_one_step(r, talk):
    id = created(r, talk["conversation"], key="k1", mid="d1", answers=talk["event_id"], message=b"\x0a\x01x")
    o = out(r, id)
    assert o["state"] == "queued" and o["order"] == "deliver" and o["agent"] == "ana" and o["item"] == talk["work_item"]
    e = journal(r)[-1]
    assert (e["type"], e["rule"], e["agent"], e["bytes"]) == ("outbound", "reply", "ana", b"\x0a\x01x")
    assert e["evidence"].split() == [id, "queued"] and e["prev"] == talk["cursor"] and e["work_item"] == talk["work_item"]
    conv = r.hgetall(f"{P}:conv:{talk['conversation']}")
    assert conv[b"last"].decode() == e["cursor"] and conv[b"out"].decode() == id
    assert conv[b"answered_ms"] == conv[b"out_ms"] == conv[b"last_ms"] == str(NOW).encode()
    assert r.get(f"{P}:mid:sms:d1").decode() == talk["conversation"]
    assert r.zscore(f"{P}:outbox:sms", id) == NOW
    assert due(r, "sms") == (1, [(id, "sms", "deliver", b"\x0a\x01x")])


def test_only_an_agents_reply_answers_a_conversation(r, talk):
    created(r, talk["conversation"], kind="acknowledgement", agent="")
    created(r, talk["conversation"], kind="notice", agent="")
    assert r.hget(f"{P}:conv:{talk['conversation']}", "answered_ms") is None


def test_the_same_key_is_the_same_message(r, talk):
    id = created(r, talk["conversation"], key="k1")
    before = {k: r.dump(k) for k in r.keys("*")}
    assert create(r, talk["conversation"], key="k1", message=b"other", now=NOW + 5) == ["KNOWN", id, "queued", ""]
    assert create(r, talk["conversation"], id=id, key="k2")[:2] == ["KNOWN", id], "the id is made of the key"
    assert create(r, "vnone000000000000", key="k1")[0] == "KNOWN"
    assert {k: r.dump(k) for k in r.keys("*")} == before
    assert r.pttl(f"{P}:out:key:sms:k1") > 9 * 86_400_000
    assert create(r, talk["conversation"], key="k1", channel="other")[0] == "CREATED", "keys are of one channel"


def test_what_cannot_be_created_leaves_nothing(r, talk):
    before = {k: r.dump(k) for k in r.keys("*")}
    assert create(r, "vnone000000000000")[0] == "GONE"
    for bad in (dict(kind="letter"), dict(id="short"), dict(message=b""), dict(message=b"x" * 65536)):
        with pytest.raises(redis_client.exceptions.ResponseError, match="INVALID"):
            create(r, talk["conversation"], **bad)
    assert {k: r.dump(k) for k in r.keys("*")} == before


def test_a_merged_conversation_leads_to_the_survivor(r):
    route(r, event(), event(sender="tel:+14155550177"))
    a, b = journal(r)
    r.hset(f"{P}:conv:{a['conversation']}", "merged", b["conversation"])
    id = created(r, a["conversation"])
    assert out(r, id)["conversation"] == b["conversation"] and journal(r)[-1]["conversation"] == b["conversation"]


def test_an_outbox_has_an_end(r, talk):
    r.zadd(f"{P}:outbox:sms", {f"x{n}": NOW for n in range(50_000)})
    assert create(r, talk["conversation"], kind="acknowledgement")[0] == "FULL"
    assert create(r, talk["conversation"], kind="reply")[0] == "CREATED", "an agent's reply has room longer"


def test_recipients_take_part_and_a_reply_by_message_id_finds_its_way(r):
    """TH-12: the signature is lost on the way, the Message-ID is known all the same."""
    route(r, mail(mid="m1"))
    (a,) = journal(r)
    created(r, a["conversation"], channel="mail", to="email:ann@example.org", others="email:boss@example.org", mid="ours")
    for sender, joins in (("email:boss@example.org", True), ("email:ann@example.org", True), ("email:eve@evil.example", False)):
        route(r, mail(sender=sender, refs="ours"))
        assert (journal(r)[-1]["conversation"] == a["conversation"]) == joins


# ---- suppression

def test_who_opted_out_is_not_written_to(r, talk):
    route(r, event(kind="opt-out"))
    outcome, id, now_is, why = create(r, talk["conversation"])
    assert (outcome, now_is) == ("CREATED", "suppressed") and "opted out" in why
    assert due(r, "sms") == (0, []) and "message" not in out(r, id)
    assert journal(r)[-1]["evidence"].startswith(f"{id} suppressed the customer opted out")
    assert r.hget(f"{P}:conv:{talk['conversation']}", "answered_ms") is None
    assert create(r, talk["conversation"], kind="acknowledgement")[2] == "suppressed"
    assert create(r, talk["conversation"], kind="notice")[2] == "queued", "the one confirmation"
    assert create(r, talk["conversation"], channel="other")[2] == "queued", "of that channel only"
    assert order(r, id, "retry")[0] == "ILLEGAL"
    route(r, event(kind="opt-in"))
    assert create(r, talk["conversation"])[2] == "queued"


def test_an_opt_out_stops_what_still_waits(r, talk):
    here, late, held = (created(r, talk["conversation"], not_before=b) for b in (0, 0, NOW + MINUTE))
    notice, other = created(r, talk["conversation"], kind="notice"), created(r, talk["conversation"], to="tel:+14155550177")
    flying = created(r, talk["conversation"])
    relayed(r, late)
    assert due(r, "sms")[1][-1][0] == flying, "on its way, not answered yet"
    route(r, event(kind="opt-out"))
    assert [state(r, i) for i in (here, held, flying, notice, other)] == ["suppressed"] * 3 + ["queued"] * 2
    assert relayed(r, flying) == "o", "the channel program took it meanwhile: it is told to cancel"
    orders = {(i, what) for i, _, what, _ in due(r, "sms", now=NOW + MINUTE)[1]}
    assert orders == {(late, "cancel"), (flying, "cancel"), (notice, "deliver"), (other, "deliver")}
    relayed(r, late, "cancel")
    report(r, late, "failed", why="cancelled")
    assert state(r, late) == "suppressed"
    assert len(waiting(r, "support")) == 1 and not [e for e in journal(r) if e["type"] == "reopen"]


# ---- relay

def test_due_takes_turns_between_channels_and_leaves_out_what_is_under_way(r, talk):
    a = [created(r, talk["conversation"], now=NOW + n) for n in range(5)]
    b = [created(r, talk["conversation"], channel="other", now=NOW + n) for n in range(2)]
    later = created(r, talk["conversation"], not_before=NOW + MINUTE)
    waiting, items = due(r, "sms", "other", "none", now=NOW + 10)
    assert waiting == 8 and [i[0] for i in items] == [a[0], b[0], a[1], b[1], a[2], a[3], a[4]]
    assert [i[0] for i in due(r, "sms", "other", most=3, skip=a[:2], now=NOW + 10)[1]] == [b[0], b[1], a[2]]
    assert [i[0] for i in due(r, "sms", room=13, now=NOW + 10)[1]] == a[:2], "6 bytes each"
    assert [i[0] for i in due(r, "sms", room=1, now=NOW + 10)[1]] == a[:1], "one always goes"
    assert due(r, "sms", now=NOW + MINUTE)[1][-1][0] == later


def test_held_until_its_time(r, talk):
    id = created(r, talk["conversation"], not_before=NOW + MINUTE)
    assert state(r, id) == "held" and due(r, "sms")[1] == []
    assert [i[0] for i in due(r, "sms", now=NOW + MINUTE)[1]] == [id]
    assert relayed(r, id, now=NOW + MINUTE) == "t" and state(r, id) == "queued"


def test_taken_leaves_the_outbox_and_a_repeat_changes_nothing(r, talk):
    id = created(r, talk["conversation"])
    assert relayed(r, id) == "t" and due(r, "sms") == (0, [])
    before = {k: r.dump(k) for k in r.keys("*")}
    assert relayed(r, id) == "g" and relayed(r, id, answer="refused", reason="no") == "g"
    assert relayed(r, "onone00000000000a") == "g" and relayed(r, id, channel="other") == "g"
    assert {k: r.dump(k) for k in r.keys("*")} == before


def test_what_is_lost_leaves_the_outbox(r, talk):
    r.zadd(f"{P}:outbox:sms", {"olost00000000000a": NOW})
    assert due(r, "sms")[1] == [("olost00000000000a", "sms", "", b"")]
    assert relayed(r, "olost00000000000a", "", "refused") == "g" and due(r, "sms") == (0, [])


def test_a_refused_reply_fails_and_opens_its_work_item(r, talk):
    claim(r, NOW, "support", "ana")
    id = created(r, talk["conversation"])
    r.fcall("deskbell_done", 1, P, NOW, talk["work_item"], "ana", "")
    assert relayed(r, id, answer="refused", reason="the message is too large") == "r"
    assert state(r, id) == "failed" and out(r, id)["why"] == "the message is too large"
    item = r.hget(f"{P}:conv:{talk['conversation']}", "item").decode()
    assert item != talk["work_item"] and "too large" in r.hget(f"{P}:item:{item}", "reason").decode()
    assert order(r, id, "retry") == ("DONE", "queued") and due(r, "sms")[1][0][2] == "deliver"


def test_who_reports_on_it_has_it(r, talk):
    """The answer TAKEN was lost with the router; the report came through."""
    id = created(r, talk["conversation"])
    report(r, id, "sending", attempt=1)
    assert due(r, "sms") == (0, []) and out(r, id)["taken"] == "1"
    assert relayed(r, id) == "g"


def test_the_router_is_woken(r, talk):
    heard = r.pubsub(ignore_subscribe_messages=True)
    heard.subscribe(f"{P}:outbox")
    assert heard.get_message(timeout=10) is None
    created(r, talk["conversation"], not_before=NOW + MINUTE)
    id = created(r, talk["conversation"])
    assert heard.get_message(timeout=10)["data"] == b"sms"
    relayed(r, id)
    order(r, id, "hold")
    assert heard.get_message(timeout=10)["data"] == b"sms"
    assert heard.get_message(timeout=0) is None
    heard.close()


# ---- orders

ORDERS = {  # order: states from which it makes sense
    "hold": {"queued", "deferred"}, "release": {"held"}, "retry": {"failed", "deferred", "unsure", "queued"},
    "cancel": {"held", "queued", "deferred", "unsure"}}
SAME = {("hold", "held"), ("cancel", "failed"), ("cancel", "suppressed")}


@pytest.mark.parametrize("what", ORDERS)
@pytest.mark.parametrize("before", STATES)
def test_every_order_in_every_state_of_what_the_channel_program_has(r, talk, what, before):
    id = created(r, talk["conversation"], kind="acknowledgement")
    put_into(r, id, before)
    outcome = order(r, id, what)
    expected = "ORDERED" if before in ORDERS[what] else "SAME" if (what, before) in SAME else "ILLEGAL"
    assert outcome == (expected, before) and state(r, id) == before, "the channel program has the word"
    assert [(i, w) for i, _, w, _ in due(r, "sms")[1]] == ([(id, what)] if expected == "ORDERED" else [])
    if expected == "ORDERED":
        assert journal(r)[-1]["type"] == "outbound_order" and journal(r)[-1]["agent"] == "op"
        assert relayed(r, id, what) == "t" and due(r, "sms") == (0, [])
        assert state(r, id) == ("queued" if (what, before) == ("retry", "failed") else before)


@pytest.mark.parametrize("what, not_before, expected", [
    ("hold", 0, ("DONE", "held")), ("hold", MINUTE, ("SAME", "held")), ("release", 0, ("ILLEGAL", "queued")),
    ("release", MINUTE, ("DONE", "queued")), ("cancel", 0, ("DONE", "failed")), ("cancel", MINUTE, ("DONE", "failed")),
    ("retry", 0, ("DONE", "queued")), ("retry", MINUTE, ("ILLEGAL", "held"))])
def test_every_order_on_what_still_waits_here(r, talk, what, not_before, expected):
    id = created(r, talk["conversation"], not_before=not_before and NOW + not_before)
    assert order(r, id, what) == expected and state(r, id) == expected[1]
    items = due(r, "sms")[1]
    assert bool(items) == (expected[1] == "queued")
    if (what, expected[0]) == ("release", "DONE"):
        assert items[0][3] == b"packed\xa0\x01\x00", "its own not_before_ms counts no longer"
    assert not [e for e in journal(r) if e["type"] == "reopen"], "cancelled on somebody's word: no surprise"


@pytest.mark.parametrize("orders, told", [
    (["hold"], "hold"), (["cancel"], "cancel"), (["hold", "release"], None), (["hold", "release", "hold"], "hold"),
    (["hold", "cancel"], "cancel")])
def test_orders_while_it_is_on_its_way(r, talk, orders, told):
    id = created(r, talk["conversation"])
    assert due(r, "sms")[1][0][0] == id
    for what in orders:
        assert order(r, id, what)[0] == "DONE"
    assert relayed(r, id) == ("o" if told else "t")
    assert [w for _, _, w, _ in due(r, "sms")[1]] == ([told] if told else [])


def test_the_latest_order_counts(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    order(r, id, "hold")
    order(r, id, "cancel")
    assert relayed(r, id, "hold") == "o", "answered, but another was given meanwhile"
    assert [w for _, _, w, _ in due(r, "sms")[1]] == ["cancel"]
    assert relayed(r, id, "cancel", "refused", "it is being sent") == "r" and due(r, "sms") == (0, [])
    assert "being sent" in journal(r)[-1]["evidence"]


def test_a_cancelled_reply_opens_no_work_item(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    order(r, id, "cancel")
    relayed(r, id, "cancel")
    report(r, id, "failed", why="cancelled", permanent=True)
    assert state(r, id) == "failed" and not [e for e in journal(r) if e["type"] == "reopen"]


def test_a_retry_brings_the_text_back(r, talk):
    id = created(r, talk["conversation"])
    put_into(r, id, "accepted")
    assert "message" not in out(r, id)
    report(r, id, "failed", attempt=1, why="bounced")
    assert order(r, id, "retry") == ("ORDERED", "failed")
    assert due(r, "sms")[1] == [(id, "sms", "retry", b"packed")]
    relayed(r, id, "retry")
    report(r, id, "accepted", attempt=2)
    assert state(r, id) == "accepted"


def test_words_cannot_break_out_of_the_journal(r, talk):
    id = created(r, talk["conversation"], agent="ana\x1fx\ny")
    order(r, id, "hold", who="op\x1f", why="a\x1fb\x1ec\nd")
    relayed(r, created(r, talk["conversation"]), answer="refused", reason="no\x1f\x1f")
    for e in journal(r)[1:]:
        assert e["at"] == str(NOW) and e["conversation"] == talk["conversation"]
    assert journal(r)[2]["evidence"] == f"{id} queued held a b c d" and journal(r)[1]["agent"] == "ana x y"


def test_order_of_what_is_not_there(r, talk):
    assert order(r, "onone00000000000a", "hold") == ("GONE", "")
    with pytest.raises(redis_client.exceptions.ResponseError, match="INVALID"):
        order(r, created(r, talk["conversation"]), "burn")


# ---- reports

def test_a_report_comes_once(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    e = "7" * 26
    assert report(r, id, "accepted", attempt=1, event_id=e) == "r"
    assert report(r, id, "accepted", attempt=1, event_id=e) == "d"
    assert len(journal(r)) == 3


def test_facts_of_a_try_are_kept(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "deferred", attempt=1, code="451 4.7.1", why="greylisted", destination="mx.example.org", next_try=NOW + 5)
    o = out(r, id)
    assert [o[k] for k in ("attempt", "code", "why", "destination", "next_try")] == \
        ["1", "451 4.7.1", "greylisted", "mx.example.org", str(NOW + 5)]
    report(r, id, "deferred", attempt=2, code="451 4.3.2", why="later", next_try=NOW + 9)
    assert (out(r, id)["attempt"], out(r, id)["next_try"]) == ("2", str(NOW + 9))
    report(r, id, "accepted", attempt=1)
    assert state(r, id) == "deferred" and "earlier try" in journal(r)[-1]["evidence"]
    report(r, id, "accepted", attempt=3)
    assert out(r, id)["next_try"] == ""


def test_a_provider_reports_by_its_own_id(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "accepted", source="SM1", attempt=1)
    assert r.get(f"{P}:out:source:sms:SM1").decode() == id
    report(r, source="SM1", state="delivered")
    assert state(r, id) == "delivered" and journal(r)[-1]["conversation"] == talk["conversation"]
    report(r, source="SM1", state="accepted")
    assert state(r, id) == "delivered"
    report(r, source="SM1", state="", why="a word of tomorrow")
    assert state(r, id) == "delivered" and "no such state" in journal(r)[-1]["evidence"]
    report(r, source="SM1", state="read", channel="other")
    assert state(r, id) == "delivered", "another channel's provider has no say"


@pytest.mark.parametrize("early", [["accepted"], ["accepted", "delivered"], ["delivered", "accepted"], ["failed"],
                                   ["accepted", "delivered", "read"]])
def test_reports_that_come_before_the_answer_are_kept(r, talk, early):
    """SM-20"""
    id = created(r, talk["conversation"])
    relayed(r, id)
    for n, said in enumerate(early):
        assert report(r, source="SM1", state=said, permanent=said == "failed", now=NOW + n) == "r"
    assert state(r, id) == "queued" and journal(r)[-1]["conversation"] in ("", talk["conversation"])
    report(r, id, "sending", attempt=1)
    report(r, id, "accepted", source="SM1", attempt=1)
    furthest = "delivered" if early == ["delivered", "accepted"] else early[-1]
    assert state(r, id) == furthest and not r.exists(f"{P}:out:early:sms:SM1")
    assert "reported before" in [e for e in journal(r) if e["type"] != "reopen"][-1]["evidence"]
    assert bool([e for e in journal(r) if e["type"] == "reopen"]) == (early == ["failed"])


def test_reports_on_strangers_are_few_and_forgotten(r, talk):
    for n in range(20):
        report(r, source="SMx", state="accepted", now=NOW + n)
    assert r.llen(f"{P}:out:early:sms:SMx") == 8 and 0 < r.pttl(f"{P}:out:early:sms:SMx") <= 3_600_000
    report(r, source="SMy", state="", why="unheard of")
    assert not r.exists(f"{P}:out:early:sms:SMy")


def test_a_late_report_on_an_earlier_try_changes_nothing(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "accepted", source="SM1", attempt=1)
    report(r, source="SM1", state="failed", permanent=True)
    order(r, id, "retry")
    relayed(r, id, "retry")
    report(r, source="SM1", state="delivered")
    assert state(r, id) == "queued" and "earlier try" in journal(r)[-1]["evidence"]
    report(r, id, "accepted", source="SM2", attempt=2)
    report(r, source="SM1", state="failed", permanent=True)
    assert state(r, id) == "accepted"
    report(r, source="SM2", state="delivered")
    assert state(r, id) == "delivered"


def test_another_channels_program_has_no_say(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    assert report(r, id, "failed", attempt=1, channel="other") == "r"
    assert state(r, id) == "queued" and journal(r)[-1]["how"] != "outbound"


# ---- the work item of what did not get through

def lost(r, talk, state_now="failed", permanent=True, kind="reply", why="550 5.1.1 no such user", **kw):
    id = created(r, talk["conversation"], kind=kind, **kw)
    relayed(r, id)
    report(r, id, "sending", attempt=1)
    report(r, id, state_now, attempt=1, permanent=permanent, why=why, code="550 5.1.1", now=NOW + 50)
    return id


@pytest.mark.parametrize("kind, now_is, permanent, opens", [
    ("reply", "failed", True, True), ("reply", "failed", False, True), ("reply", "unsure", True, True),
    ("reply", "unsure", False, False), ("reply", "suppressed", True, False), ("reply", "accepted", False, False),
    ("acknowledgement", "failed", True, False), ("notice", "failed", True, False), ("acknowledgement", "unsure", True, False)])
def test_what_opens_the_work_item(r, talk, kind, now_is, permanent, opens):
    claim(r, NOW, "support", "ana")
    r.fcall("deskbell_done", 1, P, NOW, talk["work_item"], "ana", "")
    id = lost(r, talk, now_is, permanent, kind)
    assert state(r, id) == now_is
    items = waiting(r, "support")
    assert bool(items) == opens and len(items) == int(opens)
    if not opens:
        return
    item = items[0]
    facts = r.hget(f"{P}:item:{item}", "facts").decode().split("\x1f")
    assert facts[2] == "1", "most urgent"
    assert facts[0] == talk["conversation"] and facts[5] == "reply-failed" and facts[8] == talk["event_id"]
    reason = r.hget(f"{P}:item:{item}", "reason").decode()
    assert "no such user" in reason and ("nobody knows" in reason) == (now_is == "unsure")
    conv = r.hgetall(f"{P}:conv:{talk['conversation']}")
    assert conv[b"item"].decode() == item and conv[b"queue"] == b"support"
    assert talk["conversation"].encode() in r.hget(f"{P}:cust:{talk['customer']}", "open")
    e = journal(r)[-1]
    assert e["type"] == "reopen" and e["work_item"] == item and e["evidence"].startswith(id + " ")
    assert claim(r, NOW, "support", "bo") == item
    assert r.fcall("deskbell_done", 1, P, NOW, item, "bo", "") == b"OK"


def test_an_open_work_item_becomes_urgent(r, talk):
    route(r, event(sender="tel:+14155550111"))
    other = journal(r)[-1]["work_item"]
    assert waiting(r, "support")[0] != other
    route(r, event(sender="tel:+14155550112", rules=[("vip", "support", 2, 0, "", "")]))
    lost(r, talk)
    assert waiting(r, "support")[0] == talk["work_item"]
    assert len(waiting(r, "support")) == 3
    assert r.hget(f"{P}:item:{talk['work_item']}", "facts").decode().split("\x1f")[2] == "1"


def test_a_held_work_item_stays_with_its_agent(r, talk):
    claim(r, NOW, "support", "ana")
    lost(r, talk)
    item = r.hgetall(f"{P}:item:{talk['work_item']}")
    assert item[b"state"] == b"active" and item[b"agent"] == b"ana" and b"no such user" in item[b"reason"]
    assert waiting(r, "support") == []


def test_it_opens_in_the_queue_it_was_in(r, talk):
    requeue(r, NOW, talk["work_item"], "billing")
    id = created(r, talk["conversation"])
    relayed(r, id)
    r.fcall("deskbell_done", 1, P, NOW, talk["work_item"], "ana", "")
    report(r, id, "failed", attempt=1, permanent=True)
    assert len(waiting(r, "billing")) == 1


def test_a_reply_after_the_work_was_done_opens_the_first_queue(r, talk):
    r.fcall("deskbell_done", 1, P, NOW, talk["work_item"], "ana", "")
    lost(r, talk)
    assert len(waiting(r, "support")) == 1


def test_the_entries_of_a_conversation_form_one_chain(r, talk):
    lost(r, talk)
    lost(r, talk, "unsure")
    walk, seen = r.hget(f"{P}:conv:{talk['conversation']}", "last").decode(), 0
    while walk:
        seen += 1
        walk = next(e["prev"] for e in journal(r) if e["cursor"] == walk)
    assert seen == len(journal(r))


def test_a_damaged_message_fails_its_report_alone(r, talk):
    id = created(r, talk["conversation"])
    r.delete(f"{P}:out:{id}")
    r.set(f"{P}:out:{id}", "damaged")
    assert report(r, id, "accepted", attempt=1) == "e"
    assert route(r, event()) == "r"


def test_all_keys_carry_the_partition_tag(r, talk):
    lost(r, talk)
    report(r, source="SM9", state="accepted")
    created(r, talk["conversation"], mid="d9")
    assert all(k.startswith(b"{p00}:") for k in r.keys("*"))

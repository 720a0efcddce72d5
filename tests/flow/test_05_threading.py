# SPDX-License-Identifier: Apache-2.0
"""Which conversation a mail joins, and which not: state, mail, where it must land and why. Real functions, real Redis."""
import itertools

import pytest

from steps import waiting
from talks import P, Talks


@pytest.fixture
def t(redis, tmp_path):
    talks = Talks(redis.client, tmp_path / "desk", redis.socket)
    yield talks
    talks.check()


def m(name, sender="ann", **kw):
    return {"name": name, "sender": sender, **kw}


# What stands before, the mail, the mail whose conversation it must join (None: a new one), how, words in the evidence.
ROWS = {
    # TH-01: a signed reply token
    "token": ([m("a")], m("x", token="a"), "a", "token", ""),
    "token, other subject": ([m("a")], m("x", token="a", subject="Invoice"), "a", "token", "subject_changed"),
    "token, no ids at all": ([m("a")], m("x", token="a", mid=""), "a", "token", ""),
    "token before ids": ([m("a"), m("b")], m("x", token="a", refs="b"), "a", "token", ""),
    "token of another channel": ([m("a")], m("x", token="a", channel="mail2"), None, "new", ""),
    "token, then own id of another": ([m("a"), m("b")], m("x", token="b", own="a"), "b", "token", ""),
    "token of a conversation that is gone": ([m("a"), m("b"), "forget a"], m("x", token="a", own="b"), "b", "own-message-id", ""),
    "token gone, ids left": ([m("a"), m("b"), "forget a"], m("x", token="a", refs="b"), "b", "stored-message-id", ""),
    "token gone, nothing else": ([m("a"), "forget a"], m("x", token="a"), None, "new", ""),
    # TH-02: a Message-ID we signed
    "own id": ([m("a")], m("x", own="a"), "a", "own-message-id", ""),
    "own id of another channel": ([m("a")], m("x", own="a", channel="mail2"), None, "new", ""),
    "own id before stored id": ([m("a"), m("b")], m("x", own="a", refs="b"), "a", "own-message-id", ""),
    # TH-16, TH-19: proof, but the sender is new
    "token, colleague": ([m("a")], m("x", "bo", token="a"), "a", "token", "new_participant"),
    "own id, colleague": ([m("a")], m("x", "bo", own="a"), "a", "own-message-id", "new_participant"),
    "token, stranger again": ([m("a"), m("b", "bo", token="a")], m("x", "bo", token="a"), "a", "token", "guest"),
    "a guest's ids let nobody in": ([m("a"), m("b", "bo", token="a", to="eve")], m("x", "eve", refs="b"), None, "new", "stranger see @a"),
    "a guest is no participant": ([m("a"), m("b", "bo", token="a")], m("x", "bo", refs="a"), None, "new", "stranger see @a"),
    "a guest has no subject token": ([m("a"), m("b", "bo", token="a")], m("x", "bo", ref="a"), None, "new", "subject_token see @a"),
    "a participant answers a guest": ([m("a"), m("b", "bo", token="a")], m("x", refs="b"), "a", "stored-message-id", ""),
    # TH-03: stored ids, of this channel, by participants
    "answer": ([m("a")], m("x", refs="a"), "a", "stored-message-id", ""),
    "answer to an answer": ([m("a"), m("b", refs="a")], m("x", refs="b"), "a", "stored-message-id", ""),
    "oldest id only": ([m("a"), m("b", refs="a")], m("x", refs="=q =r a"), "a", "stored-message-id", ""),
    "the most recent id decides": ([m("a"), m("b")], m("x", refs="b a"), "b", "stored-message-id", ""),
    "who was copied": ([m("a", to="cc")], m("x", "cc", refs="a"), "a", "stored-message-id", ""),
    "who was copied later": ([m("a"), m("b", refs="a", to="cc")], m("x", "cc", refs="b"), "a", "stored-message-id", ""),
    "stranger": ([m("a")], m("x", "eve", refs="a"), None, "new", "stranger see @a"),
    "stranger with two ids": ([m("a"), m("b", refs="a")], m("x", "eve", refs="b a"), None, "new", "stranger see @a"),
    "stranger there, participant here": ([m("a"), m("b", "eve")], m("x", "eve", refs="a b"), "b", "stored-message-id", ""),
    "other channel": ([m("a")], m("x", refs="a", channel="mail2"), None, "new", ""),
    "no sender": ([m("a")], m("x", "", refs="a"), None, "new", "stranger see @a"),
    "unknown ids": ([m("a")], m("x", refs="=q =r"), None, "new", ""),
    "a part of an address": ([m("a", "ann")], m("x", "an", refs="a"), None, "new", "stranger see @a"),
    "closed conversation": ([m("a"), "done a"], m("x", refs="a"), "a", "stored-message-id", ""),
    # TH-04: the reference in the subject
    "subject token": ([m("a")], m("x", ref="a"), "a", "subject-token", ""),
    "subject token, who was copied": ([m("a", to="cc")], m("x", "cc", ref="a"), "a", "subject-token", ""),
    "subject token, stranger": ([m("a")], m("x", "eve", ref="a"), None, "new", "stranger subject_token see @a"),
    "subject token, other channel": ([m("a")], m("x", ref="a", channel="mail2"), None, "new", ""),
    "ids before subject token": ([m("a"), m("b")], m("x", refs="a", ref="b"), "a", "stored-message-id", ""),
    "two subject tokens": ([m("a", "eve"), m("b")], m("x", ref="a b"), "b", "subject-token", ""),
    # TH-06: never
    "same subject": ([m("a")], m("x"), None, "new", ""),
    "same sender, Re:": ([m("a")], m("x", subject="Printer"), None, "new", ""),
    "same subject, other sender": ([m("a")], m("x", "bo"), None, "new", ""),
    "no Message-ID, twice": ([m("a", mid="")], m("x", mid=""), None, "new", ""),
    # TH-09: an id used twice
    "reused id, same words about": ([m("a", mid="same")], m("x", mid="same"), "a", "stored-message-id", "message_id_reused"),
    "reused id, other matter": ([m("a", mid="same")], m("x", mid="same", subject="Invoice"), None, "new", "message_id_reused see @a"),
    "reused id, no subject": ([m("a", mid="same", subject="")], m("x", mid="same", subject=""), None, "new", "message_id_reused see @a"),
    "reused id, stranger": ([m("a", mid="same")], m("x", "eve", mid="same"), None, "new", "message_id_reused see @a"),
    "reused id, other channel": ([m("a", mid="same")], m("x", mid="same", channel="mail2"), None, "new", ""),
    "reused id in a talk": ([m("a", mid="same"), m("b", refs="=same")], m("x", mid="same", token="a"), "a", "token", "message_id_reused"),
    # TH-17: handed on
    "forward": ([m("a")], m("x", refs="a", forward="yes"), None, "new", "forward see @a"),
    "forward, own id": ([m("a")], m("x", own="a", forward="yes"), None, "new", "forward see @a"),
    "forward to the token's address": ([m("a")], m("x", token="a", forward="yes"), "a", "token", ""),
    "forward by an agent": ([m("a")], m("x", "ana", refs="a", forward="yes", agent="ana"), "a", "stored-message-id", "note agent=ana no_work"),
    "forward by an agent, nothing of ours": ([m("a")], m("x", "ana", refs="=q", forward="yes", agent="ana"), None, "new", ""),
    "agent with a proof": ([m("a")], m("x", "ana", own="a", agent="ana"), "a", "own-message-id", "note agent=ana no_work"),
    "agent with a subject token": ([m("a")], m("x", "ana", ref="a", agent="ana"), None, "new", "stranger subject_token"),
    "agent in the agent's own matter": ([m("a", "ana", agent="ana")], m("x", "ana", refs="a", agent="ana"), "a", "stored-message-id", ""),
    # TH-18: a root that nobody has sent
    "constant root": ([m("a", refs="=root")], m("x", refs="=root"), "a", "stored-message-id", ""),
    "constant root, stranger": ([m("a", refs="=root")], m("x", "eve", refs="=root"), None, "new", "stranger see @a"),
    "constant root, other channel": ([m("a", refs="=root")], m("x", refs="=root", channel="mail2"), None, "new", ""),
    # TH-20: the answer came first
    "parent after its answer": ([m("b", "bo", refs="=a", to="ann")], m("a"), "b", "stored-message-id", "answer_first"),
    "parent after its answer, a stranger": ([m("b", "bo", refs="=a")], m("a"), None, "new", "stranger see @b"),
    "grandparent after all": ([m("c", refs="=b =a"), m("b", refs="=a")], m("a"), "c", "stored-message-id", "answer_first"),
    "id named in a talk, then sent": ([m("a"), m("b", refs="=q a", to="bo")], m("q", "bo"), "a", "stored-message-id", "answer_first"),
    "parent of two minds": ([m("a"), m("c", refs="=b")], m("b", refs="a"), "a", "stored-message-id", "answer_first see "),
    "answer to what is known by name only": ([m("a"), m("b", refs="=q a", to="bo")], m("x", "bo", refs="=q"), "a", "stored-message-id", ""),
    # AR-61, AR-63, AR-66: machines
    "out of office": ([m("a")], m("x", "ann", refs="a", automatic="reply"), "a", "stored-message-id", "reply no_work"),
    "out of office of who never wrote": ([m("a")], m("x", "bo", refs="a", automatic="reply"), "a", "stored-message-id", "reply no_work"),
    "out of office, subject token only": ([m("a")], m("x", "bo", ref="a", automatic="reply"), None, "new", "reply"),
    "out of office, nothing": ([m("a")], m("x", automatic="reply"), None, "new", "reply"),
    "bounce of ours": ([m("a")], m("x", "daemon", own="a", automatic="bounce", report="delayed"), "a", "own-message-id", "bounce delayed no_work"),
    "bounce by what it returns": ([m("a")], m("x", "daemon", refs="a", automatic="bounce", report="delayed"), "a", "stored-message-id", "bounce delayed"),
    "bounce to the token": ([m("a")], m("x", "", token="a", automatic="bounce", report="delivered"), "a", "token", "bounce delivered no_work"),
    "bounce of an unknown mail": ([m("a")], m("x", "daemon", refs="=q", automatic="bounce", report="failed"), None, "new", "bounce"),
    "second bounce of an unknown mail": ([m("a", "daemon", refs="=q", automatic="bounce", report="delayed")],
                                         m("x", "daemon", refs="=q", automatic="bounce", report="failed"),
                                         "a", "stored-message-id", "bounce failed"),
    "complaint": ([m("a")], m("x", "daemon", own="a", automatic="report"), "a", "own-message-id", "report no_work"),
    "our own mail": ([m("a")], m("x", "support", loop="@a", automatic="loopback"), "a", "loopback", "@a"),
    # subject changes are said, and join all the same
    "subject changed": ([m("a")], m("x", refs="a", subject="Invoice"), "a", "stored-message-id", "subject_changed"),
    "subject kept": ([m("a")], m("x", refs="a"), "a", "stored-message-id", ""),
    "subject gone": ([m("a")], m("x", refs="a", subject=""), "a", "stored-message-id", ""),
    "first subject": ([m("a", subject="")], m("x", refs="a"), "a", "stored-message-id", ""),
}


def prepare(t, steps):
    for step in steps:
        if isinstance(step, dict):
            t.mail(**step)
        else:
            verb, name = step.split()
            if verb == "done":
                assert t.done(name) == "OK"
            else:  # forgotten, as a conversation that left Redis
                item = t.state(t.conv(name))["item"]
                t.done(name)
                t.r.delete(f"{P}:conv:{t.conv(name)}", f"{P}:item:{item}")


@pytest.mark.parametrize("name", ROWS)
def test_rows(t, name):
    before, mail, joins, how, evidence = ROWS[name]
    prepare(t, before)
    known = {t.conv(n) for n in t.entries}
    put = lambda text: text.replace("@a", t.conv("a") if "a" in t.entries else "").replace("@b", t.conv("b") if "b" in t.entries else "")
    e = t.mail(**{k: put(v) for k, v in mail.items()})
    assert (e["conversation"], e["how"]) == (t.conv(joins), how) if joins else (e["conversation"] not in known, how) == (True, "new")
    assert put(evidence) in e["evidence"], e["evidence"]
    if not evidence and how not in ("new",):
        assert e["evidence"] == t.conv(joins), "nothing else is to be said"


def test_there_are_enough_rows():
    assert len(ROWS) >= 60
    assert sum(r[2] is None for r in ROWS.values()) >= 25 and sum(r[2] is not None for r in ROWS.values()) >= 25


# TH-20: the shapes of threads by References, the mails in every order of arrival. "x<y z": x answers y, which answered z; all
# write to each other. Groups that must come out, whatever the order; "=": nobody ever sends it.
SHAPES = {
    "a chain": (["a", "b<a", "c<b a"], ["abc"]),
    "a tree": (["a", "b<a", "c<a", "d<c a"], ["abcd"]),
    "a parent nobody sends": (["b<=a", "c<=a"], ["bc"]),
    "a hole in the middle": (["a", "c<=b a", "d<c =b a"], ["acd"]),
    "the same id twice in one list": (["a", "b<a a =q a", "c<b b a"], ["abc"]),
    "an id in its own list": (["a", "b<b a", "c<c b"], ["abc"]),
    "answers that name their parent alone": (["a", "b<a", "c<b", "d<c"], ["abcd"]),
    "two that name each other": (["a<b", "b<a"], ["ab"]),
    "two threads": (["a", "b<a", "c", "d<c"], ["ab", "cd"]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_in_every_order(t, shape):
    mails, groups = SHAPES[shape]
    for round, order in enumerate(itertools.permutations(mails)):
        for text in order:
            name, _, refs = text.partition("<")
            mid = f"{name}.{round}"
            ids = " ".join(f"={r.lstrip('=')}.{round}@id" for r in refs.split())
            t.mail(mid, refs=" ".join(i.removesuffix("@id") for i in ids.split()), to="ann bo", sender="ann" if name < "c" else "bo")
        found = {}
        for text in mails:
            name = text.partition("<")[0]
            found.setdefault(t.now_in(f"{name}.{round}"), []).append(name)
        assert sorted("".join(sorted(g)) for g in found.values()) == groups, order


def test_a_late_parent_is_found_by_later_answers(t):
    t.mail("b", "bo", refs="=a", to="ann")
    t.mail("a")
    t.mail("c", refs="a")
    assert t.conv("b") == t.conv("a") == t.conv("c")
    assert "reused" not in t.entries["c"]["evidence"]


def test_same_id_on_two_channels_is_two_conversations(t):
    t.mail("a", mid="same")
    t.mail("b", mid="same", channel="mail2")
    assert t.conv("a") != t.conv("b") and "reused" not in t.entries["b"]["evidence"]
    t.mail("x", refs="a", mid="x1")
    t.mail("y", mid="y1", channel="mail2", token="b")
    assert t.conv("x") != t.conv("a"), "the id is not a's name here"
    assert t.conv("y") == t.conv("b")


# ---- what machines must not do (AR-61, AR-63, TH-17)

ASIDE = {
    "out of office": dict(refs="a", automatic="reply"),
    "out of office to the token": dict(token="a", automatic="reply"),
    "delayed": dict(own="a", automatic="bounce", report="delayed"),
    "bounce that says nothing": dict(own="a", automatic="bounce"),
    "complaint": dict(own="a", automatic="report"),
    "a colleague": dict(own="a", agent="ana"),
    "ours": dict(loop="@a", automatic="loopback"),
}


@pytest.mark.parametrize("state", ["closed", "waiting", "active"])
@pytest.mark.parametrize("what", ASIDE)
def test_aside_changes_nothing_but_the_journal(t, what, state):
    t.mail("a")
    if state == "active":
        assert t.claim() == t.entries["a"]["work_item"]
    elif state == "closed":
        t.done("a")
    conv = t.conv("a")
    hints = {k: v.replace("@a", conv) for k, v in ASIDE[what].items()}
    before, items = t.state(conv), t.r.keys(f"{P}:item:*")
    queue, people = waiting(t.r, "support"), sorted(t.r.keys(f"{P}:cust:*"))
    e = t.mail("x", "robot", **hints)
    after = t.state(conv)
    assert e["conversation"] == conv and after.pop("last") == e["cursor"] and before.pop("last") == e["prev"]
    assert after == before, "counters, clock, participants and work stay"
    assert t.r.keys(f"{P}:item:*") == items and waiting(t.r, "support") == queue
    assert sorted(t.r.keys(f"{P}:cust:*")) == people, "a robot is no customer"
    t.mail("y", refs="a")
    assert t.conv("y") == conv and t.work("y") == ({"closed": "waiting"}.get(state, state), 1 if state == "closed" else 2)


@pytest.mark.parametrize("state, opened, messages", [("closed", True, 1), ("waiting", False, 2), ("active", False, 2)])
def test_what_did_not_arrive_is_work(t, state, opened, messages):
    t.rules = [("vip", "gold", 2, 3_600_000, "billing>=3", "")]
    t.mail("a")
    t.rules = [("robots", "automatic", 9, 0, "", "")]
    if state == "active":
        t.claim(queue="gold")
    elif state == "closed":
        t.done("a")
    last_ms = t.state(t.conv("a"))["last_ms"]
    e = t.mail("x", "daemon", own="a", automatic="bounce", report="failed", bad="5.1.1:email:ann@example.org")
    assert ("reopened" in e["evidence"]) == opened and "no_work" not in e["evidence"]
    c = t.state(t.conv("a"))
    assert c["queue"] == "gold" and int(c["messages"]) == messages and c["last_ms"] == last_ms
    item = t.item(c["item"])
    assert item["priority"] == "2" and item["facts"].split("\x1f")[3:6] == [item["facts"].split("\x1f")[3], "billing>=3", "vip"]
    assert (c["item"] != t.entries["a"]["work_item"]) == opened
    assert ("did not arrive" in item.get("reason", "")) == opened
    assert t.r.hget(f"{P}:cust:{t.entries['a']['customer']}", "undeliverable:email:ann@example.org").decode().endswith(" 5.1.1")


def test_an_address_is_deliverable_again_when_somebody_writes_from_it(t):
    t.mail("a")
    t.mail("x", "daemon", own="a", automatic="bounce", report="failed", bad="5.1.1:email:ann@example.org")
    shown = t.json("customer", "show", "ann@example.org")
    assert shown["undeliverable:email:ann@example.org"]["status"] == "5.1.1"
    t.mail("y", "ann", refs="a", automatic="reply")
    assert "undeliverable:email:ann@example.org" in t.json("customer", "show", "ann@example.org"), "a robot proves nothing"
    t.mail("z", "ann")
    assert "undeliverable:email:ann@example.org" not in t.json("customer", "show", "ann@example.org")


@pytest.mark.parametrize("hints", [
    dict(refs="a", bad="5.1.1:email:ann@example.org"),            # no signature of ours: anybody could say so
    dict(own="a", bad="5.1.1:email:bo@example.org"),              # takes no part in what the signature is about
    dict(own="a", bad=""),
])
def test_forged_reports_mark_nobody(t, hints):
    t.mail("a")
    t.mail("b", "bo")
    t.mail("x", "daemon", automatic="bounce", report="failed", **hints)
    for who in "ann", "bo":
        assert not [k for k in t.json("customer", "show", f"{who}@example.org") if k.startswith("undeliverable")]


def test_lists_and_notices_are_mail_like_any_other(t):
    """Their kind is for rules (`automatic:`); the step gets no hint of it."""
    t.mail("a", "jira", refs="=root")
    t.done("a")
    t.mail("b", "jira", refs="=root")
    assert t.conv("b") == t.conv("a") and t.work("b") == ("waiting", 1)


def test_the_shown_subject_follows(t):
    t.mail("a", subject="Printer")
    assert t.json("conversation", "show", t.conv("a"))["subject"] == "Printer"
    t.mail("b", refs="a", subject="Now the invoice")
    t.mail("c", refs="b", subject="Now the invoice")
    assert "subject_changed" in t.entries["b"]["evidence"] and "subject_changed" not in t.entries["c"]["evidence"]
    t.mail("d", "eve", token="a", subject="Buy now")
    assert "subject_changed" in t.entries["d"]["evidence"]
    assert t.json("conversation", "show", t.conv("a"))["subject"] == "Now the invoice", "a guest does not rename it"


# ---- what it costs: calls inside the function for one event (the hot path must not grow by itself)

@pytest.mark.parametrize("what, mail, most", [
    ("sms in a running talk", dict(mode="sender", channel="sms", sender="tel:+14155550100"), 10),
    ("form", dict(mode="new", channel="contact"), 19),
    ("mail that answers", dict(refs="a"), 12),
    ("mail that proves", dict(token="a", refs="a"), 11),
    ("mail that begins", dict(subject="Other"), 21),
])
def test_calls_of_the_step(t, what, mail, most):
    t.mail("a", **{k: v for k, v in mail.items() if k in ("mode", "channel", "sender")})
    t.mail("b", **{k: v for k, v in mail.items() if k in ("mode", "channel", "sender")})
    t.r.config_resetstat()
    t.mail("x", **mail)
    calls = {k: v["calls"] for k, v in t.r.info("commandstats").items()}
    outside = ("cmdstat_fcall", "cmdstat_info", "cmdstat_config|resetstat", "cmdstat_xrange")
    assert sum(n for k, n in calls.items() if k not in outside) <= most, calls

# SPDX-License-Identifier: Apache-2.0
"""deskbell conversation: seen, merged, split, moved and undone, in every state of the work; where answers land afterwards
(TH-15). The command line against real functions in a real Redis."""
import itertools

import pytest

from outbox import create
from talks import P, Talks, digest

STATES = ("none", "waiting", "active")


@pytest.fixture
def t(redis, tmp_path):
    talks = Talks(redis.client, tmp_path / "desk", redis.socket)
    yield talks
    talks.check()


def begin(t, name, state, sender, queue, messages=1, priority=5):
    """A conversation with so many messages and its work in this state."""
    t.rules = [("r", queue, priority, 3_600_000, "", "")]
    t.mail(name, sender)
    for n in range(1, messages):
        t.mail(f"{name}{n}", sender, refs=name)
    if state == "active":
        assert t.claim("ana", queue) == t.entries[name]["work_item"]
    elif state == "none":
        t.done(name)


def facts(t):
    """What undoing must bring back."""
    keep = ("item", "queue", "messages", "participants", "merged", "merge", "members")
    return {k: {f: v for f, v in t.state(k.decode().split(":")[2]).items() if f in keep} for k in t.r.keys(f"{P}:conv:*")}


# ---- merge

def after_merge(a, b, a_first):
    if "none" in (a, b):
        return a if b == "none" else b
    return "active" if "active" in (a, b) else "waiting"


@pytest.mark.parametrize("a, b", itertools.product(STATES, STATES))
@pytest.mark.parametrize("a_priority", [3, 7])
def test_merge_and_undo(t, a, b, a_priority):
    begin(t, "a", a, "ann", "qa", 2, a_priority)
    begin(t, "b", b, "bo", "qb", 3)
    before = facts(t)
    t.merge("a", "b")
    t.check()
    counts = (2 if a != "none" else 0) + (3 if b != "none" else 0)
    assert t.work("b") == (after_merge(a, b, a_priority < 5), counts)
    assert t.work("a") == ("none", 0) and t.state(t.conv("a"))["merged"] == t.conv("b")
    kept = t.state(t.conv("b"))["item"]
    if a != "none" and b != "none":
        a_stays = a == "active" and b == "waiting" or a == b and a_priority < 5
        assert kept == t.entries["a" if a_stays else "b"]["work_item"]
        assert [e["evidence"] for e in t.journal() if e["type"] == "done"] == ["merged"]
    assert [e["agent"] for e in t.journal() if e["type"] == "merge"] == ["ana", "ana"]
    t.split("a")
    restored = facts(t)
    for k, v in before.items():
        lost = v["item"] and v["item"] != kept and t.item(v["item"])["state"] == "waiting"
        assert {**restored[k], "members": ""} == {**v, "members": ""}, (k, "lost" if lost else "")
    lost_it = a == "active" and b != "none" and kept != t.entries["a"]["work_item"]
    assert t.work("a") == (("none", 0) if a == "none" else ("waiting" if lost_it else a, 2))
    # a second time: the same again
    t.merge("a", "b")
    assert t.work("b")[1] == counts


@pytest.mark.parametrize("a, b", itertools.product(STATES, STATES))
def test_merge_then_done_then_undo(t, a, b):
    begin(t, "a", a, "ann", "qa")
    begin(t, "b", b, "bo", "qb")
    t.merge("a", "b")
    if t.state(t.conv("b"))["item"]:
        assert t.done("b") == "OK"
    t.split("a")
    assert t.work("a") == t.work("b") == ("none", 0), "what was done is done"


@pytest.mark.parametrize("a, b", itertools.product(STATES, STATES))
def test_merge_then_news_then_undo(t, a, b):
    """What came after the merge stays where it came, and is work there."""
    begin(t, "a", a, "ann", "qa")
    begin(t, "b", b, "bo", "qb")
    t.merge("a", "b")
    t.mail("x", "ann", refs="a")
    assert t.conv("x") == t.conv("b") and t.work("b")[1] == (a != "none") + (b != "none") + 1
    t.split("a")
    t.check()
    assert t.work("a")[1] == (a != "none")
    assert t.work("b")[1] == (b != "none") + 1


LANDINGS = {
    "old id of the merged": dict(sender="ann", refs="a"),
    "old id of the survivor": dict(sender="bo", refs="b"),
    "token of the merged": dict(sender="ann", token="a"),
    "token of the survivor": dict(sender="bo", token="b"),
    "our id in the merged": dict(sender="ann", own="a"),
    "reference of the merged": dict(sender="ann", ref="a"),
    "reference of the survivor": dict(sender="bo", ref="b"),
    "each may answer the other": dict(sender="ann", refs="b"),
}


@pytest.mark.parametrize("what", LANDINGS)
def test_after_a_merge_all_lands_in_the_survivor(t, what):
    t.mail("a", "ann")
    t.mail("b", "bo")
    t.merge("a", "b")
    t.mail("x", **LANDINGS[what])
    assert t.conv("x") == t.conv("b")
    assert "new_participant" not in t.entries["x"]["evidence"]
    shown = t.json("conversation", "show", t.conv("b"))
    assert [e["event"] for e in shown["entries"] if e["type"] == "event"] == [t.event[n] for n in ("a", "b", "x")]
    assert t.where("a") == t.conv("b")
    t.split("a")
    t.mail("y", **{k: v for k, v in LANDINGS[what].items() if k != "sender"}, sender=LANDINGS[what]["sender"])
    if what == "each may answer the other":
        assert t.conv("y") not in (t.conv("a"), t.conv("b")), "a stranger there again"
    else:
        assert t.conv("y") == t.conv("a" if "merged" in what else "b")


def test_merge_over_two_channels(t):
    """The same mail to two addresses of ours: each channel's answers land in the one that is left."""
    t.mail("a", mid="same")
    t.mail("b", mid="same", channel="mail2")
    t.merge("b", "a")
    t.mail("x", refs="=same", mid="x1", channel="mail2", token="b")
    t.mail("y", mid="y1", token="a")
    assert t.conv("x") == t.conv("y") == t.conv("a")
    t.mail("z", mid="z1", token="a", channel="mail2")
    assert t.conv("z") != t.conv("a"), "a's token is no proof on b's channel"


@pytest.mark.parametrize("what", ["nothing", "merge", "merge twice", "undone"])
def test_the_answer_to_a_forms_answer_comes_home(t, what):
    """A form has no way back. What was said over mail still leads home when people put the conversation to another one."""
    for name in "abc":
        t.mail(name, mode="form", channel="contact", mid="")
    for name, channel in (("a", "mail"), ("b", "mail2")):
        assert create(t.r, t.conv(name), "acknowledgement", channel=channel, to=t.key("ann"), mid=t.ids("=ack" + name),
                      now=t.now)[0] == "CREATED"
    home = {"nothing": "a", "merge": "b", "merge twice": "c", "undone": "a"}[what]
    if what != "nothing":
        t.merge("a", "b")
    if what == "merge twice":
        t.merge("b", "c")
    if what == "undone":
        t.split("a")
    t.mail("x", refs="=acka", mid="x1")
    t.mail("y", token="a", mid="y1")
    assert t.now_in("x") == t.now_in("y") == t.conv(home)
    # an answer to all of it, over one more channel, forgets none
    create(t.r, t.conv("a"), channel="mail3", to=t.key("ann"), now=t.now)
    t.mail("z", refs="=acka", mid="z1")
    t.mail("w", refs="=ackb", mid="w1", channel="mail2")
    assert t.now_in("z") == t.conv(home) and t.now_in("w") == t.conv("b" if home == "a" else home)


def test_a_talk_goes_on_in_the_survivor(t):
    sms = dict(mode="sender", channel="sms", mid="")
    t.mail("a", "tel:+14155550100", **sms)
    t.mail("b", "tel:+14155550101", **sms)
    t.merge("a", "b")
    t.mail("x", "tel:+14155550100", **sms)
    assert t.conv("x") == t.conv("b")
    t.split("a")
    t.mail("y", "tel:+14155550100", **sms)
    assert t.conv("y") == t.conv("a")


def test_chains_of_merges(t):
    for name in "abc":
        t.mail(name)
    t.merge("a", "b")
    t.merge("b", "c")
    t.mail("x", token="a")
    assert t.conv("x") == t.conv("c") and t.work("c") == ("waiting", 4)
    shown = t.json("conversation", "show", t.conv("c"))
    assert [e["event"] for e in shown["entries"] if e["type"] == "event"] == [t.event[n] for n in "abcx"]
    assert "merged into this one since" in t.split("a", ok=False)
    t.split("b")
    t.split("a")
    for n, name in enumerate("abc"):
        t.mail(f"y{n}", token=name)
        assert t.conv(f"y{n}") == t.conv(name)


@pytest.mark.parametrize("first, second, words", [
    (("a", "b"), ("a", "b"), "part of this conversation already"),
    (("a", "b"), ("b", "a"), "cannot be merged into itself"),
    (None, ("a", "a"), "cannot be merged into itself"),
    (("a", "b"), ("a", "c"), "part of this conversation already"),
])
def test_merges_that_cannot_be(t, first, second, words):
    for name in "abc":
        t.mail(name)
    if first:
        t.merge(*first)
    before = facts(t)
    assert words in t.merge(*second, ok=False)
    assert facts(t) == before


# ---- split

@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("at, left, moved", [("a1", 1, 3), ("a2", 2, 2), ("a3", 3, 1)])
def test_split_and_undo(t, state, at, left, moved):
    begin(t, "a", state, "ann", "qa", 4, 3)
    old = t.state(t.conv("a"))
    created = t.entries[at]["at"]
    t.split("a", at)
    t.check()
    new = t.where(at)
    assert new != t.conv("a") and t.where("a") == t.conv("a")
    c = t.state(new)
    if state == "none":
        assert t.work("a") == ("none", 0) and c["item"] == ""
    else:
        assert t.work("a") == (state, left) and t.state(t.conv("a"))["item"] == old["item"]
        item = t.item(c["item"])
        assert (item["state"], item["queue"], item["priority"], int(c["messages"])) == ("waiting", "qa", "3", moved)
        f = item["facts"].split("\x1f")
        assert f[7] == created and f[3] == str(int(created) + 3_600_000), "its age is that of its first message"
    shown = t.json("conversation", "show", new)
    names = ["a", "a1", "a2", "a3"]
    assert [e["event"] for e in shown["entries"] if e["type"] == "event"] == [t.event[n] for n in names[names.index(at):]]
    assert shown["participants"] == ["email:ann@example.org"] and shown["subject"] == "Printer"
    kept = t.json("conversation", "show", t.conv("a"))
    assert [e["event"] for e in kept["entries"] if e["type"] == "event"] == [t.event[n] for n in names[:names.index(at)]]
    for n, name in enumerate(names):
        t.mail(f"x{n}", refs=name, **({} if n % 2 else {"token": "a"}))
        assert t.conv(f"x{n}") == (new if names.index(name) >= names.index(at) else t.conv("a")), name
    t.mail("r", "ann", ref="a", subject="Other")
    assert t.conv("r") == t.conv("a")
    assert t.json("conversation", "show", shown["reference"])["id"] == new
    # undone: all of it is one again, wherever an answer points to
    t.run("conversation", "merge", new, "--into", t.conv("a"))
    for n, name in enumerate(names):
        t.mail(f"y{n}", refs=name, **({"token": "a"} if n % 2 else {}))
        assert t.conv(f"y{n}") == t.conv("a")
    assert t.work("a") == ("waiting" if state == "none" else state, {"none": 0}.get(state, 4) + 4 + 1 + 4)


def test_split_takes_the_work_along_when_nothing_is_left(t):
    """Closed, then written to again about something else: the new part is the work."""
    begin(t, "a", "none", "ann", "qa")
    t.mail("b", refs="a", subject="Something else")
    item = t.entries["b"]["work_item"]
    t.split("a", "b")
    new = t.where("b")
    assert t.work("a") == ("none", 0)
    assert t.state(new)["item"] == item and t.item(item)["conversation"] == new
    assert t.json("conversation", "show", new)["subject"] == "Something else"
    t.run("conversation", "merge", new, "--into", t.conv("a"))
    assert t.state(t.conv("a"))["item"] == item and t.work("a") == ("waiting", 1)


def test_split_parts_people(t):
    """Who is only in what was split off takes no part in the rest any more."""
    t.mail("a", "ann", to="bo")
    t.mail("b", "bo", refs="a", to="eve")
    t.mail("c", "eve", refs="b")
    t.split("a", "c")
    new = t.where("c")
    assert "email:eve@example.org" in t.json("conversation", "show", t.conv("a"))["participants"], "bo wrote to her there"
    t.split("a", "b")
    assert t.json("conversation", "show", t.conv("a"))["participants"] == ["email:ann@example.org", "email:bo@example.org"]
    t.mail("x", "eve", refs="a")
    assert t.conv("x") not in (t.conv("a"), new)


def test_split_parts_guests(t):
    t.mail("a", "ann")
    t.mail("b", "eve", token="a")
    t.split("a", "b")
    assert t.json("conversation", "show", t.conv("a"))["guests"] == []
    shown = t.json("conversation", "show", t.where("b"))
    assert shown["participants"] == ["email:eve@example.org"] and shown["customer"] == t.entries["b"]["customer"]
    t.mail("x", "eve", refs="b")
    assert t.conv("x") == shown["id"]


def test_splits_of_splits(t):
    names = ["a"] + [f"a{n}" for n in range(1, 8)]
    begin(t, "a", "waiting", "ann", "qa", 8)
    t.split("a", "a5")
    t.split("a", "a3")
    second, first = t.where("a3"), t.where("a5")
    t.run("conversation", "split", first, "--at", t.event["a7"])
    third = t.where("a7")
    where = [t.conv("a")] * 3 + [second] * 2 + [first] * 2 + [third]
    assert [t.where(n) for n in names] == where and len(set(where)) == 4
    for n, name in enumerate(names):
        t.mail(f"x{n}", refs=name, token="a")
    assert [t.conv(f"x{n}") for n in range(8)] == where
    for conv in dict.fromkeys(where):
        shown = t.json("conversation", "show", conv)
        assert len([e for e in shown["entries"] if e["type"] == "event"]) == 2 * where.count(conv)


def test_a_running_talk_follows_the_split(t):
    sms = dict(mode="sender", channel="sms", mid="", sender="tel:+14155550100")
    for name in "abc":
        t.mail(name, **sms)
    t.split("a", "b")
    t.mail("x", **sms)
    assert t.conv("x") == t.where("b") != t.conv("a")


@pytest.mark.parametrize("do, words", [
    (lambda t: t.split("a", "a", ok=False), "nothing would be left"),
    (lambda t: t.split("a", "b", ok=False), "no message of this conversation's own"),
    (lambda t: t.split("a", ok=False), "at which message?"),
    (lambda t: t.run("conversation", "split", "vnotthere00000000", "--at", t.event["a"], ok=False), "there is no conversation"),
    (lambda t: t.run("conversation", "split", t.conv("a"), "--at", "x" * 26, ok=False), "no message of this conversation's own"),
    (lambda t: t.run("conversation", "merge", t.conv("a"), ok=False), "--into"),
    (lambda t: t.run("conversation", "move", t.event["a1"], ok=False), "--to"),
    (lambda t: t.run("conversation", "move", "x" * 26, "--to", t.conv("b"), ok=False), "there is no message"),
    (lambda t: t.move("a1", "a", ok=False), "it is there already"),
    (lambda t: t.move("b", "a", ok=False), "the only message"),
    (lambda t: t.run("conversation", "show", ok=False), "wants a conversation"),
    (lambda t: t.run("conversation", ok=False), "show, split, move or merge?"),
    (lambda t: t.run("conversation", "join", t.conv("a"), ok=False), "there is no"),
])
def test_refusals_in_words(t, do, words):
    begin(t, "a", "waiting", "ann", "qa", 2)
    t.mail("b", "bo")
    before = {k: t.r.dump(k) for k in t.r.keys("*")}
    assert words in do(t)
    assert {k: t.r.dump(k) for k in t.r.keys("*")} == before


# ---- move

@pytest.mark.parametrize("a, b", itertools.product(STATES, STATES))
@pytest.mark.parametrize("which", ["a", "a2"])
def test_move_and_back(t, a, b, which):
    begin(t, "a", a, "ann", "qa", 3)
    begin(t, "b", b, "bo", "qb", 2)
    t.move(which, "b")
    t.check()
    assert t.where(which) == t.conv("b")
    assert t.work("a") == (("none", 0) if a == "none" else (a, 2))
    if a == "none":
        assert t.work("b") == (b, 2 if b != "none" else 0), "what was answered is no work"
    else:
        assert t.work("b") == ("waiting" if b == "none" else b, (0 if b == "none" else 2) + 1)
    events = lambda name: [e["event"] for e in t.json("conversation", "show", t.conv(name))["entries"] if e["type"] == "event"]
    assert events("a") == [t.event[n] for n in ("a", "a1", "a2") if n != which]
    assert events("b") == [t.event[which], t.event["b"], t.event["b1"]]
    t.mail("x", "ann", refs=which, token="a")
    t.mail("y", "ann", refs=which)
    t.mail("z", "ann", token="a")
    assert (t.conv("x"), t.conv("y"), t.conv("z")) == (t.conv("b"), t.conv("b"), t.conv("a"))
    work = t.work("a"), t.work("b")
    t.move(which, "a")
    t.check()
    assert t.where(which) == t.conv("a") and events("a")[:3] == [t.event[n] for n in ("a", "a1", "a2")]
    counted = a != "none"
    assert t.work("a")[1] == work[0][1] + counted and t.work("b")[1] == work[1][1] - counted
    t.mail("v", "ann", refs=which)
    assert t.conv("v") == t.conv("a")


def test_moving_the_last_open_message_moves_the_work(t):
    begin(t, "a", "none", "ann", "qa")
    begin(t, "b", "none", "bo", "qb")
    t.mail("x", "ann", refs="a")
    item = t.entries["x"]["work_item"]
    t.move("x", "b")
    assert t.work("a") == ("none", 0) and t.state(t.conv("b"))["item"] == item
    t.mail("y", "ann", refs="a")
    t.move("y", "b")
    assert t.work("a") == ("none", 0) and t.work("b") == ("waiting", 2)
    assert t.item(t.entries["y"]["work_item"])["state"] == "done"


def test_a_stranger_moved_in_takes_part(t):
    """The case of the subject token: an agent says that it was right after all."""
    t.mail("a", "ann")
    t.mail("b", "bo", ref="a")
    t.mail("b1", "bo", refs="b", subject="And another thing")
    assert t.conv("b") != t.conv("a")
    t.move("b", "a")
    assert "email:bo@example.org" in t.json("conversation", "show", t.conv("a"))["participants"]
    t.mail("x", "bo", refs="b")
    assert t.conv("x") == t.conv("a")


def test_moves_of_what_is_merged_or_split(t):
    begin(t, "a", "waiting", "ann", "qa", 3)
    begin(t, "b", "waiting", "bo", "qb", 2)
    begin(t, "c", "waiting", "cy", "qc")
    t.merge("a", "b")
    assert "it is there already" in t.move("a1", "b", ok=False)
    t.move("a1", "c")
    assert t.work("b") == ("waiting", 4) and t.work("c") == ("waiting", 2) and t.where("a1") == t.conv("c")
    t.mail("x", "ann", refs="a1", token="b")
    assert t.conv("x") == t.conv("c")
    t.split("a")
    assert t.where("a1") == t.conv("c") and t.where("a2") == t.conv("a")
    t.run("conversation", "split", t.conv("a"), "--at", t.event["a2"])
    new = t.where("a2")
    t.run("conversation", "move", t.event["a1"], "--to", new)
    assert t.where("a1") == new
    t.mail("y", "ann", refs="a1", token="a")
    assert t.conv("y") == new


def test_random_operations_keep_the_books(t):
    """Whatever people do: one open work item at most, in one place; every message in exactly one conversation."""
    import random
    pick = random.Random(15)
    names = []
    for n in range(6):
        begin(t, f"m{n}", pick.choice(STATES), f"s{n}", f"q{n}", pick.randint(1, 3))
        names = list(t.event)
    def convs():
        return sorted({t.now_in(n) for n in t.event})
    def roots():
        return sorted({k.decode().split(":")[2] for k in t.r.keys(f"{P}:conv:*")})
    for step in range(30):
        what = pick.choice(["merge", "split", "move", "unmerge", "mail", "done", "claim"])
        if what == "mail":
            t.mail(f"n{step}", f"s{pick.randint(0, 5)}", refs=pick.choice(names))
        elif what == "done":
            opened = [t.state(c)["item"] for c in convs() if t.state(c).get("item")]
            if opened:
                t.r.fcall("deskbell_done", 1, P, t.now, pick.choice(opened), "ana", "")
        elif what == "claim":
            t.claim(queue=f"q{pick.randint(0, 5)}")
        elif what == "merge":
            a, b = pick.choice(roots()), pick.choice(roots())
            t_run(t, "merge", a, "--into", b)
        elif what == "unmerge":
            t_run(t, "split", pick.choice(roots()))
        elif what == "split":
            t_run(t, "split", pick.choice(roots()), "--at", t.event[pick.choice(list(t.event))])
        else:
            t_run(t, "move", t.event[pick.choice(list(t.event))], "--to", pick.choice(roots()))
        t.check()
    seen = []
    for c in roots():
        if not t.state(c).get("merged"):
            seen += [e["event"] for e in t.json("conversation", "show", c)["entries"] if e["type"] == "event"]
    assert sorted(seen) == sorted(t.event.values())


def t_run(t, *args):
    import subprocess
    from desk import BIN, PATIENCE
    done = subprocess.run([str(BIN / "deskbell"), "conversation", *args, "--dir", str(t.dir)], capture_output=True, timeout=PATIENCE)
    assert done.returncode in (0, 1, 2) and b"unknown" not in done.stderr, done.stderr


# ---- what is said of it

def test_trace_tells_who_and_why(t):
    begin(t, "a", "waiting", "ann", "qa", 3)
    t.mail("b", "bo")
    t.split("a", "a1")
    new = t.where("a1")
    t.run("conversation", "merge", new, "--into", t.conv("b"), "--by", "bea")
    steps = {s["step"]: s["detail"] for s in t.json("trace", t.event["a1"])[0]["steps"]}
    assert new in steps["split"] and "by ana" in steps["split"]
    assert t.where("a1") == t.conv("b")
    assert "split" not in {s["step"] for s in t.json("trace", t.event["a"])[0]["steps"]}
    t.move("a", "b", ok=False)
    t.mail("c", refs="a")
    t.move("c", "b")
    steps = {s["step"]: s["detail"] for s in t.json("trace", t.event["c"])[0]["steps"]}
    assert "by ana" in steps["moved"] and t.conv("b") in steps["moved"]
    found = {x["event"] for x in t.json("trace", t.conv("b"))}
    assert found == {t.event[n] for n in ("a1", "a2", "b", "c")}


def test_events_say_it(t):
    t.mail("a")
    t.mail("b")
    t.merge("a", "b")
    t.split("a")
    types = [__import__("json").loads(line)["type"] for line in t.run("events").splitlines()]
    assert types.count("org.deskbell.conversation.merged.v1") == 2 and types.count("org.deskbell.conversation.split.v1") == 2


def test_show_for_people(t):
    t.mail("a", "ann", to="cc")
    t.mail("b", "bo", token="a")
    t.mail("c", "ann", refs="a", automatic="reply")
    t.done("a")
    text = t.run("conversation", "show", t.reference("a"))
    for words in ("takes part: email:ann@example.org, email:cc@example.org", "guests:     email:bo@example.org",
                  "new in this conversation", "an automatic reply", "ended by ana", "text of b"):
        assert words in text, words
    assert digest("a@id") not in text


def test_what_is_to_be_answered(t):
    latest = lambda: t.json("conversation", "show", t.now_in("a")).get("to_answer")
    t.mail("a", "ann", to="cc")
    assert latest() == t.event["a"]
    for name, kw in (("b", dict(sender="eve", token="a")), ("c", dict(sender="ann", refs="a", automatic="reply")),
                     ("d", dict(sender="ana", refs="a", agent="ana")), ("e", dict(sender="support", loop=t.conv("a"), automatic="loopback"))):
        t.mail(name, **kw)
        assert latest() == t.event["a"], name
    t.mail("f", "cc", refs="a")
    assert latest() == t.event["f"]
    t.mail("g", "bo")
    t.merge("a", "g")
    assert latest() == t.event["g"]
    t.mail("h", "ann", refs="a")
    t.move("h", "a", ok=False)
    assert latest() == t.event["h"]

# SPDX-License-Identifier: Apache-2.0
"""deskbell_acknowledge: decision, counters and position in one step; the pace of a queue. Against a real Redis."""
import pytest
import redis as redis_client

from desk import library
from outbox import create, out
from test_00_functions import NOW, P, event, journal, route

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LIMITS = {"sender_10m": 1, "sender_day": 3, "sms_day": 9, "domain_hour": 20, "channel_hour": 100, "subject_repeat": DAY}


@pytest.fixture
def r(redis):
    redis.client.function_load(library(), replace=True)
    return redis.client


def position(r):
    return [part.decode() for part in r.fcall("deskbell_follow", 1, P, "acknowledge")]


def message(r, n, **kw):
    """A customer's message, already in the journal: (event id, conversation)."""
    assert route(r, event(**{"sender": f"tel:+1415555{n:04d}", **kw})) == "r"
    entry = journal(r)[-1]
    return entry["event_id"], entry["conversation"]


def answer(r, said, n, to=None, domain="", digest="", channel="sms", reason="", bytes=b"packed"):
    id = "" if reason else f"o{n:016d}"
    return [said[0], said[1], "thanks", reason, id, channel, to or f"tel:+1415555{n:04d}", domain, digest, "", NOW + DAY, bytes]


def step(r, *decisions, now=NOW, at=None, to=None, desk=0, **limits):
    at = at or position(r)[0]
    to = to or position(r)[1]
    values = {**LIMITS, **limits}
    flat = [f for d in decisions for f in d]
    return r.fcall("deskbell_acknowledge", 1, P, now, at, to, desk, *values.values(), len(decisions), *flat).decode()


def ack_of(r, said):
    return (r.hget(f"{P}:conv:{said[1]}", "ack") or b"").decode()


def test_a_follower_begins_at_the_end(r):
    assert position(r) == ["0-0", "0-0"]
    message(r, 1)
    before, last = position(r)
    assert before == "0-0" and last != before
    assert r.fcall("deskbell_follow", 1, P, "another")[0].decode() == last


def test_acknowledged_once_and_moved_on(r):
    position(r)
    said = message(r, 1)
    at, to = position(r)
    assert step(r, answer(r, said, 1)) == "a"
    assert position(r)[0] == to and ack_of(r, said) == "o0000000000000001 thanks"
    one = out(r, "o0000000000000001")
    assert (one["kind"], one["state"], one["to"], one["answers"]) == ("acknowledgement", "queued", "tel:+14155550001", said[0])
    assert one["key"] == f"ack:{said[0]}" and one["expires"] == str(NOW + DAY)
    # A second program, or an answer that was lost: nothing is done again.
    with pytest.raises(redis_client.exceptions.ResponseError, match="STALE position"):
        step(r, answer(r, said, 2), at=at, to=to)
    assert not out(r, "o0000000000000002")
    # The conversation has its own (AR-15), whoever asks.
    assert step(r, answer(r, said, 3), now=NOW + 8 * DAY) == "g"


def test_another_desk_definition(r):
    said = message(r, 1)
    with pytest.raises(redis_client.exceptions.ResponseError, match="STALE desk"):
        step(r, answer(r, said, 1), desk=7)
    assert ack_of(r, said) == ""


def test_silence_is_written_down(r):
    said = message(r, 1)
    assert step(r, answer(r, said, 1, reason="AR-02 Auto-Submitted")) == "s"
    assert ack_of(r, said) == "silent AR-02 Auto-Submitted"
    entry = journal(r)[-1]
    assert (entry["type"], entry["event_id"], entry["conversation"], entry["evidence"], entry["rule"]) == (
        "acknowledge", said[0], said[1], "silent AR-02 Auto-Submitted", "thanks")
    assert r.zcard(f"{P}:ack:to:tel:+14155550001") == 0, "silence counts for nothing"


def test_a_reason_ends_no_field_of_the_journal(r):
    """It may quote what the program of a channel says of the message."""
    said = message(r, 1)
    assert step(r, answer(r, said, 1, reason="AR-12 it is suspected: a\x1feve\x1f7\n\x1b[2Jb")) == "s"
    entry = journal(r)[-1]
    assert (entry["evidence"], entry["agent"], entry["at"]) == ("silent AR-12 it is suspected: a eve 7  [2Jb", "", str(NOW))
    assert ack_of(r, said) == "silent AR-12 it is suspected: a eve 7  [2Jb"


@pytest.mark.parametrize("name,limits,decide,words", [
    ("ten minutes", {"sender_10m": 2, "sender_day": 9}, {}, "ten minutes"),
    ("a day", {"sender_10m": 9, "sender_day": 2, "sms_day": 0}, {}, "within a day"),
    ("a number", {"sender_10m": 9, "sender_day": 9, "sms_day": 2}, {}, "SM-22"),
    ("domain", {"sender_10m": 9, "sender_day": 9, "domain_hour": 2}, {"domain": "example.org"}, "to this domain"),
    ("channel", {"sender_10m": 9, "sender_day": 9, "channel_hour": 2}, {}, "over this channel"),
], ids=lambda v: v if isinstance(v, str) and " " not in v else None)
def test_limits(r, name, limits, decide, words):
    said = [message(r, n) for n in range(4)]
    to = {"domain": None, "channel": None, "a day": "email:a@example.org"}.get(name, "tel:+14155550000")
    answers = [answer(r, s, n, to=to or f"tel:+1415555{n:04d}", **decide) for n, s in enumerate(said)]
    assert step(r, *answers, **limits) == "aall"
    assert words in ack_of(r, said[2]) and words in ack_of(r, said[3])
    later = {"ten minutes": 11 * MINUTE, "a day": DAY + 1, "a number": DAY + 1, "domain": HOUR + 1, "channel": 0}[name]
    if name == "channel":
        r.delete(f"{P}:ack:channel:sms")  # its window ends by the clock of Redis
    more = message(r, 9)
    assert step(r, answer(r, more, 9, to=to, **decide), now=NOW + later, **limits) == "a"


def test_the_same_subject(r):
    said = [message(r, n) for n in range(3)]
    a, b, c = (answer(r, s, n, to="email:a@example.org", digest=d) for (n, s), d in zip(enumerate(said), ("same", "same", "other")))
    assert step(r, a, b, c, sender_10m=9) == "ala"
    assert "AR-51" in ack_of(r, said[1])


def test_nobody_is_written_to_who_opted_out(r):
    said = message(r, 1)
    r.set(f"{P}:optout:sms:tel:+14155550001", "x")
    assert step(r, answer(r, said, 1)) == "s"
    assert ack_of(r, said).startswith("silent SM-11") and out(r, "o0000000000000001")["state"] == "suppressed"


def test_an_agent_was_faster(r):
    said = message(r, 1)
    create(r, said[1], to="tel:+14155550001")
    assert step(r, answer(r, said, 1)) == "s"
    assert "an agent answered" in ack_of(r, said)


@pytest.mark.parametrize("chain", [False, True])
@pytest.mark.parametrize("had", ["an acknowledgement", "a reply"])
def test_what_was_drawn_into_the_conversation_counts(r, had, chain):
    """An answer came before the mail it answers (TH-20): that is one conversation, and gets one."""
    early, late, between = (message(r, n) for n in (1, 2, 3))
    if had == "a reply":
        create(r, early[1], to="tel:+14155550001")
    else:
        assert step(r, answer(r, early, 1)) == "a"
    steps = [(early, between), (between, late)] if chain else [(early, late)]
    for one, into in steps:
        assert r.fcall("deskbell_conversation_merge", 1, P, NOW, "ana", one[1], into[1])[0] == b"OK"
    assert step(r, answer(r, late, 902), now=NOW + DAY) == ("s" if had == "a reply" else "g")
    assert not out(r, "o0000000000000902")


def test_one_that_is_damaged_stops_nobody(r):
    said = [message(r, n) for n in range(2)]
    r.hset(f"{P}:conv:{said[0][1]}", "facts", "")
    broken = answer(r, said[0], 0, bytes=b"")
    assert step(r, broken, answer(r, said[1], 1)) == "ga"
    assert position(r)[0] != "0-0"


def test_the_pace_of_a_queue(r):
    """How long first answers take: the first reply to each work item counts, the latest most."""
    for n in range(3):
        said = message(r, n)
        create(r, said[1], to=f"tel:+1415555{n:04d}", now=NOW + (n + 1) * 10 * MINUTE)
        create(r, said[1], to=f"tel:+1415555{n:04d}", now=NOW + HOUR * 5)  # a second one tells nothing
    average, count, at = r.hget(f"{P}:pace", "support").decode().split()
    expected = 10 * MINUTE
    for took in (20 * MINUTE, 30 * MINUTE):
        expected += 0.1 * (took - expected)
    assert abs(int(average) - expected) <= 1 and count == "3" and at == str(NOW + 30 * MINUTE)


def test_trimming_waits_for_it(r):
    position(r)
    for n in range(300):
        message(r, n)
    assert r.fcall("deskbell_trim", 1, P, NOW + 400 * DAY * 10, 100000) == 0
    step(r)
    r.fcall("deskbell_trim", 1, P, NOW + 400 * DAY * 10, 100000)
    assert r.xlen(f"{P}:journal") < 300

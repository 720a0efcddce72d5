# SPDX-License-Identifier: Apache-2.0
"""Outbound messages in Redis: tried again on an operator's word, and sent in parts. Against a real Redis."""
import pytest

from outbox import order, out
from test_00_functions import NOW, P, journal
from test_06_outbox import created, due, r, relayed, report, state, talk  # noqa: F401 (fixtures)


# ---- tried again on an operator's word

def test_a_retry_says_which_try_it_is_to_make(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "accepted", attempt=3)
    report(r, id, "failed", attempt=3, why="bounced")
    order(r, id, "retry")
    flat = r.fcall_ro("deskbell_outbound_due", 1, P, NOW, 64, 1 << 20, 1, "sms")
    assert flat == [id.encode(), b"sms", b"retry", b"packed", b"4"]
    order(r, id, "retry")
    assert r.fcall_ro("deskbell_outbound_due", 1, P, NOW, 64, 1 << 20, 1, "sms")[4] == b"4", "the same once more is the same"


@pytest.mark.parametrize("answered", [False, True], ids=["answer lost", "answered"])
@pytest.mark.parametrize("became", ["accepted", "failed", "deferred"])
def test_what_came_of_a_retry_counts_before_its_answer(r, talk, answered, became):
    """The router died before it heard TAKEN: what the channel program reports shows that it obeyed."""
    id = created(r, talk["conversation"], kind="acknowledgement")
    relayed(r, id)
    report(r, id, "failed", attempt=1)
    order(r, id, "retry")
    if answered:
        relayed(r, id, "retry")
    report(r, id, became, attempt=2, why="second")
    assert state(r, id) == became and out(r, id)["attempt"] == "2"
    assert due(r, "sms") == (0, []) and (answered or relayed(r, id, "retry") == "g")
    assert state(r, id) == became


def test_a_report_of_before_the_retry_does_not_wake_it(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "failed", attempt=1)
    report(r, id, "queued", attempt=1)
    assert state(r, id) == "failed"
    order(r, id, "retry")
    report(r, id, "accepted", attempt=1)
    assert state(r, id) == "failed"
    report(r, id, "queued", attempt=1)
    assert state(r, id) == "queued", "the channel program has the order"


# ---- parts (out_split: us)

def in_parts(r, talk, ids=("P1", "P2", "P3"), parts=3):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "accepted", attempt=parts, source="\x1e".join(ids), parts=parts)
    return id


def test_delivered_when_the_last_part_is(r, talk):
    id = in_parts(r, talk)
    assert r.get(f"{P}:out:source:sms:P2").decode() == f"{id} 2"
    for source, said, whole in [("P2", "accepted", "accepted"), ("P2", "delivered", "accepted"), ("P1", "delivered", "accepted"),
                                ("P1", "read", "accepted"), ("P3", "accepted", "accepted"), ("P3", "delivered", "delivered"),
                                ("P2", "read", "delivered"), ("P3", "delivered", "delivered"), ("P3", "read", "read")]:
        report(r, source=source, state=said)
        assert state(r, id) == whole, (source, said)
    said = [e["evidence"] for e in journal(r) if e["how"] == "outbound"]
    assert said[1:3] == [f"{id} accepted accepted part 2 of 3 is accepted", f"{id} accepted accepted part 2 of 3 is delivered"]
    assert f"{id} ignored: part 3 of 3 is delivered already" in said


def test_one_lost_part_is_a_failure(r, talk):
    id = in_parts(r, talk)
    report(r, source="P1", state="delivered")
    report(r, source="P2", state="failed", permanent=True, why="undelivered", code="30003")
    assert state(r, id) == "failed" and out(r, id)["why"] == "part 2 of 3: undelivered"
    assert journal(r)[-1]["type"] == "reopen" and "part 2 of 3: undelivered (30003)" in journal(r)[-1]["evidence"]
    report(r, source="P2", state="delivered")
    report(r, source="P3", state="delivered")
    assert state(r, id) == "failed"


@pytest.mark.parametrize("early, whole", [(["P1 delivered", "P2 delivered", "P3 delivered"], "delivered"), (["P3 failed"], "failed"),
                                          (["P2 delivered"], "accepted")])
def test_reports_on_parts_before_their_ids_are_known(r, talk, early, whole):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "deferred", attempt=2, source="P1", parts=3)
    for one in early:
        source, said = one.split()
        report(r, source=source, state=said, permanent=said == "failed")
    assert state(r, id) == "deferred"
    report(r, id, "accepted", attempt=4, source="P1\x1eP2\x1eP3", parts=3)
    assert state(r, id) == whole


def test_a_part_lost_before_the_rest_was_sent(r, talk):
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "queued", attempt=1, source="P1", parts=2)
    report(r, source="P1", state="failed", permanent=True, why="undelivered")
    assert state(r, id) == "failed"
    report(r, id, "accepted", attempt=2, source="P1\x1eP2", parts=2)
    assert state(r, id) == "failed"
    order(r, id, "retry")
    relayed(r, id, "retry")
    report(r, id, "accepted", attempt=4, source="P3\x1eP4", parts=2)
    assert state(r, id) == "accepted"
    report(r, source="P1", state="delivered")
    assert "earlier try" in journal(r)[-1]["evidence"]
    report(r, source="P3", state="delivered")
    report(r, source="P4", state="delivered")
    assert state(r, id) == "delivered"


def test_a_retry_goes_on_with_the_parts_that_are_through(r, talk):
    """The third is refused, the second is lost while the rest is sent on an operator's word: that is found in the end."""
    id = created(r, talk["conversation"])
    relayed(r, id)
    report(r, id, "failed", attempt=3, source="P1\x1eP2", parts=3, why="part 3 of 3: no")
    report(r, source="P1", state="delivered")
    assert state(r, id) == "failed"
    order(r, id, "retry")
    relayed(r, id, "retry")
    report(r, source="P2", state="failed", why="lost")
    assert state(r, id) == "queued"
    report(r, id, "accepted", attempt=4, source="P1\x1eP2\x1eP3", parts=3)
    assert state(r, id) == "failed" and out(r, id)["why"] == "part 2 of 3 was lost"

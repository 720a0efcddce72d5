# SPDX-License-Identifier: Apache-2.0
"""What the operator says about his mail system reaches the parser: whose results are believed, what marks spam, which
addresses are the desk's. And what a mail is – a person's, a program's, a report – reaches the operator."""
import pathlib

import pytest
from desk import Desk, mail, wait_for

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "mail"
CONFIG = """
channels:
  - name: trusting
    kind: email
    addresses: ["support@desk.example"]
    authserv_ids: ["mx.desk.example"]
    spam_headers: ["X-Spam-Flag: YES", "X-Spam-Status: Yes*"]
  - name: plain
    kind: email
    addresses: ["sales@desk.example"]
"""
PASS = "Authentication-Results: mx.desk.example; dmarc=pass header.from=example.org\r\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("trust") / "desk", CONFIG) as d:
        yield d.up()


def event_of(desk, raw, to="support@desk.example", sender="ann@example.org"):
    known = {e["id"] for e in desk.events()}
    assert desk.lmtp(raw, recipients=[to], sender=sender) == {}
    return wait_for(lambda: [e["data"] for e in desk.events() if e["id"] not in known], "the event")[0]


def test_only_the_configured_channel_believes(desk):
    believed = event_of(desk, PASS.encode() + mail("one"))
    assert believed["from"]["verified"] == "dmarc"
    assert believed["authenticity"] == {"authserv_id": "mx.desk.example", "dmarc": "pass"}
    other = event_of(desk, PASS.encode() + mail("two"), to="sales@desk.example")
    assert "verified" not in other["from"] and "authenticity" not in other
    foreign = event_of(desk, PASS.replace("mx.desk", "mx.evil").encode() + mail("three"))
    assert "verified" not in foreign["from"] and "authenticity" not in foreign


def test_what_the_filter_marks_waits_apart(desk):
    spam = event_of(desk, b"X-Spam-Status: Yes, score=9.9\r\n" + mail("buy"))
    assert (spam["suspected"], spam["queue"]) == ("spam-filter", "suspected")
    assert event_of(desk, b"X-Spam-Flag: NO\r\n" + mail("ham"))["queue"] == "support"
    assert event_of(desk, b"X-Spam-Flag: YES\r\n" + mail("x"), to="sales@desk.example")["queue"] == "support"


def test_who_passes_for_the_desk_is_named(desk):
    imitation = event_of(desk, mail("pay", sender='"sales@desk.example" <x@evil.example>'))
    assert "from-imitates-us" in imitation["warnings"], "an address of any channel is ours"
    assert "warnings" not in event_of(desk, mail("hello"))


@pytest.mark.parametrize("name, kind", [("ar60-postfix-undelivered", "bounce"), ("ar60-postfix-delayed", "report"),
                                        ("ar60-qmail", "bounce"), ("ar64-words-ja", "reply")])
def test_what_no_person_wrote(desk, name, kind):
    raw = (DATA / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")
    e = event_of(desk, raw, sender="" if kind == "bounce" else "joe@customer.example")
    assert e["automatic"]["kind"] == kind
    if kind == "bounce":
        assert e["envelope_from"] == "<>" and "AR-01 null-return-path" in e["automatic"]["evidence"]
        assert e["report"]["of_message_id"] == "answer-1@desk.example"
        assert [r["action"] for r in e["report"]["recipients"]] == ["failed", "failed"]


def test_a_person_who_forwards_a_bounce(desk):
    raw = (DATA / "ar18-person-forwards-bounce.eml").read_bytes().replace(b"\n", b"\r\n")
    e = event_of(desk, raw)
    assert "automatic" not in e and "report" not in e

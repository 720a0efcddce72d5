# SPDX-License-Identifier: Apache-2.0
"""Mails by LMTP into the right conversation, through every program: as real mail programs write them."""
import hashlib
import hmac
import re

import pytest

from desk import Desk, mail, wait_for
from talks import BASE32

CONFIG = """
channels:
  - {name: mail, kind: email, addresses: [support@example.com]}
  - {name: sales, kind: email, addresses: [sales@example.com]}
"""
AGENTS = """
queues: [{name: support}, {name: robots, priority: 9}, {name: news, priority: 8}]
agents:
  - {name: ana, address: ana@desk.example, queues: [support]}
rules:
  - {name: robots, when: {automatic: [bounce, reply]}, then: {queue: robots}}
  - {name: news, when: {automatic: [list, bulk]}, then: {queue: news}}
default: {queue: support}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("threads")
    with Desk(folder / "desk", CONFIG) as d:
        d.up()
        (folder / "desk.yaml").write_text(AGENTS)
        d.run("desk", "apply", str(folder / "desk.yaml"))
        version = lambda: d.metrics("router")["deskbell_router_desk_version"] == 2
        wait_for(version, "the router to know the desk")
        yield d


count = iter(range(1, 10_000))


def name():
    return f"t{next(count)}"


def say(desk, text, recipients=("support@example.com",), envelope="ann@example.org", **kw):
    """Delivers a mail and returns its event, routed."""
    assert desk.lmtp(mail(text, **kw), recipients=recipients, sender=envelope) == {}
    found = lambda: [e for e in desk.events() if e["data"]["text"].strip() == text]
    wait_for(lambda: len(found()) >= len(recipients), text)
    events = found()
    return events[0]["data"] if len(events) == 1 else [e["data"] for e in events]


def signed(desk, purpose, conversation, channel="mail", unique=""):
    """common/token/token.h"""
    secret = bytes.fromhex((desk.dir / "secrets" / "desk.secret").read_text().strip())
    mac = hmac.new(secret, f"{purpose}\0{channel}\0{conversation[1:]}\0{unique}".encode(), hashlib.sha256).digest()[:8]
    bits = int.from_bytes(mac, "big") << 1
    return "".join(BASE32[bits >> (65 - 5 * (i + 1)) & 31] for i in range(13))


def reply_token(desk, conversation, channel="mail"):
    return conversation[1:] + signed(desk, "reply", conversation, channel)


def own_id(desk, conversation, channel="mail", unique="0123456789abcdef"):
    return f"<db.{conversation[1:]}.{unique}.{signed(desk, 'message-id', conversation, channel, unique)}@deskbell.invalid>"


def test_references_with_commas_and_folds(desk):
    a, n = name(), name()
    first = say(desk, a, message_id=f"<{a}@example.org>")
    for refs in (f"References: <x@y>,<{a}@example.org>\r\n", f"References: <x@y>,\r\n <{a}@exa\r\n mple.org>, <z@y>\r\n",
                 f"References: {a}@example.org\r\n", f"In-Reply-To: Your message of Tue <{a}@example.org>\r\n",
                 f"References: <x@y> <{a}@example.org\r\n"):
        n = name()
        e = say(desk, n, extra=refs)
        assert (e["conversation"], e["threading"]["how"]) == (first["conversation"], "stored-message-id"), refs


def test_two_addresses_of_ours_get_it_both(desk):
    a = name()
    both = say(desk, a, recipients=("support@example.com", "sales@example.com"), to="support@example.com, sales@example.com")
    assert {e["channel"] for e in both} == {"mail", "sales"} and len({e["conversation"] for e in both}) == 2
    say(desk, name(), message_id="<again@example.org>")
    changed = say(desk, name(), message_id="<again@example.org>")
    assert "message_id_reused" in changed["threading"]["evidence"]


def test_a_mail_brought_twice_is_one(desk):
    raw = mail(name(), message_id=f"<{name()}@example.org>")
    before = len(desk.events())
    for _ in range(3):
        desk.lmtp(raw)
    other = name()
    say(desk, other)
    assert len(desk.events()) == before + 2


def test_a_mail_without_an_id_brought_twice_is_one(desk):
    text = name()
    raw = b"From: ann@example.org\r\nTo: support@example.com\r\nSubject: no id\r\n\r\n" + text.encode() + b"\r\n"
    for trace in (b"", b"Received: by relay\r\n"):
        desk.lmtp(trace + raw)
    say(desk, name())
    assert len([e for e in desk.events() if e["data"]["text"].strip() == text]) == 1


def test_stranger_with_a_subject_token(desk):
    a, eve = name(), name()
    first = say(desk, a)
    i = first["conversation"][1:]
    token = f"[#{i[0:4]}-{i[4:8]}-{i[8:12]}]".upper()
    own = say(desk, name(), subject=f"AW: {token} My order")
    assert (own["conversation"], own["threading"]["how"]) == (first["conversation"], "subject-token")
    stranger = say(desk, eve, sender="Eve <eve@evil.example>", subject=f"Re: {token} My order")
    assert stranger["conversation"] != first["conversation"]
    (trace,) = [t for t in desk.json("trace", stranger["conversation"]) if t["conversation"] == stranger["conversation"]]
    threaded = next(s["detail"] for s in trace["steps"] if s["step"] == "threaded")
    assert "takes no part" in threaded and "reference in the subject" in threaded and f"see {first['conversation']}" in threaded


def test_reply_token_of_a_colleague(desk):
    first = say(desk, name())
    to = f"support+{reply_token(desk, first['conversation'])}@example.com"
    e = say(desk, name(), recipients=(to,), to=to, sender="Bo <bo@example.net>", subject="something else")
    assert (e["conversation"], e["threading"]["how"]) == (first["conversation"], "token")
    assert "new_participant" in e["threading"]["evidence"]
    # blind copy: the token is in the envelope alone
    e = say(desk, name(), recipients=(to.upper(),), to="undisclosed-recipients:;", sender="Bo <bo@example.net>")
    assert e["conversation"] == first["conversation"] and "guest" in e["threading"]["evidence"]
    shown = desk.json("conversation", "show", first["conversation"])
    assert shown["participants"] == ["email:ann@example.org"] and shown["guests"] == ["email:bo@example.net"]
    assert desk.json("reply", first["conversation"], "--text", "x", "--dry-run")["to"] == "ann@example.org", "TH-19: not the guest"
    text = desk.run("trace", shown["entries"][1]["event"]).stdout.decode()
    assert "signed reply token in support+…@example.com" in text and "sender is new in this conversation" in text
    assert reply_token(desk, first["conversation"]) not in text
    # another channel's address with it, and a forged one
    sales = f"sales+{reply_token(desk, first['conversation'])}@example.com"
    assert say(desk, name(), recipients=(sales,), to=sales)["conversation"] != first["conversation"]
    forged = f"support+{first['conversation'][1:]}0000000000000@example.com"
    assert say(desk, name(), recipients=(forged,), to=forged)["conversation"] != first["conversation"]


def test_forwarded(desk):
    a = name()
    first = say(desk, a, message_id=f"<{a}@example.org>")
    refs = f"References: <{a}@example.org>\r\n"
    e = say(desk, name(), subject="Fwd: My order", extra=refs)
    assert e["conversation"] != first["conversation"] and first["conversation"] in e["threading"]["evidence"]
    note = say(desk, name(), sender="Ana <ana@desk.example>", subject="WG: My order", extra=refs)
    assert note["conversation"] == first["conversation"] and "note agent=ana" in note["threading"]["evidence"]
    assert desk.json("conversation", "show", first["conversation"])["messages"] == 1


def test_merged_then_replied(desk):
    a, b = name(), name()
    first = say(desk, a, message_id=f"<{a}@example.org>")
    second = say(desk, b, sender="Bo <bo@example.net>", message_id=f"<{b}@example.net>")
    desk.run("conversation", "merge", first["conversation"], "--into", second["conversation"], "--by", "ana")
    e = say(desk, name(), extra=f"In-Reply-To: <{a}@example.org>\r\n")
    assert e["conversation"] == second["conversation"]
    to = f"support+{reply_token(desk, first['conversation'])}@example.com"
    assert say(desk, name(), recipients=(to,), to=to)["conversation"] == second["conversation"]
    desk.run("conversation", "split", first["conversation"], "--by", "ana")
    assert say(desk, name(), recipients=(to,), to=to)["conversation"] == first["conversation"]


def test_split_then_replied(desk):
    a, b = name(), name()
    first = say(desk, a, message_id=f"<{a}@example.org>")
    ours = own_id(desk, first["conversation"])
    other = say(desk, b, subject="Another matter", message_id=f"<{b}@example.org>", extra=f"In-Reply-To: <{a}@example.org>\r\n")
    event = next(e["id"] for e in desk.events() if e["data"]["text"].strip() == b)
    assert other["conversation"] == first["conversation"] and "subject_changed" in other["threading"]["evidence"]
    new = desk.json("conversation", "split", first["conversation"], "--at", event, "--by", "ana")["conversation"]
    assert desk.json("conversation", "show", new)["subject"] == "Another matter"
    # what we wrote before the split carries the old conversation's signature; the ids around it say where it belongs
    e = say(desk, name(), subject="Re: another  matter",
            extra=f"In-Reply-To: {ours}\r\nReferences: <{a}@example.org> <{b}@example.org> {ours}\r\n")
    assert e["conversation"] == new and "subject_changed" not in e["threading"]["evidence"]
    e = say(desk, name(), extra=f"In-Reply-To: {ours}\r\nReferences: <{a}@example.org> {ours}\r\n")
    assert e["conversation"] == first["conversation"]


def test_answer_before_what_it_answers(desk):
    a = name()
    answer = say(desk, name(), sender="Bo <bo@example.net>", to="support@example.com, ann@example.org",
                 extra=f"References: <{a}@example.org>\r\n")
    late = say(desk, a, message_id=f"<{a}@example.org>")
    assert late["conversation"] == answer["conversation"] and "answer_first" in late["threading"]["evidence"]


def test_out_of_office_opens_nothing(desk):
    a, text = name(), name()
    first = say(desk, a, message_id=f"<{a}@example.org>")
    desk.run("queue", "done", first["work_item"])
    quiet = f"References: <{a}@example.org>\r\nAuto-Submitted: auto-replied (vacation)\r\n"
    e = say(desk, text, envelope="<>", subject="Automatic reply: My order", extra=quiet)
    assert e["conversation"] == first["conversation"] and "work_item" not in e
    assert desk.metrics("router")['deskbell_router_automatic_total{kind="reply"}'] >= 1
    alone = say(desk, name(), envelope="<>", extra="Auto-Submitted: auto-replied\r\n")
    assert alone["queue"] == "robots" and alone["rule"] == "robots", "belongs to nothing: seen, where the desk wants it"
    list_mail = say(desk, name(), extra="List-Id: <news.example.org>\r\n")
    assert list_mail["queue"] == "news"


def test_our_own_mail_comes_back(desk):
    first = say(desk, name())
    before = desk.json("conversation", "show", first["conversation"])["messages"]
    text = name()
    for channel, recipient in (("mail", "support@example.com"), ("mail", "sales@example.com")):
        desk.lmtp(mail(text + recipient, message_id=own_id(desk, first["conversation"], channel)), recipients=(recipient,))
    back = wait_for(lambda: (lambda f: f if len(f) == 2 else None)([e["data"] for e in desk.events() if text in e["data"]["text"]]),
                    "both that came back")
    assert all(e["threading"]["how"] == "loopback" and "work_item" not in e for e in back)
    assert desk.json("conversation", "show", first["conversation"])["messages"] == before
    assert desk.metrics("router")['deskbell_router_automatic_total{kind="loopback"}'] == 2
    assert len(re.findall(r"event=mail_came_back", desk.log_text())) == 2

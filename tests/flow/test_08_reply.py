# SPDX-License-Identifier: Apache-2.0
"""An agent's reply by the command line: whom it goes to, what it says, how it is stopped, and how its life is told. A stand-in
delivers; `test_the_real_programs_keep_it` is about the programs that are there."""
import hashlib
import json
import time
import uuid

import pytest
from carrier import Carrier
from desk import Desk, mail, wait_for
from outbox import client
from steps import claim
from test_00_functions import P, event

CONFIG = """
desk: {message_id_domain: desk.example.com}
channels:
  - {name: contact, kind: form}
  - {name: mail, kind: email, addresses: ["support@example.com"], enabled: false}
  - {name: text, kind: sms, provider: twilio, secret_files: ["secrets/text.secret"], enabled: false}
"""


def configured(desk, config):
    """The configuration where the command line finds it too."""
    desk.dir.mkdir(mode=0o700)
    (desk.dir / "deskbell.yaml").write_text(config)
    return desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("reply") / "desk") as d:
        yield configured(d, CONFIG).up()


def wrote(desk, channel="mail", sender=None, text="Where is my order?", subject="My order"):
    """A customer's message: its event as it stands in the journal."""
    sender = sender or f"{uuid.uuid4().hex[:8]}@example.org"
    id = desk.json("send", "--channel", channel, "--from", sender, "--text", text, "--subject", subject, "--name", "Ann")["id"]
    return desk.json("event", id)["data"]


def reply(desk, conversation, *args, check=True):
    done = desk.run("reply", conversation, *args, "--json", check=check)
    return json.loads(done.stdout) if done.stdout else done


def state(desk, id):
    return desk.json("outbox", "show", id)["state"]


def test_a_reply_goes_to_whom_wrote(desk):
    e = wrote(desk)
    made = reply(desk, e["conversation"], "--text", "It is on its way.\nAna", "--agent", "ana")
    assert made["state"] == "queued" and made["created"] and made["id"].startswith("o")
    shown = desk.json("outbox", "show", made["id"])
    m = shown["message"]
    assert m["to"] == e["from"]["address"] and m["to_name"] == "Ann" and m["subject"] == "Re: My order"
    assert m["text"] == "It is on its way.\nAna" and shown["agent"] == m["agent"] == "ana" and shown["kind"] == "reply"
    assert m["message_id"].endswith("@desk.example.com") and m["in_answer_to"] == shown["answers"]
    assert shown["conversation"] == e["conversation"] and shown["steps"][0]["step"] == "queued"
    (created,) = [x for x in desk.events(types=["org.deskbell.outbound.created.v1"]) if x["data"]["outbound"] == made["id"]]
    assert created["data"]["message"]["text"] == m["text"] and created["data"]["conversation"] == e["conversation"]


@pytest.mark.parametrize("name", ["conversation", "work_item", "reference"])
def test_a_conversation_has_several_names(desk, name):
    e = wrote(desk)
    id = desk.json("trace", e["conversation"])[0]["event"]
    names = {**e, "reference": f"{id[0:4]}-{id[4:8]}-{id[8:12]}"}
    assert reply(desk, names[name], "--text", "x", "--dry-run")["to"] == e["from"]["address"]


def test_the_latest_sender_is_answered(desk):
    sender = "+1415555" + str(uuid.uuid4().int)[:4]
    first = wrote(desk, "text", sender, text="One")
    second = wrote(desk, "text", sender, text="Two")
    assert first["conversation"] == second["conversation"]
    made = reply(desk, first["conversation"], "--text", "Both")
    assert desk.json("outbox", "show", made["id"])["message"]["to"] == sender


@pytest.mark.parametrize("text, count, encoding", [("Hello", 1, "GSM-7"), ("a" * 161, 2, "GSM-7"), ("ä" * 160, 1, "GSM-7"),
                                                   ("你" * 71, 2, "UCS-2"), ("👍🏽" * 18, 2, "UCS-2")])
def test_an_agent_sees_how_many_sms_it_is(desk, text, count, encoding):
    """SM-01, SM-03"""
    e = wrote(desk, "text", "+14155550111")
    plan = reply(desk, e["conversation"], "--text", text, "--dry-run")
    assert (plan["segments"]["count"], plan["segments"]["encoding"]) == (count, encoding)
    assert f"{count} SMS, {encoding}" in desk.run("reply", e["conversation"], "--text", text, "--dry-run").stdout.decode()
    assert not desk.json("outbox", "ls", "--channel", "text", "--state", "held")


def test_a_dry_run_creates_nothing(desk):
    e = wrote(desk)
    before = len(desk.events(types=None))
    plan = reply(desk, e["conversation"], "--text", "Hello", "--cc", "Boss@example.org", "--subject", "New\tsubject", "--dry-run")
    assert plan["cc"] == ["Boss@example.org"] and plan["subject"] == "New subject"
    assert len(desk.events(types=None)) == before


def test_the_same_key_creates_one_reply(desk):
    e = wrote(desk)
    a, b = (reply(desk, e["conversation"], "--text", "Hello", "--key", "form-7") for _ in range(2))
    assert a["id"] == b["id"] and a["created"] and not b["created"]
    assert reply(desk, e["conversation"], "--text", "Hello")["id"] != a["id"]


def test_files_and_long_words(desk, tmp_path):
    e = wrote(desk)
    pdf, html, words = tmp_path / "Rechnung ä.pdf", tmp_path / "x.html", tmp_path / "x.txt"
    pdf.write_bytes(b"%PDF-" + bytes(range(256)) * 2000)
    html.write_text("<p>Hello</p>")
    words.write_text("From a file\r\nwith lines\x07")
    made = reply(desk, e["conversation"], "--text-file", str(words), "--html", str(html), "--attach", str(pdf), "--attach", str(words))
    m = desk.json("outbox", "show", made["id"])["message"]
    assert m["text"] == "From a file\nwith lines" and m["html"] == "<p>Hello</p>"
    a, b = m["attachments"]
    assert (a["name"], a["type"], a["size"]) == ("Rechnung ä.pdf", "application/pdf", 512_005) and b["type"] == "text/plain"
    assert a["sha256"] == hashlib.sha256(pdf.read_bytes()).hexdigest()
    assert desk.run("blob", a["sha256"]).stdout == pdf.read_bytes()


@pytest.mark.parametrize("args, status, words", [
    (["--text", ""], 2, "--text"), ([], 2, "--text"), (["--text", "a", "--text-file", "b"], 2, "one of"),
    (["--text", "a", "--cc", "nobody"], 2, "no e-mail address"), (["--text", "x" * 33_000], 1, "32 KiB"),
    (["--text", "a", "--attach", "/nowhere"], 1, "cannot read"), (["--text", "a", "--hold", "5"], 2, "needs a unit"),
    (["--text", "a", "--channel", "none"], 1, "no channel"), (["--text", "a", "--key", "k" * 201], 2, "200 bytes"),
    (["--text", " "], 0, ""), (["--text", "a", "--nonsense"], 2, "")])
def test_wrong_usage_is_explained(desk, args, status, words):
    e = wrote(desk)
    done = desk.run("reply", e["conversation"], *args, check=False)
    assert done.returncode == status and words in done.stderr.decode()


def test_a_text_message_has_no_subject(desk):
    e = wrote(desk, "text", "+14155550112")
    done = desk.run("reply", e["conversation"], "--text", "a", "--subject", "b", check=False)
    assert done.returncode == 2 and "for mail" in done.stderr.decode()


def test_what_is_no_conversation(desk):
    for what in ("vnone000000000000", "v0123456789abcdef", "nonsense", "abcd-efgh-jkmn", "w0123456789abcdef"):
        done = desk.run("reply", what, "--text", "a", check=False)
        assert done.returncode == 1 and "no conversation" in done.stderr.decode()


def test_a_form_is_answered_by_mail(desk):
    status, _, _ = desk.form_json({"email": "form@example.org", "message": "Hello", "subject": "Offer"})
    assert status == 202
    e = wait_for(lambda: [x["data"] for x in desk.events() if x["data"]["channel"] == "contact"], "the form")[0]
    plan = desk.run("reply", e["conversation"], "--text", "a", check=False)
    assert plan.returncode == 2 and "--channel" in plan.stderr.decode(), "the mail channel takes nothing in; it must be named"
    made = reply(desk, e["conversation"], "--text", "a", "--channel", "mail")
    assert desk.json("outbox", "show", made["id"])["channel"] == "mail"


def test_hold_release_cancel(desk):
    e = wrote(desk)
    id = reply(desk, e["conversation"], "--text", "Later", "--hold", "1h")["id"]
    assert state(desk, id) == "held"
    assert id in [m["id"] for m in desk.json("outbox", "ls", "--state", "held")]
    assert desk.json("outbox", "release", id) == {"id": id, "outcome": "DONE", "state": "queued"}
    assert desk.json("outbox", "hold", id)["state"] == "held"
    assert "is held already" in desk.run("outbox", "hold", id).stdout.decode()
    assert desk.json("outbox", "cancel", id, "--agent", "ana", "--reason", "wrong customer")["state"] == "failed"
    shown = desk.json("outbox", "show", id)
    assert shown["why"] == "wrong customer" and [s["step"] for s in shown["steps"]] == ["held", "queued", "held", "failed"]
    assert "by ana: wrong customer" in shown["steps"][-1]["detail"]
    done = desk.run("outbox", "release", id, check=False)
    assert done.returncode == 1 and "makes no sense" in done.stderr.decode()
    assert desk.run("outbox", "hold", "onone00000000000a", check=False).returncode == 1
    assert desk.run("outbox", "burn", check=False).returncode == 2
    assert desk.run("outbox", "ls", "--state", "lost", check=False).returncode == 2


def test_who_opted_out_gets_nothing(desk):
    sender = "+14155550177"
    e = wrote(desk, "text", sender)
    r = client(desk)
    stop = event(kind="opt-out", channel="text", sender="tel:" + sender)
    assert r.fcall("deskbell_route", 1, P, int(time.time() * 1000), r.get(f"{P}:desk"), 1, 1, 1, *stop) == b"r"
    done = desk.run("reply", e["conversation"], "--text", "Hello", check=False)
    assert done.returncode == 1 and "opted out" in done.stderr.decode()
    (m,) = [m for m in desk.json("outbox", "ls", "--state", "suppressed") if m["to"] == "tel:" + sender]
    assert "opted out" in m["why"]


# ---- its life, told

@pytest.fixture(scope="module")
def carriers(desk):
    with Carrier(desk, "email", ["mail"]) as m, Carrier(desk, "sms", ["text"]) as t:
        yield {"mail": m, "text": t}


def sent(desk, carriers, *args, channel="mail"):
    """A reply the channel program has taken: conversation, id, key of the customer."""
    e = wrote(desk, channel, None if channel == "mail" else "+14155550155")
    r = client(desk)
    if channel == "mail":  # what other tests left waits before it
        wait_for(lambda: claim(r, 1, "support", "ana") == e["work_item"], "the item to be claimed", step=0)
    id = reply(desk, e["conversation"], "--text", "Hello", "--agent", "ana", *args)["id"]
    wait_for(lambda: id in carriers[channel].taken(), "the message at the program")
    wait_for(lambda: desk.json("outbox", "show", id)["taken"], "its answer")
    key = desk.json("outbox", "show", id)["to"]
    return e, id, key


def test_it_is_delivered_and_told(desk, carriers):
    e, id, key = sent(desk, carriers)
    c = carriers["mail"]
    c.report("mail", key, id, "sending", 1, destination="mx.example.org")
    c.report("mail", key, id, "deferred", 1, why="greylisted", code="451 4.7.1", destination="mx.example.org",
             next_try=1_900_000_000_000)
    wait_for(lambda: state(desk, id) == "deferred", "deferral")
    (row,) = [r for r in desk.json("outbox", "ls", "--by", "destination") if r["destination"] == "mx.example.org"]
    assert row["total"] == row["5m"] == 1
    assert "greylisted (451 4.7.1), try 1 at mx.example.org, next 2030-" in desk.run("outbox", "ls").stdout.decode()
    assert desk.json("outbox", "flush", "mail")["ordered"] == 1
    wait_for(lambda: (id, "retry") in c.orders(), "the order")
    c.report("mail", key, id, "sending", 2)
    c.report("mail", key, id, "accepted", 2, source="queued-as-7", why="250 2.0.0 Ok: queued as 7", code="250 2.0.0")
    wait_for(lambda: state(desk, id) == "accepted", "acceptance")
    traces = desk.json("trace", e["conversation"])
    (t,) = [t for t in traces if t.get("outbound") == id]
    assert [s["step"] for s in t["steps"]] == ["queued", "sending", "deferred", "retry", "sending", "accepted"]
    assert "queued as 7" in t["steps"][-1]["detail"] and t["state"] == "accepted" and t["kind"] == "reply"
    message_id = desk.json("outbox", "show", id)["message"]["message_id"]
    for what in (id, "queued-as-7", message_id, f"<{message_id}>"):
        assert [t["outbound"] for t in desk.json("trace", what)] == [id]
    said = desk.run("trace", e["conversation"]).stdout.decode()
    assert f"outbound {id}  reply over mail to {key}: accepted" in said
    assert len([t for t in traces if "event" in t]) == 1, "reports are told under the message they are about"
    assert "put off" in said and "held by ana" in said


def test_a_failed_reply_opens_its_work_item(desk, carriers):
    e, id, key = sent(desk, carriers)
    desk.run("queue", "done", e["work_item"], "--agent", "ana")
    c = carriers["mail"]
    c.report("mail", key, id, "sending", 1)
    c.report("mail", key, id, "failed", 1, permanent=True, why="550 5.1.1 no such user here", code="550 5.1.1")
    wait_for(lambda: state(desk, id) == "failed", "failure")
    item = desk.json("queue", "show", "support")[0]
    assert item["conversation"] == e["conversation"] and item["priority"] == 1
    assert "no such user here" in item["reason"] and item["event"]["text"] == "Where is my order?"
    assert "! the reply was not delivered: 550 5.1.1 no such user here" in desk.run("queue", "show", "support").stdout.decode()
    (t,) = [t for t in desk.json("trace", e["conversation"]) if t.get("outbound") == id]
    assert [s["step"] for s in t["steps"]] == ["queued", "sending", "failed", "reopened"]
    assert item["id"] in t["steps"][-1]["detail"]
    assert "org.deskbell.work_item.reopened.v1" in {x["type"] for x in desk.events(types=None)}
    assert id in [m["id"] for m in desk.json("outbox", "ls", "--state", "failed")]
    assert desk.json("queue", "claim", "support", "--agent", "bo")["id"] == item["id"]


def test_a_provider_reports_by_its_own_id(desk, carriers):
    _, id, key = sent(desk, carriers, channel="text")
    c = carriers["text"]
    c.report("text", key, source="SM7", provider_status="delivered", kind="sms")  # overtakes the answer
    c.report("text", key, id, "accepted", 1, source="SM7", kind="sms")
    wait_for(lambda: state(desk, id) == "delivered", "delivery")
    c.report("text", key, source="SM7", provider_status="sent", kind="sms")
    c.report("text", key, source="SM7", provider_status="a word of tomorrow", kind="sms")
    c.report("text", key, source="SM7", provider_status="read", kind="sms")
    wait_for(lambda: state(desk, id) == "read", "reading")
    steps = desk.json("outbox", "show", id)["steps"]
    assert [s["step"] for s in steps] == ["queued", "accepted", "delivered", "reported", "reported", "read"]


# ---- with the real programs

def test_the_real_programs_have_no_relay(new_desk):
    desk = configured(new_desk(), """
desk: {message_id_domain: desk.example.com}
channels:
  - {name: mail, kind: email, addresses: ["support@example.com"]}
""").up()
    refs = "References: <root@example.org> <second@example.org>\r\nIn-Reply-To: <second@example.org>\r\n"
    desk.lmtp(mail(message_id="<third@example.org>", subject="AW: Re: My order", extra=refs))
    (e,) = desk.wait_events(1)
    conversation = e["data"]["conversation"]
    made = reply(desk, conversation, "--text", "Hello")
    m = desk.json("outbox", "show", made["id"])["message"]
    assert m["references"] == ["root@example.org", "second@example.org", "third@example.org"]
    assert m["in_reply_to"] == "third@example.org" and m["subject"] == "Re: My order"
    # TH-02, TH-12: the customer answers ours; another time from another address of theirs, the signature lost on the way
    desk.lmtp(mail(message_id="<fourth@example.org>", extra=f"In-Reply-To: <{m['message_id']}>\r\n"))
    (_, back) = desk.wait_events(2)
    assert back["data"]["conversation"] == conversation and back["data"]["threading"]["how"] == "own-message-id"
    m = reply(desk, conversation, "--text", "Again", "--dry-run")
    assert m["in_reply_to"] == "fourth@example.org" and m["references"][-1] == "fourth@example.org"
    # nobody configured a relay: it is said at once, and the work is open again
    wait_for(lambda: state(desk, made["id"]) == "failed", "the refusal")
    assert "nothing goes out over it" in desk.json("outbox", "show", made["id"])["why"]
    assert "nothing goes out over it" in desk.json("queue", "show", "support")[0]["reason"]

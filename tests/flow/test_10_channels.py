# SPDX-License-Identifier: Apache-2.0
"""One message over each channel becomes one routed work item with context, and can be explained afterwards."""
import hashlib
import json
import re
import urllib.parse
import uuid

from desk import mail, wait_for


def form_fields(page):
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def test_mail_becomes_a_work_item(desk):
    raw = mail("Where is my order?", message_id="<one@example.org>")
    assert desk.lmtp(raw) == {}
    (e,) = desk.wait_events(1)
    d = e["data"]
    assert (d["kind"], d["channel"], d["channel_kind"], d["source_id"]) == ("message", "mail", "email", "one@example.org")
    assert (d["from"]["address"], d["from"]["name"], d["subject"]) == ("ann@example.org", "Ann Example", "My order")
    assert d["to"][0]["address"] == "support@example.com"
    assert d["text"].strip() == "Where is my order?"
    assert d["occurred_at"] == "2026-11-24T09:00:00.000Z" and d["received_at"]
    assert d["customer"].startswith("c") and d["conversation"].startswith("v") and d["work_item"].startswith("w")
    assert (d["queue"], d["rule"], d["threading"]["how"]) == ("support", "default", "new")
    assert e["specversion"] == "1.0" and e["cursor"]
    assert desk.run("event", e["id"], "--original").stdout == raw


def test_twilio_webhook_becomes_a_work_item(desk):
    status, headers, body = desk.sms("Hello", sid="SM1")
    assert status == 200 and headers["Content-Type"].startswith("text/xml")
    assert re.fullmatch(rb'(<\?xml[^>]*\?>\s*)?<Response\s*(/>|></Response>)\s*', body)
    (e,) = desk.wait_events(1)
    d = e["data"]
    assert (d["channel"], d["channel_kind"], d["source_id"], d["text"]) == ("sms", "sms", "SM1", "Hello")
    assert d["from"]["address"] == "+14155550100" and d["to"][0]["address"] == "+14155550199"
    assert b"MessageSid=SM1" in desk.run("event", e["id"], "--original").stdout


def test_generic_webhook_becomes_a_work_item(desk):
    status, _, body = desk.hook({"type": "message", "id": "42", "from": {"address": "+14155550123", "name": "Zoë"},
                                 "text": "Grüße", "timestamp": "2026-11-24T08:00:00Z"})
    assert status == 200, body
    (e,) = desk.wait_events(1)
    assert (e["data"]["text"], e["data"]["from"]["name"], e["data"]["channel"]) == ("Grüße", "Zoë", "hook")


def test_form_without_javascript(new_desk):
    desk = new_desk(config="""
channels:
  - {name: contact, kind: form, min_fill: 1ms}
""").up()
    status, headers, page = desk.form_page()
    assert status == 200 and "default-src 'none'" in headers["Content-Security-Policy"]
    page = page.decode()
    assert "<script" not in page
    fields = {**form_fields(page), "name": "Chloé", "email": "chloe@example.org", "subject": "Devis", "message": "Bonjour"}
    body = urllib.parse.urlencode(fields).encode()
    h = {"Content-Type": "application/x-www-form-urlencoded"}
    url = desk.endpoints["channel.contact"]
    answers = [desk.post(url, body, h) for _ in range(5)]
    assert {a[0] for a in answers} == {303}
    assert len({a[1]["Location"] for a in answers}) == 1, "a repeated submit is told the same reference"
    status, _, thanks = desk.post(urllib.parse.urljoin(url, answers[0][1]["Location"]), None, {}, method="GET")
    (e,) = desk.wait_events(1)
    assert status == 200 and e["data"]["reference"] in thanks.decode()
    assert (e["data"]["text"], e["data"]["subject"], e["data"]["from"]["address"]) == ("Bonjour", "Devis", "chloe@example.org")
    assert e["data"]["from"].get("verified", "") == "", "a typed address proves nothing"


def test_form_as_json(desk):
    status, _, body = desk.form_json({"email": "bo@example.org", "message": "Hi", "name": "Bo"}, key="k1")
    assert status == 202, body
    assert desk.form_json({"email": "bo@example.org", "message": "Hi", "name": "Bo"}, key="k1")[0] == 202
    (e,) = desk.wait_events(1)
    assert json.loads(body)["id"] == e["id"]


def test_attachments_are_blobs(desk):
    data = bytes(range(256)) * 300
    import base64
    raw = (b"From: a@example.org\r\nTo: support@example.com\r\nSubject: file\r\nMIME-Version: 1.0\r\n"
           b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee file\r\n--b\r\n"
           b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"../../in voice.pdf\"\r\n"
           b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data).replace(b"\n", b"\r\n") + b"--b--\r\n")
    desk.lmtp(raw)
    (e,) = desk.wait_events(1)
    (a,) = e["data"]["attachments"]
    assert a["type"] == "application/pdf" and a["size"] == len(data) and "/" not in a["name"] and a["name"].endswith("voice.pdf")
    assert a["sha256"] == hashlib.sha256(data).hexdigest()
    assert desk.run("blob", a["sha256"]).stdout == data


def test_context_from_a_csv_reaches_the_queue(desk, tmp_path):
    csv = tmp_path / "crm.csv"
    csv.write_text("id;name;email;phone;tags;value;language;plan\n"
                   "7;\"Example, Ann\";ann@example.org;+14155550100;\"VIP, early\";5400;en;gold\n")
    assert desk.json("customer", "import", str(csv)) == {"imported": 1, "skipped": 0}
    desk.lmtp(mail())
    desk.sms("me again")
    a, b = desk.wait_events(2)
    assert a["data"]["customer"] == b["data"]["customer"], "two addresses, one customer"
    context = a["data"]["context"]
    assert context["state"] == "present" and context["tags"] == ["vip", "early"] and context["value"] == 5400
    assert context["profile"] == {"plan": "gold"} and context["name"] == "Example, Ann"
    assert len(b["data"]["context"]["open_conversations"]) == 1
    items = desk.json("queue", "show", "support")
    assert [i["context"]["name"] for i in items] == ["Example, Ann"] * 2
    assert desk.json("customer", "show", "ann@example.org")["profile"] == {"plan": "gold"}


def test_rules_and_versions(desk, tmp_path):
    document = tmp_path / "desk.yaml"
    document.write_text("""
queues:
  - {name: support}
  - {name: billing, answer_within: 2h}
  - {name: gold}
rules:
  - name: gold
    when: {customer_tags: [gold]}
    then: {queue: gold, priority: 1}
  - name: invoices
    when: {words: ["invoice", "Rechnung"]}
    then: {queue: billing, skills: ["billing >= 3"]}
default: {queue: support}
""")
    desk.run("desk", "check", str(document))
    assert desk.json("desk", "apply", str(document)) == {"version": 2}
    desk.lmtp(mail("I need my INVOICE, please"))
    desk.lmtp(mail("invoices are fine"))
    a, b = desk.wait_events(2)
    assert (a["data"]["queue"], a["data"]["rule"], a["data"]["desk_version"]) == ("billing", "invoices", 2)
    assert b["data"]["queue"] == "support", "whole words only"
    (item,) = desk.json("queue", "show", "billing")
    assert item["skills"] == "billing>=3" and item["deadline"] > item["created"]
    assert b"invoices" in desk.run("desk", "export").stdout
    bad = tmp_path / "bad.yaml"
    bad.write_text("queues:\n  - {name: support}\nrules:\n  - name: x\n    when: {colour: [red]}\n    then: {queue: support}\n"
                   "default: {queue: support}\n")
    refused = desk.run("desk", "apply", str(bad), check=False)
    assert refused.returncode == 2 and b"bad.yaml:5" in refused.stderr and b"colour" in refused.stderr


def test_queue_claim_done_requeue(desk):
    desk.sms("one")
    desk.wait_events(1)
    item = desk.json("queue", "claim", "support", "--agent", "ana")
    assert item["state"] == "active" and item["agent"] == "ana"
    assert desk.json("queue", "claim", "support", "--agent", "ana") is None
    assert desk.json("queue", "requeue", item["id"])["state"] == "waiting"
    assert desk.json("queue", "claim", "support", "--agent", "bo")["id"] == item["id"]
    desk.sms("two")
    desk.wait_events(2)
    assert desk.run("queue", "done", item["id"], "--seen", "1", check=False).returncode == 1
    assert desk.json("queue", "done", item["id"], "--seen", "2")["state"] == "done"
    desk.sms("three")
    third = desk.wait_events(3)[-1]
    assert third["data"]["work_item"] != item["id"], "a message after the end opens a new work item"
    kinds = [e["type"].split(".")[-2] for e in desk.events(types=None)]
    assert kinds.count("claimed") == 2 and kinds.count("done") == 1 and kinds.count("requeued") == 1


def test_trace_answers_where_is_my_message(desk):
    desk.sms("hello", sid="SM77")
    desk.wait_events(1)  # so that it stands first in the queue
    desk.lmtp(mail(message_id="<trace@example.org>"))
    sms = next(e for e in desk.wait_events(2) if e["data"]["channel"] == "sms")
    for what in (sms["id"], "SM77", "+14155550100", sms["data"]["conversation"], sms["data"]["work_item"]):
        (t,) = desk.json("trace", what)
        steps = [s["step"] for s in t["steps"]]
        assert steps == ["taken", "spooled", "sent", "received", "identified", "threaded", "decided", "enqueued"], what
        times = [s["at"] for s in t["steps"]]
        assert times == sorted(times)
    for what in ("<trace@example.org>", "trace@example.org", "ann@example.org"):
        (t,) = desk.json("trace", what)
        assert t["channel"] == "mail"
    desk.json("queue", "claim", "support", "--agent", "ana")
    assert "claimed" in json.dumps(desk.json("trace", "SM77"))
    assert desk.run("trace", "nobody@example.org", check=False).returncode == 1


def test_send_is_an_event_like_any_other(desk):
    first = desk.json("send", "--channel", "sms", "--from", "+14155550100", "--text", "by hand", "--id", "x1")
    assert desk.json("send", "--channel", "sms", "--from", "+14155550100", "--text", "by hand", "--id", "x1") == first
    (e,) = desk.wait_events(1)
    assert e["id"] == first["id"] and e["data"]["signature"] == "operator"


def test_replies_thread_and_strangers_do_not(desk):
    desk.lmtp(mail(message_id="<a@example.org>"))
    desk.lmtp(mail("more", message_id="<b@example.org>", subject="Re: My order", extra="In-Reply-To: <a@example.org>\r\n"))
    desk.lmtp(mail("me too", sender="eve@evil.example", subject="Re: My order", extra="References: <a@example.org>\r\n"))
    a, b, c = [e["data"] for e in desk.wait_events(3)]
    assert b["conversation"] == a["conversation"] and b["threading"]["how"] == "stored-message-id"
    assert c["conversation"] != a["conversation"] and "stranger" in c["threading"]["evidence"]


def test_events_follow_by_cursor(desk):
    for n in range(5):
        desk.sms(f"text {n}")
    all_events = desk.wait_events(5)
    rest = desk.run("events", "--since", all_events[1]["cursor"], "--limit", "2").stdout.decode().splitlines()
    assert [json.loads(line)["id"] for line in rest] == [e["id"] for e in all_events[2:4]]
    assert desk.run("events", "--since", "nonsense", check=False).returncode == 2


def test_check_reaches_every_component(desk):
    lines = desk.json("check")
    assert all(line["ok"] for line in lines), lines
    names = " ".join(line["check"] for line in lines)
    for component in ("redis", "function library", "desk definition", "lmtp", "sms", "webform", "program router"):
        assert component in names


def test_opt_out_is_seen_and_makes_no_work(desk):
    desk.sms(" stop. ")
    wait_for(lambda: desk.events(types=("org.deskbell.contact.opt-out.v1",)), "the opt-out")
    assert desk.json("queue", "show", "support") == []


def test_status_callbacks_are_facts(desk):
    desk.sms("hi")
    for state in ("sent", "delivered", "delivered"):
        status, _, _ = desk.post(*signed_status(desk, "SMout", state))
        assert status in (200, 204)
    found = wait_for(lambda: (lambda e: e if len(e) == 2 else None)(desk.events(types=("org.deskbell.contact.status.v1",))),
                     "two states, the repeat counted once")
    assert [e["data"]["status"]["provider_status"] for e in found] == ["sent", "delivered"]
    assert len(desk.json("queue", "show", "support")) == 1


def signed_status(desk, sid, state):
    from desk import twilio_signature
    fields = [("MessageSid", sid), ("AccountSid", "AC1"), ("From", "+14155550199"), ("To", "+14155550100"),
              ("MessageStatus", state), ("SmsStatus", state)]
    url = desk.endpoints["channel.sms"]
    return url, urllib.parse.urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded",
                                                          "X-Twilio-Signature": twilio_signature(desk.secret("sms"), url, fields)}


def test_restart_keeps_everything(new_desk):
    desk = new_desk().up()
    desk.sms("before", sid="SMb")
    desk.wait_events(1)
    assert desk.stop() == 0
    desk.up()
    desk.sms("after", sid="SMa")
    assert [e["data"]["source_id"] for e in desk.wait_events(2)] == ["SMb", "SMa"]


def test_unknown_setting_is_refused_at_start(new_desk, tmp_path):
    desk = new_desk(config="email:\n  idle_timeot: 5m\n")
    desk.up(wait=False)
    assert desk.process.wait(30) == 2
    assert re.search(r"deskbell\.yaml:2:\d+: .*idle_timeot.*idle_timeout", desk.log_text())


def test_wrong_unit_is_refused_at_start(new_desk):
    desk = new_desk(config="email:\n  idle_timeout: 300\n")
    desk.up(wait=False)
    assert desk.process.wait(30) == 2
    assert re.search(r"deskbell\.yaml:2:\d+: .*unit", desk.log_text())


def test_large_mail_text_is_whole(desk):
    text = "\r\n".join(f"line {n} " + uuid.uuid4().hex for n in range(3000))
    desk.lmtp(mail(text))
    (e,) = desk.wait_events(1)
    assert e["data"]["text"].replace("\n", "\r\n").strip() == text

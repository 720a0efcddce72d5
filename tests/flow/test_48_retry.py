# SPDX-License-Identifier: Apache-2.0
"""Tried again on an operator's word, after it had been accepted and was lost behind the relay: sent once more, and only once."""
import email

import pytest
from desk import mail, wait_for
from outbox import P, client, now_ms
from provider import Provider
from relay import Relay

MAIL = """
smtp: {{host: "127.0.0.1", port: {port}, tls: none, connect_timeout: 5s, answer_timeout: 5s}}
desk: {{message_id_domain: desk.example}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"]}}
"""
SMS = """
channels:
  - {{name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], out_url: "{url}/Messages.json",
     secret_files: [secrets/sms.secret]}}
"""


def until(desk, id, wanted):
    def look():
        shown = desk.json("outbox", "show", id)
        return shown if shown["state"] == wanted else None
    return wait_for(look, f"{id} to be {wanted}")


def bounce(sent, recipient, n=1, action="failed", status="5.1.1"):
    """A delivery report (RFC 3464) on a mail the relay took, as Postfix writes it."""
    returned = sent["bytes"].split(b"\r\n\r\n")[0].decode()
    lines = ["From: MAILER-DAEMON@mx.relay.example", "Subject: Undelivered Mail Returned to Sender", "To: support@example.com",
             "Auto-Submitted: auto-replied", f"Message-ID: <bounce{n}@mx.relay.example>", "MIME-Version: 1.0",
             'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b", "Content-Type: text/plain", "",
             "I'm sorry.", "--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.relay.example", "",
             f"Final-Recipient: rfc822; {recipient}", f"Action: {action}", f"Status: {status}",
             "Diagnostic-Code: smtp; 550 5.1.1 User unknown", "", "--b", "Content-Type: text/rfc822-headers", "", returned, "", "--b--", ""]
    return "\r\n".join(lines).encode()


@pytest.fixture
def answered(new_desk):
    """(desk, relay, id) of a reply by mail that the relay took."""
    with Relay() as relay:
        desk = new_desk(config=MAIL.format(port=relay.port)).up()
        desk.lmtp(mail("Where is my order?", message_id="<q1@example.org>"))
        conversation = wait_for(lambda: desk.events(), "an event")[0]["data"]["conversation"]
        sent = desk.json("reply", conversation, "--text", "It is on its way.", "--agent", "bo", "--cc", "cy@example.org")
        until(desk, sent["id"], "accepted")
        yield desk, relay, sent["id"]


def bounced(desk, relay, recipient="ann@example.org", **kw):
    sender = relay.mails[0]["from"].split("<")[1].split(">")[0]
    assert desk.lmtp(bounce(relay.mails[0], recipient, **kw), recipients=[sender], sender="") == {}


def test_a_bounce_is_a_failure_and_a_retry_sends_once(answered):
    desk, relay, id = answered
    item = desk.events()[0]["data"]["work_item"]
    bounced(desk, relay)
    shown = until(desk, id, "failed")
    assert "delivery report" in shown["why"] and shown["code"] == "5.1.1"
    assert any(s["step"] == "reopened" and item in s["detail"] for s in shown["steps"])
    assert desk.json("outbox", "retry", id, "--agent", "op")["outcome"] == "ORDERED"
    shown = until(desk, id, "accepted")
    assert shown["attempt"] == 2
    first, second = (email.message_from_bytes(m["bytes"]) for m in relay.mails)
    assert first["Message-ID"] == second["Message-ID"] and first.get_payload() == second.get_payload()
    # Lost once more, and tried once more.
    bounced(desk, relay, n=2)
    until(desk, id, "failed")
    desk.run("outbox", "retry", id)
    assert until(desk, id, "accepted")["attempt"] == 3 and len(relay.mails) == 3


@pytest.mark.parametrize("recipient, action", [("cy@example.org", "failed"), ("ann@example.org", "delayed")])
def test_what_is_no_failure_of_the_reply(answered, recipient, action):
    """Somebody who was only copied did not get it; or it is only late."""
    desk, relay, id = answered
    bounced(desk, relay, recipient, action=action)
    desk.wait_events(2)
    assert desk.json("outbox", "show", id)["state"] == "accepted"
    refused = desk.run("outbox", "retry", id, check=False)
    assert refused.returncode == 1 and b"makes no sense" in refused.stderr


def test_the_order_comes_twice(answered):
    """What the router does when it dies before it could note the answer: it gives the same order again."""
    desk, relay, id = answered
    bounced(desk, relay)
    until(desk, id, "failed")
    desk.run("outbox", "retry", id)
    until(desk, id, "accepted")
    r = client(desk)
    for _ in range(3):
        r.hset(f"{P}:out:{id}", mapping={"order": "retry", "message": r.xrange(f"{P}:journal", *[
            r.hget(f"{P}:out:{id}", "entry").decode()] * 2)[0][1][b"event"]})
        r.zadd(f"{P}:outbox:mail", {id: now_ms()})
        r.publish(f"{P}:outbox", "mail")
        wait_for(lambda: not r.zscore(f"{P}:outbox:mail", id), "the order to be answered")
    assert len(relay.mails) == 2 and desk.json("outbox", "show", id)["state"] == "accepted"


@pytest.mark.parametrize("victims", [["router"], ["email"], ["router", "email"]], ids="+".join)
def test_killed_while_it_is_tried_again(new_desk, victims):
    """The relay kills them when the mail is announced for the second time: before it has any of it."""
    killed = []

    def say(step, argument, number):
        if step == "mail" and len(relay.mails) == 1 and not killed:
            killed.extend(desk.kill(v) for v in victims)
    with Relay(say) as relay:
        desk = new_desk(config=MAIL.format(port=relay.port)).up()
        desk.lmtp(mail("Where is my order?", message_id="<q1@example.org>"))
        conversation = wait_for(lambda: desk.events(), "an event")[0]["data"]["conversation"]
        id = desk.json("reply", conversation, "--text", "It is on its way.", "--agent", "bo")["id"]
        until(desk, id, "accepted")
        bounced(desk, relay)
        until(desk, id, "failed")
        desk.run("outbox", "retry", id)
        until(desk, id, "accepted")
        assert all(killed) and len(relay.mails) == 2
        r = client(desk)
        wait_for(lambda: not r.zscore(f"{P}:outbox:mail", id), "no order to be left")
        assert len(relay.mails) == 2 and desk.json("outbox", "show", id)["state"] == "accepted"


def test_a_text_that_nobody_has_any_more(answered):
    """The journal was trimmed since: it is said, and nothing is sent."""
    desk, relay, id = answered
    bounced(desk, relay)
    until(desk, id, "failed")
    r = client(desk)
    r.xdel(f"{P}:journal", r.hget(f"{P}:out:{id}", "entry"))
    desk.run("outbox", "retry", id)
    wait_for(lambda: "text is not kept" in str(desk.json("outbox", "show", id)["steps"]), "the refusal")
    assert desk.json("outbox", "show", id)["state"] == "failed" and len(relay.mails) == 1


def test_an_undelivered_sms_is_sent_once_more(new_desk):
    with Provider() as provider:
        desk = new_desk(config=SMS.format(url=provider.url)).up()
        assert desk.sms("Where is my order?")[0] == 200
        conversation = wait_for(lambda: desk.events(), "an event")[0]["data"]["conversation"]
        id = desk.json("reply", conversation, "--text", "On its way", "--agent", "bo")["id"]
        until(desk, id, "accepted")
        reported = lambda n, said: desk.sms("", sender="+14155550199", to="+14155550100", sid=f"SM{n:032d}",
                                            extra=[("MessageStatus", said)])
        reported(1, "undelivered")
        until(desk, id, "failed")
        desk.run("outbox", "retry", id)
        until(desk, id, "accepted")
        assert len(provider.taken) == 2
        reported(1, "undelivered")  # of the first try, late
        reported(2, "delivered")
        until(desk, id, "delivered")

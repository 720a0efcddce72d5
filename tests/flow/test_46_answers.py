# SPDX-License-Identifier: Apache-2.0
"""Answers that arrive: a customer writes, an agent replies, the next system has it, and its state is what happened."""
import email
import email.policy
import re

import pytest
from desk import mail, wait_for
from postfix import Postfix
from provider import CLOSE, Provider
from relay import Relay

MAIL = """
smtp: {{host: "127.0.0.1", port: {port}, tls: none, connect_timeout: 5s, answer_timeout: 5s}}
desk: {{message_id_domain: desk.example}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"], from_name: "Süd Support", unsure: {unsure}}}
"""
SMS = """
channels:
  - {{name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], out_url: "{url}/Messages.json",
     secret_files: [secrets/sms.secret], unsure: {unsure}}}
"""


def first_conversation(desk):
    return wait_for(lambda: desk.events(), "an event")[0]["data"]["conversation"]


def outbound(desk, state, count=1):
    def look():
        found = desk.json("outbox", "ls", "--state", state)
        return found if len(found) >= count else None
    return wait_for(look, f"{count} outbound in state {state}")


def state_of(desk, id, wanted):
    def look():
        shown = desk.json("outbox", "show", id)
        return shown if shown["state"] == wanted else None
    return wait_for(look, f"{id} to be {wanted}")


@pytest.fixture
def relay():
    with Relay() as r:
        yield r


@pytest.fixture
def mail_desk(new_desk, relay):
    return new_desk(config=MAIL.format(port=relay.port, unsure="again")).up()


def test_a_reply_by_mail(mail_desk, relay):
    desk = mail_desk
    desk.lmtp(mail("Where is my order?", subject="Bestellung", sender="Änne <aenne@example.org>".encode().decode(),
                   message_id="<q1@example.org>", extra="References: <q0@example.org>\r\n"), sender="aenne@example.org")
    conversation = first_conversation(desk)
    sent = desk.json("reply", conversation, "--text", "It is on its way.\n-- \nBo", "--agent", "bo")
    state_of(desk, sent["id"], "accepted")
    (one,) = relay.mails
    parsed = email.message_from_bytes(one["bytes"], policy=email.policy.default)
    assert parsed["From"].addresses[0].addr_spec == "support@example.com"
    assert parsed["From"].addresses[0].display_name == "Süd Support"
    assert parsed["To"].addresses[0].addr_spec == "aenne@example.org"
    assert parsed["Subject"] == "Re: Bestellung"
    assert parsed["In-Reply-To"] == "<q1@example.org>"
    assert parsed["References"].split() == ["<q0@example.org>", "<q1@example.org>"]
    assert re.fullmatch(r"<[^<>@\s]+@desk\.example>", parsed["Message-ID"]) and len(parsed["Message-ID"]) <= 200
    assert parsed["Auto-Submitted"] is None and parsed["Precedence"] is None, "a person wrote it (AR-32)"
    token = parsed["Reply-To"].addresses[0].addr_spec
    assert re.fullmatch(r"support\+[a-z0-9]{29}@example\.com", token)
    assert one["from"] == f"FROM:<{token}>", "so that a bounce finds its conversation"
    assert parsed.get_content().replace("\r\n", "\n") == "It is on its way.\n-- \nBo\n"
    # The customer answers: by the token alone, and by our Message-ID alone.
    desk.lmtp(mail("Thanks", subject="something else", message_id="<q2@example.org>"), recipients=[token], sender="aenne@example.org")
    desk.lmtp(mail("Thanks again", subject="else", message_id="<q3@example.org>", extra=f"In-Reply-To: {parsed['Message-ID']}\r\n"),
              sender="aenne@example.org")
    events = desk.wait_events(3)
    assert [e["data"]["conversation"] for e in events] == [conversation] * 3


def test_a_reply_by_sms(new_desk):
    with Provider() as provider:
        desk = new_desk(config=SMS.format(url=provider.url, unsure="ask")).up()
        assert desk.sms("Where is my order?")[0] == 200
        conversation = first_conversation(desk)
        sent = desk.json("reply", conversation, "--text", "Zoë & Co: it is on its way", "--agent", "bo")
        shown = state_of(desk, sent["id"], "accepted")
        (request,) = provider.requests
        assert request["fields"] == {"To": "+14155550100", "From": "+14155550199", "Body": "Zoë & Co: it is on its way"}
        assert request["headers"]["authorization"].startswith("Basic ")
        assert desk.secret("sms") not in desk.log_text()
        # Twilio reports what became of it.
        extra = [("MessageStatus", "delivered")]
        sid = f"SM{1:032d}"
        assert desk.sms("", sender="+14155550199", to="+14155550100", sid=sid, extra=extra)[0] == 200
        state_of(desk, sent["id"], "delivered")
        assert shown["destination"] == f"127.0.0.1:{provider.port}"


@pytest.mark.parametrize("step,reply,state", [("rcpt", "550 5.1.1 no such user", "failed"), ("rcpt", "451 4.7.1 greylisted", "deferred"),
                                              ("dot", "554 5.7.1 spam", "failed")])
def test_what_the_relay_says_is_seen(new_desk, step, reply, state):
    with Relay(lambda s, *_: reply if s == step else None) as relay:
        desk = new_desk(config=MAIL.format(port=relay.port, unsure="again")).up()
        desk.lmtp(mail("Hello", message_id="<q1@example.org>"))
        conversation = first_conversation(desk)
        sent = desk.json("reply", conversation, "--text", "Hi", "--agent", "bo")
        shown = state_of(desk, sent["id"], state)
        assert reply.split(" ", 1)[1].split(" ", 1)[1] in shown["why"], shown
        assert shown["code"] == " ".join(reply.split()[:2])


@pytest.mark.parametrize("unsure,state", [("ask", "unsure"), ("again", "accepted")])
def test_no_answer_after_the_dot(new_desk, unsure, state):
    """The relay took it and did not say so: it asks, or sends it again with the same Message-ID."""
    dots = []

    def say(step, argument, number):
        if step == "dot":
            dots.append(argument)
            return CLOSE_RELAY if len(dots) == 1 else None
        return None
    from relay import CLOSE as CLOSE_RELAY
    with Relay(say) as relay:
        desk = new_desk(config=MAIL.format(port=relay.port, unsure=unsure)).up()
        desk.lmtp(mail("Hello", message_id="<q1@example.org>"))
        sent = desk.json("reply", first_conversation(desk), "--text", "Hi", "--agent", "bo")
        shown = state_of(desk, sent["id"], "unsure")
        assert "before the answer came" in shown["why"]
        if unsure == "again":
            desk.run("outbox", "retry", sent["id"], "--reason", "not later")
            state_of(desk, sent["id"], "accepted")
            ids = [email.message_from_bytes(m["bytes"])["Message-ID"] for m in relay.mails]
            assert len(ids) == 2 and ids[0] == ids[1]
        else:
            assert len(relay.mails) == 1


def test_too_large_for_postfix(new_desk, tmp_path):
    """Its own words, no doubt, and nobody else waits for it."""
    with Postfix(mailboxes="example.org", more="message_size_limit = 20000\n") as postfix:
        desk = new_desk(config=MAIL.format(port=postfix.port, unsure="ask")).up()
        desk.lmtp(mail("Send me the handbook", message_id="<q1@example.org>"))
        conversation = first_conversation(desk)
        book = tmp_path / "handbook.txt"
        book.write_text("a line of a handbook\n" * 20_000)
        large = desk.json("reply", conversation, "--text", "Here it is", "--agent", "bo", "--attach", str(book))
        shown = state_of(desk, large["id"], "failed")
        assert shown["code"] == "552 5.3.4" and "too big" in shown["why"]
        small = desk.json("reply", conversation, "--text", "It is too large for mail", "--agent", "bo")
        state_of(desk, small["id"], "accepted")
        assert desk.metrics("email")["deskbell_outbound_destinations_down"] == 0
        (arrived,) = wait_for(postfix.delivered, "the small one")
        assert b"too large for mail" in arrived


def test_a_provider_without_an_answer(new_desk):
    with Provider(lambda request: CLOSE) as provider:
        desk = new_desk(config=SMS.format(url=provider.url, unsure="ask")).up()
        desk.sms("Hello?")
        sent = desk.json("reply", first_conversation(desk), "--text", "Hi", "--agent", "bo")
        state_of(desk, sent["id"], "unsure")
        assert len(provider.taken) == 1

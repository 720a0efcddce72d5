# SPDX-License-Identifier: Apache-2.0
"""Mail loops that were reported of other systems (standards 1.7, AL-1 to AL-8), each against a peer that behaves as the
reported one did."""
import re
import threading
import uuid

import pytest
from acknowledging import DESK, acknowledging_desk, conversations, letter, parsed, settled
from desk import wait_for
from relay import Relay

ROUNDS = 20  # more than any bound: what is not bounded gets there


class Robot:
    """A peer that gets our mail and answers each with what `answer(parsed, n)` makes of it: bytes, or None."""

    def __init__(self, desk, relay, answer, path="robot@example.org"):
        self.desk, self.relay, self.answer, self.path = desk, relay, answer, path
        self.answered = self.sent = 0

    def play(self, begin):
        """Until nobody says anything any more. Returns how many mails of ours there were."""
        self.say(begin)
        while True:
            settled(self.desk, self.sent)
            mails = self.relay.mails[self.answered:]
            if not mails:
                return len(self.relay.mails)
            for sent in mails:
                self.answered += 1
                reply = self.answer(parsed(sent), self.answered) if self.answered < ROUNDS else None
                if reply:
                    self.say(reply)

    def say(self, raw):
        self.sent += 1
        assert self.desk.lmtp(raw, recipients=["support@example.com"], sender=self.path) == {}


@pytest.fixture
def relay():
    with Relay() as r:
        yield r


@pytest.fixture
def desk(new_desk, relay):
    # As many as the bounds allow within a day, so that the bound is what ends it.
    return acknowledging_desk(new_desk, relay.port, address="support@example.com")


def robot_letter(subject, extra="", text="We have received your request."):
    return letter(text, sender="Robot <robot@example.org>", subject=subject, extra=extra)


def test_al1_two_ticket_systems(desk, relay):
    """The peer acknowledges every mail, says nowhere that it is a robot, its subject grows, its References have commas."""
    def answer(m, n):
        references = ",".join(m["References"].split() + [m["Message-ID"]])
        return robot_letter(f"Ticket Received - {286614 + n} - {m['Subject']}",
                            f"In-Reply-To: {m['Message-ID']}\r\nReferences: {references}\r\n")
    ours = Robot(desk, relay, answer).play(robot_letter("[#117904] Printer"))
    assert ours <= 2 and len(conversations(desk)) <= 2


@pytest.mark.parametrize("subject", ["Automated Response: Re: {}", "{}", "Your request {} [{n}]"])
def test_al2_a_robot_without_threading(desk, relay, subject):
    """It answers each mail anew, from a normal address."""
    ours = Robot(desk, relay, lambda m, n: robot_letter(subject.format(m["Subject"], n=n))).play(robot_letter("Printer"))
    assert ours <= 3


BOUNCES = {
    "rfc3464": ('Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
                "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
                "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; ann@example.org\r\nAction: failed\r\n"
                "Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {id}\r\n\r\n--b--", "Undelivered Mail Returned to Sender"),
    "qmail": ("Content-Type: text/plain",
              "Hi. This is the qmail-send program at mx.example.org.\r\nI'm afraid I wasn't able to deliver your message to the following "
              "addresses.\r\n\r\n<ann@example.org>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
              "--- Below this line is a copy of the message.\r\n\r\nMessage-ID: {id}\r\n", "failure notice"),
    "exchange": ('Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
                 "--b\r\nContent-Type: text/html\r\n\r\n<p>Your message couldn't be delivered.</p>\r\n--b\r\nContent-Type: message/delivery-status"
                 "\r\n\r\nReporting-MTA: dns;x.outlook.example\r\n\r\nFinal-Recipient: rfc822;ann@example.org\r\nAction: failed\r\n"
                 "Status: 5.1.10\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {id}\r\n\r\nx\r\n--b--", "Undeliverable: Re: My order"),
    "to nobody": ("Content-Type: text/plain\r\nX-Failed-Recipients: ann@example.org",
                  "This message was created automatically by mail delivery software.\r\nMessage-ID: {id}", "Mail delivery failed"),
}


@pytest.mark.parametrize("form", BOUNCES)
@pytest.mark.parametrize("path", ["", "mailer-daemon@mx.example.org"])
def test_al3_a_bounce_of_the_acknowledgement(desk, relay, form, path):
    desk.lmtp(letter(), sender="ann@example.org")
    (sent,) = wait_for(lambda: relay.mails, "an acknowledgement")
    m = parsed(sent)
    header, body, subject = BOUNCES[form]
    to = "<>" if form == "to nobody" else m["Reply-To"].addresses[0].addr_spec
    raw = (f"From: Mail Delivery Subsystem <mailer-daemon@mx.example.org>\r\nTo: {to}\r\nSubject: {subject}\r\n"
           f"Message-ID: <{uuid.uuid4().hex}@mx.example.org>\r\nDate: {m['Date']}\r\nMIME-Version: 1.0\r\n{header}\r\n\r\n"
           + body.format(id=m["Message-ID"])).encode() + b"\r\n"
    desk.lmtp(raw, recipients=[m["Reply-To"].addresses[0].addr_spec], sender=path)
    settled(desk, 2)
    assert len(relay.mails) == 1 and len(conversations(desk)) == 1


@pytest.mark.parametrize("marks", ["Auto-Submitted: auto-replied (zimbra; vacation)\r\n", "X-Autoreply: yes\r\n",
                                   "X-Auto-Response-Suppress: All\r\nX-MS-Exchange-Inbox-Rules-Loop: ann@example.org\r\n", ""])
def test_al4_out_of_office(desk, relay, marks):
    """A vacation's answer, without References; and one that says nowhere that it is one."""
    def answer(m, n):
        return letter("I am out of the office until Monday.", sender="Robot <robot@example.org>", subject=f"Out of office: {m['Subject']}",
                      extra=marks)
    assert Robot(desk, relay, answer).play(robot_letter("Printer")) == 1


def test_al5_our_own_acknowledgement_comes_back(desk, relay):
    desk.lmtp(letter(), sender="ann@example.org")
    (sent,) = wait_for(lambda: relay.mails, "an acknowledgement")
    for path in ("", "support@example.com", "ann@example.org"):
        desk.lmtp(sent["bytes"], sender=path)
    settled(desk, 2)
    assert len(relay.mails) == 1
    assert [e["data"]["threading"]["how"] for e in desk.events()][1:] == ["loopback"]


def test_al6_a_reply_of_ours_in_one_of_our_channels(desk, relay):
    """What we wrote to somebody lands, by forwarding or by an alias, in a mailbox of ours."""
    desk.lmtp(letter(), sender="ann@example.org")
    wait_for(lambda: relay.mails, "an acknowledgement")  # none would go out behind an agent's answer
    conversation = desk.events()[0]["data"]["conversation"]
    desk.run("reply", conversation, "--text", "It is on its way.", "--agent", "bo")
    wait_for(lambda: len(relay.mails) == 2, "acknowledgement and reply")
    reply = next(m for m in relay.mails if b"on its way" in m["bytes"])
    desk.lmtp(b"Received: from mx.example.net by mx.example.com; Fri, 27 Nov 2026 09:00:00 +0000\r\n" + reply["bytes"],
              sender="support@example.com")
    settled(desk, 2)
    assert len(relay.mails) == 2


def test_al7_two_addresses_that_forward_to_each_other(new_desk, relay):
    """Deskbell's rules forward nothing; the operator's mail system may: what goes round between two of our addresses, growing by
    a hop each time, is one message in each channel, and one acknowledgement."""
    config = """
smtp: {{host: "127.0.0.1", port: {port}, tls: none}}
channels:
  - {{name: mail, kind: email, addresses: ["{address}"]}}
  - {{name: sales, kind: email, addresses: ["sales@example.com"]}}
"""
    document = DESK.replace("channel: [mail]", "channel: [mail, sales]")
    desk = acknowledging_desk(new_desk, relay.port, document=document, config=config)
    raw = letter()
    for n in range(ROUNDS):
        to = ("support@example.com", "sales@example.com")[n % 2]
        assert desk.lmtp(raw, recipients=[to], sender="ann@example.org") == {}
        raw = f"Received: from mx{n}.example.com by mx.example.com; Fri, 27 Nov 2026 09:00:{n:02d} +0000\r\n".encode() + raw
    settled(desk, 2)
    assert len(relay.mails) == 1 and len(desk.events()) == 2


def strip(raw):
    """What a careless gateway does: nothing says any more that a robot wrote it."""
    return re.sub(rb"(?mi)^(Auto-Submitted|X-Auto-Response-Suppress|Precedence):.*\r\n", b"", raw)


@pytest.mark.parametrize("gateway", ["intact", "stripped", "stripped and unthreaded"])
def test_al8_two_of_us_facing_each_other(new_desk, gateway):
    """Each one's relay hands over to the other's LMTP, as two companies' desks do that write to each other."""
    desks, lock, passed = {}, threading.Lock(), []

    def hand_over(sent):
        raw, path = sent["bytes"], re.match(r"FROM:<(.*?)>", sent["from"]).group(1)
        to = re.match(r"TO:<(.*?)>", sent["to"][0]).group(1)
        if gateway != "intact":
            raw, path = strip(raw), parsed(sent)["From"].addresses[0].addr_spec
        if gateway == "stripped and unthreaded":
            raw = re.sub(rb"(?mi)^(In-Reply-To|References|Reply-To):.*\r\n([ \t].*\r\n)*", b"", raw)
        domain = to.rpartition("@")[2]
        with lock:
            passed.append(domain)
        desks[domain].lmtp(raw, recipients=[to], sender=path)

    with Relay() as one, Relay() as other:
        for name, relay in (("one", one), ("other", other)):
            domain = f"{name}.example"
            desks[domain] = acknowledging_desk(new_desk, relay.port, address=f"support@{domain}", domain=domain, name=name)
        desks["one.example"].lmtp(letter("Do you sell printers?", sender="support@other.example", to="support@one.example"),
                                  recipients=["support@one.example"], sender="support@other.example")
        handed, routed = {"one": 0, "other": 0}, {"one.example": 1, "other.example": 0}
        while True:
            for domain, desk in desks.items():
                if routed[domain]:
                    settled(desk, routed[domain])
            fresh = [(name, m) for name, r in (("one", one), ("other", other)) for m in r.mails[handed[name]:]]
            if not fresh:
                break
            for name, m in fresh:
                handed[name] += 1
                hand_over(m)
                routed["other.example" if name == "one" else "one.example"] += 1
            assert len(passed) < ROUNDS
        assert len(passed) <= (1 if gateway == "intact" else 2 if gateway == "stripped" else 3)

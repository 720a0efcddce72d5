# SPDX-License-Identifier: Apache-2.0
"""Customer, mail systems and robot for real: Postfix carries everything both ways, Dovecot has the customer's mailbox, and its Sieve
answers that the customer is away (RFC 5230)."""
import email
import email.policy
import re

import pytest
from acknowledging import DESK, apply, conversations, letter, settled, verdict
from desk import wait_for
from dovecot import Dovecot
from free_port import free_port
from postfix import Postfix

AWAY = """require ["vacation"];
vacation :days 1 :subject "Out of office" "I am away until Monday.";
"""
CONFIG = """
desk: {{name: Example Ltd, message_id_domain: desk.example}}
smtp: {{host: "127.0.0.1", port: {port}, tls: none}}
email: {{listen_tcp: "127.0.0.1:{lmtp}"}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"]}}
"""
TRANSPORT = """
relay_domains = example.com example.org
transport_maps = inline:{{ {{ example.com = lmtp:inet:127.0.0.1:{desk} }}, {{ example.org = lmtp:inet:127.0.0.1:{customer} }} }}
"""


@pytest.fixture
def world(new_desk):
    """(desk, Postfix, Dovecot); example.com is the desk's, example.org the customers'."""
    lmtp = free_port()
    postfix = Postfix()
    with Dovecot(sieve=AWAY, submission=f"127.0.0.1:{postfix.port}") as dovecot:
        main = postfix.folder / "main.cf"
        main.write_text(main.read_text() + TRANSPORT.format(desk=lmtp, customer=dovecot.lmtp))
        with postfix:
            desk = new_desk(config=CONFIG.format(port=postfix.port, lmtp=lmtp)).up()
            apply(desk, DESK)
            yield desk, postfix, dovecot


def inbox(dovecot, user):
    found = [p.read_bytes() for p in (dovecot.folder / "mail" / user / "Maildir").glob("new/*")]
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in found]


def test_a_customer_who_is_away(world):
    desk, postfix, dovecot = world
    postfix.sendmail(letter(), ["support@example.com"], sender="ann@example.org")
    (ack,) = wait_for(lambda: inbox(dovecot, "ann"), "the acknowledgement in the mailbox")
    assert ack["Auto-Submitted"] == "auto-replied" and ack["Return-Path"] == "<>"
    assert ack["Subject"] == "Example Ltd" and ack.get_content().startswith("Hello there,")
    # Postfix is the judge: to one recipient, from nobody.
    queue_id = re.search(r"(\w+): message-id=" + re.escape(ack["Message-ID"]), postfix.log()).group(1)
    assert f"{queue_id}: from=<>" in postfix.log()
    assert len(re.findall(rf"{queue_id}: to=<ann@example.org>.*status=sent", postfix.log())) == 1
    # An agent answers; the mailbox says that Ann is away, to the address that leads into the conversation.
    (conversation,) = conversations(desk)
    desk.run("reply", conversation, "--text", "It is on its way.", "--agent", "bo")
    settled(desk, 2)
    away = desk.events()[1]["data"]
    assert away["automatic"]["kind"] == "reply" and away["conversation"] == conversation and "away" in away["text"]
    postfix.wait_empty()
    assert len(inbox(dovecot, "ann")) == 2, "acknowledgement and reply, and nothing to the robot"


def test_away_before_anything_was_written_to_her(world):
    """She writes to us with her robot on: our acknowledgement is one that no robot answers."""
    desk, postfix, dovecot = world
    for who in ("ann", "bea", "cia"):
        postfix.sendmail(letter(sender=f"{who}@example.org"), ["support@example.com"], sender=f"{who}@example.org")
    wait_for(lambda: all(inbox(dovecot, who) for who in ("ann", "bea", "cia")), "three acknowledgements")
    settled(desk, 3)
    postfix.wait_empty()
    assert len(desk.events()) == 3 and all(len(inbox(dovecot, who)) == 1 for who in ("ann", "bea", "cia"))


def test_a_mailbox_that_is_not_there(world):
    """Nobody is told of an acknowledgement that bounced: it has no return path."""
    desk, postfix, _ = world
    postfix.sendmail(letter(sender="ann@nowhere.example.net"), ["support@example.com"], sender="ann@nowhere.example.net")
    settled(desk, 1)
    (conversation,) = conversations(desk)
    wait_for(lambda: "nowhere.example.net" in postfix.log(), "Postfix to look at it")
    assert verdict(desk, conversation)
    assert len(desk.events()) == 1

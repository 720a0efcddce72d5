# SPDX-License-Identifier: Apache-2.0
"""Desks that acknowledge: their configuration and definition, letters of today, and when all of it is over."""
import email
import email.policy
import email.utils
import uuid

import redis as redis_client
from desk import wait_for
from outbox import P, client

CONFIG = """
desk: {{name: Example Ltd, message_id_domain: {domain}}}
smtp: {{host: "127.0.0.1", port: {port}, tls: none, connect_timeout: 5s, answer_timeout: 5s}}
channels:
  - {{name: mail, kind: email, addresses: ["{address}"], from_name: "Süd Support", authserv_ids: [mx.example.com]}}
"""
PROOF = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.org\r\n"  # of our own mail system
DESK = """
queues: [{name: support, answer_within: 4h}]
default: {queue: support}
templates:
  - name: de
    when: {channel: [mail], language: [de]}
    text: |
      Guten Tag {{customer_name|}},
      wir haben Ihre Nachricht. Ihr Zeichen: {{reference}}
  - name: en
    when: {channel: [mail]}
    text: |
      Hello {{customer_name|there}},
      we have your message. Your reference is {{reference}}. We answer within {{answer_time}}.
"""


def letter(text="Where is my order?", sender="Ann <ann@example.org>", to="support@example.com", subject="My order",
           message_id=None, extra=""):
    message_id = message_id or f"<{uuid.uuid4().hex}@example.org>"
    return (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
            f"Date: {email.utils.formatdate()}\r\n{extra}MIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").encode()


def acknowledging_desk(new_desk, relay_port, document=DESK, address="support@example.com", domain="desk.example", name="desk",
                       config=CONFIG, env=None):
    desk = new_desk(name, config=config.format(port=relay_port, address=address, domain=domain)).up(env=env)
    apply(desk, document)
    return desk


def apply(desk, document):
    path = desk.folder / "desk.yaml"
    path.write_text(document)
    desk.run("desk", "apply", str(path))


def settled(desk, routed):
    """`routed` messages are in the journal, all of it was looked at, and nothing waits to go out."""
    r = client(desk)

    def over():
        try:
            return look()
        except (AssertionError, redis_client.exceptions.ConnectionError, redis_client.exceptions.BusyLoadingError):
            return False  # Redis is being started again

    def look():
        events = len(desk.events()) >= routed
        last = r.xrevrange(f"{P}:journal", count=1)
        # what follows the position is what `acknowledge` wrote itself, or nothing
        read = r.hget(f"{P}:followers", "acknowledge")
        waits = r.zcard(f"{P}:out:open")
        return events and last and read == last[0][0] and waits == 0
    wait_for(over, f"{routed} messages and all that follows from them")


def parsed(sent):
    return email.message_from_bytes(sent["bytes"], policy=email.policy.default)


def verdict(desk, conversation):
    return desk.json("conversation", "show", conversation).get("acknowledgement", "")


def conversations(desk):
    return {e["data"]["conversation"] for e in desk.events() if e["data"].get("conversation")}

# SPDX-License-Identifier: Apache-2.0
"""The mail program lacks something for a while, descriptors or disk, and then has it again: it goes on by itself."""
import os
import signal
import time

import pytest

import mailboxes
from desk import Desk, descriptors, mail, wait_for
from dovecot import Dovecot
from relay import Relay

CONFIG = """
channels:
  - {name: mail, kind: email, addresses: ["support@example.com"]}
"""
# below all numbers in use: whatever is closed, none can be opened
NONE_LEFT = 3


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path, CONFIG) as d:
        yield d.up()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- LMTP

def test_a_crowd_waits_until_there_are_descriptors(desk):
    pid = desk.pids()["email"]
    inside = desk.lmtp_socket()
    assert inside.recv(4096).startswith(b"220")

    def answered_for(seconds):
        inside.sendall(b"NOOP\r\n")
        assert inside.recv(4096).startswith(b"250")
        return time.monotonic() >= begun + seconds
    with descriptors(pid, NONE_LEFT):
        begun, spent = time.monotonic(), cpu_seconds(pid)
        crowd = [desk.lmtp_socket() for _ in range(40)]
        wait_for(lambda: "connection_not_accepted" in desk.log_text(), "them to be kept waiting")
        wait_for(lambda: answered_for(2), "two seconds of answers", step=0.1)
        assert cpu_seconds(pid) - spent < 1
    for s in crowd:
        assert s.recv(4096).startswith(b"220")
        s.close()
    assert desk.log_text().count("connection_not_accepted") == 1  # not one for each try
    desk.lmtp(mail("after it"))
    desk.wait_events(1)


# ---- parsers

def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


def test_a_second_parser_is_not_missed_for_ever(tmp_path):
    with Desk(tmp_path, CONFIG + "email: {parsers: 2, parser_deadline: 50s}\n") as desk:
        pid = desk.up().pids()["email"]
        desk.lmtp(mail("the first"))
        desk.wait_events(1)
        parsers = children(pid)
        for parser in parsers:
            os.kill(parser, signal.SIGSTOP)
        # enough for one that delivers and what it is written to; not for the pipes of a parser
        with descriptors(pid, 1 + max(int(n) for n in os.listdir(f"/proc/{pid}/fd")) + 4):
            for i in range(65):  # one more than a parser is given at once
                desk.lmtp(mail(f"mail {i}"))
            wait_for(lambda: "parser_not_started" in desk.log_text(), "a second parser to be missed")
            for parser in parsers:
                os.kill(parser, signal.SIGCONT)
            desk.wait_events(66)
        wait_for(lambda: "parser" not in desk.health("email")[1], "health without complaint")


# ---- mailboxes

@pytest.fixture
def mailbox_desk(tmp_path):
    with Dovecot() as dovecot:
        dovecot.drop("ann", mail("one"))
        with Desk(tmp_path, mailboxes.config([mailboxes.box(dovecot, "ann", tmp_path)])) as d:
            yield d


def test_a_ledger_that_can_be_opened_later(mailbox_desk):
    in_its_place = mailbox_desk.dir / "email" / "mailboxes" / "ledger"
    in_its_place.parent.mkdir(parents=True)
    in_its_place.touch()
    mailbox_desk.up()
    assert "none is read" in mailbox_desk.health("email")[1]
    mailbox_desk.lmtp(mail("by LMTP"))
    mailbox_desk.wait_events(1)
    in_its_place.unlink()
    mailbox_desk.wait_events(2)
    mailboxes.wait_standing(mailbox_desk, server=1, stored=1)
    wait_for(lambda: "mailbox" not in mailbox_desk.health("email")[1], "health without complaint")
    assert mailbox_desk.log_text().count("mailbox_ledger_not_opened") == 1


def test_a_request_that_could_not_be_read(mailbox_desk):
    pid = mailbox_desk.up().pids()["email"]
    mailboxes.wait_standing(mailbox_desk, server=1, stored=1)
    with descriptors(pid, NONE_LEFT):
        mailbox_desk.run("mailbox", "rescan", "ann", check=False)
        wait_for(lambda: "mailbox_requests_unreadable" in mailbox_desk.log_text(), "it to fail")
    requests = mailbox_desk.dir / "email" / "mailboxes" / "requests"
    wait_for(lambda: not any(requests.iterdir()), "it to be heard")
    mailboxes.wait_standing(mailbox_desk, server=1, stored=1)


# ---- replies

RELAY = """
smtp: {host: "localhost", port: %d, tls: none, connect_timeout: 5s, answer_timeout: 5s}
desk: {message_id_domain: desk.example}
channels:
  - {name: mail, kind: email, addresses: ["support@example.com"], from_name: "Support"}
"""


def test_a_reply_waits_until_there_are_descriptors(tmp_path):
    with Relay() as relay, Desk(tmp_path, RELAY % relay.port) as desk:
        pid = desk.up().pids()["email"]
        desk.lmtp(mail("question"))
        [event] = desk.wait_events(1)
        with descriptors(pid, NONE_LEFT):
            desk.run("reply", event["data"]["conversation"], "--text", "answer", "--agent", "bo")
            wait_for(lambda: "event=relay_waits" in desk.log_text(), "it to be kept waiting")
        wait_for(lambda: relay.mails, "the reply to come", 20)  # a try that failed is repeated after minutes
        wait_for(lambda: desk.json("outbox", "ls") == [], "it to be over")
        assert desk.log_text().count("event=relay_waits") == 1

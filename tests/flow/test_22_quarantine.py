# SPDX-License-Identifier: Apache-2.0
"""Mails that cannot be read, or that kill or stop who reads them: kept with their bytes, shown to the operator, and
never in the way of the next mail."""
import os
import pathlib
import re
import signal
import uuid

import pytest
from desk import Desk, mail, wait_for
from wire import Lmtp, Survives, good_mail, memory, sanitized

CONFIG = """
channels:
  - {name: mail, kind: email, addresses: ["*"], authserv_ids: [mx.example.com]}
"""
QUARANTINE = "org.deskbell.contact.quarantine.v1"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("quarantine") / "desk", CONFIG) as d:
        yield d.up()


def parsers(desk):
    """The processes that read mail for the email program."""
    email = desk.pids()["email"]
    found = []
    for pid in pathlib.Path(f"/proc/{email}/task/{email}/children").read_text().split():
        try:
            if b"--parser" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def send_raw(desk, raw):
    with Lmtp(desk) as c:
        c.begin()
        c.say(re.sub(rb"(^|(?<=\r\n))\.", b"..", raw) + b".\r\n")
        assert c.reply().startswith("250 2.0.0"), "a problem in the content is never a refusal"


def entry_of(desk, original):
    """The quarantine entry that holds exactly these bytes."""
    for item in desk.json("quarantine", "ls"):
        if desk.run("event", item["id"], "--original").stdout == original:
            return item
    return None


def big_mail(size, coding=b"base64"):
    line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n"
    return (b"Authentication-Results: mx.example.com; dmarc=pass header.from=example.org\r\n"
            b"From: eve@example.org\r\nTo: support@example.com\r\nSubject: big\r\nMessage-ID: <" +
            uuid.uuid4().hex.encode() +
            b"@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
            b"Content-Type: application/octet-stream; name=x.bin\r\nContent-Disposition: attachment\r\n"
            b"Content-Transfer-Encoding: " + coding + b"\r\n\r\n" + line * (size // len(line)) + b"--b--\r\n")


@pytest.mark.parametrize("raw", [b"", b" \r\n\t\r\n\r\n\r\n"], ids=["nothing", "blanks"])
def test_a_mail_of_nothing_is_shown_to_the_operator(desk, raw):
    with Survives(desk, "email", good_mail) as s:
        send_raw(desk, raw)
    (e,) = s.events
    assert e["type"] == QUARANTINE
    item = wait_for(lambda: entry_of(desk, raw), "the quarantine entry")
    assert (item["id"], item["channel"], item["reason"]) == (e["id"], "mail", item["reason"]) and item["reason"]
    shown = desk.json("quarantine", "show", item["id"])
    assert item["reason"] in str(shown) and "eve@example.org" in str(shown), "who sent it is known from the envelope"
    assert raw == desk.run("event", item["id"], "--original").stdout
    assert item["id"].encode() in desk.run("quarantine", "ls").stdout
    assert desk.run("quarantine", "drop", item["id"]).returncode == 0
    assert entry_of(desk, raw) is None
    for verb in ("drop", "retry"):
        assert desk.run("quarantine", verb, item["id"], check=False).returncode == 1, "not a second time"
    assert desk.json("quarantine", "show", item["id"]) == shown, "it can still be looked at"


def test_mails_of_nothing_from_two_senders_are_two_entries(desk):
    """There is nothing in them to tell them apart but who sent them; a repeat stays the same mail."""
    def send(sender):
        with Lmtp(desk) as c:
            c.begin(sender=sender)
            c.say(b".\r\n")
            assert c.reply().startswith("250 2.0.0")
    with Survives(desk, "email", good_mail) as s:
        for sender in (b"ann@example.org", b"bob@example.org", b"", b"ann@example.org"):
            send(sender)
    assert len(s.events) == 3
    assert len({e["id"] for e in s.events}) == 3
    shown = [desk.json("quarantine", "show", e["id"])["data"]["envelope_from"] for e in s.events]
    assert sorted(shown) == ["<>", "ann@example.org", "bob@example.org"]
    for e in s.events:
        assert desk.run("quarantine", "drop", e["id"]).returncode == 0


def test_what_kills_its_parser_twice_is_set_aside(desk):
    """Killed from outside at the moment the parser holds the mail, as a crash or the memory limit would."""
    raw = big_mail(30 * MIB)
    killed = []
    with Survives(desk, "email", good_mail) as s:
        wait_for(lambda: parsers(desk), "a parser")
        deaths = desk.metrics("email")["deskbell_email_parser_deaths_total"]
        send_raw(desk, raw)

        def kill_who_holds_it():
            if len(killed) == 2:
                return True
            for pid in parsers(desk):
                try:
                    if pid not in killed and memory(pid, "VmData") > 25 * MIB and memory(pid, "RssAnon") > 25 * MIB:
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)
                except (FileNotFoundError, ProcessLookupError, AssertionError):
                    pass
            return len(killed) == 2
        wait_for(kill_who_holds_it, "two parsers with the mail in their memory", step=0.0005)
    (e,) = s.events
    assert e["type"] == QUARANTINE
    item = entry_of(desk, raw)
    assert item and item["id"] == e["id"] and "parser-died" in item["reason"]
    assert desk.metrics("email")["deskbell_email_parser_deaths_total"] - deaths == 2
    # Nothing was wrong with it: the operator has it read again.
    again = desk.json("quarantine", "retry", item["id"], "--config", str(desk.config))
    read = wait_for(lambda: [x for x in desk.events() if x["id"] == again["id"]], "the mail, read")[0]
    assert read["data"]["from"]["verified"] == "dmarc", "what the mail system found out counts here too"
    assert read["data"]["subject"] == "big" and read["data"]["attachments"][0]["name"] == "x.bin"
    assert desk.run("event", again["id"], "--original").stdout == raw
    assert entry_of(desk, raw) is None


def test_large_is_not_complex(new_desk):
    """Where the operator takes larger mails, they are read."""
    desk = new_desk(config="email: {max_size: 128MiB}\nspool: {blob_max: 128MiB}\n" + CONFIG.lstrip()).up()
    raw = big_mail(90 * MIB)
    send_raw(desk, raw)
    e = wait_for(lambda: [x for x in desk.events(types=None) if "contact" in x["type"]], "the mail")[0]
    assert e["data"]["attachments"][0]["size"] > 60 * MIB, e


def test_what_takes_too_long_is_set_aside(new_desk):
    desk = new_desk(config="email: {parser_deadline: 100ms, max_size: 256MiB}\nspool: {blob_max: 256MiB}\n" +
                    CONFIG.lstrip()).up()
    raw = big_mail(150 * MIB, b"7bit")
    with Survives(desk, "email", good_mail) as s:
        send_raw(desk, raw)
        item = wait_for(lambda: next(iter(desk.json("quarantine", "ls")), None), "the quarantine entry")
    assert [e["type"] for e in s.events] == [QUARANTINE]
    assert "parser-timeout" in item["reason"]
    assert desk.run("event", item["id"], "--original").stdout == raw


def test_a_mail_that_kills_its_parser_and_the_program_is_neither_lost_nor_doubled(desk):
    """Both die while they hold it; the spool has it."""
    raw = big_mail(30 * MIB)
    holders = set()
    pid = desk.pids()["email"]
    wait_for(lambda: parsers(desk), "a parser")
    send_raw(desk, raw)

    def kill_once():
        for parser in parsers(desk):
            try:
                if memory(parser, "RssAnon") > 25 * MIB:
                    os.kill(parser, signal.SIGKILL)
                    holders.add(parser)
            except (FileNotFoundError, ProcessLookupError, AssertionError):
                pass
        return holders
    wait_for(kill_once, "a parser with the mail", step=0.0005)
    desk.kill("email")
    wait_for(lambda: desk.pids().get("email") not in (None, pid), "the email program to come back")
    token = wait_for(lambda: try_good_mail(desk), "the email program to take mail")
    wait_for(lambda: any(token in e["data"].get("text", "") for e in desk.events()), "the mail behind it")
    held = [desk.run("event", e["id"], "--original", check=False).stdout == raw for e in desk.events(types=None)]
    assert held.count(True) == 1, "once, however it ended"


def try_good_mail(desk):
    try:
        return good_mail(desk)
    except (OSError, EOFError):
        return None


HOSTILE = {
    "deep multipart": lambda: b"MIME-Version: 1.0\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(20000)) + b"\r\nhello",
    "deep mails": lambda: b"MIME-Version: 1.0\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 100000 + b"hello",
    "many parts": lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
        b"--b\r\n\r\nx\r\n" * 200000 + b"--b--\r\n",
    "many headers": lambda: b"".join(b"X-%d: y\r\n" % n for n in range(200000)) + b"\r\nhello",
    "one huge header": lambda: b"Subject: " + b"s" * 10 * MIB + b"\r\n\r\nhello",
    "folded for ever": lambda: b"Subject: x\r\n" + b" y\r\n" * 500000 + b"\r\nhello",
    "nested comments": lambda: b"From: " + b"(" * 500000 + b"a@example.org\r\n\r\nhello",
    "nested groups": lambda: b"To: " + b"g:" * 200000 + b"a@example.org;\r\n\r\nhello",
    "many recipients": lambda: b"To: " + b"a@example.org, " * 100000 + b"\r\n\r\nhello",
    "many references": lambda: b"References: " + b"<a@b> " * 200000 + b"\r\n\r\nhello",
    "encoded-words": lambda: b"Subject: " + b"=?utf-8?Q?=41?= " * 100000 + b"\r\n\r\nhello",
    "boundary of dashes": lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + b"-" * 70 +
        b"\"\r\n\r\n" + b"-" * 5 * MIB,
    "parameters": lambda: b"MIME-Version: 1.0\r\nContent-Type: text/plain" + b"; name*0*=x; a=b" * 100000 +
        b"\r\n\r\nhello",
    "deep html": lambda: b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 500000 + b"hello",
    "broken html": lambda: b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" +
        b"<a<b<!--<![CDATA[&#x;&" * 100000 + b"hello",
    "utf-7": lambda: b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n" + b"+AAAA" * 200000 +
        b"- hello",
    "base64 noise": lambda: b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
        bytes(range(14, 256)) * 5000,
    "uuencode": lambda: b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n" +
        b"M" * MIB,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_mails_become_something_visible(desk, case):
    """A message or a quarantine entry, with its bytes; the next mail goes through."""
    message_id = f"<{uuid.uuid4().hex}@example.org>".encode()
    raw = b"From: eve@example.org\r\nTo: support@example.com\r\nMessage-ID: " + message_id + b"\r\n" + HOSTILE[case]()
    raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    with Survives(desk, "email", good_mail) as s:
        send_raw(desk, raw)
    (e,) = s.events
    assert desk.run("event", e["id"], "--original").stdout == raw
    assert len(str(e)) < 2 * len(raw) + 100000, "nothing grows out of it"


def test_the_parser_lives_behind_walls(desk):
    desk.lmtp(mail("warm"))
    pid = wait_for(lambda: parsers(desk), "a parser")[0]

    def enclosed():
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in status.splitlines()) if "Seccomp:\t2" in status else None
    status = wait_for(enclosed, "the parser to be behind its walls")
    assert status["NoNewPrivs"] == "1"
    limits = {line[:25].strip(): line[25:].split()[:2]
              for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()}
    assert limits["Max core file size"] == limits["Max file size"] == ["0", "0"]
    assert limits["Max cpu time"][0] != "unlimited"
    if not sanitized(pid):
        assert limits["Max address space"][0] == str(512 * MIB)
    if os.geteuid() == 0:
        assert sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"], "no file, no socket, no Redis"
        names = [v.split(b"=")[0] for v in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if v]
        assert set(names) <= {b"TZ", b"LC_ALL"}, "nothing of the desk's environment"


def test_parsers_end_with_the_program(new_desk):
    desk = new_desk(config=CONFIG).up()
    children = wait_for(lambda: parsers(desk), "a parser")
    desk.kill("email")

    def lives(pid):
        try:
            return b"--parser" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
    wait_for(lambda: not any(map(lives, children)), "the parser to end with its parent")

# SPDX-License-Identifier: Apache-2.0
"""Mail systems that are broken, slow or hostile: each wrong line has its answer, no line becomes a second mail, and the
next mail goes through."""
import random
import re
import socket
import uuid

import pytest
from desk import Desk, mail
from wire import Lmtp, Raw, Survives, good_mail, memory, sanitized

CONFIG = """
channels:
  - {name: mail, kind: email, addresses: ["*"]}
"""
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("lmtp") / "desk", CONFIG) as d:
        yield d.up()


def original(desk, event):
    return desk.run("event", event["id"], "--original").stdout


def head(subject="bad"):
    return (f"From: eve@example.org\r\nTo: support@example.com\r\nSubject: {subject}\r\n"
            f"Message-ID: <{uuid.uuid4().hex}@example.org>\r\n\r\n").encode()


# ---- commands

COMMANDS = {
    "EHLO": (b"EHLO x", "500 5.5.1"), "HELO": (b"HELO x", "500 5.5.1"), "unknown": (b"XYZZY", "500 5.5.2"),
    "empty": (b"", "500 5.5.2"), "blanks": (b"    ", "500 5.5.2"), "LHLO without a name": (b"LHLO", "501 5.5.4"),
    "RCPT before MAIL": (b"RCPT TO:<support@example.com>", "503 5.5.1"), "DATA before MAIL": (b"DATA", "503 5.5.1"),
    "BDAT": (b"BDAT 5 LAST", "500 5.5.2"), "STARTTLS": (b"STARTTLS", "500 5.5.2"),
    "AUTH": (b"AUTH PLAIN AGEAYg==", "500 5.5.2"),
    "no colon": (b"MAIL FROM <a@example.org>", "501 5.5.4"), "no brackets": (b"MAIL FROM:a@example.org", "501 5.5.4"),
    "not closed": (b"MAIL FROM:<a@example.org", "501 5.5.4"),
    "something behind": (b"MAIL FROM:<a@example.org>x", "501 5.5.4"),
    "unknown parameter": (b"MAIL FROM:<a@example.org> RET=HDRS", "555 5.5.4"),
    "unknown body": (b"MAIL FROM:<a@example.org> BODY=BINARYMIME", "555 5.5.4"),
    "size is no number": (b"MAIL FROM:<a@example.org> SIZE=many", "501 5.5.4"),
    "too large": (b"MAIL FROM:<a@example.org> SIZE=33554433", "552 5.3.4"),
    "far too large": (b"MAIL FROM:<a@example.org> SIZE=" + b"9" * 40, "552 5.3.4"),
    "sender is not utf-8": (b"MAIL FROM:<\xff\xfe@example.org> SMTPUTF8", "501 5.5.4"),
    "sender with a control": (b"MAIL FROM:<a\x07@example.org>", "501 5.5.4"),
    "long sender": (b"MAIL FROM:<" + b"a" * 2000 + b"@example.org>", "501 5.5.4"),
    "bare LF": (b"NOOP\nNOOP", "500 5.5.2"), "bare CR": (b"NOOP\rNOOP", "500 5.5.2"), "NUL": (b"NO\0OP", "500 5.5.2"),
    "too long": (b"NOOP " + b"x" * 100000, "500 5.5.2"), "VRFY": (b"VRFY someone", "252 2.5.0"),
    "noise": (bytes(set(range(256)) - {10, 13}), "500 5.5.2"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_wrong_commands_have_their_answer(desk, case):
    command, wanted = COMMANDS[case]
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        assert c.ask(command).startswith(wanted)
        c.alone()
        c.begin()
        c.say(head() + b"after " + case.encode() + b"\r\n.\r\n")
        assert c.reply().startswith("250 2.0.0"), "the connection is still good for a mail"
    assert [e["data"]["text"].strip() for e in s.events] == ["after " + case]


def test_order_of_commands(desk):
    with Survives(desk, "email", good_mail) as s, Lmtp(desk, hello=False) as c:
        for command in (b"MAIL FROM:<a@example.org>", b"RCPT TO:<b@example.com>", b"DATA"):
            assert c.ask(command).startswith("503 5.5.1"), "LHLO first"
        c.ask(b"LHLO x")
        assert c.ask(b"MAIL FROM:<>").startswith("250 2.1.0")
        assert c.ask(b"MAIL FROM:<a@example.org>").startswith("503 5.5.1")
        for recipient in (b"<>", b"<a@example.com", b"<\xc3\x28@example.com>", b"<" + b"x" * 3000 + b"@example.com>"):
            assert c.ask(b"RCPT TO:" + recipient).startswith("501 5.5.4")
        assert c.ask(b"RCPT TO:<a@example.com> NOTIFY=NEVER").startswith("555 5.5.4")
        assert c.ask(b"DATA").startswith("503 5.5.1"), "no recipient"
        assert c.ask(b"RSET").startswith("250")
        assert c.ask(b"DATA").startswith("503 5.5.1")
        assert c.ask(b"QUIT").startswith("221") and c.rest() == b""
    assert s.events == []


def test_unknown_mailboxes_and_disabled_ones(new_desk):
    desk = new_desk(config="""
channels:
  - {name: mail, kind: email, addresses: ["support@example.com"]}
  - {name: off, kind: email, addresses: ["off@example.com"], enabled: false}
""").up()
    with Lmtp(desk) as c:
        assert c.ask(b"MAIL FROM:<a@example.org>").startswith("250")
        assert c.ask(b"RCPT TO:<nobody@example.com>").startswith("550 5.1.1")
        assert c.ask(b"RCPT TO:<off@example.com>").startswith("550 5.2.1")
        assert c.ask(b"DATA").startswith("503 5.5.1")
        assert c.ask(b"RCPT TO:<support@example.com>").startswith("250")
        assert c.ask(b"DATA").startswith("354")
        c.say(head() + b"one recipient\r\n.\r\n")
        assert c.reply().startswith("250")
        c.alone()
    desk.wait_events(1)


def test_mistakes_end_a_connection(desk):
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        c.say(b"WHAT\r\n" * 1000)
        answers = c.rest().decode().splitlines()
        assert answers[-1].startswith("421 4.7.0") and len(answers) < 200
    assert s.events == []


@pytest.mark.parametrize("greeting", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 70\r\n\r\n"
    b"LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\n"])
def test_a_browser_is_sent_away(desk, greeting):
    with Survives(desk, "email", good_mail) as s, Lmtp(desk, hello=False) as c:
        c.say(greeting)
        assert re.fullmatch(rb"421 4\.7\.0 [^\r\n]*\r\n", c.rest())
    assert s.events == []


def test_noise_and_sudden_ends(desk):
    dice = random.Random(20)
    with Survives(desk, "email", good_mail) as s:
        for n in range(50):
            with Lmtp(desk, hello=n % 2 == 0 or n % 5 == 4) as c:
                if n % 5 == 4:
                    c.begin()
                try:
                    c.say(bytes(dice.randrange(256) for _ in range(dice.randrange(1, 3000))))
                    if n % 3 == 0:
                        c.half_close()
                        c.rest()
                except OSError:
                    pass  # it had heard enough
    assert s.events == [], "a mail without its end is no mail"


# ---- recipients and sizes

def test_ten_thousand_recipients(desk):
    """More than are taken is deferred, so that the sender delivers the rest in another transaction."""
    count = 10000
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        before = memory(desk.pids()["email"])
        assert c.ask(b"MAIL FROM:<eve@example.org>").startswith("250")
        answers = []
        for block in range(0, count, 500):
            c.say(b"".join(b"RCPT TO:<r%d@example.com>\r\n" % n for n in range(block, block + 500)))
            answers += [c.reply() for _ in range(500)]
        taken = [a.startswith("250 2.1.5") for a in answers].count(True)
        assert taken >= 100 and all(a.startswith("250 2.1.5") for a in answers[:taken])
        assert all(a.startswith("452 4.5.3") for a in answers[taken:])
        assert c.ask(b"DATA").startswith("354")
        c.say(head() + b"to many\r\n.\r\n")
        assert all(c.reply().startswith("250 2.0.0") for _ in range(taken)), "one answer a recipient"
        c.alone()
        if not sanitized(desk.pids()["email"]):
            assert memory(desk.pids()["email"]) - before < 32 * MIB
    assert [e["data"]["text"].strip() for e in s.events] == ["to many"]


def test_a_line_of_100_mb_is_refused_and_not_kept(desk):
    pid = desk.pids()["email"]
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        c.begin(b"support@example.com", b"sales@example.com")
        before = memory(pid)
        c.say(head())
        for _ in range(100):
            c.say(b"A" * MIB)
        c.say(b"\r\n.\r\n")
        assert [c.reply()[:9] for _ in range(2)] == ["552 5.3.4"] * 2
        c.alone()
        assert memory(pid) - before < (256 if sanitized(pid) else 64) * MIB
        c.begin()
        c.say(head() + b"small\r\n.\r\n")
        assert c.reply().startswith("250 2.0.0")
    assert [e["data"]["text"].strip() for e in s.events] == ["small"]


def test_a_line_that_just_fits_is_kept(desk):
    size = 20 * MIB
    content = head("long line") + b"B" * size + b"\r\n"
    pid = desk.pids()["email"]
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        c.begin()
        c.say(content + b".\r\n")
        assert c.reply().startswith("250 2.0.0")
    (e,) = s.events
    assert original(desk, e) == content
    assert pid == desk.pids()["email"]


# ---- where a mail ends

def unstuffed(content):
    """RFC 5321 4.5.2: one dot off each line that starts with one; lines end with CRLF."""
    return re.sub(rb"(^|(?<=\r\n))\.", b"", content)


SMUGGLED = (b"MAIL FROM:<boss@example.com>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n"
            b"From: boss@example.com\r\nSubject: smuggled\r\n\r\nsmuggled\r\n")
ENDS = {
    "LF.LF": b"\n.\n", "LF.CRLF": b"\n.\r\n", "CR.CR": b"\r.\r", "CR.CRLF": b"\r.\r\n", "CRLF.CR": b"\r\n.\r",
    "CRLF.LF": b"\r\n.\n",
    "LF.CR": b"\n.\r", "CR.LF": b"\r.\n", "CRLF.CRCRLF": b"\r\n.\r\r\n", "CRLF.NULCRLF": b"\r\n.\0\r\n",
    "CRLF.blankCRLF": b"\r\n. \r\n",
    "CRLFNUL.CRLF": b"\r\n\0.\r\n", "CRLF..CRLF": b"\r\n..\r\n", "LFCR.CRLF": b"\n\r.\r\n", "CRCRLF.LF": b"\r\r\n.\n",
    "wide dot": "\r\n。\r\n".encode(), "NEL.NEL": "\u0085.\u0085".encode(), "LS.LS": "\u2028.\u2028".encode(),
    "VT.VT": b"\v.\v",
}


@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize("case", ENDS)
def test_only_crlf_dot_crlf_ends_a_mail(desk, case, split):
    content = head("smuggling") + b"innocent" + ENDS[case] + SMUGGLED
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        c.begin()
        for piece in [content[n:n + 1] for n in range(len(content))] if split else [content]:
            c.say(piece)
        c.say(b".\r\n")
        assert c.reply().startswith("250 2.0.0"), "one mail, one answer"
        c.alone()
    (e,) = s.events
    assert e["data"]["subject"] == "smuggling" and e["data"]["from"]["address"] == "eve@example.org"
    assert original(desk, e) == unstuffed(content)


def test_pipelined_mails_stay_apart(desk):
    mails = [head() + b".dot\r\n..\r\n" + b"number %d\r\n" % n for n in range(20)]
    stuffed = [re.sub(rb"(^|(?<=\r\n))\.", b"..", m) for m in mails]
    transaction = b"MAIL FROM:<eve@example.org>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n%s.\r\n"
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        c.say(b"".join(transaction % m for m in stuffed))
        answers = [c.reply()[:3] for _ in range(4 * len(mails))]
        assert answers == ["250", "250", "354", "250"] * len(mails)
    assert sorted(original(desk, e) for e in s.events) == sorted(mails)


def test_mails_in_no_known_encoding(desk):
    raw = (b"From: \xff\xfe\x80 <caf\xe9@\xc3\x28.example>\r\nTo: support@example.com\r\n"
           b"Subject: =?x-unknown?B?////?= =?utf-8?Q?=FF=FE?= \xe9\r\n"
           b"Message-ID: <\xff" + uuid.uuid4().hex.encode() +
           b">\r\nX-\xff: \x00\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"\xff\"\r\n"
           b"Content-Transfer-Encoding: \xff\r\n\r\nhello \xff\xfe \x00 \xc0\xaf world\r\n")
    with Survives(desk, "email", good_mail) as s:
        assert desk.lmtp(raw, sender="") == {}
    (e,) = s.events
    assert "hello" in e["data"]["text"] and "world" in e["data"]["text"] and "\0" not in e["data"]["text"]
    assert original(desk, e) == raw


# ---- slow ones, many ones

def test_one_byte_at_a_time_is_still_a_mail(desk):
    content = head() + b"slowly\r\n.\r\n"
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        for data in (b"MAIL FROM:<eve@example.org>\r\n", b"RCPT TO:<support@example.com>\r\n", b"DATA\r\n", content):
            for n in range(len(data)):
                c.say(data[n:n + 1])
            assert c.reply()[:3] in ("250", "354")
    assert [e["data"]["text"].strip() for e in s.events] == ["slowly"]


def test_silent_and_slow_ones_are_told_and_cut(new_desk):
    desk = new_desk(config="email: {idle_timeout: 1s, max_connections: 30}\n" + CONFIG.lstrip()).up()
    with Lmtp(desk) as c:
        assert c.rest().startswith(b"421 4.4.2"), "silence between commands"
    with Lmtp(desk) as c:
        c.begin()
        c.say(b"Subject: x\r\n")
        assert c.rest().startswith(b"421 4.4.2"), "silence in a mail"
    waiting = [Lmtp(desk) for _ in range(30)]
    with Raw(desk.endpoints["lmtp"]) as c:
        assert re.fullmatch(rb"421 4\.3\.2 [^\r\n]*\r\n", c.rest()), "too many"
    for c in waiting:
        assert c.rest().startswith(b"421 4.4.2")
    assert desk.lmtp(mail("after them")) == {}
    assert [e["data"]["text"].strip() for e in desk.wait_events(1)] == ["after them"]


def test_who_does_not_read_is_not_read(desk):
    """Answers are not piled up for a sender that never takes them."""
    pid = desk.pids()["email"]
    with Survives(desk, "email", good_mail) as s, Lmtp(desk) as c:
        before = memory(pid)
        c.socket.settimeout(2)
        with pytest.raises(TimeoutError):
            for _ in range(200):
                c.say(b"NOOP\r\n" * 200000)
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert memory(pid) - before < 32 * MIB
    assert s.events == []

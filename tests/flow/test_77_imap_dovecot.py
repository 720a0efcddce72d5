# SPDX-License-Identifier: Apache-2.0
"""The IMAP client against a real Dovecot: by each way of security, as a new server and as one that can do little."""
import hashlib

import pytest
from dovecot import Dovecot
from imap_server import ImapTry

USER = "support"


def mail(number, size=200):
    return (f"From: ann@example.org\r\nSubject: {number}\r\nMessage-ID: <{number}@example.org>\r\n\r\n"
            + f"line of {number}\r\n" * (size // 15)).encode()


@pytest.fixture(scope="module")
def dovecot():
    with Dovecot(tls=True) as d:
        for number in range(1, 121):
            d.drop(USER, mail(number))
        yield d


def connect(dovecot, **settings):
    return ImapTry(**{"port": dovecot.imap, "user": USER, "password": dovecot.password, **settings})


def fields(line):
    return dict(f.split("=", 1) for f in line.split(" ") if "=" in f)


def got(c):
    return {int(fields(line)["uid"]): fields(line) for line in c.seen("mail whole")}


SECURITY = {
    "clear": {}, "tls": {"security": "tls"}, "starttls": {"security": "starttls"},
    "LOGIN": {"auth": "login"}, "PLAIN over TLS": {"security": "tls", "auth": "plain"},
}


@pytest.mark.parametrize("how", SECURITY)
def test_every_mail_comes_whole(dovecot, how):
    secure = SECURITY[how].get("security")
    port = dovecot.imaps if secure == "tls" else dovecot.imap
    trust = {"ca": dovecot.cert, "host": "localhost"} if secure else {}
    if how == "tls":
        trust = {"pin": dovecot.fingerprint()}
    with connect(dovecot, port=port, **SECURITY[how], **trust) as c:
        assert c.until("ready") == "ready 1f"
        folder = fields(c.ask("select INBOX"))
        assert folder["exists"] == "120" and folder["next"] == "121" and folder["keywords"] == "1"
        assert fields(c.ask("search"))["found"] == "1:120"
        assert c.ask("fetch 1:120").startswith("fetch ok")
        mails = got(c)
        assert sorted(mails) == list(range(1, 121))
        hashes = {hashlib.sha256(mail(n)).hexdigest() for n in range(1, 121)}
        assert {m["sha256"] for m in mails.values()} == hashes
        assert all(m["size"] == m["bytes"] for m in mails.values())
        assert c.ask("header 7").startswith("fetch ok")
        assert c.ask("sizes 1:3").startswith("sizes ok") and len(c.seen("size ")) == 3
    assert not any("\\Seen" in flags for flags in dovecot.flags(USER).values())  # TR-42


def test_a_wrong_password(dovecot):
    with connect(dovecot, password="x") as c:
        assert "refuses user or password: Authentication failed." in c.until("down refused")


def test_search_from_a_uid(dovecot):
    with connect(dovecot) as c:
        c.until("ready")
        c.ask("select INBOX")
        assert fields(c.ask("search 119"))["found"] == "119:120"
        assert fields(c.ask("search 121"))["found"] == ""  # TR-42: "121:*" is the last mail too
        assert fields(c.ask("search 5:7"))["found"] == "5:7"


@pytest.fixture(scope="module", params=["", "IMAP4rev1 LITERAL+ IDLE UIDPLUS ESEARCH", "IMAP4rev1 UIDPLUS", "IMAP4rev1"],
                ids=["new", "without MOVE", "without IDLE", "old"])
def kind(request):
    with Dovecot(capability=request.param) as d:
        yield request.param, d


def test_marks_and_moves(kind):
    """TR-43: what is moved is moved alone, though another client has flagged something else as deleted."""
    capability, dovecot = kind
    for number in range(1, 11):
        dovecot.drop(USER, mail(number))
    other = dovecot.client(USER)
    other.uid("STORE", "9", "+FLAGS", "(\\Deleted)")
    with connect(dovecot) as c:
        c.until("ready")
        c.ask("select INBOX")
        assert fields(c.ask("search"))["found"] == "1:10"
        assert c.ask("mark 1:3 $Deskbell").startswith("mark ok")
        assert c.ask("mark 2 \\Seen").startswith("mark ok")
        moved = c.ask("move 4:6 Done")
        assert c.ask("select INBOX").startswith("select ok")
        left = fields(c.ask("search"))["found"]
        assert c.ask("move 1 Nowhere").startswith("move unsupported" if capability == "IMAP4rev1" else "move no")
        if capability == "IMAP4rev1":
            assert moved.startswith("move unsupported") and left == "1:10"
        else:
            assert moved.startswith("move ok") and left == "1:3,7:10"
            assert fields(c.ask("status Done"))["messages"] == "3"
        assert c.ask("create Über & Co/1").startswith("create ok")
        assert c.ask("list *").startswith("list ok")
        assert "folder 1 Über & Co/1" in c.lines
        assert c.ask("select Über & Co/1").startswith("select ok")
    flags = dovecot.flags(USER)
    assert "$Deskbell" in flags[1] and {"$Deskbell", "\\Seen"} <= flags[2] and "\\Deleted" in flags[9]


def test_a_folder_that_is_not_there(kind):
    _, dovecot = kind
    with connect(dovecot) as c:
        c.until("ready")
        assert c.ask("select Nowhere").startswith("select no")
        assert c.ask("examine INBOX").startswith("select ok") and "read_only=1" in c.lines[-1]
        assert c.ask("mark 1 \\Seen").startswith("mark ok")  # Dovecot says so, and does nothing
        assert "\\Seen" not in dovecot.flags(USER)[1]


def test_mails_go_while_they_are_fetched(kind):
    """Another client expunges in the middle: the others come, and it is said that something went."""
    _, dovecot = kind
    user = "busy"
    for number in range(1, 401):
        dovecot.drop(user, mail(number, 5000))
    with connect(dovecot, user=user, poll_ms=100) as c:
        c.until("ready")
        c.ask("select INBOX")
        c.say("fetch 1:400")
        c.until("begin uid=20")
        other = dovecot.client(user)
        other.uid("STORE", "380:390", "+FLAGS", "(\\Deleted)")
        other.expunge()
        other.logout()
        c.until("fetch ")
        whole = got(c)
        assert set(range(1, 380)) | set(range(391, 401)) <= set(whole)
        if not c.seen("changed gone"):
            c.until("changed gone")
        assert "380:390" not in fields(c.ask("search"))["found"]


def test_new_mail_and_a_restart(dovecot):
    with connect(dovecot, user="pushed") as c:
        c.until("ready")
        c.ask("select INBOX")
        for number in range(3):
            dovecot.deliver(mail(number), ["pushed"])
            c.until("changed new")
        assert fields(c.ask("search"))["found"] == "1:3"
        dovecot.restart()
        c.until("down lost")
        c.say("hurry")
        c.until("ready")
        assert fields(c.ask("select INBOX"))["exists"] == "3"


def test_killed_and_back(dovecot):
    with connect(dovecot) as c:
        c.until("ready")
        c.ask("select INBOX")
        dovecot.kill()
        c.until("down lost")
        c.say("hurry")
        assert "Connection refused" in c.until("down unreachable")
        dovecot.start()
        c.say("hurry")
        c.until("ready")

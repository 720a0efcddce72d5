# SPDX-License-Identifier: Apache-2.0
"""The IMAP client against servers that are right, wrong and hostile, over real sockets and TLS: whom it believes,
what it never sends, and what an operator is told."""
import hashlib
import os
import pathlib
import re
import socket
import threading
import time

import pytest
from imap_server import PASSWORD, Certificates, ImapServer, ImapTry


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture(scope="module")
def good(certificates):
    return certificates.make("good")


def reason(line):
    return line.split(" ")[1]


def no_login(server):
    return not server.logins and not server.said(PASSWORD)


# ---- who is believed

def test_a_verified_certificate(certificates, good):
    with ImapServer(tls=certificates.context(good)) as s, \
            ImapTry(port=s.port, host="localhost", security="tls", ca=certificates.ca) as c:
        c.until("ready f")
        assert c.ask("select INBOX").startswith("select ok code=")
        assert s.logins


def test_an_address_may_be_certified_too(certificates, good):
    with ImapServer(tls=certificates.context(good)) as s, \
            ImapTry(port=s.port, host="127.0.0.1", security="tls", ca=certificates.ca) as c:
        c.until("ready")


def test_another_name_is_refused(certificates):
    other = certificates.make("other", names="DNS:mail.example.org,DNS:*.example.net")
    with ImapServer(tls=certificates.context(other)) as s, \
            ImapTry(port=s.port, host="localhost", security="tls", ca=certificates.ca) as c:
        line = c.until("down")
        assert reason(line) == "tls" and "is for mail.example.org, *.example.net, not for localhost" in line
        assert no_login(s)


def test_an_unknown_authority_is_refused(certificates, good):
    with ImapServer(tls=certificates.context(good)) as s, ImapTry(port=s.port, host="localhost", security="tls") as c:
        line = c.until("down")
        assert reason(line) == "tls" and "an authority not known here" in line
        assert certificates.fingerprint(good) in line
        assert no_login(s)


def test_a_self_signed_certificate_is_refused_until_it_is_pinned(certificates):
    own = certificates.self_signed("own")
    with ImapServer(tls=certificates.context(own)) as s:
        with ImapTry(port=s.port, host="localhost", security="tls") as c:
            line = c.until("down")
            assert reason(line) == "tls" and "self-signed" in line
            pin = line.split('tls_pin: "')[1].rstrip('"')
        assert no_login(s)
        with ImapTry(port=s.port, host="localhost", security="tls", pin=pin) as c:  # as the operator copies it
            c.until("ready")


def test_every_form_of_a_pin(certificates):
    own = certificates.self_signed("forms")
    shown = certificates.openssl("x509", "-in", own, "-noout", "-fingerprint", "-sha256").decode().strip()
    forms = [shown, shown.split("=")[1], "sha256:" + shown.split("=")[1], certificates.fingerprint(own),
             certificates.key_pin(own)]
    with ImapServer(tls=certificates.context(own)) as s:
        for form in forms:
            with ImapTry(port=s.port, security="tls", pin=form) as c:
                c.until("ready")


def test_a_pin_is_the_only_judge(certificates, good):
    """Of a certificate that its authority would vouch for, too; and of one that has expired or another's name."""
    expired = certificates.make("expired", expired=True)
    with ImapServer(tls=certificates.context(good)) as s, \
            ImapTry(port=s.port, host="localhost", security="tls", ca=certificates.ca,
                    pin=certificates.fingerprint(expired)) as c:
        line = c.until("down")
        assert reason(line) == "tls" and "not the pinned one; it is sha256:" + certificates.fingerprint(good) in line
        assert no_login(s)
    with ImapServer(tls=certificates.context(expired)) as s:
        with ImapTry(port=s.port, host="localhost", security="tls", ca=certificates.ca) as c:
            line = c.until("down")
            assert reason(line) == "tls" and "has expired" in line
        assert no_login(s)
        with ImapTry(port=s.port, host="localhost", security="tls", pin=certificates.fingerprint(expired)) as c:
            c.until("ready")


def test_a_pin_that_is_none_is_told(certificates, good):
    with ImapServer(tls=certificates.context(good)) as s, ImapTry(port=s.port, security="tls", pin="sha256:12:34") as c:
        assert "tls_pin is no SHA-256" in c.until("down tls")
        assert not s.sessions


def test_authorities_that_cannot_be_read(certificates, good, tmp_path):
    with ImapServer(tls=certificates.context(good)) as s, ImapTry(port=s.port, security="tls",
                                                                  ca=tmp_path / "none.pem") as c:
        assert f"{tmp_path}/none.pem cannot be read" in c.until("down tls")
        assert no_login(s)


# ---- STARTTLS

def test_starttls(certificates, good):
    with ImapServer(starttls=certificates.context(good)) as s, \
            ImapTry(port=s.port, host="localhost", security="starttls", ca=certificates.ca) as c:
        c.until("ready")
        assert s.sessions[0].encrypted and s.logins


def test_starttls_is_verified(certificates, good):
    with ImapServer(starttls=certificates.context(good)) as s, ImapTry(port=s.port, host="localhost",
                                                                       security="starttls") as c:
        assert "an authority not known here" in c.until("down tls")
        assert no_login(s)


def test_starttls_that_is_missing_is_refused():
    with ImapServer() as s, ImapTry(port=s.port, security="starttls") as c:
        assert "does not offer STARTTLS" in c.until("down tls")
        assert no_login(s)


def test_starttls_that_is_withdrawn_is_refused(certificates, good):
    with ImapServer(starttls=certificates.context(good), handlers={"STARTTLS": lambda s, tag,
                                                                   _: s.send(f"{tag} NO not now\r\n")}) as s, \
            ImapTry(port=s.port, security="starttls") as c:
        assert reason(c.until("down")) in ("tls", "unreachable")
        assert no_login(s)


def test_starttls_and_a_session_that_is_already_open(certificates, good):
    """PREAUTH in clear text would leave no place for STARTTLS."""
    with ImapServer(starttls=certificates.context(good), greeting="* PREAUTH come in") as s, \
            ImapTry(port=s.port, security="starttls") as c:
        assert reason(c.until("down")) == "tls"
        assert not s.said("SELECT")


@pytest.mark.parametrize("extra", [b"A003 OK injected\r\n", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA003 OK\r\n",
                                   b"* OK"], ids=["tagged", "capability", "partial"])
def test_starttls_injection(certificates, good, extra):
    """What somebody on the path says in clear text behind the OK is not taken for the server's encrypted word."""
    with ImapServer(starttls=certificates.context(good), starttls_extra=extra) as s, \
            ImapTry(port=s.port, host="localhost", security="starttls", ca=certificates.ca) as c:
        assert reason(c.until("down")) in ("tls", "protocol", "unreachable")
        assert no_login(s)


def test_no_tls_where_it_is_expected():
    with ImapServer() as s, ImapTry(port=s.port, security="tls") as c:
        assert "does not speak TLS there" in c.until("down tls")
        assert no_login(s)


def test_tls_where_it_is_not_expected(certificates, good):
    with ImapServer(tls=certificates.context(good)) as s, ImapTry(port=s.port, security="clear", connect_ms=2000) as c:
        assert reason(c.until("down")) in ("protocol", "unreachable")
        assert no_login(s)


# ---- the login

@pytest.mark.parametrize("auth", ["plain", "login"])
def test_the_configured_way(auth):
    with ImapServer() as s, ImapTry(port=s.port, auth=auth) as c:
        c.until("ready")
        assert [how for how, _ in s.logins] == [auth.upper()]


def test_the_configured_way_is_not_offered():
    with ImapServer(auth=("PLAIN",)) as s, ImapTry(port=s.port, auth="login") as c:
        line = c.until("down refused")
        assert "offers no way to log in that is allowed here" in line
        assert no_login(s)


def test_no_way_at_all():
    with ImapServer(auth=(), capabilities="IMAP4rev1 LOGINDISABLED") as s, ImapTry(port=s.port) as c:
        assert "offers no way to log in" in c.until("down refused")
        assert no_login(s)


def test_a_server_that_knows_only_the_command():
    with ImapServer(auth=()) as s, ImapTry(port=s.port) as c:
        c.until("ready")
        assert [how for how, _ in s.logins] == ["LOGIN command"]


def test_a_wrong_password_is_not_tried_again_soon():
    with ImapServer() as s, ImapTry(port=s.port, password="wrong") as c:
        line = c.until("down refused")
        assert "refuses user or password: Invalid credentials" in line
        assert int(line.split(" ")[2]) >= 30000
        c.say("hurry")
        assert int(c.until("down refused").split(" ")[2]) >= 60000
        assert len(s.logins) == 2


def test_a_server_that_cannot_log_in_now_is_tried_again_soon():
    with ImapServer(handlers={"AUTHENTICATE": lambda s, tag,
                              _: s.send(f"{tag} NO [UNAVAILABLE] Database is down\r\n")}) as s, \
            ImapTry(port=s.port) as c:
        line = c.until("down unreachable")
        assert "cannot take logins now: Database is down" in line and int(line.split(" ")[2]) <= 1000
        assert s.sessions


def test_the_password_is_read_anew(tmp_path):
    path = tmp_path / "password"
    path.write_text("wrong\n")
    with ImapServer() as s, ImapTry(port=s.port, password="", password_file=path) as c:
        c.until("down refused")
        path.unlink()
        c.say("hurry")
        assert f"the password in {path} cannot be read: No such file" in c.until("down token")
        path.write_text(PASSWORD + "\n")
        c.say("hurry")
        c.until("ready")


def test_words_behind_the_login_are_no_harm():
    """More lines in the packet of the answer: libcurl reads them, and what comes next is understood."""
    with ImapServer(login_extra="* OK welcome\r\n* 3 EXISTS\r\n") as s, ImapTry(port=s.port) as c:
        c.until("ready")
        assert c.ask("select INBOX").startswith("select ok")


# ---- a place that is not there

def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with ImapTry(port=port) as c:
        assert f"cannot connect to 127.0.0.1:{port}: Connection refused" in c.until("down unreachable")
        first = int(c.lines[-1].split(" ")[2])
        assert 500 <= first <= 1000
        c.say("hurry")
        assert 1000 <= int(c.until("down unreachable").split(" ")[2]) <= 2000


def test_a_name_that_is_not_known():
    with ImapTry(host="no-such-host.invalid", port=143) as c:
        assert "the name no-such-host.invalid is not found" in c.until("down unreachable")


def test_a_dns_that_does_not_answer():
    """Nothing else waits for it: not the other connections, not the end of the program."""
    began = time.monotonic()
    with ImapTry(host="hangs.invalid", connect_ms=200) as c:
        assert "cannot be reached within 1 s" in c.until("down unreachable")
        c.say("hurry", "search", "say there")
        c.until("said there")
        c.until("search lost")
    assert time.monotonic() - began < 30


def test_a_server_that_says_nothing():
    with ImapServer(on_connect=lambda session: session.listen_only()) as s, ImapTry(port=s.port, connect_ms=500) as c:
        assert "does not finish the login within 1 s" in c.until("down unreachable")


def test_a_handshake_that_stops():
    with ImapServer(on_connect=lambda session: session.listen_only()) as s, ImapTry(port=s.port, security="tls",
                                                                             connect_ms=500) as c:
        assert "does not finish the TLS handshake, within 1 s" in c.until("down unreachable")


@pytest.mark.parametrize("greeting,why", {
    "* BYE Too many connections": ("unreachable", "Too many connections"),
    "220 smtp.example.com ESMTP": ("protocol", "does not answer as an IMAP server should"),
    "HTTP/1.1 400 Bad Request": ("protocol", "does not answer as an IMAP server should"),
}.items(), ids=["full", "smtp", "http"])
def test_greetings(greeting, why):
    with ImapServer(greeting=greeting) as s, ImapTry(port=s.port, connect_ms=2000) as c:
        line = c.until("down")
        assert reason(line) == why[0] and why[1] in line
        assert no_login(s)


def test_closed_before_the_login():
    def close(session):
        session.socket.shutdown(socket.SHUT_RDWR)
    with ImapServer(on_connect=close) as s, ImapTry(port=s.port) as c:
        assert "closed the connection before the login was done" in c.until("down unreachable")


def test_a_proxy_is_used_only_when_it_is_configured():
    with ImapServer() as s:
        environment = {name: "http://127.0.0.1:1" for name in ("all_proxy", "ALL_PROXY", "imap_proxy", "http_proxy")}
        with ImapTry(environment, port=s.port) as c:
            c.until("ready")
        with ImapTry(port=s.port, proxy="socks5h://127.0.0.1:1") as c:
            assert reason(c.until("down")) == "unreachable"


# ---- up and down

def test_it_comes_back():
    with ImapServer() as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.say("select INBOX", "search")
        c.until("search ok")
        s.idling.get(timeout=60).socket.shutdown(socket.SHUT_RDWR)
        assert "the server closed the connection" in c.until("down lost")
        assert c.ask("search").startswith("search lost")
        c.say("hurry")
        c.until("ready")
        assert c.ask("select INBOX").startswith("select ok")


def test_new_mail_is_pushed():
    with ImapServer() as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.ask("select INBOX")
        s.idling.get(timeout=60).send("* 1 EXISTS\r\n* OK [ALERT] Maintenance at noon\r\n")
        c.until("changed new")
        c.until("alert Maintenance at noon")
        assert c.ask("search").startswith("search ok")


def test_a_server_without_idle_is_polled():
    polled = []

    def noop(session, tag, _):
        polled.append(tag)
        session.send(f"* {len(polled)} EXISTS\r\n{tag} OK\r\n")
    with ImapServer(capabilities="IMAP4rev1", handlers={"NOOP": noop}) as s, ImapTry(port=s.port, poll_ms=50) as c:
        c.until("ready")
        c.ask("select INBOX")
        c.until("changed new")
        c.until("changed new")
        assert not s.said("IDLE")


def test_a_silent_server_is_asked():
    """While idling: DONE, and IDLE again."""
    with ImapServer() as s, ImapTry(port=s.port, probe_ms=100) as c:
        c.until("ready")
        c.ask("select INBOX")
        for _ in range(3):
            s.idling.get(timeout=60)
        assert s.said("DONE")


def test_an_answer_that_does_not_come():
    with ImapServer(handlers={"UID SEARCH": lambda s, tag, _: None}) as s, ImapTry(port=s.port, command_ms=300) as c:
        c.until("ready")
        c.ask("select INBOX")
        c.say("search", "status X")
        c.until("search lost")
        c.until("status lost")
        assert "did not answer in time" in c.until("down lost")


def test_bye():
    with ImapServer(handlers={"UID SEARCH": lambda s, tag,
                              _: s.send("* BYE restarting\r\n")}) as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.ask("select INBOX")
        assert c.ask("search").startswith("search lost")
        assert "the server ended the connection: restarting" in c.until("down lost")


def test_the_user_gives_up_on_it():
    with ImapServer() as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.say("search", "drop the answers make no sense", "search")
        c.until("search lost")
        c.until("search lost")
        assert c.until("down protocol").endswith("the answers make no sense")
        c.say("hurry")
        c.until("ready")


def test_goodbye():
    with ImapServer() as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.say("close")
        s.wait_for("LOGOUT")
        c.say("say there")
        c.until("said there")


def test_closed_amid_a_mail():
    def fetch(session, tag, _):
        session.send("* 1 FETCH (UID 1 BODY[] {1000000}\r\n" + "x" * 1000)
    with ImapServer(mails={1: b"x"}, handlers={"UID FETCH": fetch}) as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.say("select INBOX", "fetch 1", "search")
        c.until("begin uid=1")
        c.say("close")
        assert c.until("mail").startswith("mail cut uid=1")
        c.until("fetch lost")
        c.until("search lost")


@pytest.mark.parametrize("settings", [{}, {"clients": 8}, {"host": "no-such-host.invalid"}], ids=["one", "eight",
                                                                                                  "resolving"])
def test_closed_while_connecting(settings):
    with ImapServer(on_connect=lambda session: session.line()) as s, ImapTry(**{"port": s.port, **settings}) as c:
        c.say("search", "say x")
        c.until("search lost")


def test_several_at_once(certificates, good):
    with ImapServer(tls=certificates.context(good)) as s, \
            ImapTry(port=s.port, host="localhost", security="tls", ca=certificates.ca, clients=8) as c:
        for _ in range(8):
            c.until("ready")


# ---- mails

def sha(mail):
    return hashlib.sha256(mail).hexdigest()


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_mails_come_byte_for_byte(certificates, good, tls):
    mails = {uid: os.urandom(size) for uid, size in enumerate([0, 1, 2, 100, 16383, 16384, 16385, 65536, 65537,
                                                               3000000], 1)}
    mails[11] = b")\r\n* BYE x\r\nD1 OK\r\n* 1 FETCH (UID 2 BODY[] {1}\r\nx)\r\n"
    secure = {"security": "tls", "ca": certificates.ca, "host": "localhost"} if tls else {}
    with ImapServer(tls=certificates.context(good) if tls else None, mails=mails) as s, ImapTry(port=s.port,
                                                                                                **secure) as c:
        c.until("ready")
        c.ask("select INBOX")
        assert c.ask("fetch 1:11").startswith("fetch ok")
        got = {line.split("uid=")[1].split(" ")[0]: line for line in c.seen("mail whole")}
        assert len(got) == 11
        for uid, mail in mails.items():
            assert f"bytes={len(mail)} sha256={sha(mail)}" in got[str(uid)]


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


def test_a_large_mail_is_never_in_memory():
    mail = os.urandom(1 << 20) * 50
    with ImapServer(mails={1: mail}) as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.ask("select INBOX")
        before = resident(c.process.pid)
        assert c.ask("fetch 1").startswith("fetch ok")
        assert f"bytes={len(mail)} sha256={sha(mail)}" in c.seen("mail whole")[0]
        assert resident(c.process.pid) - before < 10000  # kB


def test_back_pressure():
    """Paused amid a mail: the server cannot get rid of the rest. Resumed: all of it comes."""
    mail = os.urandom(1 << 20) * 24
    stuck = []

    def fetch(session, tag, _):
        session.send(f"* 1 FETCH (UID 1 BODY[] {{{len(mail)}}}\r\n".encode() + mail[:1000])
        assert session.server.heard_pause.wait(60)
        session.socket.settimeout(0.5)
        sent = 1000
        try:
            while sent < len(mail):
                sent += session.socket.send(mail[sent:sent + 65536])
        except TimeoutError:
            stuck.append(sent)
        session.server.stuck.set()
        session.socket.settimeout(60)
        session.send(mail[sent:] + f")\r\n{tag} OK\r\n".encode())
    with ImapServer(mails={1: mail}, handlers={"UID FETCH": fetch}) as s, ImapTry(port=s.port) as c:
        s.heard_pause, s.stuck = threading.Event(), threading.Event()
        c.until("ready")
        c.say("select INBOX", "fetch 1")
        c.until("begin uid=1")
        c.say("pause", "say paused")
        c.until("said paused")
        s.heard_pause.set()
        assert s.stuck.wait(60) and stuck and stuck[0] < len(mail)
        c.say("resume")
        assert c.until("mail whole").endswith(sha(mail))
        c.until("fetch ok")


def test_a_mail_that_breaks_off():
    def fetch(session, tag, _):
        session.send("* 1 FETCH (UID 1 BODY[] {1000}\r\nhalf of")
        session.socket.shutdown(socket.SHUT_RDWR)
    with ImapServer(mails={1: b"x"}, handlers={"UID FETCH": fetch}) as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.say("select INBOX", "fetch 1")
        assert c.until("mail").startswith("mail cut uid=1")
        c.until("fetch lost")
        c.until("down lost")


def test_descriptors_are_closed_on_exec(certificates, good):
    with ImapServer(tls=certificates.context(good)) as s, \
            ImapTry(port=s.port, host="localhost", security="tls", ca=certificates.ca) as c:
        c.until("ready")
        folder = pathlib.Path(f"/proc/{c.process.pid}")
        tcp = re.findall(r"(\d+) \d+ [0-9a-f]{16}", (folder / "net/tcp").read_text())
        sockets = [fd for fd in (folder / "fd").iterdir() if os.readlink(fd) in [f"socket:[{inode}]" for inode in tcp]]
        assert len(sockets) == 1
        for fd in sockets:
            flags = int((folder / "fdinfo" / fd.name).read_text().split("flags:")[1].split()[0], 8)
            assert flags & os.O_CLOEXEC


EVENTS = ["ready", "selected", "found", "size", "begin", "run", "end", "done", "listed", "alert", "changed", "down"]


@pytest.mark.parametrize("action", ["close", "drop", "pause", "bounce", "ask"])
@pytest.mark.parametrize("event", EVENTS)
def test_anything_within_a_callback(event, action):
    """The sanitizers watch: nothing that is lent is freed too early, everything asked is answered, all is freed."""
    def create(session, tag, _):
        session.send(f"* OK [ALERT] x\r\n* 99 EXISTS\r\n* BYE x\r\n")

    def listing(session, tag, _):
        session.send(f'* LIST () "/" a\r\n* LIST () "/" b\r\n{tag} OK\r\n')
    mails = {1: b"x" * 50000, 2: b"y", 3: b"z"}
    with ImapServer(mails=mails, handlers={"CREATE": create, "LIST": listing}) as s, \
            ImapTry(**{"port": s.port, "at": event, "do": action}) as c:
        if event != "ready":
            c.until("ready")
        c.say("select INBOX", "search", "sizes 1:3", "fetch 1:3", "list *", "create x", "search")
        c.until(f"at {event} {action}")
        c.say("resume", "say there")
        c.until("said there")
    commands = {"select": 1, "search": 2, "sizes": 1, "fetch": 1, "list": 1, "create": 1}
    closed = len(c.seen("closed"))  # what was asked after the client was gone
    answers = sum(len(c.seen(verb + " ")) for verb in commands)
    assert answers + closed == 7 + (action == "close")  # "resume" too
    assert len(c.seen("asked ")) == (1 if action == "ask" else 0)
    assert len(c.seen("begin ")) == len(c.seen("mail "))


def test_a_server_that_floods():
    """A hundred thousand notices cost little and are no trouble."""
    def search(session, tag, _):
        session.send("* 1 EXPUNGE\r\n* OK [ALERT] x\r\n* LIST () \"/\" y\r\n* 9 FETCH (FLAGS (\\Seen))\r\n" * 25000)
        session.send(f"{tag} OK\r\n")
    with ImapServer(handlers={"UID SEARCH": search}) as s, ImapTry(port=s.port) as c:
        c.until("ready")
        c.ask("select INBOX")
        began = time.monotonic()
        assert c.ask("search").startswith("search ok")
        assert time.monotonic() - began < 30

# SPDX-License-Identifier: Apache-2.0
"""deskbell check --deliver: a mail to ourselves over the relay and back; what is wrong is said in words that tell what to do, and
nothing of it reaches a queue or a customer."""
import json
import re
import shutil
import subprocess
import tempfile

import pytest
from dovecot import Dovecot
from mailboxes import box, config
from outbox import P, client
from postfix import Postfix
from relay import CLOSE, SILENT, Relay, certificate, tls_context

CONFIG = """
smtp: {{host: "127.0.0.1", port: {port}, tls: {tls}, connect_timeout: 5s, answer_timeout: 5s}}
desk: {{message_id_domain: desk.example}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"], authserv_ids: [{trusted}]}}
"""


def check(desk, *args):
    """({"relay": …, "return": …, "ids": …, "authenticity": …}, exit status)"""
    done = desk.run("check", "--deliver", *args, "--json", check=False)
    found = {e["check"].split(" ", 2)[2]: e for e in json.loads(done.stdout)}
    assert (done.returncode == 0) == all(e["ok"] for e in found.values()), done.stderr
    return found, done.returncode


def nothing_happened(desk, entries=1):
    """It stands in the journal, and nowhere else."""
    r = client(desk)
    hows = [f[b"meta"].decode().split("\x1f")[7] for _, f in r.xrange(f"{P}:journal") if f[b"type"] == b"event"]
    assert hows == ["loopback"] * entries
    assert not [k for k in r.keys(f"{P}:*") if re.match(rb"^.{5}:(conv|cust|item|queue|addr|held|out):", k)]


def up(new_desk, relay, tls="none", trusted=""):
    return new_desk(config=CONFIG.format(port=relay.port, tls=tls, trusted=trusted)).up()


def again(desk, change=lambda raw: raw, recipient=None):
    """A relay that hands on what it took, changed, to the desk's LMTP."""
    def say(step, argument, number):
        if step == "dot":
            raw = change(argument["bytes"])
            to = recipient or re.search(rb"^To: .*?(support\+\w+@example\.com)", raw, re.M).group(1).decode()
            desk[0].lmtp(raw, recipients=[to], sender="")
        return None
    return say


@pytest.fixture
def looped(new_desk):
    """looped(change, recipient=None, **config): (desk, what check found, its status)"""
    def make(change=lambda raw: raw, recipient=None, **kw):
        desks = []
        with Relay(again(desks, change, recipient)) as relay:
            desks.append(up(new_desk, relay, **kw))
            return (desks[0], *check(desks[0], "mail"), relay)
    return make


def test_over_a_real_postfix(new_desk):
    folder = tempfile.mkdtemp(prefix="dbsock-", dir="/tmp")
    subprocess.run(["chmod", "755", folder], check=True)
    try:
        with Postfix(f"unix:{folder}/lmtp") as postfix:
            desk = new_desk(config=f'email: {{listen_unix: "{folder}/lmtp"}}' + CONFIG.format(port=postfix.port, tls="none", trusted="")).up()
            found, status = check(desk)
            assert status == 0, found
            assert "250 2.0.0" in found["relay"]["detail"] and "queued as" in found["relay"]["detail"]
            assert found["return"]["round_trip_ms"] > 0 and "over LMTP" in found["return"]["detail"]
            assert "survived" in found["ids"]["detail"] and "authserv_ids" in found["authenticity"]["detail"]
            said = desk.run("check", "--deliver", "mail").stdout.decode()
            assert said.count("\n") == 4 and all(line.startswith("ok ") for line in said.splitlines())
            nothing_happened(desk, 2)
            assert "status=bounced" not in postfix.log()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_the_mail_itself(looped):
    desk, found, status, relay = looped()
    assert status == 0, found
    (one,) = relay.mails
    head = one["bytes"].split(b"\r\n\r\n")[0].decode().replace("\r", "")
    assert re.search(r"^X-Deskbell-Check: [a-z0-9]{16}$", head, re.M)
    assert re.search(r"^Message-ID:\s+<db\.0{16}\.[^@]+@desk\.example>$", head, re.M)
    assert "Auto-Submitted: auto-" in head and re.search(r"^From: support@example\.com$", head, re.M)
    token = re.search(r"^To: support\+(\w+)@example\.com$", head, re.M).group(1)
    assert one["from"] == f"FROM:<support+{token}@example.com>"
    nothing_happened(desk)


def test_back_into_a_mailbox(new_desk, tmp_path):
    with Dovecot() as dovecot, Relay(lambda s, a, n: dovecot.drop("ann", a["bytes"]) if s == "dot" else None) as relay:
        desk = new_desk(config=config([box(dovecot, "ann", tmp_path)], smtp={"host": "127.0.0.1", "port": relay.port, "tls": "none"},
                                      desk={"message_id_domain": "desk.example"})).up()
        found, status = check(desk)
        assert status == 0 and "in the mailbox ann, INBOX" in found["return"]["detail"], found
        assert "survived" in found["ids"]["detail"], "the + address stands in To"
        nothing_happened(desk)


@pytest.mark.parametrize("results, good, words", [
    ("spf=pass; dkim=pass header.d=example.com; dmarc=pass header.from=example.com", True, ["SPF pass DKIM pass DMARC pass"]),
    ("spf=pass; dkim=none; dmarc=none", True, ["DKIM: let the relay sign"]),
    ("spf=softfail; dkim=fail header.d=example.com; dmarc=fail header.from=example.com", False,
     ["SPF: name the relay", "DKIM: let the relay sign", "DMARC: SPF or DKIM must pass"])])
def test_what_our_mail_server_says_of_it(looped, results, good, words):
    head = f"Authentication-Results: mx.example.com; {results}\r\n".encode()
    _, found, status, _ = looped(lambda raw: head + raw, trusted='"mx.example.com"')
    assert (status == 0) == good
    assert all(w in found["authenticity"]["detail"] for w in ["mx.example.com says", *words]), found["authenticity"]


def test_results_that_nobody_wrote(looped):
    _, found, status, _ = looped(trusted='"mx.example.com"')
    assert status == 0 and "no Authentication-Results of the configured" in found["authenticity"]["detail"]


def other_id(raw):
    return re.sub(rb"^Message-ID:\s+<[^>]+>", b"Message-ID: <replaced@relay.example>", raw, flags=re.M)


def no_token(raw):
    return re.sub(rb"support\+\w+@", b"support@", raw)


def test_a_relay_that_replaces_the_message_id(looped):
    desk, found, status, _ = looped(other_id)
    assert status == 1 and "Message-ID was replaced" in found["ids"]["detail"] and found["return"]["ok"]
    nothing_happened(desk)


def test_a_server_that_drops_the_plus_address(looped):
    desk, found, status, _ = looped(no_token, recipient="support@example.com")
    assert status == 1 and "recipient_delimiter" in found["ids"]["detail"] and "Message-ID was" not in found["ids"]["detail"]
    nothing_happened(desk)


def test_both_are_gone(looped):
    """The one case in which it looks like a customer's mail; it is said which."""
    desk, found, status, _ = looped(lambda raw: no_token(other_id(raw)), recipient="support@example.com")
    assert status == 1 and "taken for a customer's mail" in found["ids"]["detail"]
    assert desk.events()[0]["data"]["id"] in found["ids"]["detail"]


def bounce(raw):
    head = raw.split(b"\r\n\r\n")[0].decode()
    to = re.search(r"^To: (\S+)", head, re.M).group(1)
    return "\r\n".join([
        f"To: {to}", "From: MAILER-DAEMON@mx.relay.example", "Subject: Undelivered", "Message-ID: <b1@mx.relay.example>", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b", "Content-Type: message/delivery-status",
        "", "Reporting-MTA: dns; mx.relay.example", "", f"Final-Recipient: rfc822; {to}", "Action: failed", "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown", "", "--b", "Content-Type: text/rfc822-headers", "", head, "", "--b--", ""]).encode()


def test_it_bounces(looped):
    desk, found, status, _ = looped(bounce)
    assert status == 1 and "5.1.1" in found["return"]["detail"] and "mx.relay.example" in found["return"]["detail"]
    nothing_happened(desk)


@pytest.mark.parametrize("step, reply, words", [
    ("rcpt", "550 5.1.1 no such user", ["550 5.1.1", "no such user", "recipient_delimiter"]),
    ("rcpt", "554 5.7.1 relay access denied", ["mynetworks"]),
    ("rcpt", "450 4.7.1 greylisted", ["greylisting"]),
    ("mail", "530 5.7.0 authentication required", ["smtp.user"]),
    ("dot", "554 5.6.0 we do not like it", ["we do not like it", "its log says more"]),
    ("dot", CLOSE, ["log"])])
def test_a_relay_that_refuses(new_desk, step, reply, words):
    with Relay(lambda s, *_: reply if s == step else None) as relay:
        desk = up(new_desk, relay)
        found, status = check(desk, "--wait", "1s")
        assert status == 1 and not found["relay"]["ok"]
        assert all(w in found["relay"]["detail"] for w in words), found["relay"]
        assert ("return" in found) == (reply is CLOSE), "what may be on its way is waited for"
        nothing_happened(desk, 0)


def test_a_relay_without_tls(new_desk):
    with Relay() as relay:
        found, status = check(up(new_desk, relay, tls="starttls"), "--wait", "2s")
        assert status == 1 and "offers no TLS" in found["relay"]["detail"] and "smtp.tls" in found["relay"]["detail"]
        assert relay.mails == []


@pytest.mark.parametrize("trusted", [False, True])
def test_a_relay_with_a_certificate_of_its_own(new_desk, tmp_path, trusted):
    cert, key, _ = certificate(tmp_path, "127.0.0.1")
    desks = []
    with Relay(again(desks), tls=tls_context(cert, key)) as relay:
        text = CONFIG.format(port=relay.port, tls="starttls", trusted="")
        desks.append(new_desk(config=text.replace("tls: starttls", f'tls: starttls, tls_ca_file: "{cert}"') if trusted else text).up())
        found, status = check(desks[0])
        assert (status == 0) == trusted, found
        assert ("STARTTLS: 250" if trusted else "smtp.tls_ca_file") in found["relay"]["detail"], found


def test_a_relay_that_is_not_there(new_desk):
    with Relay() as relay:
        desk = up(new_desk, relay)
    found, status = check(desk, "--wait", "2s")
    assert status == 1 and "cannot be reached" in found["relay"]["detail"] and "smtp.port" in found["relay"]["detail"]


def test_a_relay_that_swallows(new_desk):
    with Relay() as relay:
        found, status = check(up(new_desk, relay), "--wait", "1s")
        assert status == 1 and found["relay"]["ok"] and not found["return"]["ok"]
        assert "did not come back within 1 s" in found["return"]["detail"] and "LMTP" in found["return"]["detail"]


def test_a_relay_that_never_answers(new_desk):
    with Relay(lambda s, *_: SILENT if s == "ehlo" else None) as relay:
        found, status = check(up(new_desk, relay), "--wait", "1s")
        assert status == 1 and list(found) == ["relay"]


def test_what_cannot_be_tried(new_desk):
    desk = new_desk(config='channels: [{name: mail, kind: email, addresses: ["@example.com"]}, {name: contact, kind: form}]').up()
    found, status = check(desk)
    assert status == 1 and "smtp.host" in found["relay"]["detail"]
    for wrong in ("contact", "nothing"):
        done = desk.run("check", "--deliver", wrong, check=False)
        assert done.returncode == 1 and b"no e-mail channel" in done.stderr
    assert desk.run("check", "--deliver", "--wait", "1ms", check=False).returncode == 2

# SPDX-License-Identifier: Apache-2.0
"""The programs our users really have: Postfix, swaks, Python's smtplib, curl. The browser is in test_50."""
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.parse
import uuid

import pytest
from desk import PATIENCE, mail, wait_for
from postfix import Postfix

CONFIG = """
email: {{listen_unix: "{socket}"}}
channels:
  - {{name: mail, kind: email, addresses: ["@example.com"]}}
"""
FORM = """
channels:
  - {name: contact, kind: form, min_fill: 1ms, rate: 1000, language: de, uploads: true}
"""


@pytest.fixture
def mail_desk(new_desk):
    # Postfix reaches the socket as its own user; the desk's own folder is closed to it.
    folder = tempfile.mkdtemp(prefix="dbsock-", dir="/tmp")
    subprocess.run(["chmod", "755", folder], check=True)
    desk = new_desk(config=CONFIG.format(socket=f"{folder}/lmtp"))
    desk.socket = f"{folder}/lmtp"
    yield desk.up()
    shutil.rmtree(folder, ignore_errors=True)


def target(desk, how):
    return f"unix:{desk.socket}" if how == "unix" else f"inet:{desk.endpoints['lmtp']}"


def source_ids(desk):
    return sorted(e["data"]["source_id"] for e in desk.events())


# ---- Postfix

@pytest.mark.parametrize("how", ["inet", "unix"])
def test_postfix_delivers_each_mail_once(mail_desk, how):
    desk, count = mail_desk, 60
    with Postfix(target(desk, how)) as postfix:
        with postfix.client() as smtp:
            for n in range(count):
                smtp.sendmail("ann@example.org", ["support@example.com", "support+x@example.com"],
                              mail(f"text {n}\r\n.\r\n..\r\nend", message_id=f"<{how}{n}@example.org>"))
        postfix.sendmail(mail("by a local program", message_id=f"<{how}local@example.org>").replace(b"\r\n", b"\n"),
                         ["support@example.com"])
        postfix.wait_empty()
        assert "status=bounced" not in postfix.log()
    desk.wait_events(count + 1)
    assert source_ids(desk) == sorted([f"{how}{n}@example.org" for n in range(count)] + [f"{how}local@example.org"])
    (one,) = [e for e in desk.events() if e["data"]["source_id"] == f"{how}7@example.org"]
    assert one["data"]["text"].replace("\r\n", "\n").strip() == "text 7\n.\n..\nend", "dots survive both ways"
    assert one["data"]["envelope_from"] == "ann@example.org"
    assert b"Received: from " in desk.run("event", one["id"], "--original").stdout


def test_postfix_tries_again_until_it_is_taken(mail_desk):
    """The email program is killed again and again while Postfix delivers: every mail arrives, and only once."""
    desk, count = mail_desk, 0
    with Postfix(target(desk, "inet")) as postfix:
        done = threading.Event()
        kills = set()

        def killer():
            while not done.wait(1.5):  # a program that never gets ready is given up, and that is another test
                pid = desk.kill("email")
                if pid:
                    kills.add(pid)

        def hit():
            """Postfix has met the dead program, more than once."""
            return len(kills) >= 5 and len(re.findall("status=deferred|lost connection|refused", postfix.log())) >= 3
        thread = threading.Thread(daemon=True, target=killer)
        thread.start()
        try:
            with postfix.client() as smtp:
                while count < 100 or (count < 20000 and not hit()):
                    smtp.sendmail("ann@example.org", ["support@example.com"],
                                  mail(f"text {count}", message_id=f"<k{count}@example.org>"))
                    count += 1
                    if count % 20 == 0:
                        postfix.flush()
            assert hit(), postfix.log()[-3000:]
        finally:
            done.set()
            thread.join()
        postfix.wait_empty()
        assert "status=bounced" not in postfix.log()
    desk.wait_events(count)
    assert source_ids(desk) == sorted(f"k{n}@example.org" for n in range(count))
    assert desk.json("quarantine", "ls") == []


def test_postfix_keeps_what_we_cannot_take_now(mail_desk):
    """With the email program stopped nothing is lost and nothing bounced; afterwards all of it comes."""
    desk = mail_desk
    with Postfix(target(desk, "inet")) as postfix:
        desk.stop()
        with postfix.client() as smtp:
            for n in range(5):
                smtp.sendmail("ann@example.org", ["support@example.com"],
                              mail(f"text {n}", message_id=f"<s{n}@example.org>"))
        wait_for(lambda: postfix.log().count("status=deferred") >= 1, "Postfix to find nobody")
        assert postfix.queued()
        old = target(desk, "inet")
        desk.up()
        if target(desk, "inet") != old:  # another port after a whole new start: as an operator would, tell Postfix
            subprocess.run(["postconf", "-c", str(postfix.folder), "-e",
                            f"relay_transport=lmtp:{target(desk, 'inet')}"], check=True)
            subprocess.run(["postfix", "-c", str(postfix.folder), "reload"], check=True, capture_output=True)
        postfix.wait_empty()
        assert "status=bounced" not in postfix.log()
    desk.wait_events(5)
    assert source_ids(desk) == [f"s{n}@example.org" for n in range(5)]


def test_postfix_with_many_recipients_and_utf8(mail_desk):
    desk = mail_desk
    raw = mail("Grüße", subject="Größe", message_id="<many@example.org>")
    with Postfix(target(desk, "unix")) as postfix:
        with postfix.client() as smtp:
            smtp.sendmail("ann@example.org", [f"r{n}@example.com" for n in range(300)], raw)
            smtp.sendmail("jörg@bücher.example", ["support@example.com"],
                          mail("utf8", message_id="<utf8@example.org>"),
                          mail_options=["SMTPUTF8"])
            smtp.sendmail("", ["support@example.com"], mail("bounce", message_id="<null@example.org>"))
        postfix.wait_empty()
        assert "status=bounced" not in postfix.log()
    events = {e["data"]["source_id"]: e["data"] for e in desk.wait_events(3)}
    assert sorted(events) == ["many@example.org", "null@example.org", "utf8@example.org"], "one conversation, not 300"
    assert (events["many@example.org"]["subject"], events["many@example.org"]["text"].strip()) == ("Größe", "Grüße")
    assert events["null@example.org"]["automatic"]["kind"]


def test_postfix_bounces_what_is_not_ours(new_desk):
    desk = new_desk(config='channels:\n  - {name: mail, kind: email, addresses: ["support@example.com"]}\n').up()
    with Postfix(target(desk, "inet")) as postfix:
        with postfix.client() as smtp:
            smtp.sendmail("", ["nobody@example.com"], mail("to nobody"))
            smtp.sendmail("ann@example.org", ["support@example.com"], mail("to us"))
        wait_for(lambda: "status=bounced" in postfix.log(), "the bounce")
        assert "550 5.1.1" in postfix.log()
    assert [e["data"]["text"].strip() for e in desk.wait_events(1)] == ["to us"]


# ---- others that speak LMTP

def swaks(*args, body="by swaks"):
    return subprocess.run(["swaks", "--protocol", "LMTP", "--from", "ann@example.org", "--body", body, *args],
                          capture_output=True, timeout=PATIENCE)


def test_swaks(mail_desk):
    desk = mail_desk
    host, port = desk.endpoints["lmtp"].rsplit(":", 1)
    done = swaks("--server", host, "--port", port, "--to", "support@example.com,sales@example.com", "--header",
                 "Subject: tcp", "--pipeline", "--attach", "@/etc/hostname")
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    done = swaks("--socket", desk.socket, "--to", "support@example.com", "--header", "Subject: unix")
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    done = swaks("--socket", desk.socket, "--to", "nobody@elsewhere.example")
    assert done.returncode == 24 and b"550 5.1.1" in done.stdout, "no recipient was accepted"
    by_subject = {e["data"]["subject"]: e["data"] for e in desk.wait_events(2)}
    assert sorted(by_subject) == ["tcp", "unix"] and "by swaks" in by_subject["tcp"]["text"]
    assert len(by_subject["tcp"]["attachments"]) == 1


def test_pythons_lmtp_client(mail_desk):
    import smtplib
    desk = mail_desk
    host, port = desk.endpoints["lmtp"].rsplit(":", 1)
    with smtplib.LMTP(host, int(port), timeout=30) as client:
        assert client.noop()[0] == 250 and client.verify("x")[0] == 252
        for n in range(10):
            refused = client.sendmail("ann@example.org", ["support@example.com", "nobody@elsewhere.example"],
                                      mail(f"tcp {n}", message_id=f"<p{n}@example.org>"))
            assert list(refused) == ["nobody@elsewhere.example"] and refused["nobody@elsewhere.example"][0] == 550
        assert set(client.esmtp_features) >= {"pipelining", "enhancedstatuscodes", "8bitmime", "smtputf8", "size"}
    with smtplib.LMTP(desk.socket) as client:
        assert client.sendmail("ann@example.org", ["support@example.com"],
                               mail("unix", message_id="<pu@example.org>")) == {}
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.mail("ann@example.org", ["SIZE=99999999999"])
            client.sendmail("ann@example.org", ["support@example.com"], b"x", mail_options=["SIZE=99999999999"])
        assert refused.value.smtp_code == 552
    desk.wait_events(11)
    assert source_ids(desk) == sorted([f"p{n}@example.org" for n in range(10)] + ["pu@example.org"])


# ---- curl

def curl(*args):
    done = subprocess.run(["curl", "-sS", "--max-time", str(int(PATIENCE)), *args], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_curl_sends_the_form(new_desk, tmp_path):
    desk = new_desk(config=FORM).up()
    url = desk.endpoints["channel.contact"]
    page = curl(url)
    token = re.search(r'name="(\w+)" value="(\d+\.[0-9a-f.]+)"', page)
    common = ["--form-string", f"{token[1]}={token[2]}", "--form-string", "name=Änne",
              "--form-string", "email=aenne@example.org"]
    again = curl(*common, url)
    assert 'lang="de"' in again and "Fehler: " in again and 'value="Änne"' in again, "what was typed in is kept"
    upload = tmp_path / "rechnung.pdf"
    upload.write_bytes(b"%PDF-1.4\n" + bytes(range(256)) * 100)
    form = [*common, "--form-string", "message=Guten Tag", "-F", f"files=@{upload};type=text/html"]
    thanks = curl("-L", *form, url)
    assert "Vielen Dank" in thanks
    assert curl("-L", *form, url) == thanks, "sent twice: the same reference"
    (e,) = desk.wait_events(1)
    assert e["data"]["reference"] in thanks
    assert (e["data"]["text"], e["data"]["from"]["name"]) == ("Guten Tag", "Änne")
    (a,) = e["data"]["attachments"]
    assert (a["name"], a["type"]) == ("rechnung.pdf", "application/pdf"), "what it is, not what was claimed"
    assert desk.run("blob", a["sha256"], check=False).stdout == upload.read_bytes()


def test_curl_sends_json_from_another_site(new_desk):
    desk = new_desk(config=FORM.replace("uploads: true", 'origins: ["https://shop.example"]')).up()
    url, key = desk.endpoints["channel.contact"], uuid.uuid4().hex
    preflight = curl("-i", "-X", "OPTIONS", "-H", "Origin: https://shop.example",
                     "-H", "Access-Control-Request-Method: POST", url)
    assert re.search(r"(?im)^access-control-allow-origin: https://shop\.example\r$", preflight)
    assert not re.search(r"(?im)^access-control-allow-credentials", preflight)
    post = ["-i", "-H", f"Idempotency-Key: {key}", "--json", '{"email":"bo@example.org","message":"von nebenan"}', url]
    answer = curl("-H", "Origin: https://shop.example", *post)
    assert " 202 " in answer.splitlines()[0] and re.search(r"(?im)^vary: origin\r$", answer)
    assert " 403 " in curl("-H", "Origin: https://shop.example.evil.example", *post).splitlines()[0]
    (e,) = desk.wait_events(1)
    assert e["data"]["text"] == "von nebenan" and e["id"] in answer


def test_curl_sends_the_providers_way(desk):
    """--data-urlencode is what a person would debug a webhook with."""
    from desk import twilio_signature
    url = desk.endpoints["channel.sms"]
    fields = [("MessageSid", "SMcurl"), ("From", "+14155550100"), ("To", "+14155550199"),
              ("Body", "Zoë & Co = 100% +1")]
    arguments = [a for k, v in fields for a in ("--data-urlencode", f"{k}={v}")]
    signature = twilio_signature(desk.secret("sms"), url, fields)
    assert curl("-w", "%{http_code}", *arguments, "-H", f"X-Twilio-Signature: {signature}", url) == "<Response/>200"
    assert curl("-w", "%{http_code}", *arguments, "-H", "X-Twilio-Signature: x", url) == "403"
    (e,) = desk.wait_events(1)
    assert e["data"]["text"] == "Zoë & Co = 100% +1"
    assert urllib.parse.quote("Zoë").encode() in desk.run("event", e["id"], "--original").stdout

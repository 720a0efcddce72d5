# SPDX-License-Identifier: Apache-2.0
"""A crowd of customers that writes over every channel and, like providers and mail systems, tries again until it is
answered with success – or, now and then, gives up. Keeps account of what it was promised."""
import collections
import http.client
import json
import smtplib
import socket
import threading
import time
import urllib.parse
import uuid

from desk import mail, twilio_signature, webhook_signature

BROKEN = (OSError, http.client.HTTPException, smtplib.SMTPException, EOFError)


class Sender(threading.Thread):
    """One customer on one channel: messages 0, 1, 2 … strictly one after the other."""

    def __init__(self, crowd, kind, number, count):
        super().__init__(daemon=True)
        self.crowd, self.kind, self.number, self.count = crowd, kind, number, count
        self.name_ = f"{kind}{number}"
        self.connection = None
        self.promised, self.given_up, self.tries = [], [], 0

    def run(self):
        for n in range(self.count):
            if self.crowd.stopped.is_set():
                return
            token = f"{self.name_}.{n}"
            if self.send_until_answered(token, n):
                self.promised.append(token)
            else:
                self.given_up.append(token)
            self.crowd.progress()
        self.drop()

    def send_until_answered(self, token, n):
        source = f"{self.crowd.tag}.{token}"
        while not self.crowd.stopped.is_set():
            self.tries += 1
            try:
                if getattr(self, "send_" + self.kind)(source, token):
                    return True
            except BROKEN:
                self.drop()
                if n % 7 == 3 and self.crowd.may_give_up:  # some never try again: may appear, never twice
                    return False
            self.crowd.stopped.wait(0.05)
        return False

    def drop(self):
        if self.connection:
            try:
                self.connection.close()
            except BROKEN:
                pass
        self.connection = None

    def http(self, url):
        if not self.connection:
            parts = urllib.parse.urlsplit(url)
            self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        return self.connection

    def post(self, url, body, headers):
        c = self.http(url)
        c.request("POST", urllib.parse.urlsplit(url).path, body, headers)
        r = c.getresponse()
        r.read()
        assert r.status in (200, 202, 429, 503), r.status
        return r.status in (200, 202)

    def send_sms(self, source, token):
        fields = [("MessageSid", source), ("AccountSid", "AC1"), ("From", f"+1415555{self.number:04d}"),
                  ("To", "+14155550199"), ("Body", token), ("NumMedia", "0"), ("SmsStatus", "received")]
        url = self.crowd.endpoints["channel.sms"]
        return self.post(url, urllib.parse.urlencode(fields).encode(), {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": twilio_signature(self.crowd.secrets["sms"], url, fields)})

    def send_hook(self, source, token):
        body = json.dumps({"type": "message", "from": {"address": f"+1416555{self.number:04d}"}, "text": token}).encode()
        now = str(int(time.time()))
        return self.post(self.crowd.endpoints["channel.hook"], body, {
            "Content-Type": "application/json", "webhook-id": source, "webhook-timestamp": now,
            "webhook-signature": webhook_signature(self.crowd.secrets["hook"], source, now, body)})

    def send_form(self, source, token):
        # one address may post five forms and then one a minute, so each post comes from another
        body = json.dumps({"email": f"form.{token}@example.org", "message": token}).encode()
        return self.post(self.crowd.endpoints["channel.contact"], body,
                         {"Content-Type": "application/json", "Idempotency-Key": source.replace(".", "-")})

    def send_mail(self, source, token):
        if not self.connection:
            host, port = self.crowd.endpoints["lmtp"].rsplit(":", 1)
            self.connection = smtplib.LMTP(host, int(port), timeout=20)
        raw = mail(token, sender=f"mail{self.number}@example.org", message_id=f"<{source}@example.org>")
        try:
            self.connection.sendmail(f"mail{self.number}@example.org", ["support@example.com"], raw)
            return True
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused):
            return False  # 4xx: deferred


class Crowd:
    def __init__(self, desk, total, kinds=("sms", "hook", "form", "mail"), per_kind=4, may_give_up=True):
        self.endpoints = desk.endpoints
        self.secrets = {name: desk.secret(name) for name in ("sms", "hook")}
        self.tag = uuid.uuid4().hex[:8]
        self.may_give_up = may_give_up
        self.stopped = threading.Event()
        self.sent = 0
        self.lock = threading.Lock()
        count = total // (len(kinds) * per_kind)
        self.senders = [Sender(self, k, n, count) for k in kinds for n in range(per_kind)]

    def progress(self):
        with self.lock:
            self.sent += 1

    def start(self):
        for s in self.senders:
            s.start()
        return self

    def running(self):
        return any(s.is_alive() for s in self.senders)

    def stop(self):
        self.stopped.set()
        for s in self.senders:
            s.join(60)

    def promised(self):
        return [t for s in self.senders for t in s.promised]

    def check(self, events):
        """Promised exactly once, given up at most once, nothing else, order per address."""
        mine = [e["data"]["text"].strip() for e in events]
        times = collections.Counter(mine)
        lost = [t for t in self.promised() if times[t] == 0]
        doubled = [t for t, n in times.items() if n > 1]
        unknown = set(mine) - set(self.promised()) - {t for s in self.senders for t in s.given_up}
        assert not lost, f"{len(lost)} lost: {lost[:5]}"
        assert not doubled, f"{len(doubled)} doubled: {doubled[:5]}"
        assert not unknown, f"unknown: {list(unknown)[:5]}"
        for s in self.senders:
            if s.kind == "form":  # each from another address: no order between them
                continue
            own = [int(t.rsplit(".", 1)[1]) for t in mine if t.rsplit(".", 1)[0] == s.name_]
            given_up = {int(t.rsplit(".", 1)[1]) for t in s.given_up}
            kept = [n for n in own if n not in given_up]
            assert kept == sorted(kept), f"order of {s.name_}: {kept[:20]}"

# SPDX-License-Identifier: Apache-2.0
"""A desk under test: starts `deskbell up`, speaks to it as its users do, kills its programs, reads its journal."""
import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The library of Redis functions: the parts that services/router/CMakeLists.txt joins, in that order.
LIBRARY = [ROOT / "services/router" / f"{name}.lua" for name in ("functions", "thread", "conversation", "outbound", "acknowledge",
                                                              "desk")]
LIBRARY += [ROOT / "common/dispatch/rule.lua"]
LIBRARY += [ROOT / "services/router" / f"{name}.lua" for name in (
    "plan", "worth", "step", "crew", "wait", "work", "due", "verbs", "view", "match", "ask")]
BIN = pathlib.Path(os.environ.get("DESKBELL_BIN", ROOT / "build-dev" / "bin"))
# Sanitizer builds and busy machines are slow; a wait that ends early costs nothing.
PATIENCE = float(os.environ.get("DESKBELL_TEST_PATIENCE", "60"))


def wait_for(condition, what, patience=PATIENCE, step=0.02):
    """Polls until condition() is true and returns its value; fails with `what` after the deadline."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s for {what}")
        threading.Event().wait(step)


@contextlib.contextmanager
def descriptors(pid, most):
    """A running program may have so many meanwhile; what it has beyond them it keeps."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def library():
    return "".join(part.read_text() for part in LIBRARY)


class PrivateRedis:
    """redis-server on a Unix socket in its own folder, as `deskbell up` runs it."""

    def __init__(self, folder, options=()):
        self.folder = pathlib.Path(folder)
        self.options = options
        self.folder.mkdir(parents=True, exist_ok=True)
        # a socket path may have 107 bytes only
        self.socket = pathlib.Path("/tmp") / f"dbt-{uuid.uuid4().hex[:12]}.sock"

    def __enter__(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder),
             "--appendonly", "yes", "--appendfsync", "always", "--save", "", *self.options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        import socket_redis
        self.client = socket_redis.connect(self.socket)

        def answers():
            try:
                return self.client.ping()
            except socket_redis.ConnectionError:
                return False
        wait_for(answers, "redis-server to answer")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


def twilio_signature(token, url, fields):
    """https://www.twilio.com/docs/usage/security: URL, then names and values sorted by name."""
    text = url + "".join(k + v for k, v in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def webhook_signature(secret, message_id, timestamp, body):
    """https://www.standardwebhooks.com"""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


class Desk:
    def __init__(self, folder, config=None):
        self.folder = pathlib.Path(folder)
        # a short folder: Unix socket paths may have 107 bytes only
        self.dir = pathlib.Path("/tmp") / f"dbd-{uuid.uuid4().hex[:10]}"
        self.config = None
        if config is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.config = self.folder / "deskbell.yaml"
            self.config.write_text(config)
        self.process = None
        self.log = None
        self._endpoints = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- life

    def up(self, wait=True, env=None):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = open(self.folder / "log", "ab")
        command = [str(BIN / "deskbell"), "up", "--dir", str(self.dir)]
        if self.config:
            command += ["--config", str(self.config)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, **(env or {})})
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        line = self.process.stdout.readline().decode().strip()
        assert line == "ready", f"deskbell up said {line!r}; log:\n{self.log_text()[-3000:]}"
        self._endpoints = None

    def log_text(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        """SIGTERM: drains and stops. Returns the exit status."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.process = None
        self.log.close()
        return status

    def kill_up(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def close(self):
        if self.process:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        subprocess.run(["rm", "-rf", str(self.dir)], check=False)

    def pids(self):
        return json.loads((self.dir / "pids.json").read_text())

    def kill(self, program, how=signal.SIGKILL):
        """Kills a program of the desk; returns its pid, or None when it was not running just now."""
        try:
            pid = self.pids()[program]
            os.kill(pid, how)
            return pid
        except (ProcessLookupError, FileNotFoundError, KeyError, json.JSONDecodeError):
            return None

    def is_there(self, program):
        """Whether its process runs; it may be just starting."""
        return self.kill(program, 0) is not None

    # ---- what it says

    @property
    def endpoints(self):
        if self._endpoints is None:
            self._endpoints = json.loads((self.dir / "endpoints.json").read_text())
        return self._endpoints

    def run(self, *args, check=True, input=None):
        config = ["--config", str(self.config)] if self.config else []
        done = subprocess.run([str(BIN / "deskbell"), *args, "--dir", str(self.dir), *config], capture_output=True,
                              input=input, timeout=PATIENCE)
        if check and done.returncode != 0:
            raise AssertionError(f"deskbell {' '.join(args)}: exit {done.returncode}: {done.stderr.decode()}")
        return done

    def json(self, *args, **kw):
        return json.loads(self.run(*args, "--json", **kw).stdout)

    def events(self, types=("org.deskbell.contact.message.v1",)):
        """The whole journal, only these CloudEvents types (None: all)."""
        lines = self.run("events", "--limit", "1000000").stdout.splitlines()  # bytes: text also ends lines at U+2028
        events = [json.loads(line) for line in lines]
        return [e for e in events if types is None or e["type"] in types]

    def wait_events(self, count, what="events", **kw):
        def enough():
            found = self.events(**kw)
            return found if len(found) >= count else None
        return wait_for(enough, f"{count} {what}")

    def secret(self, channel):
        return (self.dir / "secrets" / f"{channel}.secret").read_text().strip()

    def metrics(self, program):
        name = f"{program}-health"
        c = http.client.HTTPConnection(self.endpoints[name], timeout=10)
        c.request("GET", "/metrics")
        text = c.getresponse().read().decode()
        c.close()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if line and not line.startswith("#")}

    def health(self, program):
        """(status, what it says)."""
        status, _, body = self.post(f"http://{self.endpoints[program + '-health']}/health", None, {}, method="GET")
        return status, body.decode()

    # ---- customers writing

    def post(self, url, body, headers, method="POST", timeout=30):
        """Returns (status, headers, body); raises OSError/HTTPException when the desk is not there."""
        parts = urllib.parse.urlsplit(url)
        c = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
        try:
            c.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()
        finally:
            c.close()

    def sms(self, text, sender="+14155550100", to="+14155550199", sid=None, channel="sms", extra=(), signature=None):
        fields = [("MessageSid", sid or "SM" + uuid.uuid4().hex), ("AccountSid", "AC1"), ("From", sender), ("To", to),
                  ("Body", text), ("NumMedia", "0"), ("SmsStatus", "received"), *extra]
        url = self.endpoints[f"channel.{channel}"]
        body = urllib.parse.urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded",
                   "X-Twilio-Signature": signature or twilio_signature(self.secret(channel), url, fields)}
        return self.post(url, body, headers)

    def hook(self, message, message_id=None, channel="hook", timestamp=None, signature=None, content_type="application/json"):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        message_id = message_id or "msg_" + uuid.uuid4().hex
        timestamp = str(timestamp or int(time.time()))
        headers = {"Content-Type": content_type, "webhook-id": message_id, "webhook-timestamp": timestamp,
                   "webhook-signature": signature or webhook_signature(self.secret(channel), message_id, timestamp, body)}
        return self.post(self.endpoints[f"channel.{channel}"], body, headers)

    def form_page(self, channel="contact"):
        return self.post(self.endpoints[f"channel.{channel}"], None, {}, method="GET")

    def form_json(self, fields, key=None, channel="contact", headers=None):
        h = {"Content-Type": "application/json", "Idempotency-Key": key or uuid.uuid4().hex, **(headers or {})}
        return self.post(self.endpoints[f"channel.{channel}"], json.dumps(fields).encode(), h)

    def lmtp(self, mail, recipients=("support@example.com",), sender="ann@example.org"):
        """One delivery by Python's LMTP client. Returns {} or the refused recipients; raises on a broken session."""
        import smtplib
        host, port = self.endpoints["lmtp"].rsplit(":", 1)
        client = smtplib.LMTP(host, int(port))
        client.sock.settimeout(30)
        try:
            return client.sendmail(sender, list(recipients), mail)
        finally:
            client.close()

    def lmtp_socket(self):
        host, port = self.endpoints["lmtp"].rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=30)


def mail(text="Hello, where is my order?", sender="Ann Example <ann@example.org>", to="support@example.com",
         subject="My order", message_id=None, extra=""):
    message_id = message_id or f"<{uuid.uuid4().hex}@example.org>"
    return (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
            f"Date: Tue, 24 Nov 2026 09:00:00 +0000\r\n{extra}MIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n").encode()

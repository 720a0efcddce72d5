# SPDX-License-Identifier: Apache-2.0
"""Protocols spoken byte by byte, as no honest library would."""
import pathlib
import socket
import threading
import uuid

from desk import PATIENCE, mail, wait_for


class Raw:
    """A connection on which anything can be said."""

    def __init__(self, address):
        host, port = address.removeprefix("http://").split("/")[0].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, data):
        self.socket.sendall(data)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def line(self):
        while b"\n" not in self.buffer:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError(f"closed after {self.buffer!r}")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        assert line.endswith(b"\r"), line
        return line[:-1]

    def rest(self):
        """All that still comes until the other side closes; a reset is a close."""
        try:
            while more := self.socket.recv(65536):
                self.buffer += more
        except ConnectionError:
            pass
        return self.buffer


class Lmtp(Raw):
    def __init__(self, desk, hello=True):
        super().__init__(desk.endpoints["lmtp"])
        assert self.reply().startswith("220 ")
        if hello:
            assert self.ask(b"LHLO test").startswith("250")

    def reply(self):
        """The last line of one reply."""
        while True:
            line = self.line().decode("ascii")
            if line[3:4] == " ":
                return line

    def ask(self, command):
        self.say(command + b"\r\n")
        return self.reply()

    def begin(self, *recipients, sender=b"eve@example.org"):
        """MAIL, RCPT and DATA; the content may follow."""
        assert self.ask(b"MAIL FROM:<%s>" % sender).startswith("250 ")
        for recipient in recipients or (b"support@example.com",):
            assert self.ask(b"RCPT TO:<%s>" % recipient).startswith("250 ")
        assert self.ask(b"DATA").startswith("354 ")

    def alone(self):
        """Nothing more was said than what was read: the answer to this NOOP is the next line."""
        assert self.ask(b"NOOP") == "250 2.0.0 Here"


def http_answer(desk, channel, request):
    """Says exactly these bytes to a channel's server and returns (status, all of the answer); status None when it was
    closed without one."""
    with Raw(desk.endpoints[f"channel.{channel}"]) as c:
        try:
            c.say(request)
            c.half_close()
        except OSError:
            pass  # it had heard enough
        answer = c.rest()
    return (int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else None), answer


def dripping(say, data, closed):
    """Says the data one byte at a time until the other side has closed. Returns how many bytes it took."""
    for n in range(len(data)):
        if closed.is_set():
            return n
        try:
            say(data[n:n + 1])
        except OSError:
            return n
        closed.wait(0.02)
    return len(data)


def drip_until_closed(connection, data):
    """A client slow enough to be cut: (bytes it got rid of, what it heard)."""
    closed = threading.Event()
    heard = []

    def listen():
        heard.append(connection.rest())
        closed.set()
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    said = dripping(connection.say, data, closed)
    thread.join(PATIENCE)
    assert closed.is_set(), "the connection stays open"
    return said, heard[0]


def memory(pid, what="VmHWM"):
    """Bytes; VmHWM: the most it ever held."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(what)


def sanitized(pid):
    """Sanitizers map terabytes of shadow; their memory is no measure."""
    return memory(pid, "VmSize") > 1 << 40


class Survives:
    """Around an attack: afterwards the program is the same process, and a good message of its channel arrives."""

    def __init__(self, desk, program, good):
        self.desk, self.program, self.good = desk, program, good

    def __enter__(self):
        self.pid = self.desk.pids()[self.program]
        self.before = {e["id"] for e in self.desk.events(types=None)}
        return self

    def __exit__(self, kind, *_):
        if kind:
            return
        token = self.good(self.desk)

        def arrived():
            self.after = [e for e in self.desk.events(types=None) if e["id"] not in self.before]
            return any(token in e.get("data", {}).get("text", "") for e in self.after)
        wait_for(arrived, f"the good message after the attack on {self.program}")
        assert self.desk.pids()[self.program] == self.pid, f"{self.program} died"
        self.events = [e for e in self.after if token not in e.get("data", {}).get("text", "")]


def good_mail(desk):
    token = "good " + uuid.uuid4().hex
    assert desk.lmtp(mail(token)) == {}
    return token


def good_sms(desk):
    token = "good " + uuid.uuid4().hex
    assert desk.sms(token)[0] == 200
    return token


def good_form(desk):
    token = "good " + uuid.uuid4().hex
    assert desk.form_json({"email": f"{uuid.uuid4().hex[:8]}@example.org", "message": token})[0] == 202
    return token

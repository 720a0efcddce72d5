# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a channel program that delivers: connects to the router again and again, takes what goes out, and keeps
account of it as a delivery store would: by id, in order of arrival. Reports what becomes of it."""
import collections
import hashlib
import threading
import time

import zmq

from peer import (BYE, LATER, OUTBOUND, PING, PONG, REFUSE, TAKEN, WELCOME, Peer, batch, fields, hello, item, keys_of,
                  number, outbound_confirm, text)

LOST = zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL


STATUS = 2


def base32(data):
    """Crockford's, as common/base/encode.h"""
    n, digits = int.from_bytes(data, "big") << 2, "0123456789abcdefghjkmnpqrstvwxyz"
    return "".join(digits[n >> shift & 31] for shift in range(125, -1, -5))


def status_event(channel, key, outbound="", state="", attempt=0, source="", why="", code="", destination="",
                 permanent=False, next_try=0, provider_status="", kind="email"):
    """(event id, packed ContactEvent) of a report, as common/channel makes it."""
    now = int(time.time() * 1000)
    name = f"{outbound}:{source}:{state}{provider_status}:{attempt}:{now}"
    event_id = hashlib.sha256(name.encode()).digest()[:16]
    status = text(1, provider_status) + text(3, source) + text(4, outbound) + text(5, state) + number(6, attempt) + \
        number(7, now) + number(8, next_try) + number(9, int(permanent)) + text(10, why) + text(11, code) + text(12, destination)
    return event_id, text(1, base32(event_id)) + number(2, STATUS) + text(3, channel) + text(4, kind) + text(5, name) + \
        text(6, text(2, key.split(":", 1)[1]) + text(3, key)) + number(13, now) + text(21, status)


class Carrier(threading.Thread):
    """judge(id, order, message) says (answer, reason), or None: not answered."""

    def __init__(self, desk, program, channels, judge=None):
        super().__init__(daemon=True)
        self.desk, self.program, self.channels = desk, program, channels
        self.judge = judge or (lambda *_: (TAKEN, ""))
        self.stopped, self.silent = threading.Event(), threading.Event()
        self.lock = threading.Lock()
        self.store = {}       # id: packed message, in order of first arrival
        self.heard = []       # (monotonic time, id, order) of everything that came
        self.welcomes = self.most = self.seq = 0
        self.reports = collections.deque()
        self.trouble = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopped.set()
        self.join(30)
        assert not self.is_alive()

    def report(self, *args, **kw):
        """As status_event(). Sent once; not again when the link is lost."""
        self.reports.append(status_event(*args, **kw))

    def orders(self):
        with self.lock:
            return [(i, o) for _, i, o in self.heard]

    def taken(self):
        with self.lock:
            return dict(self.store)

    def run(self):
        while not self.stopped.is_set():
            try:
                with Peer(self.desk, self.program, keys_of(self.desk, self.program)) as p:
                    self.session(p)
            except (zmq.ZMQError, FileNotFoundError, KeyError):
                self.stopped.wait(0.05)  # the router is not there
            except Exception as e:  # for the test to see
                self.trouble = e
                raise

    def session(self, p):
        poller = zmq.Poller()
        poller.register(p.socket, zmq.POLLIN)
        poller.register(p.monitor, zmq.POLLIN)
        p.socket.sndtimeo = 2000
        self.welcomed = False
        p.say(hello(self.program, self.channels))
        said = time.monotonic()
        while not self.stopped.is_set():
            ready = dict(poller.poll(20))
            if p.monitor in ready and int.from_bytes(p.monitor.recv_multipart()[0][:2], "little") & LOST:
                return
            if p.socket in ready and not self.frame(p):
                return
            while self.reports and self.welcomed:
                event_id, event = self.reports.popleft()
                self.seq += 1
                p.say(batch(item(self.seq, event, event_id)))
            if time.monotonic() - said > 0.5:
                said = time.monotonic()
                p.say(text(PING, number(1, 1)))
        if not self.silent.is_set():
            p.say(text(BYE, b""))

    def frame(self, p):
        """One frame; False when the session is over."""
        (kind, body), = fields(p.socket.recv())
        if kind == PING:
            p.say(text(PONG, number(1, dict(fields(body)).get(1, 0))))
        elif kind == WELCOME:
            self.welcomes += 1
            self.welcomed = True
        elif kind == OUTBOUND:
            self.take(p, [dict(fields(item)) for _, item in fields(body)])
        return kind not in (REFUSE, BYE)

    def take(self, p, items):
        answers = []
        for item in items:
            id, order, message = item[1].decode(), item[3].decode(), item.get(2, b"")
            with self.lock:
                self.heard.append((time.monotonic(), id, order))
            answer = None if self.silent.is_set() else self.judge(id, order, message)
            if answer and answer[0] == TAKEN and order == "deliver":
                with self.lock:
                    self.store.setdefault(id, message)
            if answer:
                answers.append((id, order, *answer))
        self.most = max(self.most, len(items))
        if answers:
            p.say(outbound_confirm(*answers))


__all__ = ["Carrier", "LATER", "TAKEN"]

# SPDX-License-Identifier: Apache-2.0
"""A program at the router's door that says what it likes: ZeroMQ with CURVE, frames of proto/deskbell/v1/link.proto
packed by hand, so that wrong ones can be packed too."""
import os
import pathlib

import zmq
from desk import PATIENCE
from zmq.utils.monitor import recv_monitor_message

HELLO, WELCOME, REFUSE, BATCH, CONFIRM, CREDIT, PING, PONG, BYE, REPLAY, OUTBOUND, OUTBOUND_CONFIRM = range(1, 13)
TAKEN, REFUSED, LATER = range(3)


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def text(field, value):
    value = value if isinstance(value, bytes) else value.encode()
    return varint(field << 3 | 2) + varint(len(value)) + value


def hello(program, channels=(), version=1, session=None):
    return text(HELLO, number(1, version) + text(2, program) + text(3, os.urandom(16) if session is None else session) +
                b"".join(text(4, c) for c in channels))


def item(seq, event, event_id=None):
    return text(1, number(1, seq) + text(2, os.urandom(16) if event_id is None else event_id) + text(3, event))


def batch(*items):
    return text(BATCH, b"".join(items))


def outbound_confirm(*results):
    """results: (id, order, answer, reason)"""
    return text(OUTBOUND_CONFIRM, b"".join(text(1, text(1, i) + text(2, o) + number(3, a) + text(4, why)) for i, o, a, why in results))


def fields(packed):
    """[(field, value)] of one message; good frames only."""
    found, at = [], 0

    def take():
        nonlocal at
        n = shift = 0
        while True:
            byte = packed[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n
    while at < len(packed):
        tag = take()
        value = take()
        if tag & 7 == 2:
            value, at = packed[at:at + value], at + value
        found.append((tag >> 3, value))
    return found


def keys_of(desk, program):
    return tuple(line.encode() for line in (desk.dir / "keys" / f"{program}.key").read_text().split()[:2])


class Peer:
    def __init__(self, desk, name, keys, server_key=None, kind=zmq.DEALER):
        self.context = zmq.Context()
        self.socket = self.context.socket(kind)
        s = self.socket
        s.linger = 0
        s.setsockopt(zmq.IMMEDIATE, 1)
        s.setsockopt(zmq.RECONNECT_IVL, -1)
        s.setsockopt(zmq.SNDTIMEO, int(PATIENCE * 1000))
        s.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        s.setsockopt(zmq.ROUTING_ID, name.encode())
        if keys:
            s.curve_publickey, s.curve_secretkey = keys
            s.curve_serverkey = server_key or pathlib.Path(desk.dir / "keys" / "router.pub").read_bytes().strip()
        self.monitor = s.get_monitor_socket()
        self.monitor.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        s.connect(desk.endpoints["router"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.disable_monitor()
        self.context.destroy(linger=0)  # the monitor's socket as well

    def say(self, *parts):
        self.socket.send_multipart(parts)

    def hear(self):
        """(kind, fields) of the next frame; pings are answered, as by any program."""
        while True:
            (kind, body), = fields(self.socket.recv())
            if kind == PING:
                self.say(text(PONG, number(1, dict(fields(body)).get(1, 0))))
                continue
            return kind, dict(fields(body))

    def wait_event(self, *events):
        """The first of these events of the connection."""
        while True:
            event = recv_monitor_message(self.monitor)["event"]
            if event in events:
                return event

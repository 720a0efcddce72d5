# SPDX-License-Identifier: Apache-2.0
"""An agent's client over ZeroMQ: frames of proto/deskbell/v1/agents.proto, packed by hand so that wrong ones can be too."""
import json
import queue

import zmq
from desk import PATIENCE
from peer import fields, number, text

REQUEST, ANSWER, NOTICE = 1, 2, 3
KINDS = ("me presence claim item why accept decline done hold snooze resume reopen transfer queues waiting offers subscribe "
         "ping aside").split()
FIELDS = {
    "item": ["item"], "why": ["item"], "accept": ["item"], "decline": ["item", "why"], "resume": ["item", "why"],
    "reopen": ["item", "why"], "hold": ["item", "until_ms", "why"], "snooze": ["item", "until_ms", "why"],
    "claim": ["queue", "item"], "done": ["item", "seen"], "transfer": ["item", "queue", "agent", "note"],
    "presence": ["presence", "keep_s", "why"], "waiting": ["queue", "limit"], "aside": ["agent", "limit"],
}


def request(request_id, kind, **values):
    body = b""
    for place, name in enumerate(FIELDS.get(kind, []), 1):
        value = values.pop(name, None)
        if value is not None:
            body += number(place, value % 2**64) if isinstance(value, int) else text(place, value)
    assert not values, values
    return text(REQUEST, number(1, request_id) + text(KINDS.index(kind) + 2, body))


def named(packed, names):
    found = {}
    for field, value in fields(packed):
        found[names[field - 1]] = value.decode() if isinstance(value, bytes) else value
    return found


class Client:
    def __init__(self, context, endpoint, server_key, pair, routing_id=None):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_serverkey = server_key
        self.socket.curve_publickey, self.socket.curve_secretkey = pair
        if routing_id:
            self.socket.routing_id = routing_id
        self.socket.connect(endpoint)
        self.last, self.notices = 0, queue.Queue()

    def send(self, *frames):
        self.socket.send_multipart(frames)

    def receive(self, timeout=PATIENCE):
        """('answer'|'notice', fields); None when nothing came."""
        if not self.socket.poll(int(timeout * 1000)):
            return None
        (frame,) = self.socket.recv_multipart()
        ((kind, packed),) = fields(frame)
        if kind == ANSWER:
            return "answer", {"code": "", "item": "", **named(packed, ["id", "status", "code", "detail", "json", "item", "agent"])}
        assert kind == NOTICE
        return "notice", named(packed, ["event", "cursor", "json", "item"])

    def ask(self, kind, **values):
        """The answer; notices that come meanwhile are kept."""
        self.last += 1
        self.send(request(self.last, kind, **values))
        while True:
            came = self.receive()
            assert came, f"no answer to {kind}"
            if came[0] == "answer":
                assert came[1]["id"] == self.last
                return came[1]
            self.notices.put(came[1])

    def get(self, kind, **values):
        answer = self.ask(kind, **values)
        assert answer["status"] == 200, answer
        return json.loads(answer["json"])

    def wait(self, event, **values):
        while True:
            notice = self.notices.get() if not self.notices.empty() else None
            if notice is None:
                came = self.receive()
                assert came and came[0] == "notice", f"no {event}: {came}"
                notice = came[1]
            data = json.loads(notice["json"])
            if notice["event"] == event and all(data.get(k) == v for k, v in values.items()):
                return data

    def close(self):
        self.socket.close()


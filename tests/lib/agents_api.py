# SPDX-License-Identifier: Apache-2.0
"""An agent's client of the API: requests, event streams that are read in the background, raw bytes."""
import http.client
import itertools
import json
import queue
import socket
import threading
import urllib.parse

import pytest

from desk import PATIENCE, Desk, wait_for


class Stream:
    """GET /v1/events: the events that came, in order. `first`: read so many and then no more."""

    def __init__(self, api, last=None, headers=None, receive_buffer=None):
        self.events, self.comments, self.ended = [], 0, threading.Event()
        self.arrived = queue.Queue()
        self.paused = threading.Event()
        self.paused.set()
        self.socket = api.connect(receive_buffer)
        lines = ["GET /v1/events HTTP/1.1", "Host: desk", f"Authorization: Bearer {api.token}", "Accept: text/event-stream"]
        if last is not None:
            lines.append(f"Last-Event-ID: {last}")
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        self.response = http.client.HTTPResponse(self.socket)
        self.response.begin()
        self.status = self.response.status
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            while True:
                self.paused.wait()
                line = self.response.readline()
                if not line:
                    break
                line = line.decode().rstrip("\n")
                if line.startswith(":"):
                    self.comments += 1
                elif line:
                    name, _, value = line.partition(": ")
                    event[name] = value
                elif event:
                    if "data" in event:
                        self.take({"id": event.get("id"), "event": event["event"], **json.loads(event["data"])})
                    event = {}
        except (OSError, http.client.HTTPException, ValueError):
            pass
        self.ended.set()

    def take(self, event):
        self.events.append(event)
        self.arrived.put(event)

    def wait(self, name, **fields):
        """The next event of that name with these fields; what comes before it is passed over."""
        while True:
            try:
                event = self.arrived.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {name} {fields}; came: {self.events}") from None
            if event["event"] == name and all(event.get(k) == v for k, v in fields.items()):
                return event

    def last_id(self):
        return [e["id"] for e in self.events if e["id"]][-1]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(PATIENCE)


class Api:
    def __init__(self, address, token):
        self.address = urllib.parse.urlsplit(address if "//" in address else f"http://{address}")
        self.token = token

    def connect(self, receive_buffer=None):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(PATIENCE)
        s.connect((self.address.hostname, self.address.port))
        return s

    def ask_raw(self, method, path, body=None, headers=None):
        """(status, headers, bytes)."""
        c = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=PATIENCE)
        h = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            c.request(method, path, body, {**h, **(headers or {})})
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()
        finally:
            c.close()

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, JSON)."""
        h = {} if body is None else {"Content-Type": "application/json"}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        status, answered, raw = self.ask_raw(method, path, body, {**h, **(headers or {})})
        return status, answered, json.loads(raw) if raw and "json" in answered.get("Content-Type", "") else None

    def get(self, path):
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return body

    def do(self, path, expect=200, method="POST", **body):
        status, _, answer = self.ask(method, path, body)
        assert status == expect, (path, body, status, answer)
        return answer

    def ready(self, presence="ready", **more):
        return self.do("/v1/me/presence", method="PUT", presence=presence, **more)

    def act(self, item, verb, expect=200, **body):
        return self.do(f"/v1/items/{item}/{verb}", expect, **body)

    def item(self, item):
        return self.get(f"/v1/items/{item}")

    def events(self, **kw):
        stream = Stream(self, **kw)
        assert stream.status == 200
        return stream

    def wait_offer(self):
        """The id of what is offered to this agent."""
        return wait_for(lambda: self.get("/v1/offers?wait=5")["data"], "an offer")[0]["item"]


CONFIG = """
inbox: {rate: 0, keep: 3s, heartbeat: 1s, streams: 12, stream_size: 16KiB, deadline: 3s, origins: ["https://crm.example.com"]}
channels:
  - {name: mail, kind: email, addresses: ["*"]}
  - {name: hook, kind: webhook, provider: generic, secret_files: ["secrets/hook.secret"]}
"""
DEFINITION = """
queues:
  - {name: support, answer_within: 4h, offer: {within: 20s}}
  - {name: billing, answer_within: 4h, wrap_up: 20m}
agents:
  - {name: ana, queues: [support], skills: {zh: 5}, capacity: 4}
  - {name: bo, queues: [support, billing], capacity: 4}
  - {name: cy, queues: [billing], capacity: 1}
rules:
  - {name: money, when: {words: [invoice]}, then: {queue: billing}}
default: {queue: support}
"""


def token(desk, agent, *options):
    return desk.run("token", "new", agent, *options).stdout.decode().strip()


def client(desk, agent, *options):
    return Api(desk.endpoints["inbox"], token(desk, agent, *options))


def open_desk(desk, folder):
    """Up, with DEFINITION in force everywhere."""
    desk.up()
    (folder / "desk.yaml").write_text(DEFINITION)
    desk.run("desk", "apply", str(folder / "desk.yaml"))
    boss = client(desk, "boss", "--supervisor")
    wait_for(lambda: {a["name"] for a in boss.get("/v1/agents")["data"]} == {"ana", "bo", "cy"}, "the desk definition")
    probe = client(desk, "probe-cy")
    wait_for(lambda: probe.ask("GET", "/v1/queues/billing/items")[0] == 200, "the inbox to know it")


def well(desk):
    return "ERROR: AddressSanitizer" not in desk.log_text() and "runtime error" not in desk.log_text()


def clear(team):
    """Nobody is there, has or is offered anything; nothing waits."""
    boss = team["boss"]
    for name in ("ana", "bo", "cy"):
        team[name].ready("offline")
    for queue_name in ("support", "billing"):
        for row in boss.get(f"/v1/queues/{queue_name}/items?limit=500")["data"]:
            boss.act(row["item"], "done")
    for agent in boss.get("/v1/agents")["data"]:
        for item in agent["items"]:
            for _ in range(2):  # wrapping, then done
                boss.act(item, "done")


def new_team(desk):
    return {**{name: client(desk, name) for name in ("ana", "bo", "cy")}, "boss": client(desk, "boss", "--supervisor")}


phones = itertools.count(5550000)  # each customer another one: a message of the same one joins their item


def write(desk, text="Where is my order?", phone=None):
    """A customer's message; the id of its work item once it is there."""
    phone = phone or f"+1415{next(phones):07}"
    status, _, body = desk.hook({"type": "message", "from": phone, "text": text})
    assert status == 200, body
    event = json.loads(body)["id"]

    def routed():
        shown = desk.run("event", event, check=False)
        return shown.returncode == 0 and json.loads(shown.stdout)["data"].get("work_item")
    return wait_for(routed, "the event in the journal")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agents_api")
    with Desk(folder, CONFIG) as d:
        open_desk(d, folder)
        yield d
        assert well(d)


@pytest.fixture
def team(desk):
    """ana, bo, cy, boss: clients; nobody has or is offered anything, nothing waits."""
    made = new_team(desk)
    yield made
    clear(made)

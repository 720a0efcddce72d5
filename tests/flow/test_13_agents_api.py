# SPDX-License-Identifier: Apache-2.0
"""Agents' queues served over HTTP, without our inbox: a whole shift, and what strangers and slow readers try."""
import json
import os
import re
import secrets
import signal
import socket
import threading
import time
import urllib.parse

import pytest
import yaml
from agents_api import Api, Stream
from desk import ROOT, Desk, wait_for

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


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agents_api")
    with Desk(folder, CONFIG) as d:
        d.up()
        (folder / "desk.yaml").write_text(DEFINITION)
        d.run("desk", "apply", str(folder / "desk.yaml"))
        boss = client(d, "boss", "--supervisor")
        wait_for(lambda: {a["name"] for a in boss.get("/v1/agents")["data"]} == {"ana", "bo", "cy"}, "the desk definition")
        wait_for(lambda: Api(boss.address.geturl(), token(d, "probe-cy")).ask("GET", "/v1/queues/billing/items")[0] == 200,
                 "the inbox to know it")
        yield d
        assert "ERROR: AddressSanitizer" not in d.log_text() and "runtime error" not in d.log_text()


def token(desk, agent, *options):
    return desk.run("token", "new", agent, *options).stdout.decode().strip()


def client(desk, agent, *options):
    return Api(desk.endpoints["inbox"], token(desk, agent, *options))


@pytest.fixture
def team(desk):
    """ana, bo, cy, boss: clients; nobody has or is offered anything, nothing waits."""
    made = {name: client(desk, name) for name in ("ana", "bo", "cy")}
    made["boss"] = client(desk, "boss", "--supervisor")
    yield made
    for name in ("ana", "bo", "cy"):
        made[name].ready("offline")
    for queue in ("support", "billing"):
        for row in made["boss"].get(f"/v1/queues/{queue}/items?limit=500")["data"]:
            made["boss"].act(row["item"], "done")
    for agent in made["boss"].get("/v1/agents")["data"]:
        for item in agent["items"]:
            for _ in range(2):  # wrapping, then done
                made["boss"].act(item, "done")


def write(desk, text="Where is my order?"):
    """A customer's message; the id of its work item once it is there."""
    phone = f"+1415555{secrets.randbelow(10000):04}"
    status, _, body = desk.hook({"type": "message", "from": phone, "text": text})
    assert status == 200, body
    event = json.loads(body)["id"]

    def routed():
        shown = desk.run("event", event, check=False)
        return shown.returncode == 0 and json.loads(shown.stdout)["data"].get("work_item")
    return wait_for(routed, "the event in the journal")


# ---- a shift

def test_a_shift(desk, team):
    ana, stream = team["ana"], team["ana"].events()
    hello = stream.wait("hello")
    assert hello["agent"] == "ana" and hello["resumed"] is False
    assert ana.ready() == {"presence": "ready", "already": False}
    assert ana.ready()["already"] is True
    stream.wait("presence", agent="ana", presence="ready")
    item = write(desk)
    offer = stream.wait("offer", item=item)
    assert offer["agents"] == ["ana"] and offer["queue"] == "support" and offer["until"] > offer["at"]
    assert ana.get("/v1/offers")["data"][0]["item"] == item
    me = ana.get("/v1/me")
    assert (me["agent"], me["presence"], me["used"], me["units"]) == ("ana", "ready", 1, 4)
    assert [(i["item"], i["state"]) for i in me["items"]] == [(item, "offered")]
    assert ana.act(item, "accept") == {"item": item, "already": False}
    assert ana.act(item, "accept")["item"] == item, "a lost answer is asked for again"
    stream.wait("claim", item=item, how="accepted")
    shown = ana.item(item)
    assert shown["state"] == "active" and shown["agent"] == "ana" and shown["messages"] == 1
    assert shown["event"]["text"] == "Where is my order?" and shown["context"]["state"] in ("present", "absent")
    why = ana.get(f"/v1/items/{item}/why")
    assert why["words"].startswith("offered to ana") and why["record"]["agents"][0]["agent"] == "ana"
    assert ana.act(item, "done", seen=1)["already"] is False
    stream.wait("done", item=item)
    assert ana.act(item, "done")["already"] is True
    assert ana.item(item)["state"] == "done"
    stream.close()


def test_every_move(desk, team):
    ana, bo, boss = team["ana"], team["bo"], team["boss"]
    ana.ready()
    first = write(desk)
    item = ana.wait_offer()
    assert item == first
    ana.act(item, "decline", why="not now")
    assert ana.get("/v1/offers")["data"] == []
    assert boss.get(f"/v1/items/{item}/why")["state"] == "waiting"
    assert ana.do("/v1/items/claim", item=item)["item"] == item
    later = "2036-01-01T00:00:00Z"
    assert ana.act(item, "hold", until=later, why="asked for the number")["already"] is False
    assert ana.item(item)["state"] == "on_hold"
    ana.act(item, "resume")
    ana.act(item, "snooze", until=later)
    assert ana.item(item)["until"] == "2036-01-01T00:00:00.000Z"
    ana.act(item, "resume")
    stream = bo.events()
    stream.wait("hello")
    bo.ready()
    ana.act(item, "transfer", agent="bo", note="speaks with\nthe warehouse")
    requeue = stream.wait("requeue", item=item, to="bo")
    assert requeue["by"] == "ana" and requeue["note"] == "speaks with\nthe warehouse"
    stream.wait("offer", item=item)
    assert bo.item(item)["note"] == "speaks with\nthe warehouse"
    bo.act(item, "accept")
    assert boss.act(item, "take-over")["agent"] == "boss"
    stream.wait("claim", item=item, how="taken")
    boss.act(item, "transfer", queue="billing")
    assert boss.item(item)["queue"] == "billing"
    wait_for(lambda: boss.item(item)["state"] == "offered", "an offer in the other queue")
    bo.act(item, "accept")
    bo.act(item, "done")
    assert bo.item(item)["state"] == "wrapping"
    bo.act(item, "done")
    assert bo.item(item)["state"] == "done"
    bo.act(item, "reopen", why="the customer called")
    assert bo.item(item)["state"] in ("waiting", "offered")
    stream.close()


def test_pull(desk, team):
    cy = team["cy"]
    assert cy.do("/v1/items/claim") == {"item": None}
    first, second = write(desk, "my invoice one"), write(desk, "my invoice two")
    assert [r["item"] for r in cy.get("/v1/queues/billing/items")["data"]] == [first, second]
    assert cy.do("/v1/items/claim", queue="billing") == {"item": first, "agent": "cy", "already": False}
    assert cy.do("/v1/items/claim", expect=409)["code"] == "full"
    assert cy.do("/v1/items/claim", item=first)["item"] == first, "a repeat with the item is answered as the first"
    assert cy.do("/v1/items/claim", item="w0000000000000000", expect=404)["code"] == "not-found"
    queue = {q["name"]: q for q in cy.get("/v1/queues")["data"]}["billing"]
    assert queue["waiting"] == 1 and queue["open"] is True


def test_what_cannot_be(desk, team):
    ana, bo = team["ana"], team["bo"]
    item = write(desk)
    assert ana.act(item, "accept", 409)["code"] == "not-offered"
    assert ana.act(item, "decline", 409)["code"] == "not-offered"
    assert ana.do("/v1/items/claim", item=item)["item"] == item
    assert bo.do("/v1/items/claim", item=item, expect=409) == {
        "type": "urn:deskbell:problem:taken", "title": "Another agent has it.", "status": 409, "code": "taken", "agent": "ana"}
    assert ana.act(item, "reopen", 409) | {"state": "active"} == ana.act(item, "reopen", 409)
    assert ana.act(item, "transfer", 422, queue="nowhere")["detail"] == "There is no such queue."
    assert ana.act(item, "transfer", 422, agent="nobody")["code"] == "unknown"
    assert ana.act(item, "done", 409, seen=0)["code"] == "news"
    ana.act(item, "done", seen=1)
    assert ana.act(item, "hold", 409)["code"] == "illegal"


# ---- who is let in

def test_no_token_no_service(desk):
    known = token(desk, "guest")
    for value in (None, "", "Bearer", "Bearer ", "Bearer x", f"Basic {known}", known, f"Bearer {known}x",
                  f"Bearer {known[:-1]}", f"Bearer {known[:-1]}{'0' if known[-1] != '0' else '1'}"):
        api = Api(desk.endpoints["inbox"], None)
        for method, path in (("GET", "/v1/me"), ("POST", "/v1/items/claim"), ("GET", "/v1/events"), ("GET", "/nowhere")):
            status, headers, body = api.ask(method, path, headers={"Authorization": value} if value is not None else {})
            if status == 429:  # guessing has its limit
                assert int(headers["Retry-After"]) >= 1
                continue
            assert status == 401 and body["code"] == "signed-out" and headers["WWW-Authenticate"].startswith("Bearer")
    assert Api(desk.endpoints["inbox"], None).ask("GET", f"/v1/me?access_token={known}")[0] in (401, 429)
    assert Api(desk.endpoints["inbox"], known).get("/v1/me")["agent"] == "guest", "who has one is not kept out by those who guess"
    assert known not in desk.log_text()


def test_revoked_at_once(desk):
    api = client(desk, "temp")
    rows = [t for t in desk.json("token", "ls") if t["agent"] == "temp"]
    stream = api.events()
    stream.wait("hello")
    assert desk.json("token", "revoke", rows[0]["id"]) == {"revoked": 1}
    assert api.ask("GET", "/v1/me")[0] in (401, 429)
    assert stream.wait("reset")["reason"] == "signed-out"
    assert stream.ended.wait(30)


def test_a_file_others_may_read_lets_nobody_in(desk):
    api, path = client(desk, "temp2"), desk.dir / "secrets" / "agents.tokens"
    api.get("/v1/me")
    path.chmod(0o644)
    try:
        assert api.ask("GET", "/v1/me")[0] in (401, 429)
        wait_for(lambda: "chmod 600" in desk.post(f"http://{desk.endpoints['inbox-health']}/health", None, {}, "GET")[2].decode(),
                 "the health to say it")
        assert desk.run("token", "new", "temp2", check=False).returncode == 1
    finally:
        path.chmod(0o600)
    api.get("/v1/me")


def test_tokens_on_the_command_line(desk):
    made = desk.json("token", "new", "dora", "--supervisor")
    assert made["agent"] == "dora" and made["role"] == "supervisor" and made["token"].startswith("dbk_")
    listed = [t for t in desk.json("token", "ls") if t["agent"] == "dora"]
    assert listed == [{"id": made["id"], "agent": "dora", "role": "supervisor"}]
    text = (desk.dir / "secrets" / "agents.tokens").read_text()
    assert made["token"] not in text and (desk.dir / "secrets" / "agents.tokens").stat().st_mode & 0o777 == 0o600
    desk.run("token", "new", "dora")
    assert desk.json("token", "revoke", "dora") == {"revoked": 2}
    assert desk.run("token", "revoke", "dora", check=False).returncode == 1
    assert desk.run("token", "new", "Dora", check=False).returncode == 2
    with open(desk.dir / "secrets" / "agents.tokens", "a", encoding="ascii") as f:
        f.write("this is nonsense\n")
    done = desk.run("token", "ls")
    assert b"make no sense" in done.stderr
    kept = [line for line in (desk.dir / "secrets" / "agents.tokens").read_text().splitlines() if line != "this is nonsense"]
    (desk.dir / "secrets" / "agents.tokens").write_text("\n".join(kept) + "\n")


def test_made_at_the_same_time(desk):
    made = []

    def make(n):
        made.append(token(desk, f"twin-{n}"))
    threads = [threading.Thread(target=make, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(Api(desk.endpoints["inbox"], t).get("/v1/me")["agent"].startswith("twin-") for t in made)


# ---- others' work

def test_others_items(desk, team):
    ana, bo, cy, boss = (team[n] for n in ("ana", "bo", "cy", "boss"))
    item = write(desk)
    assert cy.ask("GET", f"/v1/items/{item}")[0] == 403, "not of cy's queues"
    assert cy.ask("GET", f"/v1/items/{item}/why")[0] == 403
    assert cy.ask("GET", "/v1/queues/support/items")[0] == 403
    assert cy.do("/v1/items/claim", item=item, expect=409)["code"] == "unfit"
    assert cy.act(item, "done", 403)["code"] == "not-yours"
    assert cy.act(item, "transfer", 403, queue="billing")["code"] == "not-yours"
    ana.do("/v1/items/claim", item=item)
    for verb, body in (("done", {}), ("hold", {}), ("snooze", {"until": "2036-01-01T00:00:00Z"}), ("resume", {}),
                       ("transfer", {"queue": "billing"}), ("reopen", {})):
        assert bo.act(item, verb, 403, **body)["code"] == "not-yours"
    assert bo.act(item, "take-over", 403)["code"] == "forbidden"
    assert bo.do("/v1/items/claim", agent="ana", expect=403)["code"] == "forbidden"
    assert bo.ask("GET", "/v1/agents")[0] == 403
    assert ana.item(item)["agent"] == "ana" and ana.item(item)["state"] == "active"
    boss.act(item, "hold", why="by hand")
    assert ana.item(item)["state"] == "on_hold" and ana.item(item)["agent"] == "ana"


def test_one_of_two_wins(desk, team):
    agents = [team["ana"], team["bo"]]
    for _ in range(5):
        item, answers = write(desk), []
        barrier = threading.Barrier(8)

        def claim(api):
            barrier.wait()
            answers.append((api.ask("POST", "/v1/items/claim", {"item": item}), api))
        threads = [threading.Thread(target=claim, args=(agents[n % 2],)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        winners = {id(api) for (status, _, _), api in answers if status == 200}
        assert len(winners) == 1
        boss = team["boss"]
        boss.act(item, "done")


# ---- news

def test_goes_on_where_it_was(desk, team):
    boss, ana = team["boss"], team["ana"]
    stream = boss.events()
    start = stream.wait("hello")["id"]
    items = [write(desk) for _ in range(3)]
    for item in items:
        ana.do("/v1/items/claim", item=item)
        ana.act(item, "done")
    for item in items:
        stream.wait("done", item=item)
    seen = [(e["id"], e["event"]) for e in stream.events[1:]]
    middle = seen[len(seen) // 2][0]
    stream.close()
    again = boss.events(last=start)
    assert again.wait("hello")["resumed"] is True
    again.wait("done", item=items[-1])
    assert [(e["id"], e["event"]) for e in again.events[1:]] == seen
    again.close()
    rest = boss.events(last=middle)
    rest.wait("done", item=items[-1])
    assert [(e["id"], e["event"]) for e in rest.events[1:]] == seen[len(seen) // 2 + 1:]
    rest.close()


def test_no_gap_while_it_catches_up(desk, team):
    """Streams that come with an old position while much happens hear all of it once, in order."""
    boss, ana = team["boss"], team["ana"]
    first = boss.events()
    start = first.wait("hello")["id"]
    stop, count = threading.Event(), [0]

    def churn():
        while not stop.is_set() and count[0] < 400:
            ana.ready("busy" if count[0] % 2 else "away")
            count[0] += 1
    worker = threading.Thread(target=churn)
    worker.start()
    late = []
    for _ in range(6):
        wait_for(lambda: count[0] >= 30 * (len(late) + 1) or stop.is_set(), "some news")
        late.append(boss.events(last=start))
    worker.join()
    stop.set()
    ana.ready("break", why="the last")
    for stream in [first, *late]:
        stream.wait("presence", presence="break", why="the last")
    want = [e["id"] for e in first.events if e["event"] != "hello"]
    assert len(want) > 300
    for stream in late:
        assert [e["id"] for e in stream.events if e["event"] != "hello"] == want
        stream.close()
    first.close()


def test_unknown_position(desk, team):
    for last in ("1-1", "nonsense", "99999999999999-0"):
        stream = team["ana"].events(last=last)
        assert stream.wait("reset")["reason"] == "unknown-position"
        team["ana"].ready("busy" if last == "nonsense" else "away")
        stream.wait("presence", agent="ana")
        stream.close()


def test_only_what_concerns_them(desk, team):
    ana, bo = team["ana"].events(), team["bo"].events()
    ana.wait("hello")
    bo.wait("hello")
    team["ana"].ready("busy")
    team["bo"].ready("busy")
    ana.wait("presence", agent="ana", presence="busy")
    bo.wait("presence", agent="bo", presence="busy")
    assert all(e.get("agent") in (None, "ana") for e in ana.events)
    assert all(e.get("agent") in (None, "bo") for e in bo.events)
    ana.close()
    bo.close()


def test_alive(desk, team):
    stream = team["ana"].events()
    wait_for(lambda: stream.comments >= 2, "heartbeats")
    stream.close()


def test_a_slow_reader_is_told_and_closed(desk, team):
    """Others hear everything meanwhile."""
    boss, ana = team["boss"], team["ana"]
    good = boss.events()
    good.wait("hello")
    slow = Stream(boss, receive_buffer=2048)
    slow.paused.clear()
    before = desk.metrics("inbox")["deskbell_inbox_slow_total"]

    def noise():
        for n in range(50):
            ana.ready("busy" if n % 2 else "away", why="x" * 480)
        return desk.metrics("inbox")["deskbell_inbox_slow_total"] > before
    wait_for(noise, "the slow one to be given up", step=0)
    slow.paused.set()
    assert slow.ended.wait(30)
    ids = [e["id"] for e in slow.events if e["event"] == "presence"]
    assert ids == [e["id"] for e in good.events if e["event"] == "presence"][:len(ids)]
    ana.ready("busy")
    ana.ready("break", why="still here")
    good.wait("presence", presence="break", why="still here")
    good.close()


def test_too_many_streams(desk, team):
    ana, bo = team["ana"], team["bo"]
    streams = [ana.events() for _ in range(12)]
    status, headers, body = ana.ask("GET", "/v1/events")
    assert status == 429 and body["code"] == "too-many-streams" and int(headers["Retry-After"]) >= 1
    assert ana.ask("GET", "/v1/offers?wait=10")[0] == 429
    assert ana.ask("GET", "/v1/me")[0] == 200
    bo.events().close()
    for stream in streams:
        stream.close()
    wait_for(lambda: ana.ask("GET", "/v1/offers?wait=0")[0] == 200, "room again")


def test_waiting_for_an_offer(desk, team):
    ana, found = team["ana"], []
    ana.ready()
    assert ana.get("/v1/offers?wait=0")["data"] == []
    began = time.monotonic()
    assert ana.get("/v1/offers?wait=1")["data"] == []
    assert 0.9 < time.monotonic() - began < 10
    waiter = threading.Thread(target=lambda: found.append(ana.get("/v1/offers?wait=50")))
    waiter.start()
    wait_for(lambda: desk.metrics("inbox")["deskbell_inbox_connections"] >= 1, "the waiting request")
    item = write(desk)
    waiter.join(30)
    assert [o["item"] for o in found[0]["data"]] == [item]
    assert ana.get("/v1/offers?wait=50")["data"][0]["item"] == item, "at once"
    began = time.monotonic()
    assert ana.get(f"/v1/offers?wait=1&known={item}")["data"] == []
    assert time.monotonic() - began > 0.9, "what is known is not waited for"
    second = write(desk)
    assert {o["item"] for o in ana.get(f"/v1/offers?wait=50&known={item}")["data"]} == {item, second}


# ---- a connection is the lease

def presence(team, agent):
    return {a["name"]: a["presence"] for a in team["boss"].get("/v1/agents")["data"]}[agent]


def test_the_lease(desk, team):
    ana = team["ana"]
    stream = ana.events()
    watching = team["boss"].events()
    watching.wait("hello")
    ana.ready()
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began > 7, "twice the time of keep")
    assert presence(team, "ana") == "ready"
    stream.close()
    assert watching.wait("presence", agent="ana", presence="offline")["was"] == "ready"
    watching.close()


def test_an_agent_who_disappears_loses_the_offer(desk, team):
    ana, boss = team["ana"], team["boss"]
    stream, watching = ana.events(), team["boss"].events()
    watching.wait("hello")
    ana.ready()
    item = write(desk)
    stream.wait("offer", item=item)
    stream.close()
    watching.wait("offer_end", item=item, how="gone")
    assert boss.item(item)["state"] == "waiting"
    watching.close()


# ---- strangers' bytes

def raw(api, text, shut=False):
    s = api.connect()
    s.sendall(text if isinstance(text, bytes) else text.encode())
    if shut:
        s.shutdown(socket.SHUT_WR)
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except (ConnectionResetError, TimeoutError):
        pass
    s.close()
    return data.decode(errors="replace")


def head(api, method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: desk", f"Authorization: Bearer {api.token}", *lines, "", ""])


def test_bodies(desk, team):
    ana = team["ana"]
    assert ana.ask("POST", "/v1/items/claim", b"x" * 17000)[0] == 413
    assert ana.ask("POST", "/v1/items/claim", '{"note":"' + "x" * 16000 + '"}')[0] == 200
    status, _, body = ana.ask("POST", "/v1/items/claim", "{")
    assert status == 400 and body["code"] == "malformed"
    status, _, body = ana.ask("POST", "/v1/items/claim", "{}", {"Content-Type": "text/plain"})
    assert status == 415
    status, _, body = ana.ask("PUT", "/v1/me/presence", {"presence": "asleep"})
    assert status == 422 and body["errors"][0]["field"] == "presence"
    status, headers, _ = ana.ask("DELETE", "/v1/me")
    assert status == 405 and headers["Allow"] == "GET"
    assert ana.ask("GET", "/v1/nothing")[0] == 404
    assert "413" in raw(ana, head(ana, "POST", "/v1/items/claim", "Content-Length: 99999999999999")).splitlines()[0]
    assert " 400 " in raw(ana, head(ana, "POST", "/v1/items/claim", "Content-Length: 2", "Transfer-Encoding: chunked") + "{}").splitlines()[0]
    assert "431" in raw(ana, head(ana, "GET", "/v1/me", "X: " + "x" * 33000)).splitlines()[0]
    deep = "[" * 15000
    assert ana.ask("POST", "/v1/items/claim", deep)[0] == 400


def test_pipelining(desk, team):
    ana = team["ana"]
    one = head(ana, "GET", "/v1/me")
    answers = raw(ana, one * 20 + head(ana, "GET", "/v1/queues", "Connection: close"))
    assert answers.count("HTTP/1.1 200") == 21 and answers.count('"agent":"ana"') == 20
    assert answers.rstrip().endswith("}")


def test_gone_in_the_middle(desk, team):
    """Whoever sends an accept and hangs up has it, or may accept it again; never half."""
    ana = team["ana"]
    ana.ready()
    for n in range(10):
        item = write(desk)
        assert ana.wait_offer() == item
        s = ana.connect()
        s.sendall((head(ana, "POST", f"/v1/items/{item}/accept", "Content-Length: 0")).encode())
        if n % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        s.close()
        if n % 2 == 0:  # after a reset the kernel throws away what was not read yet
            wait_for(lambda: ana.item(item)["state"] == "active", "the accept")
        ana.act(item, "accept")
        ana.act(item, "done")


def test_half_closed(desk, team):
    ana = team["ana"]
    answer = raw(ana, head(ana, "GET", "/v1/offers?wait=60", "Connection: close"), shut=True)
    assert answer.startswith("HTTP/1.1 200") and '"data":[]' in answer


def test_pages_of_other_origins(desk, team):
    ana = team["ana"]
    status, headers, _ = ana.ask("GET", "/v1/me", headers={"Origin": "https://crm.example.com"})
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://crm.example.com" and headers["Vary"] == "Origin"
    _, headers, _ = ana.ask("GET", "/v1/me", headers={"Origin": "https://evil.example.com"})
    assert "Access-Control-Allow-Origin" not in headers
    nobody = Api(desk.endpoints["inbox"], None)
    status, headers, _ = nobody.ask("OPTIONS", "/v1/items/claim", headers={"Origin": "https://crm.example.com",
                                                                         "Access-Control-Request-Method": "POST"})
    assert status == 204 and "Authorization" in headers["Access-Control-Allow-Headers"]
    assert nobody.ask("OPTIONS", "/v1/items/claim", headers={"Origin": "https://evil.example.com"})[0] == 405
    stream = ana.events(headers={"Origin": "https://crm.example.com"})
    assert stream.response.getheader("Access-Control-Allow-Origin") == "https://crm.example.com"
    stream.close()


# ---- the document

def verbs():
    text = re.sub(r"\n[ \t]+", " ", (ROOT / "services/inbox/verbs.def").read_text())
    return re.findall(r'^VERB\((\w+), "(\w+)", "([^"]+)", (\w+),', text, re.M)


def openapi():
    return yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())


def operations():
    for path, item in openapi()["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete"):
                yield path, method, operation, item.get("parameters", []) + operation.get("parameters", [])


def resolve(thing):
    while "$ref" in thing:
        found = openapi()
        for part in thing["$ref"].lstrip("#/").split("/"):
            found = found[part]
        thing = found
    return thing


def test_the_document_has_every_route():
    assert {(m.upper(), p) for p, m, _, _ in operations()} == {(method, path) for _, method, path, _ in verbs()}
    assert {o["operationId"].replace("-", "_").upper() for _, _, o, _ in operations()} == {name for name, _, _, _ in verbs()}


def test_the_document_has_every_code():
    text = (ROOT / "services/inbox/outcomes.def").read_text()
    rows = re.findall(r'(?:OUTCOME\(|OUTCOME_OF\(\w+, |PROBLEM\(\w+, )(?:"\w+", )?(\d+), "([\w-]+)"', text)
    codes = {code for status, code in rows if int(status) >= 400}
    assert set(openapi()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == codes


def test_the_documents_fields_are_the_tables():
    text = re.sub(r"\n[ \t]+", " ", (ROOT / "services/inbox/verbs.def").read_text())
    names = dict(re.findall(r'^FIELD\((\w+), "(\w+)"', text, re.M))
    takes = {(m, p): {names[f] for f in re.findall(r"TAKES\((\w+)\)", rest)}
             for _, m, p, _, rest in re.findall(r'^VERB\((\w+), "(\w+)", "([^"]+)", (\w+),(.*)$', text, re.M)}
    for path, method, operation, parameters in operations():
        said = {p["name"] for p in map(resolve, parameters) if p["in"] == "query"}
        if "requestBody" in operation:
            said |= set(resolve(resolve(operation["requestBody"])["content"]["application/json"]["schema"])["properties"])
        assert said == takes[(method.upper(), path)], (method, path)


def test_every_example_is_a_good_request(desk, team):
    """Sent as they stand, the examples are never refused for their form."""
    boss = team["boss"]
    for path, method, operation, parameters in operations():
        query = {}
        for p in map(resolve, parameters):
            if p["in"] == "path":
                path = path.replace("{%s}" % p["name"], str(p["example"]))
            elif p["in"] == "query" and p["name"] != "wait":
                query[p["name"]] = p["example"]
        if operation["operationId"] == "events":
            continue
        body = None
        if "requestBody" in operation:
            body = resolve(operation["requestBody"])["content"]["application/json"]["example"]
        status, _, answer = boss.ask(method.upper(), path + ("?" + urllib.parse.urlencode(query) if query else ""), body)
        assert status in (200, 404, 409), (path, status, answer)


# ---- when something dies: last, because it disturbs

def test_redis_away(desk, team):
    ana, boss = team["ana"], team["boss"]
    stream = boss.events()
    stream.wait("hello")
    item = write(desk)
    ana.do("/v1/items/claim", item=item)
    stream.wait("claim", item=item)
    pid = desk.pids()["redis"]
    os.kill(pid, signal.SIGSTOP)
    try:
        asked = []
        worker = threading.Thread(target=lambda: asked.append(ana.ask("POST", f"/v1/items/{item}/done", {})))
        worker.start()
        worker.join(40)
        status, headers, body = asked[0]
        assert status == 503 and body["code"] in ("unavailable", "unknown-outcome") and int(headers["Retry-After"]) >= 1
    finally:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: ana.ask("GET", "/v1/me")[0] == 200, "Redis again")
    wait_for(lambda: ana.ask("POST", f"/v1/items/{item}/done", {})[0] == 200, "the repeat")
    stream.wait("done", item=item)
    assert sum(e["event"] == "done" and e["item"] == item for e in stream.events) == 1
    stream.close()


def test_it_dies_and_comes_back(desk, team):
    ana = team["ana"]
    stream = ana.events()
    last = stream.wait("hello")["id"]
    desk.kill("inbox")
    assert stream.ended.wait(30)
    wait_for(lambda: answers(ana), "the inbox again, at the same address")
    ana.ready("busy")
    again = ana.events(last=last)
    again.wait("presence", presence="busy")
    again.close()


def answers(api):
    try:
        return api.ask("GET", "/v1/me")[0] == 200
    except OSError:
        return False


def test_it_stops_in_order(desk, team):
    ana, found = team["ana"], []
    stream = ana.events()
    stream.wait("hello")
    waiter = threading.Thread(target=lambda: found.append(ana.ask("GET", "/v1/offers?wait=60")))
    waiter.start()
    wait_for(lambda: desk.metrics("inbox")["deskbell_inbox_connections"] >= 2, "the waiting request")
    desk.kill("inbox", signal.SIGTERM)
    assert stream.wait("reset")["reason"] == "stopping"
    waiter.join(30)
    assert found[0][0] == 200 and found[0][2]["data"] == []
    assert stream.ended.wait(30)
    wait_for(lambda: answers(ana), "the inbox again")

# SPDX-License-Identifier: Apache-2.0
"""News for agents without gaps, whoever is slow or dies; a connection is its agent's lease."""
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import uuid

from agents_api import CONFIG, Api, Stream, clear, desk, new_team, team, write  # noqa: F401
from desk import BIN, wait_for


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
    worker = threading.Thread(daemon=True, target=churn)
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
    waiter = threading.Thread(daemon=True, target=lambda: found.append(ana.get("/v1/offers?wait=50")))
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


def test_more_connections_than_there_may_be(new_desk):
    """Those above the limit are closed at once; those below hear all, and whoever leaves makes room."""
    desk = new_desk(config=CONFIG.replace("streams: 12", "streams: 100, max_connections: 20")).up()
    boss = new_team(desk)["boss"]
    streams = []
    while len(streams) < 20:
        try:
            streams.append(boss.events())
        except (OSError, http.client.HTTPException):
            break
    assert 15 <= len(streams) <= 20

    def refused():
        try:
            Stream(boss).close()
        except (OSError, http.client.HTTPException):
            return True
        return False
    wait_for(refused, "the limit")
    streams.pop().close()
    wait_for(lambda: not refused(), "room again")
    for stream in streams:
        wait_for(lambda: stream.comments, "a sign of life")  # noqa: B023
        stream.close()


def test_any_inbox_goes_on_for_any_other(desk, team, tmp_path):
    """A second one, in a folder of its own, of the same Redis: what the first told last is where the second goes on."""
    folder, read_write = pathlib.Path("/tmp") / f"dbi-{uuid.uuid4().hex[:10]}", os.pipe()
    folder.mkdir(mode=0o700)
    (folder / "secrets").mkdir(mode=0o700)
    shutil.copy(desk.dir / "secrets" / "agents.tokens", folder / "secrets" / "agents.tokens")
    (tmp_path / "deskbell.yaml").write_text(f'redis: {{url: "{desk.endpoints["redis"]}"}}\ninbox: {{rate: 0}}\n')
    other = subprocess.Popen([str(BIN / "inbox"), "--dir", str(folder), "--config", str(tmp_path / "deskbell.yaml")],
                             stderr=subprocess.DEVNULL, env={**os.environ, "DESKBELL_READY_FD": str(read_write[1])},
                             pass_fds=[read_write[1]])
    os.close(read_write[1])
    try:
        with os.fdopen(read_write[0]) as said:
            endpoints = dict(line.split(" ", 2)[1:] for line in said.read().splitlines() if line.startswith("endpoint "))
        ana, there = team["ana"], Api(endpoints["inbox"], team["ana"].token)
        stream = ana.events()
        stream.wait("hello")
        ana.ready("away")
        last = stream.wait("presence", presence="away")["id"]
        stream.close()
        ana.ready("busy")
        again = there.events(last=last)
        again.wait("presence", presence="busy")
        assert [e["event"] for e in again.events] == ["hello", "presence"]
        item = write(desk)
        assert wait_for(lambda: there.ask("POST", "/v1/items/claim", {"item": item})[0] == 200, "the claim")
        again.wait("claim", item=item)
        ana.act(item, "done")
        again.wait("done", item=item)
        again.close()
    finally:
        other.terminate()
        assert other.wait(30) == 0
        shutil.rmtree(folder)


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
        worker = threading.Thread(daemon=True, target=lambda: asked.append(ana.ask("POST", f"/v1/items/{item}/done", {})))
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
    wait_for(lambda: desk.metrics("inbox")["deskbell_inbox_connections"] == 0, "an end of all before")
    stream = ana.events()
    stream.wait("hello")
    waiter = threading.Thread(daemon=True, target=lambda: found.append(ana.ask("GET", "/v1/offers?wait=60")))
    waiter.start()
    wait_for(lambda: desk.metrics("inbox")["deskbell_inbox_connections"] >= 2, "the waiting request")
    desk.kill("inbox", signal.SIGTERM)
    assert stream.wait("reset")["reason"] == "stopping"
    waiter.join(30)
    assert found[0][0] == 200 and found[0][2]["data"] == []
    assert stream.ended.wait(30)
    wait_for(lambda: answers(ana), "the inbox again")

# SPDX-License-Identifier: Apache-2.0
"""Agents' queues served over ZeroMQ: the same verbs as over HTTP, by key."""
import json
import os
import re
import time

import pytest
import zmq
from agents_api import Api, write
from agents_zmq import KINDS, Client, request
from desk import ROOT, Desk, wait_for
from peer import number, text

CONFIG = """
inbox: {rate: 0, keep: 3s, heartbeat: 1s, streams: 3, zmq_listen: "tcp://127.0.0.1:*"}
channels:
  - {name: mail, kind: email, addresses: ["*"]}
  - {name: hook, kind: webhook, provider: generic, secret_files: ["secrets/hook.secret"]}
"""
DEFINITION = """
queues:
  - {name: support, answer_within: 4h, offer: {within: 20s}}
  - {name: billing, answer_within: 4h}
agents:
  - {name: ana, queues: [support], capacity: 4}
  - {name: bo, queues: [support, billing], capacity: 4}
default: {queue: support}
"""


def add_key(desk, agent):
    public, secret = zmq.curve_keypair()
    folder = desk.dir / "keys" / "agents"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{agent}.new").write_bytes(public + b"\n")
    os.rename(folder / f"{agent}.new", folder / f"{agent}.pub")
    return public, secret


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agents_zmq")
    with Desk(folder, CONFIG) as d:
        d.up()
        (folder / "desk.yaml").write_text(DEFINITION)
        d.run("desk", "apply", str(folder / "desk.yaml"))
        d.boss = Api(d.endpoints["inbox"], d.run("token", "new", "boss", "--supervisor").stdout.decode().strip())
        wait_for(lambda: len(d.boss.get("/v1/agents")["data"]) == 2, "the desk definition")
        d.agents = {name: add_key(d, name) for name in ("ana", "bo")}
        yield d
        assert "ERROR: AddressSanitizer" not in d.log_text() and "runtime error" not in d.log_text()


@pytest.fixture
def connect(desk):
    """connect("ana"): a client that is heard."""
    context, made = zmq.Context(), []
    server = (desk.dir / "keys" / "inbox" / "inbox.pub").read_bytes().strip()

    def make(agent, pair=None, server_key=server, **kw):
        client = Client(context, desk.endpoints["inbox-zmq"], server_key, pair or desk.agents[agent], **kw)
        made.append(client)
        return client
    yield make
    for client in made:
        client.close()
    context.destroy(0)


def heard(connect, agent):
    """A client of an agent whose key may be new: tries until it is let in."""
    def once():
        client = connect(agent)
        client.send(request(9, "ping"))
        return client if client.receive(0.5) else client.close()
    return wait_for(once, "the key to count")


def test_the_messages_are_the_verbs():
    """Every kind of request but the two of the connection is a verb, and every field one of ours."""
    proto = (ROOT / "proto/deskbell/v1/agents.proto").read_text()
    kinds = re.findall(r"^    \w+ (\w+) = \d+;", proto.split("message AgentAnswer")[0], re.M)
    assert kinds == KINDS
    verbs = {v.lower() for v in re.findall(r"^VERB\((\w+),", (ROOT / "services/inbox/verbs.def").read_text(), re.M)}
    assert {v for v in verbs - set(kinds) if not v.startswith("desk")} == {"events", "agents", "take_over"}
    assert set(kinds) - verbs == {"subscribe", "ping"}


def test_a_shift(desk, connect):
    ana = heard(connect, "ana")
    assert ana.get("subscribe")["position"]
    assert ana.get("presence", presence="ready")["presence"] == "ready"
    item = write(desk)
    offer = ana.wait("offer", item=item)
    assert offer["agents"] == ["ana"]
    assert [i["state"] for i in ana.get("me")["items"]] == ["offered"]
    assert [i["item"] for i in ana.get("offers")["data"]] == [item]
    assert ana.ask("accept", item=item)["code"] == "ok"
    assert ana.ask("accept", item=item)["status"] == 200
    assert ana.get("item", item=item)["state"] == "active"
    assert ana.get("why", item=item)["words"].startswith("offered to ana")
    later = int(time.time() * 1000) + 3_600_000
    for kind, values in (("hold", {"why": "asked"}), ("resume", {}), ("snooze", {"until_ms": later}), ("resume", {})):
        assert ana.ask(kind, item=item, **values)["status"] == 200
    assert ana.ask("done", item=item, seen=1)["code"] == "ok"
    assert ana.ask("done", item=item)["code"] == "already"
    assert ana.ask("reopen", item=item, why="again")["status"] == 200
    assert ana.ask("transfer", item=item, queue="billing", note="theirs")["status"] == 200
    assert desk.boss.item(item)["queue"] == "billing"
    assert {q["name"] for q in ana.get("queues")["data"]} == {"support", "billing"}
    assert ana.get("waiting", queue="support")["data"] == []
    assert ana.get("aside", limit=10)["data"] == [] and ana.ask("aside", agent="bo")["code"] == "forbidden"
    desk.boss.act(item, "done")


def test_refusals(desk, connect):
    ana, bo = heard(connect, "ana"), heard(connect, "bo")
    ana.get("presence", presence="offline")
    item = write(desk)
    assert bo.ask("claim", item=item) | {"json": ""} == {"id": bo.last, "status": 200, "code": "ok", "detail": "Done.", "json": "",
                                                        "item": item, "agent": "bo"}
    taken = ana.ask("claim", item=item)
    assert (taken["status"], taken["code"], taken["agent"]) == (409, "taken", "bo")
    assert ana.ask("done", item=item)["code"] == "not-yours"
    assert ana.ask("accept", item=item)["code"] == "not-offered"
    assert ana.ask("accept", item="w0000000000000000")["status"] == 404
    assert ana.ask("waiting", queue="billing")["code"] == "forbidden"
    for kind, values in (("accept", {}), ("accept", {"item": "W 1"}), ("presence", {"presence": "asleep"}), ("snooze", {"item": item}),
                         ("snooze", {"item": item, "until_ms": -5}), ("transfer", {"item": item, "note": "\x1f"}),
                         ("waiting", {}), ("waiting", {"queue": "support", "limit": 501}), ("presence", {"presence": "ready", "keep_s": 99999})):
        assert ana.ask(kind, **values)["status"] == 422, kind
    assert ana.ask("claim", queue="billing")["status"] == 200 and ana.ask("claim")["item"] == ""
    bo.ask("done", item=item)


def test_who_is_let_in(desk, connect):
    for client in (connect("x", pair=zmq.curve_keypair()), connect("ana", server_key=zmq.curve_keypair()[0])):
        client.send(request(1, "me"))
        assert client.receive(1) is None
    # a routing id of one's own, by which another's news might be caught
    own = connect("ana", routing_id=b"ana")
    own.send(request(1, "me"))
    assert own.receive(1) is None


def test_frames_that_are_none(desk, connect):
    ana = heard(connect, "ana")
    before = desk.metrics("inbox")["deskbell_inbox_broken_frames_total"]
    for frames in ([b""], [b"\xff" * 100], [request(1, "me"), b"more"], [text(2, b"")], [text(1, b"\xff")], [b"", request(1, "me")]):
        ana.send(*frames)
    wait_for(lambda: desk.metrics("inbox")["deskbell_inbox_broken_frames_total"] >= before + 6, "them to be counted")
    ana.send(text(1, number(1, 77)))
    ana.send(text(1, number(1, 78) + text(999, b"x")))
    assert {ana.receive()[1]["id"], ana.receive()[1]["id"]} == {77, 78}
    assert ana.ask("me")["status"] == 200


def test_pipelined(desk, connect):
    ana = heard(connect, "ana")
    for n in range(1000, 1050):
        ana.send(request(n, "me" if n % 2 else "queues"))
    answers = [ana.receive()[1] for _ in range(50)]
    assert {a["id"] for a in answers} == set(range(1000, 1050)) and {a["status"] for a in answers} == {200}


def test_a_flood_is_bounded(desk, connect):
    """What is too much is refused, or its answer dropped when nobody takes it; the desk is well afterwards."""
    ana, other = heard(connect, "ana"), heard(connect, "bo")
    for n in range(3000):
        ana.send(request(n, "queues"))
    codes = []
    while came := ana.receive(1):
        codes.append(came[1]["code"])
    assert set(codes) <= {"ok", "rate-limited"} and codes.count("ok") >= 64
    assert other.ask("me")["status"] == 200 and ana.ask("me")["status"] == 200


def test_too_large(desk, connect):
    ana = heard(connect, "ana")
    ana.send(request(1, "transfer", item="w1", note="x" * 20000))  # costs the connection; ZeroMQ makes a new one
    assert ana.receive(1) is None
    assert heard(connect, "ana").ask("me")["status"] == 200


def test_subscriptions_end(desk, connect):
    ana, bo = heard(connect, "ana"), heard(connect, "bo")
    ana.get("subscribe")
    ana.get("subscribe")  # the same one
    bo.get("subscribe")
    others = [heard(connect, "ana") for _ in range(2)]
    for other in others:
        other.get("subscribe")
    assert heard(connect, "ana").ask("subscribe")["code"] == "too-many-streams"
    assert ana.get("presence", presence="ready")["presence"] == "ready"
    ana.wait("presence", presence="ready")
    assert bo.receive(0.2) is None, "only what concerns them"
    watching = desk.boss.events()
    watching.wait("hello")
    watching.wait("presence", agent="ana", presence="offline")  # nobody says anything any more
    watching.close()
    assert ana.get("ping")["subscribed"] is False
    assert bo.ask("ping")["status"] == 200


def test_a_key_is_taken_away(desk, connect):
    desk.agents["temp"] = add_key(desk, "temp")
    temp = heard(connect, "temp")
    temp.get("subscribe")
    (desk.dir / "keys" / "agents" / "temp.pub").unlink()
    came = wait_for(lambda: temp.receive(1), "the end of the subscription")
    assert came[1]["event"] == "reset" and json.loads(came[1]["json"]) == {"reason": "signed-out"}
    temp.send(request(1, "me"))
    assert temp.receive(1) is None


def test_a_file_that_is_no_key_concerns_itself_alone(desk, connect):
    """Half written, it is looked at until it is whole; meanwhile others come and go."""
    half = desk.dir / "keys" / "agents" / "half.pub"
    desk.agents["leaves"] = add_key(desk, "leaves")
    leaves = heard(connect, "leaves")
    leaves.get("subscribe")
    half.write_text("")
    wait_for(lambda: desk.health("inbox")[0] == 503, "the health to say so")
    assert "half.pub" in desk.health("inbox")[1]
    (desk.dir / "keys" / "agents" / "leaves.pub").unlink()
    came = wait_for(lambda: leaves.receive(1), "the end of the subscription")
    assert came[1]["event"] == "reset" and json.loads(came[1]["json"]) == {"reason": "signed-out"}
    public, secret = zmq.curve_keypair()
    half.write_bytes(public + b"\n")  # the folder does not change by this
    desk.agents["half"] = public, secret
    assert heard(connect, "half").ask("me")["status"] == 200
    assert desk.health("inbox")[0] == 200
    half.unlink()


def test_a_file_that_is_no_key_keeps_the_inbox_from_nothing(desk, connect):
    bad = desk.dir / "keys" / "agents" / "bad.pub"
    bad.write_text("this is no key\n")
    before = desk.kill("inbox")
    wait_for(lambda: desk.kill("inbox", 0) not in (None, before), "the inbox to be there again")
    assert heard(connect, "ana").ask("me")["status"] == 200
    assert "bad.pub" in desk.health("inbox")[1]
    bad.unlink()
    wait_for(lambda: desk.health("inbox")[0] == 200, "it to be well")


def test_a_name_that_no_agent_can_have_is_not_heard(desk, connect):
    """Cut off it would be the agent of the other key."""
    long = "n" * 33
    desk.agents[long], desk.agents[long[:32]] = add_key(desk, long), add_key(desk, long[:32])
    assert heard(connect, long[:32]).ask("me")["status"] == 200
    stranger = connect(long)
    stranger.send(request(1, "me"))
    assert stranger.receive(1) is None


def test_tokens_change_without_harm_to_keys(desk, connect):
    ana = heard(connect, "ana")
    ana.get("subscribe")
    desk.run("token", "new", "somebody")
    desk.boss.get("/v1/me")
    assert ana.get("ping")["subscribed"] is True


def test_it_dies_and_comes_back(desk, connect):
    ana = heard(connect, "ana")
    ana.get("subscribe")
    desk.kill("inbox")

    def again():
        ana.send(request(5000, "ping"))
        came = ana.receive(1)
        return came and came[0] == "answer" and json.loads(came[1]["json"])
    assert wait_for(again, "the inbox again") == {"subscribed": False}

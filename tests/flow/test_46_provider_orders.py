# SPDX-License-Identifier: Apache-2.0
"""The result of sending and a provider's callbacks come in every order, some before the result, some twice (SM-20): the state
only moves forward, and ends where the SMS ended."""
import itertools
import threading

import pytest
from desk import PATIENCE, Desk, wait_for
from provider import Provider

CONFIG = """
channels:
  - {{name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], out_url: "{url}/Messages.json",
     secret_files: [secrets/sms.secret]}}
"""
ORDERS = [*itertools.permutations(["RESULT", "sent", "delivered"]), *itertools.permutations(["RESULT", "sent", "undelivered"]),
          ("sent", "sent", "RESULT", "delivered", "delivered", "sent")]
FORWARD = {"queued": 0, "sending": 1, "accepted": 2, "delivered": 3, "failed": 3}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with Provider() as provider, Desk(tmp_path_factory.mktemp("orders") / "desk", CONFIG.format(url=provider.url)) as desk:
        yield desk.up(), provider


@pytest.mark.parametrize("number,order", enumerate(ORDERS), ids=lambda v: "-".join(v) if isinstance(v, tuple) else "")
def test_every_order(world, number, order):
    desk, provider = world
    phone, sid, result = f"+1415777{number:04d}", f"SM{number:032d}", threading.Event()
    provider.say = lambda request: (201, {}, {"sid": sid, "status": "queued"}) if result.wait(PATIENCE) else None
    asked, seen = len(provider.requests), []

    def state():
        seen.append(desk.json("outbox", "show", id)["state"])
        return seen[-1]
    assert desk.sms("Where is my order?", sender=phone)[0] == 200
    event = wait_for(lambda: [e for e in desk.events() if e["data"]["from"]["address"] == phone], "the message")[0]
    id = desk.json("reply", event["data"]["conversation"], "--text", "On its way", "--agent", "bo")["id"]
    wait_for(lambda: len(provider.requests) > asked, "the request")
    for step in order:
        if step == "RESULT":
            result.set()
            wait_for(lambda: state() not in ("queued", "sending"), "the result to count")
        else:
            error = [("ErrorCode", "30005")] if step == "undelivered" else []
            assert desk.sms("", sender="+14155550199", to=phone, sid=sid, extra=[("MessageStatus", step), *error])[0] == 200
            state()
    final = "delivered" if "delivered" in order else "failed"
    wait_for(lambda: state() == final, f"{id} to be {final}")
    ranks = [FORWARD[s] for s in seen]
    assert ranks == sorted(ranks), seen
    assert len(provider.requests) == asked + 1, "sent once"
    reopened = [e for e in desk.events(types=["org.deskbell.work_item.reopened.v1"])
                if e["data"].get("conversation") == event["data"]["conversation"]]
    assert len(reopened) == (final == "failed"), "an agent is told of a failure, once"

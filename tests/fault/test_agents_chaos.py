# SPDX-License-Identifier: Apache-2.0
"""Agents who work over the API alone, while programs die at random: every item is done once, by one agent at a time, and
nobody who was told "done" is wrong."""
import collections
import json
import os
import random
import threading

from agents_api import CONFIG, client, open_desk, well
from desk import Desk, wait_for

ITEMS = int(os.environ.get("AGENTS_CHAOS_ITEMS", "60"))


class Worker(threading.Thread):
    """Takes offers and ends them; whatever fails is tried again, as docs/API.md says."""

    def __init__(self, api, stop):
        super().__init__(daemon=True)
        self.api, self.stop, self.done, self.strange = api, stop, [], []

    def ask(self, method, path, body=None):
        """Until there is an answer that is no 503."""
        while not self.stop.is_set():
            try:
                status, _, answer = self.api.ask(method, path, body)
                if status != 503:
                    return status, answer
            except OSError:
                pass
            except Exception as e:  # noqa: BLE001 a torn answer
                if type(e).__module__ not in ("http.client", "json.decoder"):
                    raise
            self.stop.wait(0.02)
        return 0, None

    def run(self):
        while not self.stop.is_set():
            self.ask("PUT", "/v1/me/presence", {"presence": "ready"})
            status, answer = self.ask("GET", "/v1/offers?wait=1")
            for row in answer["data"] if status == 200 else []:
                self.ask("POST", f"/v1/items/{row['item']}/accept", {})
            status, answer = self.ask("GET", "/v1/me")
            for row in answer["items"] if status == 200 else []:
                if row["state"] in ("active", "wrapping"):
                    self.end(row["item"])

    def end(self, item):
        status, answer = self.ask("POST", f"/v1/items/{item}/done", {})
        if status == 200:
            self.done.append(item)
        elif status not in (0, 403, 409):
            self.strange.append((item, status, answer))


def test_agents_work_while_programs_die(tmp_path):
    config = CONFIG.replace("keep: 3s", "keep: 5s")
    stop = threading.Event()
    with Desk(tmp_path / "desk", config) as desk:
        (tmp_path / "desk").mkdir(exist_ok=True)
        open_desk(desk, tmp_path / "desk")
        boss = client(desk, "boss", "--supervisor")
        workers = [Worker(client(desk, name), stop) for name in ("ana", "bo", "cy")]
        for worker in workers:
            worker.start()
        written, victims = [], ["inbox", "inbox", "dispatch", "router", "redis", "inbox"]
        for n in range(ITEMS):
            text = "my invoice" if n % 3 == 0 else "where is it?"
            body = {"type": "message", "from": f"+1415{n:07}", "text": text}
            status, _, answer = desk.hook(body)
            assert status == 200
            written.append(json.loads(answer)["id"])
            if n % 8 == 7:
                desk.kill(random.choice(victims))

        def all_done():
            try:
                agents = boss.get("/v1/agents")["data"]
                queues = boss.get("/v1/queues")["data"]
            except (OSError, AssertionError):
                return False
            return all(q["waiting"] == 0 for q in queues) and not any(a["items"] for a in agents) and \
                len(done_entries(desk)) >= ITEMS
        try:
            wait_for(all_done, "all items done", patience=120, step=0.3)
        finally:
            stop.set()
        for worker in workers:
            worker.join(60)
            assert worker.strange == []
        done = done_entries(desk)
        assert len(done) == ITEMS and set(done.values()) == {1}
        told = collections.Counter(item for worker in workers for item in worker.done)
        assert set(told) <= set(done)
        assert well(desk)


def done_entries(desk):
    """Work item → how often the journal says that it was done."""
    run = desk.run("events", "--limit", "1000000", check=False)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return collections.Counter(e["data"]["work_item"] for e in lines if e["type"] == "org.deskbell.work_item.done.v1")

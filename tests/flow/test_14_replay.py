# SPDX-License-Identifier: Apache-2.0
"""A replay of what the steps in Redis did, on the same desk definition, comes out as it was: same agents, same waiting. The steps
live a day in a time that only the test moves; what came and who had it goes to `deskbell simulate` as exported events."""
import collections
import datetime
import json
import random
import subprocess

import pytest
from desk import BIN
from domain import MINUTE, Domain, QuickRedis, desk

QUEUES, SKILLS, AGENTS = ("chat", "mail", "orders"), ("de", "zh"), ("ana", "bo", "eve", "kim", "lou")
ITEMS, MONDAY = 120, 1_795_392_000_000


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    with QuickRedis(tmp_path_factory.mktemp("redis")) as r:
        yield r.client


# ---- a desk, for the steps and as a definition

def random_desk(r):
    queues = {name: dict(answer=r.choice((0, MINUTE, 20 * MINUTE, 60 * MINUTE, 480 * MINUTE)), handling=r.randint(3, 40) * MINUTE)
              for name in QUEUES[:r.randint(1, 3)]}
    for q in queues.values():
        q["real_time"] = q["answer"] == MINUTE
        if r.random() < 0.4:
            q["relax"] = ((r.randint(2, 20) * MINUTE, {"zh": 0}),)
    names = list(queues)
    for name, q in queues.items():
        others = [n for n in names if n != name]
        if others and r.random() < 0.3:
            q["overflow"] = ((r.randint(2, 20) * MINUTE, r.choice(others)),)
    if len(names) > 1 and r.random() < 0.3:
        queues[names[0]].update(limit=r.randint(1, 4), limit_queue=names[1], handling=queues[names[1]]["handling"])
    if len(names) > 1 and r.random() < 0.4:
        queues[names[-1]]["nobody"] = names[0]
    agents = {name: dict(units=r.randint(1, 5), queues={q: 1 for q in r.sample(names, r.randint(1, len(names)))},
                         skills={s: r.randint(1, 9) for s in SKILLS if r.random() < 0.6},
                         kinds={"email": 1} if r.random() < 0.3 else {}) for name in AGENTS[:r.randint(1, 5)]}
    return desk(queues, agents, kinds={"email": 1, "sms": 1 if r.random() < 0.5 else 2},
                prefer=0, weights={"reserve": r.choice((0, 0.75))})


def definition(d, rules):
    def ms(n):
        return f"{n}ms"
    queues = [{"name": name, "priority": 5, "real_time": q["real_time"], "handling": ms(q["handling"]),
               **({"answer_within": ms(q["answer"])} if q["answer"] else {}),
               **({"nobody": q["nobody"]} if q["nobody"] else {}),
               "relax": [{"after": ms(a), "skills": most} for a, most in q["relax"]],
               "overflow": [{"after": ms(a), "to": to} for a, to in q["overflow"]],
               **({"limit": {"waiting": q["limit"], "to": q["limit_queue"]}} if q["limit"] else {})}
              for name, q in d["queues"].items()]
    agents = [{"name": name, "queues": list(a["queues"]), "skills": a["skills"], "capacity": {"total": a["units"], **a["kinds"]}}
              for name, a in d["agents"].items()]
    rules = [{"name": f"r{n}", "when": {"words": [f"rule{n}"]},
              "then": {"queue": q, "priority": p, "skills": [s.replace(">=", " >= ")] if s else []}}
             for n, (q, p, s) in enumerate(rules)]
    for q in queues:
        for key in ("relax", "overflow"):
            if not q[key]:
                del q[key]
    return json.dumps({"queues": queues, "agents": agents, "rules": rules, "default": {"queue": queues[0]["name"]},
                       "dispatch": {"units": d["kinds"], "prefer": ms(d["dispatch"]["prefer"]),
                                    "weights": {"reserve": d["weights"]["reserve"]}}})  # JSON is YAML


# ---- a day

class Day:
    """Arrivals, offers that are accepted at once, work that takes as long as its queue's usual time."""

    def __init__(self, client, d, rules, r):
        self.domain, self.d, self.r, self.rules = Domain(client, d, MONDAY), d, r, rules
        self.events, self.ends, self.items = [], [], {}
        # Who is busy counts as being there for real-time queues and `nobody` in the steps; a replay counts who takes offers.
        self.turns = not any(q["nobody"] or q["real_time"] for q in d["queues"].values())
        self.ready = dict.fromkeys(d["agents"], False)
        for name in d["agents"]:
            self.turn(name)
        self.work_off()

    def tell(self, kind, **data):
        at = datetime.datetime.fromtimestamp(self.domain.now / 1000, datetime.timezone.utc)
        data["routed_at"] = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.domain.now % 1000:03}Z"
        self.events.append({"type": f"org.deskbell.{kind}.v1", "time": data["routed_at"], "cursor": f"{len(self.events) + 1}-0",
                            "data": data})

    def turn(self, name):
        words = ("busy", "ready") if self.events and not self.ready[name] else ("offline", "ready")
        was, now = words if not self.ready[name] else ("ready", "busy")
        assert self.domain.presence(name, now) == "OK"
        self.ready[name] = not self.ready[name]
        self.tell("agent.presence", agent=name, was=was, presence=now)

    def arrive(self):
        n, kind, who = self.r.randrange(len(self.rules)), self.r.choice(("email", "sms")), self.r.randrange(40)
        queue, priority, skills = self.rules[n]
        item = self.domain.write(queue, priority=priority, skills=skills, kind=kind, sender=f"tel:+1{who:010d}")
        self.items.setdefault(item, queue)
        self.tell("contact.message", work_item=item, customer=f"c{who}", text=f"rule{n}", channel="c", channel_kind=kind)

    def work_off(self):
        while offers := self.domain.dispatch(1):
            for offer in offers:
                assert self.domain.accept(offer.item, offer.agents[0]) == "OK"
                self.tell("work_item.claimed", work_item=offer.item, agent=offer.agents[0])
                takes = self.d["queues"][self.items[offer.item]]["handling"] + len(self.events) % 100  # no two end at one moment
                self.ends.append((self.domain.now + takes, offer.item, offer.agents[0]))

    def end(self, item, agent):
        assert self.domain.done(item, agent) == "OK"
        self.tell("work_item.done", work_item=item, agent=agent)

    def live(self):
        arrivals = sorted(MONDAY + self.r.randrange(1, 480 * MINUTE) for _ in range(ITEMS))
        turns = sorted(MONDAY + self.r.randrange(1, 480 * MINUTE) for _ in range(6 if self.turns else 0))
        never = float("inf")
        while arrivals or self.ends:
            self.ends.sort()
            moments = [arrivals[0] if arrivals else never, self.ends[0][0] if self.ends else never,
                       turns[0] if turns else never, self.domain.next_due or never]
            self.domain.now = max(int(min(moments)), self.domain.now)
            if moments[0] == min(moments):
                arrivals.pop(0)
                self.arrive()
            elif moments[2] == min(moments):
                turns.pop(0)
                self.turn(self.r.choice(list(self.d["agents"])))
            while moments[1] == self.domain.now and self.ends and self.ends[0][0] == self.domain.now:
                self.end(*self.ends.pop(0)[1:])  # whoever gets room at one moment has it before anything is decided
            self.work_off()
        return self.events


# ---- the comparison

def truth(events):
    """Items of each agent; how long each item waited, on the wall's clock."""
    came, took, waited = {}, collections.Counter(), []
    for e in events:
        at = datetime.datetime.fromisoformat(e["time"].replace("Z", "+00:00"))
        item = e["data"].get("work_item")
        if e["type"].startswith("org.deskbell.contact."):
            came.setdefault(item, at)
        elif e["type"] == "org.deskbell.work_item.claimed.v1":
            took[e["data"]["agent"]] += 1
            waited.append(round((at - came[item]).total_seconds() * 1000))
    return took, sorted(waited)


def replay(folder, d, rules, events):
    path, lines = folder / "desk.yaml", folder / "events.jsonl"
    path.write_text(definition(d, rules))
    lines.write_text("".join(json.dumps(e) + "\n" for e in events))
    done = subprocess.run([str(BIN / "deskbell"), "simulate", "--from", str(lines), "--desk", str(path), "--against", str(path),
                           "--json"], capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize("seed", range(60))
def test_it_comes_out_as_it_was(quick, tmp_path, seed):
    r = random.Random(seed)
    d = random_desk(r)
    rules = [(r.choice(list(d["queues"])), r.randint(1, 9), r.choice(("", "", "zh>=2", "de>=3"))) for _ in range(6)]
    day = Day(quick, d, rules, r)
    events = day.live()
    status, told, complaints = replay(tmp_path, d, rules, events)
    if status == 2 and ("rule 'r" in complaints or "circle" in complaints):
        pytest.skip(f"no definition would be put into force like that: {complaints}")
    assert status == 0, complaints
    said = json.loads(told)
    took, waited = truth(events)
    assert {a["name"]: a["items"]["old"] for a in said["agents"]} == {name: took[name] for name in d["agents"]}
    still = said["all"]["unanswered"]["old"]
    assert said["all"]["items"]["old"] - still == len(waited)
    if still == 0:
        assert said["all"]["wall_median_ms"]["old"] == waited[(len(waited) - 1) // 2]
        assert said["all"]["wall_p95_ms"]["old"] == waited[-(-len(waited) * 95 // 100) - 1]
        assert said["all"]["waiting_longest_ms"]["old"] == waited[-1]

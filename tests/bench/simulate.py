#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long `deskbell simulate` takes: a made-up week of a desk, exported as `deskbell events` would, on two desk definitions.

  tests/bench/simulate.py [--events 100000] [--agents 50] [--keep FOLDER]
"""
import argparse
import datetime
import json
import multiprocessing
import os
import random
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("DESKBELL_BIN", os.path.join(ROOT, "build", "bin"))
MONDAY = datetime.datetime(2026, 11, 16, tzinfo=datetime.timezone.utc).timestamp()
QUEUES = ["chat", "billing", "orders", "returns", "tech", "mail", "letters", "other"]
WITHIN = ["2m", "1h", "4h", "8h", "2h", "8h", "24h", "24h"]


def desk(agents, changed):
    lines = ["queues:"]
    for name, within in zip(QUEUES, WITHIN):
        lines.append(f"  - {{name: {name}, answer_within: {within}, hours: office, language: 3"
                     + (", relax: [{after: 20m, skills: {de: 0, fr: 0}}]" if changed else "") + "}")
    lines.append("hours:\n  - {name: office, zone: Europe/Berlin, open: {mon-sun: \"08:00-20:00\"}}")
    lines.append("agents:")
    for a in range(agents):
        mine = [QUEUES[0]] * (a % 3 == 0) + [QUEUES[1 + (a + k) % 7] for k in range(3)]
        skills = ["{de: 8}", "{fr: 6}", "{de: 5, fr: 5}", "{en: 9}"][a % 4]
        lines.append(f"  - {{name: a{a:03}, queues: [{', '.join(mine)}], skills: {skills}, capacity: {3 + a % 3}, hours: office}}")
    lines.append("rules:")
    for i, name in enumerate(QUEUES):
        lines.append(f"  - {{name: {name}, when: {{words: [{name}word]}}, then: {{queue: {name}, priority: {3 + i % 4}}}}}")
    lines.append("default: {queue: other}\n")
    return "\n".join(lines)


def rfc3339(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03}Z"


def event(n, kind, at, data):
    data["routed_at"] = rfc3339(at)
    return {"specversion": "1.0", "id": f"e{n}", "source": "/deskbell/bench", "type": f"org.deskbell.{kind}.v1",
            "time": data["routed_at"], "cursor": f"{int(at * 1000)}-{n}", "data": data}


def week(path, events, agents, seed=1):
    """Load of about 85 % of the agents' hours, in the day's hours, with a day between the busiest and the quietest."""
    rng = random.Random(seed)
    seconds = agents * 4 * 7 * 12 * 3600 * 0.85 / events
    facts = []
    for i in range(events):
        day, queue = i * 7 // events, rng.choices(range(8), [6, 5, 4, 3, 3, 4, 1, 2])[0]
        at = MONDAY + day * 86400 + 7 * 3600 + min(rng.betavariate(2, 2.5), 0.999) * 12 * 3600
        customer = rng.randrange(events // 3 + 1)
        facts.append(event(3 * i, "contact.message", at, {
            "channel": "mail", "channel_kind": "sms" if queue == 0 else "email", "subject": f"{QUEUES[queue]}word no. {i}",
            "text": "Good day, " * 20 + "regards", "to": [{"address": "service@example.com"}], "customer": f"c{customer}",
            "work_item": f"w{i:015}", "queue": QUEUES[queue],
            "context": {"tags": ["gold"] if customer % 10 == 0 else [], "value": customer % 3000,
                        "language": ["de", "fr", "en"][customer % 3]}}))
        claimed = at + rng.expovariate(1 / 300)
        took = rng.lognormvariate(0, 0.7) * seconds / 1.28
        data = {"work_item": f"w{i:015}", "agent": f"a{rng.randrange(agents):03}"}
        facts.append(event(3 * i + 1, "work_item.claimed", claimed, dict(data)))
        facts.append(event(3 * i + 2, "work_item.done", claimed + took, dict(data)))
    facts.sort(key=lambda f: f["time"])
    with open(path, "w", encoding="utf-8") as out:
        for f in facts:
            out.write(json.dumps(f) + "\n")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--events", type=int, default=100000)
    p.add_argument("--agents", type=int, default=50)
    p.add_argument("--keep")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = a.keep or folder
        os.makedirs(folder, exist_ok=True)
        paths = [os.path.join(folder, n) for n in ("events.jsonl", "old.yaml", "new.yaml")]
        maker = multiprocessing.Process(target=week, args=(paths[0], a.events, a.agents))
        maker.start()  # by itself: a process that was large is the high-water mark of its children too
        maker.join()
        for path, changed in ((paths[1], False), (paths[2], True)):
            with open(path, "w", encoding="utf-8") as out:
                out.write(desk(a.agents, changed))
        begin = time.monotonic()
        command = [os.path.join(BIN, "deskbell"), "simulate", "--from", paths[0], "--against", paths[1], "--desk", paths[2], "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
            told = json.loads(run.stdout.read())
            _, status, used = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - begin
        print(f"{a.events} contact events ({os.path.getsize(paths[0]) >> 20} MiB), {a.agents} agents: {took:.1f} s, "
              f"{used.ru_utime + used.ru_stime:.1f} s of processor time, "
              f"{told['old']['decisions'] + told['new']['decisions']} decisions, {used.ru_maxrss >> 10} MiB")


if __name__ == "__main__":
    main()

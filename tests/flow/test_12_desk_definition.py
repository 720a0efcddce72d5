# SPDX-License-Identifier: Apache-2.0
"""The desk definition on the command line: what is refused, what is an alarm, versions, differences, the way back."""
import itertools
import json
import os
import random
import subprocess

import pytest

from desk import BIN
from outbox import client

GOOD = """\
queues:
  - {name: support, answer_within: 4h, nobody: second}
  - {name: second}
agents:
  - {name: ana, queues: {support: 1.2, second: 1}, skills: {zh: 3}, capacity: {total: 6, email: 4}}
dispatch: {misses: 2, weights: {ageing: 5}}
value:
  - {figure: margin, points: {0: 0.5, 1000: 2}}
rules:
  - name: chinese
    when: {customer_language: [zh], customer_open: ">= 1"}
    then: {queue: support, skills: ["zh >= 3"]}
default: {queue: support}
"""


def check(folder, document, *options):
    path = folder / "desk.yaml"
    path.write_text(document)
    environment = {k: v for k, v in os.environ.items() if k != "DESKBELL_DIR"}
    done = subprocess.run([str(BIN / "deskbell"), "desk", "check", str(path), *options], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=environment, check=False)
    return done.returncode, done.stdout, done.stderr.replace(str(path), "FILE")


def test_a_good_one(tmp_path):
    assert check(tmp_path, GOOD) == (0, "ok\n", "")
    status, out, _ = check(tmp_path, GOOD, "--json")
    assert (status, json.loads(out)) == (0, {"ok": True, "alarms": []})


@pytest.mark.parametrize("was, now, said", [
    ("nobody: second", "nobody: secnd", "FILE:2:48: queue 'secnd' is not defined under 'queues'; did you mean 'second'?"),
    ("{name: second}", "{name: second, limit: {waiting: 9, to: support}}",
     "FILE:3:27: work items would go in a circle: from 'support' (nobody) to 'second' (limit) to 'support'"),
    ('"zh >= 3"', '"zh >= 4"', "FILE:12:36: rule 'chinese' asks for zh>=4 in queue 'support', and no agent can ever take that: "
     "neither its members nor by 'relax', 'overflow' or 'nobody'"),
    ("total: 6, email: 4", "total: 1, email: 0, sms: 0, webhook: 0, form: 0",
     "FILE:5:79: agent 'ana' has no capacity for a work item of any kind: each takes more units (dispatch: units) than the "
     "agent has for it"),
    ("ageing: 5", "ageing: 0.5", "FILE:6:41: '0.5' is not a value of 'ageing': 1.01 to 1000"),
    ("default:", "  - {name: again, when: {customer_language: [zh], customer_open: \"> 3\"}, then: {queue: second}}\ndefault:",
     "FILE:13:5: rule 'again' is never used: rule 'chinese' before it takes all that it would match"),
])
def test_what_is_refused(tmp_path, was, now, said):
    document = GOOD.replace(was, now)
    assert document != GOOD
    assert check(tmp_path, document) == (2, "", said + "\n")


def test_what_is_called_never_used_never_decides(tmp_path):
    """Random rules against all events there may be: none that decides is called unused, and along one list none is missed."""
    def pick(r):
        when = {"words": r.sample("xyz", r.randint(1, 3))} if r.random() < 0.6 else {}
        if r.random() < 0.5:
            when["channel"] = r.sample(["mail", "form", "sms"], r.randint(1, 2))
        if r.random() < 0.4:
            when["hours"] = r.choice(["h", "not h"])
        if r.random() < 0.4:
            when["customer_tags"] = r.sample("ab", r.randint(1, 2))
        return when or {"words": ["x"]}

    def holds(when, e):
        return all((v == "h") == e["hours"] if k == "hours" else bool(set(v) & e[k]) for k, v in when.items())

    def subsets(s):
        return [set(c) for n in range(len(s) + 1) for c in itertools.combinations(s, n)]

    def written(when):
        return ", ".join(f"{k}: {v if isinstance(v, str) else '[' + ', '.join(v) + ']'}" for k, v in when.items())
    events = [{"words": w, "channel": {c}, "customer_tags": t, "hours": h} for w in subsets("xyz")
              for c in ("mail", "form", "sms", "other") for t in subsets("ab") for h in (True, False)]
    r, told = random.Random(7), 0
    for _ in range(120):
        rules = [pick(r) for _ in range(r.randint(2, 6))]
        document = "queues: [{name: a}]\ndefault: {queue: a}\nhours: [{name: h, open: {mon: \"09:00-10:00\"}}]\nrules:\n" + "".join(
            f"- {{name: r{n}, when: {{{written(w)}}}, then: {{queue: a}}}}\n" for n, w in enumerate(rules))
        said = check(tmp_path, document)[2]
        dead = {n for n in range(len(rules))
                if not any(holds(rules[n], e) and not any(holds(w, e) for w in rules[:n]) for e in events)}
        assert {n for n in range(len(rules)) if f"rule 'r{n}' is never used" in said} == dead, (document, said)
        told += len(dead)
    assert told > 50


def test_alarms_do_not_refuse(tmp_path, desk):
    document = GOOD.replace("default: {queue: support}", "  - {name: other, when: {suspected: true}, then: {queue: apart}}\n"
                            "default: {queue: support}").replace("agents:", "  - {name: apart}\nagents:")
    said = "work items come to queue 'apart', and no agent is a member: they are offered to nobody"
    assert check(tmp_path, document) == (0, "ok\n", f"FILE:4:5: alarm: {said}\n")
    _, out, _ = check(tmp_path, document, "--json")
    assert json.loads(out) == {"ok": True, "alarms": [{"line": 4, "column": 5, "text": said}]}
    applied = desk.run("desk", "apply", str(tmp_path / "desk.yaml"))
    assert applied.stdout == b"version 2 is in force\n" and said.encode() in applied.stderr


def test_versions_differences_and_the_way_back(desk, tmp_path):
    path = tmp_path / "desk.yaml"
    path.write_text(GOOD)
    desk.run("desk", "apply", str(path))
    path.write_text(GOOD.replace("4h", "2h").replace("misses: 2", "misses: 3"))
    desk.run("desk", "apply", str(path))

    one, two, three = desk.json("desk", "versions")
    assert [v["version"] for v in (one, two, three)] == [1, 2, 3] and two["bytes"] == len(GOOD)
    assert [v["in_force"] for v in (one, two, three)] == [False, False, True]
    assert one["applied"] <= two["applied"] <= three["applied"]
    assert desk.run("desk", "versions").stdout.decode().splitlines()[2].endswith("bytes  in force")

    diff = desk.run("desk", "diff", "2").stdout.decode()
    assert diff.startswith("--- version 2\n+++ version 3\n@@ -1,9 +1,9 @@\n queues:\n"
                           "-  - {name: support, answer_within: 4h, nobody: second}\n"
                           "+  - {name: support, answer_within: 2h, nobody: second}\n")
    assert desk.json("desk", "diff", "2", "3") == {"from": "2", "to": "3", "diff": diff}
    assert desk.run("desk", "diff", "3", "3").stdout == b""
    assert "+++ version 1" in desk.run("desk", "diff", "3", "1").stdout.decode()

    assert desk.json("desk", "rollback", "2") == {"version": 4}
    assert desk.run("desk", "export").stdout.decode() == GOOD
    assert desk.run("desk", "diff", "2").stdout == b""


def test_the_way_back_asks_the_same(desk, tmp_path):
    """A definition that was taken before something was looked at is refused like any other."""
    old = "queues: [{name: a, nobody: a}]\ndefault: {queue: a}\n"
    key = "{p00}:desk:documents"
    redis = client(desk)
    redis.hset(key, "77", old)
    refused = desk.run("desk", "rollback", "77", check=False)
    assert refused.returncode == 2
    assert refused.stderr == b"version 77:1:28: work items would go in a circle: from 'a' (nobody) to 'a'\n"
    redis.hset(key, "78", "queues: 5\n")
    assert desk.run("desk", "rollback", "78", check=False).returncode == 2
    for arguments, said in ((("rollback", "99"), b"there is no version 99"), (("diff", "99"), b"there is no version 99"),
                            (("rollback", "1"), b"version 1 is in force already")):
        failed = desk.run("desk", *arguments, check=False)
        assert failed.returncode == 1 and said in failed.stderr
    assert desk.json("desk", "versions")[1] == {"version": 77, "applied": None, "bytes": len(old), "in_force": False}


def test_rules_on_hours_and_consent(desk, tmp_path):
    path = tmp_path / "desk.yaml"
    path.write_text("""\
queues: [{name: support}, {name: closed}, {name: news}, {name: never}]
hours: [{name: always, open: {mon-sun: "00:00-24:00"}}]
rules:
  - {name: never, when: {hours: not always}, then: {queue: never}}
  - {name: news, when: {hours: always, customer_consent: [news]}, then: {queue: news}}
  - {name: open, when: {hours: always, customer_open: ">= 1"}, then: {queue: closed}}
default: {queue: support}
""")
    desk.run("desk", "apply", str(path))
    people = tmp_path / "people.csv"
    people.write_text("phone,name,consent\n+14155550111,Ann,News;sms\n+14155550112,Bo,sms\n")
    desk.run("customer", "import", str(people))
    for sender in ("+14155550111", "+14155550112"):
        desk.sms("hello", sender=sender)
    events = desk.wait_events(2)
    assert sorted((e["data"]["queue"], e["data"]["rule"]) for e in events) == [("news", "news"), ("support", "default")]


@pytest.mark.parametrize("arguments", [("rollback",), ("diff",), ("versions", "1"), ("diff", "1", "2", "3"), ("see",), (),
                                       ("diff", "1", "--version-of", "2")])
def test_usage(tmp_path, arguments):
    done = subprocess.run([str(BIN / "deskbell"), "desk", *arguments, "--dir", str(tmp_path)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2

# SPDX-License-Identifier: Apache-2.0
"""deskbell simulate: what a real desk exported, played again on a changed desk definition."""
import datetime
import json

import pytest

ONE = """
queues:
  - {name: support, answer_within: 10m, handling: 5m}
agents:
  - {name: ana, queues: [support], capacity: 1}
default: {queue: support}
"""
TWO = ONE.replace("default:", "  - {name: bo, queues: [support], capacity: 1}\ndefault:")
MONDAY = datetime.datetime(2026, 11, 23, 8, tzinfo=datetime.timezone.utc)
MESSAGE, CLAIM, DONE = (f"org.deskbell.{t}.v1" for t in ("contact.message", "work_item.claimed", "work_item.done"))
TAKES = 5  # minutes, of each


@pytest.fixture
def worked(desk):
    """A desk with ana, whom nine customers wrote to and who answered them all."""
    path = desk.folder / "one.yaml"
    path.write_text(ONE)
    desk.run("desk", "apply", str(path))
    for i in range(9):
        desk.run("send", "--channel", "contact", "--from", f"customer{i}@example.org", "--text", f"Question {i}")
    desk.wait_events(9)
    for _ in range(9):
        item = desk.run("queue", "claim", "support", "--agent", "ana").stdout.decode().split()[0]
        desk.run("queue", "done", item, "--agent", "ana")
    return desk


def at(minute):
    return (MONDAY + datetime.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def slow_down(events):
    """The same events as if three customers had written at 8:00, 9:00 and 10:00 of one day, three on the next and on the
    third, and each had taken five minutes of ana."""
    minutes = [60 * hour + 1440 * day for day in range(3) for hour in (0, 0, 0)]
    items = [e["data"]["work_item"] for e in events if e["type"] == MESSAGE]
    slow = []
    for e in events:
        if e["type"] not in (MESSAGE, CLAIM, DONE):
            continue
        n = items.index(e["data"]["work_item"])
        begun = minutes[n] + TAKES * (n % 3)
        minute = {MESSAGE: minutes[n], CLAIM: begun, DONE: begun + TAKES}[e["type"]]
        slow.append({**e, "time": at(minute), "cursor": f"{minute + 1}-{len(slow)}",
                     "data": {**e["data"], "routed_at": at(minute)}})
    return slow


def write_events(desk, events, name="events.jsonl"):
    path = desk.folder / name
    path.write_text("".join(json.dumps(e) + "\n" for e in events))
    return path


def definition(desk, text, name="new.yaml"):
    path = desk.folder / name
    path.write_text(text)
    return path


def simulate(desk, events, *options, text=TWO):
    return desk.json("simulate", "--from", str(events), "--desk", str(definition(desk, text)), *options)


def test_one_more_agent(worked):
    events = write_events(worked, slow_down(worked.events(None)))
    said = simulate(worked, events)
    assert (said["items"], said["measured"], said["days"]) == (9, 9, 3)
    assert said["old"]["desk"].endswith("in force") and said["old"]["duty"]["work"] == 1
    # one agent: each day they wait 0, 5 and 10 minutes; two: 0, 0 and 5
    for figure, old, new in (("waiting_median_ms", 300000, 0), ("waiting_longest_ms", 600000, 300000), ("unanswered", 0, 0)):
        assert (said["all"][figure]["old"], said["all"][figure]["new"]) == (old, new), figure
    assert said["all"]["waiting_median_ms"]["word"] == "better"
    assert said["truth"] == {"taken": 9, "wall_median_ms": 300000, "wall_p95_ms": 600000}, "as it was when ana did it"
    assert said["all"]["answered_in_time"]["new"] == 1
    assert [q["name"] for q in said["queues"]] == ["support"]
    ana, bo = said["agents"]
    assert (ana["items"]["old"], ana["items"]["new"] + bo["items"]["new"], bo["in_old"]) == (9, 9, False)
    told = worked.run("simulate", "--from", str(events), "--desk", str(worked.folder / "new.yaml")).stdout.decode()
    for words in ("9 work items of 9 contact events", "waiting: longest", "10m 00s", "-5m 00s", "better", "queue support",
                  "bo", "A replay cannot know"):
        assert words in told


def test_the_same_desk_is_no_difference(worked):
    events = write_events(worked, slow_down(worked.events(None)))
    said = simulate(worked, events, text=ONE)
    assert all(f["word"] == "the same" and f["difference"] == 0 for f in said["all"].values() if isinstance(f, dict))
    assert simulate(worked, events, "--against", str(definition(worked, ONE, "old.yaml")))["all"]["items"]["old"] == 9


def test_who_is_missing_is_told(worked):
    events = write_events(worked, slow_down(worked.events(None)))
    nobody = ONE.replace("agents:\n  - {name: ana, queues: [support], capacity: 1}\n", "")
    path = definition(worked, nobody)
    told = worked.run("simulate", "--from", str(events), "--desk", str(path)).stdout.decode()
    assert "the new definition has no agents: nothing is answered in it" in told
    assert "1 agent who worked is not in the new definition: ana" in told
    assert simulate(worked, events, text=nobody)["all"]["unanswered"]["new"] == 9


def test_straight_from_the_journal(worked):
    said = simulate(worked, "journal", "--since", "7d")
    assert (said["items"], said["measured"], said["contact_events"]) == (9, 9, 9)
    exported = worked.run("events").stdout
    piped = json.loads(worked.run("simulate", "--from", "-", "--desk", str(worked.folder / "new.yaml"), "--json",
                                  input=exported).stdout)
    assert piped["all"] == said["all"]


def test_order_repeats_and_broken_lines(worked):
    events = slow_down(worked.events(None))
    whole = simulate(worked, write_events(worked, events))
    mixed = events[::-1] + events[:5]
    path = write_events(worked, mixed)
    path.write_text("{broken\n" + path.read_text() + '{"type": 5}\n\n{"type": "org.deskbell.contact.message.v1"}\n')
    done = worked.run("simulate", "--from", str(path), "--desk", str(worked.folder / "new.yaml"), "--json")
    said = json.loads(done.stdout)
    assert said["all"] == whole["all"] and said["repeated"] == 5 and said["broken"] == 3
    complaints = done.stderr.decode()
    assert f"{path}:1: no JSON" in complaints and f"{path}:{len(mixed) + 2}: has no type" in complaints


@pytest.mark.parametrize("text, words", [
    (TWO.replace("queues: [support], capacity: 1}\ndef", "queues: [suport], capacity: 1}\ndef"), "suport"),
    (TWO.replace("default: {queue: support}", "default: {queue: sales}"), "sales"),
    ("queues: {", "new.yaml:"),
])
def test_a_definition_that_cannot_be(worked, text, words):
    events = write_events(worked, slow_down(worked.events(None)))
    done = worked.run("simulate", "--from", str(events), "--desk", str(definition(worked, text)), check=False)
    assert done.returncode == 2 and words in done.stderr.decode() and "new.yaml:" in done.stderr.decode()


def test_a_time_that_is_wrong(worked):
    events = slow_down(worked.events(None))
    events[4]["data"]["routed_at"] = "9999-01-01T00:00:00Z"
    done = worked.run("simulate", "--from", str(write_events(worked, events)), "--desk", str(definition(worked, TWO)),
                      check=False)
    assert done.returncode == 1 and "spans more than 400 days" in done.stderr.decode()


@pytest.mark.parametrize("options, words", [
    ((), "--from which events"),
    (("--from", "x"), "--desk which file"),
    (("--from", "/nowhere", "--desk", "NEW"), "cannot read /nowhere"),
    (("--from", "journal", "--since", "week", "--desk", "NEW"), '--since "week" is not a duration'),
    (("--from", "x", "--since", "7d", "--desk", "NEW"), "--since goes with --from journal"),
    (("--from", "-", "--desk", "-"), "standard input can be only one"),
    (("--from", "EMPTY", "--desk", "NEW"), "holds nothing to replay: 0 lines"),
    (("--from", "NOISE", "--desk", "NEW"), "holds nothing to replay: 2 lines, 2 of them broken"),
    (("--from", "journal", "--desk", "NEW"), "holds nothing to replay"),
])
def test_what_is_wrong_is_said(desk, options, words):
    paths = {"NEW": str(definition(desk, TWO)), "EMPTY": str(desk.folder / "empty"), "NOISE": str(desk.folder / "noise")}
    (desk.folder / "empty").write_text("")
    (desk.folder / "noise").write_bytes(b"\x00\xff\xfe\n[1, 2]\n")
    done = desk.run("simulate", *(paths.get(o, o) for o in options), check=False, input=b"")
    assert done.returncode != 0 and words in done.stderr.decode()

# SPDX-License-Identifier: Apache-2.0
"""A whole desk with agents, worked on by the operator's commands: offers come, are answered, put aside, handed on; and the
desk says why."""
import datetime
import json
import signal
import time

import pytest
from acknowledging import apply
from desk import wait_for
from outbox import P, client

CONFIG = """
channels:
  - {name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], secret_files: [secrets/sms.secret]}
  - {name: mail, kind: email, addresses: ["support@example.com", "billing@example.com"]}
"""
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
DESK = """
queues:
  - {name: support, answer_within: 4h, offer: {within: 5m}}
  - {name: billing, answer_within: 1h, offer: {within: 5m}}
  - {name: night, answer_within: 1h, hours: holidays}
agents:
  - {name: ana, queues: [support, billing, night], skills: {billing: 8}, capacity: 2}
  - {name: bo, queues: [support], capacity: 2}
hours:
  - {name: holidays, open: {mon-sun: "08:00-18:00"}, closed: ["2020-01-01..HOLIDAY"]}
rules:
  - {name: vip, when: {customer_tags: [vip]}, then: {queue: billing, priority: 2, answer_within: 30m}}
  - {name: bills, when: {recipient: ["billing@*"]}, then: {queue: billing, skills: ["billing >= 3"]}}
  - {name: night, when: {words: [night]}, then: {queue: night}}
default: {queue: support}
""".replace("HOLIDAY", str(TODAY + datetime.timedelta(days=2)))


@pytest.fixture
def desk(new_desk):
    d = new_desk(config=CONFIG).up()
    apply(d, DESK)
    wait_for(lambda: [q["name"] for q in d.json("queue", "ls")["queues"]] == ["support", "billing", "night"],
             "the router to plan the desk definition")
    return d


def send(desk, text="Hello", sender="+14155550100", channel="sms"):
    """The id of the work item that it opened."""
    id = desk.run("send", "--channel", channel, "--from", sender, "--text", text).stdout.decode().strip()
    return "w" + id[:16]


def state(desk, item):
    return desk.json("why", item)["state"]


def wait_state(desk, item, wanted):
    return wait_for(lambda: (lambda w: w if w["state"] == wanted else None)(desk.json("why", item)), f"{item} to be {wanted}")


def said(desk, *args):
    """Standard output of a command that did it, of one that did not, what it said."""
    done = desk.run(*args, check=False)
    return (done.stdout if done.returncode == 0 else done.stderr).decode(), done.returncode


def test_an_offer_is_made_and_accepted(desk):
    item = send(desk)
    why = wait_state(desk, item, "waiting")
    assert why["before"] == 0 and why["offers"] == [] and why["decision"]["words"] == "waits: nobody who fits has room"
    assert why["decision"]["reproduced"]
    shown = said(desk, "queue", "ls")[0]
    assert "nobody is on duty" in shown.splitlines()[1]
    assert desk.json("agent", "set", "ana", "ready")["presence"] == "ready"
    why = wait_state(desk, item, "offered")
    (offer,) = why["offers"]
    assert offer["agents"] == ["ana"] and offer["ended"] == [] and offer["decision"]["reproduced"]
    assert offer["decision"]["words"].startswith("offered to ana: ")
    assert why["item"]["offered"] == ["ana"] and why["item"]["until"] > why["item"]["changed"]
    assert desk.json("agent", "show", "ana")["items"] == [item]
    text, status = said(desk, "queue", "accept", item, "--agent", "bo")
    assert status == 1 and "it is not offered to bo, or no longer" in text
    assert desk.json("queue", "accept", item, "--agent", "ana")["state"] == "active"
    (offer,) = desk.json("why", item)["offers"]
    assert [(end["agent"], end["how"]) for end in offer["ended"]] == [("ana", "accepted")]
    assert desk.json("queue", "done", item, "--agent", "ana")["state"] == "done"
    assert desk.json("agent", "show", "ana")["used"] == 0


def test_why_in_words_and_numbers(desk):
    desk.run("agent", "set", "ana", "ready")
    desk.run("agent", "set", "bo", "ready")
    item = send(desk)
    wait_state(desk, item, "offered")
    words = said(desk, "why", item)[0]
    assert words.startswith(f"{item}  is offered to an agent (") and " offered to " in words and "; also fit: " in words
    numbers = said(desk, "why", item, "--numbers")[0]
    for part in ("clock", "ln I", "crowded", "scarcity", "weights: ageing 4", "from these numbers alone: the same"):
        assert part in numbers, numbers
    conversation = desk.json("why", item)["item"]["conversation"]
    assert said(desk, "why", conversation)[0].startswith(item)
    reference = desk.json("conversation", "show", conversation)["reference"]
    assert said(desk, "why", reference)[0].startswith(item)
    assert "offered" in {s["step"] for s in desk.json("trace", item)[0]["steps"]}
    assert " offered to " in said(desk, "conversation", "show", conversation)[0]


def test_what_is_in_hands_is_listed_also_of_who_is_not_in_the_desk(desk):
    item = send(desk)
    wait_state(desk, item, "waiting")
    assert said(desk, "queue", "held") == ("no agent holds a work item\n", 0) and desk.json("queue", "held") == []
    desk.run("queue", "claim", "--item", item, "--agent", "zoe")
    assert [(i["id"], i["agent"]) for i in desk.json("queue", "held")] == [(item, "zoe")]
    assert "deskbell queue held" in said(desk, "queue", "ls")[0] and "with zoe" in said(desk, "queue", "held")[0]


def test_what_is_put_aside_is_listed_until_it_goes_on(desk):
    item, other = send(desk), send(desk, sender="+14155550101")
    wait_state(desk, other, "waiting")
    wait_state(desk, item, "waiting")
    assert said(desk, "queue", "aside") == ("nothing is put aside\n", 0) and desk.json("queue", "aside") == []
    for id, agent in ((item, "zoe"), (other, "yan")):
        desk.run("queue", "claim", "--item", id, "--agent", agent)
    desk.run("queue", "hold", item)
    desk.run("queue", "snooze", other, "--until", "2h")
    assert [i["id"] for i in desk.json("queue", "aside")] == [item, other] and desk.json("queue", "ls")["aside"] == 2
    assert [(i["id"], i["state"]) for i in desk.json("queue", "aside", "--agent", "yan")] == [(other, "snoozed")]
    assert said(desk, "queue", "aside", "--limit", "5000")[1] == 0 and said(desk, "queue", "aside", "--limit", "5001")[1] == 2
    assert said(desk, "queue", "aside", "--agent", "nobody") == ("nothing is put aside by nobody\n", 0)
    assert "deskbell queue aside" in said(desk, "queue", "ls")[0] and item in said(desk, "queue", "aside")[0]
    desk.run("queue", "resume", item, "--agent", "zoe")
    desk.run("queue", "done", other)
    assert desk.json("queue", "aside") == desk.json("queue", "aside", "--agent", "yan") == []


def test_an_agent_who_was_just_defined_can_sign_in_and_is_not_waited_for_without_end(desk):
    desk.kill("router", signal.SIGSTOP)
    try:
        apply(desk, DESK.replace("- {name: bo,", "- {name: cy, queues: [support], capacity: 1}\n  - {name: bo,"))
        text, code = said(desk, "agent", "set", "cy", "ready")
        assert code == 1 and 'has agent "cy", but dispatch does not go by it yet: is the router up?' in text
    finally:
        desk.kill("router", signal.SIGCONT)
    assert desk.json("agent", "set", "cy", "ready")["presence"] == "ready"
    text, code = said(desk, "agent", "set", "dee", "ready")
    assert code == 1 and 'no agent "dee"' in text


def test_declined_it_goes_to_the_next(desk):
    desk.run("agent", "set", "ana", "ready")
    item = send(desk)
    wait_state(desk, item, "offered")
    desk.run("agent", "set", "bo", "ready")
    desk.run("queue", "decline", item, "--agent", "ana", "--why", "at lunch")
    wait_for(lambda: desk.json("agent", "show", "bo")["items"] == [item], "an offer to bo")
    last, first = desk.json("why", item, "--all")["offers"]
    assert first["agents"] == ["ana"] and last["agents"] == ["bo"]
    assert [(end["agent"], end["how"]) for end in first["ended"]] == [("ana", "declined at lunch")]
    assert "declined by ana: at lunch" in said(desk, "conversation", "show", desk.json("why", item)["item"]["conversation"])[0]
    assert "ana: declined at lunch" in said(desk, "why", item, "--all")[0]


def test_put_aside_and_taken_up_again(desk):
    desk.run("agent", "set", "ana", "ready")
    item = send(desk)
    wait_state(desk, item, "offered")
    text, status = said(desk, "queue", "hold", item, "--agent", "ana")
    assert status == 1 and "that cannot be done while it is offered" in text
    desk.run("queue", "accept", item, "--agent", "ana")
    held = desk.json("queue", "hold", item, "--agent", "ana", "--until", "2h", "--why", "asked for the number")
    assert held["state"] == "on_hold"
    until = datetime.datetime.fromisoformat(held["until"].replace("Z", "+00:00")).timestamp()
    assert abs(until - time.time() - 7200) < 60
    assert said(desk, "why", item)[0].startswith(f"{item}  waits for the customer (ana), since ")
    assert desk.json("queue", "resume", item, "--agent", "ana")["state"] == "active"
    assert desk.json("queue", "snooze", item, "--agent", "ana", "--until", "2035-01-01T00:00Z")["state"] == "snoozed"
    send(desk, "Here it is")  # the customer's message ends it
    wait_state(desk, item, "offered")
    desk.run("queue", "accept", item, "--agent", "ana")
    assert desk.json("queue", "done", item, "--agent", "ana")["state"] == "done"
    text, status = said(desk, "queue", "hold", item, "--agent", "ana")
    assert status == 1 and "while it is done" in text
    assert desk.json("queue", "reopen", item, "--why", "by mistake")["state"] in ("waiting", "offered")
    steps = [s["step"] for trace in desk.json("trace", item) for s in trace["steps"]]
    for step in ("offered", "claimed", "on hold", "resumed", "snoozed", "done", "reopened"):
        assert step in steps, steps


def test_claimed_by_hand(desk):
    text, status = said(desk, "queue", "claim", "support", "--agent", "ana")
    assert status == 0 and text == "nothing waits in support that ana may take\n"
    assert desk.json("queue", "claim", "--agent", "ana") is None
    items = [send(desk, sender=f"+1415555010{n}") for n in range(4)]
    wait_for(lambda: len(desk.json("queue", "show", "support")) == 4, "work")
    assert [i["id"] for i in desk.json("queue", "show", "support", "--limit", "2")] == items[:2]
    assert desk.json("queue", "claim", "support", "--agent", "ana")["id"] == items[0]
    assert desk.json("queue", "claim", "--agent", "ana", "--item", items[2])["agent"] == "ana"
    text, status = said(desk, "queue", "claim", "support", "--agent", "ana")
    assert status == 1 and "ana has no room for it" in text
    text, status = said(desk, "queue", "claim", "--agent", "bo", "--item", items[2])
    assert status == 1 and "ana has it" in text and "--force" in text
    assert desk.json("queue", "claim", "--agent", "bo", "--item", items[2], "--force")["agent"] == "bo"
    assert "held by bo (taken from ana)" in said(desk, "trace", items[2])[0]
    bills = send(desk, "Bill", channel="mail", sender="ann@example.org")
    text, status = said(desk, "queue", "claim", "--agent", "bo", "--item", "w0000000000000000")
    assert status == 1 and "there is no such work item" in text
    desk.run("queue", "requeue", bills, "--queue", "billing")
    text, status = said(desk, "queue", "claim", "--agent", "bo", "--item", bills)
    assert status == 1 and "bo lacks a skill for it, or is not in its queue" in text
    assert desk.json("queue", "claim", "support", "--agent", "zoe")["agent"] == "zoe", "who is in no list works by hand"


def test_handed_on_with_a_note(desk):
    desk.run("agent", "set", "ana", "ready")
    item = send(desk)
    wait_state(desk, item, "offered")
    desk.run("queue", "accept", item, "--agent", "ana")
    text, status = said(desk, "queue", "requeue", item, "--queue", "bilings")
    assert status == 1 and 'there is no queue "bilings"' in text
    text, status = said(desk, "queue", "requeue", item, "--agent", "zoe")
    assert status == 1 and "not in the desk definition" in text
    desk.run("agent", "set", "bo", "ready")
    desk.run("queue", "requeue", item, "--agent", "bo", "--by", "ana", "--note", "speaks\tDutch")
    wait_for(lambda: desk.json("agent", "show", "bo")["items"] == [item], "an offer to bo")
    assert desk.json("why", item)["item"]["note"] == "speaks Dutch"
    shown = said(desk, "agent", "show", "bo")[0]
    assert "note: speaks Dutch" in shown and "offered to bo until" in shown
    requeued = [e["data"] for e in desk.events(types=("org.deskbell.work_item.requeued.v1",))][-1]
    assert (requeued["to"], requeued["by"], requeued["note"]) == ("bo", "ana", "speaks\tDutch")


def test_agents_seen_and_set(desk):
    ana, bo = desk.json("agent", "ls")
    assert (ana["name"], ana["presence"], ana["used"], ana["units"]) == ("ana", "offline", 0, 2) and bo["name"] == "bo"
    assert said(desk, "agent", "set", "zoe", "ready") == (
        'deskbell agent: there is no agent "zoe" in the desk definition in force; `deskbell agent ls` lists them\n', 1)
    text, status = said(desk, "agent", "set", "ana", "asleep")
    assert status == 2 and '"asleep" is no presence: ready, busy' in text
    assert said(desk, "agent", "show", "zoe")[1] == 1
    desk.run("agent", "set", "ana", "break", "--why", "lunch")
    assert desk.json("agent", "show", "ana")["presence"] == "break"
    assert "connected_until" in desk.json("agent", "set", "ana", "ready", "--keep", "8h")
    presence = [e["data"] for e in desk.events(types=("org.deskbell.agent.presence.v1",))]
    assert [(p["was"], p["presence"], p.get("why")) for p in presence] == [
        ("offline", "break", "lunch"), ("break", "ready", None)]
    assert "ana " in said(desk, "agent", "ls")[0].splitlines()[1]


def test_a_closed_queue_says_when_it_opens(desk):
    desk.run("agent", "set", "ana", "ready")
    item = send(desk, "good night")
    why = wait_state(desk, item, "waiting")
    opens = f"{TODAY + datetime.timedelta(days=3)}T08:00:00"
    assert why["next_open"].startswith(opens) and "decision" not in why
    assert f"night is closed; it opens {opens}Z (in " in said(desk, "why", item)[0]
    assert "closed" in [line for line in said(desk, "queue", "ls")[0].splitlines() if line.startswith("night ")][0]
    tried = desk.json("dispatch", "try", "--channel", "sms", "--text", "in the night")
    assert (tried["queue"], tried["outcome"]) == ("night", "waits") and tried["next_open"] == why["next_open"]


def test_a_message_is_tried_and_nothing_is_written(desk):
    before = client(desk).xlen(f"{P}:journal")
    tried = desk.json("dispatch", "try", "--channel", "sms", "--from", "+14155550100", "--text", "Hello")
    assert (tried["rule"], tried["queue"], tried["outcome"]) == ("default", "support", "waits") and "customer" not in tried
    desk.run("agent", "set", "ana", "ready")
    tried = desk.json("dispatch", "try", "--channel", "mail", "--to", "billing@example.com", "--subject", "Bill")
    assert (tried["rule"], tried["queue"], tried["outcome"]) == ("bills", "billing", "offered")
    assert tried["decision"]["agents"][0]["agent"] == "ana" and tried["decision"]["reproduced"]
    csv = desk.folder / "c.csv"
    csv.write_text("email,phone,tags\nann@example.org,+14155550100,vip\n")
    desk.run("customer", "import", str(csv))
    tried = desk.json("dispatch", "try", "--channel", "sms", "--from", "+14155550100")
    assert (tried["rule"], tried["queue"]) == ("vip", "billing") and tried["customer"].startswith("c")
    due = datetime.datetime.fromisoformat(tried["due"].replace("Z", "+00:00")).timestamp()
    assert abs(due - time.time() - 1800) < 60
    words = said(desk, "dispatch", "try", "--channel", "sms", "--from", "+14155550100", "--numbers")[0]
    assert words.startswith('queue billing, by rule "vip" of desk version ') and "offered to ana: " in words and "ln I" in words
    closed = said(desk, "dispatch", "try", "--channel", "sms", "--text", "in the night")[0]
    assert closed.startswith('queue night, by rule "night"') and "waits" in closed
    assert client(desk).xlen(f"{P}:journal") == before + 1, "but for the agent's presence"
    assert desk.json("queue", "ls")["queues"][0]["waiting"] == 0


def test_an_event_of_the_journal_is_tried(desk):
    desk.run("agent", "set", "ana", "ready")
    item = send(desk, "Hello")
    (event,) = wait_for(lambda: desk.events(), "the event")
    tried = json.loads(desk.run("dispatch", "try", "--event", "-", "--json", input=json.dumps(event).encode()).stdout)
    assert tried["queue"] == "support" and tried["customer"] == event["data"]["customer"]
    assert (tried["outcome"], tried["item"]) == ("joins", item) and "decision" not in tried, "their talk goes on"
    words = said(desk, "dispatch", "try", "--channel", "sms", "--from", event["data"]["from"]["address"])[0]
    assert words.startswith(f"joins work item {item} of queue support, which is "), words
    tried = desk.json("dispatch", "try", "--channel", "mail", "--from", "ann@example.org")
    assert tried["outcome"] == "offered", "a mail says by its Message-IDs where it belongs"
    broken = desk.run("dispatch", "try", "--event", "-", check=False, input=b"{oops")
    assert broken.returncode == 1 and b"-:1:" in broken.stderr
    assert said(desk, "dispatch", "try", "--channel", "nowhere")[0].endswith('there is no channel "nowhere" in the configuration\n')


def test_what_is_not_there(desk):
    assert said(desk, "why", "w0000000000000000") == ("deskbell why: there is no work item w0000000000000000\n", 1)
    assert said(desk, "why", "v0000000000000000")[1] == 1
    assert said(desk, "queue", "show", "suport")[0].startswith('deskbell queue: there is no queue "suport"')
    for verb in ("accept", "decline", "hold", "resume", "reopen", "done", "requeue"):
        assert said(desk, "queue", verb, "w0000000000000000", "--agent", "ana")[0] == \
            "deskbell queue: w0000000000000000: there is no such work item\n"

# SPDX-License-Identifier: Apache-2.0
"""Hours, promises, other desk definitions, steps that fail, and every state against every verb, in virtual time; after each test
everything that must always hold does (upheld.py)."""
import itertools
import re

import pytest
from redis.exceptions import ResponseError

from desk import library
from domain import DAY, HOUR, MINUTE, NOW, SECOND, WEIGHTS, Domain, desk
from shop import agent, held, opened, quick, shop  # noqa: F401
from steps import P
from upheld import LIFE, MOVES


# ---- hours

def office(*spans):
    return {"office": [(NOW + a, NOW + b) for a, b in spans]}


def test_after_hours_it_is_held(opened):
    d = shop(opened, ["ana"], queue=dict(hours="office"), hours=office((HOUR, 2 * HOUR)))
    item = d.write()
    assert d.dispatch() == [] and d.next_due == NOW + HOUR
    assert [o.item for o in d.later(HOUR).dispatch()] == [item]


def test_after_hours_it_is_taken_all_the_same(opened):
    d = shop(opened, ["ana"], queue=dict(hours="office", after="take"), hours=office((HOUR, 2 * HOUR)))
    d.write()
    assert len(d.dispatch()) == 1


def test_after_hours_it_goes_to_another_queue(opened):
    d = opened({"support": dict(hours="office", after="night"), "night": {}}, {"eve": agent(queues=("night",))},
               hours=office((HOUR, 2 * HOUR)))
    item = d.write()
    assert d.item(item)["queue"] == "night" and len(d.dispatch()) == 1


def test_a_closed_queue_s_clock_stands(opened):
    d = shop(opened, ["ana"], queue=dict(hours="office", answer=HOUR, warn=0.5), sign_in=False,
             hours=office((0, HOUR), (16 * HOUR, 24 * HOUR)))
    item = d.later(45 * MINUTE).write()
    d.dispatch()
    assert d.item(item)["deadline"] == str(NOW + 16 * HOUR + 45 * MINUTE)
    assert d.next_due == NOW + HOUR
    d.later(15 * MINUTE).dispatch()
    d.later(10 * HOUR).dispatch()
    assert d.journal(item, "deadline") == []
    d.later(5 * HOUR + 15 * MINUTE).dispatch()
    assert [e["evidence"] for e in d.journal(item, "deadline")] == [f"warn first {NOW + 16 * HOUR + 45 * MINUTE}"]


def test_items_in_a_closed_queue_that_were_declined_are_offered_when_it_opens(opened):
    """The first of those who are alike declined it: the others are asked."""
    d = shop(opened, ["ana", "bo"], queue=dict(hours="office"), hours=office((0, HOUR), (2 * HOUR, 9 * HOUR)), again=DAY)
    item = d.write()
    d.presence("bo", "break")
    d.dispatch()
    d.decline(item, "ana")
    d.later(HOUR).dispatch()
    d.presence("bo", "ready")
    assert d.dispatch() == []
    assert [o.agents for o in d.later(HOUR).dispatch()] == [["bo"]]


def test_an_agent_s_hours(opened):
    d = opened({"support": {}}, {"ana": agent(hours="office")}, hours=office((HOUR, 2 * HOUR)))
    item = d.write()
    assert d.dispatch() == []
    assert [o.item for o in d.later(HOUR).dispatch()] == [item]
    d.later(30 * SECOND).dispatch()
    assert d.later(HOUR).dispatch() == []


@pytest.mark.parametrize("presence", ["ready", "busy"])
def test_outside_their_hours_nobody_is_on_duty(opened, presence):
    """Who forgot to sign out keeps no item from those who stand in."""
    d = opened({"support": dict(nobody="night"), "night": {}}, {"ana": agent(hours="office"), "eve": agent(queues=("night",))},
               hours=office((0, HOUR), (16 * HOUR, 24 * HOUR)))
    d.presence("ana", "busy")
    d.presence("ana", presence)
    item = d.later(HOUR - 1).write()
    d.dispatch()
    if presence == "ready":
        d.decline(item, "ana")
    assert d.dispatch() == []
    assert [(o.item, o.agents) for o in d.later(1).dispatch()] == [(item, ["eve"])]


def test_hours_that_passed_while_no_dispatch_ran(opened):
    """Who signed in while it was closed works once it is open, though nobody saw it close."""
    d = opened({"support": {}}, {"ana": agent(hours="office")}, hours=office((0, HOUR), (2 * HOUR, 3 * HOUR)), sign_in=False)
    d.dispatch()
    d.later(HOUR + 1).sign_in()
    item = d.later(HOUR).write()
    assert [o.item for o in d.dispatch()] == [item]


# ---- promises

def promises(opened, **queue):
    d = shop(opened, ["ana"], queue=dict(dict(answer=HOUR, next=MINUTE, warn=0.8), **queue), sign_in=False)
    return d, d.write(sender="tel:+1")


def told(d, item):
    return [tuple(e["evidence"].split()[:2]) for e in d.journal(item, "deadline")]


def test_warned_before_and_told_when_it_is_late(opened):
    d, item = promises(opened)
    d.dispatch()
    assert d.next_due == NOW + 48 * MINUTE
    d.later(48 * MINUTE).dispatch()
    assert told(d, item) == [("warn", "first")]
    d.later(12 * MINUTE).dispatch()
    assert told(d, item) == [("warn", "first")]  # just in time is in time
    d.later(1).dispatch()
    assert told(d, item) == [("warn", "first"), ("late", "first")]
    d.later(DAY).dispatch()
    assert len(told(d, item)) == 2


def test_told_whoever_has_it(opened):
    d, item = promises(opened)
    d.claim("ana", item=item)
    d.later(HOUR + 1).dispatch()
    assert told(d, item) == [("late", "first")] and d.journal(item, "deadline")[0]["agent"] == "ana"


@pytest.mark.parametrize("ends_early", [False, True])
def test_what_is_offered_keeps_the_timer_of_when_it_waited_until_that_passes(opened, ends_early):
    """Nothing is told then but what is due, and the next one is right; whoever ends it takes it away."""
    d = opened({"support": dict(answer=HOUR, warn=0.8, relax=[(10 * MINUTE, {"de": 1})])}, {"ana": agent(skills={"de": 2})})
    item = d.write(skills="de>=2")

    def timer():
        at = d.r.zscore(f"{P}:timer:", item)
        return at and at - NOW
    assert timer() == 10 * MINUTE, "a skill relaxes then"
    assert [o.item for o in d.later(SECOND).dispatch()] == [item] and timer() == 10 * MINUTE
    assert d.accept(item, "ana") == "OK" and timer() == 10 * MINUTE
    if ends_early:
        assert d.done(item, "ana") == "OK" and timer() is None
        return
    d.later(10 * MINUTE).dispatch()
    assert timer() == 48 * MINUTE and told(d, item) == [] and held(d, item) == ("active", ["ana"])
    d.later(38 * MINUTE).dispatch()
    assert told(d, item) == [("warn", "first")]
    assert d.done(item, "ana") == "OK" and timer() is None


def test_no_warning_unless_asked(opened):
    d, item = promises(opened, warn=1)
    d.later(HOUR).dispatch()
    assert told(d, item) == []
    d.later(1).dispatch()
    assert told(d, item) == [("late", "first")]


def test_paused_while_the_customer_is_asked(opened):
    d, item = promises(opened, resolve=2 * HOUR)
    d.claim("ana", item=item)
    d.later(30 * MINUTE).verb("hold", item, "ana")
    d.later(DAY).dispatch()
    assert told(d, item) == []
    d.write(sender="tel:+1")
    d.later(30 * MINUTE + 1).dispatch()
    assert told(d, item) == [("late", "first")]
    d.later(HOUR).dispatch()
    assert told(d, item)[1:] == [("late", "resolve")]


def test_each_further_answer_has_its_own_promise(opened):
    d, item = promises(opened)
    d.claim("ana", item=item)
    assert d.reply(d.item(item).conversation, "ana") == "CREATED"
    d.later(DAY).dispatch()
    assert told(d, item) == [], "answered: that clock stands until the customer writes again"
    d.write(sender="tel:+1")
    d.later(48 * SECOND).dispatch()
    assert told(d, item) == [("warn", "next")]
    d.later(12 * SECOND + 1).dispatch()
    assert told(d, item) == [("warn", "next"), ("late", "next")]


def test_the_resolution_is_warned_of_and_late(opened):
    d, item = promises(opened, answer=0, resolve=HOUR)
    d.later(48 * MINUTE).dispatch()
    d.later(12 * MINUTE + 1).dispatch()
    assert told(d, item) == [("warn", "resolve"), ("late", "resolve")]


# ---- another desk definition

def test_what_waits_is_put_in_line_again(opened):
    d = shop(opened, ["ana", "bo"], sign_in=False)
    items = [d.later(SECOND).write(skills="zh>=3") for _ in range(250)]  # more than one call moves
    d.plan(desk({"support": {}}, {"ana": agent(units=2, skills={"zh": 3})})).sign_in("ana")
    assert [o.item for o in d.dispatch()] == items[:2]
    assert set(d.waiting()) == set(items[2:])


def test_the_same_definition_moves_nothing(opened):
    d = shop(opened, ["ana"], sign_in=False)
    d.write()
    lines = d.state().get("lines")
    d.later(DAY).plan(d.desk)
    assert d.state().get("lines") == lines and not d.state().get("replan")


def test_an_agent_who_is_taken_out_of_the_desk(opened):
    d = shop(opened, ["ana", "bo"], lease=MINUTE)
    first, second = d.write(), None
    d.claim("ana", item=first)
    second = d.write()
    d.dispatch()
    assert held(d, second) == ("offered", ["bo"])
    d.plan(desk({"support": {}}, {"eve": agent(units=2)}, lease=MINUTE)).sign_in("eve")
    assert [o.item for o in d.dispatch()] == [second]  # the offer ended at once
    assert d.accept(second, "eve") == "OK"
    assert [o.item for o in d.later(MINUTE).dispatch()] == [first]  # the item after the lease


def test_a_queue_that_is_taken_out_of_the_desk_shows_what_it_has(opened):
    d = opened({"support": {}, "old": {}}, {"ana": agent()}, sign_in=False)
    item = d.write("old")
    d.plan(desk({"support": {}}, {"ana": agent()}))
    d.dispatch()
    assert [q[:2] for q in d.ask("queues")] == [["support", "0"], ["old", "1"]]
    assert d.requeue(item, "support") == "OK"
    d.sign_in()
    assert [o.item for o in d.dispatch()] == [item]


def test_able_is_who_has_room_for_what_comes_there(opened):
    d = opened({"support": {}}, {"ana": agent(units=4), "bo": agent(units=5)}, kinds={"email": 1, "sms": 5})
    assert d.ask("queues")[0][4:] == ["2", "2"]
    d.write("support", kind="sms")
    assert d.ask("queues")[0][4:] == ["2", "1"]


def test_a_calendar_that_is_taken_out_of_the_desk_leaves_ages_alone(opened):
    d = shop(opened, ["ana"], queue=dict(hours="office"), hours=office((0, HOUR), (17 * HOUR, 20 * HOUR)), sign_in=False)
    item = d.later(30 * MINUTE).write()
    d.later(HOUR)
    d.plan(desk({"support": {}}, {"ana": agent()}))
    d.dispatch()
    assert d.now - d.item(item).at == 30 * MINUTE


def test_clocks_go_on_when_a_calendar_changes(opened):
    d = shop(opened, ["ana"], queue=dict(hours="office"), hours=office((0, HOUR)), sign_in=False)
    item = d.later(30 * MINUTE).write()
    d.later(10 * HOUR)
    d.plan(desk({"support": dict(hours="office")}, {"ana": agent()}, hours=office((0, 24 * HOUR))))
    d.later(MINUTE).dispatch()
    assert d.clock("office") - d.item(item).at == 31 * MINUTE


def test_who_has_it_in_hand_when_its_queue_gets_other_hours(opened):
    d = shop(opened, ["ana"], hours=office((0, HOUR), (2 * HOUR, 3 * HOUR)), lease=MINUTE)
    item = d.write()
    d.claim("ana", item=item)
    d.later(30 * MINUTE).plan(desk({"support": dict(hours="office", answer=HOUR)}, {"ana": agent()},
                                  hours=office((0, HOUR), (2 * HOUR, 3 * HOUR))))
    d.requeue(item, by="ana")
    assert d.item(item).clock == "office" and d.clock("office") - d.item(item).at == 30 * MINUTE
    assert len(d.dispatch()) == 1


# ---- a step that fails half way

@pytest.mark.parametrize("step", ["claim", "requeue", "offline"])
def test_what_is_remembered_of_agents_is_what_redis_has_though_a_step_failed(quick, step):
    d = Domain(quick, desk({"support": {}}, {"ana": agent(2)})).sign_in()
    first, second = d.write(), d.write()
    d.claim("ana", item=first)
    damaged = f"{P}:agent:ana:items" if step != "offline" else f"{P}:agents"
    d.r.rename(damaged, "kept")
    d.r.set(damaged, "damaged")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        dict(claim=lambda: d.claim("ana", item=second), requeue=lambda: d.requeue(first),
             offline=lambda: d.presence("ana", "offline"))[step]()
    d.r.rename("kept", damaged)
    remembered = d.ask("agents", "ana")
    d.r.function_load(library(), replace=True)  # forgets all that it knew
    assert remembered == d.ask("agents", "ana")


# ---- the tables

def test_the_life_table_is_the_one_of_the_steps():
    text = (LIFE.parents[2] / "services/router/wait.lua").read_text()
    rows = dict(line.strip().rstrip(",").split(" = ") for line in
                text.split("local MOVES = {\n")[1].split("  }\n")[0].splitlines())
    assert {state: set(to.strip("'").split()) for state, to in rows.items()} == MOVES


def test_as_many_real_time_queues_as_the_review_lets_pass():
    text = (LIFE.parents[2] / "services/router/plan.lua").read_text()
    most = re.search(r"#define RULE_REAL_TIME (\d+)", (LIFE.parent / "rule.h").read_text())[1]
    assert f"local REAL_TIME_MAX = {most} " in text


def test_the_weights_are_those_of_the_rule():
    text = (LIFE.parents[2] / "services/router/plan.lua").read_text()
    weights = [float(n) for n in text.split("local WEIGHTS = {")[1].split("}")[0].split(",")]
    assert weights == list(WEIGHTS.values())


VERBS = ("accept", "decline", "pick", "force", "done", "requeue", "transfer", "hold", "snooze", "resume", "reopen", "dispatch")
STATES = tuple(MOVES)


def bring(d, state):
    """A new item in this state, ana's where it is anybody's."""
    item = d.write(sender="tel:+1")
    if state == "waiting":
        d.presence("ana", "busy"), d.presence("bo", "busy")
    if state == "offered":
        d.presence("bo", "busy")
        d.dispatch()
    if state in ("active", "on_hold", "snoozed", "wrapping", "done"):
        d.claim("ana", item=item)
    if state in ("wrapping", "done"):
        d.done(item, "ana")
    if state == "done":
        d.done(item, "ana")
    if state in ("on_hold", "snoozed"):
        d.verb(dict(on_hold="hold", snoozed="snooze")[state], item, "ana", NOW + DAY)
    assert d.item(item).state == state
    return item


def use(d, verb, item, name):
    return dict(accept=lambda: d.accept(item, name), decline=lambda: d.decline(item, name),
                pick=lambda: d.claim(name, item=item), force=lambda: d.claim(name, item=item, force=True),
                done=lambda: d.done(item, name), requeue=lambda: d.requeue(item, "sales", by=name),
                transfer=lambda: d.requeue(item, "", "bo", name), dispatch=lambda: d.dispatch(),
                hold=lambda: d.verb("hold", item, name, NOW + DAY), snooze=lambda: d.verb("snooze", item, name, NOW + DAY),
                resume=lambda: d.verb("resume", item, name), reopen=lambda: d.verb("reopen", item, name))[verb]()


# What may be done by who has it (ana), and by another (bo); what is not here is refused.
OWN = dict(
    waiting=dict(pick="active", force="active", done="done", requeue="waiting", transfer="waiting", hold="on_hold",
                 snooze="snoozed", resume="active"),
    offered=dict(accept="active", decline="waiting", pick="active", force="active", done="done", requeue="waiting",
                 transfer="waiting", resume="active"),
    active=dict(done="wrapping", requeue="waiting", transfer="waiting", hold="on_hold", snooze="snoozed"),
    on_hold=dict(pick="active", force="active", done="done", requeue="waiting", transfer="waiting", snooze="snoozed",
                 resume="active"),
    snoozed=dict(pick="active", force="active", done="done", requeue="waiting", transfer="waiting", hold="on_hold",
                 resume="active"),
    wrapping=dict(pick="active", force="active", done="done", requeue="waiting", transfer="waiting", resume="active"),
    done=dict(reopen="waiting"))
OTHERS = {state: {verb: to for verb, to in verbs.items() if state == "waiting" or verb in (
    "force", "done", "requeue", "transfer", "reopen")} for state, verbs in OWN.items()}
OTHERS["active"]["force"] = "active"


@pytest.mark.parametrize("state, verb", itertools.product(STATES, VERBS))
@pytest.mark.parametrize("name", ["ana", "bo"])
def test_every_state_and_every_verb(opened, state, verb, name):
    d = opened({"support": dict(wrap=MINUTE), "sales": {}}, {"ana": agent(2), "bo": agent(2)}, again=DAY)
    item = bring(d, state)
    before = d.state().keys
    answer = use(d, verb, item, name)
    after = d.item(item).state
    want = (OWN if name == "ana" else OTHERS)[state].get(verb, state)
    assert after == want, answer
    assert after == state or after in MOVES[state]
    if after == state and verb not in ("requeue", "transfer", "force"):
        assert answer in ([], "NOT", "DONE", "OK") or answer[0] in ("ILLEGAL", "TAKEN", "DONE", "OK")
        assert verb == "dispatch" or d.state().keys == before

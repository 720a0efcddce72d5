# SPDX-License-Identifier: Apache-2.0
"""What a review of dispatch found, step by step in virtual time; after each test everything that must always hold does."""
import math

import pytest

from domain import DAY, HOUR, MINUTE, NOW, SECOND, Domain, desk
from ear import Ear
from redis.exceptions import ResponseError
from shop import agent, held, opened, quick  # noqa: F401
from steps import P
from upheld import Sight, nobody_waits


def test_what_waits_for_one_agent_is_offered_when_its_queue_opens(opened):
    """... though another, who is like them, is idle for longer."""
    d = opened({"support": {"hours": "office"}}, {"ana": agent(), "bo": agent()},
               hours={"office": [(NOW - HOUR, NOW), (NOW + HOUR, NOW + 9 * HOUR)]}, transfer=5 * HOUR)
    item = d.write()
    assert d.requeue(item, to="bo") == "OK"
    assert d.dispatch() == []
    assert [o.agents for o in d.later(HOUR).dispatch()] == [["bo"]]
    assert nobody_waits(Sight(d)) == []


def test_reopened_in_a_conversation_that_was_merged_it_belongs_to_the_survivor(opened):
    """Else the next message opened another beside it."""
    d = opened({"support": {}}, {"ana": agent(3)})
    sender = "tel:+49301"
    one, two = d.write(), d.write(sender=sender)
    v1, v2 = d.item(one).conversation, d.item(two).conversation
    assert d.claim("ana", item=two) == ("OK", two)
    assert d.merge(v1, v2) == ("OK", v2)
    assert d.verb("reopen", one) == ("TAKEN", two)
    assert d.done(two, "ana") == "OK"
    assert d.verb("reopen", one) == ("OK", "waiting")
    assert d.item(one).conversation == v2
    assert (d.write(sender=sender), d.last()["conversation"]) == (one, v2)
    assert [(o.item, o.agents) for o in d.dispatch()] == [(one, ["ana"])]
    assert d.unmerge(v1) == ("OK", v2)
    assert d.r.hget(f"{P}:conv:{v2}", "item") == one.encode() and not d.r.hget(f"{P}:conv:{v1}", "item")


def test_a_damaged_item_stops_nobody(opened):
    d = opened({"support": {"answer": HOUR, "warn": 0.5}}, {"ana": agent(), "bo": agent()})
    first, second = d.write(priority=1), d.write()
    kept = d.r.dump(f"{P}:item:{first}")
    d.r.set(f"{P}:item:{first}", "damaged")
    assert [o.item for o in d.dispatch()] == [second]
    assert d.once() == (False, [])
    d.r.restore(f"{P}:item:{first}", 0, kept, replace=True)
    assert d.claim("ana" if held(d, second)[1] == ["bo"] else "bo", item=first) == ("OK", first)


def test_a_damaged_conversation_stops_no_item(quick):
    d = Domain(quick, desk({"support": {}}, {"ana": agent(), "bo": agent()})).sign_in()
    first, second = d.write(priority=1), d.write()
    d.r.set(f"{P}:conv:{d.item(first).conversation}", "damaged")
    assert sorted(o.item for o in d.dispatch()) == [first, second]
    assert held(d, first)[0] == held(d, second)[0] == "offered"


def test_a_call_that_fails_forgets_nothing(opened):
    """It took the marks that it failed at away, and left one for everything."""
    d = opened({"support": {}}, {"ana": agent(), "bo": agent()})
    item = d.write()
    d.r.rename(f"{P}:load", f"{P}:load:before")
    d.r.set(f"{P}:load", "damaged")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        d.dispatch()
    d.r.rename(f"{P}:load:before", f"{P}:load")
    assert [o.item for o in d.dispatch()] == [item]


def test_events_of_one_call_are_counted_though_one_between_them_fails(opened):
    d = opened({"support": {}, "broken": {}}, {"ana": agent()}, sign_in=False)
    line = f"{P}:line:1~broken~email~{DAY}~~:o"
    d.r.set(line, "damaged")
    assert d.route(d.event(), d.event("broken"), d.event(), d.event("broken")) == "rere"
    d.r.delete(line)
    assert d.r.hgetall(f"{P}:waiting") == {b"support": b"2"}
    assert len(d.waiting()) == 2 and d.r.hkeys(f"{P}:load") == [b"support"]


def test_what_came_in_the_same_call_counts_for_a_limit(opened):
    d = opened({"support": dict(limit=2, limit_queue="spare"), "spare": {}}, {"ana": agent()}, sign_in=False)
    assert d.route(*(d.event() for _ in range(5))) == "rrrrr"
    assert (len(d.waiting()), len(d.waiting("spare"))) == (2, 3)
    assert d.r.hgetall(f"{P}:waiting") == {b"support": b"2", b"spare": b"3"}


def test_an_item_of_an_older_release_has_fewer_parts_of_a_place(opened):
    d = opened({"support": {"answer": HOUR, "next": MINUTE}}, {"ana": agent()})
    item = d.write()
    place = d.r.hget(f"{P}:item:{item}", "place")
    d.r.hset(f"{P}:item:{item}", "place", place.rpartition(b"\x1f")[0])
    assert [o.item for o in d.dispatch()] == [item]
    d.presence("ana", "break")
    assert d.r.hget(f"{P}:item:{item}", "place").count(b"\x1f") == place.count(b"\x1f"), "it waits again, and has all"
    d.presence("ana", "ready")
    assert [o.item for o in d.dispatch()] == [item]
    assert (d.accept(item, "ana"), d.done(item, "ana")) == ("OK", "OK")


def test_a_timer_is_set_by_the_plan_in_force_when_the_offer_is_accepted(opened):
    """Else the warning came by the plan of the offer."""
    queue, ana = {"answer": HOUR, "warn": 0.5}, {"ana": agent()}
    d = opened({"support": queue}, ana)
    item = d.write()
    d.later(SECOND).dispatch()
    assert d.r.zscore(f"{P}:timer:", item) == NOW + 30 * MINUTE
    d.later(SECOND).plan(desk({"support": {**queue, "warn": 0.25}}, ana))
    assert d.later(SECOND).accept(item, "ana") == "OK"
    assert d.r.zscore(f"{P}:timer:", item) == NOW + 15 * MINUTE


@pytest.mark.parametrize("state", ["offered", "snoozed"])
def test_an_end_that_fails_comes_again(opened, state):
    d = opened({"support": {}}, {"ana": agent(), "bo": agent()})
    item = d.write()
    d.dispatch()
    if state == "snoozed":
        agent_now = held(d, item)[1][0]
        assert d.accept(item, agent_now) == "OK" and d.verb("snooze", item, agent_now, d.now + 30 * SECOND)[0] == "OK"
    d.r.rename(f"{P}:waiting", f"{P}:waiting:before")
    d.r.set(f"{P}:waiting", "damaged")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        d.later(31 * SECOND).dispatch()
    d.r.rename(f"{P}:waiting:before", f"{P}:waiting")
    d.dispatch()
    assert [o.item for o in d.later(2 * MINUTE).dispatch()] == [item]


def test_what_nobody_declined_is_found_behind_ever_so_many(opened):
    d = opened({"support": {}}, {"ana": agent(100)})
    for item in [d.write() for _ in range(70)]:
        d.dispatch()
        assert d.decline(item, "ana") == "OK"
    item = d.write()
    assert [o.item for o in d.dispatch()] == [item]
    assert nobody_waits(Sight(d)) == []


@pytest.mark.parametrize("into", ["the waiting one", "the answered one"])
def test_merged_the_customer_who_waits_for_an_answer_keeps_the_promise(opened, into):
    d = opened({"support": {"answer": HOUR}}, {"ana": agent(3)})
    answered = d.write()
    assert d.claim("ana", item=answered) == ("OK", answered)
    d.reply(d.item(answered).conversation, "ana")
    waiting = d.later(MINUTE).write()
    order = [waiting, answered] if into == "the answered one" else [answered, waiting]
    assert d.later(MINUTE).merge(*(d.item(i).conversation for i in order))[0] == "OK"
    i = d.item(answered)
    assert (i.state, i.sla, i.at, i.promise, int(i.deadline)) == ("active", "first", NOW + MINUTE, HOUR, NOW + MINUTE + HOUR)
    d.later(HOUR).dispatch()
    assert [e["evidence"].split()[:2] for e in d.journal(answered, "deadline")] == [["late", "first"]]


def test_what_an_agent_took_by_hand_goes_back_when_they_are_not_in_the_desk_any_more(opened):
    d = opened({"support": {}}, {"ana": agent(), "bo": agent()})
    item = d.write()
    d.presence("ana", "offline")
    assert d.claim("ana", item=item) == ("OK", item)
    d.plan(desk({"support": {}}, {"bo": agent()}))
    d.dispatch()
    assert [(o.item, o.agents) for o in d.later(3 * MINUTE).dispatch()] == [(item, ["bo"])]


@pytest.mark.parametrize("renewed", [True, False])
def test_who_could_not_answer_while_redis_was_away_is_there_still(opened, renewed):
    """Offers and connections ended meanwhile; whichever program comes first."""
    d = opened({"support": {}}, {"ana": agent(3)})
    d.presence("ana", "", 45 * SECOND)
    items = [d.write() for _ in range(3)]
    assert len(d.dispatch()) == 3
    d.later(5 * MINUTE)
    if renewed:
        d.presence("ana", "", 45 * SECOND)
    assert sorted(o.item for o in d.dispatch()) == items, "offered again at once"
    assert (d.agent("ana")[0], d.r.hget(f"{P}:agent:ana", "misses")) == ("ready", b"0")
    for item in items:
        assert d.accept(item, "ana") == "OK"
    for _ in range(13):
        d.later(5 * SECOND).dispatch()
    assert d.agent("ana")[0] == "offline", "who did not come back is not there"


def test_a_connection_that_is_renewed_after_all_brings_the_presence_back(opened):
    d = opened({"support": {}}, {"ana": agent(3)}, lease=2 * MINUTE)
    d.presence("ana", "", 45 * SECOND)
    item = d.write()
    assert d.claim("ana", item=item) == ("OK", item)
    d.later(46 * SECOND).dispatch()
    assert d.agent("ana")[0] == "offline"
    assert d.later(MINUTE).presence("ana", "", 45 * SECOND) == "OK"
    assert d.agent("ana") == ("ready", 1, [item])
    d.later(46 * SECOND).dispatch()
    assert d.presence("ana", "offline") == "SAME" and d.presence("ana", "", 45 * SECOND) == "SAME", "what is said counts"
    assert d.agent("ana")[0] == "offline"
    assert d.later(5 * MINUTE).dispatch() == []
    assert d.presence("ana", "ready", 45 * SECOND) == "OK"
    d.later(46 * SECOND).dispatch()
    assert d.later(3 * MINUTE).presence("ana", "", 45 * SECOND) == "SAME", "after the lease they are gone"


def test_a_reserve_that_is_broken_as_soon_as_it_is_whole_becomes_whole_again(opened):
    """What has time is looked at then, though it was not when an agent was free for a moment."""
    d = opened({"chat": dict(real_time=True, answer=20 * SECOND), "mail": dict(answer=8 * HOUR)},
               {"ana": agent(1, ("chat",)), "bo": agent(1, ("chat", "mail"))})
    call = d.write("chat")
    d.dispatch()
    assert held(d, call) == ("offered", ["ana"]) and d.accept(call, "ana") == "OK"
    mail = d.write("mail")
    assert d.dispatch() == [], "bo is kept"
    assert d.requeue(call) == "OK"
    assert [(o.item, o.agents) for o in d.dispatch()] == [(call, ["ana"])]
    assert d.claim("zoe", item=call, force=True) == ("OK", call)
    assert [(o.item, o.agents) for o in d.dispatch()] == [(mail, ["bo"])]
    assert nobody_waits(Sight(d)) == []


def test_of_very_many_lines_the_most_urgent_go_first_when_a_reserve_becomes_whole(opened):
    """Each promise has a line of its own: more of them than a view has, than are marked one by one, than a call has arguments."""
    lines, both = 8100, ("chat", "mail")
    d = opened({"chat": dict(real_time=True, answer=20 * SECOND), "mail": dict(answer=8 * HOUR)},
               {"ana": agent(1, ("chat",)), "bo": agent(1, both), "cy": agent(1, both), "eve": agent(1, ("chat",))}, sign_in=False)
    for n in range(0, lines, 100):
        events = [d.event("mail", within=str(8 * HOUR + k * SECOND)) for k in range(n, n + 100)]
        assert d.route(*events) == "r" * 100
    assert d.sign_in("bo").dispatch() == [], "bo is kept"
    first, second = d.ask("waiting", "mail", 2)
    offers = d.sign_in("ana", "cy", "eve").dispatch()
    assert [o.item for o in offers] == [first, second]


# ---- what the library remembers, and Redis

def test_lines_that_come_and_go_without_end(opened):
    """Their names are not remembered for ever, and one that was forgotten is found again."""
    d = opened({"support": {}}, {"ana": agent()})
    for n in range(150):
        item = d.write(within=str(MINUTE + n % 75 * SECOND))
        assert [o.item for o in d.dispatch()] == [item]
        assert d.accept(item, "ana") == "OK" and d.done(item, "ana") == "OK"
    assert d.dispatch() == [] and d.r.scard(f"{P}:lines") == 0


@pytest.mark.parametrize("how", ["merge", "unmerge"])
def test_an_item_that_waits_first_in_line_and_goes_to_another_conversation_is_offered_there(opened, how):
    d = opened({"support": {}}, {"ana": agent(), "bo": agent()}, sign_in=False)
    other = d.write()
    assert d.claim("ana", item=other) == ("OK", other) and d.done(other, "ana") == "OK"
    d.sign_in("bo")
    item = d.write()
    v1, v2 = d.item(item).conversation, d.item(other).conversation
    d.dispatch()
    assert d.decline(item, "bo") == "OK"
    if how == "merge":
        assert d.dispatch() == [], "looked at"
    assert d.merge(v1, v2) == ("OK", v2)
    belongs = v2
    if how == "unmerge":
        assert d.dispatch() == []
        assert d.unmerge(v1) == ("OK", v2)
        belongs = v1
    assert d.item(item).conversation == belongs
    d.sign_in("ana")
    assert [(o.item, o.agents) for o in d.dispatch()] == [(item, ["ana"])]
    (_, offer) = d.journal(item, "offer")
    assert offer["conversation"] == belongs
    assert d.ask("why", item)[3] == offer["cursor"]


# ---- a step that fails half way

def fails_half_way(d, *keys):
    """While these keys are damaged."""
    class Damaged:
        def __enter__(self):
            for key in keys:
                if d.r.exists(f"{P}:{key}"):
                    d.r.rename(f"{P}:{key}", f"{P}:before:{key}")
                d.r.set(f"{P}:{key}", "damaged")

        def __exit__(self, *_):
            for key in keys:
                d.r.delete(f"{P}:{key}")
                if d.r.exists(f"{P}:before:{key}"):
                    d.r.rename(f"{P}:before:{key}", f"{P}:{key}")
    return Damaged()


def test_dispatch_is_told_though_a_step_before_failed_half_way(quick):
    """Its mark was there, and nobody had been told of it."""
    d = Domain(quick, desk({"support": {}}, {"ana": agent()})).sign_in()
    item, _ = d.write(), d.write()
    assert d.claim("ana", item=item) == ("OK", item) and d.dispatch() == []
    ear = Ear(d.r)
    with fails_half_way(d, "held"), pytest.raises(ResponseError, match="WRONGTYPE"):
        d.done(item, "ana")
    assert d.r.smembers(f"{P}:marks") == {b"a:ana", b"*"}
    assert ear.times() == 1
    d.write(priority=1)
    assert ear.times() == 0, "told already"


def test_a_dispatch_that_failed_says_so_to_the_others(quick):
    """It may be gone before it tries again."""
    d = Domain(quick, desk({"support": {}}, {"ana": agent()})).sign_in()
    d.write()
    ear = Ear(d.r)
    with fails_half_way(d, "load"), pytest.raises(ResponseError, match="WRONGTYPE"):
        d.r.delete(f"{P}:crew")  # what is remembered is read again
        d.dispatch()
    assert d.r.smembers(f"{P}:marks") == {b"*"}
    assert ear.times() == 1


def test_an_agent_who_cannot_be_looked_at_stops_no_other(quick):
    d = Domain(quick, desk({"support": {}}, {"ana": agent(), "bo": agent()})).sign_in()
    d.dispatch()
    d.r.set(f"{P}:known:ana", "damaged")
    d.r.delete(f"{P}:crew")  # what is remembered is read again
    for name in ("ana", "bo"):
        d.presence(name, "break"), d.presence(name, "ready")
    item = d.write()
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        d.dispatch()
    assert [o.item for o in d.dispatch()] == [item]


@pytest.mark.parametrize("step", ["done", "route", "dispatch"])
def test_what_another_redis_remembers_does_not_count_after_a_step_that_failed_half_way(quick, step):
    """It changed some of it."""
    d = Domain(quick, desk({"support": {}, "broken": {}}, {"ana": agent(2)})).sign_in()
    item = d.write()
    d.dispatch()
    if step == "dispatch":
        d.write()
    else:
        assert d.accept(item, "ana") == "OK"
    stamp = d.r.get(f"{P}:crew")
    if step == "done":
        with fails_half_way(d, "held"), pytest.raises(ResponseError, match="WRONGTYPE"):
            d.done(item, "ana")
    elif step == "route":
        with fails_half_way(d, f"line:1~broken~email~{DAY}~~:o"):
            assert d.route(d.event(), d.event("broken")) == "re"
    else:
        with fails_half_way(d, "agent:ana:items"), pytest.raises(ResponseError, match="WRONGTYPE"):
            d.dispatch()
    assert d.r.get(f"{P}:crew") != stamp


def test_what_is_gathered_and_could_not_be_written_is_not_remembered(quick):
    d = Domain(quick, desk({"support": {}}, {"ana": agent()})).sign_in()
    d.write()
    before = d.r.hget(f"{P}:load", "support")
    with fails_half_way(d, "waiting"), pytest.raises(ResponseError, match="WRONGTYPE"):
        d.route(d.event())
    assert d.r.hget(f"{P}:load", "support") == before
    d.later(HOUR).write()
    (rate, *_), (was, *_) = (t.split() for t in (d.r.hget(f"{P}:load", "support"), before))
    assert float(rate) == pytest.approx(float(was) * math.exp(-4) + 1 / 900_000, rel=1e-4)


def test_what_is_measured_may_be_damaged(opened):
    """Numbers that are none, of a queue that agents are kept free for."""
    d = opened({"chat": dict(real_time=True, answer=20 * SECOND), "mail": dict(answer=MINUTE)},
               {"ana": agent(1, ("chat", "mail"))}, sign_in=False)
    d.r.hset(f"{P}:load", "chat", "nan nan nan email")
    item = d.sign_in().write("mail")
    assert [o.item for o in d.dispatch()] == [item]


def test_an_item_that_a_step_left_in_another_line_is_offered_once(opened):
    """It was offered for ever: to whoever looked at the line where it was left."""
    d = opened({"support": {}, "sales": {}}, {"ana": agent(3, ("support", "sales"))}, sign_in=False)
    items = [d.write("support"), d.write("sales")]
    d.r.zadd(f"{P}:line:{d.item(items[1]).line}:o", {items[0]: 1})
    assert sorted(o.item for o in d.sign_in().dispatch()) == items


def test_an_item_that_a_step_left_with_another_agent_s_customers_is_offered_once(opened):
    d = opened({"support": {}}, {"ana": agent(3)}, sign_in=False)
    items = [d.write() for _ in range(3)]
    d.r.zadd(f"{P}:known:ana", {items[2]: 1})
    assert [o.item for o in d.sign_in().dispatch()] == items, "in order, too"


def test_what_a_failed_event_left_in_a_line_hides_nobody(opened):
    d = opened({"support": {}}, {"ana": agent()})
    assert d.dispatch() == []
    with fails_half_way(d, "lines"):
        assert d.route(d.event()) == "e"
    assert d.r.smembers(f"{P}:marks") == {b"*"}
    assert d.dispatch() == [], "the line is not listed"
    item = d.write()
    assert [o.item for o in d.dispatch()] == [item]


def test_who_only_asks_writes_nothing_though_it_fails(opened):
    d = opened({"support": {}}, {"ana": agent()})
    item = d.write()
    assert d.dispatch() and d.ask("crew")
    before = d.state().keys, d.r.get(f"{P}:crew")
    with fails_half_way(d, f"conv:{d.item(item).conversation}"), pytest.raises(ResponseError, match="WRONGTYPE"):
        d.ask("why", item)
    assert (d.state().keys, d.r.get(f"{P}:crew")) == before


# ---- waiting items of an agent's own customers

def known_to(d, name, sender):
    """A customer whom this agent answered; the item that it was."""
    item = d.write(sender=sender)
    assert d.claim(name, item=item) == ("OK", item) and d.done(item, name) == "OK"
    return item


@pytest.mark.parametrize("back", [False, True])
def test_an_own_customers_item_that_goes_to_another_conversation_is_offered_there(opened, back):
    """It is remembered by its agent, behind the first of its line."""
    d = opened({"support": {}}, {"ana": agent()}, sign_in=False)
    known_to(d, "ana", "tel:+1777")
    other = known_to(d, "zoe", "tel:+1888")
    first, _ = d.write(priority=1), d.write()
    item = d.later(SECOND).write(sender="tel:+1777")
    its, others = d.item(item).conversation, d.item(other).conversation
    assert d.item(item).known == "ana" and its != others
    if back:
        assert d.merge(its, others) == ("OK", others)
    assert [o.item for o in d.sign_in("ana").dispatch()] == [first] and d.accept(first, "ana") == "OK"
    assert (d.unmerge(its) if back else d.merge(its, others)) == ("OK", others)
    assert d.item(item).conversation == (its if back else others)
    assert d.done(first, "ana") == "OK" and [(o.item, o.agents) for o in d.dispatch()] == [(item, ["ana"])]
    (offer,) = d.journal(item, "offer")
    assert offer["conversation"] == d.item(item).conversation and d.ask("why", item)[3] == offer["cursor"]


def test_an_own_customers_item_that_was_damaged_for_a_while_is_offered_after_all(opened):
    """Its line lost it meanwhile."""
    d = opened({"support": {}}, {"ana": agent(), "bo": agent()}, sign_in=False)
    known_to(d, "ana", "tel:+1777")
    first, second = d.write(priority=1, sender="tel:+1777"), d.write()
    d.sign_in()
    kept = d.r.dump(f"{P}:item:{first}")
    d.r.set(f"{P}:item:{first}", "damaged")
    assert [o.item for o in d.dispatch()] == [second]
    d.r.restore(f"{P}:item:{first}", 0, kept, replace=True)
    name = held(d, second)[1][0]
    assert d.accept(second, name) == "OK" and d.done(second, name) == "OK"
    d.r.delete(f"{P}:crew")  # what is remembered is read again
    d.presence("bo", "break"), d.presence("ana", "break"), d.presence("ana", "ready")
    assert [(o.item, o.agents) for o in d.dispatch()] == [(first, ["ana"])]


# ---- what is put aside

@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_an_item_that_cannot_be_read_hides_no_other_that_is_put_aside(quick, harm):
    d = Domain(quick, desk({"support": {}}, {"ana": agent(3)})).sign_in()
    first, second = d.write(), d.write()
    for item in (first, second):
        assert d.claim("ana", item=item)[0] == "OK" and d.later(1).verb("hold", item, "ana")[0] == "OK"
    d.r.delete(f"{P}:item:{first}")
    if harm == "damaged":
        d.r.set(f"{P}:item:{first}", "damaged")
    assert [row[0] for row in d.ask("aside", "", 1)] == [row[0] for row in d.ask("aside", "ana", 9)] == [second]


def test_more_than_a_page_is_put_aside(quick):
    d = Domain(quick, desk({"support": {}}, {"ana": agent(3)})).sign_in()
    items = [d.write(sender=f"tel:+{n}") for n in range(210)]
    for item in items:
        assert d.verb("snooze", item, "ana", d.now + HOUR)[0] == "OK"
        d.later(1)
    assert [row[0] for row in d.ask("aside", "", 205)] == items[:205]
    assert [row[0] for row in d.ask("aside", "", 1000)] == items


def test_of_very_many_that_are_put_aside_the_first_are_looked_at(quick):
    d = Domain(quick, desk({"support": {}}, {"ana": agent(3)})).sign_in()
    inside, outside = d.write(sender="tel:+1"), d.write(sender="tel:+2")
    for item, before in ((inside, 4999), (outside, 5000)):
        assert d.verb("hold", item, "ana")[0] == "OK"
        d.r.delete(f"{P}:aside")
        d.r.zadd(f"{P}:aside", {item: 1, **{f"gone{n}": 0 for n in range(before)}})
        assert [row[0] for row in d.ask("aside", "", 10_000)] == ([item] if item == inside else [])

# SPDX-License-Identifier: Apache-2.0
"""What dispatch does, step by step, in virtual time: who gets what, and what becomes of it. Each test is one rule of it; after
each, everything that must always hold does (upheld.py)."""
import itertools

import pytest

from redis.exceptions import ResponseError

from desk import library
from domain import DAY, HOUR, MINUTE, NOW, SECOND, WEIGHTS, Domain, QuickRedis, desk, plan_text
from steps import P
from upheld import LIFE, MOVES, Sight, consistent, legal_life, nobody_waits


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    with QuickRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server.client


@pytest.fixture
def opened(quick):
    """Opens a domain; all agents of it are ready unless said."""
    made = []

    def open(queues, agents, sign_in=True, **more):
        d = Domain(quick, desk(queues, agents, **more))
        made.append(d)
        return d.sign_in() if sign_in else d

    yield open
    for d in made:
        sight = Sight(d)
        assert consistent(sight, settled=False) == []
        assert legal_life(d.journal(), sight.state.items) == []


def agent(units=1, queues=("support",), skills=None, **more):
    queues = queues if isinstance(queues, dict) else {q: 1 for q in queues}
    return dict(units=units, queues=queues, skills=skills or {}, **more)


def shop(opened, names=("ana", "bo"), queue=None, units=1, **more):
    """One queue, agents who are alike."""
    return opened({"support": queue or {}}, {n: agent(units) for n in names}, **more)


def held(d, item):
    i = d.item(item)
    return i.state, i.agents


# ---- who gets it

def test_a_new_item_is_offered_to_who_is_ready(opened):
    d = shop(opened, ["ana"])
    item = d.write()
    assert d.dispatch() == [(item, "ana", str(NOW + 30 * SECOND))]
    assert held(d, item) == ("offered", ["ana"])


def test_an_agent_who_comes_gets_what_waits(opened):
    d = shop(opened, ["ana"], sign_in=False)
    item = d.write()
    assert d.dispatch() == []
    d.sign_in()
    assert [o.item for o in d.dispatch()] == [item]


@pytest.mark.parametrize("presence", ["busy", "break", "away", "offline"])
def test_who_is_not_ready_gets_nothing(opened, presence):
    d = shop(opened, ["ana"])
    d.presence("ana", presence)
    d.write()
    assert d.dispatch() == []


def test_the_longest_idle_of_equals(opened):
    d = shop(opened, ["ana", "bo"], sign_in=False)
    d.sign_in("bo").later(SECOND).sign_in("ana")
    d.write()
    assert d.dispatch()[0].agents == ["bo"]


def test_the_least_loaded_of_equals(opened):
    d = shop(opened, ["ana", "bo"], units=2)
    first, second = d.write(), None
    d.dispatch()
    second = d.write()
    assert sorted(a for o in [d.item(first), *[d.item(o.item) for o in d.dispatch()]] for a in o.agents) == ["ana", "bo"]
    assert held(d, second)[0] == "offered"


def test_the_faster_one(opened):
    d = opened({"support": {}}, {"ana": agent(), "bo": agent(queues={"support": 2})})
    d.write()
    assert d.dispatch()[0].agents == ["bo"]


def test_the_one_whom_no_scarce_queue_needs(opened):
    queues = {"support": {}, "chat": dict(real_time=True, answer=MINUTE)}
    d = opened(queues, {"ana": agent(queues=("support", "chat")), "bo": agent()}, weights=dict(reserve=0), sign_in=False)
    d.sign_in("ana").later(SECOND).sign_in("bo")
    for n in range(3):  # chat has work, so its agents are dear
        d.write("chat", kind="email")
    d.dispatch()
    item = d.write()
    assert [o.agents for o in d.dispatch() if o.item == item] in ([["bo"]], [])


def test_skills_are_needed(opened):
    d = opened({"support": {}}, {"ana": agent(skills={"zh": 2}), "bo": agent(skills={"zh": 3, "billing": 1})})
    item = d.write(skills="billing>=1,zh>=3")
    assert [o.agents for o in d.dispatch()] == [["bo"]]
    d.decline(item, "bo")
    assert d.dispatch() == []


def test_members_only(opened):
    d = opened({"support": {}, "sales": {}}, {"ana": agent(), "bo": agent(queues=("sales",))})
    item = d.write("sales")
    assert d.dispatch() == [(item, "bo", str(NOW + 30 * SECOND))]


# ---- which goes first

def test_the_oldest_of_equals(opened):
    d = shop(opened, ["ana"], sign_in=False)
    first = d.write()
    d.later(SECOND).write()
    d.sign_in()
    assert [o.item for o in d.dispatch()] == [first]


def test_the_more_urgent_priority(opened):
    d = shop(opened, ["ana"], sign_in=False)
    d.write(priority=5)
    urgent = d.later(HOUR).write(priority=4)
    d.sign_in()
    assert [o.item for o in d.dispatch()] == [urgent]


def test_a_priority_is_overtaken_in_the_end(opened):
    """Two steps are worth half a target of head start."""
    d = shop(opened, ["ana"], queue=dict(answer=HOUR), sign_in=False)
    old = d.write(priority=5)
    d.later(HOUR // 2 + 1).write(priority=3)
    d.sign_in()
    assert [o.item for o in d.dispatch()] == [old]


def test_the_worthier_customer(opened):
    d = shop(opened, ["ana"], sign_in=False, value=[("tag", "vip", "3")])
    d.write()
    d.customer("tel:+1", tags="|vip|")
    vip = d.later(HOUR).write(sender="tel:+1")
    d.sign_in()
    assert d.item(vip).worth == 3 and [o.item for o in d.dispatch()] == [vip]


def test_the_shorter_target(opened):
    d = opened({"support": dict(answer=8 * HOUR), "chat": dict(answer=MINUTE)}, {"ana": agent(queues=("support", "chat"))},
               sign_in=False)
    d.write()
    chat = d.later(MINUTE).write("chat")
    d.sign_in()
    assert [o.item for o in d.dispatch()] == [chat]


@pytest.mark.parametrize("how", ["dispatch", "pull"])
def test_what_became_late_all_at_once_goes_by_age(opened, how):
    """More than one call of the timers moves: what is not late yet for Redis is no more urgent than what is."""
    d = shop(opened, ["ana"], queue=dict(answer=MINUTE), sign_in=False)
    items = [d.later(1).write() for _ in range(200)]
    d.dispatch()
    d.later(9 * HOUR).sign_in()
    if how == "pull":
        assert d.claim("ana") == ("OK", items[0])
    else:
        assert [o.item for o in d.dispatch()] == items[:1]


def test_a_promise_of_the_rule_counts_before_the_queue_s(opened):
    d = shop(opened, ["ana"], queue=dict(answer=HOUR), sign_in=False)
    assert d.item(d.write()).promise == HOUR
    assert d.item(d.write(within=str(MINUTE))).promise == MINUTE


def test_a_level_of_the_customer_s_class_counts_before_the_queue_s(opened):
    d = shop(opened, ["ana"], queue=dict(answer=HOUR, levels=[("tag=vip", "60000", "", "")]), sign_in=False)
    d.customer("tel:+1", tags="|vip|")
    assert d.item(d.write(sender="tel:+1")).promise == MINUTE
    assert d.item(d.write()).promise == HOUR


# ---- offers

def test_accepted_it_is_theirs(opened):
    d = shop(opened, ["ana"])
    item = d.write()
    d.dispatch()
    assert d.accept(item, "ana") == "OK" and held(d, item) == ("active", ["ana"])
    assert d.journal(item, "claim")[0]["evidence"] == "accepted"
    assert d.agent("ana") == ("ready", 1, [item])


def test_accepted_twice_is_accepted_once(opened):
    d = shop(opened, ["ana"])
    item = d.write()
    d.dispatch()
    assert [d.accept(item, "ana") for _ in range(3)] == ["OK"] * 3
    assert d.agent("ana")[1] == 1 and len(d.journal(item, "claim")) == 1


def test_accepted_too_late(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    (offer,) = d.dispatch()
    d.later(30 * SECOND).dispatch()
    assert d.accept(item, offer.agents[0]) == "NOT"
    assert d.accept("w" + "9" * 16, "ana") == "GONE"


def test_not_theirs_to_accept_or_decline(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    (offer,) = d.dispatch()
    other = "bo" if offer.agents == ["ana"] else "ana"
    assert d.accept(item, other) == d.decline(item, other) == "NOT"


def test_declined_it_goes_to_the_next_with_its_age(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    (offer,) = d.dispatch()
    at = d.item(item).at
    assert d.later(SECOND).decline(item, offer.agents[0], "no time") == "OK"
    (next_,) = d.dispatch()
    assert next_.item == item and next_.agents != offer.agents and d.item(item).at == at
    assert d.journal(item, "offer_end")[0]["evidence"] == "declined no time"


def test_who_declined_gets_it_again_after_a_while(opened):
    d = shop(opened, ["ana"])
    item = d.write()
    d.dispatch()
    d.decline(item, "ana")
    assert d.dispatch() == [] and d.next_due == NOW + MINUTE
    assert d.later(MINUTE - 1).dispatch() == []
    assert [o.item for o in d.later(1).dispatch()] == [item]


def test_whoever_declined_stays_out_when_others_do_too(opened):
    d = shop(opened, ["ana", "bo", "cy"])
    item, asked = d.write(), []
    for _ in range(3):
        (offer,) = d.dispatch()
        asked += offer.agents
        d.decline(item, offer.agents[0])
    assert sorted(asked) == ["ana", "bo", "cy"] and d.dispatch() == []


def test_declined_items_do_not_hide_those_behind_them(opened):
    d = shop(opened, ["ana"], units=1)
    items = [d.write() for _ in range(30)]
    for item in items[:-1]:
        (offer,) = d.dispatch()
        assert offer.item == item
        d.decline(item, "ana")
    assert [o.item for o in d.dispatch()] == items[-1:]


def test_an_ignored_offer_goes_to_the_next(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    (offer,) = d.dispatch()
    (next_,) = d.later(30 * SECOND).dispatch()
    assert next_.item == item and next_.agents != offer.agents
    assert d.journal(item, "offer_end")[0]["evidence"] == "ignored"


def test_who_ignores_offers_is_away(opened):
    d = shop(opened, ["ana"], misses=2, again=10 * SECOND)
    item = d.write()
    d.dispatch()
    d.later(30 * SECOND).dispatch()
    assert d.agent("ana")[0] == "ready"
    assert [o.item for o in d.later(10 * SECOND).dispatch()] == [item]
    d.later(30 * SECOND).dispatch()
    assert d.agent("ana")[0] == "away"
    assert d.journal(None, "presence")[-1]["evidence"] == "ready away ignored 2 offers"


def test_an_accepted_offer_forgives_the_ignored(opened):
    d = shop(opened, ["ana"], misses=2, again=SECOND)
    item = d.write()
    for _ in range(3):
        d.dispatch()
        d.later(30 * SECOND).dispatch()
        d.later(SECOND).dispatch()
        d.accept(item, "ana")
        d.done(item, "ana")
        item = d.write()
    assert d.agent("ana")[0] == "ready"


def test_offered_to_several_the_first_wins(opened):
    d = shop(opened, ["ana", "bo", "cy"], queue=dict(offer_to=2))
    item = d.write()
    (offer,) = d.dispatch()
    assert len(offer.agents) == 2
    first, second = offer.agents
    assert d.accept(item, second) == "OK" and d.accept(item, first) == "NOT"
    assert d.agent(first)[1] == 0 and d.agent(second)[1] == 1
    assert [(e["agent"], e["evidence"]) for e in d.journal(item, "offer_end")] == [(first, "lost")]


def test_offered_to_several_one_declines(opened):
    d = shop(opened, ["ana", "bo", "cy"], queue=dict(offer_to=2))
    item = d.write()
    (offer,) = d.dispatch()
    d.decline(item, offer.agents[0])
    assert d.dispatch() == [] and held(d, item) == ("offered", offer.agents[1:])


def test_offered_to_several_nobody_is_asked_twice(opened):
    """The customer's own agent is among those who are alike."""
    d = shop(opened, ["ana", "bo", "cy"], queue=dict(offer_to=3), units=2, sign_in=False)
    d.sign_in("ana").later(SECOND).sign_in("bo").later(SECOND).sign_in("cy")
    first = d.write(sender="tel:+1")
    d.claim("bo", item=first)
    d.done(first, "bo")
    d.later(MINUTE).write(sender="tel:+1")
    (offer,) = d.dispatch()
    assert offer.agents[0] == "bo" and sorted(offer.agents) == ["ana", "bo", "cy"]


def test_an_offer_ends_when_who_ignored_another_is_away(opened):
    d = shop(opened, ["ana"], units=2, misses=1)
    first, second = d.write(), d.write()
    assert len(d.dispatch()) == 2
    d.accept(first, "ana")
    d.later(30 * SECOND).dispatch()
    assert held(d, second) == ("waiting", []) and held(d, first) == ("active", ["ana"])


# ---- pull, pick, take over

def test_pull_gives_the_most_urgent(opened):
    d = shop(opened, ["ana"], sign_in=False)
    d.write()
    urgent = d.write(priority=1)
    assert d.claim("ana") == ("OK", urgent)
    assert d.journal(urgent, "claim")[0]["evidence"] == "pulled"


def test_pull_from_one_queue(opened):
    d = opened({"support": {}, "sales": {}}, {"ana": agent(queues=("support", "sales"))}, sign_in=False)
    d.write("support", priority=1)
    assert d.claim("ana", "sales") == ("NONE", "")
    item = d.write("sales")
    assert d.claim("ana", "sales") == ("OK", item)


def test_pull_without_room_or_work(opened):
    d = shop(opened, ["ana"], sign_in=False)
    assert d.claim("ana") == ("NONE", "")
    d.write(), d.write()
    assert d.claim("ana")[0] == "OK"
    assert d.claim("ana") == ("FULL", "")


def test_pull_does_not_mind_the_reserve(opened):
    d = opened({"support": dict(answer=8 * HOUR), "chat": dict(real_time=True, answer=MINUTE)},
               {"ana": agent(queues=("support", "chat"))})
    item = d.write()
    assert d.dispatch() == [] and d.claim("ana") == ("OK", item)


def test_pull_gives_what_they_fit(opened):
    d = opened({"support": {}}, {"ana": agent(skills={"zh": 1})}, sign_in=False)
    d.write(skills="zh>=5", priority=1)
    item = d.write(skills="zh>=1")
    assert d.claim("ana") == ("OK", item)


def test_pick_from_the_list(opened):
    d = opened({"support": {}}, {"ana": agent(units=2), "bo": agent(skills={"zh": 9})}, sign_in=False)
    first, second, zh = d.write(), d.write(), d.write(skills="zh>=5")
    assert d.claim("ana", item=second) == ("OK", second)
    assert d.claim("ana", item=zh) == ("UNFIT", zh)
    assert d.claim("bo", item=second) == ("TAKEN", "ana")
    assert d.claim("bo", item=zh) == ("OK", zh) and d.claim("bo", item=first) == ("FULL", first)
    d.done(zh, "bo")
    assert d.claim("bo", item=zh) == ("DONE", zh) and d.claim("bo", item="w0") == ("GONE", "w0")


def test_picked_again_is_theirs_already(opened):
    d = shop(opened, ["ana"], sign_in=False)
    item = d.write()
    assert d.claim("ana", item=item) == d.claim("ana", item=item) == ("OK", item)
    assert d.agent("ana")[1] == 1 and len(d.journal(item, "claim")) == 1


def test_taken_over_by_a_supervisor(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    d.claim("ana", item=item)
    assert d.claim("bo", item=item, force=True) == ("OK", item)
    assert held(d, item) == ("active", ["bo"]) and d.agent("ana")[1] == 0
    assert d.journal(item, "claim")[-1]["evidence"] == "taken from ana"


def test_taken_over_while_it_is_offered(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    (offer,) = d.dispatch()
    other = "bo" if offer.agents == ["ana"] else "ana"
    assert d.claim(other, item=item) == ("TAKEN", offer.agents[0])
    assert d.claim(other, item=item, force=True) == ("OK", item)
    assert d.accept(item, offer.agents[0]) == "NOT" and d.agent(offer.agents[0])[1] == 0


def test_taken_over_beyond_skills_and_never_beyond_room(opened):
    d = opened({"support": {}}, {"ana": agent()}, sign_in=False)
    first, second = d.write(skills="zh>=5"), d.write()
    assert d.claim("ana", item=first, force=True) == ("OK", first)
    assert d.claim("ana", item=second, force=True) == ("FULL", second)


def test_who_is_not_in_the_desk_definition_works_by_hand(opened):
    d = shop(opened, ["ana"], sign_in=False)
    items = [d.write(skills="zh>=5") for _ in range(3)]
    assert d.claim("zoe") == ("NONE", "")
    assert [d.claim("zoe", "support")[1] for _ in range(3)] == items
    assert d.presence("zoe") == "UNKNOWN"


def test_nobody_at_all_takes_nothing(opened):
    d = shop(opened, ["ana"], sign_in=False)
    item = d.write()
    for answer in (lambda: d.claim("", item=item), lambda: d.claim("", "support"), lambda: d.verb("resume", item, "")):
        with pytest.raises(Exception, match="INVALID agent"):
            answer()
    assert held(d, item) == ("waiting", [])


# ---- capacity

def test_capacity_in_total(opened):
    d = shop(opened, ["ana"], units=3)
    for _ in range(5):
        d.write()
    assert len(d.dispatch()) == 3 and d.agent("ana")[1] == 3


def test_capacity_by_kind(opened):
    d = opened({"support": {}}, {"ana": agent(units=4, kinds={"sms": 1})}, kinds={"email": 2, "sms": 1})
    texts = [d.write(kind="sms") for _ in range(2)]
    mails = [d.write(kind="email") for _ in range(2)]
    assert sorted(o.item for o in d.dispatch()) == sorted([texts[0], mails[0]])
    assert d.agent("ana")[1] == 3  # one unit is left: too little for a mail, and texts are at their most


def test_what_ends_makes_room(opened):
    d = shop(opened, ["ana"])
    first, second = d.write(), d.write()
    d.dispatch()
    d.accept(first, "ana")
    assert d.dispatch() == []
    d.done(first, "ana")
    assert [o.item for o in d.dispatch()] == [second]


# ---- the reserve

def reserve(opened, agents=1, units=1, **more):
    return opened({"support": dict(answer=8 * HOUR), "chat": dict(real_time=True, answer=MINUTE)},
                  {f"a{n}": agent(units, queues=("support", "chat")) for n in range(agents)}, **more)


def test_what_has_time_leaves_agents_free_for_what_has_not(opened):
    d = reserve(opened, 4)  # 0.75 * sqrt(4) rounded: two stay free
    for _ in range(4):
        d.write()
    assert len(d.dispatch()) == 2
    chats = [d.write("chat") for _ in range(2)]
    assert sorted(o.item for o in d.dispatch()) == chats


def test_it_becomes_urgent_by_itself(opened):
    d = reserve(opened)
    item = d.write()
    assert d.dispatch() == []
    guard = int(8 * HOUR * 0.2)
    assert d.next_due == NOW + 8 * HOUR - guard
    assert d.later(8 * HOUR - guard - 1).dispatch() == []
    assert [o.item for o in d.later(1).dispatch()] == [item]


def test_when_agents_go_fewer_are_kept(opened):
    d = reserve(opened, 2, weights=dict(reserve=1.1))  # of two: two; of one: one
    d.write()
    assert d.dispatch() == []
    d.presence("a0", "offline")
    assert d.dispatch() == []
    d.plan(desk(d.desk["queues"], d.desk["agents"], weights=dict(reserve=0)))
    assert len(d.dispatch()) == 1


def test_who_is_of_no_use_to_the_reserve_any_more_takes_what_it_held(opened):
    d = reserve(opened, 1, units=2, kinds={"email": 2, "sms": 1})
    held_back, urgent = d.write(kind="sms"), d.write(within="60000", kind="sms")
    assert sorted(o.item for o in d.dispatch()) == sorted([urgent, held_back])


def test_the_reserve_is_for_the_weightiest_of_its_items(opened):
    d = reserve(opened, 1, units=3, kinds={"sms": 1, "email": 3}, sign_in=False)
    for kind in ("email", "sms"):
        d.done(d.write("chat", kind=kind))
    d.sign_in()
    d.write(kind="sms")
    assert d.dispatch() == []  # a mail to the chat would have no room beside it


def test_who_has_no_room_for_a_weightier_item_is_kept_no_more(opened):
    d = reserve(opened, 1, units=2, kinds={"sms": 1, "email": 2})
    first, second = d.write(kind="sms"), d.write(kind="sms")
    assert [o.item for o in d.dispatch()] == [first]
    d.write("chat", kind="email")
    assert [o.item for o in d.dispatch()] == [second]


def test_who_only_stands_in_is_not_kept(opened):
    d = opened({"support": dict(answer=8 * HOUR), "chat": dict(real_time=True, answer=MINUTE, nobody="support")}, {"ana": agent()})
    item = d.write()
    assert [o.item for o in d.dispatch()] == [item]


# ---- relax, overflow, nobody, limit, language

def test_skills_relax_in_steps(opened):
    d = opened({"support": dict(relax=[(MINUTE, dict(zh=2)), (2 * MINUTE, dict(zh=0))])},
               {"ana": agent(), "bo": agent(skills=dict(zh=2))})
    item = d.write(skills="zh>=4")
    assert d.dispatch() == [] and d.next_due == NOW + MINUTE
    d.presence("bo", "break")
    assert d.later(MINUTE).dispatch() == []
    d.presence("bo", "ready")
    assert [o.agents for o in d.dispatch()] == [["bo"]]
    d.decline(item, "bo")
    assert [o.agents for o in d.later(MINUTE).dispatch()] == [["ana"]] or d.item(item).agents == ["bo"]


def test_overflow_lets_others_take_it(opened):
    d = opened({"support": dict(overflow=[(MINUTE, "sales")]), "sales": {}}, {"ana": agent(queues=("sales",))})
    item = d.write()
    assert d.dispatch() == [] and d.next_due == NOW + MINUTE
    assert d.later(MINUTE).dispatch() == [(item, "ana", str(NOW + 90 * SECOND))]
    assert d.item(item)["queue"] == "support"


def test_overflow_is_not_forgotten_when_the_customer_is_answered_meanwhile(opened):
    d = opened({"support": dict(overflow=[(MINUTE, "sales")]), "sales": {}}, {"ana": agent(queues=("sales",))})
    item = d.write()
    d.later(MINUTE).reply(d.item(item).conversation, "zoe")
    assert [o.item for o in d.dispatch()] == [item]


def test_with_nobody_on_duty_another_queue_s_members_stand_in(opened):
    d = opened({"support": dict(nobody="sales"), "sales": {}}, {"ana": agent(), "eve": agent(queues=("sales",))})
    item = d.write()
    assert [o.agents for o in d.dispatch()] == [["ana"]]
    d.presence("ana", "break")
    assert [o.agents for o in d.dispatch()] == [["eve"]]
    d.presence("ana", "busy")
    d.decline(item, "eve")
    d.write()
    assert d.dispatch() == []  # ana is on duty


def test_over_the_limit_it_goes_to_another_queue(opened):
    d = opened({"support": dict(limit=2, limit_queue="spare"), "spare": {}}, {"ana": agent()}, sign_in=False)
    items = [d.write() for _ in range(3)]
    assert [d.item(i)["queue"] for i in items] == ["support", "support", "spare"]


def test_language_is_a_skill(opened):
    d = opened({"support": dict(language=3)}, {"ana": agent(), "bo": agent(skills={"de": 3})})
    d.customer("tel:+1", lang="de-AT")
    item = d.write(sender="tel:+1")
    assert d.item(item).needs == "de>=3"
    assert [o.agents for o in d.dispatch()] == [["bo"]]


def test_a_language_that_nobody_speaks_is_no_need(opened):
    d = opened({"support": dict(language=3)}, {"ana": agent(skills={"de": 2})})
    d.customer("tel:+1", lang="de")
    assert d.item(d.write(sender="tel:+1")).needs == ""
    assert len(d.dispatch()) == 1


# ---- the customer's own agent

def known(opened, **more):
    d = shop(opened, ["ana", "bo"], sign_in=False, **more)
    first = d.write(sender="tel:+1")
    d.claim("bo", item=first)
    d.done(first, "bo")
    d.sign_in("ana")
    d.later(MINUTE)
    return d


def test_the_customer_s_own_agent_is_preferred(opened):
    d = known(opened)
    d.sign_in("bo")
    d.write(sender="tel:+1")
    assert d.dispatch()[0].agents == ["bo"]


def test_nothing_is_held_for_them(opened):
    d = known(opened)
    d.write(sender="tel:+1")
    assert d.dispatch()[0].agents == ["ana"]


def test_their_own_customer_goes_first_though_others_wait_longer(opened):
    d = known(opened)
    d.presence("ana", "break")
    d.write()
    item = d.later(1).write(sender="tel:+1")
    d.sign_in("bo")
    assert [o.item for o in d.dispatch()] == [item]


def test_an_agent_of_long_ago_is_nobody_s_own(opened):
    d = known(opened, known=HOUR)
    d.later(2 * HOUR)
    assert d.item(d.write(sender="tel:+1")).known == ""


def test_prefer_asks_the_own_agent_alone_for_a_while(opened):
    d = known(opened, prefer=20 * SECOND)
    d.sign_in("bo")
    d.claim("bo", item=d.write())
    item = d.write(sender="tel:+1")
    assert d.item(item).only == "bo" and d.dispatch() == []  # bo has no room, ana is not asked yet
    assert [o.agents for o in d.later(20 * SECOND).dispatch()] == [["ana"]]


def test_prefer_needs_the_agent_to_be_there(opened):
    d = known(opened, prefer=20 * SECOND)
    item = d.write(sender="tel:+1")
    assert d.item(item).only == "" and d.dispatch()[0].agents == ["ana"]


# ---- transfer

def test_transferred_to_an_agent_with_a_time_limit(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    d.claim("ana", item=item)
    assert d.requeue(item, "", "bo", "ana", "please look") == "OK"
    assert [o.agents for o in d.dispatch()] == [["bo"]]
    e = d.journal(item, "requeue")[0]
    assert (e["agent"], e["evidence"], e["context"]) == ("ana", "support to=bo by=ana", "please look")
    assert d.item(item)["note"] == "please look"


def test_a_transfer_to_who_is_busy_ends_with_its_time(opened):
    d = shop(opened, ["ana", "bo"], transfer=MINUTE)
    item = d.write()
    d.claim("ana", item=item)
    d.presence("bo", "busy")
    d.requeue(item, "", "bo")
    assert d.dispatch() == []
    assert [o.agents for o in d.later(MINUTE).dispatch()] == [["ana"]]


def test_a_declined_transfer_is_for_all(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write()
    d.claim("ana", item=item)
    d.requeue(item, "", "bo")
    d.dispatch()
    d.decline(item, "bo")
    assert [o.agents for o in d.dispatch()] == [["ana"]]


def test_transferred_to_a_queue_it_keeps_its_age(opened):
    d = opened({"support": {}, "sales": {}}, {"ana": agent(), "bo": agent(queues=("sales",))})
    item = d.write()
    at = d.item(item).at
    d.claim("ana", item=item)
    assert d.later(HOUR).requeue(item, "sales", by="ana") == "OK"
    assert [o.agents for o in d.dispatch()] == [["bo"]]
    assert d.item(item).at == at and d.item(item)["queue"] == "sales" and d.agent("ana")[1] == 0


def test_transfers_that_cannot_be(opened):
    d = shop(opened, ["ana"], sign_in=False)
    item = d.write()
    assert d.requeue(item) == "WAITS" and d.requeue(item, "", "zoe") == "UNKNOWN" and d.requeue("w0") == "GONE"
    d.done(item)
    assert d.requeue(item) == "DONE"


# ---- aside: hold, snooze, resume

def in_hand(opened, **more):
    d = shop(opened, ["ana", "bo"], **more)
    item = d.write(sender="tel:+1")
    d.claim("ana", item=item)
    return d, item


def test_on_hold_it_takes_no_room_and_nobody_gets_it(opened):
    d, item = in_hand(opened)
    assert d.verb("hold", item, "ana") == ("OK", "on_hold")
    assert d.dispatch() == [] and d.agent("ana")[1] == 0 and d.item(item)["agent"] == "ana"


def test_on_hold_until_a_time(opened):
    d, item = in_hand(opened)
    d.verb("hold", item, "ana", NOW + HOUR)
    assert d.later(HOUR - 1).dispatch() == [] and d.next_due == NOW + HOUR
    assert [(o.item, o.agents) for o in d.later(1).dispatch()] == [(item, ["ana"])]
    assert d.journal(item, "resume")[0]["evidence"] == "time"


def test_a_message_ends_it(opened):
    d, item = in_hand(opened)
    d.verb("hold", item, "ana")
    assert d.later(HOUR).write(sender="tel:+1") == item
    assert [(o.item, o.agents) for o in d.dispatch()] == [(item, ["ana"])]
    assert d.journal(item, "resume")[0]["evidence"] == "reply"


def test_snoozed_until_a_time_or_a_message(opened):
    d, item = in_hand(opened)
    d.verb("snooze", item, "ana", NOW + HOUR)
    assert held(d, item)[0] == "snoozed" and d.dispatch() == []
    d.verb("snooze", item, "ana", NOW + 2 * HOUR)
    assert d.later(HOUR).dispatch() == []
    assert [o.item for o in d.later(HOUR).dispatch()] == [item]


def test_a_later_end_of_a_hold_counts(opened):
    d, item = in_hand(opened)
    d.verb("hold", item, "ana", NOW + HOUR)
    d.verb("hold", item, "ana", NOW + 2 * HOUR)
    assert d.item(item).until == NOW + 2 * HOUR


def test_resumed_by_its_agent(opened):
    d, item = in_hand(opened)
    d.verb("hold", item, "ana")
    assert d.verb("resume", item, "bo") == ("TAKEN", "ana")
    assert d.verb("resume", item, "ana") == ("OK", item) and held(d, item) == ("active", ["ana"])
    assert d.verb("resume", item, "ana") == ("OK", "active")


def test_resumed_without_room(opened):
    d, item = in_hand(opened)
    d.verb("hold", item, "ana")
    d.claim("ana", item=d.write())
    assert d.verb("resume", item, "ana") == ("FULL", item)


def test_on_hold_for_long_it_has_its_old_place(opened):
    """Its clock stood: it waited no longer than it did before."""
    d, item = in_hand(opened, queue=dict(answer=HOUR))
    d.later(10 * MINUTE).verb("hold", item, "ana")
    d.later(5 * HOUR).write(sender="tel:+1")
    assert d.now - d.item(item).at == 10 * MINUTE


def test_what_was_declined_before_it_was_set_aside_is_forgotten(opened):
    d = shop(opened, ["ana", "bo"])
    item = d.write(sender="tel:+1")
    d.decline(item, d.dispatch()[0].agents[0])
    d.dispatch()
    d.requeue(item, "", "bo")
    d.verb("snooze", item, "bo", NOW + HOUR)
    assert len(d.later(HOUR).dispatch()) == 1 and d.dispatch() == []


# ---- wrap-up, done, reopen

def test_wrapping_up_keeps_the_room_until_its_limit(opened):
    d, item = in_hand(opened, queue=dict(wrap=MINUTE))
    assert d.done(item, "ana") == "OK" and held(d, item) == ("wrapping", ["ana"]) and d.agent("ana")[1] == 1
    d.dispatch()
    assert d.next_due == NOW + MINUTE
    d.later(MINUTE).dispatch()
    assert held(d, item)[0] == "done" and d.agent("ana")[1] == 0


def test_done_again_ends_the_wrap_up(opened):
    d, item = in_hand(opened, queue=dict(wrap=MINUTE))
    d.done(item, "ana")
    assert d.done(item, "ana") == "OK" and held(d, item)[0] == "done"
    assert d.done(item, "ana") == "DONE" and d.done("w0", "ana") == "GONE"


def test_a_message_during_the_wrap_up_is_not_lost(opened):
    d, item = in_hand(opened, queue=dict(wrap=MINUTE))
    d.done(item, "ana")
    assert d.write(sender="tel:+1") == item
    d.later(MINUTE).dispatch()
    assert held(d, item)[0] == "offered"


def test_the_wrap_up_ends_in_time_though_its_agent_is_gone(opened):
    d, item = in_hand(opened, queue=dict(wrap=10 * SECOND))
    d.done(item, "ana")
    d.presence("ana", "offline")
    d.later(10 * SECOND).dispatch()
    assert held(d, item)[0] == "done"


def test_news_since_it_was_looked_at(opened):
    d, item = in_hand(opened)
    d.write(sender="tel:+1")
    assert d.done(item, "ana", "1") == "NEWS" and held(d, item) == ("active", ["ana"])
    assert d.done(item, "ana", "2") == "OK"


def test_reopened_it_waits(opened):
    d, item = in_hand(opened)
    d.done(item, "ana")
    assert d.verb("reopen", item, "bo", why="forgot") == ("OK", "waiting")
    assert [o.item for o in d.dispatch()] == [item]
    assert d.journal(item, "reopen")[0]["evidence"].endswith("forgot")


def test_not_reopened_while_another_goes_on_with_it(opened):
    d, item = in_hand(opened)
    d.done(item, "ana")
    other = d.write(sender="tel:+1")
    assert d.verb("reopen", item, "bo") == ("TAKEN", other)


# ---- agents disappear

def test_offers_end_at_once_when_the_connection_is_lost(opened):
    d = shop(opened, ["ana", "bo"], sign_in=False)
    d.presence("ana", "ready", 20_000)
    item = d.write()
    d.dispatch()
    d.sign_in("bo")
    assert d.next_due == NOW + 20 * SECOND
    (offer,) = d.later(20 * SECOND).dispatch()
    assert offer.agents == ["bo"] and d.agent("ana")[0] == "offline"
    assert d.journal(item, "offer_end")[0]["evidence"] == "gone"


def test_another_word_keeps_the_connection(opened):
    d = shop(opened, ["ana"], sign_in=False)
    d.presence("ana", "ready", 20_000)
    for _ in range(5):
        assert d.later(15 * SECOND).presence("ana", "", 20_000) == "SAME"
        d.dispatch()
    assert d.agent("ana")[0] == "ready"


def test_what_they_hold_goes_back_after_the_lease(opened):
    d, item = in_hand(opened, lease=2 * MINUTE)
    at = d.item(item).at
    d.presence("ana", "offline")
    assert d.dispatch() == [] and d.later(2 * MINUTE - 1).dispatch() == []
    (offer,) = d.later(1).dispatch()
    assert (offer.item, offer.agents) == (item, ["bo"]) and d.item(item).at == at
    assert d.journal(item, "requeue")[0]["evidence"] == "support lease"


def test_who_returns_within_the_lease_keeps_it(opened):
    d, item = in_hand(opened, lease=2 * MINUTE)
    d.presence("ana", "offline")
    d.later(MINUTE).presence("ana", "ready")
    d.later(HOUR).dispatch()
    assert held(d, item) == ("active", ["ana"])


def test_on_a_break_they_keep_what_they_hold(opened):
    d, item = in_hand(opened, lease=2 * MINUTE)
    d.presence("ana", "break")
    d.later(HOUR).dispatch()
    assert held(d, item) == ("active", ["ana"])


def test_on_a_break_offers_end(opened):
    d = shop(opened, ["ana"])
    item = d.write()
    d.dispatch()
    d.presence("ana", "break")
    assert held(d, item) == ("waiting", [])


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

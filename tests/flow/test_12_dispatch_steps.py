# SPDX-License-Identifier: Apache-2.0
"""What dispatch does, step by step, in virtual time: who gets what. Each test is one rule of it; after each, everything that must
always hold does (upheld.py)."""
import pytest

from domain import HOUR, MINUTE, NOW, SECOND, desk
from shop import agent, held, opened, quick, shop  # noqa: F401


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


@pytest.mark.parametrize("how", ["done", "sign in"])
def test_another_who_becomes_free_makes_the_reserve_whole(opened, how):
    """Then somebody else may take what has time, though the one who came could not."""
    d = opened({"support": dict(answer=8 * HOUR), "chat": dict(real_time=True, answer=MINUTE)},
               {"ana": agent(queues=("support", "chat")), "bo": agent(queues=("chat",))}, sign_in=False)
    d.sign_in("ana")
    chat = d.write("chat")
    if how == "done":
        d.sign_in("bo")
        d.claim("bo", item=chat)
    else:
        d.done(chat)
    item = d.write()
    assert d.dispatch() == []
    d.done(chat, "bo") if how == "done" else d.sign_in("bo")
    assert [(o.item, o.agents) for o in d.dispatch()] == [(item, ["ana"])]


def test_who_only_stands_in_is_not_kept(opened):
    d = opened({"support": dict(answer=8 * HOUR), "chat": dict(real_time=True, answer=MINUTE, nobody="support")}, {"ana": agent()})
    item = d.write()
    assert [o.item for o in d.dispatch()] == [item]

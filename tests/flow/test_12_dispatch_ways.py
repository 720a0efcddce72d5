# SPDX-License-Identifier: Apache-2.0
"""The ways of a work item, in virtual time: to others, aside, back, on. Each test is one rule; after each, everything that must always
hold does (upheld.py)."""
import random

import pytest

from domain import HOUR, MINUTE, NOW, SECOND
from shop import agent, held, opened, quick, shop  # noqa: F401


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


# ---- many in one call

@pytest.mark.parametrize("seed", range(6))
def test_what_an_agent_takes_in_one_call_is_what_he_takes_one_by_one(opened, seed):
    def taken(most):
        draw = random.Random(seed)
        queues = {f"q{n}": dict(answer=draw.choice((5, 30, 120)) * MINUTE, real_time=n < 2) for n in range(20)}
        d = opened(queues, {name: agent(units=20, queues={q: draw.choice((1, 1.5)) for q in queues}) for name in ("ana", "bo")},
                   sign_in=False)
        items = [d.later(7 * SECOND).write(f"q{draw.randrange(20)}", sender=f"tel:+{n}", priority=draw.choice((3, 5, 7)))
                 for n in range(90)]
        d.later(6 * MINUTE).sign_in()
        return [(items.index(o.item), o.agents) for o in d.dispatch(most)]

    together, single = taken(100), taken(1)
    assert together == single and len(single) == 40

# SPDX-License-Identifier: Apache-2.0
"""What holds whatever happens: random lives on random desks, looked at after each step (random_domain.py, upheld.py).
DESKBELL_SEEDS says how many; a failure is shrunk and printed with its seed. DESKBELL_SEED_FIRST begins elsewhere."""
import math
import os
import random
import subprocess

import pytest

from desk import BIN
from domain import HOUR, MINUTE, NOW, SECOND, Domain, QuickRedis, desk
from random_domain import Life, any_desk, check_seed, random_life
from upheld import Sight, needs_after, queue_of

SHARDS = 8
SEEDS = int(os.environ.get("DESKBELL_SEEDS", "1000"))
FIRST = int(os.environ.get("DESKBELL_SEED_FIRST", "1"))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with QuickRedis(tmp_path_factory.mktemp("redis")) as server, QuickRedis(tmp_path_factory.mktemp("other")) as other:
        server.client.other = other.client
        yield server.client


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_lives(client, shard):
    """G7, capacity, one place for each item, order among equals, legal moves."""
    for seed in range(FIRST + shard, FIRST + SEEDS, SHARDS):
        check_seed(client, seed, 120 if seed % 25 == 0 else 30)


# ---- records

def test_every_offer_is_decided_again_from_its_record(client):
    offers = []
    for seed in range(FIRST, FIRST + max(SEEDS // 25, 20)):
        r = random.Random(seed)
        life = Life(client, any_desk(r))
        life.live(random_life(r, 60))
        offers += life.domain.journal(None, "offer")
    assert len(offers) > 100
    done = subprocess.run([str(BIN.parent / "unit" / "rule_replays")], capture_output=True, check=True,
                          input=b"\n".join(o["event"] for o in offers) + b"\n")
    for offer, line in zip(offers, done.stdout.decode().splitlines(), strict=True):
        decision, _, words = line.partition("\t")
        item, *rows = decision.split(" ")
        names = [row.rsplit(":", 1)[0] for row in rows]
        asked = offer["agent"].split()
        assert item == offer["work_item"] and asked[0] == names[0], f"{line}\n{offer}"
        alike = sum(int(row.rsplit(":", 1)[1]) for row in rows)
        assert len(asked) <= alike and [n for n in asked if n in names] == names[:len([n for n in asked if n in names])]
        assert words.startswith(f"offered to {asked[0]}"), words


# ---- nothing starves

def never_fits(domain, item):
    """Nobody of the desk could ever have it, however long it waits."""
    d, q, most = domain.desk, queue_of(domain.desk, item.queue), 10**15
    needs = needs_after(q, item.needs, most)
    queues = {item.queue, *(to for _, to in q["overflow"])}
    units = d["kinds"][item.kind]
    return not any(queues & set(a["queues"]) and all(a["skills"].get(s, 0) >= n for s, n in needs.items())
                   and min(a["units"], a["kinds"].get(item.kind, a["units"])) >= units for a in d["agents"].values())


def end_of_all(life):
    """No arrivals any more, everybody at work: what is left when nothing happens for days."""
    domain = life.domain
    for _ in range(4000):
        for name in domain.desk["agents"]:
            domain.presence(name, "ready", "0")  # for good
        offers = domain.dispatch()
        life.look(settled=True)
        for o in offers:
            domain.accept(o.item, o.agents[0])
            life.sight = Sight(domain)
        held = life.items("active", "wrapping", "on_hold", "snoozed", "offered")
        for item in held:
            domain.done(item.id, item["agent"])
        waiting = life.items("waiting")
        if not waiting or not offers and not held and not domain.next_due:
            break
        domain.later(max(domain.next_due - domain.now, 1) if domain.next_due and not offers else SECOND)
    return life.items("waiting")


def open_for_long(d):
    """Calendars that open again each day, or items of a queue closed for ever would wait for ever."""
    start = NOW - 10 * HOUR
    d["hours"] = {name: [(start + n * 24 * HOUR, start + (n * 24 + 8) * HOUR) for n in range(60)] for name in d["hours"]}
    return d


@pytest.mark.parametrize("shard", range(4))
def test_in_the_end_everything_was_offered(client, shard):
    for seed in range(FIRST + shard, FIRST + max(SEEDS // 10, 16), 4):
        r = random.Random(seed)
        life = Life(client, open_for_long(any_desk(r)))
        life.live([o for o in random_life(r, 40) if o[0] != "plan"])
        left = [i for i in end_of_all(life) if not never_fits(life.domain, i)]
        assert not left, f"seed {seed}: {left}"


@pytest.mark.parametrize("least, most", [(0.25, 16), (1, 4)])
def test_overtaking_ends(client, least, most):
    """Against twice as much work as can be done, all of it worth more, an item waits its turn, and who came later than
    late_growth * ln(I_max / I) after it never goes first."""
    growth, target, step = HOUR, HOUR, 10 * MINUTE
    d = Domain(client, desk({"support": dict(answer=target)}, {"ana": dict(queues={"support": 1}, units=1)},
                            value=[("tag", "low", str(least)), ("tag", "high", str(most))], weights=dict(late_growth=growth)))
    d.customer("tel:+low", tags="|low|")
    d.customer("tel:+high", tags="|high|")
    d.sign_in()
    arrived = {}

    def arrive(sender):
        d.write(sender=sender)  # each a new item: the one before it is another's by now
        return d.last()["work_item"]
    low, order = None, []
    for n in range(400):
        for k in range(2):
            d.customer(f"tel:+{n}{k}", tags="|high|")
            arrived[arrive(f"tel:+{n}{k}")] = d.now
        if n == 3:
            low = arrive("tel:+low")
            arrived[low] = d.now
        (offer,) = d.dispatch()
        order.append(offer.item)
        d.accept(offer.item, "ana")
        d.later(step).done(offer.item, "ana")
        if offer.item == low:
            break
    bound = growth * math.log(4 * most / least)
    assert order[-1] == low, "it starves"
    assert max(arrived[i] for i in order) - arrived[low] <= bound

# SPDX-License-Identifier: Apache-2.0
"""A shop whose work is dispatched: fixtures of tests of the steps, in virtual time."""
import pytest

from domain import Domain, QuickRedis, desk
from upheld import Sight, broken_chains, consistent, legal_life


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
        assert broken_chains(d) == []


def agent(units=1, queues=("support",), skills=None, **more):
    queues = queues if isinstance(queues, dict) else {q: 1 for q in queues}
    return dict(units=units, queues=queues, skills=skills or {}, **more)


def shop(opened, names=("ana", "bo"), queue=None, units=1, **more):
    """One queue, agents who are alike."""
    return opened({"support": queue or {}}, {n: agent(units) for n in names}, **more)


def held(d, item):
    i = d.item(item)
    return i.state, i.agents

# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the flow tests: a private Redis, and whole desks run by `deskbell up`. Nothing waits by sleeping for a
fixed time: every wait is for a condition, with a deadline that fails the test."""
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))

from desk import Desk, PrivateRedis  # noqa: E402


@pytest.fixture
def redis(tmp_path):
    with PrivateRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def desk(tmp_path):
    """A desk with the embedded defaults, started; stopped in order at the end."""
    with Desk(tmp_path / "desk") as d:
        d.up()
        yield d


@pytest.fixture
def new_desk(tmp_path):
    """Makes desks that the test starts itself: new_desk(config="…yaml…")."""
    made = []

    def make(name="desk", config=None):
        d = Desk(tmp_path / name, config)
        made.append(d)
        return d

    yield make
    for d in made:
        d.close()

# SPDX-License-Identifier: Apache-2.0
"""The program `dispatch` calls the step when there may be something to do, whatever dies. The step here is a small one: it
offers what is marked, so that every call and every offer can be counted."""
import time

import pytest
from desk import PrivateRedis, wait_for
from dispatching import Dispatcher

P = "{p00}"
STEP = """#!lua name=deskbell
redis.register_function('deskbell_dispatch', function(keys, args)
  local tag = keys[1]
  redis.call('RPUSH', tag .. ':calls', args[1] .. ' ' .. args[2])
  local answer = { '0', redis.call('GET', tag .. ':next') or '0' }
  for n = 1, tonumber(args[2]) do
    local item = redis.call('LPOP', tag .. ':marks')
    if not item then break end
    redis.call('RPUSH', tag .. ':offered', item)
    for _, text in ipairs({ item, 'ana bo', '1764000000000' }) do answer[#answer + 1] = text end
  end
  if redis.call('LLEN', tag .. ':marks') > 0 then answer[1] = '1' end
  return answer
end)
"""


@pytest.fixture
def r(redis):
    redis.client.function_load(STEP, replace=True)
    return redis.client


@pytest.fixture
def dispatchers(redis, tmp_path):
    """dispatchers(n): n programs, started."""
    made = []

    def make(count=1, **kw):
        for _ in range(count):
            made.append(Dispatcher(redis.socket, tmp_path / f"dispatch{len(made)}", **kw))
            made[-1].start()
        return made[-count:] if count > 1 else made[-1]

    yield make
    for d in made:
        d.__exit__()


def mark(r, *items, wake=True):
    r.rpush(f"{P}:marks", *items)
    if wake:
        r.publish(f"{P}:dispatch", "")


def offered(r):
    return [item.decode() for item in r.lrange(f"{P}:offered", 0, -1)]


def calls(r):
    """(Unix ms, most) of every call."""
    return [tuple(int(n) for n in call.split()) for call in r.lrange(f"{P}:calls", 0, -1)]


def test_woken(r, dispatchers):
    d = dispatchers()
    for n in range(20):
        mark(r, f"w{n}")
        wait_for(lambda: len(offered(r)) == n + 1, "an offer")
    assert d.metric("deskbell_dispatch_offers_total") == 20
    assert d.metric("deskbell_dispatch_wakes_total") == 20
    for name in ("calls_total", "call_seconds_count"):  # it also calls by itself, once a second
        wait_for(lambda: d.metric("deskbell_dispatch_" + name) == len(calls(r)), name + " to be as many as came")
    assert d.get("/health")[0] == 200


def test_a_lost_wake_up_costs_a_second(r, dispatchers):
    dispatchers()
    mark(r, "w1", wake=False)
    wait_for(lambda: offered(r) == ["w1"], "an offer", patience=3)


def test_idle_it_looks_once_a_second(r, dispatchers):
    dispatchers()
    wait_for(lambda: len(calls(r)) >= 4, "four calls")
    times = [at for at, _ in calls(r)]
    assert all(b - a >= 900 for a, b in zip(times[1:], times[2:])), times


def test_more_is_asked_for_at_once(r, dispatchers):
    dispatchers(settings="dispatch: {most: 7}\n")
    began = len(calls(r))
    mark(r, *(f"w{n}" for n in range(100)))
    wait_for(lambda: len(offered(r)) == 100, "all offers")
    assert offered(r) == [f"w{n}" for n in range(100)]
    made = calls(r)[began:]
    assert {most for _, most in made} == {7} and len(made) >= 15
    assert made[14][0] - made[0][0] < 1000, "it does not wait between them"


def test_many_wake_ups_are_one_call(r, dispatchers):
    dispatchers()
    began = len(calls(r))
    pipe = r.pipeline(transaction=True)
    for n in range(500):
        pipe.rpush(f"{P}:marks", f"w{n}")
        pipe.publish(f"{P}:dispatch", "")
    pipe.execute()
    wait_for(lambda: len(offered(r)) == 500, "all offers")
    assert len(calls(r)) - began < 100


def test_called_when_something_is_due(r, dispatchers):
    dispatchers()
    def late():
        due = int(time.time() * 1000) + 400
        r.set(f"{P}:next", due)
        r.publish(f"{P}:dispatch", "")
        wait_for(lambda: calls(r)[-1][0] >= due, "a call when it is due")
        return next(at for at, _ in calls(r) if at >= due) - due
    wait_for(lambda: late() < 300, "a call by the clock of what is due, not by the safety net a second later")
    # What stays due is asked for again, but not in a circle.
    began = len(calls(r))
    r.set(f"{P}:next", 1)
    wait_for(lambda: len(calls(r)) > began + 5, "more calls")
    times = [at for at, _ in calls(r)[began + 1:]]
    assert all(b - a >= 9 for a, b in zip(times, times[1:])), times
    r.delete(f"{P}:next")


def test_functions_come_later(redis, dispatchers):
    d = dispatchers()
    wait_for(lambda: d.metric("deskbell_dispatch_refusals_total") >= 4, "some tries")
    assert d.said("functions_missing") == 1 and d.said("redis_refuses") == 0
    status, reasons = d.get("/health")
    assert status == 503 and "Function not found" in reasons
    redis.client.function_load(STEP)
    mark(redis.client, "w1")
    wait_for(lambda: offered(redis.client) == ["w1"], "an offer", patience=3)
    assert d.get("/health")[0] == 200 and d.said("functions_missing") == 1


def test_refused_it_waits_and_says_so_once(r, dispatchers):
    d = dispatchers()
    r.config_set("maxmemory", "1")
    wait_for(lambda: d.metric("deskbell_dispatch_refusals_total") >= 4, "refusals")
    refused = d.metric("deskbell_dispatch_refusals_total")
    for _ in range(100):
        r.publish(f"{P}:dispatch", "")  # does not make Redis willing
    assert d.metric("deskbell_dispatch_refusals_total") < refused + 20
    assert d.said("redis_refuses") == 1
    status, reasons = d.get("/health")
    assert status == 503 and "OOM" in reasons
    r.config_set("maxmemory", "0")
    mark(r, "w1")
    wait_for(lambda: offered(r) == ["w1"], "an offer", patience=3)
    assert d.get("/health")[0] == 200 and d.said("offering_again") == 1


def test_redis_dies_and_comes_back(tmp_path):
    redis = PrivateRedis(tmp_path / "redis")
    with redis:
        redis.client.function_load(STEP)
        with Dispatcher(redis.socket, tmp_path / "dispatch") as d:
            redis.client.ping()
            for n in range(3):
                mark(redis.client, f"w{n}a")
                wait_for(lambda: len(offered(redis.client)) == 2 * n + 1, "an offer")
                redis.process.kill()
                redis.process.wait()
                wait_for(lambda: d.said("redis_down") == n + 1, "it to be noticed")
                assert d.get("/health")[0] == 503
                with_marks = PrivateRedis(tmp_path / "redis")
                with_marks.socket = redis.socket
                redis.socket.unlink(missing_ok=True)
                redis = with_marks.__enter__()
                began = time.monotonic()
                mark(redis.client, f"w{n}b", wake=False)
                wait_for(lambda: len(offered(redis.client)) == 2 * n + 2, "an offer", patience=20)
                assert time.monotonic() - began < 3
                wait_for(lambda: d.get("/health")[0] == 200, "it to be well")
            redis.process.kill()
            redis.process.wait()


@pytest.mark.parametrize("point", ["dispatch.asked", "dispatch.answered"])
def test_one_of_two_dies(r, dispatchers, tmp_path, point):
    """kill -9 around a call, again and again: everything is offered, nothing twice, nobody waits for the dead."""
    points = tmp_path / "points"
    points.mkdir()
    survivor = dispatchers()
    victim = dispatchers(env={"DESKBELL_POINTS": str(points)})
    for n in range(5):
        (points / point).write_text("0")
        mark(r, *(f"w{n}-{k}" for k in range(200)))
        began = time.monotonic()
        wait_for(lambda: len(offered(r)) == 200 * (n + 1), "all offers")
        assert time.monotonic() - began < 3
        victim.died()
        (points / point).unlink(missing_ok=True)
        victim.start()
    assert len(set(offered(r))) == 1000
    assert survivor.stop() == 0


def test_all_die(r, dispatchers):
    d = dispatchers()
    d.kill()
    mark(r, "w1")
    d.start()
    wait_for(lambda: offered(r) == ["w1"], "an offer", patience=3)


def test_stops_in_order(r, dispatchers):
    d = dispatchers()
    mark(r, *(f"w{n}" for n in range(1000)))
    assert d.stop() == 0
    assert "event=stopped" in d.log_text()

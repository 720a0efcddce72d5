# SPDX-License-Identifier: Apache-2.0
"""tests/bench/run --only flat: what a decision costs with few and with many waiting items, side by side. Machines are faster in one
minute than in the next, so all Redis run at the same time, bursts take turns, and what was offered goes back where it waited."""
import contextlib
import pathlib
import statistics
import tempfile
import time

from offers import REDIS

TAG, MOST = "{p00}", 8


class Side:
    """A Redis with so many waiting items, and 1 000 agents."""

    def __init__(self, args, load, redis, items):
        from desk import library
        self.redis, self.items, self.rows = redis, items, []
        redis.client.function_load(library())
        load(args.bin / "bench_dispatch", redis.socket, "--items", items, "--seconds", 1)
        self.pid = redis.client.info("server")["process_id"]

    def call(self, name, *values):
        return self.redis.client.fcall("deskbell_" + name, 1, TAG, int(time.time() * 1000), *values)

    def cpu_us(self):
        return int(pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text().split()[0]) / 1e3

    def put_back(self):
        """What is in hands waits again, and what fell due meanwhile is done."""
        for item in self.redis.client.zrange(TAG + ":held", 0, -1):
            self.call("requeue", item, "", "", "", "")
        while 0 < int(self.call("dispatch", 0)[1]) <= time.time() * 1000:
            pass

    def burst(self):
        """All agents have room, and nothing happens but decisions. Keeps us of CPU for each, ms of a call."""
        offers, calls, cpu, more = [], [], self.cpu_us(), True
        while more:
            begin = time.perf_counter()
            answer = self.call("dispatch", MOST)
            calls.append((time.perf_counter() - begin) * 1e3)
            offers += zip(answer[2::3], answer[3::3])
            more = answer[0] == b"1"
        self.rows.append(((self.cpu_us() - cpu) / len(offers), statistics.median(calls), sorted(calls)[len(calls) * 99 // 100]))
        for item, agent in offers:
            self.call("accept", item, agent)

    def result(self):
        cost, p50, p99 = (statistics.median(column) for column in zip(*self.rows))
        return {"items": self.items, "redis_us": round(cost, 1), "call_ms": {"p50": round(p50, 2), "p99": round(p99, 2)}}


def flat(args, load):
    """A result for each size, and ratios of each to the first: medians of those of each round."""
    from desk import PrivateRedis
    with contextlib.ExitStack() as stack:
        sides = []
        for items in args.waiting:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "redis"
            sides.append(Side(args, load, stack.enter_context(PrivateRedis(folder, REDIS)), items))
        for n in range(args.flat_rounds + 1):
            for side in sides[::1 if n % 2 else -1]:
                side.put_back()
                side.burst()
        for side in sides:
            del side.rows[0]  # the first one warms up
            yield side.result()
        yield {f"{side.items} / {sides[0].items}": round(statistics.median(b[0] / a[0] for a, b in zip(sides[0].rows, side.rows)), 3)
               for side in sides[1:]}

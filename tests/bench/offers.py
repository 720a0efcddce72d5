# SPDX-License-Identifier: Apache-2.0
"""tests/bench/run --only dispatch: a Redis of its own for each row, with the library of functions and nothing else."""
import pathlib
import tempfile

# As `deskbell up` sets them, but that nothing is rewritten while it is measured.
REDIS = ("--auto-aof-rewrite-percentage", "0", "--rdbcompression", "no", "--latency-tracking", "no")


def one(args, load, *options):
    from desk import PrivateRedis, library
    with tempfile.TemporaryDirectory() as folder, PrivateRedis(pathlib.Path(folder) / "redis", REDIS) as redis:
        redis.client.function_load(library())
        return load(args.bin / "bench_dispatch", redis.socket, "--seconds", args.seconds, *options)


def rows(args, load):
    """A name and a result for each: without a limit and at a rate, for each number of waiting items; nobody waits."""
    for items in args.waiting:
        yield f"dispatch {items:>7} max ", one(args, load, "--items", items)
        yield f"dispatch {items:>7} rate", one(args, load, "--items", items, "--rate", args.dispatch_rate)
    yield "dispatch idle desk   ", one(args, load, "--idle", 1000)

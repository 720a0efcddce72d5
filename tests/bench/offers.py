# SPDX-License-Identifier: Apache-2.0
"""tests/bench/run --only dispatch: a Redis of its own for each row, with the library of functions and nothing else."""
import pathlib
import tempfile

# As `deskbell up` sets them, but that nothing is rewritten while it is measured.
REDIS = ("--auto-aof-rewrite-percentage", "0", "--rdbcompression", "no", "--latency-tracking", "no",
         "--hash-max-listpack-value", "512", "--hash-max-listpack-entries", "64")


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


CONFIG = """
desk: {name: bench}
redis: {maxmemory: 8GiB}
channels:
  - {name: sms, kind: sms, provider: twilio, secret_files: [secrets/sms.secret]}
"""
AGENTS, HANDLING_MS = 1000, 500


def definition():
    """Ten queues by customers' tags, agents of ten profiles."""
    queues = "".join(f"  - {{name: q{n}, answer_within: {n + 1}h, offer: {{within: 1m}}}}\n" for n in range(10))
    agents = "".join(f"  - {{name: a{n:04d}, queues: [q{n % 10}, q{(n + 1) % 10}, q{(n + 3) % 10}], capacity: {3 + n % 4}}}\n"
                     for n in range(AGENTS))
    rules = "".join(f"  - {{name: r{n}, when: {{customer_tags: [t{n}]}}, then: {{queue: q{n}, priority: {3 + n % 5}}}}}\n"
                    for n in range(10))
    return f"queues:\n{queues}agents:\n{agents}rules:\n{rules}default: {{queue: q0}}\n"


def end_to_end(args, watch, load, import_customers):
    """From the provider's request to the offer, with all programs running; agents are played through the functions."""
    import json
    import subprocess
    from acknowledging import apply
    from desk import Desk, wait_for
    with tempfile.TemporaryDirectory() as folder, Desk(pathlib.Path(folder) / "d", CONFIG) as desk:
        desk.up()
        import_customers(desk, args.customers, tags=lambda n: f"t{n % 10}")
        apply(desk, definition())
        wait_for(lambda: len(desk.json("queue", "ls")["queues"]) == 10, "the router to plan the desk definition")
        seconds = args.seconds + 3
        agents = subprocess.Popen([str(args.bin / "bench_agents"), str(desk.dir / "redis/redis.sock"), "--agents", str(AGENTS),
                                   "--seconds", str(seconds), "--handling", str(HANDLING_MS)], stdout=subprocess.PIPE, text=True)
        assert agents.stdout.readline().strip() == "ready"
        programs = watch(desk)
        sent = load(args.bin / "bench_load", "http", desk.endpoints["channel.sms"], desk.secret("sms"), "--seconds", args.seconds,
                    "--customers", args.customers, "--connections", args.connections, "--rate", args.offer_rate)
        result = json.loads(agents.stdout.read())
        agents.wait()
        result.update(accepted=sent["accepted"], cpu_us_per_event=programs.cpu_us_per(sent["accepted"]),
                      memory_mib=programs.memory())
        desk.stop()
        return result

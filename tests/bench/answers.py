# SPDX-License-Identifier: Apache-2.0
"""Parts of tests/bench/run about what goes out. Replies are created in Redis as an agents' program does it, in pipelines; what
became of each, and when, is read from the journal: from the moment it should have been created to the moment its state
"accepted" is committed in Redis."""
import collections
import contextlib
import pathlib
import statistics
import tempfile
import time
import uuid

from desk import Desk
from outbox import P, client
from peer import number, text
from sink import BlackHole, HttpSink, SmtpSink

TEXT = "Hello,\n\nyour parcel left us this morning and arrives tomorrow before noon.\n\nKind regards\nBo\n" * 4
BODY = '{"to": "{{to}}", "text": "{{text}}", "ref": "{{id}}"}'
BATCH = 50


def now_ms():
    return int(time.time() * 1000)


def email(n):
    return f"email:customer{n}@example.org"


def conversations(r, count, channel, key):
    """As many customers as conversations, written as the router does it; ids of the conversations."""
    pipe = r.pipeline(transaction=False)
    desk, first = r.get(f"{P}:desk") or 0, r.xlen(f"{P}:journal")
    for n in range(count):
        id = uuid.uuid4().hex[:26].translate(str.maketrans("ilou", "1100"))
        fields = [id, "message", channel, "sender", key(n), "", "", "", "", "", "", "", "", f"{id[0:4]}-{id[4:8]}-{id[8:12]}",
                  b"event", "1 2 3 4", "", "", "sms", 1, "default", "support", 5, 0, "", ""]
        pipe.fcall("deskbell_route", 1, P, now_ms(), desk, 9 * 86_400_000, 7 * 86_400_000, 1, *fields)
    assert set(pipe.execute()) == {b"r"}
    found = [f[b"meta"].split(b"\x1f")[2].decode() for _, f in r.xrange(f"{P}:journal")][first:]
    assert len(found) == count
    return found


class Replies:
    """Makes replies; knows what it made and when each was due."""

    def __init__(self, r, talks, key):
        self.r, self.talks, self.key, self.due, self.channel_of = r, talks, key, {}, {}
        self.begin = (r.xrevrange(f"{P}:journal", count=1) or [(b"0-0", None)])[0][0]

    def _call(self, pipe, n, channel, due):
        id, now = f"o{n:016d}", int(due)
        talk, key = self.talks[n % len(self.talks)], self.key(n % len(self.talks))
        message = text(1, id) + number(2, 1) + text(3, channel) + text(4, talk) + text(5, f"key-{n}") + text(6, key.split(":", 1)[1]) + \
            text(7, key) + text(10, "Re: Order") + text(11, TEXT) + text(16, f"{id}@desk.example") + text(18, "bo") + number(19, now)
        pipe.fcall("deskbell_outbound_create", 1, P, now, id, "reply", channel, f"key-{n}", talk, key, "", "bo", 0, 0, "", "", message)
        self.due[id], self.channel_of[id] = due, channel

    def create(self, first, count, channels, rate=0):
        """In pipelines; with a rate, when each is due."""
        begin, made = time.time(), 0
        while made < count:
            ready = count - made if not rate else min(count, int((time.time() - begin) * rate) + 1) - made
            if ready <= 0:
                time.sleep(0.002)
                continue
            pipe = self.r.pipeline(transaction=False)
            for n in range(made, made + min(ready, BATCH)):
                due = (begin + n / rate) * 1000 if rate else time.time() * 1000
                self._call(pipe, first + n, channels[n % len(channels)], due)
            outcomes = pipe.execute()
            assert all(o[0] == b"CREATED" for o in outcomes), outcomes[:1]
            made += len(outcomes)

    def accepted(self):
        """{id: when it was accepted in Redis, ms}"""
        found, at = {}, self.begin
        while entries := self.r.xrange(f"{P}:journal", b"(" + at, count=5000):
            at = entries[-1][0]
            for cursor, f in entries:
                meta = f[b"meta"].split(b"\x1f")
                if meta[7] == b"outbound":
                    words = meta[8].decode().split(" ")
                    if words[2:3] == ["accepted"]:
                        found[words[0]] = int(cursor.split(b"-")[0])
        return found

    def wait(self, ids, patience):
        deadline = time.monotonic() + patience
        open_key = f"{P}:out:open"
        while time.monotonic() < deadline:
            found = len(self.due) - self.r.zcard(open_key)
            if found >= ids:
                return
            time.sleep(0.02)


def percentiles(waits):
    waits = sorted(waits)
    return {name: round(waits[int(p * (len(waits) - 1))], 1) for name, p in (("p50", 0.5), ("p99", 0.99), ("max", 1))} if waits else {}


def desk_config(url_of, more=""):
    lines = [f"""  - name: {name}
    kind: webhook
    provider: generic
    secret_files: [secrets/{name}.secret]
    out_url: "{url}"
    out_body: '{BODY}'
""" for name, url in url_of.items()]
    return "desk: {name: bench}\nredis: {maxmemory: 8GiB}\n" + more + "channels:\n" + "".join(lines)


def run_replies(desk, watch_of, channels, key, count, rate=0, first=0, replies=None):
    r = client(desk)
    replies = replies or Replies(r, conversations(r, 2000, channels[0], key), key)
    watch = watch_of(desk)
    begin = time.time() * 1000
    replies.create(first, count, channels, rate)
    created_after = time.time() * 1000 - begin
    replies.wait(first + count, 60)
    at = replies.accepted()
    mine = [i for i in list(replies.due)[first:] if i in at]
    took = (max(at[i] for i in mine) - begin) / 1000
    return {"replies": count, "accepted": len(mine), "per_second": round(len(mine) / took), "created_per_second":
            round(count / created_after * 1000), "created_to_accepted_ms": percentiles([at[i] - replies.due[i] for i in mine]),
            "cpu_us_per_reply": watch.cpu_us_per(count), "memory_mib": watch.memory()}


def two_runs(desk, watch_of, channels, key, count):
    """As fast as it goes, then at half of that."""
    most = run_replies(desk, watch_of, channels, key, count)
    r = client(desk)
    replies = Replies(r, conversations(r, 2000, channels[0], lambda n: key(n + 1_000_000)), lambda n: key(n + 1_000_000))
    replies.due = {f"before {n}": 0 for n in range(count)}
    half = run_replies(desk, watch_of, channels, key, count // 2, most["per_second"] / 2, count, replies)
    return most, half


def reply(args, watch_of):
    """Replies over keep-alive HTTP to one provider."""
    with tempfile.TemporaryDirectory() as folder, HttpSink(args.bin) as sink:
        with Desk(pathlib.Path(folder) / "d", desk_config({"hook": sink.url})) as desk:
            desk.up()
            return two_runs(desk, watch_of, ["hook"], email, args.replies)


def mail_out(args, watch_of):
    """Replies over SMTP to a relay that takes everything."""
    config = 'desk: {{name: bench}}\nredis: {{maxmemory: 8GiB}}\nsmtp: {{host: "127.0.0.1", port: {}, tls: none, workers: {}}}\n' \
             'channels:\n  - {{name: mail, kind: email, addresses: ["support@example.com"]}}\n'
    with tempfile.TemporaryDirectory() as folder, SmtpSink() as sink:
        with Desk(pathlib.Path(folder) / "d", config.format(sink.port, args.workers)) as desk:
            desk.up()
            return two_runs(desk, watch_of, ["mail"], email, args.replies)


class Ten:
    """A desk with ten providers, the last of them dead or not."""

    def __init__(self, args, stack, kind):
        sinks = [stack.enter_context(HttpSink(args.bin)) for _ in range(9)]
        sinks.append(stack.enter_context(BlackHole(kind) if kind else HttpSink(args.bin)))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        self.urls = {f"hook{n}": sink.url for n, sink in enumerate(sinks)}
        self.desk = stack.enter_context(Desk(pathlib.Path(folder) / "d", desk_config(self.urls))).up()
        self.r = client(self.desk)
        self.replies = Replies(self.r, conversations(self.r, 2000, "hook0", email), email)
        self.dead, self.made, self.phases = bool(kind), 0, []

    def phase(self, rate, seconds):
        """Some seconds of replies; keeps the figures of those to the nine."""
        first, count = self.made, rate * seconds
        self.made += count
        self.replies.create(first, count, list(self.urls), rate)
        self.replies.wait(self.made // 10 * 9 if self.dead else self.made, 30)
        at, due = self.replies.accepted(), self.replies.due
        mine = [i for i in list(due)[first:] if self.replies.channel_of[i] != "hook9"]
        assert all(i in at for i in mine), "a live provider's reply is missing"
        self.phases.append(percentiles([at[i] - due[i] for i in mine]))

    def median(self):
        return {p: round(statistics.median(x[p] for x in self.phases), 2) for p in ("p50", "p99")}


def dead(args, watch_of):
    """Three desks, in turns of two seconds: all providers alive, one of them silent, one whose door is closed."""
    with contextlib.ExitStack() as stack:
        desks = {"alive": Ten(args, stack, None), "silent": Ten(args, stack, "silent"), "closed door": Ten(args, stack, "closed door")}
        for ten in desks.values():
            ten.phase(args.rate, 2)
            ten.phases.clear()
        for _ in range(args.rounds * args.seconds // 2):
            for ten in desks.values():
                ten.phase(args.rate, 2)
        states = {name: ten.desk.json("outbox", "ls", "--channel", "hook9", "--limit", "100000") for name, ten in desks.items()}
        count = {name: collections.Counter(x["state"] for x in found) for name, found in states.items()}
        median = {name: ten.median() for name, ten in desks.items()}
        return {"rate": args.rate, "phases": args.rounds * args.seconds // 2, "median_ms": median, "last_provider": count,
                "of_alive": {name: {p: round(m[p] / median["alive"][p], 2) for p in m} for name, m in median.items()}}

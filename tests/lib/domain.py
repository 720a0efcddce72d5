# SPDX-License-Identifier: Apache-2.0
"""A routing domain in Redis without programs: its plan made of Python dicts (the text that common/plan/plan.h says), its
steps by name, and a clock that only the test moves. What must hold of it at any time is in upheld.py."""
import copy
import itertools
import json
import math
import pathlib
import subprocess
import uuid

from desk import library, wait_for
from steps import P, texts

US, RS = "\x1f", "\x1e"
NOW = 1_795_780_800_000
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
WEIGHTS = dict(ageing=4, late=1, late_growth=14_400_000, known_bonus=0.5, slowdown=0, flexibility=2, reserve=0.75,
               reserve_ratio=10, guard_share=0.2, guard=900_000, value_least=0.25, value_most=16)
DISPATCH = dict(misses=3, lease=120_000, transfer=300_000, known=30 * DAY, prefer=0, again=60_000)
QUEUE = dict(priority=5, hours="", after="hold", real_time=False, handling=600_000, answer=0, next=0, resolve=0, warn=1,
             offer_to=1, offer=30_000, wrap=0, language=0, nobody="", limit=0, limit_queue="", relax=(), overflow=(),
             levels=())
AGENT = dict(units=3, kinds={}, queues={}, skills={}, hours="")
NO_PROMISE = DAY


# ---- the plan

def desk(queues, agents, kinds=None, hours=None, weights=None, value=(), **dispatch):
    """Everything that is not said is as above. queues, agents: name → what differs; an agent's queues: name → speed."""
    return dict(queues={name: {**QUEUE, **q} for name, q in queues.items()},
                agents={name: {**AGENT, **a} for name, a in agents.items()},
                kinds=kinds or {"email": 1, "sms": 1}, hours=hours or {}, weights={**WEIGHTS, **(weights or {})},
                value=value, dispatch={**DISPATCH, **dispatch})


def number(n):
    return "%.17g" % n


def row(*fields):
    return US.join(str(f) for f in fields) + RS


def profile_of(agent):
    return (agent["units"], " ".join(f"{k}:{n}" for k, n in sorted(agent["kinds"].items())),
            " ".join(f"{q}:{number(math.log(s))}" for q, s in sorted(agent["queues"].items())),
            " ".join(f"{s}:{n}" for s, n in sorted(agent["skills"].items())))


def queue_rows(name, q):
    relax = " ".join(f"{after}:" + ",".join(f"{s}={n}" for s, n in most.items()) for after, most in q["relax"])
    overflow = " ".join(f"{after}:{to}" for after, to in q["overflow"])
    text = row("Q", name, q["priority"], q["hours"], q["after"], int(q["real_time"]), q["handling"], q["answer"], q["next"],
               q["resolve"], number(q["warn"]), q["offer_to"], q["offer"], q["wrap"], q["language"], q["nobody"],
               q["limit"], q["limit_queue"], relax, overflow)
    return text + "".join(row("L", name, *level) for level in q["levels"])


def plan_text(d):
    text = row("W", *(number(d["weights"][w]) for w in WEIGHTS)) + row("D", *(d["dispatch"][m] for m in DISPATCH))
    text += "".join(row("K", kind, units) for kind, units in d["kinds"].items())
    text += "".join(queue_rows(name, q) for name, q in d["queues"].items())
    profiles = {}
    for a in d["agents"].values():
        profiles.setdefault(profile_of(a), len(profiles))
    text += "".join(row("P", n, *p) for p, n in profiles.items())
    text += "".join(row("A", name, profiles[profile_of(a)], a["hours"]) for name, a in d["agents"].items())
    return text + "".join(row("V", *factor) for factor in d["value"])


def hours_text(d):
    return "".join(row("H", name, " ".join(f"{a} {b}" for a, b in spans)) for name, spans in d["hours"].items())


# ---- a Redis that is fast to ask: nothing is synced

class QuickRedis:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = pathlib.Path("/tmp") / f"dbq-{uuid.uuid4().hex[:12]}.sock"

    def __enter__(self):
        import socket_redis
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder), "--appendonly",
             "no", "--save", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = socket_redis.connect(self.socket)

        def answers():
            try:
                return self.client.ping()
            except socket_redis.ConnectionError:
                return False
        wait_for(answers, "redis-server to answer")
        self.client.function_load(library(), replace=True)
        return self

    def __exit__(self, *_):
        self.client.close()
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


# ---- what is in Redis, read in one go

DUMP = """
local out = {}
for _, key in ipairs(redis.call('KEYS', '{p00}:*')) do
  local name = string.sub(key, 7)
  local other = string.find(name, '^event:') or string.find(name, '^addr:') or string.find(name, '^conv:') or
    string.find(name, '^cust:') or string.find(name, '^ref:')
  local kind = not other and redis.call('TYPE', key).ok
  if kind == 'hash' then out[name] = { 'h', redis.call('HGETALL', key) }
  elseif kind == 'zset' then out[name] = { 'z', redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') }
  elseif kind == 'set' then out[name] = { 's', redis.call('SMEMBERS', key) }
  elseif name == 'plan' then out[name] = { 'generation', string.match(redis.call('GET', key), '^%d*') } end
end
return cjson.encode(out)
"""
PLACE = ("line", "set", "clock", "at", "target", "promise", "sla", "warned", "resolve_at", "resolve", "resolve_warned",
         "paused", "worth", "kind", "units", "needs", "known", "only", "next")
TEXTS = ("line", "set", "clock", "sla", "kind", "needs", "known", "only", "next")
FACTS = ("conversation", "customer", "priority", "deadline", "skills", "rule", "desk", "created", "event")
META = ("event_id", "customer", "conversation", "work_item", "queue", "rule", "desk", "how", "evidence", "agent", "at",
        "previous", "trace", "context")


class Item(dict):
    """Fields of the hash; `place` and `facts` taken apart beside them."""

    def __init__(self, id, fields):
        super().__init__(fields)
        self["id"] = id
        for name, value in zip(PLACE, (fields.get("place") or "").split(US)):
            self[name] = value if name in TEXTS else float(value or 0)
        if self["state"] != "waiting":
            self["line"] = self["set"] = ""  # they say where it waited
        for name, value in zip(FACTS, (fields.get("facts") or "").split(US)):
            self[name] = value
        self["until"] = int(fields.get("until") or 0)
        self["agents"] = (fields.get("offered") or "").split() if self["state"] == "offered" else \
            [self["agent"]] if self["state"] in ("active", "wrapping") else []

    __getattr__ = dict.__getitem__


class State:
    """All keys of the domain that are about dispatch, as they stand."""

    def __init__(self, text):
        self.keys = {}
        for name, (kind, values) in json.loads(text).items():
            if kind == "generation":
                self.generation = values
            elif kind == "s":
                self.keys[name] = set(values)
            elif kind == "h":
                self.keys[name] = dict(zip(values[0::2], values[1::2]))
            else:
                self.keys[name] = {m: float(s) for m, s in zip(values[0::2], values[1::2])}
        self.items = {k[5:]: Item(k[5:], v) for k, v in self.keys.items() if k.startswith("item:")}

    def get(self, name, empty=()):
        return self.keys.get(name, dict() if empty == () else empty)

    def under(self, start):
        return {k[len(start):]: v for k, v in self.keys.items() if k.startswith(start)}

    def agent(self, name):
        return self.get("agent:" + name)


class Calendar:
    """Time that stands while it is closed, reckoned the plain way."""

    def __init__(self, real, time, spans):
        self.real, self.time, self.spans = real, time, [tuple(s) for s in spans]

    def at(self, now):
        return self.time + sum(max(0, min(now, to) - max(self.real, start)) for start, to in self.spans)

    def is_open(self, now):
        return any(start <= now < to for start, to in self.spans)


class Offer(tuple):
    def __new__(cls, item, agents, until):
        return super().__new__(cls, (item, agents, until))

    item = property(lambda self: self[0])
    agents = property(lambda self: self[1].split())
    until = property(lambda self: int(self[2]))


class Domain:
    """One domain, flushed and given this desk; `now` moves by later()."""

    ids = itertools.count(1)

    def __init__(self, client, d, now=NOW):
        self.now, self.calendars, self.next_due = now, {}, 0
        self.move(client)
        self.r.flushall()
        self.arrivals = itertools.count(1)
        self.plan(d)

    def move(self, client):
        """To this Redis, which has all of it."""
        self.r, self.dump = client, client.register_script(DUMP)

    def call(self, name, *args):
        return texts(self.r.fcall(f"deskbell_{name}", 1, P, self.now, *args))

    def ask(self, name, *args):
        return texts(self.r.fcall_ro(f"deskbell_{name}", 1, P, self.now, *args))

    def later(self, ms):
        self.now += int(ms)
        return self

    # ---- the desk

    def plan(self, d):
        """Another desk definition is in force."""
        self.desk = copy.deepcopy(d)
        assert self.call("plan", "0", plan_text(d), hours_text(d)) == "OK"
        old = self.calendars
        self.calendars = {**old, **{name: Calendar(self.now, self.clock(name), spans) for name, spans in d["hours"].items()}}
        return self

    def clock(self, name, now=None):
        now = self.now if now is None else now
        return self.calendars[name].at(now) if name in self.calendars else now

    def is_open(self, name, now=None):
        return name not in self.desk["hours"] or self.calendars[name].is_open(self.now if now is None else now)

    # ---- customers

    def customer(self, key, name="", tags="", value="", lang="", profile=""):
        return self.call("customer_import", name, tags, value, lang, profile, "c" + f"{next(self.arrivals):016d}", key)

    def event(self, queue="support", priority=5, within="", skills="", kind="email", sender=None, event_kind="message", hints=""):
        """What a customer writes, as deskbell_route is told; a new customer unless said."""
        n = next(self.arrivals)
        sender = sender or f"tel:+1{n:010d}"
        return [f"{n:016d}abcdefghjk", event_kind, "sms", "sender", sender, "Ann", "", "", "", "", "", "", "", f"R{n}", b"event",
                "1 2 3 4", "", hints, kind, 1, "rule", queue, priority, within, skills, ""]

    def route(self, *events):
        """One call for all of them: a character for each."""
        return self.call("route", "0", 9 * DAY, 7 * DAY, len(events), *itertools.chain(*events))

    def write(self, *args, **more):
        """A customer writes (event). Returns the work item that is open then ('' none)."""
        assert self.route(self.event(*args, **more)) == "r"
        return self.last()["work_item"]

    # ---- steps

    def once(self, most=100):
        """One call of the step: more, offers."""
        answer = self.call("dispatch", most)
        self.next_due = int(answer[1])
        return answer[0] == "1", [Offer(*answer[n:n + 3]) for n in range(2, len(answer), 3)]

    def dispatch(self, most=100):
        """As the program does: until there is no more. All offers."""
        offers = []
        for _ in range(10_000):
            more, made = self.once(most)
            offers += made
            if not more:
                return offers
        raise AssertionError("dispatch never ends")

    def presence(self, agent, to="ready", keep="", why=""):
        return self.call("presence", agent, to, keep, why)

    def sign_in(self, *agents):
        for name in agents or self.desk["agents"]:
            assert self.presence(name) == "OK"
        return self

    def accept(self, item, agent):
        return self.call("accept", item, agent)

    def decline(self, item, agent, why=""):
        return self.call("decline", item, agent, why)

    def claim(self, agent, queue="", item="", force=False):
        return tuple(self.call("claim", queue, agent, item, "1" if force else ""))

    def done(self, item, agent="", seen=""):
        return self.call("done", item, agent, seen)

    def verb(self, verb, item, agent="", until=0, why=""):
        return tuple(self.call("item", item, agent, verb, until, why))

    def requeue(self, item, queue="", to="", by="", note=""):
        return self.call("requeue", item, queue, to, by, note)

    def reply(self, conversation, agent, arrives=True):
        """An agent's answer; one that does not arrive is refused by its channel program."""
        id = f"o{next(self.arrivals):016d}"
        made = self.call("outbound_create", id, "reply", "sms", id, conversation, "tel:+1", "", agent, 0, 0, "", "", b"packed")
        if not arrives:
            self.call("outbound_relayed", "sms", id, "deliver", "refused", "no such number")
        return made[0]

    def merge(self, one, into):
        return tuple(self.call("conversation_merge", "zoe", one, into))

    def unmerge(self, one):
        return tuple(self.call("conversation_unmerge", "zoe", one, f"w{next(self.arrivals):016d}"))

    # ---- looks

    def state(self):
        return State(self.dump())

    def item(self, id):
        return Item(id, texts_of(self.r.hgetall(f"{P}:item:{id}")))

    def agent(self, name):
        """presence, units used, items."""
        ((_, presence, _, _, used, _, items),) = self.ask("agents", name)
        return presence, int(used), items.split()

    def waiting(self, queue="support"):
        return self.ask("waiting", queue, 1000)

    def last(self):
        return entry(self.r.xrevrange(f"{P}:journal", count=1)[0])

    def journal(self, item=None, *types):
        entries = [entry(e) for e in self.r.xrange(f"{P}:journal")]
        return [e for e in entries if (item is None or e["work_item"] == item) and (not types or e["type"] in types)]


def texts_of(fields):
    return {k.decode(): v.decode() for k, v in fields.items()}


def entry(e):
    cursor, fields = e
    return {**dict(zip(META, fields[b"meta"].decode().split(US))), "type": fields[b"type"].decode(),
            "event": fields[b"event"], "cursor": cursor.decode()}

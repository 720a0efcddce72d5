# SPDX-License-Identifier: Apache-2.0
"""What must hold of a routing domain (domain.py), reckoned from the desk and the items alone, without the code that is
tested: every key agrees with every other (consistent), nothing waits while somebody fits (nobody_waits), every move of every
item's life is legal (legal_life). Each answers what is wrong, a list of sentences."""
import math
import pathlib
import re

from domain import NO_PROMISE
from steps import P

LIFE = pathlib.Path(__file__).resolve().parents[2] / "common/dispatch/life.def"
MOVES = {}
for start, to in re.findall(r"^MOVE\((\w+), (\w+),", LIFE.read_text(), re.M):
    MOVES.setdefault(start, set()).add(to)
HELD = ("offered", "active", "wrapping")


def close(a, b):
    return abs(a - b) <= 1e-6 * max(1, abs(a), abs(b))


# ---- what a queue asks of agents

def queue_of(desk, name):
    """As the desk says, or of a queue that is not there any more."""
    from domain import QUEUE
    return desk["queues"].get(name) or {**QUEUE, "after": "take"}


def target(promise):
    return promise or NO_PROMISE


def units(desk, kind):
    return desk["kinds"].get(kind) or next(iter(desk["kinds"].values()))


def kind_name(desk, kind):
    return kind if kind in desk["kinds"] else next(iter(desk["kinds"]))


def needs_after(q, text, waited):
    """name → level that is asked by now."""
    needs = {}
    for need in filter(None, text.split(",")):
        name, level = need.split(">=")
        level = int(level)
        steps = [most[name] for after, most in q["relax"] if waited >= after and name in most]
        if steps:
            level = min(level, steps[-1])
        if level > 0:
            needs[name] = level
    return needs


def queues_after(name, q, waited):
    return [name] + [to for after, to in q["overflow"] if waited >= after]


class Sight:
    """A domain at one moment, as the rules see it."""

    def __init__(self, domain, state=None):
        self.domain, self.desk, self.now = domain, domain.desk, domain.now
        self.state = state or domain.state()
        self.hands = {}  # agent → items in their hands, or offered to them
        for item in self.state.items.values():
            for name in item.agents:
                self.hands.setdefault(name, []).append(item)
        self.places, self.holders = {}, {}  # item → keys
        for key, members in self.state.keys.items():
            if key.startswith("line:"):
                for id in members:
                    self.places.setdefault(id, []).append(key[5:])
            elif key.startswith("agent:") and key.endswith(":items"):
                for id in members:
                    self.holders.setdefault(id, []).append(key[6:])
        self.presence = {name: self.state.agent(name).get("presence", "offline") for name in self.desk["agents"]}
        self.ready = [n for n, a in self.desk["agents"].items()
                      if self.presence[n] == "ready" and domain.is_open(a["hours"])]
        self.duty = {}
        for name, a in self.desk["agents"].items():
            if self.presence[name] in ("ready", "busy") and domain.is_open(a["hours"]):
                for queue in a["queues"]:
                    self.duty[queue] = self.duty.get(queue, 0) + 1

    def holders_of(self, name):
        """Items in this agent's hands, or offered to them."""
        return [item.id for item in self.hands.get(name, ())]

    # an item's place

    def clock(self, item):
        return self.domain.clock(item.clock)

    def waited(self, item):
        return self.clock(item) - item.at

    def needs(self, item):
        return needs_after(queue_of(self.desk, item.queue), item.needs, self.waited(item))

    def queues(self, item):
        return queues_after(item.queue, queue_of(self.desk, item.queue), self.waited(item))

    def parked_until(self, item):
        """On the item's clock."""
        w, ratio = self.desk["weights"], self.desk["weights"]["reserve_ratio"]
        defers = any(q["real_time"] and q["answer"] and name != item.queue and q["answer"] * ratio <= item.target
                     for name, q in self.desk["queues"].items())
        if not defers:
            return item.at
        return item.at + max(0, math.floor(item.target - max(w["guard_share"] * item.target, w["guard"])))

    def set(self, item):
        now = self.clock(item)
        return "p" if now < self.parked_until(item) else "o" if now <= item.at + item.target else "l"

    def ln_value(self, item):
        w = self.desk["weights"]
        v = item.worth * 2 ** ((5 - int(item.priority)) / 2)
        return math.log(min(max(v, w["value_least"]), w["value_most"]))

    def score(self, item, set):
        w = self.desk["weights"]
        return item.at - (w["late_growth"] if set == "l" else item.target / math.log(w["ageing"])) * self.ln_value(item)

    def line(self, item, generation):
        needs = ",".join(f"{name}>={level}" for name, level in sorted(self.needs(item).items()))
        return "~".join([generation, "+".join(self.queues(item)), item.kind, f"{item.target:.0f}", needs, item.only])

    # agents

    def used(self, name, kind=None):
        """Units; only of a kind."""
        return sum(i.units for i in self.hands.get(name, ()) if kind is None or kind_name(self.desk, i.kind) == kind)

    def room(self, name, kind, beside=()):
        """Units left for one of this kind, with (kind, units) taken beside."""
        a = self.desk["agents"][name]
        cap = min(a["kinds"].get(kind, a["units"]), a["units"])
        return min(a["units"] - self.used(name) - sum(n for _, n in beside),
                   cap - self.used(name, kind) - sum(n for k, n in beside if k == kind))

    def fits(self, name, queue, queues, needs):
        a = self.desk["agents"][name]
        nobody = queue_of(self.desk, queue)["nobody"]
        if nobody and not self.duty.get(queue):
            queues = [*queues, nobody]
        return any(q in a["queues"] for q in queues) and all(a["skills"].get(s, 0) >= n for s, n in needs.items())

    def barred(self, item, name):
        return name in self.state.get("declined").get(item.id, "").split() or (item.only and item.only != name)

    def could_take(self, item, name):
        """Skills, membership, room, nothing in the way; the reserve aside."""
        kind = kind_name(self.desk, item.kind)
        return self.room(name, kind) >= units(self.desk, kind) and not self.barred(item, name) and \
            self.fits(name, item.queue, self.queues(item), self.needs(item))

    # the reserve

    def real_time(self):
        """name, its target, kind of its items that takes most units, agents on duty, those who could take one now."""
        for name, q in self.desk["queues"].items():
            if not q["real_time"] or not q["answer"] or q["after"] != "take" and not self.domain.is_open(q["hours"]):
                continue
            kind = kind_name(self.desk, (self.state.get("load").get(name, "0 0 0 ").split(" ") + [""])[3])
            able = [a for a in self.ready if self.can_serve(a, name, kind)]
            yield name, q["answer"], kind, self.duty.get(name, 0), able

    def can_serve(self, agent, queue, kind, beside=()):
        return self.room(agent, kind, beside) >= units(self.desk, kind) and self.fits(agent, queue, [queue], {})

    def kept(self, item, name):
        """The reserve keeps this agent from it."""
        if self.set(item) != "p":
            return False
        w, kind = self.desk["weights"], kind_name(self.desk, item.kind)
        taken = [(kind, units(self.desk, kind))]
        for queue, answer, its_kind, on_duty, able in self.real_time():
            keep = math.floor(w["reserve"] * math.sqrt(on_duty) + 0.5)
            if queue != item.queue and name in able and not self.can_serve(name, queue, its_kind, taken) and \
                    answer * w["reserve_ratio"] <= item.target and len(able) - 1 < keep:
                return True
        return False

    def served(self, item):
        q = queue_of(self.desk, item.queue)
        return q["after"] == "take" or self.domain.is_open(q["hours"])


# ---- after a dispatch that says there is no more

def nobody_waits(sight):
    """G7."""
    wrong = []
    for item in sight.state.items.values():
        if item.state != "waiting" or not sight.served(item):
            continue
        for name in sight.ready:
            if sight.could_take(item, name) and not sight.kept(item, name):
                wrong.append(f"{item.id} waits in {item.line!r} while {name} could take it")
    return wrong


# ---- at any time

def consistent(sight, settled=True):
    """settled: just after a dispatch, so that everything due was done."""
    return items_stand(sight, settled) + sets_agree(sight) + agents_agree(sight, settled) + timers_agree(sight, settled)


def stands(sight, item, settled):
    s, wrong = sight.state, []
    places, holders = sight.places.get(item.id, []), sight.holders.get(item.id, [])
    listed = [n + ":items" for n in item.agents if n in sight.desk["agents"] or n + ":items" in holders]
    if item.state == "waiting":
        if places != [f"{item.line}:{item.set}"]:
            wrong.append(f"stands in {places}, should in {item.line}:{item.set}")
        elif settled or sight.set(item) == item.set:
            generation = s.generation
            if settled and item.line != sight.line(item, generation):
                wrong.append(f"stands in {item.line}, should in {sight.line(item, generation)}")
            if settled and item.set != sight.set(item):
                wrong.append(f"stands in {item.set}, should in {sight.set(item)}")
            score = s.keys[f"line:{item.line}:{item.set}"][item.id]
            if settled and not close(score, sight.score(item, item.set)):
                wrong.append(f"stands at {score}, should at {sight.score(item, item.set)}")
        if settled and item.clock != queue_of(sight.desk, item.queue)["hours"]:
            wrong.append(f"waits on clock {item.clock!r}")
        if item["agent"] or item["offered"]:
            wrong.append(f"waits with agent {item['agent']!r} offered {item['offered']!r}")
        if item.paused:
            wrong.append("waits with its clocks paused")
    elif places:
        wrong.append(f"{item.state} and stands in {places}")
    if sorted(holders) != sorted(listed):
        wrong.append(f"{item.state} by {item.agents}, in the hands of {holders}")
    if item.state == "offered" and (not item.agents or len(set(item.agents)) != len(item.agents) or item["agent"]):
        wrong.append(f"offered to {item['offered']!r}, agent {item['agent']!r}")
    if item.state in ("active", "wrapping") and (not item["agent"] or item["offered"]):
        wrong.append(f"{item.state} by {item['agent']!r}, offered {item['offered']!r}")
    if (item.id in s.get("held")) != (item.state in ("active", "wrapping")):
        wrong.append(f"{item.state}, in held: {item.id in s.get('held')}")
    return [f"{item.id}: {w}" for w in wrong]


def items_stand(sight, settled):
    return [w for item in sight.state.items.values() for w in stands(sight, item, settled)]


def sets_agree(sight):
    s, items, wrong = sight.state, sight.state.items, []

    def only(key, states):
        for id in s.get(key):
            if id not in items or items[id].state not in states:
                wrong.append(f"{key} has {id}, {items[id].state if id in items else 'gone'}")
    for key in s.keys:
        if key.startswith("line:"):
            only(key, ("waiting",))
        if key.startswith("known:"):
            for id in s.get(key):
                if id not in items or items[id].state != "waiting" or "known:" + items[id].known != key:
                    wrong.append(f"{key} has {id}")
    only("declined", ("waiting", "offered"))
    aside = {item.id: item["agent"] for item in items.values() if item.state in ("on_hold", "snoozed")}
    if set(s.get("aside")) != set(aside):
        wrong.append(f"aside has {set(s.get('aside'))}, should {set(aside)}")
    theirs = {(id, key.split(":")[1]) for key in s.keys if key.startswith("agent:") and key.endswith(":aside") for id in s.get(key)}
    if theirs != {(id, agent) for id, agent in aside.items() if agent}:
        wrong.append(f"agents' aside has {theirs}, should {aside}")
    for item in items.values():
        if item.state == "waiting" and item.known and item.id not in s.get("known:" + item.known):
            wrong.append(f"known:{item.known} has not {item.id}")
    count = {}
    for item in items.values():
        if item.state == "waiting":
            count[item.queue] = count.get(item.queue, 0) + 1
    said = {q: int(n) for q, n in s.get("waiting").items() if n != "0"}
    if said != count:
        wrong.append(f"waiting says {said}, it is {count}")
    lines = {k.rsplit(":", 1)[0] for k in s.under("line:")}
    missing = lines - set(s.get("lines")) - set(s.get("replan"))
    if missing:
        wrong.append(f"not in lines: {missing}")
    return wrong


def agents_agree(sight, settled):
    s, desk, wrong, groups = sight.state, sight.desk, [], {}
    remembered = {row[0]: row[1:] for row in sight.domain.ask("crew")}
    duty = remembered.pop("")
    standing = {name: key for key, names in remembered.items() for name in names}
    numbers = {}
    from domain import profile_of
    for a in desk["agents"].values():
        numbers.setdefault(profile_of(a), len(numbers))
    said = {row[0]: int(row[4]) for row in sight.domain.ask("agents", "")}
    for name, a in desk["agents"].items():
        have = s.agent(name)
        used = {kind: 0 for kind in desk["kinds"]}
        for id, text in s.get(f"agent:{name}:items").items():
            kind, n = text.split(" ")
            used[kind_name(desk, kind)] += int(n)
        sum_of_items = sum(used.values())
        if said[name] != sum_of_items:
            wrong.append(f"{name} has used {said[name]}, their items are {used}")
        if sum_of_items != sight.used(name):
            wrong.append(f"{name} has {sum_of_items} units in hands, the items say {sight.used(name)}")
        group = ""
        if sight.presence[name] == "ready" and sum_of_items < a["units"] and \
                (sight.domain.is_open(a["hours"]) if settled else name in standing):
            group = f"{numbers[profile_of(a)]}/{sum_of_items}/" + ",".join(map(str, used.values()))
            groups.setdefault(group, []).append((float(have["idle"]), name))
    groups = {key: [name for _, name in sorted(members)] for key, members in groups.items()}
    if remembered != groups:
        wrong.append(f"groups {remembered}, should {groups}")
    duty = {q: int(n) for q, n in zip(duty[::2], duty[1::2])}
    if settled and duty != sight.duty:
        wrong.append(f"duty says {duty}, it is {sight.duty}")
    return wrong


def next_timer(sight, item):
    """On the item's clock; None nothing."""
    q, at = queue_of(sight.desk, item.queue), []
    if item.state == "waiting":
        at += [item.at + step[0] for step in [*q["relax"], *q["overflow"]] if step[0] > sight.waited(item)]
        at += [item.at + item.target + 1] if sight.set(item) == "o" else []
        at += [sight.parked_until(item)] if sight.set(item) == "p" else []
    if not item.paused:
        for since, promise, runs, warned in ((item.at, item.promise, item.sla, item.warned),
                                             (item.resolve_at, item.resolve, True, item.resolve_warned)):
            if not runs or not promise or warned == 2:
                continue
            early = q["warn"] < 1 and warned == 0
            at.append(since + (math.floor(q["warn"] * promise) if early else promise + 1))
    return min(at, default=None)


def timers_agree(sight, settled):
    s, wrong = sight.state, []
    timers = s.under("timer:")
    for id in {id for members in timers.values() for id in members}:
        if id not in s.items or s.items[id].state == "done":
            wrong.append(f"{id} is no more and has a timer")
    for item in s.items.values():
        if item.state == "done":
            continue
        have = {clock: members[item.id] for clock, members in timers.items() if item.id in members}
        at = next_timer(sight, item)
        want = {} if at is None else {item.clock: at}
        right = have == want
        if item.state in ("offered", "active", "wrapping"):  # one may stand from when it waited, until it passes
            early = have and all(sight.clock(item) < time and (at is None or time <= at) for time in have.values())
            right = right or early
        if item.state != "waiting":  # ... or one of the definition that it was taken by
            right = right or s.generation != "1"
        if settled and not right:
            wrong.append(f"{item.id} {item.state}: timer {have}, should {want}; clock {sight.clock(item)}")
    due = s.get("due")
    for id in due:
        if id not in s.items or s.items[id].state == "done":
            wrong.append(f"{id} is no more and is due")
    for item in s.items.values():
        at = due_of(sight, item)
        if at is not False and due.get(item.id) != at:
            wrong.append(f"{item.id} {item.state}: due {due.get(item.id)}, should {at}")
        if settled and due.get(item.id) is not None and due[item.id] <= sight.now:
            wrong.append(f"{item.id} {item.state}: was due at {due[item.id]}, it is {sight.now}")
    return wrong


def due_of(sight, item):
    """None: never by itself. False: not checked."""
    if item.state == "waiting":
        times = [t for t in (int(item.get("again") or 0), int(item.get("only_until") or 0)) if t]
        return min(times, default=None)
    if item.state in ("offered", "on_hold", "snoozed"):
        return item.until or None
    if item.state == "active":
        if sight.presence.get(item["agent"], "offline") == "offline":
            return False  # the lease, or by hand
        return None
    return item.until if item.state == "wrapping" else None


# ---- the journal

def lives(journal):
    """item → its states in order, as the journal tells."""
    states, offered, apart = {}, {}, set()
    for e in journal:
        item, type = e["work_item"], e["type"]
        if not item:
            continue
        path = states.setdefault(item, [])
        if type == "offer":
            offered[item] = set(e["agent"].split())
            path.append("offered")
        elif type == "offer_end":
            offered[item].discard(e["agent"])
            if e["evidence"] not in ("lost", "withdrawn") and not offered[item]:
                path.append("waiting")
        elif type == "claim":
            path.append("active")
        elif type in ("merge", "split"):
            apart.add(item)  # what becomes of it is not said of the item
        elif type in ("event", "reopen") and not path or type == "requeue" or \
                type == "reopen" and e["evidence"].startswith(item) or \
                type == "resume" and e["evidence"] in ("reply", "time", "failed"):
            path.append("waiting")
        elif type in ("hold", "snooze", "wrap", "done"):
            path.append({"hold": "on_hold", "snooze": "snoozed", "wrap": "wrapping"}.get(type, type))
    return {item: path for item, path in states.items() if item not in apart}


def legal_life(journal, items):
    wrong = []
    for item, path in lives(journal).items():
        for a, b in zip(path, path[1:]):
            if b not in MOVES[a] and not (a == b and a in ("waiting", "snoozed", "on_hold")):
                wrong.append(f"{item}: {a} became {b} in {path}")
        if item in items and path and path[-1] != items[item].state:
            wrong.append(f"{item} is {items[item].state}, the journal says {path}")
    return wrong


# ---- the journal

def broken_chains(d):
    """Each entry about a conversation names the one before it."""
    last, wrong = {}, []
    for e in d.journal():
        conversation = e["conversation"]
        if conversation and e["previous"] != last.get(conversation, ""):
            wrong.append((e["type"], e["cursor"], e["previous"], last.get(conversation)))
        if conversation:
            last[conversation] = e["cursor"]
    for conversation, cursor in last.items():
        kept = d.r.hget(f"{P}:conv:{conversation}", "last")
        if kept is not None and kept.decode() != cursor:
            wrong.append(("last", conversation, kept, cursor))
    return wrong

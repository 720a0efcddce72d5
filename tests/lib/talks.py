# SPDX-License-Identifier: Apache-2.0
"""Mails given to the real functions in a private Redis, called by short names, and the command line on the same Redis."""
import hashlib
import itertools
import json
import subprocess

import steps
from desk import BIN, PATIENCE, library

NOW = 1_764_000_000_000
P = "{p00}"
META = ("event_id", "customer", "conversation", "work_item", "queue", "rule", "desk", "how", "evidence", "agent", "at", "prev",
        "trace", "context")
BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


def digest(message_id, length=26):
    """A Message-ID as it stands in a key: the first 128 bits of its SHA-256, Crockford's base32."""
    bits = int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:16], "big") << 2
    return "".join(BASE32[bits >> (130 - 5 * (i + 1)) & 31] for i in range(26))[:length]


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    """Of a protobuf message: a text, bytes or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def party(key):
    return field(2, key.split(":", 1)[1]) + field(3, key)


class Talks:
    def __init__(self, client, folder, socket):
        self.r, self.dir, self.now = client, folder, NOW
        self.count = itertools.count(1)
        self.event, self.entries = {}, {}
        self.rules = [("default", "support", 5, 0, "", "")]
        client.function_load(library(), replace=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "deskbell.yaml").write_text(
            f"redis: {{url: 'unix:{socket}'}}\nchannels:\n"
            "  - {name: mail, kind: email, addresses: [support@example.com]}\n"
            "  - {name: mail2, kind: email, addresses: [sales@example.com]}\n")

    # ---- what comes in

    @staticmethod
    def key(name):
        return name if ":" in name or not name else f"email:{name}@example.org"

    def ids(self, names):
        """Digests of mails by name; "=x" is the id x of a mail that nobody here has sent."""
        return " ".join(digest(n.lstrip("=") + "@id") for n in names.split())

    def conv(self, name):
        return self.entries[name]["conversation"]

    def reference(self, name):
        i = self.conv(name)[1:]
        return f"{i[0:4]}-{i[4:8]}-{i[8:12]}"

    def mail(self, name, sender="ann", refs="", mid=None, token="", own="", ref="", to="", subject="Printer", channel="mail",
             kind="message", mode="mail", **hints):
        """`refs`: names of mails it answers, the most recent first. `token`, `own`, `ref`: names of mails in whose first
        conversation the proof lies. Returns the journal entry."""
        n = next(self.count)
        self.now += 1000
        # Ids are spread, as real ones are: conversations and work items are named by their beginning.
        event_id = digest(f"event {n}")
        mid = name + "@id" if mid is None else mid
        key, others = self.key(sender), [self.key(o) for o in to.split()]
        if mode == "mail" and subject:
            hints.setdefault("base", digest(subject, 8))
        proven = [self.conv(x) for x in (token + " " + own).split()]
        how = ["token"] * len(token.split()) + ["own-message-id"] * len(own.split())
        packed = (field(1, event_id) + field(2, 1) + field(3, channel) + field(4, "email" if mode == "mail" else "sms") +
                  field(5, mid) + (field(6, party(key)) if key else b"") + b"".join(field(7, party(o)) for o in others) +
                  field(8, subject) + field(9, f"text of {name}") + field(13, self.now) + field(14, field(1, mid)))
        words = " ".join(f"{k}={v}" for k, values in hints.items() for v in str(values).split() if v)
        # A mail that names itself says nothing: the router leaves that out.
        ids = " ".join(i for i in self.ids(refs).split() if i != digest(mid))
        args = [event_id, kind, channel, mode, key, sender, " ".join(proven), " ".join(how), digest(mid) if mid else "", ids,
                " ".join(self.reference(x) for x in ref.split()), " ".join(others), subject,
                f"{event_id[0:4]}-{event_id[4:8]}-{event_id[8:12]}", packed, "1 2 3 4", "", words,
                "email" if mode == "mail" else "sms", len(self.rules)]
        args += [x for rule in self.rules for x in rule]
        outcome = self.r.fcall("deskbell_route", 1, P, self.now, 0, 9 * 86_400_000, 7 * 86_400_000, 1, *args)
        assert outcome == b"r", outcome
        self.event[name] = event_id
        self.entries[name] = [e for e in self.journal() if e["event_id"] == event_id][-1]
        return self.entries[name]

    def journal(self):
        found = []
        for cursor, fields in self.r.xrange(f"{P}:journal"):
            e = dict(zip(META, fields[b"meta"].decode().split("\x1f")))
            found.append({**e, "type": fields[b"type"].decode(), "cursor": cursor.decode()})
        return found

    # ---- agents

    def claim(self, agent="ana", queue="support"):
        self.now += 1000
        return steps.claim(self.r, self.now, queue, agent)

    def done(self, name, seen=""):
        self.now += 1000
        return self.r.fcall("deskbell_done", 1, P, self.now, self.state(self.conv(name))["item"], "ana", seen).decode()

    def run(self, *args, ok=True):
        done = subprocess.run([str(BIN / "deskbell"), *args, "--dir", str(self.dir)], capture_output=True, timeout=PATIENCE)
        assert (done.returncode == 0) == ok, (args, done.stdout, done.stderr)
        return done.stdout.decode() if ok else done.stderr.decode()

    def json(self, *args):
        return json.loads(self.run(*args, "--json"))

    def split(self, name, at=None, **kw):
        return self.run("conversation", "split", self.conv(name), *(["--at", self.event[at]] if at else []), "--by", "ana", **kw)

    def move(self, name, to, **kw):
        return self.run("conversation", "move", self.event[name], "--to", self.conv(to), "--by", "ana", **kw)

    def merge(self, name, into, **kw):
        return self.run("conversation", "merge", self.conv(name), "--into", self.conv(into), "--by", "ana", **kw)

    # ---- how things are

    def state(self, conversation):
        return {k.decode(): v.decode() for k, v in self.r.hgetall(f"{P}:conv:{conversation}").items()}

    def item(self, item):
        v = {k.decode(): v.decode() for k, v in self.r.hgetall(f"{P}:item:{item}").items()}
        return {**v, **dict(zip(("conversation", "customer", "priority"), v["facts"].split("\x1f")))}

    def work(self, name):
        """Of the conversation a mail began or joined: (state of its work item, messages)."""
        c = self.state(self.conv(name))
        return (self.item(c["item"])["state"], int(c["messages"])) if c.get("item") else ("none", 0)

    def now_in(self, name):
        """The conversation a mail was put into, or the one that took that over since."""
        conversation = self.conv(name)
        while self.state(conversation).get("merged"):
            conversation = self.state(conversation)["merged"]
        return conversation

    def where(self, name):
        return self.json("trace", self.event[name])[0]["conversation"]

    def check(self):
        """What must hold whatever has happened: at most one open work item for each conversation, in one place, counted
        for its customer."""
        convs = {k.decode().split(":")[2]: self.state(k.decode().split(":")[2]) for k in self.r.keys(f"{P}:conv:*")}
        items = {k.decode().split(":")[2]: self.item(k.decode().split(":")[2]) for k in self.r.keys(f"{P}:item:*")}
        waiting = {i.decode() for q in self.r.keys(f"{P}:line:*") for i in self.r.zrange(q, 0, -1)}
        held = {i.decode() for i in self.r.zrange(f"{P}:held", 0, -1)}
        opened = {i for i, v in items.items() if v["state"] != "done"}
        assert waiting == {i for i in opened if items[i]["state"] == "waiting"}
        assert held == {i for i in opened if items[i]["state"] == "active"}
        assert {i: items[i]["conversation"] for i in opened} == {c["item"]: k for k, c in convs.items() if c.get("item")}
        for k, c in convs.items():
            assert not (c.get("merged") and c.get("item")), f"{k} is merged and has work of its own"
            if c.get("item"):
                assert c["queue"] == items[c["item"]]["queue"] and int(c["messages"]) >= 1, c
                assert items[c["item"]]["customer"] == c["facts"].split("\x1f")[0]
        of_customers = {(k.decode().split(":")[2], v) for k in self.r.keys(f"{P}:cust:*")
                        for v in (self.r.hget(k, "open") or b"").decode().split()}
        owners = {k: c["facts"].split("\x1f")[0] for k, c in convs.items() if c.get("item")}
        many = {o for o in owners.values() if list(owners.values()).count(o) >= 20}  # the list has no more
        assert {c for c in of_customers if c[0] not in many} == {(o, k) for k, o in owners.items() if o and o not in many}

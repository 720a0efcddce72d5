# SPDX-License-Identifier: Apache-2.0
"""Outbound messages and conversations made straight in Redis, as programs of the desk make them (proto/redis.md)."""
import itertools
import time
import uuid

import socket_redis

P = "{p00}"
NOW = 1_764_000_000_000
SMS = "tel:+14155550100"
counter = itertools.count(1)


def client(desk):
    return socket_redis.connect(desk.dir / "redis/redis.sock")


def now_ms():
    return int(time.time() * 1000)


def create(r, conversation, kind="reply", channel="sms", key=None, to=SMS, others="", agent="ana", not_before=0, expires=0,
           answers="", mid="", message=b"packed", id=None, now=NOW):
    """[outcome, id, state, why] of deskbell_outbound_create."""
    n = next(counter)
    id = id or f"o{n:016d}"
    args = [now, id, kind, channel, key or f"key-{n}", conversation, to, others, agent, not_before, expires, answers, mid, message]
    return [part.decode() for part in r.fcall("deskbell_outbound_create", 1, P, *args)]


def order(r, id, what, who="op", why="asked for", now=NOW):
    return tuple(part.decode() for part in r.fcall("deskbell_outbound_order", 1, P, now, id, what, who, why))


def out(r, id):
    return {k.decode(): v.decode("utf-8", "replace") for k, v in r.hgetall(f"{P}:out:{id}").items()}


def conversation(r, channel="text", sender=SMS):
    """A customer's message straight into Redis; the id of its conversation."""
    id = uuid.uuid4().hex[:26].translate(str.maketrans("ilou", "1100"))
    fields = [id, "message", channel, "sender", sender, "Ann", "", "", "", "", "", "", "", f"{id[0:4]}-{id[4:8]}-{id[8:12]}",
              b"event", "1 2 3 4", "", "", "sms", 1, "default", "support", 5, 0, "", ""]
    desk = r.get(f"{P}:desk") or 0
    assert r.fcall("deskbell_route", 1, P, now_ms(), desk, 9 * 86_400_000, 7 * 86_400_000, 1, *fields) == b"r"
    cursor = r.get(f"{P}:event:{id}")
    return r.xrange(f"{P}:journal", cursor, cursor)[0][1][b"meta"].decode().split("\x1f")[2]

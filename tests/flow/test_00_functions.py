# SPDX-License-Identifier: Apache-2.0
"""The atomic steps against a real Redis: routing, threading, repeats, the life of a work item."""
import itertools

import pytest
import redis as redis_client

from desk import library
from steps import claim, requeue, waiting

NOW = 1_764_000_000_000
DAY = 86_400_000
P = "{p00}"
counter = itertools.count(1)


@pytest.fixture
def r(redis):
    redis.client.function_load(library(), replace=True)
    return redis.client


def event(id=None, kind="message", channel="sms", mode="sender", sender="tel:+14155550100", name="Ann", proven="",
          how="", mid="", refs="", tokens="", others="", subject="", bytes=b"event", why="", hints="", channel_kind="sms",
          rules=None):
    id = id or f"{next(counter):016d}abcdefghjk"
    rules = rules if rules is not None else [("default", "support", 5, 0, "", "")]
    fields = [id, kind, channel, mode, sender, name, proven, how, mid, refs, tokens, others, subject,
              f"{id[0:4]}-{id[4:8]}-{id[8:12]}", bytes, "1 2 3 4", why, hints, channel_kind, len(rules)]
    return fields + [f for rule in rules for f in rule]


def route(r, *events, now=NOW, desk=0, keep=9 * DAY, idle=7 * DAY):
    args = [now, desk, keep, idle, len(events)]
    for e in events:
        args += e
    return r.fcall("deskbell_route", 1, P, *args).decode()


def journal(r):
    names = ("event_id", "customer", "conversation", "work_item", "queue", "rule", "desk", "how", "evidence", "agent",
             "at", "prev", "trace", "context")
    entries = []
    for cursor, fields in r.xrange(f"{P}:journal"):
        e = dict(zip(names, fields[b"meta"].decode().split("\x1f")))
        entries.append({**e, "type": fields[b"type"].decode(), "bytes": fields[b"event"], "cursor": cursor.decode()})
    return entries


def snapshot(r):
    return {k: r.dump(k) for k in r.keys("*")}


def test_first_message_makes_customer_conversation_item_and_journal_entry(r):
    assert route(r, event(id="0" * 26)) == "r"
    (e,) = journal(r)
    assert e["customer"] == "c" + "0" * 16 and e["conversation"] == "v" + "0" * 16 and e["work_item"] == "w" + "0" * 16
    assert (e["how"], e["queue"], e["rule"]) == ("new", "support", "default")
    assert waiting(r, "support") == ["w" + "0" * 16]
    assert r.hget(f"{P}:cust:{e['customer']}", "open") == e["conversation"].encode()


def test_a_repeat_changes_nothing(r):
    batch = [event(), event(mode="mail", channel="mail", sender="email:a@b.example", mid="m1", refs="m0")]
    assert route(r, *batch) == "rr"
    before = snapshot(r)
    assert route(r, *batch, now=NOW + 1000) == "dd"
    assert route(r, batch[1], batch[0], batch[0], now=NOW + 2000) == "ddd"
    assert snapshot(r) == before


def test_same_event_twice_in_one_batch_counts_once(r):
    e = event()
    assert route(r, e, e) == "rd"
    assert len(journal(r)) == 1


def test_same_sender_continues_the_talk_and_opens_no_second_item(r):
    assert route(r, event(), event(), event(channel="other")) == "rrr"
    a, b, c = journal(r)
    assert b["conversation"] == a["conversation"] and b["work_item"] == a["work_item"] and b["how"] == "same-sender"
    assert b["prev"] == a["cursor"]
    assert c["conversation"] != a["conversation"], "another channel is another talk"
    assert len(waiting(r, "support")) == 2
    assert r.hget(f"{P}:conv:{a['conversation']}", "messages") == b"2"


def test_idle_talk_starts_anew_only_when_no_work_is_open(r):
    route(r, event(), now=NOW)
    route(r, event(), now=NOW + 8 * DAY)
    a, b = journal(r)
    assert b["conversation"] == a["conversation"], "an open work item keeps the talk together"
    r.fcall("deskbell_done", 1, P, NOW + 8 * DAY, a["work_item"], "ana", "")
    route(r, event(), now=NOW + 9 * DAY)
    route(r, event(), now=NOW + 9 * DAY + 1)
    c, d = journal(r)[-2:]
    assert c["conversation"] == a["conversation"] and c["work_item"] != a["work_item"], "reopened within the idle time"
    r.fcall("deskbell_done", 1, P, NOW + 9 * DAY + 2, c["work_item"], "ana", "")
    route(r, event(), now=NOW + 17 * DAY)
    e = journal(r)[-1]
    assert e["how"] == "new" and e["conversation"] != a["conversation"] and "idle" in e["evidence"]


def mail(**kw):
    return event(**{"mode": "mail", "channel": "mail", "sender": "email:ann@example.org", **kw})


@pytest.mark.parametrize("second, joins, how", [
    (dict(refs="m1"), True, "stored-message-id"),
    (dict(refs="other m1 more"), True, "stored-message-id"),
    (dict(refs="m1", channel="mail2"), False, "new"),                         # TH-03: same channel only
    (dict(refs="m1", sender="email:eve@evil.example"), False, "new"),         # strangers never join
    (dict(refs="m1", sender="email:cc@example.org"), True, "stored-message-id"),  # who was copied takes part
    (dict(refs="m0"), True, "stored-message-id"),                             # TH-18: root nobody sent
    (dict(), False, "new"),                                                   # TH-06: same sender alone never
    (dict(subject="Same subject"), False, "new"),                             # TH-06: same subject alone never
    (dict(tokens="TOKEN"), True, "subject-token"),                            # TH-04
    (dict(tokens="TOKEN", sender="email:eve@evil.example"), False, "new"),    # TH-04: only a participant
    (dict(tokens="TOKEN", channel="mail2"), False, "new"),
    (dict(proven="CONV", how="token", sender="email:colleague@example.net"), True, "token"),      # TH-01, TH-16
    (dict(proven="CONV", how="own-message-id"), True, "own-message-id"),      # TH-02
    (dict(proven="CONV", how="token", channel="mail2"), False, "new"),
    (dict(proven="vnotthere00000000", how="token"), False, "new"),
])
def test_threading_of_mail(r, second, joins, how):
    route(r, mail(mid="m1", refs="m0", others="email:cc@example.org", subject="Same subject"))
    (a,) = journal(r)
    i = a["event_id"]
    put = {"TOKEN": f"{i[0:4]}-{i[4:8]}-{i[8:12]}", "CONV": a["conversation"]}
    route(r, mail(mid="m2", **{k: put.get(v, v) for k, v in second.items()}))
    b = journal(r)[-1]
    assert (b["conversation"] == a["conversation"]) == joins
    assert b["how"] == how
    if "sender" in second and how == "token":
        assert "new_participant" in b["evidence"]
    if second.get("sender") == "email:eve@evil.example":
        assert "stranger" in b["evidence"] and a["conversation"] in b["evidence"]


def test_merged_conversation_leads_to_the_survivor(r):
    route(r, mail(mid="m1"), mail(mid="n1", sender="email:b@example.org"))
    a, b = journal(r)
    r.hset(f"{P}:conv:{a['conversation']}", "merged", b["conversation"])
    route(r, mail(mid="m2", proven=a["conversation"], how="token"))
    assert journal(r)[-1]["conversation"] == b["conversation"]


def test_merge_loop_ends(r):
    route(r, mail(mid="m1"))
    (a,) = journal(r)
    r.hset(f"{P}:conv:{a['conversation']}", "merged", a["conversation"])
    assert route(r, mail(mid="m2", refs="m1")) == "r"
    assert journal(r)[-1]["how"] == "new"


def import_customer(r, *keys, tags="", value="", lang="", profile="", name="", id="cimported00000000"):
    return r.fcall("deskbell_customer_import", 1, P, NOW, name, tags, value, lang, profile, id, *keys)


@pytest.mark.parametrize("customer, predicate, matches", [
    (dict(tags="|vip|"), "tag=vip", True),
    (dict(tags="|vip|"), "tag=gold|vip", True),
    (dict(tags="|vipx|"), "tag=vip", False),
    (dict(), "tag=vip", False),
    (dict(value="1000"), "value>=1000", True),
    (dict(value="999.5"), "value>=1000", False),
    (dict(value="999.5"), "value<1000", True),
    (dict(value="5"), "value=5", True),
    (dict(value=""), "value<10", False),
    (dict(lang="de"), "lang=de", True),
    (dict(lang="de-AT"), "lang=fr|de", True),
    (dict(lang="den"), "lang=de", False),
    (dict(tags="|vip|", value="10"), "tag=vip;value>5", True),
    (dict(tags="|vip|", value="1"), "tag=vip;value>5", False),
    (dict(tags="|vip|"), "nonsense", False),
    (dict(profile='{"consent":"News; sms"}'), "consent=news", True),
    (dict(profile='{"consent":"News; sms"}'), "consent=mail|sms", True),
    (dict(profile='{"consent":"newsletter"}'), "consent=news", False),
    (dict(profile='{"consent":["news","SMS"]}'), "consent=sms", True),
    (dict(profile='{"consent":{"news":true,"sms":false}}'), "consent=news", True),
    (dict(profile='{"consent":{"news":true,"sms":false}}'), "consent=sms", False),
    (dict(profile='{"consent":[1,null,["news"]]}'), "consent=news", False),
    (dict(profile='{"consent":7}'), "consent=news", False),
    (dict(profile='["news"]'), "consent=news", False),
    (dict(profile='{"consent'), "consent=news", False),
    (dict(), "consent=news", False),
    (dict(), "agent=ana", False),
    (dict(), "open>=1", False),
    (dict(), "open=0", True),
    (dict(value="5"), "open<1;value=5", True),
    (dict(value="5"), "size>1", False),
    (dict(value="5"), "value>x", False),
])
def test_rules_on_the_customer(r, customer, predicate, matches):
    import_customer(r, "tel:+14155550100", **customer)
    rules = [("special", "vip", 2, 3600000, "billing>=3", predicate), ("default", "support", 5, 0, "", "")]
    route(r, event(rules=rules))
    e = journal(r)[-1]
    assert e["queue"] == ("vip" if matches else "support")
    if matches:
        facts = r.hget(f"{P}:item:{e['work_item']}", "facts").decode().split("\x1f")
        assert facts[2:6] == ["2", str(NOW + 3600000), "billing>=3", "special"]


@pytest.mark.parametrize("last_agent, opened, predicate, matches", [
    ("ana", "", "agent=bo|ana", True), ("ana", "", "agent=bo", False), ("ana", "", "agent=an", False),
    ("", "va vb", "open>=2", True), ("", "va vb", "open>2", False), ("", "va", "open=1", True),
    ("ana", "va", "agent=ana;open<2", True), ("bo", "va", "agent=ana;open<2", False),
])
def test_rules_on_what_goes_on_with_the_customer(r, last_agent, opened, predicate, matches):
    customer = import_customer(r, "tel:+14155550100").decode()
    r.hset(f"{P}:cust:{customer}", mapping={"last_agent": last_agent, "open": opened})
    route(r, event(rules=[("special", "vip", 2, 0, "", predicate), ("default", "support", 5, 0, "", "")]))
    assert journal(r)[-1]["queue"] == ("vip" if matches else "support")


def test_context_is_attached_present_absent_unavailable(r):
    import_customer(r, "tel:+14155550100", tags="|vip|", value="7", lang="de", profile='{"plan":"gold"}', name="Ann")
    route(r, event(), event(sender="tel:+14155550101"), event(sender=""))
    contexts = [e["context"].split("\x1e") for e in journal(r)]
    assert contexts[0] == ["present", str(NOW), "|vip|", "7", "de", "", "", "Ann", '{"plan":"gold"}', f"{NOW} 0 0 0 0", ""]
    assert contexts[1][0] == "absent" and contexts[2][0] == "absent"
    assert contexts[1][9] == contexts[2][9] == "", "of who is new nothing is known"


@pytest.mark.parametrize("profile, marks", [
    ('{"consent":"News;sms, mail"}', "|mail|news|sms|"), ('{"consent":["b","a"]}', "|a|b|"),
    ('{"consent":{"news":true,"sms":false,"x":1}}', "|news|"), ('{"consent":["a|b","c\\u001e",5,"d"]}', "|d|"),
    ('{"consent":7}', ""), ("{", ""), ("", ""), ("[1]", "")])
def test_consent_is_attached_by_itself(r, profile, marks):
    """Also of a profile that is too long to be attached."""
    long = profile.replace('{"', '{"pad":"' + "x" * 3000 + '","', 1) if profile.startswith('{"') else profile
    for n, text in enumerate((profile, long)):
        customer = import_customer(r, f"tel:+1415555020{n}", profile=text, id=f"c{n:016d}").decode()
        route(r, event(sender=f"tel:+1415555020{n}"))
        assert journal(r)[-1]["context"].split("\x1e")[10] == marks
        r.hdel(f"{P}:cust:{customer}", "consent")
        route(r, event(sender=f"tel:+1415555020{n}"))
        assert journal(r)[-1]["context"].split("\x1e")[10] == marks, "imported by an older release"


def test_history_is_what_came_before(r):
    """Messages that opened work, and conversations begun; what goes on in an open one is no contact."""
    histories = lambda: [e["context"].split("\x1e")[9] for e in journal(r) if e["type"] == "event"]
    route(r, event())
    route(r, event(), now=NOW + 1000)
    assert histories() == ["", f"{NOW} 1 1 {NOW} 0"]
    first = journal(r)[0]
    r.hset(f"{P}:cust:{first['customer']}", mapping={"last_agent": "ana", "last_agent_at": NOW + 1500})
    r.fcall("deskbell_done", 1, P, NOW + 2000, first["work_item"], "", "")
    route(r, event(), now=NOW + 3000)
    route(r, event(), now=NOW + 4000)
    assert histories()[2:] == [f"{NOW} 1 1 {NOW} {NOW + 1500}", f"{NOW} 2 1 {NOW + 3000} {NOW + 1500}"]
    route(r, event(channel="other"), now=NOW + 5000)
    route(r, event(channel="other"), now=NOW + 6000)
    assert histories()[-1] == f"{NOW} 3 2 {NOW + 5000} {NOW + 1500}"
    r.hset(f"{P}:cust:{first['customer']}", "history", "many")
    route(r, mail(mid="m1", others="email:bo@example.org"), now=NOW)
    conversation = journal(r)[-1]
    r.fcall("deskbell_done", 1, P, NOW + 1000, conversation["work_item"], "", "")
    route(r, mail(mid="m2", refs="m1", sender="email:bo@example.org", name="Bo"), now=NOW + 2000)
    bo = journal(r)[-1]
    assert bo["conversation"] == conversation["conversation"] and bo["customer"] != conversation["customer"]
    assert r.hget(f"{P}:cust:{bo['customer']}", "history") == f"1 0 {NOW + 2000}".encode(), "in another's conversation"
    route(r, event(channel="third"), now=NOW + 7000)
    assert histories()[-1] == f"{NOW} 0 0 0 {NOW + 1500}", "what cannot be read is counted anew"
    assert r.hget(f"{P}:cust:{first['customer']}", "history") == f"1 1 {NOW + 7000}".encode()


def test_unreadable_context_is_marked_and_routing_goes_on(r):
    customer = import_customer(r, "tel:+14155550100", tags="|vip|").decode()
    r.delete(f"{P}:cust:{customer}")
    r.set(f"{P}:cust:{customer}", "damaged")
    assert route(r, event(), event()) == "rr"
    e = journal(r)[0]
    assert e["context"].split("\x1e")[0] == "unavailable" and e["queue"] == "support"


def test_damaged_conversation_fails_that_event_alone(r):
    route(r, event())
    (a,) = journal(r)
    r.delete(f"{P}:conv:{a['conversation']}")
    r.set(f"{P}:conv:{a['conversation']}", "damaged")
    bad, good = event(), event(sender="tel:+14155550177")
    assert route(r, bad, good) == "er"
    bad[1] = "quarantine"
    bad[16] = "route-failed"
    assert route(r, bad) == "q"
    assert r.zrange(f"{P}:quarantine", 0, -1) == [bad[0].encode()]


def test_quarantine_entry_is_visible_and_ends(r):
    e = event(kind="quarantine", why="parser-died")
    assert route(r, e) == "q" and route(r, e) == "d"
    assert r.zcard(f"{P}:quarantine") == 1
    assert journal(r)[-1]["evidence"] == "parser-died"
    assert r.fcall("deskbell_quarantine_end", 1, P, NOW, e[0], "read") == b"OK"
    assert r.fcall("deskbell_quarantine_end", 1, P, NOW, e[0], "read") == b"GONE"


def test_status_and_edit_are_facts_without_work(r):
    route(r, event())
    (a,) = journal(r)
    assert route(r, event(kind="status"), event(kind="edit"), event(kind="status", sender="tel:+999999999")) == "rrr"
    b, c, d = journal(r)[1:]
    assert b["conversation"] == a["conversation"] and b["work_item"] == "" and d["conversation"] == ""
    assert len(waiting(r, "support")) == 1


def test_opt_out_is_kept_and_ends(r):
    route(r, event(kind="opt-out"))
    assert r.exists(f"{P}:optout:sms:tel:+14155550100")
    assert journal(r)[-1]["work_item"] == "", "an opt-out is visible but asks for no work"
    route(r, event(kind="opt-in"))
    assert not r.exists(f"{P}:optout:sms:tel:+14155550100")


def test_priority_then_age(r):
    for n, priority in enumerate([5, 9, 2, 5, 2]):
        route(r, event(sender=f"tel:+1000000000{n}", rules=[("r", "q", priority, 0, "", "")]), now=NOW + n)
    order = [claim(r, NOW, "q", "ana") for _ in range(5)]
    created = [int(r.hget(f"{P}:item:{w}", "facts").decode().split("\x1f")[7]) - NOW for w in order]
    assert created == [2, 4, 0, 3, 1]
    assert claim(r, NOW, "q", "ana") is None


def test_life_of_a_work_item(r):
    route(r, event())
    item = claim(r, NOW, "support", "ana")
    assert r.hget(f"{P}:item:{item}", "agent") == b"ana" and r.zcard(f"{P}:held") == 1
    route(r, event())  # a second message while the agent works
    assert r.fcall("deskbell_done", 1, P, NOW, item, "ana", "1") == b"NEWS"
    assert requeue(r, NOW, item, "billing") == "OK"
    assert requeue(r, NOW, item, "") == "WAITS"
    assert claim(r, NOW, "billing", "bo") == item
    assert r.fcall("deskbell_done", 1, P, NOW, item, "", "2") == b"OK"
    assert r.fcall("deskbell_done", 1, P, NOW, item, "", "") == b"DONE"
    assert requeue(r, NOW, item, "") == "DONE"
    assert r.fcall("deskbell_done", 1, P, NOW, "wnone", "", "") == b"GONE"
    assert r.zcard(f"{P}:held") == 0
    kinds = [e["type"] for e in journal(r)]
    assert kinds == ["event", "claim", "event", "requeue", "claim", "done"]
    customer = journal(r)[0]["customer"]
    assert r.hget(f"{P}:cust:{customer}", "open") == b"" and r.hget(f"{P}:cust:{customer}", "last_agent") == b"bo"
    walk, seen = r.hget(f"{P}:conv:{journal(r)[0]['conversation']}", "last").decode(), []
    while walk:
        seen.append(walk)
        walk = next(e["prev"] for e in journal(r) if e["cursor"] == walk)
    assert len(seen) == 6, "the conversation's entries form one chain"


def test_import_keeps_one_customer_over_several_addresses(r):
    a = import_customer(r, "email:ann@example.org", "tel:+14155550100", name="Ann")
    assert import_customer(r, "tel:+14155550100", "id:42", id="cother", tags="|vip|") == a
    assert r.get(f"{P}:addr:id:42") == a
    import_customer(r, "email:bo@example.org", id="cbo00000000000000")
    with pytest.raises(redis_client.exceptions.ResponseError, match="CONFLICT"):
        import_customer(r, "email:bo@example.org", "email:ann@example.org")


def test_import_after_first_contact_takes_over_the_known_customer(r):
    route(r, event())
    a = journal(r)[0]["customer"]
    assert import_customer(r, "tel:+14155550100", tags="|vip|").decode() == a


def test_desk_versions(r):
    def apply(version, expected, document="queues: []", by=""):
        return [x.decode() for x in r.fcall("deskbell_desk_apply", 1, P, NOW, version, expected, document, by)]
    assert apply(1, 0) == ["OK", "1"]
    assert apply(2, 0, "queues: [{name: a}]") == ["STALE", "1"]
    assert apply(2, 0) == ["OK", "1"], "what is in force already is asked for again"
    assert apply(2, 1, "queues: [{name: a}]", "cho") == ["OK", "2"]
    with pytest.raises(redis_client.exceptions.ResponseError, match="STALE"):
        route(r, event(), desk=1)
    assert route(r, event(), desk=2) == "r"
    assert [(e["desk"], e["evidence"]) for e in journal(r) if e["type"] == "desk"] == [("1", ""), ("2", "cho")]
    assert apply(3, 2, "queues: [{name: a}]") == ["OK", "2"], "what is in force is no new version"
    for n in range(3, 12):
        assert apply(n, n - 1, f"# {n % 10}") == ["OK", str(n)]
    versions = lambda most: [[x.decode() for x in row] for row in r.fcall_ro("deskbell_desk_versions", 1, P, NOW, most)]
    assert [row[0] for row in versions(3)] == ["11", "10", "9"]
    assert versions(99)[0] == ["11", str(NOW), "3", "", "1"] and versions(99)[9] == ["2", str(NOW), "19", "cho", "0"]


def test_old_versions_are_forgotten(r):
    """1 000 are kept, or 64 MiB of them; the one in force in any case."""
    def apply(version, document):
        return r.fcall("deskbell_desk_apply", 1, P, NOW, version, version - 1, document, "cho")
    numbers = lambda: [int(row[0]) for row in r.fcall_ro("deskbell_desk_versions", 1, P, NOW, 100000)]
    for n in range(1, 1011):
        apply(n, f"# {n}")
    assert numbers() == list(range(1010, 10, -1)) and r.hlen(f"{P}:desk:by") == r.hlen(f"{P}:desk:applied") == 1000
    for n in range(1011, 1080):
        apply(n, f"# {n}" + "x" * 1024 * 1024)
    assert 60 <= len(numbers()) <= 64 and numbers()[0] == 1079
    apply(1080, "y" * 65 * 1024 * 1024)
    assert numbers() == [1080]


def test_trim_keeps_what_a_follower_has_not_read(r):
    for n in range(500):
        route(r, event(sender=f"tel:+1000{n}"))
    cursors = [e["cursor"] for e in journal(r)]
    far = int(cursors[-1].split("-")[0]) + 1000
    trim = lambda: r.fcall("deskbell_trim", 1, P, far, 10000)
    r.hset(f"{P}:followers", "archive", "0-0")
    assert trim() == 0
    r.hset(f"{P}:followers", "archive", "nonsense")
    assert trim() == 0
    r.hset(f"{P}:followers", mapping={"archive": cursors[300], "inbox": cursors[450]})
    assert trim() > 0
    left = [e["cursor"] for e in journal(r)]
    assert cursors[300] in left and left == cursors[-len(left):]
    r.delete(f"{P}:followers")
    assert trim() > 0


def test_release_answers(r):
    assert r.fcall_ro("deskbell_release", 0) == b"12"


def test_all_keys_carry_the_partition_tag(r):
    route(r, event(), mail(mid="m1", refs="m0", tokens="x"), event(kind="quarantine"), event(kind="opt-out"))
    import_customer(r, "id:1")
    assert all(k.startswith(b"{p00}:") for k in r.keys("*"))

# SPDX-License-Identifier: Apache-2.0
"""Every source repeated in parallel is one event; what differs is never lost."""
import threading
import uuid

from desk import mail, wait_for

TIMES = 5


def in_parallel(work, times=TIMES):
    results = [None] * times
    gate = threading.Barrier(times)

    def one(n):
        gate.wait()
        results[n] = work(n)
    threads = [threading.Thread(daemon=True, target=one, args=(n,)) for n in range(times)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return results


def settled(desk, total):
    """All that was taken has been settled by the router: routed and duplicates together."""
    def done():
        m = desk.metrics("router")
        return sum(v for k, v in m.items() if k.startswith("deskbell_router_events_total")) >= total
    wait_for(done, f"{total} settled events")


def test_five_times_each_source(desk):
    raw = mail("same", message_id="<same@example.org>")
    trace = lambda n: f"Received: from hop{n} by mx{n}; Tue, 24 Nov 2026 09:0{n}:00 +0000\r\n".encode()
    assert in_parallel(lambda n: desk.lmtp(trace(n) + raw)) == [{}] * TIMES
    assert {r[0] for r in in_parallel(lambda n: desk.sms("same", sid="SMsame"))} == {200}
    assert {r[0] for r in in_parallel(lambda n: desk.hook({"type": "message", "from": "+14155550111", "text": "same"},
                                                          message_id="msg_same"))} == {200}
    assert {r[0] for r in in_parallel(lambda n: desk.form_json({"email": "f@example.org", "message": "same"}, key="same"))} <= {200, 202}
    settled(desk, 3 * TIMES + 1)  # a form that comes when the same is durable already is answered and not taken again
    events = desk.events()
    assert sorted(e["data"]["channel"] for e in events) == ["contact", "hook", "mail", "sms"]


def test_reused_message_id_loses_neither(desk):
    desk.lmtp(mail("first", message_id="<again@example.org>"))
    desk.lmtp(mail("second, different", message_id="<again@example.org>"))
    desk.lmtp(mail("first", message_id="<again@example.org>"))
    settled(desk, 3)
    assert sorted(e["data"]["text"].strip() for e in desk.events()) == ["first", "second, different"]


def test_same_mail_to_two_channels_reaches_both(new_desk):
    desk = new_desk(config="""
channels:
  - {name: sales, kind: email, addresses: ["sales@example.com"]}
  - {name: help, kind: email, addresses: ["help@example.com"]}
""").up()
    raw = mail("both", message_id="<both@example.org>")
    assert desk.lmtp(raw, recipients=["sales@example.com", "help@example.com", "sales@example.com"]) == {}
    assert sorted(e["data"]["channel"] for e in desk.wait_events(2)) == ["help", "sales"]
    settled(desk, 2)
    assert len(desk.events()) == 2


def test_order_per_address_over_many_senders(desk):
    senders = [f"+1415555{n:04d}" for n in range(10)]

    def talk(n):
        for k in range(20):
            assert desk.sms(f"{k}", sender=senders[n], sid=f"SM{n}x{k}{uuid.uuid4().hex[:6]}")[0] == 200
    in_parallel(talk, times=len(senders))
    events = desk.wait_events(200)
    for sender in senders:
        assert [e["data"]["text"] for e in events if e["data"]["from"]["address"] == sender] == [str(k) for k in range(20)]

# SPDX-License-Identifier: Apache-2.0
"""Who knocks at the router without its key, or with a key and nonsense: no answer for the one, a reason for the other,
and no harm for the programs that behave."""
import os
import socket

import pytest
import zmq
from desk import Desk, wait_for
from peer import (BATCH, CONFIRM, PING, REFUSE, REPLAY, WELCOME, Peer, batch, hello, item, keys_of, number, text,
                  varint)
from wire import Survives, good_sms

# The mail program does not run, so its key is free for us.
CONFIG = """
channels:
  - {name: sms, kind: sms, provider: twilio, secret_files: ["secrets/sms.secret"]}
  - {name: mail, kind: email, addresses: ["*"], enabled: false}
"""
SHUT = (zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL, zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
        zmq.EVENT_DISCONNECTED, zmq.EVENT_CLOSED)
OPEN = zmq.EVENT_HANDSHAKE_SUCCEEDED


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("link") / "desk", CONFIG) as d:
        yield d.up()


def peer(desk, name="email", **kw):
    return Peer(desk, name, keys_of(desk, "email"), **kw)


def greet(p, channels=("mail",)):
    p.say(hello("email", channels))
    kind, f = p.hear()
    assert kind == WELCOME, f
    return f


def reason(p):
    kind, f = p.hear()
    assert kind == REFUSE, (kind, f)
    return f[1].decode()


STRANGERS = {
    "unknown key": lambda d: Peer(d, "email", zmq.curve_keypair()),
    "public key alone": lambda d: Peer(d, "email", (keys_of(d, "email")[0], zmq.curve_keypair()[1])),
    "another router's key": lambda d: Peer(d, "email", keys_of(d, "email"), server_key=zmq.curve_keypair()[0]),
    "no key": lambda d: Peer(d, "email", None),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_a_stranger_hears_nothing(desk, case):
    with Survives(desk, "router", good_sms) as s, STRANGERS[case](desk) as p:
        assert p.wait_event(OPEN, *SHUT) in SHUT
        assert not p.socket.poll(0), "not a byte of an answer"
    assert s.events == []


def test_noise_at_the_door(desk):
    path = desk.endpoints["router"].removeprefix("ipc://")
    greeting = b"\xff" + b"\0" * 8 + b"\x7f\3\0CURVE" + b"\0" * 15 + b"\0" + b"\0" * 31
    with Survives(desk, "router", good_sms) as s:
        for noise in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), greeting, greeting + os.urandom(2000),
                      greeting + b"\x04\x26\x05READY" + os.urandom(31), greeting + b"\x06" + b"\xff" * 8, b""):
            with socket.socket(socket.AF_UNIX) as c:
                c.settimeout(30)
                c.connect(path)
                try:
                    c.sendall(noise)
                    c.shutdown(socket.SHUT_WR)
                    while c.recv(4096):
                        pass
                except OSError:
                    pass
    assert s.events == []


def test_many_that_never_finish_their_handshake(desk):
    path = desk.endpoints["router"].removeprefix("ipc://")
    open_ones = [socket.socket(socket.AF_UNIX) for _ in range(100)]
    with Survives(desk, "router", good_sms) as s:
        for c in open_ones:
            c.connect(path)
    for c in open_ones:
        c.close()
    assert s.events == []


SESSION = b"s" * 16
BROKEN = {
    "empty": b"", "noise": b"\xff" * 100, "cut": hello("email", ("mail",))[:-3], "text": b"hello router",
    "empty batch": batch(), "batch of noise": text(BATCH, b"\xff\xff"),
    "65 items": batch(*[item(n + 1, b"x") for n in range(65)]),
    "empty event": batch(item(1, b"")), "large event": batch(item(1, b"x" * 65537)),
    "short id": batch(item(1, b"x", b"short")),
    "numbers fall": batch(item(2, b"x"), item(1, b"x")), "number 0": batch(item(0, b"x")),
    "a router's frame": text(WELCOME, number(1, 1) + text(2, SESSION) + number(3, 1) + number(4, 1) + text(5, "r")),
    "a confirm": text(CONFIRM, number(1, 1)), "a replay": text(REPLAY, number(1, 1)),
    "length past the end": varint(BATCH << 3 | 2) + varint(1 << 40),
    "deep": text(BATCH, text(1, text(3, text(3, b"x" * 9)))),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_frame_is_refused_and_forgiven(desk, case):
    with Survives(desk, "router", good_sms) as s, peer(desk) as p:
        greet(p)
        broken = desk.metrics("router")["deskbell_link_broken_frames_total"]
        p.say(BROKEN[case])
        assert reason(p).startswith(("hello first", "10 broken frames in a row; the last: ")), "begin anew"
        assert desk.metrics("router")["deskbell_link_broken_frames_total"] == broken + 1
        greet(p)
    assert s.events == []


def test_many_broken_frames_in_a_row(desk):
    with Survives(desk, "router", good_sms) as s, peer(desk) as p:
        greet(p)
        heard = []

        def told():
            p.say(b"\xff\xff")
            while p.socket.poll(50):
                heard.append(reason(p))
            return any("broken frames in a row" in why for why in heard)
        wait_for(told, "the reason")
        greet(p)
    assert s.events == []


HELLOS = {
    "newer version": (hello("email", version=9), "version 9"), "no version": (hello("email", version=0), "version 0"),
    "another program's name": (hello("sms"), "'sms'"), "not a name": (hello("E mail\n"), ""),
    "another program's channel": (hello("email", ("sms",)), "channel 'sms'"),
    "unknown channel": (hello("email", ("no\x1bsuch",)), "channel 'no?such'"),
    "short session": (hello("email", session=b"x"), ""), "1001 channels": (hello("email", ["mail"] * 1001), ""),
}


@pytest.mark.parametrize("case", HELLOS)
def test_hellos_that_are_refused(desk, case):
    said, wanted = HELLOS[case]
    with Survives(desk, "router", good_sms) as s, peer(desk) as p:
        greet(p)
        p.say(said)
        why = reason(p)
        assert wanted in why and why.isprintable()
        p.say(batch(item(1, b"x")))
        p.say(hello("email", ("mail",)))
        kinds = [p.hear()[0]]
        while kinds[-1] != WELCOME:
            kinds.append(p.hear()[0])
        assert set(kinds) <= {REFUSE, WELCOME}, "nothing is taken without a welcome"
    assert s.events == []


def test_a_name_that_is_not_the_keys(desk):
    with Survives(desk, "router", good_sms) as s, peer(desk, "somebody") as p:
        p.say(hello("email", ("mail",)))
        assert "another name" in reason(p)
    with Survives(desk, "router", good_sms) as t, peer(desk, "sms") as p:
        # Takes the routing id of the program sms from it for a moment; sms comes back by itself.
        p.say(hello("sms", ("sms",)))
        assert p.socket.poll(30000) and reason(p)
    assert s.events == t.events == []


def test_parts_and_sizes(desk):
    with Survives(desk, "router", good_sms) as s:
        with peer(desk) as p:
            greet(p)
            p.say(b"", hello("email", ("mail",)), b"more")
            assert reason(p)
            greet(p)
            p.say(*[b"x"] * 1000)
            assert reason(p)
        with peer(desk) as p:
            greet(p)
            p.say(b"\xff" * (500 * 1024))
            assert reason(p)
            p.say(b"\0" * (64 * 1024 * 1024))
            assert p.wait_event(*SHUT), "a frame over the limit costs the connection"
    assert s.events == []


def test_a_window_that_is_not_kept(desk):
    with Survives(desk, "router", good_sms), peer(desk) as p:
        window = greet(p)[4]
        event = text(1, b"x" * 60000)  # unreadable, and large: more bytes than the window are soon under way
        said = 0
        while said < 4 * window:
            p.say(batch(*[item(said + n + 1, event) for n in range(4)]))
            said += 4 * len(event)
            if p.socket.poll(0):
                break
        kind, f = p.hear()
        assert kind == CONFIRM or "window" in f[1].decode()


def test_events_that_are_none_go_into_quarantine(desk):
    """The bytes came from a program we trust to have kept them: they are kept here as well."""
    foreign = text(1, "y" * 26) + number(2, 1) + text(3, "sms")
    events = [b"\xff\xfe\xfd", foreign, text(1, b"\xff" * 26) + text(3, b"mail\xff"), text(3, "mail") + b"\xff"]
    with Survives(desk, "router", good_sms) as s, peer(desk) as p:
        greet(p)
        p.say(batch(*[item(n + 1, event) for n, event in enumerate(events)]))
        upto = 0
        while upto < len(events):
            kind, f = p.hear()
            assert kind == CONFIRM, f
            upto = f[1]
    assert [e["type"] for e in s.events] == ["org.deskbell.contact.quarantine.v1"] * len(events)
    entries = {i["id"]: i for i in desk.json("quarantine", "ls")}
    assert all(e["id"] in entries and entries[e["id"]]["reason"] for e in s.events)
    originals = [desk.run("event", e["id"], "--original", check=False).stdout for e in s.events]
    assert set(originals) >= {event for event in events if event != foreign}
    for e in s.events:
        assert desk.json("quarantine", "show", e["id"])["id"] == e["id"]
        assert desk.run("quarantine", "retry", e["id"], check=False).returncode == 1
        assert desk.run("quarantine", "drop", e["id"]).returncode == 0


def test_a_peer_that_never_reads(desk):
    """What is due to it is not piled up; the others go on."""
    with Survives(desk, "router", good_sms) as s, peer(desk) as p:
        greet(p)
        p.socket.setsockopt(zmq.SNDTIMEO, 2000)
        try:
            for n in range(20000):
                p.say(text(PING, number(1, n)))
        except zmq.Again:
            pass
    assert s.events == []
    wait_for(lambda: desk.metrics("router")["deskbell_link_peers"] == 1, "only sms to be left")

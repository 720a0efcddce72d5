# SPDX-License-Identifier: Apache-2.0
"""One provider is dead while nine live: what goes to the nine arrives, what goes to the dead one waits, is not lost, and arrives
once it is back. How long the nine take is measured by `tests/bench/run --only dead`."""
import contextlib
import os

import pytest
from desk import wait_for
from outbox import client, conversation, create, now_ms, out
from peer import number, text
from provider import Provider
from sink import BlackHole

LIVE, EACH = 9, 20
CHANNEL = """
  - name: {name}
    kind: sms
    provider: generic
    secret_files: [secrets/{name}.secret]
    out_url: "{url}"
    out_body: '{{"to": "{{{{to}}}}", "text": "{{{{text}}}}"}}'
    unsure: ask
"""
LONG = pytest.mark.skipif(not os.environ.get("DESKBELL_LONG"), reason="waits for the end of a request: half a minute")


class Desk10:
    def __init__(self, new_desk, urls):
        self.desk = new_desk(config="channels:\n" + "".join(CHANNEL.format(name=n, url=u) for n, u in urls.items())).up()
        self.r = client(self.desk)
        self.talk = conversation(self.r, channel="sms0")
        self.ids = {name: [] for name in urls}

    def reply(self, channel, count):
        for _ in range(count):
            n = sum(map(len, self.ids.values()))
            id, key = f"o{n:016d}", f"tel:+1415555{n:04d}"
            message = text(1, id) + number(2, 1) + text(3, channel) + text(4, self.talk) + text(6, key[4:]) + text(7, key) + \
                text(11, f"reply {n}") + number(19, now_ms())
            assert create(self.r, self.talk, channel=channel, id=id, to=key, message=message, now=now_ms())[0] == "CREATED"
            self.ids[channel].append(id)

    def states(self, channel):
        return [out(self.r, id)["state"] for id in self.ids[channel]]

    def wait_accepted(self, channel, step=None):
        def over():
            if step:
                step()
            return set(self.states(channel)) == {"accepted"}
        wait_for(over, f"all of {channel} to be accepted; they are {self.states(channel)}", step=0.2)


@pytest.fixture
def ten(new_desk):
    """Nine living providers and a tenth of the test's making."""
    with contextlib.ExitStack() as stack:
        providers = [stack.enter_context(Provider()) for _ in range(LIVE)]

        def make(last):
            urls = {f"sms{n}": p.url for n, p in enumerate(providers)}
            return Desk10(new_desk, {**urls, "dead": last})
        make.providers = providers
        yield make


def both_at_once(d):
    """To the dead one first, and between all others."""
    d.reply("dead", EACH)
    for n in range(LIVE):
        d.reply(f"sms{n}", EACH // 2)
        d.reply("dead", 2)
        d.reply(f"sms{n}", EACH // 2)
    for n in range(LIVE):
        d.wait_accepted(f"sms{n}")


@pytest.mark.parametrize("how", ["refuses", "closed door"])
def test_nine_live_and_the_tenth_comes_back(ten, how):
    with BlackHole("closed door") as hole:
        port = hole.port
        if how == "refuses":
            hole.__exit__()
        d = ten(hole.url)
        both_at_once(d)
        assert all(len(p.taken) == EACH for p in ten.providers)
        waiting = d.states("dead")
        assert set(waiting) <= {"queued", "deferred"}, "nobody knows it to be elsewhere, and none is given up"
        if how == "refuses":
            wait_for(lambda: d.desk.metrics("sms")["deskbell_outbound_destinations_down"] == 1, "it to be called down")
            assert d.states("dead").count("deferred") <= 9, "it is asked now and then, not by all that wait"
    with Provider(port=port) as back:
        d.wait_accepted("dead", lambda: d.desk.run("outbox", "flush", "dead"))
        assert sorted(r["body"] for r in back.taken) == sorted(set(r["body"] for r in back.taken)), "each once"
        assert len(back.taken) == len(d.ids["dead"])


@LONG
def test_one_that_takes_and_never_says_a_word(ten):
    """Each may be there or not; so no more are sent than it takes to see that it is dead."""
    with BlackHole("silent") as hole:
        d = ten(hole.url)
        both_at_once(d)
        wait_for(lambda: "unsure" in d.states("dead"), "the first to be given up", patience=90)
        wait_for(lambda: d.desk.metrics("sms")["deskbell_outbound_destinations_down"] == 1, "it to be called down")
        wait_for(lambda: d.desk.metrics("sms")["deskbell_outbound_under_way"] <= 1, "the others of that moment")
        assert d.states("dead").count("unsure") <= 9

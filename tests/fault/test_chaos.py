# SPDX-License-Identifier: Apache-2.0
"""Nothing answered with success is ever lost or doubled, whatever dies: kill -9 of a random program every second,
outages of router and Redis, a full disk."""
import os
import random
import signal
import subprocess
import threading

import pytest

from crowd import Crowd
from desk import wait_for

LONG = bool(os.environ.get("DESKBELL_LONG"))
CONFIG = """
webform: {health: "127.0.0.1:0"}
spool: {size: 64MiB}
outbound: {size: 1MiB}
channels:
  - {name: mail, kind: email, addresses: ["*"]}
  - {name: sms, kind: sms, provider: twilio, secret_files: [secrets/sms.secret]}
  - {name: hook, kind: webhook, provider: generic, secret_files: [secrets/hook.secret]}
  - {name: contact, kind: form, rate: 100000}
"""
PROGRAMS = ("redis", "router", "email", "sms", "webform")


def all_arrived(desk, crowd, patience=120):
    promised = set(crowd.promised())

    def done():
        try:
            have = {e["data"]["text"].strip() for e in desk.events()}
        except AssertionError:  # Redis is just coming back
            return None
        return promised <= have
    wait_for(done, f"{len(promised)} promised messages in the journal", patience, step=0.5)


def finish(desk, crowd, patience=240):
    wait_for(lambda: not crowd.running(), "the crowd to finish", patience, step=0.1)
    all_arrived(desk, crowd)
    crowd.check(desk.events())


def test_kill_a_random_program_every_second(new_desk):
    desk = new_desk(config=CONFIG).up()
    seed = int(os.environ.get("DESKBELL_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    dice = random.Random(seed)
    crowd = Crowd(desk, 20_000).start()
    kills = []
    while crowd.running():
        threading.Event().wait(1)
        victim = dice.choice(PROGRAMS)
        if desk.kill(victim):
            kills.append(victim)
        assert desk.process.poll() is None, "deskbell up itself must live"
        assert len(kills) < 240, f"no end in sight: {crowd.sent} sent"
    assert len(kills) >= 3
    finish(desk, crowd)
    print(f"{crowd.sent} sent, {sum(s.tries for s in crowd.senders)} tries, kills: {kills}")


@pytest.mark.parametrize("program", ["router", "redis"])
def test_outage_of(new_desk, program):
    """While it is down (stopped, as a hung one is), channels go on accepting; afterwards everything drains in order."""
    desk = new_desk(config=CONFIG).up()
    crowd = Crowd(desk, 4_000, may_give_up=False).start()
    wait_for(lambda: crowd.sent > 200, "some traffic")
    assert desk.kill(program, signal.SIGSTOP)
    at = crowd.sent
    threading.Event().wait(60 if LONG else 8)
    assert crowd.sent > at + 100 or not crowd.running(), "channels must accept while the router or Redis is down"
    desk.kill(program, signal.SIGCONT)
    finish(desk, crowd)


def test_all_of_it_killed_at_once_and_started_again(new_desk):
    desk = new_desk(config=CONFIG).up()
    crowd = Crowd(desk, 100_000, may_give_up=False).start()
    wait_for(lambda: crowd.sent > 500, "some traffic")
    for program in PROGRAMS:
        desk.kill(program)
    desk.kill_up()
    crowd.stop()
    desk.up()
    all_arrived(desk, crowd)
    times = {}
    for e in desk.events():
        times[e["data"]["text"].strip()] = times.get(e["data"]["text"].strip(), 0) + 1
    assert max(times.values()) == 1 and set(crowd.promised()) <= set(times)


@pytest.fixture
def small_disks(new_desk):
    """A desk whose spools and blobs lie on a small disk each; Redis does not."""
    desk = new_desk(config=CONFIG.replace("spool: {size: 64MiB}", "spool: {size: 4MiB, blob_reserve: 2MiB}"))
    mounts = [desk.dir / program for program in ("email", "sms", "webform")]
    for mount in mounts:
        mount.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs", str(mount)], check=True)
    desk.dir.chmod(0o700)
    yield desk, mounts
    if desk.process:
        desk.stop()
    for mount in mounts:
        subprocess.run(["umount", "-l", str(mount)], check=False)


def stalled(crowd):
    seen = []

    def still():
        seen.append(crowd.sent)
        return len(seen) > 30 and seen[-1] == seen[-30]
    return still


def go_on_and_stop(desk, crowd):
    at = crowd.sent
    wait_for(lambda: crowd.sent > at + 100, "intake to go on")
    crowd.stop()
    all_arrived(desk, crowd)
    crowd.check(desk.events())


def test_full_disk_defers_and_drains(small_disks):
    desk, mounts = small_disks
    desk.up()
    crowd = Crowd(desk, 1_000_000, may_give_up=False).start()
    wait_for(lambda: crowd.sent > 200, "some traffic")
    for mount in mounts:
        with open(mount / "filler", "wb", buffering=0) as filler:  # closing it must not write what did not fit
            try:
                while True:
                    filler.write(b"x" * 65536)
            except OSError:
                pass
    wait_for(stalled(crowd), "every source to be deferred", 120, step=0.1)
    tries = sum(s.tries for s in crowd.senders)
    wait_for(lambda: sum(s.tries for s in crowd.senders) > tries + 20, "sources to try again")
    assert set(desk.pids()) >= set(PROGRAMS)
    for mount in mounts:
        (mount / "filler").unlink()
    go_on_and_stop(desk, crowd)


def test_full_spool_defers_and_drains(small_disks):
    """The router hangs until the spools are full."""
    desk, _ = small_disks
    desk.up()
    crowd = Crowd(desk, 1_000_000, kinds=("sms", "mail"), may_give_up=False).start()
    wait_for(lambda: crowd.sent > 200, "some traffic")
    desk.kill("router", signal.SIGSTOP)
    wait_for(stalled(crowd), "every source to be deferred", 300, step=0.1)
    desk.kill("router", signal.SIGCONT)
    go_on_and_stop(desk, crowd)

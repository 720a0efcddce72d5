# SPDX-License-Identifier: Apache-2.0
"""What a machine lacks for a while – a Redis that says nothing, a disk, descriptors – is made up for without anybody's hand."""
import socket
import threading

import pytest
from desk import PrivateRedis, descriptors, wait_for

CONFIG = """
channels:
  - {name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], secret_files: [secrets/sms.secret]}
"""


class Silent:
    """A TCP address before a Redis, as a load balancer: while `silent` it takes connections and says nothing, and those it took
    then stay so."""

    def __init__(self, target):
        self.target, self.silent, self.held, self.passed = str(target), False, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s = self.listener.accept()[0]
            except OSError:
                return
            if self.silent:
                self.held.append(s)
                continue
            other = socket.socket(socket.AF_UNIX)
            other.connect(self.target)
            self.passed += [s, other]
            for a, b in ((s, other), (other, s)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        self.end([a, b])

    def end(self, sockets):
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        passed, self.passed = self.passed, []
        self.end(passed)

    def close(self):
        self.end([self.listener])
        self.cut()
        for s in self.held + [self.listener]:
            s.close()


@pytest.fixture
def before_redis(tmp_path):
    with PrivateRedis(tmp_path / "redis") as redis:
        silent = Silent(redis.socket)
        yield silent
        silent.close()


def healthy(desk, *programs):
    return all(desk.health(p)[0] == 200 for p in programs)


def write(desk, n):
    assert desk.sms("Hello", sid=f"SM{n:032d}")[0] == 200


def test_a_redis_that_takes_connections_and_says_nothing(new_desk, before_redis):
    desk = new_desk(config=CONFIG + f"redis: {{url: '{before_redis.url}'}}\nrouter: {{redis_deadline: 1s}}\n").up()
    write(desk, 1)
    desk.wait_events(1)
    before_redis.silent = True
    before_redis.cut()
    wait_for(lambda: len(before_redis.held) >= 4, "all programs to be held")
    before_redis.silent = False  # what is held stays held
    write(desk, 2)
    wait_for(lambda: healthy(desk, "router", "dispatch", "inbox", "acknowledge"), "all of them to have given it up")
    desk.wait_events(2)


def test_health_says_that_redis_was_never_reached(new_desk, before_redis):
    before_redis.silent = True
    desk = new_desk(config=CONFIG + f"redis: {{url: '{before_redis.url}'}}\nrouter: {{redis_deadline: 1s}}\n").up()
    programs = ("router", "dispatch", "inbox", "acknowledge")
    wait_for(lambda: not any(healthy(desk, p) for p in programs), "all of them to say so")
    before_redis.silent = False
    wait_for(lambda: healthy(desk, *programs), "all of them to be well")


def test_a_program_that_could_not_be_started_for_a_while_keeps_its_addresses(new_desk):
    desk = new_desk(config=CONFIG).up()
    before, up = dict(desk.endpoints), desk.process.pid
    with descriptors(up, 5):
        assert desk.kill("sms")
        wait_for(lambda: desk.log_text().count("status=EMFILE") >= 5, "five starts that failed")

    def answers():
        try:
            return desk.sms("Hello", sid=f"SM{7:032d}")[0] == 200
        except OSError:
            return False
    wait_for(answers, "it to be there again, where it was")
    desk._endpoints = None
    assert desk.endpoints == before


def test_where_programs_are_is_written_again(new_desk):
    desk = new_desk(config=CONFIG).up()
    beside = desk.dir / f"pids.json.{desk.process.pid}.new"

    def in_its_way():
        try:
            beside.mkdir()
            return True
        except FileExistsError:
            return False  # it is being written just now
    wait_for(in_its_way, "a folder to be where the file is written")
    before = desk.kill("sms")
    wait_for(lambda: "file_not_written" in desk.log_text(), "the file not to be written")
    wait_for(lambda: "event=restarted program=sms" in desk.log_text(), "sms to be there again")
    assert desk.pids()["sms"] == before
    beside.rmdir()
    wait_for(lambda: desk.pids()["sms"] != before and desk.is_there("sms"), "the file to say the new one")
    assert desk.log_text().count("file_not_written") == 1

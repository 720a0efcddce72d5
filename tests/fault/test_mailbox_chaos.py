# SPDX-License-Identifier: Apache-2.0
"""Ten thousand mails in three mailboxes that somebody else works in too, while the reader is killed, the server restarts
and is away for long, and a mailbox is renumbered: every mail becomes one event.

What another client may do is bounded so that the end is decidable: it moves mails between the folders that are read as it
likes, but expunges, or moves elsewhere, only what was marked as taken."""
import collections
import imaplib
import os
import random
import re
import signal
import threading

from desk import mail, wait_for
from dovecot import Dovecot
from mailboxes import adds_up, box, config, standing

LONG = bool(os.environ.get("DESKBELL_LONG"))
MAILS = int(os.environ.get("DESKBELL_MAILBOX_MAILS", "10000"))
USERS = ("ann", "bob", "cyn")
FOLDERS = ("INBOX", "Sales")
TAKEN = "$DeskbellTaken"
BROKEN = (imaplib.IMAP4.error, imaplib.IMAP4.abort, OSError, EOFError, AssertionError)


class OtherClient(threading.Thread):
    """A person with a mail program, and not a patient one."""

    def __init__(self, dovecot, seed):
        super().__init__(daemon=True)
        self.dovecot, self.dice = dovecot, random.Random(seed)
        self.stopped = threading.Event()
        self.did = collections.Counter()

    def run(self):
        while not self.stopped.is_set():
            try:
                self.session(self.dice.choice(USERS), self.dice.choice(FOLDERS))
            except BROKEN:
                self.did["lost its connection"] += 1
                self.stopped.wait(0.2)

    def session(self, user, folder):
        client = self.dovecot.client(user, folder)
        client.sock.settimeout(10)
        try:
            for _ in range(self.dice.randrange(1, 6)):
                if self.stopped.is_set():
                    return
                self.work(client, folder)
                self.stopped.wait(0.02)
        finally:
            client.logout()

    def some(self, client, criterion, most):
        ok, found = client.uid("SEARCH", criterion)
        uids = found[0].split() if ok == "OK" and found[0] else []
        return b",".join(self.dice.sample(uids, min(len(uids), self.dice.randrange(1, most)))).decode()

    def work(self, client, folder):
        what = self.dice.choice(("read", "flag", "move", "move", "expunge", "file"))
        uids = self.some(client, f"KEYWORD {TAKEN}" if what in ("expunge", "file") else "ALL", 30)
        if not uids:
            return
        if what == "read":
            client.uid("FETCH", uids, "(BODY[])")
        elif what == "flag":
            client.uid("STORE", uids, "+FLAGS", "(\\Flagged \\Seen)")
        elif what == "move":
            client.uid("MOVE", uids, FOLDERS[folder == FOLDERS[0]])
        elif what == "file":
            client.uid("MOVE", uids, "Else")
        else:
            client.uid("STORE", uids, "+FLAGS.SILENT", "(\\Deleted)")
            client.uid("EXPUNGE", uids)
        self.did[what] += 1

    def stop(self):
        self.stopped.set()
        self.join(30)


class Sender:
    """Numbers its mails and knows what it sent."""

    def __init__(self, dovecot, dice):
        self.dovecot, self.dice = dovecot, dice
        self.sent = 0

    def send(self, count):
        for _ in range(count):
            n = self.sent
            text = f"mail {n:06d}\r\n" + "w" * self.dice.randrange(2000)
            raw = mail(text, sender=f"customer{n % 500}@example.org", message_id=f"<chaos.{n}@example.org>", subject=f"S{n}")
            if n % 100 == 0:  # the same, told apart by its words alone: a reused Message-ID
                raw = mail(text, sender="same@example.org", message_id="<same@example.org>", subject="same")
            self.dovecot.drop(USERS[n % 3], raw, FOLDERS[n % 7 == 0])
            self.sent += 1


class Watch(threading.Thread):
    """Looks at the reconciliation all the time."""

    def __init__(self, desk):
        super().__init__(daemon=True)
        self.desk = desk
        self.stopped = threading.Event()
        self.seen_missing, self.seen_down, self.looks = 0, 0, 0

    def run(self):
        while not self.stopped.wait(1):
            rows = standing(self.desk)
            self.looks += 1
            self.seen_missing = max(self.seen_missing, sum(r["missing"] for r in rows))
            self.seen_down = max(self.seen_down, sum(r["state"] == "down" for r in rows))

    def stop(self):
        self.stopped.set()
        self.join(30)


def numbers(desk):
    return collections.Counter(int(m.group(1)) for e in desk.events()
                               for m in [re.match(r"mail (\d{6})", e["data"]["text"])] if m)


def taken(desk):
    return sum(r["stored"] + r["repeats"] for r in standing(desk))


def kill_now_and_then(desk, dice, times, rate, seconds):
    """SIGKILL, when it has done something since the last time; `deskbell up` starts it again."""
    kills = 0
    for _ in range(times):
        threading.Event().wait(dice.uniform(*seconds))
        kills += desk.kill("email") is not None
        assert desk.process.poll() is None
    return kills


def test_every_mail_once(new_desk, tmp_path):
    seed = int(os.environ.get("DESKBELL_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    dice = random.Random(seed)
    with Dovecot() as dovecot:
        sender = Sender(dovecot, dice)
        sender.send(MAILS // 10)
        boxes = [box(dovecot, user, tmp_path, folders=list(FOLDERS), after="keyword", reconcile="2s") for user in USERS]
        desk = new_desk(config=config(boxes, spool={"size": "1MiB"})).up()
        watch, other = Watch(desk), OtherClient(dovecot, seed)
        watch.start()
        other.start()
        kills = 0
        for _ in range(4):  # mail comes, the reader is killed
            sender.send(MAILS // 20)
            kills += kill_now_and_then(desk, dice, 8 if LONG else 2, 1, (0.3, 2.5))
        dovecot.kill()  # the server crashes
        dovecot.start()
        kills += kill_now_and_then(desk, dice, 4 if LONG else 1, 1, (0.3, 1.5))
        dovecot.stop()  # and is away for two days; whose clock, does not matter to anybody
        sender.send(MAILS - sender.sent - MAILS // 10)
        dovecot.renumber("bob", "INBOX")
        dovecot.renumber("bob", "Sales")
        kills += kill_now_and_then(desk, dice, 1, 1, (0.1, 0.5))
        desk.kill("router", signal.SIGSTOP)  # so that the spool is full before all that came meanwhile is read
        dovecot.start()
        sender.send(MAILS - sender.sent)
        wait_for(lambda: watch.seen_missing > MAILS // 20, "the gap to be seen", 120)
        desk.kill("router", signal.SIGCONT)
        kills += kill_now_and_then(desk, dice, 8 if LONG else 2, 1, (0.5, 3))
        wait_for(lambda: len(numbers(desk)) >= MAILS * 95 // 100, "most of the mails", 600, step=1)
        other.stop()
        kills += kill_now_and_then(desk, dice, 1, 1, (0.1, 0.2))

        def quiet():
            return adds_up(standing(desk)) and len(numbers(desk)) >= MAILS
        try:
            wait_for(quiet, f"{MAILS} mails", 300, step=1)
        except AssertionError as e:
            found = numbers(desk)
            lost = [n for n in range(MAILS) if n not in found]
            raise AssertionError(f"{e}: {len(lost)} lost, first {lost[:5]}; {standing(desk)}") from None
        watch.stop()
        found = numbers(desk)
        assert [n for n, times in found.items() if times != 1] == [] and sorted(found) == list(range(MAILS))
        assert adds_up(standing(desk))
        assert "event=mailbox_renumbered" in desk.log_text()
        print(f"{kills} kills, {watch.looks} looks, most missing {watch.seen_missing}, down {watch.seen_down}; "
              f"the other client: {dict(other.did)}")

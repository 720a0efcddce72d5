# SPDX-License-Identifier: Apache-2.0
"""Mailboxes of a real Dovecot: what is in them becomes events, once, and what is done with them afterwards."""
import json
import pathlib
import re

import pytest

from desk import Desk, mail, wait_for
from dovecot import Dovecot
from mailboxes import MAIL, TokenServer, box, config, standing, wait_standing

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "mail"
NO_IDLE = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE UIDPLUS"


@pytest.fixture
def dovecot():
    with Dovecot() as d:
        yield d


def texts(desk):
    return sorted(e["data"]["text"].strip() for e in desk.events())


def wait_texts(desk, wanted):
    def there():
        found = texts(desk)
        return found == sorted(wanted)
    wait_for(there, f"events {sorted(wanted)[:5]}…")


# ---- what comes

@pytest.mark.parametrize("capability", ["", NO_IDLE], ids=["idle", "polling"])
def test_what_is_there_and_what_comes(new_desk, tmp_path, capability):
    with Dovecot(capability=capability) as dovecot:
        for n in range(7):
            dovecot.drop("ann", mail(f"there {n}"))
        desk = new_desk(config=config([box(dovecot, "ann", tmp_path)])).up()
        wait_texts(desk, [f"there {n}" for n in range(7)])
        dovecot.drop("ann", mail("comes"))
        dovecot.deliver(mail("comes too"), ["ann@example.com"])
        wait_texts(desk, [f"there {n}" for n in range(7)] + ["comes", "comes too"])
        event = next(e["data"] for e in desk.events() if e["data"]["text"].strip() == "comes too")
        assert event["signature"] == "imap" and event["envelope_from"] == "ann@example.org"
        assert event["place"]["mailbox"] == "ann" and event["place"]["folder"] == "INBOX"
        assert event["place"]["uid"] in (8, 9)
        wait_standing(desk, server=9, stored=9)
        assert not any("\\Seen" in f for f in dovecot.flags("ann").values())  # TR-42
        for e in desk.events():
            original = desk.run("event", e["id"], "--original").stdout
            assert e["data"]["text"].strip().encode() in original


def test_null_path_and_none(new_desk, tmp_path, dovecot):
    dovecot.deliver(mail("from nobody"), ["ann@example.com"], sender="")
    dovecot.drop("ann", mail("no path"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path)])).up()
    wait_texts(desk, ["from nobody", "no path"])
    paths = {e["data"]["text"].strip(): e["data"].get("envelope_from", "") for e in desk.events()}
    assert paths == {"from nobody": "<>", "no path": ""}


@pytest.mark.parametrize("first_run, since, wanted", [("all", None, ["new", "old"]), ("now", None, []),
                                                      ("since", "2026-01-01", ["new"])])
def test_first_run(new_desk, tmp_path, dovecot, first_run, since, wanted):
    with dovecot.client("ann") as client:
        for day, text in (("05-Mar-2019", "old"), ("20-Nov-2026", "new")):
            client.append("INBOX", None, f'"{day} 12:00:00 +0000"', mail(text))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, first_run=first_run, first_since=since)])).up()
    wait_standing(desk, server=2, skipped=2 - len(wanted))
    dovecot.stop()  # an outage right after the first contact
    dovecot.drop("ann", mail("meanwhile"))
    dovecot.start()
    wait_texts(desk, wanted + ["meanwhile"])
    desk.stop()
    dovecot.stop()
    dovecot.renumber("ann")  # what was left out is still known
    dovecot.drop("ann", mail("later"))
    dovecot.start()
    desk.up()
    wait_texts(desk, wanted + ["meanwhile", "later"])
    wait_standing(desk, server=4, skipped=2 - len(wanted))


def test_folders(new_desk, tmp_path, dovecot):
    folders = ["INBOX", "Sales", "Büro/Süd & Nord"]
    with dovecot.client("ann", None) as client:
        client.create('"B&APw-ro/S&APw-d &- Nord"')
        client.append('"B&APw-ro/S&APw-d &- Nord"', None, None, mail("south"))
    dovecot.drop("ann", mail("in"))
    dovecot.drop("ann", mail("sold"), "Sales")
    dovecot.drop("ann", mail("not read"), "Else")
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, folders=folders)])).up()
    wait_texts(desk, ["in", "sold", "south"])
    assert {e["data"]["place"]["folder"] for e in desk.events()} == set(folders)
    assert [r["folder"] for r in wait_standing(desk, server=3)] == folders


def test_no_such_folder(new_desk, tmp_path, dovecot):
    dovecot.drop("ann", mail("in"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, folders=["INBOX", "Nowhere"])])).up()
    wait_texts(desk, ["in"])
    wait_for(lambda: "refuses to open the folder" in standing(desk)[1]["why"], "the reason")
    dovecot.make("ann", "Nowhere")  # somebody makes it
    dovecot.drop("ann", mail("made"), "Nowhere")
    wait_texts(desk, ["in", "made"])


# ---- what is done with it

@pytest.mark.parametrize("layout", ["maildir", "sdbox"])
@pytest.mark.parametrize("after, more, mark", [("keyword", {}, "$DeskbellTaken"), ("seen", {}, "\\Seen"),
                                               ("keyword", {"after_keyword": "$Kept"}, "$Kept")])
def test_after(new_desk, tmp_path, layout, after, more, mark):
    with Dovecot(layout) as dovecot:
        for n in range(30):
            dovecot.deliver(mail(f"mail {n}"), ["ann@example.com"])
        desk = new_desk(config=config([box(dovecot, "ann", tmp_path, after=after, **more)])).up()
        wait_standing(desk, server=30, stored=30)
        wait_for(lambda: all(mark in f for f in dovecot.flags("ann").values()), f"{mark} on all")


@pytest.mark.parametrize("capability", ["", NO_IDLE], ids=["move", "copy"])
def test_after_move(new_desk, tmp_path, capability):
    with Dovecot(capability=capability) as dovecot:
        for n in range(30):
            dovecot.drop("ann", mail(f"mail {n}"))
        large = mail("x" * 3000)
        dovecot.drop("ann", large)
        desk = new_desk(config=config([box(dovecot, "ann", tmp_path, after="move", after_folder="Filed/2026")],
                                      email={"max_size": "2KiB"})).up()
        wait_for(lambda: len(desk.events()) == 31, "31 events")
        # Only what is too large stays: the event says that it is here.
        wait_for(lambda: len(dovecot.flags("ann")) == 1, "an empty inbox")
        wait_standing(desk, server=1, oversize=1)
        assert len(dovecot.flags("ann", "Filed/2026")) == 30


# ---- limits

def test_too_large(new_desk, tmp_path, dovecot):
    dovecot.drop("ann", mail("small"))
    dovecot.drop("ann", mail("y" * 100_000, subject="A film"))
    dovecot.drop("ann", mail("small too"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path)], email={"max_size": "64KiB"})).up()
    wait_standing(desk, server=3, stored=2, oversize=1)
    event = wait_for(lambda: next((e["data"] for e in desk.events() if e["data"]["subject"] == "A film"), None), "it")
    assert "too large" in event["text"] and "UID 2" in event["text"] and event["warnings"] == ["oversize"]
    assert event["from"]["address"] == "ann@example.org"


def test_streamed(new_desk, tmp_path, dovecot):
    """A mail of megabytes, through a file."""
    text = "\r\n".join(f"line {n} " + "z" * 60 for n in range(60_000))
    dovecot.drop("ann", mail(text, subject="long"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path)])).up()
    event = desk.wait_events(1)[0]
    assert event["data"]["text_blob"]["size"] > 4_000_000
    wait_standing(desk, server=1, stored=1)


# ---- who may

def health(desk):
    return json.loads(desk.health("email")[1])


def test_wrong_password(new_desk, tmp_path, dovecot):
    wrong = tmp_path / "wrong"
    wrong.write_text("guess")
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, password_file=str(wrong), alarm_after="1s")])).up()
    row = wait_for(lambda: next((r for r in standing(desk) if r["state"] == "down" and "refuses" in r["why"]), None),
                   "a refusal", step=0.2)
    assert "guess" not in row["why"] and "guess" not in desk.log_text()
    assert "event=mailbox_needs_you" in desk.log_text()
    wait_for(lambda: any("mailbox: ann INBOX not read" in r for r in health(desk).get("reasons", [])), "/health")
    check = desk.run("check", check=False)
    assert check.returncode == 1 and re.search(rb"FAILED +mailbox ann INBOX", check.stdout)


def test_tls(new_desk, tmp_path):
    """Not believed without a reason; the reason may be an authority or a fingerprint, by TLS and by STARTTLS."""
    with Dovecot(tls=True, plaintext=False) as dovecot:
        dovecot.drop("ann", mail("secret"))
        ways = {"bad": {}, "ca": {"tls_ca_file": str(dovecot.cert)}, "pin": {"tls_pin": "sha256:" + dovecot.fingerprint()},
                "wrong-pin": {"tls_pin": "sha256:" + "00" * 32},
                "starttls": {"tls": "starttls", "port": dovecot.imap, "tls_ca_file": str(dovecot.cert), "host": "localhost"},
                "none": {"tls": "none", "port": dovecot.imap}}
        boxes = [box(dovecot, f"user{n}", tmp_path, name=name, **{"tls": "implicit", "port": dovecot.imaps, **way})
                 for n, (name, way) in enumerate(ways.items())]
        for n, name in enumerate(ways):
            dovecot.drop(f"user{n}", mail(f"for {name}"))
        desk = new_desk(config=config(boxes)).up()
        believed = ["for ca", "for none", "for pin", "for starttls"]  # without TLS only because it is this machine
        wait_texts(desk, believed)

        def all_said():
            rows = {r["mailbox"]: r for r in standing(desk)}
            return all(rows[n]["state"] == "down" and rows[n]["why"] != "not connected yet"
                       for n in ("bad", "wrong-pin")) and rows
        rows = wait_for(all_said, "refusals", step=0.2)
        assert "certificate" in rows["bad"]["why"] and dovecot.fingerprint() in rows["bad"]["why"].replace(":", "").lower()
        assert "certificate" in rows["wrong-pin"]["why"]
        assert texts(desk) == believed


@pytest.mark.parametrize("auth", ["xoauth2", "oauthbearer"])
@pytest.mark.parametrize("grant", ["refresh_token", "client_credentials"])
def test_tokens(new_desk, tmp_path, auth, grant):
    """As the large providers want it: a token instead of a password, renewed when it is refused."""
    (tmp_path / "refresh").write_text("refresh me")
    (tmp_path / "client").write_text("client secret")
    files = {"oauth_client_secret_file": str(tmp_path / "client")}
    if grant == "refresh_token":
        files["oauth_refresh_token_file"] = str(tmp_path / "refresh")
    with TokenServer("ann") as tokens, Dovecot(introspection=tokens.url + "/introspect") as dovecot:
        dovecot.drop("ann", mail("by token"))
        desk = new_desk(config=config([box(dovecot, "ann", tmp_path, auth=auth, password_file=None,
                                           oauth_token_url=tokens.url + "/token", oauth_client_id="desk",
                                           oauth_scope="mail", **files)])).up()
        wait_texts(desk, ["by token"])
        assert tokens.asked[0]["grant_type"] == grant and tokens.asked[0]["scope"] == "mail"
        tokens.revoked.add("token-0")
        dovecot.restart()
        dovecot.drop("ann", mail("by another"))
        wait_texts(desk, ["by token", "by another"])
        assert "token-0" not in desk.log_text() and "client secret" not in desk.log_text()


# ---- whose is it

def test_two_mailboxes_two_channels(new_desk, tmp_path, dovecot):
    channels = MAIL + [{"name": "sales", "kind": "email", "addresses": ["sales@example.com"]}]
    dovecot.drop("ann", mail("for support"))
    dovecot.drop("bob", mail("for sales"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path), box(dovecot, "bob", tmp_path, channel="sales")],
                                  channels)).up()
    wait_texts(desk, ["for sales", "for support"])
    assert {e["data"]["text"].strip(): e["data"]["channel"] for e in desk.events()} == {"for support": "mail",
                                                                                       "for sales": "sales"}
    assert [r["server"] for r in wait_standing(desk, server=2)] == [1, 1]
    assert desk.metrics("email")['deskbell_mailbox_stored_mails{mailbox="bob"}'] == 1


def test_recipient_chooses_the_channel(new_desk, tmp_path, dovecot):
    channels = MAIL + [{"name": "sales", "kind": "email", "addresses": ["sales@example.com"]},
                       {"name": "rest", "kind": "email", "addresses": ["*"]}]
    for recipient in ("sales+tok.en@example.com", "support@example.com", "other@example.com"):
        dovecot.drop("ann", b"Delivered-To: %s\r\n" % recipient.encode() + mail(f"to {recipient}"))
    dovecot.drop("ann", mail("to nobody in particular"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, recipient_fields=["Delivered-To"])], channels)).up()
    wait_for(lambda: len(desk.events()) == 4, "4 events")
    found = {e["data"]["text"].strip(): e["data"] for e in desk.events()}
    assert {t: e["channel"] for t, e in found.items()} == {
        "to sales+tok.en@example.com": "sales", "to support@example.com": "mail", "to other@example.com": "mail",
        "to nobody in particular": "mail"}


# ---- the same as by LMTP

def crlf(raw):
    return re.sub(rb"\r\n|\r|\n", b"\r\n", raw)


def without_transport(data):
    """Nor the moments at which each of the two came."""
    history = {k: v for k, v in data.get("context", {}).get("history", {}).items() if not isinstance(v, str)}
    return {**{k: v for k, v in data.items() if k not in ("received_at", "place", "signature", "original", "routed_at")},
            "context": {**data.get("context", {}), "history": history}}


def comparable():
    """What both transports carry unchanged: Dovecot shows a NUL as another byte, a field put on top is all of the header
    where there is none of one's own, a lone CR does not survive a file of lines, and a Return-Path in the mail is the topmost
    only over LMTP."""
    for path in sorted(DATA.glob("*.eml")):
        raw = path.read_bytes()
        if b"\0" not in raw and re.match(rb"[!-9;-~]+[ \t]*:", raw) and not re.search(rb"\r(?!\n)", raw) \
                and not re.search(rb"(?im)^return-path:", raw):
            yield path.stem, crlf(raw)


def test_equal_to_lmtp(tmp_path, dovecot):
    """The library of mails, by LMTP into one desk and from a mailbox into another: the same events, ids included."""
    mails = dict(comparable())
    assert len(mails) > 50
    lane = {"lanes": 1}  # else nobody says which of two senders is routed first, and some name the same Message-ID
    with Desk(tmp_path / "a", config([], MAIL, router=lane)) as by_lmtp, \
            Desk(tmp_path / "b", config([box(dovecot, "ann", tmp_path)], MAIL, router=lane)) as by_imap:
        by_lmtp.up()
        for raw in mails.values():
            raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
            assert by_lmtp.lmtp(raw) == {}
            dovecot.drop("ann", b"Return-Path: <ann@example.org>\r\n" + raw)
        by_imap.up()  # not before: a server that looks while files appear may number a later one first
        wait_standing(by_imap, server=len(mails))

        def all_events(desk):
            return {e["id"]: e["data"] for e in desk.events(types=None) if e["type"] != "org.deskbell.work_item.v1"
                    and "kind" in e.get("data", {})}
        wait_for(lambda: len(all_events(by_lmtp)) == len(all_events(by_imap)) >= len(mails) - 3, "all events", step=0.3)
        one, other = all_events(by_lmtp), all_events(by_imap)
        assert set(one) == set(other)
        for event_id in one:
            assert without_transport(one[event_id]) == without_transport(other[event_id])
            assert other[event_id]["signature"] == "imap" and one[event_id]["signature"] == "lmtp"


# ---- again, and from the start

def test_rescan_and_reconcile(new_desk, tmp_path, dovecot):
    for n in range(40):
        dovecot.drop("ann", mail(f"mail {n}"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, after="keyword")])).up()
    wait_standing(desk, server=40, stored=40)
    assert b"read again" in desk.run("mailbox", "rescan", "ann").stdout
    wait_for(lambda: "event=mailbox_rescan" in desk.log_text(), "the rescan")
    wait_standing(desk, server=40, stored=40)
    done = desk.run("mailbox", "reconcile")
    assert b"server 40, stored 40, quarantined 0, skipped by rule 0, missing 0" in done.stdout
    assert len(desk.events()) == 40
    # No second record was made: nothing that the router would have to drop.
    assert 'outcome="duplicate"} 1' not in str(desk.metrics("email"))
    assert desk.metrics("email")["deskbell_spool_taken_total"] == 40
    assert desk.run("mailbox", "rescan", "nobody", check=False).returncode == 1
    assert desk.run("mailbox", "rescan", check=False).returncode == 2
    dovecot.stop()
    wait_for(lambda: standing(desk)[0]["state"] == "down", "the end of the server")
    failed = desk.run("mailbox", "reconcile", "ann", check=False)
    assert failed.returncode == 1 and b"not read for" in failed.stdout


def test_asked_while_down(new_desk, tmp_path, dovecot):
    dovecot.drop("ann", mail("one"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path)])).up()
    wait_standing(desk, server=1, stored=1)
    desk.stop()
    requests = desk.dir / "email/mailboxes/requests"
    (requests / "ann.rescan").write_text("\n")
    rows = standing(desk)  # it is known also then
    assert rows[0]["state"] == "down" and rows[0]["stored"] == 1 and rows[0]["why"] == "the program ended"
    desk.up()
    wait_for(lambda: not list(requests.iterdir()), "the request to be done")
    wait_standing(desk, server=1, stored=1)
    assert len(desk.events()) == 1


def test_renumbered_and_restarted(new_desk, tmp_path, dovecot):
    for n in range(60):
        dovecot.drop("ann", mail(f"mail {n}"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, after="keyword")])).up()
    wait_standing(desk, server=60, stored=60)
    dovecot.restart()
    dovecot.drop("ann", mail("after a restart"))
    wait_standing(desk, server=61, stored=61)
    dovecot.stop()
    dovecot.renumber("ann")
    dovecot.drop("ann", mail("after renumbering"))
    dovecot.start()
    wait_for(lambda: "event=mailbox_renumbered" in desk.log_text(), "the renumbering to be seen")
    wait_for(lambda: len(desk.events()) == 62, "62 events")
    rows = wait_standing(desk, server=62)
    assert rows[0]["repeats"] + rows[0]["stored"] == 62
    assert desk.metrics("email")["deskbell_spool_taken_total"] == 62
    wait_for(lambda: all("$DeskbellTaken" in f for f in dovecot.flags("ann").values()), "marks")


def test_moved_and_copied(new_desk, tmp_path, dovecot):
    """Between folders that are read: it is the same mail."""
    for n in range(20):
        dovecot.drop("ann", mail(f"mail {n}"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, folders=["INBOX", "Sales"], reconcile="1s")])).up()
    wait_standing(desk, server=20, stored=20)
    client = dovecot.client("ann")
    assert client.uid("MOVE", "1:10", "Sales")[0] == "OK"
    assert client.uid("COPY", "11:15", "Sales")[0] == "OK"
    client.logout()
    rows = wait_standing(desk, server=25)
    assert {r["folder"]: (r["server"], r["stored"], r["repeats"]) for r in rows} == {"INBOX": (10, 10, 0), "Sales": (15, 0, 15)}
    assert len(desk.events()) == 20


def test_gap_is_seen(new_desk, tmp_path, dovecot):
    """While mails wait for room, reconciliation shows them, health says so after a time, and it all ends by itself."""
    boxes = [box(dovecot, "ann", tmp_path, reconcile="1s", alarm_after="2s")]
    desk = new_desk(config=config(boxes, spool={"blob_reserve": "1024GiB"}))
    for n in range(10):
        dovecot.drop("ann", mail(f"mail {n}"))
    desk.up()
    wait_for(lambda: standing(desk)[0]["missing"] == 10, "the gap")
    wait_for(lambda: any("ann INBOX does not add up" in r and "10 of 10 mails missing" in r
                         for r in health(desk).get("reasons", [])), "/health")
    assert "event=mailbox_gap" in desk.log_text()
    assert desk.metrics("email")['deskbell_mailbox_missing_mails{mailbox="ann"}'] == 10
    assert re.search(rb"FAILED +mailbox ann INBOX +server 10, stored 0, .*missing 10 \(for \d+s\)",
                     desk.run("check", check=False).stdout)
    desk.stop()
    desk.config.write_text(config(boxes))
    desk.up()
    wait_standing(desk, server=10, stored=10)
    assert re.search(rb"ok +mailbox ann INBOX +server 10, stored 10", desk.run("check", check=False).stdout)
    wait_for(lambda: health(desk)["status"] == "ok", "/health")


def test_disabled(new_desk, tmp_path, dovecot):
    channels = MAIL + [{"name": "off", "kind": "email", "addresses": ["off@example.com"], "enabled": False}]
    dovecot.drop("ann", mail("no"))
    desk = new_desk(config=config([box(dovecot, "ann", tmp_path, enabled=False),
                                   box(dovecot, "bob", tmp_path, channel="off")], channels)).up()
    assert [r["state"] for r in standing(desk)] == ["disabled", "disabled"]
    assert desk.run("mailbox", "ls").stdout.count(b"disabled") == 4
    assert len(re.findall(rb"ok +mailbox (?:ann|bob) INBOX +disabled", desk.run("check", check=False).stdout)) == 2


def test_no_mailboxes(desk):
    assert desk.run("mailbox", "ls").stdout == b"no mailboxes are configured\n"
    assert desk.json("mailbox", "ls") == []

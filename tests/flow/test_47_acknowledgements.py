# SPDX-License-Identifier: Apache-2.0
"""Every customer gets one automatic first answer, and only one; what it looks like on the wire; why there was none."""
import concurrent.futures
import random
import re
import signal

import pytest
from acknowledging import DESK, PROOF, acknowledging_desk, apply, conversations, letter, parsed, settled, verdict
from desk import mail, wait_for
from outbox import P, client
from provider import Provider
from relay import Relay
from steps import waiting


@pytest.fixture
def relay():
    with Relay() as r:
        yield r


@pytest.fixture
def desk(new_desk, relay):
    return acknowledging_desk(new_desk, relay.port)


def write(desk, raw, sender="ann@example.org", recipients=("support@example.com",)):
    assert desk.lmtp(raw, recipients=recipients, sender=sender) == {}


def first(desk):
    return wait_for(lambda: desk.events(), "an event")[0]["data"]["conversation"]


def test_what_it_looks_like(desk, relay):
    write(desk, letter(message_id="<q1@example.org>", extra=PROOF + "References: <q0@example.org>\r\n",
                       subject="=?utf-8?Q?Gr=C3=BC=C3=9Fe=0D=0ABcc:_eve@example.net?="))
    (sent,) = wait_for(lambda: relay.mails, "an acknowledgement")
    assert sent["from"].startswith("FROM:<>"), "AR-30: nobody answers it"
    assert [to.split()[0] for to in sent["to"]] == ["TO:<ann@example.org>"], "AR-20, AR-22: the return path alone"
    assert "NOTIFY=NEVER" in sent["to"][0], "AR-30"
    m = parsed(sent)
    assert m["Auto-Submitted"] == "auto-replied", "AR-31"
    assert m["X-Auto-Response-Suppress"] == "All", "AR-33"
    assert m["In-Reply-To"] == "<q1@example.org>", "AR-34"
    assert m["References"].split() == ["<q0@example.org>", "<q1@example.org>"], "AR-34"
    assert re.fullmatch(r"<[^<>@\s]+@desk\.example>", m["Message-ID"]), "AR-35"
    assert m["From"].addresses[0].addr_spec == "support@example.com", "AR-35"
    assert re.fullmatch(r"support\+[a-z0-9]{29}@example\.com", m["Reply-To"].addresses[0].addr_spec), "AR-35"
    assert m["Bcc"] is None and m["Cc"] is None and m["Subject"] == "Re: Grüße Bcc: eve@example.net", "AR-38, AR-39"
    assert m.get_content_type() == "text/plain" and not m.is_multipart(), "AR-36, AR-37"
    text = m.get_content().replace("\r\n", "\n")
    event = desk.events()[0]["data"]
    reference = re.search(r"[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}", text).group()
    assert text == f"Hello there,\nwe have your message. Your reference is {reference}. We answer within 4 hours.\n"
    assert "order" not in text, "AR-36: nothing of what was written"
    assert client(desk).get(f"{P}:ref:{reference}").decode() == event["conversation"]
    # It is written down, for agents and operators.
    settled(desk, 1)
    id, template = verdict(desk, event["conversation"]).split()
    assert template == "en" and desk.json("outbox", "show", id)["state"] == "accepted"
    steps = {s["step"]: s["detail"] for s in desk.json("trace", event["id"])[0]["steps"]}
    assert id in steps["acknowledged"]
    # The customer's answer comes home, and gets none.
    write(desk, letter("Thanks", extra=f"In-Reply-To: {m['Message-ID']}\r\n"))
    write(desk, letter("Thanks again", subject="x"), recipients=[m["Reply-To"].addresses[0].addr_spec])
    settled(desk, 3)
    assert conversations(desk) == {event["conversation"]} and len(relay.mails) == 1


def test_by_language_and_by_name(new_desk, relay):
    desk = acknowledging_desk(new_desk, relay.port)
    csv = desk.folder / "c.csv"
    csv.write_text("email,name,language\nann@example.org,Änne Müller,de-AT\n")
    desk.run("customer", "import", str(csv))
    write(desk, letter(sender="You Have Won <ann@example.org>"))
    (sent,) = wait_for(lambda: relay.mails, "an acknowledgement")
    assert parsed(sent).get_content().startswith("Guten Tag Änne Müller,")


SILENT = {
    "null path": (letter(), "<>", "AR-01"),
    "vacation": (letter(extra="Auto-Submitted: auto-replied (vacation)\r\n"), "ann@example.org", "AR-02"),
    "list": (letter(extra="List-Id: <x.example>\r\n"), "ann@example.org", "AR-03"),
    "bulk": (letter(extra="Precedence: bulk\r\n"), "ann@example.org", "AR-04"),
    "suppressed": (letter(extra="X-Auto-Response-Suppress: OOF\r\n"), "ann@example.org", "AR-05"),
    "own": (letter(sender="support@example.com"), "support@example.com", "AR-"),
    "blind": (letter(to="friends@example.org"), "ann@example.org", "AR-10"),
    "other path": (letter(), "bounce-7@lists.example.net", "AR-"),
    "old": (mail(), "ann@example.org", "the message is too old"),
}


@pytest.mark.parametrize("case", SILENT)
def test_silence_and_its_reason(desk, relay, case):
    raw, path, reason = SILENT[case]
    write(desk, raw, sender="" if path == "<>" else path)
    settled(desk, 1)
    assert relay.mails == []
    (event,) = desk.events()
    assert verdict(desk, event["data"]["conversation"]).startswith(f"silent {reason}")
    steps = {s["step"]: s["detail"] for s in desk.json("trace", event["data"]["id"])[0]["steps"]}
    assert steps["not acknowledged"].startswith(reason)
    shown = desk.run("conversation", "show", event["data"]["conversation"]).stdout.decode()
    assert f"no acknowledgement: {reason}" in shown


def test_fifty_at_once_get_one(desk, relay):
    """AR-52: the same again and again over ten connections."""
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: write(desk, letter()), range(50)))
    settled(desk, 50)
    assert len(relay.mails) == 1
    assert len(conversations(desk)) == 50


def test_limits(new_desk, relay):
    desk = acknowledging_desk(new_desk, relay.port, DESK + "acknowledge: {sender_10m: 2, sender_day: 3, domain_hour: 4}\n")
    for n in range(3):  # two within ten minutes
        write(desk, letter(subject=f"a question {'abc'[n]}"))
    settled(desk, 3)
    assert len(relay.mails) == 2
    write(desk, letter(subject="Re: my order", sender="bo@example.org"), sender="bo@example.org")
    write(desk, letter(subject="AW: RE: My Order", sender="bo@example.org"), sender="bo@example.org")  # AR-51
    settled(desk, 5)
    assert len(relay.mails) == 3
    for who in ("cy", "di", "ed"):
        write(desk, letter(sender=f"{who}@example.org"), sender=f"{who}@example.org")
    write(desk, letter(sender="fay@example.net"), sender="fay@example.net")
    settled(desk, 9)
    assert len(relay.mails) == 5, "four at example.org, one at example.net"
    reasons = [verdict(desk, c) for c in conversations(desk)]
    for words in ("within ten minutes", "the same subject", "to this domain"):
        assert any(words in r for r in reasons), reasons


def test_a_gap_stops_the_acknowledgement_not_the_message(new_desk, relay):
    desk = acknowledging_desk(new_desk, relay.port, DESK.replace(", answer_within: 4h", ""))
    write(desk, letter())
    settled(desk, 1)
    assert relay.mails == []
    assert "answer_time" in verdict(desk, first(desk))
    assert len(waiting(client(desk), "support")) == 1


def test_redis_away(desk, relay):
    """AR-53: nothing goes out, everything is taken; afterwards it is as if nothing had been."""
    redis = desk.pids()["redis"]
    desk.kill("redis", signal.SIGSTOP)
    write(desk, letter())
    assert relay.mails == []
    assert desk.pids()["redis"] == redis
    desk.kill("redis", signal.SIGCONT)
    settled(desk, 1)
    assert len(relay.mails) == 1


def test_turned_on_and_off_by_the_desk_definition(new_desk, relay):
    desk = acknowledging_desk(new_desk, relay.port, "queues: [{name: support, answer_within: 4h}]\ndefault: {queue: support}\n")
    write(desk, letter(sender="a@example.org"), sender="a@example.org")
    desk.wait_events(1)
    apply(desk, DESK)
    wait_for(lambda: write(desk, letter(sender="b@example.org"), sender="b@example.org") or relay.mails, "an acknowledgement")
    assert {to.split()[0] for m in relay.mails for to in m["to"]} == {"TO:<b@example.org>"}, "what came before gets none"


def test_turned_on_while_the_program_was_away(new_desk, relay):
    """What came before gets none, whoever is there to see it turned on."""
    desk = acknowledging_desk(new_desk, relay.port, "queues: [{name: support, answer_within: 4h}]\ndefault: {queue: support}\n")
    desk.kill("acknowledge", signal.SIGSTOP)
    write(desk, letter(sender="a@example.org"), sender="a@example.org")
    desk.wait_events(1)
    apply(desk, DESK)
    desk.kill("acknowledge")
    write(desk, letter(sender="b@example.com"), sender="b@example.com")
    settled(desk, 2)
    assert {to.split()[0] for m in relay.mails for to in m["to"]} == {"TO:<b@example.com>"}


def test_by_sms(new_desk):
    config = """
channels:
  - {{name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], out_url: "{url}/Messages.json",
     secret_files: [secrets/sms.secret]}}
"""
    document = DESK.split("templates:")[0] + """
templates:
  - {name: sms, when: {channel: [sms]}, text: "We have it. {{reference}}"}
"""
    with Provider() as provider:
        desk = new_desk(config=config.format(url=provider.url)).up()
        apply(desk, document)
        assert desk.sms("Hello")[0] == 200
        (request,) = wait_for(lambda: provider.requests, "an acknowledgement")
        assert request["fields"]["To"] == "+14155550100" and request["fields"]["Body"].startswith("We have it. ")
        assert desk.sms("STOP", sender="+14155550101")[0] == 200  # SM-11: an opt-out gets none
        assert desk.sms("Hello again", sender="+14155550101")[0] == 200
        settled(desk, 2)
        assert [q for q in provider.requests if q["fields"]["To"] == "+14155550101"] == []


def test_a_form(new_desk, relay):
    """WF-20: an address that anybody may type in gets nothing, or what nobody can misuse."""
    config = """
desk: {{name: Example Ltd}}
smtp: {{host: "127.0.0.1", port: {port}, tls: none}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"]}}
  - {{name: contact, kind: form, min_fill: 1ms}}
"""
    document = DESK.split("templates:")[0] + """
templates:
  - {name: form, when: {channel: [contact]}, over: mail, subject: "We have your message", text: "Hello WHO: {{reference}}"ALLOW}
"""
    posted = {"email": "ann@example.org", "name": "Win a million", "message": "at https://spam.example"}
    desk = new_desk(config=config.format(port=relay.port)).up()
    apply(desk, document.replace("WHO", "{{customer_name|there}}").replace("ALLOW", ""))
    assert desk.form_json(posted)[0] in (200, 202)
    settled(desk, 1)
    assert relay.mails == [] and "WF-20" in verdict(desk, first(desk))
    apply(desk, document.replace("WHO", "{{customer_name|there}}").replace("ALLOW", ", allow: [typed-address]"))
    posted["email"] = "bo@example.org"
    assert desk.form_json(posted)[0] in (200, 202)
    (sent,) = wait_for(lambda: relay.mails, "an acknowledgement")
    m = parsed(sent)
    assert m["Subject"] == "We have your message" and m["To"].addresses[0].display_name == ""
    assert m.get_content().startswith("Hello there: ")
    assert b"million" not in sent["bytes"] and b"spam" not in sent["bytes"]
    # The answer comes by mail, and into the conversation that began on the form.
    home = desk.events()[-1]["data"]["conversation"]
    write(desk, letter("Thanks", sender="bo@example.org"), sender="bo@example.org", recipients=[m["Reply-To"].addresses[0].addr_spec])
    write(desk, letter("Again", sender="bo@example.org", extra=f"In-Reply-To: {m['Message-ID']}\r\n"), sender="bo@example.org")
    settled(desk, 4)
    assert [e["data"]["conversation"] for e in desk.events()[-2:]] == [home, home] and len(relay.mails) == 1


def test_killed_again_and_again(desk, relay):
    """kill -9 at any moment: everybody gets exactly one."""
    dice, count = random.Random(47), 120
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for n in range(count):
            who = f"customer{n}@{'abcdefgh'[n % 8]}{n // 15}.example"
            pool.submit(write, desk, letter(sender=who, subject=f"Question {n}"), who)
            if dice.random() < 0.15:
                desk.kill(dice.choice(["acknowledge", "acknowledge", "router"]))
                wait_for(lambda: desk.is_there("acknowledge") and desk.is_there("router"), "both to be there again")
    settled(desk, count)
    tos = [to.split()[0] for m in relay.mails for to in m["to"]]
    assert len(tos) == len(set(tos)) == count


@pytest.mark.parametrize("victim", ["acknowledge", "redis", "router"])
@pytest.mark.parametrize("point", ["acknowledge.decided", "acknowledge.asked", "acknowledge.answered"])
def test_killed_there(new_desk, relay, tmp_path, point, victim):
    """Each who takes part dies at each point (common/base/point.h): one acknowledgement, not none, not two."""
    points = tmp_path / "points"
    points.mkdir()
    desk = acknowledging_desk(new_desk, relay.port, env={"DESKBELL_POINTS": str(points)})
    write(desk, letter(sender="first@example.net"), sender="first@example.net")
    settled(desk, 1)  # it reads the journal now
    making = tmp_path / "making"
    making.write_text(str(0 if victim == "acknowledge" else desk.pids()[victim]))
    making.rename(points / point)
    write(desk, letter())
    wait_for(lambda: not (points / point).exists(), f"{point} to be reached")
    settled(desk, 2)
    assert sorted(to.split()[0] for m in relay.mails for to in m["to"]) == ["TO:<ann@example.org>", "TO:<first@example.net>"]

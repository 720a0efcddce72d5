# SPDX-License-Identifier: Apache-2.0
"""A long SMS that Deskbell cuts itself (SM-01): one message after the other, each once, whoever dies in between."""
import pytest
from desk import wait_for
from provider import CLOSE, Provider

CONFIG = """
channels:
  - {{name: sms, kind: sms, provider: twilio, account_sid: AC1, addresses: ["+14155550199"], out_url: "{url}/Messages.json",
     secret_files: [secrets/sms.secret], unsure: {unsure}, out_split: us, out_parts_max: {most}, out_rate: {rate}}}
"""
TEXT = "".join(f"{n:03d} and so on. " for n in range(28))  # 420 characters
PARTS = [TEXT[:160], TEXT[160:320], TEXT[320:]]
BUSY = (429, {}, {"code": 20429, "message": "Too many requests"})


def conversation_on(new_desk, provider, unsure="ask", most=10, rate=0, env=None):
    desk = new_desk(config=CONFIG.format(url=provider.url, unsure=unsure, most=most, rate=rate)).up(env=env)
    assert desk.sms("Where is my order?")[0] == 200
    return desk, wait_for(lambda: desk.events(), "an event")[0]["data"]["conversation"]


def reply(desk, conversation, text=TEXT):
    return desk.json("reply", conversation, "--text", text, "--agent", "bo")


def until(desk, id, wanted):
    def look():
        shown = desk.json("outbox", "show", id)
        return shown if shown["state"] == wanted else None
    return wait_for(look, f"{id} to be {wanted}")


def bodies(requests):
    return [r["fields"]["Body"] for r in requests]


def reported(desk, number, status):
    extra = [("MessageStatus", status)]
    assert desk.sms("", sender="+14155550199", to="+14155550100", sid=f"SM{number:032d}", extra=extra)[0] == 200


def test_parts_are_sent_in_order_and_delivered_together(new_desk):
    before = []
    with Provider(lambda request: before.append(len(provider.taken))) as provider:
        desk, conversation = conversation_on(new_desk, provider)
        sent = reply(desk, conversation)
        assert sent["segments"] == {"encoding": "GSM-7", "count": 3, "units": 420, "left": 60}
        shown = until(desk, sent["id"], "accepted")
        assert bodies(provider.requests) == PARTS and shown["parts"] == 3
        assert before == [0, 1, 2], "the next only after the one before was taken"
        for number in (3, 1):
            reported(desk, number, "delivered")
        wait_for(lambda: "part 1 of 3 is delivered" in str(desk.json("outbox", "show", sent["id"])["steps"]), "the report")
        assert desk.json("outbox", "show", sent["id"])["state"] == "accepted"
        reported(desk, 2, "delivered")
        until(desk, sent["id"], "delivered")
        assert sent["id"] in str(desk.json("trace", f"SM{2:032d}")), "found by the id of any part"


def test_a_part_that_is_lost_later(new_desk):
    with Provider() as provider:
        desk, conversation = conversation_on(new_desk, provider)
        sent = reply(desk, conversation)
        until(desk, sent["id"], "accepted")
        reported(desk, 2, "undelivered")
        assert until(desk, sent["id"], "failed")["why"].startswith("part 2 of 3")
        desk.run("outbox", "retry", sent["id"])
        until(desk, sent["id"], "accepted")
        assert bodies(provider.taken) == PARTS * 2, "the next system had it all: the whole of it once more"


def test_short_and_too_long(new_desk):
    with Provider() as provider:
        desk, conversation = conversation_on(new_desk, provider, most=2)
        refused = desk.run("reply", conversation, "--text", TEXT, "--agent", "bo", check=False)
        assert refused.returncode != 0 and b"3 SMS" in refused.stderr and b"allows 2" in refused.stderr
        assert desk.json("outbox", "ls") == []
        sent = reply(desk, conversation, TEXT[:160])
        assert "parts" not in until(desk, sent["id"], "accepted")
        assert bodies(provider.requests) == [TEXT[:160]]


def test_a_part_that_is_refused(new_desk):
    answers = {2: (400, {}, {"code": 21614, "message": "not a mobile number"})}
    with Provider(lambda request: answers.get(request["number"])) as provider:
        desk, conversation = conversation_on(new_desk, provider)
        sent = reply(desk, conversation)
        shown = until(desk, sent["id"], "failed")
        assert shown["why"] == "part 2 of 3: Twilio: not a mobile number" and shown["code"] == "21614"
        assert bodies(provider.taken) == PARTS[:1]
        desk.run("outbox", "retry", sent["id"])
        until(desk, sent["id"], "accepted")
        assert bodies(provider.taken) == PARTS


def test_the_customer_says_stop_between_parts(new_desk):
    with Provider(lambda request: BUSY if request["number"] == 2 else None) as provider:
        desk, conversation = conversation_on(new_desk, provider)
        sent = reply(desk, conversation)
        until(desk, sent["id"], "deferred")
        assert desk.sms("STOP")[0] == 200
        until(desk, sent["id"], "suppressed")
        assert desk.run("outbox", "retry", sent["id"], check=False).returncode == 1
        assert bodies(provider.taken) == PARTS[:1]


@pytest.mark.parametrize("part", [1, 2, 3])
def test_killed_between_parts(new_desk, part):
    """What the provider confirmed is not sent again."""
    with Provider(lambda request: BUSY if request["number"] == part else None) as provider:
        desk, conversation = conversation_on(new_desk, provider)
        sent = reply(desk, conversation)
        until(desk, sent["id"], "deferred")
        pid = desk.kill("sms")
        wait_for(lambda: desk.pids().get("sms") not in (None, pid), "sms to be started again")
        desk.run("outbox", "retry", sent["id"])
        until(desk, sent["id"], "accepted")
        assert bodies(provider.taken) == PARTS


@pytest.mark.parametrize("part", [1, 2, 3])
@pytest.mark.parametrize("unsure", ["ask", "again"])
def test_killed_while_a_part_is_answered(new_desk, part, unsure):
    """Nobody knows of this part alone."""
    killed = []

    def say(request):
        if request["number"] == part and not killed:
            killed.append(desk.kill("sms"))
            return CLOSE
        return None
    with Provider(say) as provider:
        desk, conversation = conversation_on(new_desk, provider, unsure)
        sent = reply(desk, conversation)
        shown = until(desk, sent["id"], "unsure")
        assert part == 1 or shown["why"].startswith(f"part {part} of 3: ")
        assert bodies(provider.taken) == PARTS[:part]
        desk.run("outbox", "retry", sent["id"])
        until(desk, sent["id"], "accepted")
        assert bodies(provider.taken) == PARTS[:part] + PARTS[part - 1:]


@pytest.mark.parametrize("point, sure", [("outbound.done", False), ("outbound.committing", False), ("report.made", True),
                                         ("report.noted", True)])
def test_killed_at_a_point_of_the_second_part(new_desk, tmp_path, point, sure):
    """Its answer came, and is not on disk: that part alone is in doubt. Later nothing is."""
    points = tmp_path / "points"
    points.mkdir()

    def say(request):
        if request["number"] == 2:
            (points / "making").write_text(str(desk[0].pids()["sms"]))
            (points / "making").rename(points / point)
    desk = []
    with Provider(say) as provider:
        found, conversation = conversation_on(new_desk, provider, env={"DESKBELL_POINTS": str(points)})
        desk.append(found)
        sent = reply(found, conversation)
        shown = until(found, sent["id"], "accepted" if sure else "unsure")
        assert not (points / point).exists(), "it died there"
        assert sure or shown["why"].startswith("part 2 of 3: ")
        assert bodies(provider.taken) == (PARTS if sure else PARTS[:2])
        if not sure:
            found.run("outbox", "retry", sent["id"])
            until(found, sent["id"], "accepted")
            assert bodies(provider.taken) == PARTS[:2] + PARTS[1:]


def test_killed_at_any_time(new_desk):
    """A sweep: every part gets there, twice only where its state says that nobody knew."""
    count = 12
    with Provider() as provider:
        desk, conversation = conversation_on(new_desk, provider, "again", rate=60)
        ids = [reply(desk, conversation, f"{n:02d}{TEXT[2:]}")["id"] for n in range(count)]
        for seen in range(3, 3 * count, 5):
            wait_for(lambda: len(provider.taken) >= seen, f"{seen} parts")
            desk.kill("sms")

        def over():
            states = [desk.json("outbox", "show", id)["state"] for id in ids]
            for id in (i for i, state in zip(ids, states) if state in ("unsure", "deferred")):
                desk.run("outbox", "retry", id, check=False)  # else it would wait its minutes
            return set(states) == {"accepted"}
        wait_for(over, "all to be accepted", patience=120, step=0.3)
        taken = bodies(provider.taken)
        unsure = [sum(s["step"] == "unsure" for s in desk.json("outbox", "show", id)["steps"]) for id in ids]
        for n in range(count):
            assert 1 <= taken.count(f"{n:02d}{PARTS[0][2:]}") <= 1 + unsure[n]
        assert min(taken.count(PARTS[1]), taken.count(PARTS[2])) >= count
        assert len(taken) - 3 * count <= sum(unsure)
        print(f"{count} messages of 3 parts, {len(taken) - 3 * count} parts sent again, {sum(unsure)} in doubt")

# SPDX-License-Identifier: Apache-2.0
"""Templates of acknowledgements on the command line: what is refused, what is told, what a text looks like."""
import json
import os
import subprocess

import pytest

from desk import BIN

GOOD = """\
queues: [{name: support, answer_within: 4h}]
default: {queue: support}
hours:
  - name: office
    zone: Europe/Berlin
    open: {mon-fri: "09:00-17:00"}
    closed: ["2026-12-24..2027-01-03"]
templates:
  - name: closed-de
    when: {channel: [mail], language: [de], hours: not office}
    text: |
      Hallo {{customer_name|und guten Tag}},
      Ihre Nummer ist {{reference}}, wir sind wieder da: {{next_open}}.
  - name: received
    when: {channel: [mail]}
    subject: "[{{reference}}] {{subject|your message}}"
    text: "We answer within {{answer_time}}, {{opening_hours}}."
  - name: text
    when: {channel: [sms]}
    text: "We have your message. Reference {{reference}}."
"""

CONFIG = """\
channels:
  - {name: mail, kind: email, addresses: ["support@example.com"]}
  - {name: sms, kind: sms, provider: twilio, addresses: ["+15550100"], secret_files: [secrets/sms]}
"""


def run(folder, *arguments, document=GOOD, **options):
    path = folder / "desk.yaml"
    path.write_text(document)
    command = [str(BIN / "deskbell"), "template", arguments[0], str(path), *arguments[1:]]
    environment = {k: v for k, v in os.environ.items() if k != "DESKBELL_DIR"}
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
                          check=False, **options)


def test_check_says_ok_and_what_is_worth_knowing(tmp_path):
    done = run(tmp_path, "check")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"{tmp_path}/desk.yaml:17:11: note: template 'received': {{{{answer_time}}}} in its text "
                               "has no default")
    assert lines[-1] == "ok: 3 templates, 0 wrong, 1 notes; the channels were not looked at (--dir or --config)"


def test_check_knows_the_channels_of_a_configuration(tmp_path):
    config = tmp_path / "deskbell.yaml"
    config.write_text(CONFIG)
    document = GOOD + "  - {name: lost, when: {channel: [letters]}, text: x}\n"
    done = run(tmp_path, "check", "--config", str(config), document=document)
    assert done.returncode == 0
    assert "note: template 'lost': channel 'letters' is not in the configuration" in done.stdout
    assert done.stdout.splitlines()[-1] == "ok: 4 templates, 0 wrong, 2 notes"


def test_check_without_templates(tmp_path):
    done = run(tmp_path, "check", document="queues: [{name: q}]\ndefault: {queue: q}\n")
    assert (done.returncode, done.stdout) == (0, "no templates: nothing is acknowledged\n")


@pytest.mark.parametrize("was, now, place, what", [
    ("{{reference}}, wir", "{{referenz}}, wir", "11:11",
     "template 'closed-de': line 2 of its text, column 17: there is no variable 'referenz'; did you mean 'reference'?"),
    ("Europe/Berlin", "Europe/Berlim", "5:11",
     "hours 'office': this system knows no time zone 'Europe/Berlim' (Europe/Berlin, America/New_York; package tzdata)"),
])
def test_what_is_wrong_is_refused_everywhere(tmp_path, was, now, place, what):
    document = GOOD.replace(was, now)
    assert document != GOOD
    checked = run(tmp_path, "check", document=document)
    assert checked.returncode == 2
    head, _, rest = what.partition(": ")
    assert f"{tmp_path}/desk.yaml:{place}: wrong: {head}: {rest}" in checked.stdout.splitlines()
    found = json.loads(run(tmp_path, "check", "--json", document=document).stdout)
    assert found["ok"] is False and found["templates"] == 3
    assert any(f["wrong"] and f"{f['line']}:{f['column']}" == place for f in found["findings"])
    plain = subprocess.run([str(BIN / "deskbell"), "desk", "check", str(tmp_path / "desk.yaml")], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert plain.returncode == 2
    assert plain.stderr == f"{tmp_path}/desk.yaml:{place}: {what}\n"


def test_apply_refuses_what_is_wrong_and_takes_what_is_good(desk, tmp_path):
    path = tmp_path / "desk.yaml"
    path.write_text(GOOD.replace("Europe/Berlin", "Mars/Olympus"))
    refused = desk.run("desk", "apply", str(path), check=False)
    assert refused.returncode == 2
    path.write_text(GOOD)
    assert desk.json("desk", "apply", str(path)) == {"version": 2}
    assert desk.run("desk", "export").stdout.decode() == GOOD


def test_preview_shows_the_words_of_the_language_and_the_time(tmp_path):
    done = run(tmp_path, "preview", "closed-de", "--at", "2026-12-23T18:30+01:00")
    assert done.returncode == 0
    assert done.stdout == ("Subject: Re: My order of last week\n\nHallo Ana Gómez,\n"
                           "Ihre Nummer ist 7kq2-m9xd-4tab, wir sind wieder da: Montag (2027-01-04) um 09:00 Uhr.\n\n"
                           "-- 103 bytes; as an SMS 2 parts (UCS-2, 102 units, 32 left)\n")
    english = run(tmp_path, "preview", "received", "--set", "subject=", "--at", "2026-11-27T10:00Z")
    assert english.stdout.startswith("Subject: [7kq2-m9xd-4tab] your message\n\n"
                                     "We answer within 4 hours, Mon-Fri 09:00-17:00.\n\n")
    polish = run(tmp_path, "preview", "received", "--language", "pl", "--at", "2026-11-27T10:00Z")
    assert "within 4 godziny, pon.-pt. 09:00-17:00." in polish.stdout


def test_preview_for_an_address_that_was_only_typed_in(tmp_path):
    done = run(tmp_path, "preview", "closed-de", "--typed", "--set", "customer_name=Bo", "--at", "2026-11-27T18:30Z")
    assert done.stdout.startswith("Subject: Example\n\nHallo und guten Tag,\n")
    document = GOOD.replace("{{customer_name|und guten Tag}}", "{{customer_name}}")
    done = run(tmp_path, "preview", "closed-de", "--typed", "--at", "2026-11-27T18:30Z", document=document)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing is sent: {{customer_name}} in the text has no value and no default" in done.stderr


def test_preview_as_json(tmp_path):
    shown = json.loads(run(tmp_path, "preview", "closed-de", "--json", "--set", "customer_name=Bo\r\nBcc: x",
                           "--at", "2026-11-27T10:00:30Z", "--set", "next_open=bald").stdout)
    assert shown["text"] == "Hallo Bo Bcc: x,\nIhre Nummer ist 7kq2-m9xd-4tab, wir sind wieder da: bald."
    assert shown["fits_time"] is False  # the office is open
    assert shown["language"] == "de"
    assert shown["sms"] == {"parts": 1, "encoding": "GSM-7", "units": len(shown["text"]), "left": 160 - len(shown["text"])}


@pytest.mark.parametrize("arguments, status, said", [
    (["received", "--set", "answer_time="], 1, "nothing is sent: {{answer_time}} in the text has no value and no default"),
    (["closed-de", "--at", "2026-11-27T10:00Z"], 1, "nothing is sent: {{next_open}} in the text has no value"),
    (["recieved"], 1, "has no template 'recieved'; did you mean 'received'?"),
    (["received", "--set", "x=y"], 2, "there is no variable 'x'"),
    (["received", "--set", "subject"], 2, "--set needs NAME=VALUE"),
    (["received", "--at", "yesterday"], 2, "--at needs a time"),
    (["received", "--language", "german 1"], 2, "--language needs a language"),
    (["received", "more"], 2, "too many arguments"),
    ([], 2, "preview which template?"),
])
def test_preview_says_why_not(tmp_path, arguments, status, said):
    done = run(tmp_path, "preview", *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert done.stdout == ""

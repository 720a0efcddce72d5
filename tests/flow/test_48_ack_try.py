# SPDX-License-Identifier: Apache-2.0
"""deskbell ack try: what would become of a mail, and why, without sending anything."""
import json

import pytest
from acknowledging import DESK, PROOF, acknowledging_desk, letter
from outbox import P, client
from relay import Relay


@pytest.fixture
def desk(new_desk):
    with Relay() as relay:
        yield acknowledging_desk(new_desk, relay.port)
        assert relay.mails == []


def trial(desk, raw, *options):
    path = desk.folder / "mail.eml"
    path.write_bytes(raw)
    return json.loads(desk.run("ack", "try", str(path), *options, "--json").stdout)


def test_as_it_would_be(desk):
    said = trial(desk, letter(extra=PROOF))
    assert (said["acknowledged"], said["template"], said["to"], said["over"]) == (True, "en", "ann@example.org", "mail")
    assert "Your reference is" in said["text"] and said["subject"] == "Re: My order"
    assert trial(desk, letter())["subject"] == "Example Ltd", "nothing proves who wrote it"
    assert trial(desk, letter(), "--language", "de-AT")["template"] == "de"
    for raw, options, reason in ((letter(extra="Auto-Submitted: auto-replied\r\n"), (), "AR-02"),
                                 (letter(), ("--from", "<>"), "AR-01"),
                                 (letter(), ("--from", "eve@example.net"), "AR-21"),
                                 (letter(to="friends@example.org"), ("--channel", "mail"), "AR-10")):
        said = trial(desk, raw, *options)
        assert not said["acknowledged"] and said["why"].startswith(reason)
    assert desk.events() == [] and client(desk).keys(f"{P}:out:*") == []


def test_another_definition_than_the_one_in_force(desk):
    path = desk.folder / "other.yaml"
    path.write_text(DESK.replace("name: en", "name: other"))
    assert trial(desk, letter(), "--desk", str(path))["template"] == "other"


@pytest.mark.parametrize("options, words", [
    (("--channel", "nobody"), 'there is no e-mail channel "nobody"'),
    (("--nope",), '"--nope" is not understood'),
    (("--desk", "/nowhere"), "cannot read /nowhere"),
])
def test_what_is_wrong_is_said(desk, options, words):
    path = desk.folder / "mail.eml"
    path.write_bytes(letter())
    done = desk.run("ack", "try", str(path), *options, check=False)
    assert done.returncode != 0 and words in done.stderr.decode()

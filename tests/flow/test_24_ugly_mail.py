# SPDX-License-Identifier: Apache-2.0
"""The library of ugly mails through the whole desk: what the parser says behind its walls – no file to open, memory
limited – is what the unit tests say without them."""
import json
import pathlib
import re

import pytest
from desk import Desk, wait_for
from wire import Lmtp

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = sorted((ROOT / "tests/data/mail").glob("*.eml"))
CONFIG = """
channels:
  - {name: support, kind: email, addresses: ["*", "support@desk.example", "@help.desk.example"],
     authserv_ids: ["mx.desk.example", "mx2.desk.example", "-"],
     spam_headers: ["X-Spam-Flag: YES", "X-Spam-Status: Yes*", "X-Rspamd-Action: reject"]}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp("ugly") / "desk", CONFIG) as d:
        yield d.up()


def send(connection, raw):
    connection.begin(b"support+tok@desk.example", sender=b"joe@customer.example")
    content = re.sub(rb"\r?\n", b"\r\n", raw)
    content += b"" if content.endswith(b"\r\n") else b"\r\n"
    connection.say(re.sub(rb"(^|(?<=\r\n))\.", b"..", content) + b".\r\n")
    assert connection.reply().startswith("250 2.0.0"), "a problem in the content is never a refusal"


def what_is_said(data):
    """What was read, without what depends on the transport, the day and the line ends."""
    keys = ("source_id", "from", "to", "subject", "text", "thread", "automatic", "language", "calendar", "report",
            "spans")
    said = {k: data[k] for k in keys if k in data}
    said["warnings"] = [w for w in data.get("warnings", []) if not w.startswith(("date-", "bare-line-end", "cut: "))]
    said["attachments"] = [{k: v for k, v in a.items() if k not in ("sha256", "size")}
                           for a in data.get("attachments", [])]
    return said


def test_the_library_reads_the_same_behind_the_walls(desk):
    assert len(LIBRARY) >= 150
    with Lmtp(desk) as c:
        for path in LIBRARY:
            send(c, path.read_bytes())
    events = {e["data"]["source_id"]: e["data"] for e in desk.wait_events(len(LIBRARY), "mails of the library")}
    wrong = []
    for path in LIBRARY:
        expected = json.loads(path.with_suffix(".json").read_text())
        got = events.get(expected["source_id"])
        if got and "text_blob" in expected:  # `deskbell events` shows all of it
            got["text"] = got["text"][:len(expected["text"])]
        if not got or what_is_said(got) != what_is_said(expected):
            wrong.append((path.name, got and what_is_said(got), what_is_said(expected)))
    assert not wrong, json.dumps(wrong[0], indent=1, ensure_ascii=False)
    assert desk.json("quarantine", "ls") == []
    assert desk.metrics("email")["deskbell_email_parser_deaths_total"] == 0


def test_every_character_set_is_there_behind_the_walls(desk):
    """One part for each row of the table; a converter that is not loaded would be an unknown one."""
    rows = (ROOT / "common/mime/charset_rows.def").read_text()
    sets = re.findall(r"^SET\((\w+), ", rows, re.M)
    labels = dict(reversed(re.findall(r'^LABEL\((\w+), "(\w+)"\)', rows, re.M)))
    wanted = [labels[s] for s in sets if s != "NONE"]
    assert len(wanted) > 50
    parts = b"".join(b"--b\r\nContent-Type: text/plain; charset=" + label.encode() + b"\r\n\r\n\xe4 " + label.encode() +
                     b"\r\n" for label in wanted)
    with Lmtp(desk) as c:
        send(c, b"From: joe@customer.example\r\nSubject: all sets\r\nMIME-Version: 1.0\r\n"
                b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + b"--b--\r\n")
    data = wait_for(lambda: [e["data"] for e in desk.events() if e["data"].get("subject") == "all sets"], "the mail")[0]
    assert "charset-unknown" not in data["warnings"]
    assert data["text"].count("\n\n") == len(wanted) - 1
    assert "ф iso88595" in data["text"] and "Д koi8r" in data["text"] and "‰ macintosh" in data["text"]

# SPDX-License-Identifier: Apache-2.0
"""Part "ack" of tests/bench/run: new conversations by mail at a steady rate, each acknowledged over SMTP into a sink. Measured from
the moment a mail was taken to the moment its acknowledgement was handed over, as the program that did it noted."""
import email.utils
import pathlib
import tempfile
import time

from answers import percentiles
from desk import Desk
from outbox import P, client
from sink import SmtpSink

CONFIG = """
desk: {{name: bench, message_id_domain: desk.example}}
redis: {{maxmemory: 8GiB}}
smtp: {{host: "127.0.0.1", port: {port}, tls: none, workers: {workers}}}
outbound: {{size: 512MiB}}
channels:
  - {{name: mail, kind: email, addresses: ["support@example.com"]}}
"""
DOCUMENT = """
queues: [{name: support, answer_within: 4h}]
default: {queue: support}
acknowledge: {domain_hour: 100000, channel_hour: 100000}
templates:
  - name: en
    when: {channel: [mail]}
    text: |
      Hello {{customer_name|there}},
      we have your message. Your reference is {{reference}}. We answer within {{answer_time}}.
"""
FIRST = "From: ann@example.net\r\nTo: support@example.com\r\nSubject: first\r\nDate: {}\r\n\r\nHello\r\n"


def decided(desk):
    found = desk.metrics("acknowledge")
    return sum(v for name, v in found.items() if name.startswith("deskbell_acknowledge_messages_total"))


def waits(r, begin):
    """[taken → ordered], [taken → handed over], in ms; of what came behind the cursor."""
    taken, ordered, handed = {}, [], []
    for cursor, fields in r.xrange(f"{P}:journal", b"(" + begin):
        meta = fields[b"meta"].split(b"\x1f")
        conversation, how, evidence = meta[2], meta[7], meta[8]
        if fields[b"type"] == b"event" and how == b"new":
            taken[conversation] = int(meta[12].split()[0])
        elif conversation not in taken:
            continue
        elif fields[b"type"] == b"outbound":
            ordered.append(int(cursor.split(b"-")[0]) - taken[conversation])
        elif how == b"outbound" and evidence.split(b" ")[2:3] == [b"accepted"]:
            handed.append(int(meta[12].split()[0]) - taken[conversation])
    return ordered, handed


def acknowledge(args, watch_of, load):
    with tempfile.TemporaryDirectory() as folder, SmtpSink() as sink:
        with Desk(pathlib.Path(folder) / "d", CONFIG.format(port=sink.port, workers=args.workers)) as desk:
            desk.up()
            document = desk.folder / "desk.yaml"
            document.write_text(DOCUMENT)
            desk.run("desk", "apply", str(document))
            desk.lmtp(FIRST.format(email.utils.formatdate()).encode())  # a follower with nothing to do looks again after two seconds
            while decided(desk) < 1:
                time.sleep(0.01)
            r, watch = client(desk), watch_of(desk)
            begin = r.xrevrange(f"{P}:journal", count=1)[0][0]
            sent = load(args.bin / "bench_load", "lmtp", desk.endpoints["lmtp"], "--seconds", args.seconds, "--customers", 1_000_000,
                        "--connections", 64, "--rate", args.ack_rate)
            deadline = time.monotonic() + 120
            while (decided(desk) <= sent["accepted"] or r.zcard(f"{P}:out:open")) and time.monotonic() < deadline:
                time.sleep(0.05)
            ordered, handed = waits(r, begin)
            return {"mails": sent["accepted"], "per_second": sent["per_second"], "acknowledged": len(handed),
                    "taken_to_ordered_ms": percentiles(ordered), "taken_to_handed_over_ms": percentiles(handed),
                    "cpu_us_per_mail": watch.cpu_us_per(sent["accepted"]), "memory_mib": watch.memory()}

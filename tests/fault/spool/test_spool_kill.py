# SPDX-License-Identifier: Apache-2.0
"""The spool's promise against kill -9: what was said to be durable is there afterwards, blobs included, under the
number it was given, and no number is given twice."""
import os
import random
import subprocess

import pytest

DRIVER = os.environ["SPOOL_DRIVER"]


def write_until_killed(folder, first, lines_before_kill, confirm):
    """Kills the driver after it has said so many lines (the moment inside a commit is chance). Returns what it said."""
    command = [DRIVER, "write", folder, str(first)] + (["confirm"] if confirm else [])
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        said = []
        for line in process.stdout:
            said.append(line)
            if len(said) > lines_before_kill:
                process.kill()
                break
        said += process.stdout.readlines()
        process.wait()
        assert process.returncode == -9
    if said and not said[-1].endswith(b"\n"):
        said.pop()  # killed while saying it
    assert said[0] == b"ready\n"
    return dict(map(int, line.split()) for line in said[1:])


def check(folder):
    result = subprocess.run([DRIVER, "check", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert result.returncode == 0, result.stderr.decode()[-2000:]
    lines = result.stdout.split(b"\n")
    word, confirmed = lines[0].split()
    assert word == b"confirmed"
    return int(confirmed), dict(map(int, line.split()) for line in lines[1:] if line)


@pytest.mark.parametrize("confirm", [False, True], ids=["kept", "confirmed"])
def test_what_was_said_is_there(tmp_path, confirm):
    chance = random.Random()
    folder = str(tmp_path / "spool")
    promised, first = {}, 1
    for _ in range(5):
        said = write_until_killed(folder, first, chance.choice([0, 1, 50, 400, 1500]) + chance.randrange(100), confirm)
        assert not set(said) & set(promised), "a number was given twice"
        promised.update(said)
        confirmed, there = check(folder)
        assert confirmed == 0 or confirm
        missing = {seq: n for seq, n in promised.items() if seq > confirmed and there.get(seq) != n}
        assert not missing
        assert all(promised.get(seq, n) == n for seq, n in there.items())
        promised.update(there)  # not said, but there: its number is used
        first = max([first] + list(promised.values())) + 1000
    assert len(promised) >= 5

# SPDX-License-Identifier: Apache-2.0
"""The README's first command, on this tree: ends with three work items that came over the wire."""
import os
import subprocess
import uuid

from desk import ROOT


def test_quickstart_ends_with_three_work_items():
    folder = f"/tmp/dbq-{uuid.uuid4().hex[:8]}"
    try:
        done = subprocess.run([ROOT / "deploy/quickstart"], capture_output=True, text=True, timeout=600,
                              env={**os.environ, "DESKBELL_DIR": folder, "QUICKSTART_ONCE": "1"})
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        out = done.stdout
        shown = out[out.index("== deskbell queue show"):]
        assert shown.count("waiting in support") == 3
        for context in ("Ann Example", "#vip", "value 5400", "Bo Beispiel", "Chloé Exemple"):
            assert context in shown
        traces = shown[shown.index("== deskbell trace"):]
        assert traces.count("  enqueued ") == 3 and traces.count("  spooled ") == 3
        assert "draining and stopping" in out
    finally:
        subprocess.run(["rm", "-rf", folder], check=False)

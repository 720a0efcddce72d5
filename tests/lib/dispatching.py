# SPDX-License-Identifier: Apache-2.0
"""The program `dispatch` by itself, as many as a test likes, against any Redis."""
import http.client
import os
import pathlib
import shutil
import signal
import subprocess
import uuid

from desk import BIN, PATIENCE, wait_for


class Dispatcher:
    """One `dispatch`, in a desk's folder of its own."""

    def __init__(self, socket, folder, settings="", env=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.dir = pathlib.Path("/tmp") / f"dbp-{uuid.uuid4().hex[:10]}"
        self.dir.mkdir(mode=0o700)
        self.config = self.folder / "deskbell.yaml"
        self.config.write_text(f"redis: {{url: \"unix:{socket}\"}}\n{settings}")
        self.env = {**os.environ, **(env or {})}
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def start(self):
        """Returns when it says that it is ready."""
        read, write = os.pipe()
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [str(BIN / "dispatch"), "--dir", str(self.dir), "--config", str(self.config), "--log-level", "debug"],
            stderr=self.log, env={**self.env, "DESKBELL_READY_FD": str(write)}, pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as said:
            lines = said.read().splitlines()  # it closes its end when it is ready
        assert lines and lines[-1] == "ready", f"{lines}\n{self.log_text()[-2000:]}"
        self.address = dict(line.split(" ", 2)[1:] for line in lines[:-1])["dispatch-health"]
        return self

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.log.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.process = None
        self.log.close()
        return status

    def died(self):
        wait_for(lambda: self.process.poll() is not None, "dispatch to die")
        self.kill()

    def log_text(self):
        return (self.folder / "log").read_text(errors="replace")

    def said(self, event):
        """How many lines of the log are about this event."""
        return self.log_text().count(f" event={event} ")

    def get(self, path):
        c = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        c.request("GET", path)
        answer = c.getresponse()
        text = answer.read().decode()
        c.close()
        return answer.status, text

    def metric(self, name):
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split(" ")[1])
        raise AssertionError(f"no metric {name}")

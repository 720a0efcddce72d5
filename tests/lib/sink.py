# SPDX-License-Identifier: Apache-2.0
"""Where what goes out ends: a mail server that takes everything and keeps nothing (Postfix's smtp-sink), and a server that takes
connections and never says a word."""
import os
import pathlib
import shutil
import socket
import subprocess
import threading

from desk import wait_for
from free_port import free_port


class SmtpSink:
    """`options`: of smtp-sink(1), as ["-w", "1"] for a second's delay after DATA."""

    def __init__(self, options=()):
        self.options = list(options)
        self.port = free_port()

    def __enter__(self):
        program = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([program, *user, *self.options, f"127.0.0.1:{self.port}", "1024"],
                                        stdout=subprocess.DEVNULL, cwd="/")

        def greets():
            assert self.process.poll() is None, "smtp-sink ended"
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                    return s.recv(3) == b"220"
            except OSError:
                return False
        wait_for(greets, "smtp-sink to greet")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def pids(self):
        return [self.process.pid]


class HttpSink:
    """bench_http: answers 202 to everything."""

    def __init__(self, binaries):
        self.program = pathlib.Path(binaries) / "bench_http"

    def __enter__(self):
        self.process = subprocess.Popen([str(self.program)], stdout=subprocess.PIPE, text=True)
        self.url = "http://" + self.process.stdout.readline().strip().split()[-1].removeprefix("http://") + "/answers"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class BlackHole:
    """Takes connections and never says a word; `kind` "closed door": once its small backlog is full, connecting gets no answer
    either."""

    def __init__(self, kind="silent"):
        self.kind = kind

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=0 if self.kind == "closed door" else 1024)
        port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/answers"
        self.port = port
        self.kept = []
        if self.kind == "closed door":  # fill it
            for _ in range(2):
                s = socket.socket()
                s.setblocking(False)
                s.connect_ex(("127.0.0.1", port))
                self.kept.append(s)
        else:
            threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                self.kept.append(self.socket.accept()[0])
            except OSError:
                return

    def __exit__(self, *_):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        for s in self.kept:
            s.close()

# SPDX-License-Identifier: Apache-2.0
"""Sits between an SMTP client and its server and stops at named places of the dialogue, where the test may cut the
connection or kill somebody: `stop(step)` is asked once for each step of each mail, and may return CUT. Steps: mail, rcpt,
data (the command is here and not passed on), dot (all but what ends the mail is passed on), reply (the server has
answered the mail, the client does not know it)."""
import socket
import threading

CUT = object()


class Between:
    def __init__(self, port, stop=None):
        self.server_port = port
        self.stop = stop or (lambda step: None)
        self.lock = threading.Lock()
        self.open = set()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.drop()

    def drop(self):
        """Ends all connections."""
        with self.lock:
            for s in self.open:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                return
            talk = _Talk(self, client, server)
            for work in (talk.from_client, talk.from_server):
                threading.Thread(target=self._run, args=(work, client, server), daemon=True).start()

    def _run(self, work, client, server):
        with self.lock:
            self.open |= {client, server}
        try:
            work()
        except OSError:
            pass
        for s in (client, server):  # both ways end together
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        with self.lock:
            self.open -= {client, server}


class _Talk:
    def __init__(self, between, client, server):
        self.between, self.client, self.server = between, client, server
        self.dotted = threading.Event()

    def ask(self, step):
        if self.between.stop(step) is CUT:
            raise OSError("as told")

    def from_client(self):
        content = False
        for line in self.client.makefile("rb"):
            verb = line.split(b" ")[0].strip().upper()
            if content and line == b".\r\n":
                self.ask("dot")
                self.dotted.set()
                content = False
            elif not content and verb in (b"MAIL", b"RCPT", b"DATA"):
                self.ask(verb.decode().lower())
                content = verb == b"DATA"  # this client waits for the 354, and is told it
            self.server.sendall(line)

    def from_server(self):
        while data := self.server.recv(65536):
            if self.dotted.is_set():
                self.dotted.clear()
                self.ask("reply")
            self.client.sendall(data)

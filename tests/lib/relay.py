# SPDX-License-Identifier: Apache-2.0
"""A mail server that does what the test says: a real SMTP dialogue on a socket, with a hook at every step."""
import hashlib
import socket
import ssl
import subprocess
import threading

CLOSE = object()   # a hook's answer: close the connection without a word
SILENT = object()  # say nothing, and go on reading


class Relay:
    """`say(step, argument, number)` may return a reply instead of the usual one. Steps: connect, ehlo, starttls, auth, mail,
    rcpt, data, dot, rset, quit; `number` counts connections from 1. `mails` is what was accepted."""

    def __init__(self, say=None, extensions=("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SIZE 50000000"), tls=None):
        self.say = say or (lambda step, argument, number: None)
        self.extensions = list(extensions)
        self.tls = tls
        self.mails, self.commands = [], []
        self.connections = 0
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        self.open = set()
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        with self.lock:
            for s in list(self.open):
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                number = self.connections
                self.open.add(s)
            threading.Thread(target=self._serve, args=(s, number), daemon=True).start()

    def _serve(self, s, number):
        try:
            self._dialogue(s, number)
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(s)
            s.close()

    def _dialogue(self, s, number):
        reader = s.makefile("rb")

        def answer(step, argument, usual):
            reply = self.say(step, argument, number)
            reply = usual if reply is None else reply
            if reply is CLOSE:
                raise OSError("as told")
            if reply is SILENT:
                return ""
            s.sendall(reply if isinstance(reply, bytes) else reply.encode() + b"\r\n")
            return reply if isinstance(reply, str) else reply.decode("latin-1")

        answer("connect", "", "220 relay.example ESMTP")
        mail = None
        secure = False
        while line := reader.readline():
            text = line.decode("latin-1").rstrip("\r\n")
            verb, _, rest = text.partition(" ")
            verb = verb.upper()
            with self.lock:
                self.commands.append(text)
            if verb == "EHLO":
                offered = list(self.extensions)
                if self.tls and not secure:
                    offered.append("STARTTLS")
                lines = ["relay.example"] + offered
                answer("ehlo", rest, "\r\n".join(["250-" + e for e in lines[:-1]] + ["250 " + lines[-1]]))
            elif verb == "STARTTLS":
                answer("starttls", "", "220 2.0.0 go ahead")
                s = self.tls.wrap_socket(s, server_side=True)
                with self.lock:
                    self.open.add(s)
                reader = s.makefile("rb")
                secure = True
            elif verb == "AUTH":
                answer("auth", rest, "235 2.7.0 welcome")
            elif verb == "MAIL":
                mail = {"from": rest, "to": [], "number": number}
                answer("mail", rest, "250 2.1.0 fine")
            elif verb == "RCPT":
                if answer("rcpt", rest, "250 2.1.5 fine").startswith("2"):
                    mail["to"].append(rest)
            elif verb == "DATA":
                if not answer("data", "", "354 go ahead" if mail and mail["to"] else "503 5.5.1 no recipients").startswith("354"):
                    continue
                lines = []
                while (data := reader.readline()) != b".\r\n":
                    if not data:
                        return
                    lines.append(data[1:] if data.startswith(b".") else data)
                mail["bytes"] = b"".join(lines)
                reply = self.say("dot", mail, number)
                accepted = not (isinstance(reply, str) and reply[:1] in "45")
                if accepted and mail["to"]:
                    with self.lock:
                        self.mails.append(mail)
                if reply is CLOSE:
                    return
                if reply is not SILENT:
                    s.sendall((reply or "250 2.0.0 queued").encode() + b"\r\n")
                mail = None
            elif verb == "RSET":
                mail = None
                answer("rset", "", "250 2.0.0 fine")
            elif verb == "QUIT":
                answer("quit", "", "221 2.0.0 bye")
                return
            else:
                answer("other", text, "500 5.5.2 what?")


def certificate(folder, name, days=1):
    """A self-signed certificate for `name`; returns (cert, key, pin of its key)."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    alt = f"IP:{name}" if name[0].isdigit() else f"DNS:{name}"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", str(days),
                    "-subj", "/CN=" + name, "-addext", "subjectAltName=" + alt], check=True, capture_output=True)
    spki = subprocess.run(f"openssl x509 -in {cert} -pubkey -noout | openssl pkey -pubin -outform der", shell=True, check=True,
                          capture_output=True).stdout
    pin = "sha256:" + hashlib.sha256(spki).hexdigest()
    return cert, key, pin


def tls_context(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context

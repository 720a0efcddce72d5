# SPDX-License-Identifier: Apache-2.0
"""An IMAP server that does what the test wants, a maker of certificates, and a token endpoint; all in threads of the
test. And ImapTry: the client of tests/flow/imap_try behind its pipe."""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import queue
import socket
import ssl
import subprocess
import threading
import urllib.parse

PATIENCE = 20
PASSWORD = "open-sesame-7f3a"
DEFAULT_CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS MOVE ESEARCH"
TRY = pathlib.Path(os.environ.get("DESKBELL_BIN", pathlib.Path(__file__).resolve().parents[2] / "build-dev/bin"))
TRY = TRY.parent / "unit" / "imap_try"


# ---- certificates

class Certificates:
    """A private authority and what it signs; also certificates it did not sign."""

    CONFIG = ("[ca]\ndefault_ca=d\n[d]\ndatabase={f}/index\nnew_certs_dir={f}\nserial={f}/serial\ndefault_md=sha256\n"
              "policy=p\ncopy_extensions=copy\nunique_subject=no\n[p]\ncommonName=supplied\n")

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "index").write_text("")
        (folder / "serial").write_text("01\n")
        (folder / "ca.conf").write_text(self.CONFIG.format(f=folder))
        self.ca = folder / "ca.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key", "-out", self.ca,
                     "-days", "2", "-subj", "/CN=Private authority")

    def openssl(self, *arguments):
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True,
                              cwd=self.folder).stdout

    def make(self, name, names="DNS:localhost,IP:127.0.0.1", expired=False):
        """A certificate of the authority; returns its path, the key beside it."""
        pem, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}",
                     "-addext", f"subjectAltName={names}")
        dates = ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z") if expired else ("-days", "2")
        self.openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.conf", "-cert", self.ca, "-keyfile",
                     self.folder / "ca.key", "-in", request, "-out", pem, *dates)
        return pem

    def self_signed(self, name):
        pem, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "2",
                     "-subj",
                     f"/CN={name}", "-addext", "subjectAltName=DNS:localhost")
        return pem

    @staticmethod
    def context(pem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, pem.with_suffix(".key"))
        return context

    @staticmethod
    def fingerprint(pem):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.read_text())).hexdigest()

    def key_pin(self, pem):
        """What curl takes as --pinnedpubkey."""
        text = self.openssl("x509", "-in", pem, "-noout", "-pubkey")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=text, check=True,
                             capture_output=True).stdout
        return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


# ---- the server

class Session(threading.Thread):
    """One connection. Commands go to `handlers` of the server (by name: "UID FETCH", "SELECT", …; called with session,
    tag, arguments), else to what a small server would do."""

    def __init__(self, server, connection):
        super().__init__(daemon=True)
        self.server, self.socket, self.buffer = server, connection, b""
        self.encrypted = False

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def line(self):
        """The next line without its end; None at the end of the connection."""
        while b"\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        line = line.rstrip(b"\r").decode("latin1")
        self.server.log.append(line)
        self.server.heard.put(line)
        return line

    def listen_only(self):
        """Says nothing until the other side goes; a handshake has line ends too, so line() would not do."""
        while self.socket.recv(65536):
            pass

    def encrypt(self, context):
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.encrypted = True

    def run(self):
        try:
            if self.server.tls:
                self.encrypt(self.server.tls)
            self.server.on_connect(self)
            self.send(self.server.greeting + "\r\n")
            while (line := self.line()) is not None:
                self.obey(line)
        except OSError:
            pass
        finally:
            self.socket.close()
            self.server.ended.put(self)

    def obey(self, line):
        tag, _, rest = line.partition(" ")
        name, _, arguments = rest.partition(" ")
        name = name.upper()
        if name == "UID":
            verb, _, arguments = arguments.partition(" ")
            name = "UID " + verb.upper()
        handler = self.server.handlers.get(name) or getattr(self, "on_" + name.lower().replace(" ", "_"), None)
        if handler is None:
            self.send(f"{tag} BAD what?\r\n")
        elif name in self.server.handlers:
            handler(self, tag, arguments)
        else:
            handler(tag, arguments)

    def ok(self, tag, words="done"):
        self.send(f"{tag} OK {words}\r\n")

    def capabilities(self):
        s = self.server
        names = [s.capabilities] + (["STARTTLS"] if s.starttls and not self.encrypted else [])
        return " ".join(names + [f"AUTH={a}" for a in s.auth])

    def on_capability(self, tag, _):
        self.send(f"* CAPABILITY {self.capabilities()}\r\n")
        self.ok(tag)

    def on_starttls(self, tag, _):
        self.send(f"{tag} OK go\r\n".encode() + self.server.starttls_extra)
        self.encrypt(self.server.starttls)

    def on_authenticate(self, tag, arguments):
        how, _, first = arguments.partition(" ")
        answers = []
        for _ in range(2 if how.upper() == "LOGIN" else 1):
            if first:
                answer, first = first, ""
            else:
                self.send("+ \r\n")
                answer = self.line() or ""
            answers.append(base64.b64decode(answer))
        self.server.logins.append((how.upper(), answers))
        self.judge(tag, how.upper(), answers)

    def judge(self, tag, how, answers):
        if how in ("XOAUTH2", "OAUTHBEARER"):
            good = any(f"auth=Bearer {t}\x01".encode() in answers[0] for t in self.server.tokens)
            if not good:
                self.send("+ " + base64.b64encode(b'{"status":"401"}').decode() + "\r\n")
                self.line()
        else:
            good = answers in ([b"\0support\0" + PASSWORD.encode()], [b"support", PASSWORD.encode()])
        self.send(f"{tag} OK {self.server.login_words}\r\n{self.server.login_extra}" if good
                  else f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")

    def on_login(self, tag, arguments):
        self.server.logins.append(("LOGIN command", arguments))
        good = arguments.replace('"', "") == f"support {PASSWORD}"
        self.send(f"{tag} OK in\r\n" if good else f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")

    def on_select(self, tag, _):
        mails = self.server.mails
        self.send(f"* {len(mails)} EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"
                  f"* OK [UIDNEXT {max(mails, default=0) + 1}] x\r\n")
        self.ok(tag, "[READ-WRITE] selected")

    def on_uid_search(self, tag, _):
        self.send("* SEARCH " + " ".join(map(str, sorted(self.server.mails))) + "\r\n")
        self.ok(tag)

    def on_uid_fetch(self, tag, arguments):
        wanted = arguments.split(" ")[0]
        for number, (uid, mail) in enumerate(sorted(self.server.mails.items()), 1):
            if any(int(r.split(":")[0]) <= uid <= int(r.split(":")[-1]) for r in wanted.split(",")):
                head = f"* {number} FETCH (UID {uid} RFC822.SIZE {len(mail)}"
                body = f" BODY[] {{{len(mail)}}}\r\n".encode() + mail if "BODY" in arguments else b""
                self.send(head.encode() + body + b")\r\n")
        self.ok(tag)

    def on_idle(self, tag, _):
        self.send("+ idling\r\n")
        self.server.idling.put(self)
        if self.line() == "DONE":
            self.ok(tag)

    def on_noop(self, tag, _):
        self.ok(tag)

    def on_logout(self, tag, _):
        self.send("* BYE bye\r\n")
        self.ok(tag)


class ImapServer:
    def __init__(self, tls=None, starttls=None, auth=("PLAIN", "LOGIN"), capabilities=DEFAULT_CAPABILITIES,
                 greeting="* OK hello",
                 mails=None, handlers=None, tokens=(), starttls_extra=b"", login_words="in", login_extra="",
                 on_connect=lambda session: None):
        self.tls, self.starttls, self.auth, self.capabilities = tls, starttls, auth, capabilities
        self.greeting, self.mails, self.handlers, self.tokens = greeting, mails or {}, handlers or {}, list(tokens)
        self.starttls_extra, self.login_words, self.login_extra = starttls_extra, login_words, login_extra
        self.on_connect = on_connect
        self.log, self.logins, self.sessions = [], [], []
        self.heard, self.idling, self.ended = queue.Queue(), queue.Queue(), queue.Queue()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            session = Session(self, connection)
            self.sessions.append(session)
            session.start()

    def said(self, word):
        """Whether a client said a line with this word."""
        return any(word in line for line in self.log)

    def wait_for(self, word):
        while True:
            line = self.heard.get(timeout=PATIENCE)
            if word in line:
                return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for session in self.sessions:
            try:
                session.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


# ---- a token endpoint

class TokenEndpoint:
    """Answers each request with the next of `answers` (status, object or text), the last of them for ever."""

    def __init__(self, answers, tls=None):
        self.answers, self.requests = list(answers), []
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                endpoint.requests.append(dict(urllib.parse.parse_qsl(body)))
                status, answer = endpoint.answers.pop(0) if len(endpoint.answers) > 1 else endpoint.answers[0]
                answer = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://localhost:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


# ---- the client

class ImapTry:
    """Started with settings; say() a command, wait for what happens with until()."""

    def __init__(self, environment=None, **settings):
        settings = {"password": PASSWORD, **settings}
        self.lines = []
        self.process = subprocess.Popen([TRY] + [f"{k}={v}" for k, v in settings.items()], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env={**os.environ, **(environment or {})})
        self.queue = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.queue.put(line.rstrip("\n"))
        self.queue.put(None)

    def say(self, *commands):
        for command in commands:
            self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self

    def until(self, beginning):
        """The next line that begins so; what came before it is in `lines`."""
        while True:
            line = self.queue.get(timeout=PATIENCE)
            assert line is not None, f"ended before {beginning!r}:\n" + "\n".join(self.lines)
            self.lines.append(line)
            if line.startswith(beginning):
                return line

    def ask(self, command):
        """Says it and returns its answer."""
        self.say(command)
        verb = command.split(" ")[0]
        return self.until({"examine": "select", "header": "fetch"}.get(verb, verb) + " ")

    def seen(self, beginning):
        return [line for line in self.lines if line.startswith(beginning)]

    def close(self):
        """The end of its input: it must free everything and end well (the sanitizers look too)."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        while (line := self.queue.get(timeout=PATIENCE)) is not None:
            self.lines.append(line)
        assert self.process.wait(PATIENCE) == 0, "\n".join(self.lines[-60:])
        assert self.lines[-1] == "end 0"
        assert not [line for line in self.lines if PASSWORD in line]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.close()
        finally:
            self.process.kill()
            self.process.wait()

# SPDX-License-Identifier: Apache-2.0
"""A private Dovecot: own configuration, own folder, free ports, nothing outside. Mails get into its mailboxes by LMTP, by
IMAP, or – the quick way – as files of a Maildir."""
import grp
import imaplib
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
import uuid

from desk import PATIENCE, wait_for
from free_port import free_port

PASSWORD = "open sesame"
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
disable_plaintext_auth = {no_plaintext}
auth_mechanisms = plain login{oauth_mechanisms}
mail_location = {location}
mail_fsync = never
mailbox_list_index = no
mail_max_userip_connections = 100
imap_idle_notify_interval = 2 mins
imap_capability = {capability}
ssl = {ssl}
{ssl_files}
{oauth_passdb}
passdb {{
  driver = static
  {password_mechanisms}
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sales {{
    auto = create
  }}
  mailbox Done {{
    auto = create
  }}
  mailbox Else {{
    auto = create
  }}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service imap {{
  process_limit = 200
}}
service stats {{
  chroot =
  unix_listener stats-reader {{
    mode = 0666
  }}
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
protocol lmtp {{
  auth_username_format = %n
}}
"""


OAUTH_PASSDB = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
SIEVE = """
submission_host = {submission}
postmaster_address = postmaster@example.org
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve_before = {script}
}}
"""
OAUTH = """
introspection_mode = post
introspection_url = {url}
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""


def self_signed(folder, name="localhost"):
    """A key and a certificate that only its own file vouches for; returns their paths."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(cert),
                    "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1"],
                   check=True, capture_output=True)
    return key, cert


class Dovecot:
    """`layout`: "maildir" or "sdbox". `capability`: "" for what Dovecot has, or "+X -Y" changes, "IMAP4rev1" for nothing
    but that. `plaintext`: whether a password may come without TLS. `introspection`: the URL where access tokens are
    looked up (RFC 7662). `sieve`: a script that looks at every mail that LMTP brings; what it sends goes to `submission`."""

    def __init__(self, layout="maildir", tls=False, plaintext=True, capability="", introspection=None, sieve=None, submission=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dbdc-", dir="/tmp"))
        self.folder.chmod(0o755)
        root = os.geteuid() == 0
        self.user = "nobody" if root else pwd.getpwuid(os.getuid()).pw_name  # Dovecot serves no mail of root
        self.group = grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name
        self.layout = layout
        (self.folder / "mail").mkdir()
        self.own(self.folder / "mail")
        self.imap, self.imaps, self.lmtp = free_port(), free_port(), free_port()
        self.key, self.cert = self_signed(self.folder) if tls else (None, None)
        self.counter = itertools.count()
        self.process = None
        location = {"maildir": "maildir:~/Maildir", "sdbox": "sdbox:~/dbox"}[layout]
        (self.folder / "dovecot.conf").write_text(CONFIG.format(
            folder=self.folder, user=self.user, group=self.group, location=location, password=PASSWORD.replace(" ", "_"),
            imap=self.imap, imaps=self.imaps if tls else 0, lmtp=self.lmtp, capability=capability,
            no_plaintext="no" if plaintext else "yes",
            password_mechanisms="mechanisms = plain login" if introspection else "",
            oauth_mechanisms=" xoauth2 oauthbearer" if introspection else "",
            oauth_passdb=OAUTH_PASSDB.format(folder=self.folder) if introspection else "", ssl="yes" if tls else "no",
            ssl_files=f"ssl_cert = <{self.cert}\nssl_key = <{self.key}" if tls else ""))
        if sieve:
            script = self.folder / "all.sieve"
            script.write_text(sieve)
            subprocess.run(["sievec", str(script)], check=True)
            with open(self.folder / "dovecot.conf", "a") as config:
                config.write(SIEVE.format(script=script, submission=submission))
        if introspection:
            (self.folder / "oauth2.conf").write_text(OAUTH.format(url=introspection))

    password = PASSWORD.replace(" ", "_")

    def own(self, path):
        if os.geteuid() == 0:
            shutil.chown(path, self.user, self.group)

    # ---- life

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        output = open(self.folder / "output", "ab")
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")], stdout=output,
                                        stderr=output, stdin=subprocess.DEVNULL, start_new_session=True)
        output.close()

        def greets():
            assert self.process.poll() is None, "Dovecot ended:\n" + self.log()
            try:
                with socket.create_connection(("127.0.0.1", self.imap), timeout=10) as s:
                    return s.recv(100).startswith(b"* OK")
            except OSError:
                return False
        wait_for(greets, "Dovecot to greet")
        return self

    def stop(self):
        """In order; whoever is connected is thrown out."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self):
        """All its processes at once, as a crash of its machine would."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(PATIENCE)
        self.process = None

    def pids(self):
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                todo += [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
            except OSError:
                pass
        return found

    def restart(self):
        self.stop()
        return self.start()

    def log(self):
        return "".join(p.read_text(errors="replace") for p in (self.folder / "output", self.folder / "log") if p.exists())

    # ---- mailboxes

    def path(self, user, folder="INBOX"):
        home = self.folder / "mail" / user / "Maildir"
        return home if folder == "INBOX" else home / ("." + folder.replace("/", "."))

    def make(self, user, folder="INBOX"):
        """The folder's Maildir, as Dovecot would make it."""
        path = self.path(user, folder)
        for part in (path.parent.parent, path.parent, path, path / "tmp", path / "new", path / "cur"):
            if not part.exists():
                part.mkdir(mode=0o700)
                self.own(part)
        return path

    def drop(self, user, mail, folder="INBOX"):
        """A new mail, the way a delivering program hands it over: written in tmp, renamed to new."""
        path = self.make(user, folder)
        name = f"{int(time.time())}.M{next(self.counter)}P{os.getpid()}.{uuid.uuid4().hex[:8]}"
        file = path / "tmp" / name
        file.write_bytes(mail.replace(b"\r\n", b"\n"))
        self.own(file)
        file.rename(path / "new" / name)

    def deliver(self, mail, recipients, sender="ann@example.org"):
        """By Dovecot's own LMTP: it adds Return-Path, Delivered-To and Received."""
        client = smtplib.LMTP("127.0.0.1", self.lmtp)
        try:
            return client.sendmail(sender, list(recipients), mail)
        finally:
            client.close()

    def renumber(self, user, folder="INBOX"):
        """The folder forgets its UIDs, as after a restore without indexes: a new UIDVALIDITY. The server must be down."""
        assert self.process is None and self.layout == "maildir"
        path = self.path(user, folder)
        for name in path.glob("dovecot*"):
            if name.is_file() and not name.name.startswith("dovecot-keywords"):
                name.unlink()

    def client(self, user, folder="INBOX", readonly=False):
        """Another IMAP client; selects the folder."""
        client = imaplib.IMAP4("127.0.0.1", self.imap, timeout=PATIENCE)
        client.login(user, self.password)
        if folder is not None:
            ok, words = client.select('"' + folder + '"', readonly)
            assert ok == "OK", words
        return client

    def flags(self, user, folder="INBOX"):
        """{uid: set of flags}"""
        client = self.client(user, folder, readonly=True)
        found = {}
        ok, rows = client.uid("FETCH", "1:*", "(FLAGS)")
        for row in rows:
            if row and b"UID " in row:  # one without is news of another session's
                text = row.decode()
                uid = int(text.split("UID ")[1].split(" ")[0].rstrip(")"))
                found[uid] = set(text.split("FLAGS (")[1].split(")")[0].split())
        client.logout()
        return found

    def fingerprint(self):
        """The certificate's SHA-256 in hex."""
        import hashlib
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.cert.read_text())).hexdigest()

# SPDX-License-Identifier: Apache-2.0
"""A private Postfix that relays everything over LMTP to a desk, or has the mailboxes of a domain: own configuration, own queue,
a free port, no mail outside. Postfix starts as root only; the tests that use it say so when they are not."""
import os
import pathlib
import shutil
import smtplib
import subprocess
import tempfile

from desk import PATIENCE, wait_for
from free_port import free_port

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.example.com
mydestination =
relay_domains = example.com
relay_recipient_maps =
relay_transport = lmtp:{target}
local_transport = error:nothing is local
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
smtp_tls_security_level = none
lmtp_tls_security_level = none
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtputf8_enable = yes
message_size_limit = 0
mailbox_size_limit = 0
# Tests flush the queue themselves; these only keep a forgotten mail from waiting for minutes.
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
# Not the default 20 mails a destination: the order and the repeats should be mixed.
default_destination_concurrency_limit = 8
default_destination_recipient_limit = 50
lmtp_connection_cache_on_demand = yes
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 1    1 pickup
cleanup   unix  n - n -    0 cleanup
qmgr      unix  n - n 1    1 qmgr
rewrite   unix  - - n -    - trivial-rewrite
bounce    unix  - - n -    0 bounce
defer     unix  - - n -    0 bounce
trace     unix  - - n -    0 bounce
flush     unix  n - n 1000? 0 flush
showq     unix  n - n -    - showq
error     unix  - - n -    - error
retry     unix  - - n -    - error
lmtp      unix  - - n -    - lmtp
virtual   unix  - n n -    - virtual
scache    unix  - - n -    1 scache
anvil     unix  - - n -    1 anvil
proxymap  unix  - - n -    - proxymap
postlog   unix-dgram n - n - 1 postlogd
"""


# Every address of the domain has a mailbox, in one folder for all.
MAILBOXES = """
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_mailbox_limit = 0
"""


class Postfix:
    """`target`: "inet:127.0.0.1:2424" or "unix:/path", as Postfix writes LMTP destinations. `mailboxes`: a domain that is at home
    here; its mails are delivered(). `more`: lines for main.cf."""

    def __init__(self, target="inet:127.0.0.1:1", mailboxes=None, more=""):
        assert os.geteuid() == 0, "Postfix needs root: run these tests as root, as in a container"
        # Postfix's own user must be able to walk in.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dbpf-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port = free_port()
        for name, owner in (("queue", "root"), ("data", "postfix")):
            (self.folder / name).mkdir()
            shutil.chown(self.folder / name, owner)
        main = MAIN.format(folder=self.folder, target=target)
        if mailboxes:
            (self.folder / "mail").mkdir()
            shutil.chown(self.folder / "mail", 65534)
            main += MAILBOXES.format(folder=self.folder, domain=mailboxes)
        (self.folder / "main.cf").write_text(main + more)
        (self.folder / "master.cf").write_text(MASTER.format(port=self.port))
        self.process = None

    def __enter__(self):
        output = open(self.folder / "output", "wb")
        self.process = subprocess.Popen(["postfix", "-c", str(self.folder), "start-fg"], stdout=output, stderr=output,
                                        stdin=subprocess.DEVNULL)
        output.close()

        def greets():
            assert self.process.poll() is None, "Postfix ended:\n" + self.log()
            try:
                with smtplib.SMTP("127.0.0.1", self.port, timeout=10):
                    return True
            except OSError:
                return False
        wait_for(greets, "Postfix to greet")
        return self

    def __exit__(self, *_):
        subprocess.run(["postfix", "-c", str(self.folder), "stop"], capture_output=True, timeout=PATIENCE)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        texts = [self.folder / name for name in ("output", "log")]
        return "".join(p.read_text(errors="replace") for p in texts if p.exists())

    def client(self):
        return smtplib.SMTP("127.0.0.1", self.port, timeout=30)

    def sendmail(self, mail, recipients, sender="ann@example.org"):
        """As a local program would: the sendmail command."""
        subprocess.run(["sendmail", "-C", str(self.folder), "-f", sender, "-i", *recipients], input=mail, check=True,
                       timeout=PATIENCE)

    def delivered(self):
        """The bytes of every mail in the mailboxes."""
        return [p.read_bytes() for p in (self.folder / "mail").glob("all/new/*")]

    def flush(self):
        subprocess.run(["postqueue", "-c", str(self.folder), "-f"], check=True, capture_output=True, timeout=PATIENCE)

    def queued(self):
        """One JSON line a mail; "" when nothing waits."""
        done = subprocess.run(["postqueue", "-c", str(self.folder), "-j"], capture_output=True, timeout=PATIENCE)
        return done.stdout.decode() if done.returncode == 0 else "not known"

    def wait_empty(self):
        def empty():
            if self.queued() == "":
                return True
            self.flush()
            return False
        try:
            wait_for(empty, "Postfix to deliver everything", step=0.2)
        except AssertionError as e:
            raise AssertionError(f"{e}; queue:\n{self.queued()[:2000]}\nlog:\n{self.log()[-3000:]}") from None

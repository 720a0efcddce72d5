# SPDX-License-Identifier: Apache-2.0
"""Desks that read mailboxes of a private Dovecot, and how they stand."""
import http.server
import json
import threading
import urllib.parse

from desk import PATIENCE, wait_for


def box(dovecot, user, folder, name=None, channel="mail", **more):
    """One entry of `mailboxes`; the password goes into a file in `folder`. Settings as JSON, which is YAML."""
    password = folder / "imap.password"
    if not password.exists():
        folder.mkdir(parents=True, exist_ok=True)
        password.write_text(dovecot.password + "\n")
    settings = {"name": name or user, "channel": channel, "host": "127.0.0.1", "port": dovecot.imap, "tls": "none",
                "user": user, "password_file": str(password), "first_run": "all", "poll": "1s", **more}
    return {k: v for k, v in settings.items() if v is not None}


MAIL = [{"name": "mail", "kind": "email", "addresses": ["support@example.com"]}]


def config(boxes, channels=None, **sections):
    document = {"mailboxes": boxes, "channels": channels or MAIL, **sections}
    return "\n".join(f"{k}: {json.dumps(v)}" for k, v in document.items()) + "\n"


def standing(desk, name=None):
    """Rows of `deskbell mailbox ls`."""
    return desk.json("mailbox", "ls", *([name] if name else []))


def adds_up(rows):
    return rows and all(r["state"] == "up" and r["counted_at"] and r["missing"] == 0 and
                        r["server"] == r["stored"] + r["repeats"] + r["oversize"] + r["quarantined"] + r["skipped"]
                        for r in rows)


def wait_standing(desk, patience=PATIENCE, name=None, **wanted):
    """Waits until the sums over all rows are as wanted, and all add up."""
    seen = []

    def there():
        rows = standing(desk, name)
        seen[:] = rows
        return adds_up(rows) and all(sum(r[k] for r in rows) == v for k, v in wanted.items()) and rows
    try:
        return wait_for(there, f"mailboxes that add up to {wanted}", patience, step=0.1)
    except AssertionError as e:
        raise AssertionError(f"{e}; they stand: {seen}\n{desk.log_text()[-3000:]}") from None


class TokenServer:
    """Gives access tokens (RFC 6749) that end after `expires_in` seconds, and says whose they are (RFC 7662)."""

    def __init__(self, user, expires_in=3600):
        self.user, self.expires_in = user, expires_in
        self.given, self.asked, self.revoked = [], [], set()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(urllib.parse.parse_qsl(body))
                answer = owner.token(form) if self.path == "/token" else owner.introspect(form)
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def token(self, form):
        self.asked.append(form)
        self.given.append(f"token-{len(self.given)}")
        return {"access_token": self.given[-1], "token_type": "Bearer", "expires_in": self.expires_in}

    def introspect(self, form):
        good = form.get("token") in self.given and form["token"] not in self.revoked
        return {"active": True, "username": self.user} if good else {"active": False}

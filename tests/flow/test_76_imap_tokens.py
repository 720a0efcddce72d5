# SPDX-License-Identifier: Apache-2.0
"""Access tokens: asked for, kept, renewed, written back, refused – with a token endpoint that does as the test wants."""
import threading

import pytest
from imap_server import Certificates, ImapServer, ImapTry, TokenEndpoint

TOKEN = "ya29.first-token"


@pytest.fixture
def refresh(tmp_path):
    path = tmp_path / "refresh"
    path.write_text("1//refresh+token/=\n")
    path.chmod(0o600)
    return path


def answer(token=TOKEN, **more):
    return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, **more}


@pytest.mark.parametrize("auth", ["xoauth2", "oauthbearer"])
def test_a_token_logs_in(refresh, auth):
    with TokenEndpoint([answer()]) as t, ImapServer(auth=(auth.upper(),), tokens=[TOKEN]) as s, \
            ImapTry(port=s.port, auth=auth, token_url=t.url, refresh_file=refresh,
                    scope="https://mail.google.com/") as c:
        c.until("ready")
        assert t.requests == [{"grant_type": "refresh_token", "client_id": "desk",
                               "refresh_token": "1//refresh+token/=",
                               "scope": "https://mail.google.com/"}]
        how, said = s.logins[0]
        assert how == auth.upper() and b"user=support" in said[0] or b"a=support" in said[0]


def test_a_secret_of_the_client(refresh, tmp_path):
    (tmp_path / "secret").write_text("client secret\n")
    with TokenEndpoint([answer()]) as t, ImapServer(auth=("XOAUTH2",), tokens=[TOKEN]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh,
                    client_secret_file=tmp_path / "secret") as c:
        c.until("ready")
        assert t.requests[0]["client_secret"] == "client secret"


def test_a_whole_organisation(tmp_path):
    """Exchange Online for applications: no refresh token, the client's own secret."""
    (tmp_path / "secret").write_text("s3cret")
    with TokenEndpoint([answer()]) as t, ImapServer(auth=("XOAUTH2",), tokens=[TOKEN]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, client_secret_file=tmp_path / "secret",
                    scope="https://outlook.office365.com/.default") as c:
        c.until("ready")
        assert t.requests == [{"grant_type": "client_credentials", "client_id": "desk", "client_secret": "s3cret",
                               "scope": "https://outlook.office365.com/.default"}]


def test_one_request_for_all_mailboxes(refresh):
    with TokenEndpoint([answer()]) as t, ImapServer(auth=("XOAUTH2",), tokens=[TOKEN]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh, clients=8) as c:
        for _ in range(8):
            c.until("ready")
        assert len(t.requests) == 1 and len(s.logins) == 8


def test_a_token_that_has_ended_is_renewed(refresh):
    with TokenEndpoint([answer("first", expires_in="0"), answer("second")]) as t, ImapServer(auth=("XOAUTH2",),
                                                                                             tokens=["first",
                                                                                                     "second"]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
        c.until("ready")
        c.say("drop x", "hurry")
        c.until("down")
        c.say("hurry")
        c.until("ready")
        assert len(t.requests) == 2 and b"Bearer second" in s.logins[1][1][0]


def test_a_token_that_is_refused_is_renewed_once_at_once(refresh):
    with TokenEndpoint([answer("revoked"), answer("good")]) as t, ImapServer(auth=("XOAUTH2",), tokens=["good"]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
        line = c.until("down refused")
        assert "refuses user or access token" in line and int(line.split(" ")[2]) <= 1000
        c.until("ready")  # by itself, within a second
        assert len(t.requests) == 2
    with TokenEndpoint([answer("revoked")]) as t, ImapServer(auth=("XOAUTH2",)) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
        c.until("down refused")
        c.say("hurry")
        assert int(c.until("down refused").split(" ")[2]) >= 30000  # not for ever: the account could get locked


def test_a_new_refresh_token_is_kept(refresh):
    with TokenEndpoint([answer(refresh_token="1//the-next", expires_in=0), answer()]) as t, \
            ImapServer(auth=("XOAUTH2",), tokens=[TOKEN]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
        c.until("ready")
        assert refresh.read_text() == "1//the-next\n" and refresh.stat().st_mode & 0o777 == 0o600
        c.say("drop x")
        c.until("down")
        c.say("hurry")
        c.until("ready")
        assert t.requests[1]["refresh_token"] == "1//the-next"


def test_a_new_refresh_token_that_cannot_be_kept_is_used_and_told(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    refresh = folder / "refresh"
    refresh.write_text("old")

    class Vanishing(list):
        def pop(self, *_):
            refresh.unlink()
            folder.rmdir()
            return super().pop(0)
    t = TokenEndpoint([answer(refresh_token="new", expires_in=0), answer()])
    t.answers = Vanishing(t.answers)
    with t, ImapServer(auth=("XOAUTH2",), tokens=[TOKEN]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
        assert f"cannot be written to {refresh}: No such file" in c.until("unsaved")
        c.until("ready")
        c.say("drop x")
        c.until("down")
        c.say("hurry")
        c.until("ready")
        assert t.requests[1]["refresh_token"] == "new"


REFUSALS = {
    "invalid_grant": ((400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
                      "invalid_grant: Token has been expired or revoked.", True),
    "invalid_client": ((401, {"error": "invalid_client"}), "invalid_client", True),
    "busy": ((503, "try later"), "HTTP status 503", False),
    "temporarily_unavailable": ((400, {"error": "temporarily_unavailable"}), "temporarily_unavailable", False),
    "no token": ((200, {"token": "x"}), "no access_token that can be used", False),
    "no JSON": ((200, "<html>Sign in</html>"), "no access_token that can be used", False),
    "a token with a line end": ((200, {"access_token": "a\r\nD1 LOGOUT"}), "no access_token that can be used", False),
    "a token that is no text": ((200, {"access_token": {"a": 1}}), "no access_token that can be used", False),
    "too much": ((200, "x" * 100000), "no access token from", False),
    "moved": ((302, ""), "HTTP status 302", False),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_answers_without_a_token(refresh, case):
    (status, body), words, slow = REFUSALS[case]
    with TokenEndpoint([(status, body)]) as t, ImapServer(auth=("XOAUTH2",)) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
        line = c.until("down token")
        assert words in line and (int(line.split(" ")[2]) >= 30000) == slow
        assert not s.sessions


def test_given_up_while_a_token_is_asked_for(refresh):
    """The answer that comes later makes no second connection."""
    asked, go_on = threading.Event(), threading.Event()

    class Waiting(list):
        def pop(self, *_):
            asked.set()
            assert go_on.wait(60)
            return super().pop(0)
    t = TokenEndpoint([answer(), answer()])
    t.answers = Waiting(t.answers)
    with t, ImapServer(auth=("XOAUTH2",), tokens=[TOKEN]) as s, \
            ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
        assert asked.wait(60)
        c.say("drop it takes too long")
        c.until("down protocol")
        go_on.set()
        c.say("hurry")
        c.until("ready")
        assert c.ask("select INBOX").startswith("select ok")
        assert len(s.sessions) == 1


def test_an_endpoint_that_is_not_there(refresh):
    with ImapTry(port=1, auth="xoauth2", token_url="http://127.0.0.1:1/token", refresh_file=refresh) as c:
        assert "no access token from http://127.0.0.1:1/token" in c.until("down token")


@pytest.mark.parametrize("url", ["http://example.com/token", "ftp://localhost/x", "http://localhost.example.com/",
                                 "localhost", ""])
def test_an_endpoint_must_be_encrypted(refresh, url):
    if not url:
        return
    with ImapTry(port=1, auth="xoauth2", token_url=url, refresh_file=refresh) as c:
        assert "token_url must begin with https://" in c.until("down token")


def test_an_endpoint_by_tls(refresh, tmp_path):
    certificates = Certificates(tmp_path / "ca")
    good = certificates.make("good")
    with TokenEndpoint([answer()], tls=certificates.context(good)) as t, ImapServer(auth=("XOAUTH2",),
                                                                                    tokens=[TOKEN]) as s:
        with ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh) as c:
            assert "certificate" in c.until("down token")
            assert not t.requests
        with ImapTry(port=s.port, auth="xoauth2", token_url=t.url, refresh_file=refresh, token_ca=certificates.ca) as c:
            c.until("ready")


def test_somebody_else_renews_the_token(tmp_path):
    path = tmp_path / "token"
    path.write_text("old")
    with ImapServer(auth=("XOAUTH2",), tokens=["new"]) as s, ImapTry(port=s.port, auth="xoauth2", token_file=path) as c:
        c.until("down refused")
        path.write_text("new\n")
        c.say("hurry")
        c.until("ready")
    with ImapTry(port=1, auth="xoauth2", token_file=tmp_path / "none") as c:
        assert "none cannot be read: No such file" in c.until("down token")


def test_files_that_cannot_be_read(tmp_path, refresh):
    with TokenEndpoint([answer()]) as t:
        with ImapTry(port=1, auth="xoauth2", token_url=t.url, refresh_file=tmp_path / "none") as c:
            assert f"{tmp_path}/none cannot be read: No such file" in c.until("down token")
        (tmp_path / "empty").write_text("\n")
        with ImapTry(port=1, auth="xoauth2", token_url=t.url, refresh_file=refresh,
                     client_secret_file=tmp_path / "empty") as c:
            assert f"{tmp_path}/empty cannot be read: it is empty" in c.until("down token")
        assert not t.requests

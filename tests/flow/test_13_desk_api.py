# SPDX-License-Identifier: Apache-2.0
"""The desk definition over HTTP: read, checked, put into force, taken back; by whom; and what is wrong, with its place."""
import os
import pathlib
import signal
import socket
import threading

import pytest
from agents_api import CONFIG, DEFINITION, Api, client, desk, well, write  # noqa: F401
from desk import Desk, wait_for

YAML = {"Content-Type": "application/yaml"}


class Operator(Api):
    """Who changes the desk definition."""

    def see(self, path="/v1/desk"):
        """(version, document)."""
        status, headers, document = self.ask_raw("GET", path)
        assert status == 200 and headers["Content-Type"] == "application/yaml"
        return int(headers["ETag"].strip('"')), document.decode()

    def put(self, document, expected, method="PUT", path="/v1/desk", headers=None):
        """(status, headers, JSON)."""
        match = {} if expected is None else {"If-Match": f'"{expected}"' if isinstance(expected, int) else expected}
        body = document.encode() if isinstance(document, str) else document
        return self.ask(method, path, body, {**YAML, **match, **(headers or {})})

    def apply(self, document, expected):
        status, headers, body = self.put(document, expected)
        assert status == 200 and headers["ETag"] == f'"{body["version"]}"', body
        return body["version"]

    def check(self, document):
        return self.put(document, None, "POST", "/v1/desk/check")

    def rollback(self, version, expected):
        return self.ask("POST", f"/v1/desk/versions/{version}/rollback", headers={"If-Match": f'"{expected}"'})


@pytest.fixture(scope="module")
def cho(desk):
    made = client(desk, "cho", "--operator")
    return Operator(f"http://{made.address.netloc}", made.token)


@pytest.fixture(scope="module")
def boss(desk):
    return client(desk, "boss", "--supervisor")


# ---- read, change, take back

def test_from_one_version_to_the_next(desk, cho, boss):
    news = boss.events()
    news.wait("hello")
    version, document = cho.see()
    assert document == DEFINITION and cho.see(f"/v1/desk/versions/{version}") == (version, document)
    changed = document.replace("answer_within: 4h, wrap_up", "answer_within: 2h, wrap_up") + "# with a note: ä\n"
    status, _, body = cho.check(changed)
    assert (status, body) == (200, {"alarms": []}) and cho.see() == (version, document), "a check changes nothing"
    assert cho.apply(changed, version) == version + 1
    assert cho.see() == (version + 1, changed)
    assert desk.run("desk", "export").stdout.decode() == changed
    told = news.wait("desk", version=version + 1)
    assert told["by"] == "cho" and told["at"] and "item" not in told
    first, second = desk.json("desk", "versions")[-2:]
    assert (second["version"], second["by"], second["in_force"]) == (version + 1, "cho", True) and "by" not in first
    assert "by cho  in force" in desk.run("desk", "versions").stdout.decode()
    listed = cho.get("/v1/desk/versions")["data"]
    assert listed[:2] == [second, first] and cho.get("/v1/desk/versions?limit=1")["data"] == [second]
    status, headers, diff = cho.ask_raw("GET", f"/v1/desk/versions/{version}/diff")
    assert status == 200 and headers["Content-Type"].startswith("text/plain")
    assert diff == desk.run("desk", "diff", str(version)).stdout and b"+# with a note: \xc3\xa4\n" in diff
    assert cho.ask_raw("GET", f"/v1/desk/versions/{version}/diff?to={version}")[2] == b""
    back = cho.ask_raw("GET", f"/v1/desk/versions/{version + 1}/diff?to={version}")[2]
    assert back.startswith(b"--- version %d" % (version + 1))
    status, headers, body = cho.rollback(version, version + 1)
    assert (status, body, headers["ETag"]) == (200, {"version": version + 2, "alarms": []}, f'"{version + 2}"')
    assert cho.see() == (version + 2, document)
    news.close()


def test_it_counts(desk, cho):
    """The programs work by it: a new queue gets what its rule sends there."""
    version, document = cho.see()
    changed = document.replace("agents:", "  - {name: returns, answer_within: 1h}\nagents:").replace(
        "rules:", "rules:\n  - {name: back, when: {words: [return]}, then: {queue: returns}}")
    status, _, body = cho.put(changed, version)
    assert status == 200 and [a["line"] for a in body["alarms"]] == [5], body
    assert body["alarms"][0]["text"].startswith("work items come to queue 'returns', and no agent is a member")
    boss = client(desk, "boss", "--supervisor")
    wait_for(lambda: "returns" in {q["name"] for q in boss.get("/v1/queues")["data"]}, "the queue")
    assert boss.get("/v1/queues/returns/items")["data"] == []
    assert cho.rollback(version, version + 1)[0] == 200


def test_members_by_rule(desk, cho):
    """Who learns what a queue asks is its member, and gets its work."""
    version, document = cho.see()
    changed = document.replace("agents:", "  - {name: returns, members: {skills: [\"boxes >= 2\"]}}\nagents:").replace(
        "rules:", "rules:\n  - {name: back, when: {words: [return]}, then: {queue: returns}}")
    status, _, body = cho.put(changed, version)
    assert status == 200
    assert {a["text"] for a in body["alarms"]} == {
        "no agent has all the skills that make a member of queue 'returns'",
        "work items come to queue 'returns', and no agent is a member: they are offered to nobody"}
    status, _, body = cho.put(changed.replace("zh: 5", "zh: 5, boxes: 2"), version + 1)
    assert (status, body) == (200, {"version": version + 2, "alarms": []})
    ana = client(desk, "ana")
    ana.ready()
    item = write(desk, "I return this")
    assert ana.wait_offer() == item and ana.item(item)["queue"] == "returns"
    assert ana.get("/v1/me")["queues"] == ["support", "returns"]
    shown = desk.run("agent", "show", "ana").stdout.decode()
    assert "    queues: support, returns\n    skills: zh 5, boxes 2\n" in shown, shown
    assert desk.json("agent", "show", "ana")["queues"] == {"support": 1.0, "returns": 1.0}
    ana.act(item, "accept")
    ana.act(item, "done")
    ana.ready("offline")
    assert cho.rollback(version, version + 2)[0] == 200


def test_only_on_top_of_what_was_looked_at(cho):
    version, document = cho.see()
    changed = document + "# stale\n"
    status, _, body = cho.put(changed, None)
    assert status == 428 and body["code"] == "no-match" and "If-Match" in body["title"]
    for wrong in ("7", "*", 'W/"7"', '"7", "8"', '""', '"x"', '"-1"', '"99999999999999999999"', '"9223372036854775807"',
                  '"007"', ""):
        status, _, body = cho.put(changed, wrong)
        assert status == 400 and body["errors"][0]["field"] == "If-Match", wrong
    for other in (version + 1, version - 1, 0, 9007199254740991):
        status, _, body = cho.put(changed, other)
        assert status == 412 and body["code"] == "stale" and body["version"] == version, other
    status, _, body = cho.rollback(1, version + 5)
    assert status == 412 and body["version"] == version
    assert cho.ask("POST", "/v1/desk/versions/1/rollback")[0] == 428
    assert cho.see() == (version, document)


def test_asked_again(cho):
    """Who lost the answer asks again and gets it; what somebody else did since is not undone."""
    version, document = cho.see()
    assert cho.apply(document, version) == version, "it is in force already"
    assert cho.rollback(version, version)[2]["version"] == version
    changed = document + "# again\n"
    assert cho.apply(changed, version) == version + 1
    assert cho.apply(changed, version) == version + 1
    assert cho.rollback(version, version + 1)[2]["version"] == version + 2
    assert cho.rollback(version, version + 1)[2]["version"] == version + 2
    assert cho.put(changed, version)[0] == 412
    assert cho.see() == (version + 2, document)


def test_one_of_two_wins(cho):
    version, document = cho.see()
    answers, barrier = [], threading.Barrier(6)

    def put(n):
        barrier.wait()
        answers.append(cho.put(document + f"# {n}\n", version))
    threads = [threading.Thread(daemon=True, target=put, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(a[0] for a in answers) == [200] + [412] * 5
    assert {a[2]["version"] for a in answers} == {version + 1}
    assert cho.rollback(version, version + 1)[0] == 200


def test_known_already(cho):
    version, _ = cho.see()
    for path in ("/v1/desk", f"/v1/desk/versions/{version}"):
        for value in (f'"{version}"', f'W/"{version}"', f'"1", "{version}"', "*"):
            status, headers, body = cho.ask_raw("GET", path, headers={"If-None-Match": value})
            assert (status, body, headers["ETag"]) == (304, b"", f'"{version}"'), value
        assert cho.ask_raw("GET", path, headers={"If-None-Match": f'"{version + 1}", x'})[0] == 200
    assert cho.ask("GET", "/v1/desk/versions", headers={"If-None-Match": "*"})[0] == 200


def test_no_such_version(cho):
    version, _ = cho.see()
    for path in ("/v1/desk/versions/999", "/v1/desk/versions/999/diff", f"/v1/desk/versions/{version}/diff?to=999",
                 "/v1/desk/versions/x", "/v1/desk/versions/0", "/v1/desk/versions/-1", "/v1/desk/nothing",
                 "/v1/desk/versions/9007199254740991", "/v1/desk/versions/9007199254740992", "/v1/desk/versions/" + "9" * 30):
        status, _, body = cho.ask("GET", path)
        assert status == 404 and body["code"] == "not-found", path
    assert cho.rollback(999, version)[0] == 404
    for query in ("to=x", "to=0", "to=-1"):
        assert cho.ask("GET", f"/v1/desk/versions/1/diff?{query}")[0] == 422
    assert cho.ask("GET", "/v1/desk/versions?limit=0")[0] == cho.ask("GET", "/v1/desk/versions?limit=501")[0] == 422
    status, headers, _ = cho.ask("DELETE", "/v1/desk")
    assert status == 405 and headers["Allow"] == "GET, PUT"


# ---- who may

ROUTES = [("GET", "/v1/desk", "so"), ("GET", "/v1/desk/versions", "so"), ("GET", "/v1/desk/versions/1", "so"),
          ("GET", "/v1/desk/versions/1/diff", "so"), ("POST", "/v1/desk/check", "so"), ("PUT", "/v1/desk", "o"),
          ("POST", "/v1/desk/versions/1/rollback", "o"), ("GET", "/v1/me", "as"), ("GET", "/v1/events", "as"),
          ("GET", "/v1/offers", "as"), ("PUT", "/v1/me/presence", "as"), ("POST", "/v1/items/claim", "as"),
          ("GET", "/v1/items/w1", "as"), ("GET", "/v1/items/w1/why", "as"), ("POST", "/v1/items/w1/done", "as"),
          ("GET", "/v1/queues", "as"), ("GET", "/v1/queues/support/items", "as"), ("GET", "/v1/agents", "s"),
          ("GET", "/v1/aside", "as"), ("POST", "/v1/items/w1/take-over", "s")]


@pytest.mark.parametrize("method, path, who", ROUTES)
def test_who_may(desk, cho, boss, method, path, who):
    """Operators change the desk and see no work; supervisors see both; agents see no definition."""
    for role, api in (("a", client(desk, "ana")), ("s", boss), ("o", cho)):
        if role in who:
            continue
        body = None if method == "GET" else b"queues: []\n" if "desk" in path else "{}"
        headers = {**(YAML if "desk" in path and body else {}), "If-Match": '"1"'}
        status, _, answer = api.ask(method, path, body, headers)
        assert status == 403 and answer["code"] == "forbidden" and answer["detail"].startswith("Only for "), role
    assert Api(desk.endpoints["inbox"], None).ask(method, path)[0] in (401, 429)


def test_supervisors_see_it(cho, boss):
    version, document = cho.see()
    status, headers, body = boss.ask_raw("GET", "/v1/desk")
    assert (status, headers["ETag"], body.decode()) == (200, f'"{version}"', document)
    assert boss.ask("POST", "/v1/desk/check", document.encode(), YAML)[0] == 200
    assert boss.get("/v1/desk/versions")["data"][0]["version"] == version


# ---- what is refused

BAD = [
    ("queues: [", "line 2", None),
    ("queues: 5\n", "line 1", None),
    ("queues: [{name: a}]\nrulez: []\ndefault: {queue: a}\n", "line 2", "rulez"),
    ("queues: [{name: a, nobody: a}]\ndefault: {queue: a}\n", "line 1", "in a circle"),
    ("queues: [{name: a}]\ntemplates: [{name: t, when: {channel: [mail]}, text: '{{nothing}}'}]\ndefault: {queue: a}\n",
     "line 2", "template 't': line 1 of its text, column 1: there is no variable 'nothing'"),
    ("hours: [{name: h, zone: Mars/Olympus, open: {mon: '09:00-17:00'}}]\nqueues: [{name: a}]\ndefault: {queue: a}\n", "line 1",
     "knows no time zone"),
    (b"queues: [{name: \xff\xfe}]\n", "line", None),
    (b"queues: [{name: a\x00b}]\n", "line", None),
    ("queues: [{name: a}]\ndefault: {queue: " + "ä" * 700 + "}\n", "line 2", "ä"),
    ("a: &a [x, x, x]\nb: [*a, *a, *a]\n", "line 1", None),
    ("[" * 20000, "line", None),
    ("--- {}\n--- {}\n", "line", None),
    ("just words", "line", None),
    ("".join(f"%TAG !{n}! !\n" for n in range(17)) + "---\nqueues: [{name: a}]\ndefault: {queue: a}\n", "line 17",
     "more than 16 lines begin with '%', as YAML's directives do"),
]


@pytest.mark.parametrize("n", range(len(BAD)))
def test_what_is_wrong_is_told_with_its_place(cho, n):
    document, line, words = BAD[n]
    version, before = cho.see()
    checked, applied = cho.check(document), cho.put(document, version)
    for status, headers, body in (checked, applied):
        assert status == 422 and body["code"] == "desk-refused" and headers["Content-Type"] == "application/problem+json"
        first = body["findings"][0]
        assert body["detail"].startswith(line) and first["line"] >= 1 and first["column"] >= 0 and first["text"]
        assert words is None or any(words in f["text"] for f in body["findings"]), body
    assert checked[2] == applied[2] and cho.see() == (version, before)


def test_many_findings(cho):
    queues = "\n".join(f"  - {{name: q{n}, nobody: q{n}}}" for n in range(150))
    status, _, body = cho.check(f"queues:\n{queues}\ndefault: {{queue: q0}}\n")
    assert (status, len(body["findings"]), body["more"]) == (422, 100, 50)
    queues = "\n".join(f"  - {{name: q{n}, members: {{skills: [fr]}}}}" for n in range(150))
    status, _, body = cho.check(f"queues:\n{queues}\ndefault: {{queue: q0}}\nagents: [{{name: ana, queues: [q0]}}]\n")
    assert (status, len(body["alarms"]), body["more"]) == (200, 100, 50)


def test_bodies(desk, cho):
    version, document = cho.see()
    for body in (b"", None):
        status, _, answer = cho.ask("PUT", "/v1/desk", body, {**YAML, "If-Match": f'"{version}"'})
        assert status == 422 and answer["errors"] == [{"field": "document", "detail": "must be given"}]
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", "application/yamlx", ""):
        status, _, answer = cho.put(document, version, headers={"Content-Type": kind})
        assert status == 415 and answer["code"] == "media-type" and "application/yaml" in answer["title"]
    assert cho.put(document, version, "POST", "/v1/desk/check", {"Content-Type": "Application/YAML; charset=utf-8"})[0] == 200
    most = 1024 * 1024
    large = document + "#" * (most - len(document) - 1) + "\n"
    assert len(large) == most and cho.check(large)[0] == 200
    for api, limit in ((cho, most), (client(desk, "ana"), 16384), (Api(desk.endpoints["inbox"], "dbk_" + "a" * 52), 16384)):
        s = api.connect()
        s.sendall(f"POST /v1/desk/check HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
                  f"Content-Type: application/yaml\r\nContent-Length: {limit + 1}\r\n\r\n".encode())
        said = b"".join(iter(lambda: s.recv(65536), b"")).decode()
        assert " 413 " in said.splitlines()[0], "who may see one has room for it"
    assert cho.apply(large, version) == version + 1 and cho.see() == (version + 1, large)
    assert cho.rollback(version, version + 1)[0] == 200


def judges(desk):
    """Process ids of those who judge for this desk's inbox."""
    found, parent = [], desk.pids().get("inbox")
    for at in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if b"inbox-judge" in (at / "cmdline").read_bytes() and f"\nPPid:\t{parent}\n" in (at / "status").read_text():
                found.append(int(at.name))
        except OSError:
            pass
    return found


def answers_again(api):
    try:
        return api.ask_raw("GET", "/v1/desk")[0] == 200
    except OSError:
        return False


def endless():
    """A document that takes minutes to judge: each of 500 rules is nearly as wide as each before it."""
    patterns = ", ".join(f'"{"*a" * 4}{n}"' for n in range(95))
    rules = "".join(f'  - {{name: r{n}, when: {{recipient: [{patterns}, "z{n}"]}}, then: {{queue: a}}}}\n' for n in range(480))
    return f"queues: [{{name: a}}]\ndefault: {{queue: a}}\nrules:\n{rules}"


def test_who_waits_for_a_judge_waits_alone(desk, cho):
    document, small, slow_answers, answers = endless(), "queues: [{name: a}]\ndefault: {queue: a}\n", [], []
    slow = [threading.Thread(daemon=True, target=lambda: slow_answers.append(cho.check(document))) for _ in range(2)]
    for t in slow:
        t.start()
    wait_for(lambda: len(judges(desk)) == 2, "two under way")
    others = [threading.Thread(daemon=True, target=lambda: answers.append(cho.check(small))) for _ in range(16)]
    for t in others:
        t.start()
    wait_for(lambda: len(answers) == 2, "two too many")
    assert client(desk, "ana").get("/v1/me")["agent"] == "ana" and not slow_answers, "agents do not wait"
    for status, headers, body in answers:
        assert (status, headers["Retry-After"], body["code"]) == (503, "1", "unjudged")
    for t in slow + others:
        t.join()
    assert sorted(a[0] for a in answers) == [200] * 14 + [503] * 2, "the others had their turn"
    for status, _, body in slow_answers:
        assert status == 422 and body["findings"][0]["text"].startswith("judging it took too much time"), body


def test_a_judge_that_dies(desk, cho):
    version, document = cho.see()
    answers = []
    waiting = threading.Thread(daemon=True, target=lambda: answers.append(cho.put(endless(), version)))
    waiting.start()
    (pid,) = wait_for(lambda: judges(desk), "it to be judged")
    os.kill(pid, signal.SIGUSR1)
    waiting.join()
    assert answers[0][0] == 503 and answers[0][2]["code"] == "unjudged" and cho.see() == (version, document)
    s = cho.connect()
    s.sendall(f'PUT /v1/desk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {cho.token}\r\nContent-Type: application/yaml\r\n'
              f'If-Match: "{version}"\r\nContent-Length: {len(endless())}\r\n\r\n{endless()}'.encode())
    wait_for(lambda: judges(desk), "it to be judged")
    desk.kill("inbox")
    s.close()
    wait_for(lambda: not judges(desk), "it to go with its parent")
    cho.address = wait_for(lambda: desk.is_there("inbox") and client(desk, "cho").address, "the inbox again")
    wait_for(lambda: answers_again(cho), "the inbox to answer")
    assert cho.see() == (version, document)


def test_a_body_that_does_not_come(desk, cho):
    """Half a definition, and the caller is gone: nothing is done."""
    version, document = cho.see()
    s = socket.create_connection((cho.address.hostname, cho.address.port))
    half = document.encode()[:50]
    s.sendall(f'PUT /v1/desk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {cho.token}\r\nContent-Type: application/yaml\r\n'
              f'If-Match: "{version}"\r\nContent-Length: {len(document)}\r\n\r\n'.encode() + half)
    s.close()
    assert cho.see() == (version, document)


def test_origins(cho):
    status, headers, _ = cho.ask_raw("GET", "/v1/desk", headers={"Origin": "https://crm.example.com"})
    assert status == 200 and "ETag" in headers["Access-Control-Expose-Headers"]
    status, headers, _ = cho.ask_raw("OPTIONS", "/v1/desk", headers={"Origin": "https://crm.example.com"})
    assert status == 204 and "If-Match" in headers["Access-Control-Allow-Headers"]


def test_words_of_the_desk_are_in_no_log(desk, cho):
    version, document = cho.see()
    assert cho.put(document + "# secretremark\n", version)[0] == 200
    assert cho.put("queues: secretremark\n", version + 1)[0] == 422
    assert cho.rollback(version, version + 1)[0] == 200
    assert "secretremark" not in desk.log_text()
    lines = [line for line in desk.log_text().splitlines() if "event=desk_applied" in line]
    assert f"by=cho version={version + 2}" in lines[-1]


# ---- deaths

def test_killed_before_the_answer(tmp_path):
    points = tmp_path / "points"
    points.mkdir()
    with Desk(tmp_path / "desk", CONFIG) as desk:
        desk.up(env={"DESKBELL_POINTS": str(points)})
        made = client(desk, "cho", "--operator")
        (points / "inbox.answered").write_text("0")
        with pytest.raises(OSError):
            made.ask("PUT", "/v1/desk", DEFINITION.encode(), {**YAML, "If-Match": '"1"'})

        def again():
            try:
                api = Api(desk.endpoints["inbox"], made.token)
                return api.ask("PUT", "/v1/desk", DEFINITION.encode(), {**YAML, "If-Match": '"1"'})
            except OSError:
                return None
        status, _, body = wait_for(again, "the inbox to be back")
        assert (status, body["version"]) == (200, 2)
        assert [v["version"] for v in desk.json("desk", "versions")] == [1, 2]
        assert well(desk)

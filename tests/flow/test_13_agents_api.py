# SPDX-License-Identifier: Apache-2.0
"""Agents' queues served over HTTP, without our inbox: a whole shift, who is let in, strangers' bytes, the document."""
import os
import re
import socket
import subprocess
import threading
import urllib.parse

import yaml
from agents_api import CONFIG, Api, client, desk, team, token, write  # noqa: F401
from desk import BIN, ROOT, descriptors, mail, wait_for
from outbox import client as redis_of


# ---- a shift

def test_a_shift(desk, team):
    ana, stream = team["ana"], team["ana"].events()
    hello = stream.wait("hello")
    assert hello["agent"] == "ana" and hello["resumed"] is False
    assert ana.ready() == {"presence": "ready", "already": False}
    assert ana.ready()["already"] is True
    stream.wait("presence", agent="ana", presence="ready")
    item = write(desk)
    offer = stream.wait("offer", item=item)
    assert offer["agents"] == ["ana"] and offer["queue"] == "support" and offer["until"] > offer["at"]
    assert ana.get("/v1/offers")["data"][0]["item"] == item
    me = ana.get("/v1/me")
    assert (me["agent"], me["presence"], me["used"], me["units"]) == ("ana", "ready", 1, 4)
    assert me["queues"] == ["support"] and "queues" not in client(desk, "stranger").get("/v1/me")
    assert [(i["item"], i["state"]) for i in me["items"]] == [(item, "offered")]
    assert ana.act(item, "accept") == {"item": item, "already": False}
    assert ana.act(item, "accept")["item"] == item, "a lost answer is asked for again"
    stream.wait("claim", item=item, how="accepted")
    shown = ana.item(item)
    assert shown["state"] == "active" and shown["agent"] == "ana" and shown["messages"] == 1
    assert shown["event"]["text"] == "Where is my order?" and shown["context"]["state"] in ("present", "absent")
    why = ana.get(f"/v1/items/{item}/why")
    assert why["words"].startswith("offered to ana") and why["record"]["agents"][0]["agent"] == "ana"
    assert ana.act(item, "done", seen=1)["already"] is False
    stream.wait("done", item=item)
    assert ana.act(item, "done")["already"] is True
    assert ana.item(item)["state"] == "done"
    stream.close()


def test_what_was_before(desk, team):
    """Who takes it up sees how often this customer had to ask already."""
    ana, phone = team["ana"], "+14155570001"
    histories = []
    for _ in range(3):
        item = write(desk, phone=phone)
        ana.do("/v1/items/claim", item=item)
        histories.append(ana.item(item)["context"].get("history"))
        held = desk.run("queue", "held").stdout.decode()
        ana.act(item, "done")
    assert histories[0] is None and [(h["contacts"], h["conversations"]) for h in histories[1:]] == [(1, 1), (2, 1)]
    assert histories[1]["known_since"] == histories[1]["last_contact"] < histories[2]["last_contact"] < histories[2]["last_served"]
    assert "before  2 contacts, 1 conversation begun, the last contact 20" in held, held


def test_what_else_is_open(desk, team):
    """One face to the customer: who has one item sees the others of the same customer, over all channels, as they stand now."""
    ana, cy, boss, phone = team["ana"], team["cy"], team["boss"], "+14155570002"
    first = write(desk, phone=phone)
    ana.do("/v1/items/claim", item=first)
    assert ana.item(first)["open_conversations"] == []
    desk.run("customer", "import", str(people(desk, phone, "ann@example.org")))
    assert desk.lmtp(mail("my invoice 7", sender="Ann <ann@example.org>", subject="Invoice 7")) == {}
    second = wait_for(lambda: [r["item"] for r in boss.get("/v1/queues/billing/items")["data"]], "the mail")[0]
    (row,) = wait_for(lambda: ana.item(first)["open_conversations"], "the other conversation")
    assert (row["item"], row["queue"], row["state"], row["channel"], row["agents"]) == (second, "billing", "waiting", "mail", [])
    assert "subject" not in row, "billing is none of ana's queues"
    (row,) = boss.item(first)["open_conversations"]
    assert row["subject"] == "Invoice 7" and row["reference"] and row["last_message"]
    cy.do("/v1/items/claim", item=second)
    assert ana.item(first)["open_conversations"][0]["agents"] == ["cy"], "as it stands now"
    (row,) = cy.item(second)["open_conversations"]
    assert (row["item"], row["state"], row["agents"]) == (first, "active", ["ana"])
    held = desk.run("queue", "held").stdout.decode()
    assert f"    also    {second} active in billing, with cy (mail) Invoice 7\n" in held, held
    redis = redis_of(desk)
    key = "{p00}:conv:" + ana.item(first)["open_conversations"][0]["conversation"]
    redis.rename(key, key + ":kept")
    redis.set(key, "damaged")
    assert ana.item(first)["open_conversations"] == [], "what is damaged keeps nobody from their item"
    redis.rename(key + ":kept", key)
    cy.act(second, "done")
    cy.act(second, "done")
    assert ana.item(first)["open_conversations"] == []
    ana.act(first, "done")


def people(desk, phone, address):
    path = desk.folder / "people.csv"
    path.write_text(f"email,phone,name\n{address},{phone},Ann\n")
    return path


def test_every_move(desk, team):
    ana, bo, boss = team["ana"], team["bo"], team["boss"]
    ana.ready()
    first = write(desk)
    item = ana.wait_offer()
    assert item == first
    ana.act(item, "decline", why="not now")
    assert ana.get("/v1/offers")["data"] == []
    assert boss.get(f"/v1/items/{item}/why")["state"] == "waiting"
    assert ana.do("/v1/items/claim", item=item)["item"] == item
    later = "2036-01-01T00:00:00Z"
    assert ana.act(item, "hold", until=later, why="asked for the number")["already"] is False
    assert ana.item(item)["state"] == "on_hold"
    ana.act(item, "resume")
    ana.act(item, "snooze", until=later)
    assert ana.item(item)["until"] == "2036-01-01T00:00:00.000Z"
    ana.act(item, "resume")
    stream = bo.events()
    stream.wait("hello")
    bo.ready()
    ana.act(item, "transfer", agent="bo", note="speaks with\nthe warehouse")
    requeue = stream.wait("requeue", item=item, to="bo")
    assert requeue["by"] == "ana" and requeue["note"] == "speaks with\nthe warehouse"
    stream.wait("offer", item=item)
    assert bo.item(item)["note"] == "speaks with\nthe warehouse"
    bo.act(item, "accept")
    assert boss.act(item, "take-over")["agent"] == "boss"
    stream.wait("claim", item=item, how="taken")
    boss.act(item, "transfer", queue="billing")
    assert boss.item(item)["queue"] == "billing"
    wait_for(lambda: boss.item(item)["state"] == "offered", "an offer in the other queue")
    bo.act(item, "accept")
    bo.act(item, "done")
    assert bo.item(item)["state"] == "wrapping"
    bo.act(item, "done")
    assert bo.item(item)["state"] == "done"
    bo.act(item, "reopen", why="the customer called")
    assert bo.item(item)["state"] in ("waiting", "offered")
    stream.close()


def test_pull(desk, team):
    cy = team["cy"]
    assert cy.do("/v1/items/claim") == {"item": None}
    first, second = write(desk, "my invoice one"), write(desk, "my invoice two")
    assert [r["item"] for r in cy.get("/v1/queues/billing/items")["data"]] == [first, second]
    assert cy.do("/v1/items/claim", queue="billing") == {"item": first, "agent": "cy", "already": False}
    assert cy.do("/v1/items/claim", expect=409)["code"] == "full"
    assert cy.do("/v1/items/claim", item=first)["item"] == first, "a repeat with the item is answered as the first"
    assert cy.do("/v1/items/claim", item="w0000000000000000", expect=404)["code"] == "not-found"
    queue = {q["name"]: q for q in cy.get("/v1/queues")["data"]}["billing"]
    assert queue["waiting"] == 1 and queue["open"] is True


def test_what_cannot_be(desk, team):
    ana, bo = team["ana"], team["bo"]
    item = write(desk)
    assert ana.act(item, "accept", 409)["code"] == "not-offered"
    assert ana.act(item, "decline", 409)["code"] == "not-offered"
    assert ana.do("/v1/items/claim", item=item)["item"] == item
    assert bo.do("/v1/items/claim", item=item, expect=409) == {
        "type": "urn:deskbell:problem:taken", "title": "Another agent has it.", "status": 409, "code": "taken", "agent": "ana"}
    assert ana.act(item, "reopen", 409) | {"state": "active"} == ana.act(item, "reopen", 409)
    assert ana.act(item, "transfer", 422, queue="nowhere")["detail"] == "There is no such queue."
    assert ana.act(item, "transfer", 422, agent="nobody")["code"] == "unknown"
    assert ana.act(item, "done", 409, seen=0)["code"] == "news"
    ana.act(item, "done", seen=1)
    assert ana.act(item, "hold", 409)["code"] == "illegal"


# ---- who is let in

def test_no_token_no_service(desk):
    known = token(desk, "guest")
    for value in (None, "", "Bearer", "Bearer ", "Bearer x", f"Basic {known}", known, f"Bearer {known}x",
                  f"Bearer {known[:-1]}", f"Bearer {known[:-1]}{'0' if known[-1] != '0' else '1'}"):
        api = Api(desk.endpoints["inbox"], None)
        for method, path in (("GET", "/v1/me"), ("POST", "/v1/items/claim"), ("GET", "/v1/events"), ("GET", "/nowhere")):
            status, headers, body = api.ask(method, path, headers={"Authorization": value} if value is not None else {})
            if status == 429:  # guessing has its limit
                assert int(headers["Retry-After"]) >= 1
                continue
            assert status == 401 and body["code"] == "signed-out" and headers["WWW-Authenticate"].startswith("Bearer")
    assert Api(desk.endpoints["inbox"], None).ask("GET", f"/v1/me?access_token={known}")[0] in (401, 429)
    assert Api(desk.endpoints["inbox"], known).get("/v1/me")["agent"] == "guest", "who has one is not kept out by those who guess"
    assert known not in desk.log_text()


def test_revoked_at_once(desk):
    api = client(desk, "temp")
    rows = [t for t in desk.json("token", "ls") if t["agent"] == "temp"]
    stream = api.events()
    stream.wait("hello")
    assert desk.json("token", "revoke", rows[0]["id"]) == {"revoked": 1}
    assert api.ask("GET", "/v1/me")[0] in (401, 429)
    assert stream.wait("reset")["reason"] == "signed-out"
    assert stream.ended.wait(30)


def test_a_file_others_may_read_lets_nobody_in(desk):
    api, path = client(desk, "temp2"), desk.dir / "secrets" / "agents.tokens"
    api.get("/v1/me")
    path.chmod(0o644)
    try:
        assert api.ask("GET", "/v1/me")[0] in (401, 429)
        wait_for(lambda: "chmod 600" in desk.health("inbox")[1], "the health to say it")
        assert desk.run("token", "new", "temp2", check=False).returncode == 1
    finally:
        path.chmod(0o600)
    api.get("/v1/me")


def test_tokens_on_the_command_line(desk):
    made = desk.json("token", "new", "dora", "--supervisor")
    assert made["agent"] == "dora" and made["role"] == "supervisor" and made["token"].startswith("dbk_")
    listed = [t for t in desk.json("token", "ls") if t["agent"] == "dora"]
    assert listed == [{"id": made["id"], "agent": "dora", "role": "supervisor"}]
    text = (desk.dir / "secrets" / "agents.tokens").read_text()
    assert made["token"] not in text and (desk.dir / "secrets" / "agents.tokens").stat().st_mode & 0o777 == 0o600
    desk.run("token", "new", "dora")
    assert desk.json("token", "new", "dora", "--operator")["role"] == "operator"
    assert desk.run("token", "new", "dora", "--operator", "--supervisor", check=False).returncode == 2
    assert desk.json("token", "revoke", "dora") == {"revoked": 3}
    assert desk.run("token", "revoke", "dora", check=False).returncode == 1
    assert desk.run("token", "new", "Dora", check=False).returncode == 2
    with open(desk.dir / "secrets" / "agents.tokens", "a", encoding="ascii") as f:
        f.write("this is nonsense\n")
    done = desk.run("token", "ls")
    assert b"make no sense" in done.stderr
    kept = [line for line in (desk.dir / "secrets" / "agents.tokens").read_text().splitlines() if line != "this is nonsense"]
    (desk.dir / "secrets" / "agents.tokens").write_text("\n".join(kept) + "\n")


def test_made_at_the_same_time(desk):
    made = []

    def make(n):
        made.append(token(desk, f"twin-{n}"))
    threads = [threading.Thread(daemon=True, target=make, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(Api(desk.endpoints["inbox"], t).get("/v1/me")["agent"].startswith("twin-") for t in made)


# ---- others' work

def test_others_items(desk, team):
    ana, bo, cy, boss = (team[n] for n in ("ana", "bo", "cy", "boss"))
    item = write(desk)
    assert cy.ask("GET", f"/v1/items/{item}")[0] == 403, "not of cy's queues"
    assert cy.ask("GET", f"/v1/items/{item}/why")[0] == 403
    assert cy.ask("GET", "/v1/queues/support/items")[0] == 403
    assert cy.do("/v1/items/claim", item=item, expect=409)["code"] == "unfit"
    assert cy.act(item, "done", 403)["code"] == "not-yours"
    assert cy.act(item, "transfer", 403, queue="billing")["code"] == "not-yours"
    ana.do("/v1/items/claim", item=item)
    for verb, body in (("done", {}), ("hold", {}), ("snooze", {"until": "2036-01-01T00:00:00Z"}), ("resume", {}),
                       ("transfer", {"queue": "billing"}), ("reopen", {})):
        assert bo.act(item, verb, 403, **body)["code"] == "not-yours"
    assert bo.act(item, "take-over", 403)["code"] == "forbidden"
    assert bo.do("/v1/items/claim", agent="ana", expect=403)["code"] == "forbidden"
    assert bo.ask("GET", "/v1/agents")[0] == 403
    assert ana.item(item)["agent"] == "ana" and ana.item(item)["state"] == "active"
    boss.act(item, "hold", why="by hand")
    assert ana.item(item)["state"] == "on_hold" and ana.item(item)["agent"] == "ana"


def test_what_is_put_aside_is_found_again(desk, team):
    ana, bo, boss = team["ana"], team["bo"], team["boss"]

    def aside(who, query=""):
        return [r for r in who.get("/v1/aside?limit=500" + query)["data"] if r["item"] == item]
    item = write(desk)
    ana.do("/v1/items/claim", item=item)
    ana.act(item, "snooze", until="2036-01-01T00:00:00Z")
    (row,) = aside(ana)
    assert (row["item"], row["state"], row["agent"], row["queue"]) == (item, "snoozed", "ana", "support")
    assert row["until"] == "2036-01-01T00:00:00.000Z" and row["since"]
    assert aside(ana, "&agent=ana") == aside(boss, "&agent=ana") == aside(boss) == [row]
    assert aside(boss, "&agent=bo") == aside(bo) == []
    assert bo.ask("GET", "/v1/aside?agent=ana")[0] == 403 and len(boss.get("/v1/aside?limit=1")["data"]) == 1
    ana.act(item, "hold")
    (row,) = aside(ana)
    assert row["state"] == "on_hold" and "until" not in row
    ana.act(item, "resume")
    assert aside(ana) == aside(boss) == []
    ana.act(item, "done")
    item = write(desk)
    desk.run("queue", "hold", item)
    (row,) = aside(boss)
    assert "agent" not in row and aside(ana) == [], "nobody had it"
    desk.run("queue", "done", item)


def test_one_of_two_wins(desk, team):
    agents = [team["ana"], team["bo"]]
    for _ in range(5):
        item, answers = write(desk), []
        barrier = threading.Barrier(8)

        def claim(api):
            barrier.wait()
            answers.append((api.ask("POST", "/v1/items/claim", {"item": item}), api))
        threads = [threading.Thread(daemon=True, target=claim, args=(agents[n % 2],)) for n in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        winners = {id(api) for (status, _, _), api in answers if status == 200}
        assert len(winners) == 1
        boss = team["boss"]
        boss.act(item, "done")


# ---- out of descriptors

def answers(api):
    try:
        return api.ask("GET", "/v1/me")[0] == 200
    except OSError:
        return False


def test_it_listens_again_though_none_of_its_connections_ended(new_desk):
    desk = new_desk(config=CONFIG).up()
    pid, ana = desk.pids()["inbox"], client(desk, "ana")
    stream = ana.events()
    stream.wait("hello")
    with descriptors(pid, len(os.listdir(f"/proc/{pid}/fd"))):
        waiting = ana.connect()
        wait_for(lambda: "connection_not_accepted" in desk.log_text(), "it to say so")
    wait_for(lambda: answers(ana), "the inbox to listen")
    waiting.close()
    stream.close()


def test_it_listens_again_after_it_was_out_of_descriptors(desk, team):
    pid, ana, crowd = desk.pids()["inbox"], team["ana"], []
    used = lambda: len(os.listdir(f"/proc/{pid}/fd"))
    limit = used() + 10
    try:
        with descriptors(pid, limit):
            crowd += [ana.connect() for _ in range(40)]
            wait_for(lambda: used() >= limit, "no descriptor to be left")
            dee = client(desk, "dee")  # a token that the inbox cannot read just now
            for s in crowd:
                s.close()
            wait_for(lambda: used() < limit - 5, "them to be free again")
    finally:
        for s in crowd:
            s.close()
    wait_for(lambda: answers(ana), "the inbox to listen")
    wait_for(lambda: answers(dee), "the new token to let in", step=1)  # who guesses may ask once a second


# ---- strangers' bytes

def raw(api, text, shut=False):
    s = api.connect()
    s.sendall(text if isinstance(text, bytes) else text.encode())
    if shut:
        s.shutdown(socket.SHUT_WR)
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except (ConnectionResetError, TimeoutError):
        pass
    s.close()
    return data.decode(errors="replace")


def head(api, method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: desk", f"Authorization: Bearer {api.token}", *lines, "", ""])


def test_bodies(desk, team):
    ana = team["ana"]
    assert ana.ask("POST", "/v1/items/claim", b"x" * 17000)[0] == 413
    assert ana.ask("POST", "/v1/items/claim", '{"note":"' + "x" * 16000 + '"}')[0] == 200
    status, _, body = ana.ask("POST", "/v1/items/claim", "{")
    assert status == 400 and body["code"] == "malformed"
    status, _, body = ana.ask("POST", "/v1/items/claim", "{}", {"Content-Type": "text/plain"})
    assert status == 415
    status, _, body = ana.ask("PUT", "/v1/me/presence", {"presence": "asleep"})
    assert status == 422 and body["errors"][0]["field"] == "presence"
    status, headers, _ = ana.ask("DELETE", "/v1/me")
    assert status == 405 and headers["Allow"] == "GET"
    assert ana.ask("GET", "/v1/nothing")[0] == 404
    assert "413" in raw(ana, head(ana, "POST", "/v1/items/claim", "Content-Length: 99999999999999")).splitlines()[0]
    assert " 400 " in raw(ana, head(ana, "POST", "/v1/items/claim", "Content-Length: 2", "Transfer-Encoding: chunked") + "{}").splitlines()[0]
    assert "431" in raw(ana, head(ana, "GET", "/v1/me", "X: " + "x" * 33000)).splitlines()[0]
    deep = "[" * 15000
    assert ana.ask("POST", "/v1/items/claim", deep)[0] == 400


def test_pipelining(desk, team):
    ana = team["ana"]
    one = head(ana, "GET", "/v1/me")
    answers = raw(ana, one * 20 + head(ana, "GET", "/v1/queues", "Connection: close"))
    assert answers.count("HTTP/1.1 200") == 21 and answers.count('"agent":"ana"') == 20
    assert answers.rstrip().endswith("}")


def test_gone_in_the_middle(desk, team):
    """Whoever sends an accept and hangs up has it, or may accept it again; never half."""
    ana = team["ana"]
    ana.ready()
    for n in range(10):
        item = write(desk)
        assert ana.wait_offer() == item
        s = ana.connect()
        s.sendall((head(ana, "POST", f"/v1/items/{item}/accept", "Content-Length: 0")).encode())
        if n % 2:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        s.close()
        if n % 2 == 0:  # after a reset the kernel throws away what was not read yet
            wait_for(lambda: ana.item(item)["state"] == "active", "the accept")
        ana.act(item, "accept")
        ana.act(item, "done")


def test_half_closed(desk, team):
    ana = team["ana"]
    answer = raw(ana, head(ana, "GET", "/v1/offers?wait=60", "Connection: close"), shut=True)
    assert answer.startswith("HTTP/1.1 200") and '"data":[]' in answer


def test_pages_of_other_origins(desk, team):
    ana = team["ana"]
    status, headers, _ = ana.ask("GET", "/v1/me", headers={"Origin": "https://crm.example.com"})
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "https://crm.example.com" and headers["Vary"] == "Origin"
    _, headers, _ = ana.ask("GET", "/v1/me", headers={"Origin": "https://evil.example.com"})
    assert "Access-Control-Allow-Origin" not in headers
    nobody = Api(desk.endpoints["inbox"], None)
    status, headers, _ = nobody.ask("OPTIONS", "/v1/items/claim", headers={"Origin": "https://crm.example.com",
                                                                         "Access-Control-Request-Method": "POST"})
    assert status == 204 and "Authorization" in headers["Access-Control-Allow-Headers"]
    assert nobody.ask("OPTIONS", "/v1/items/claim", headers={"Origin": "https://evil.example.com"})[0] == 405
    stream = ana.events(headers={"Origin": "https://crm.example.com"})
    assert stream.response.getheader("Access-Control-Allow-Origin") == "https://crm.example.com"
    stream.close()


# ---- the document

def verbs():
    text = re.sub(r"\n[ \t]+", " ", (ROOT / "services/inbox/verbs.def").read_text())
    return re.findall(r'^VERB\((\w+), "(\w+)", "([^"]+)", (\w+),', text, re.M)


def openapi():
    return yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())


def operations():
    for path, item in openapi()["paths"].items():
        for method, operation in item.items():
            if method in ("get", "put", "post", "delete"):
                yield path, method, operation, item.get("parameters", []) + operation.get("parameters", [])


def resolve(thing):
    while "$ref" in thing:
        found = openapi()
        for part in thing["$ref"].lstrip("#/").split("/"):
            found = found[part]
        thing = found
    return thing


def test_the_document_has_every_route():
    assert {(m.upper(), p) for p, m, _, _ in operations()} == {(method, path) for _, method, path, _ in verbs()}
    assert {o["operationId"].replace("-", "_").upper() for _, _, o, _ in operations()} == {name for name, _, _, _ in verbs()}


def test_the_document_has_every_code():
    text = (ROOT / "services/inbox/outcomes.def").read_text()
    rows = re.findall(r'(?:OUTCOME\(|OUTCOME_OF\(\w+, |PROBLEM\(\w+, )(?:"\w+", )?(\d+), "([\w-]+)"', text)
    codes = {code for status, code in rows if int(status) >= 400}
    assert set(openapi()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == codes


def test_the_documents_fields_are_the_tables():
    text = re.sub(r"\n[ \t]+", " ", (ROOT / "services/inbox/verbs.def").read_text())
    names = dict(re.findall(r'^FIELD\((\w+), "([\w-]+)"', text, re.M))
    takes = {(m, p): {names[f] for f in re.findall(r"TAKES\((\w+)\)", rest)}
             for _, m, p, _, rest in re.findall(r'^VERB\((\w+), "(\w+)", "([^"]+)", (\w+),(.*)$', text, re.M)}
    for path, method, operation, parameters in operations():
        said = {p["name"] for p in map(resolve, parameters) if p["in"] == "query" or p["name"] == "If-Match"}
        content = resolve(operation["requestBody"])["content"] if "requestBody" in operation else {}
        if "application/json" in content:
            said |= set(resolve(content["application/json"]["schema"])["properties"])
        elif content:
            assert list(content) == ["application/yaml"]
            said.add("document")
        assert said == takes[(method.upper(), path)], (method, path)


def test_every_example_is_a_good_request(desk, team):
    """Sent as they stand, the examples are never refused for their form, nor their caller."""
    who = {"OPERATOR": client(desk, "cho", "--operator")}
    roles = {(m.lower(), p): role for _, m, p, role in verbs()}
    for path, method, operation, parameters in operations():
        caller, query, headers = who.get(roles[(method, path)], team["boss"]), {}, {}
        for p in map(resolve, parameters):
            if p["in"] == "path":
                path = path.replace("{%s}" % p["name"], str(p["example"]))
            elif p["in"] == "query" and p["name"] != "wait":
                query[p["name"]] = p["example"]
            elif p["in"] == "header":
                headers[p["name"]] = p["example"]
        if operation["operationId"] == "events":
            continue
        body = None
        if "requestBody" in operation:
            ((kind, content),) = resolve(operation["requestBody"])["content"].items()
            body, headers["Content-Type"] = content["example"], kind
        status, _, answer = caller.ask(method.upper(), path + ("?" + urllib.parse.urlencode(query) if query else ""), body, headers)
        assert status in (200, 404, 409) or (status, answer["code"]) == (412, "stale"), (path, status, answer)


def test_the_examples_in_the_text(desk, team):
    """docs/API.md, "A first shift" and "The desk definition", as they stand."""
    item = write(desk)
    before = desk.json("desk", "versions")[-1]["version"]
    blocks = [re.search(rf"## {title}\n.*?```\n(.*?)```", (ROOT / "docs/API.md").read_text(), re.S)[1]
              for title in ("A first shift", "The desk definition")]
    script = "".join(blocks).replace("/tmp/desk.", str(desk.folder / "desk.")).replace("/tmp/desk", str(desk.dir)).replace("wait=30", "wait=1").replace("ITEM=w7kq2m9xd4tabnrfc", f"ITEM={item}")
    script = script.replace("/v1/events\n", "/v1/events || true\n")  # its time is over
    script = re.sub(r"(token new \w+)", rf"\1 --config {desk.config}", script)
    done = subprocess.run(["bash", "-e"], input=script.encode(), capture_output=True, timeout=60, check=False,
                          env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})
    said = done.stdout.decode()
    assert not re.search(r'"code":"(malformed|validation|signed-out|internal|media-type|method)"', said), said
    assert desk.json("desk", "versions")[-1]["version"] == before + 1 and f'"version":{before + 1}' in said, said
    assert said.count("{") >= 10 and "event: hello" in said and '"state":"done"' not in said.splitlines()[0]

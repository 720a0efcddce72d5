# SPDX-License-Identifier: Apache-2.0
"""HTML of mails, cleaned, in a real browser with nothing around it: no sandbox, no policy. What is hostile in
tests/data/html/hostile.json must not run, must not ask for anything, and must not become so by being read and written
by the browser (SE-20, SE-21)."""
import http.server
import json
import os
import pathlib
import subprocess
import threading

import pytest
from browser import Browser
from desk import mail

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLEANER = pathlib.Path(os.environ.get("DESKBELL_BIN", ROOT / "build-dev/bin")).parent / "unit/test_html_hostile"
CASES = json.loads((ROOT / "tests/data/html/hostile.json").read_text())
SCHEMES = {"http:", "https:", "mailto:", "tel:", ":"}  # ":" is a URL the browser cannot read: it leads nowhere
TOGETHER = 10

PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>page</title><link rel="icon" href="data:,"><script>
window.hits = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = () => { window.hits.push(name); };
addEventListener("message", () => window.hits.push("message"));
</script></head><body><div id="read">%(html)s</div><div id="set"></div><script>
document.getElementById("set").innerHTML = %(json)s;
</script></body></html>"""

# What the page has become: read by the parser in one place, set by a script in the other.
LOOK = """
const done = arguments[0];
const look = async () => {
  await fetch("/end");
  await Promise.all([...document.images].map(i => i.decode().catch(() => 0)));
  await fetch("/end");
  const wrong = [...window.hits];
  const inside = [...document.querySelectorAll("#read *, #set *")];
  for (const e of inside) {
    if (!(e instanceof HTMLElement) || /^(SCRIPT|STYLE|IFRAME|OBJECT|EMBED|LINK|META|BASE|FORM|INPUT)$/.test(e.tagName))
      wrong.push(e.tagName);
    for (const a of e.attributes)
      if (/^on|^(id|name|class|srcset|action|formaction|ping|background)$/i.test(a.name)) wrong.push(a.name);
    if (e.style.position || /url|expression/i.test(e.getAttribute("style") || "")) wrong.push("style");
    const box = getComputedStyle(e);
    if (box.position !== "static" || box.backgroundImage !== "none") wrong.push("computed style");
  }
  if (document.scripts.length !== 2 || document.title !== "page") wrong.push("page changed");
  const links = inside.filter(e => e.href !== undefined).map(e => [e.protocol, e.rel, e.target]);
  const written = ["read", "set"].map(id => document.getElementById(id).innerHTML);
  done({wrong, links, written});
};
if (document.readyState === "complete") look(); else addEventListener("load", look);
"""


class Site(http.server.ThreadingHTTPServer):
    """Serves one page at a time and notes every request, of whatever protocol."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.page, self.asked = b"", []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def host(self):
        return "127.0.0.1:%d" % self.server_address[1]

    def show(self, html):
        text = json.dumps(html).replace("<", "\\u003c")
        self.page, self.asked = (PAGE % {"html": html, "json": text}).encode("utf-8", "surrogatepass"), []


class Answer(http.server.BaseHTTPRequestHandler):
    def parse_request(self):
        line = self.raw_requestline.decode("latin-1").split("\r")[0]
        if line not in ("GET /page HTTP/1.1", "GET /end HTTP/1.1"):
            self.server.asked.append(line)
        return super().parse_request()

    def do_GET(self):
        body = self.server.page if self.path == "/page" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = Site()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with Browser(javascript=True) as driver:
        driver.set_script_timeout(60)
        yield driver


def clean(texts):
    assert CLEANER.exists(), f"{CLEANER} is not built"
    done = subprocess.run([CLEANER, "--clean"], input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def look(site, browser, html):
    site.show(html)
    browser.get(f"http://{site.host}/page")
    seen = browser.execute_async_script(LOOK)
    seen["asked"] = list(site.asked)
    return seen


def harmless(seen):
    assert seen["wrong"] == [] and seen["asked"] == []
    for protocol, rel, target in seen["links"]:
        assert protocol in SCHEMES and "noopener" in rel and "noreferrer" in rel and target == "_blank"


def all_harmless(site, browser, named):
    """Several on a page, each closed in itself; one by one when there is something to find. Returns what the browser
    writes for them."""
    written = []
    for start in range(0, len(named), TOGETHER):
        some = named[start:start + TOGETHER]
        seen = look(site, browser, "\n".join(html for _, html in some))
        try:
            harmless(seen)
        except AssertionError:
            for name, html in some:
                seen = look(site, browser, html)
                try:
                    harmless(seen)
                except AssertionError as e:
                    raise AssertionError(f"{name}: {html}") from e
            raise
        written += seen["written"]
    return written


def test_hostile_mail_in_a_browser(site, browser):
    inputs = [case["html"].replace("evil.example", site.host) for case in CASES]
    assert len(inputs) >= 150
    written = all_harmless(site, browser, list(zip([case["name"] for case in CASES], clean(inputs))))
    again = clean(written)  # what a browser reads and writes is in another form, and as harmless
    all_harmless(site, browser, [("written by the browser", html) for html in again])
    assert clean(again) == again


@pytest.mark.parametrize("html", [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)></svg>",
    "<img src=http://{host}/pixel.png>", "<b style='background:url(http://{host}/b.png)'>b</b>",
    "<link rel=stylesheet href=http://{host}/s.css>", "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<b style=position:fixed>b</b>", "<a href=javascript:alert(1) rel=noopener target=_blank>b</a>",
    "<img src=https://{host}/tls.png>",
])
def test_what_is_not_cleaned_is_noticed(site, browser, html):
    """The trap works: the same page with the same thing left in it is found out."""
    with pytest.raises(AssertionError):
        harmless(look(site, browser, html.format(host=site.host)))


def test_a_mail_of_html_comes_to_the_desk_clean(desk):
    """The event names cleaned HTML; the original is kept as it was."""
    html = ('<p onclick=alert(1)>Hallo <b style="color:red;position:fixed">Welt</b></p><script>alert(1)</script>'
            '<img src=http://evil.example/p.gif width=1 height=1><img src=http://evil.example/i.png alt=Bild>')
    raw = mail(html, extra="MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n")
    assert desk.lmtp(raw) == {}
    (e,) = desk.wait_events(1)
    assert e["data"]["text"] == "Hallo Welt\n\nBild"
    assert desk.run("blob", e["data"]["html"]["sha256"]).stdout.decode().rstrip() == (
        '<p>Hallo <b style="color:red">Welt</b></p><img data-remote-src="http://evil.example/i.png" alt="Bild">')
    assert b"<script>alert(1)</script>" in desk.run("blob", e["data"]["original"]["sha256"]).stdout

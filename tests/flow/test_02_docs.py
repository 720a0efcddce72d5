# SPDX-License-Identifier: Apache-2.0
"""The documents are true: what they name is there, and what is there is in them. Reads files only."""
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOP = {"CMakeLists.txt", "README.md", "LICENSE", "services", "common", "proto", "deploy", "tests", "docs"}
LINES_MAX = 600
CODE = {".c", ".h", ".py", ".lua", ".proto"}
FILE_ENDS = {"c", "h", "md", "yaml", "key", "pub", "sock", "ipc", "log", "conf"}


def project_files():
    """What is or may become part of the project: known to git, or new and not ignored."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            stdout=subprocess.PIPE, check=False)
    if listed.returncode == 0:
        names = [pathlib.Path(n) for n in listed.stdout.decode().split("\0") if n]
    else:  # an unpacked release
        names = [p.relative_to(ROOT) for p in ROOT.rglob("*") if p.is_file() and not p.relative_to(ROOT).parts[0].startswith("build")]
    return sorted(n for n in set(names) if (ROOT / n).is_file())


FILES = project_files()
SOURCES = [f for f in FILES if f.parts[0] in ("services", "common") and f.suffix in (".c", ".h", ".def", ".lua")]
DOCUMENTS = [f for f in FILES if f.suffix == ".md"]


def text(path):
    return (ROOT / path).read_text(errors="replace")


def all_source():
    return "\n".join(text(f) for f in SOURCES)


def section(document, heading):
    """The lines under a heading, up to the next of its kind."""
    lines, level = text(document).splitlines(), heading.split(" ")[0]
    start = lines.index(heading)
    end = next((i for i in range(start + 1, len(lines)) if re.match(f"#{{1,{len(level)}}} ", lines[i])), len(lines))
    return "\n".join(lines[start + 1:end])


def without_code(markdown):
    return re.sub(r"```.*?```", "", markdown, flags=re.S)


# ---- files and functions

def has_function(path, name):
    source = text(path)
    if path.endswith(".lua"):
        return re.search(rf"^ *(local )?function (\w+\.)?{name}\(", source, re.M)
    if path.endswith(".py"):
        return re.search(rf"^def {name}\(", source, re.M)
    end = ";" if path.endswith(".h") else r"\{"
    return re.search(rf"^[a-z][^\n;={{}}()]*\b{name}\([^;{{}}]*?\)[^;{{}}()]*{end}", source, re.M | re.S)


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d.parts[0] == "docs" or d.name == "README.md"], ids=str)
def test_named_files_and_functions_exist(document):
    tokens = re.findall(r"`((?:services|common|proto|deploy|tests|docs)/[\w./-]+)(?::(\w+)\(\))?`", text(document))
    wrong = [f"{p}: no such file" for p, _ in tokens if not (ROOT / p).exists()]
    wrong += [f"{p}: no function {f}()" for p, f in tokens if f and (ROOT / p).is_file() and not has_function(p, f)]
    assert not wrong


def test_flow_names_its_places():
    assert len(re.findall(r"`[\w./-]+:\w+\(\)`", text("docs/FLOW.md"))) > 60


def test_program_files_are_in_the_readme():
    """services/README.md names every .c file of a program (cmd_*.c together)."""
    readme = text("services/README.md")
    missing = [str(f) for f in SOURCES if f.parts[0] == "services" and f.suffix == ".c" and f.name != "main.c"
               and not f.name.startswith("cmd_") and f"`{f.name}`" not in readme]
    assert not missing


# ---- links

def anchors(path):
    found = set()
    for line in without_code(text(path)).splitlines():
        heading = re.match(r"#+ (.*)", line)
        if heading:
            words = re.sub(r"[^\w\- ]", "", heading.group(1).lower())
            found.add(words.replace(" ", "-"))
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document):
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text(document))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (ROOT / document).parent / name if name else ROOT / document
        if not place.exists():
            wrong.append(target)
        elif anchor and anchor not in anchors(place.resolve().relative_to(ROOT)):
            wrong.append(f"{target}: no such heading")
    assert not wrong


# ---- settings

def rows():
    """(section, key) of every setting, from the rows."""
    definition = text("common/config/config_rows.def").replace("\\\n", "\n")
    found = []
    for kind, first, key in re.findall(r"^\s*(ROW|LIST|CHANNEL|CHANNEL_LIST)\((\w+), (\w+), \w+,", definition, re.M):
        sections = ["channels"] if kind.startswith("CHANNEL") else ["sms", "webform"] if first == "section" else [first]
        found += [(s, key) for s in sections]
    found += [("mailboxes", key) for key in re.findall(r"^MAILBOX(?:_LIST)?\((\w+), \w+,", definition, re.M)]
    return sorted(set(found))


def manual_tables():
    tables = {}
    for page in sorted((ROOT / "docs/man").glob("*.md")):
        for name, table in re.findall(r"<!-- settings: (\w+) -->\n(.*?)<!-- end of settings -->", page.read_text(), re.S):
            assert name not in tables, f"section {name} stands twice"
            tables[name] = set(re.findall(r"^\| `(\w+)` \|", table, re.M))
    return tables


def test_every_setting_is_in_a_man_page():
    assert len(rows()) > 60
    tables = manual_tables()
    assert sorted((s, k) for s, keys in tables.items() for k in keys) == rows()


def test_every_program_has_a_page():
    programs = {p.name if p.name != "ctl" else "deskbell" for p in (ROOT / "services").iterdir() if (p / "main.c").exists()}
    assert {p.stem for p in (ROOT / "docs/man").glob("*.md")} == programs


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if d.parts[0] == "docs" and "decisions" not in d.parts], ids=str)
def test_named_settings_exist(document):
    """`section.key` in a document is a setting."""
    sections = {s for s, _ in rows()}
    wrong = [f"{s}.{k}" for s, k in re.findall(r"`(\w+)\.(\w+)[`:]", text(document))
             if s in sections and k not in FILE_ENDS and (s, k) not in rows()]
    assert not wrong


def test_commands_are_in_the_man_page():
    commands = re.findall(r'^    \{"([a-z-]+)", .*$', text("services/ctl/commands.c"), re.M)
    page = text("docs/man/deskbell.md")
    assert len(commands) > 8
    assert not [c for c in commands if c != "exec-child" and f"`{c}" not in page]


# ---- metrics and log events

def source_metrics():
    found = set(re.findall(r'"((?:deskbell|process)_\w+_(?:total|seconds|bytes|fds|up|waiting|peers|outstanding|unconfirmed|'
                           r'connections|on_the_way|version))"', all_source()))
    return {m for m in found if not m.startswith("deskbell_v1")}


def test_metrics_are_those_of_the_source():
    operations = text("docs/OPERATIONS.md")
    named = set(re.findall(r"\b((?:deskbell|process)_[a-z_]+)\b", without_code(operations)))
    assert len(source_metrics()) > 25
    assert not [m for m in named if f'"{m}"' not in all_source()]
    assert not source_metrics() - set(re.findall(r"`([a-z_]+)`", section("docs/OPERATIONS.md", "### Metrics")))


def source_log_events():
    return {(level, event) for level, event in re.findall(r'\blog_(error|warn|info|debug)\("(\w+)"', all_source())}


def test_log_events_are_those_of_the_source():
    listed = set()
    for line in section("docs/OPERATIONS.md", "## Log events").splitlines():
        cells = [c.strip() for c in line.split("|")]
        if len(cells) > 3 and cells[2] in ("error", "warn"):
            listed |= {(cells[2], name) for name in re.findall(r"`(\w+)`", cells[1])}
    loud = {(level, event) for level, event in source_log_events() if level in ("error", "warn")}
    assert len(loud) > 25
    assert not listed - loud, "in the document, not in the source"
    assert not loud - listed, "in the source, not in the document: say what an operator shall do"


# ---- the tree

def test_top_level():
    assert {f.parts[0] for f in FILES if not f.parts[0].startswith(".")} <= TOP


def test_no_program_includes_another():
    wrong = []
    for f in (f for f in SOURCES if f.parts[0] == "services"):
        for name in re.findall(r'^#include "([^"]+)"', text(f), re.M):
            own = (ROOT / f).parent / name
            shared = (ROOT / "common" / name).exists() or name.startswith("deskbell/v1/")
            if not shared and not (own.exists() and "/" not in name):
                wrong.append(f"{f}: {name}")
    assert not wrong


def test_layers_are_those_of_the_architecture():
    table = {}
    for line in section("docs/ARCHITECTURE.md", "## Layers").splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if len(cells) == 3 and re.fullmatch(r"[a-z]+", cells[0]) and cells[0] != "module":
            table[cells[0]] = set(re.findall(r"[a-z]+", cells[2]))
    modules = {f.parts[1] for f in SOURCES if f.parts[0] == "common" and len(f.parts) > 2}
    assert set(table) == modules
    wrong = set()
    for f in (f for f in SOURCES if f.parts[0] == "common" and len(f.parts) > 2):
        for name in re.findall(r'^#include "([a-z0-9_]+)/', text(f), re.M):
            if name != f.parts[1] and name not in table[f.parts[1]]:
                wrong.add(f"{f}: {name}")
    assert not wrong


def test_no_file_is_too_long():
    assert not [f"{f}: {n}" for f in FILES if f.suffix in CODE and (n := text(f).count("\n")) > LINES_MAX]


def test_licence_line_first():
    wrong = [str(f) for f in FILES if f.suffix in {".c", ".h", ".def"} and "SPDX-License-Identifier: Apache-2.0" not in text(f)[:120]]
    wrong += [str(f) for f in FILES if f.suffix == ".py" and "SPDX-License-Identifier: Apache-2.0" not in text(f)[:160]]
    assert not wrong


def test_nothing_of_the_machine_it_was_made_on():
    """No paths of a developer's machine in the files (folders a reader does not have)."""
    foreign = re.compile("|".join(("/" + "work/", "/" + "home/", "/" + "root/", "/tmp/" + "build", "shared/" + "standards")))
    assert not [str(f) for f in FILES if f.suffix not in {".eml", ".bin"} and f.parts[:2] != ("tests", "fuzz")
                and foreign.search(text(f))]


def test_comments_cite_what_a_reader_has():
    """A document or Lua file that a comment names is in the tree."""
    names = {f.name for f in FILES}
    wrong = [f"{f}: {name}" for f in SOURCES for name in re.findall(r"\b([\w-]+\.(?:md|lua))\b", text(f)) if name not in names]
    wrong += [f"{f}: DESIGN" for f in SOURCES if re.search(r"\bDESIGN \d", text(f))]
    assert not wrong


def test_the_list_of_redis_commands_is_what_the_functions_call():
    """proto/redis.md, for operators who give each program a user of its own."""
    library = "".join(text(str(f)) for f in FILES if f.suffix == ".lua" and "tests" not in f.parts)
    called = {c.lower() for c in re.findall(r"(?:call|pcall_redis)\('([A-Z]+)'", library)}
    said = re.search(r"what the functions call: `([^`]*)`", text("proto/redis.md")).group(1)
    assert called == {w[1:] for w in said.split()}

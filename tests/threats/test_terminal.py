"""No character from a file, a name, an argument or a log does anything to a terminal but being seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from testing.fake_secrets.places import file_of
from testing.in_process import run
from testing.ledger import Tally
from testing.project import Project
from testing.unseen_characters import CHARACTERS, CODE_POINTS, IN_NAMES, NASTY, assert_clean

READING = (["validate"], ["plan", "-v"], ["plan", "--format", "markdown"], ["plan", "-q"])
READING += (["validate", "--json"], ["plan", "--json"])
STATE = (["list"], ["history"], ["export"], ["export", "--format", "yaml"], ["pull", "--all", "--yes"])
STATE += (["init", "--from-state", "-f", "-"], ["plan", "-v"], ["plan", "--prune", "--force"])
STATE += (["list", "--json"], ["history", "--json"], ["plan", "--json"])
RUNNING = (["ps"], ["doctor"], ["down", "--all"], ["ps", "--json"], ["doctor", "--json"], ["down", "--json"])
RUNNING += (["up", "--json"], ["up", "--dry-run", "--json"])


def profile(number: int, **fields: Any) -> dict[str, Any]:
    return {"name": f"P{number}", "modelID": "m/x", "host": "127.0.0.1", "port": 2000 + number} | fields


def all_clean(
    project: Project, commands: tuple[list[str], ...], tally: Tally, times: int, **env: str
) -> None:
    for command in commands:
        result = run(project, *command, **env)
        assert_clean(result, as_json="--json" in command)
        tally.add(commands=1)
    tally.add(characters_in_places=times)


@pytest.fixture
def here(project: Project) -> Project:
    project.environment["MLXSM_SERVER"] = "/nonexistent/server"
    return project


ALLOWED = {
    "notes": lambda char: {"notes": f"a{char}b"},
    "raw argument": lambda char: {"advancedLaunchOptions": {"rawExtraArgs": [f"--x=a{char}b"]}},
    "template": lambda char: {"advancedLaunchOptions": {"chatTemplateArgs": {f"a{char}b": [f"{char}"]}}},
}
OF_DOCUMENTS = ALLOWED | {
    "modelID": lambda char: {"modelID": f"m/a{char}b"},
    "host": lambda char: {"host": f"a{char}b"},
    "origins": lambda char: {"advancedLaunchOptions": {"allowedOrigins": f"http://a{char}b"}},
}
REFUSED = {
    "name": lambda char: {"name": f"a{char}b"},
    "key": lambda char: {f"a{char}b": 1},
    "key of the options": lambda char: {"advancedLaunchOptions": {f"a{char}b": 1}},
    "level": lambda char: {"advancedLaunchOptions": {"logLevel": f"a{char}b"}},
    "port": lambda char: {"port": f"a{char}b"},
    **{place: OF_DOCUMENTS[place] for place in ("modelID", "host", "origins")},
}


@pytest.mark.threat(10)
@pytest.mark.parametrize("place", ALLOWED)
def test_what_a_profile_may_say_is_shown_and_never_obeyed(here: Project, place: str, tally: Tally) -> None:
    assert len({*CODE_POINTS}) == len(CODE_POINTS) > 80
    chars = IN_NAMES
    here.write(file_of([profile(n, **ALLOWED[place](char)) for n, char in enumerate(chars)]))
    all_clean(here, READING, tally, len(chars))
    applied = run(here, "apply", "--yes", "-v")
    assert applied.code == 0, applied.err
    assert_clean(applied)
    assert_clean(run(here, "apply", "--yes", "--json"), as_json=True)
    all_clean(here, (*STATE, *RUNNING), tally, len(chars))
    assert_clean(run(here, "connect", "P0"))
    assert_clean(run(here, "connect", "P3", "--json"), as_json=True)
    here.write(file_of([profile(n, **ALLOWED[place](f"c{char}")) for n, char in enumerate(chars)]))
    all_clean(here, (["plan", "-v"], ["plan", "--json"], ["rollback", "--yes"]), tally, len(chars))
    assert len(json.loads(here.state_path.read_text())["entries"]) == 0


@pytest.mark.threat(10)
@pytest.mark.parametrize("place", REFUSED)
def test_what_is_refused_is_not_repeated_raw(here: Project, place: str, tally: Tally) -> None:
    here.write(file_of([profile(n, **REFUSED[place](char)) for n, char in enumerate(NASTY)]))
    all_clean(here, READING, tally, len(NASTY))
    here.write(
        file_of([profile(n, **REFUSED[place](char)) for n, char in enumerate(NASTY)], app="x"), "doc.json"
    )
    all_clean(here, (["import", "doc.json", "--yes"], ["import", "doc.json", "--json"]), tally, len(NASTY))


@pytest.mark.threat(10)
@pytest.mark.parametrize("place", OF_DOCUMENTS)
def test_a_document_is_shown_and_never_obeyed(here: Project, place: str, tally: Tally) -> None:
    profiles = [profile(n, **OF_DOCUMENTS[place](char)) for n, char in enumerate(IN_NAMES)]
    here.write(file_of(profiles, app="".join(IN_NAMES), exportedAt="".join(IN_NAMES)), "doc.json")
    commands = (["validate", "doc.json"], ["import", "doc.json", "--yes", "-v"], ["list"], ["export"])
    all_clean(here, (*commands, ["list", "--json"], ["plan", "--json"]), tally, len(IN_NAMES))


@pytest.mark.threat(10)
def test_a_collection_and_the_keys_around_it_are_never_obeyed(here: Project, tally: Tally) -> None:
    for char in NASTY:
        for head in ({"collection": f"a{char}b"}, {f"a{char}b": 1}, {"defaults": {f"a{char}b": 1}}):
            here.write(file_of([profile(1)], **head))
            assert_clean(run(here, "plan"))
            assert_clean(run(here, "apply", "--yes", "--json"), as_json=True)
            tally.add(characters_in_places=1, commands=2)


@pytest.mark.threat(10)
def test_comments_are_never_obeyed_by_what_a_pull_shows(here: Project, tally: Tally) -> None:
    """A character that can hide text is refused in a comment, too; all others come back as escapes."""
    chars = []
    for char in CHARACTERS:
        here.write(COMMENTED + _commented(0, char))
        result = run(here, "plan")
        assert_clean(result)
        tally.add(characters_in_places=1, commands=1)
        chars += [char] if result.code == 0 and char not in "\r\n" else []
    assert len(chars) > 10
    here.write(COMMENTED + "".join(_commented(n, char) for n, char in enumerate(chars)))
    assert run(here, "apply", "--yes").code == 0

    def move(state: Any) -> None:
        for entry in state["entries"]:
            entry["profile"]["port"] += 1000

    here.edit_state(move)
    result = run(here, "pull", "--yes")
    assert "port: 3000" in result.out
    assert_clean(result)
    tally.add(characters_in_places=len(chars), commands=1)


COMMENTED = "schemaVersion: 1\nprofiles:\n"


def _commented(number: int, char: str) -> str:
    return f"- {{name: P{number}, modelID: m/{number}, host: h, port: {2000 + number}}}  # a{char}b\n"


@pytest.mark.threat(10)
def test_a_state_that_somebody_edited_is_never_obeyed(here: Project, tally: Tally) -> None:
    here.write(file_of([profile(n) for n in range(len(NASTY))]))
    assert run(here, "apply", "--yes").code == 0
    good = here.state

    def edited(change: Any) -> None:
        state = json.loads(json.dumps(good))
        change(state)
        here.state_path.write_text(json.dumps(state))
        all_clean(here, (*STATE, *RUNNING), tally, len(NASTY))

    def everywhere(state: Any) -> None:
        for entry, char in zip(state["entries"], NASTY, strict=True):
            entry |= {"owner": f"o{char}", "source": f"s{char}", "from": f"/f{char}"}
            entry["applied"] |= {"name": f"s{char}", "notes": f"n{char}", "x": {char: char}}
            entry["profile"]["notes"] = f"n{char}"
        state["written"] = dict.fromkeys(("at", "command", "owner", "summary"), "".join(NASTY))
        state["lineage"] = "".join(NASTY)

    edited(everywhere)
    for number, char in enumerate(NASTY):
        state = json.loads(json.dumps(good))
        entry = state["entries"][number]
        where = (entry["profile"], entry["profile"], entry, state)[number % 4]
        where[("name", f"k{char}", "id", "formatVersion")[number % 4]] = f"a{char}b"
        here.state_path.write_text(json.dumps(state))
        result = run(here, *STATE[number % len(STATE)])
        assert_clean(result)
        tally.add(characters_in_places=1, commands=1)


@pytest.mark.threat(10)
def test_the_apps_own_list_is_never_obeyed(here: Project, tally: Tally) -> None:
    texts = dict.fromkeys(("family", "localName", "quantization"), "x")
    entries = []
    for number, char in enumerate(IN_NAMES):
        said = dict.fromkeys(("displayName", "host", "modelID", "notes"), f"a{char}b{number}")
        options = {"rawExtraArgs": f"--x a{char}b", "chatTemplateArgs": json.dumps({char: char})}
        more = {
            "serverPort": 2000 + number,
            "enableThinking": False,
            "advancedLaunchOptions": options,
            char: 1,
        }
        entries.append(texts | said | more)
    path = here.folder / "models.json"
    path.write_text(json.dumps(entries))
    here.write(file_of([profile(n) for n in range(3)]))
    app = {"MLXSM_STATE": "app:models.json"}
    all_clean(here, STATE, tally, len(IN_NAMES), **app)
    listed = run(here, "list", "--json", **app)
    assert listed.code == 0, listed.out
    names = [one["name"] for one in listed.json["entries"]]
    commands = (
        ["connect"],
        ["forget"],
        ["logs"],
        ["remove"],
        ["export"],
        ["connect", "--client", "openai"],
    )
    for number, name in enumerate(names):
        command, *options = commands[number % len(commands)]
        assert_clean(run(here, command, *options, "--", name, **app))
        tally.add(commands=1)
    assert_clean(run(here, "connect", "--json", "--", names[1], **app), as_json=True)
    path.write_text(json.dumps([one | {"host": "127.0.0.1"} for one in entries]))
    all_clean(here, RUNNING, tally, len(IN_NAMES), **app)
    complete = {"_MLXSM_COMPLETE": "bash_complete", "COMP_WORDS": "mlxsm connect ", "COMP_CWORD": "2"}
    assert_clean(here.run(**complete, **app))
    assert_clean(here.run(**(complete | {"_MLXSM_COMPLETE": "zsh_complete"}), **app))

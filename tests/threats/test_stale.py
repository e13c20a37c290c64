"""Whatever changes between the plan that was shown and its apply: nothing is written, and that is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from testing.ledger import Tally
from testing.project import Project

FILE = """schemaVersion: 1
profiles:
- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}
- {name: B, modelID: m/b, host: 127.0.0.1, port: 2}
"""
WANTED = FILE.replace("port: 1", "port: 3") + "- {name: C, modelID: m/c, host: 127.0.0.1, port: 4}\n"
OTHERS = FILE.replace("port: 1", "port: 7")


def snapshot(project: Project) -> dict[str, bytes]:
    """All that a write would change: the state, its history, the app's list, the record of it."""
    places = [*project.state_path.parent.rglob("*"), project.folder / "models.json"]
    return {str(path): path.read_bytes() for path in places if path.is_file() and path.suffix != ".lock"}


def json_edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a file as another program would, by writing all of it anew."""
    data = json.loads(path.read_text())
    change(data)
    beside = path.with_name("theirs")
    beside.write_text(json.dumps(data, indent=2))
    beside.rename(path)


# What happens meanwhile.


def another_mlxsm(project: Project) -> None:
    text = (project.folder / "profiles.yaml").read_text()
    project.apply(OTHERS)
    project.write(text)


def an_older_state_of_the_same_serial(project: Project) -> None:
    serial = project.state["serial"]
    (oldest,) = (project.state_path.parent / "history").glob("state.json.*1.json")
    project.state_path.write_bytes(oldest.read_bytes())
    project.edit_state(lambda state: state.update(serial=serial))


def a_changed_port(project: Project) -> None:
    project.edit_state(lambda state: state["entries"][0]["profile"].update(port=9))


def a_note(project: Project) -> None:
    project.edit_state(lambda state: state["entries"][0]["profile"].update(notes="by hand"))


def another_owner(project: Project) -> None:
    project.edit_state(lambda state: state["entries"][0].update(owner="somebody"))


def another_lineage(project: Project) -> None:
    project.edit_state(lambda state: state.update(lineage="0b5e6f4c-0000-4000-8000-000000000000"))


def an_entry_that_is_gone(project: Project) -> None:
    project.edit_state(lambda state: state["entries"].pop(0))


def a_name_that_was_taken(project: Project) -> None:
    theirs = {"schemaVersion": 1, "collection": "x", "profiles": [profile("C", 40)]}
    project.write(json.dumps(theirs), "theirs.yaml")
    assert project.run("apply", "-f", "theirs.yaml", "--yes").code == 0


def no_state_any_more(project: Project) -> None:
    project.state_path.unlink()


def profile(name: str, port: int) -> dict[str, object]:
    return {"name": name, "modelID": f"m/{name.lower()}", "host": "127.0.0.1", "port": port}


def of_the_list(change: Callable[[Any], None]) -> Callable[[Project], None]:
    return lambda project: json_edit(project.folder / "models.json", change)


STATE_EDITS = [
    another_mlxsm,
    an_older_state_of_the_same_serial,
    a_changed_port,
    a_note,
    another_owner,
    another_lineage,
    a_name_that_was_taken,
    an_entry_that_is_gone,
    no_state_any_more,
]
LIST_EDITS = [
    of_the_list(lambda rows: rows[0].update(serverPort=9)),
    of_the_list(lambda rows: rows[0].update(advancedLaunchOptions={"logLevel": "DEBUG"})),
    of_the_list(lambda rows: rows.append(rows[0] | {"modelID": "m/c", "displayName": "C", "serverPort": 50})),
    of_the_list(lambda rows: rows.pop(0)),
]


# How a plan is held fast until it is applied.

Finish = Callable[[], None]


@contextmanager
def saved(project: Project) -> Iterator[Finish]:
    assert project.run("plan", "--out", "saved.plan").code == 0
    yield lambda: refused(project, "saved.plan")


@contextmanager
def expected(project: Project) -> Iterator[Finish]:
    digest = project.run("plan", "--json").json["digest"]
    yield lambda: refused(project, "--expect", digest)


def refused(project: Project, *words: str) -> None:
    told = project.run("apply", *words, "--json")
    assert (told.code, told.json["error"]["kind"]) == (1, "stale-plan"), told
    message = told.json["error"]["message"]
    assert message.startswith("stale plan: ")
    if "was shown" in message:
        assert len(set(re.findall("sha256:[0-9a-f]{12}", message))) == 2


@contextmanager
def asked(project: Project, *words: str) -> Iterator[Finish]:
    terminal = project.on_terminal(*(words or ("apply",)))
    terminal.expect("Type yes to")

    def finish() -> None:
        terminal.sendline("yes")
        terminal.expect(r"stale plan: |meanwhile by another\s+program; nothing was written")
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == 1

    yield finish
    terminal.close()


WAYS = {"a saved plan": saved, "an expected digest": expected, "an open question": asked}


def all_are_stale(
    project: Project, hold: Callable[[Project], Any], edits: list[Callable[[Project], None]], tally: Tally
) -> None:
    before = snapshot(project)
    for edit in edits:
        with hold(project) as finish:
            edit(project)
            after = snapshot(project)
            assert after != before, "it changed nothing"
            finish()
            assert snapshot(project) == after
        for name in after.keys() - before.keys():
            Path(name).unlink()
        for name, data in before.items():
            Path(name).write_bytes(data)
        tally.add(stale_plans=1)


@pytest.mark.threat(21)
@pytest.mark.parametrize("way", WAYS)
def test_a_state_that_changed_since_it_was_planned_on_is_stale(
    project: Project, way: str, tally: Tally
) -> None:
    project.apply(FILE.replace("port: 1", "port: 6"))
    project.apply(FILE)
    project.write(WANTED)
    all_are_stale(project, WAYS[way], STATE_EDITS, tally)


@pytest.mark.threat(21)
@pytest.mark.parametrize("way", ["a saved plan", "an open question"])
def test_a_list_of_the_app_that_changed_since_it_was_planned_on_is_stale(
    project: Project,
    way: str,
    no_app: None,  # noqa: ARG001 - waits until none runs
    tally: Tally,
) -> None:
    project.environment["MLXSM_STATE"] = "app:models.json"
    project.apply(FILE)
    project.write(WANTED)
    all_are_stale(project, WAYS[way], LIST_EDITS, tally)


@pytest.mark.threat(21)
@pytest.mark.parametrize(
    ("command", "edits"),
    [
        (["import", "document.json", "--only", "C"], [a_name_that_was_taken, another_lineage]),
        (["remove", "A"], [a_note, a_changed_port, another_owner]),
        (["rollback", "1"], [a_note, a_name_that_was_taken]),
        (["rollback"], [an_entry_that_is_gone, another_mlxsm]),
    ],
)
def test_other_commands_write_only_what_they_showed(
    project: Project, command: list[str], edits: list[Callable[[Project], None]], tally: Tally
) -> None:
    project.apply(WANTED)
    assert project.run("export", "-o", "document.json").code == 0
    project.apply(FILE)
    assert project.run("remove", "C", "--yes").code == 0
    all_are_stale(project, lambda held: asked(held, *command), edits, tally)


@pytest.mark.threat(21)
def test_a_plan_whose_effect_is_still_the_same_is_not_stale(project: Project, tally: Tally) -> None:
    """Other entries may come and go; done once, a plan has another effect: none."""
    project.apply(FILE)
    project.write(WANTED)
    digest = project.run("plan", "--json").json["digest"]
    other = {"schemaVersion": 1, "collection": "x", "profiles": [profile("X", 50)]}
    project.write(json.dumps(other), "other.yaml")
    assert project.run("apply", "-f", "other.yaml", "--yes").code == 0
    assert project.run("apply", "--expect", digest).code == 0
    again = project.run("apply", "--expect", digest)
    assert (again.code, "nothing is left to do" in again.err) == (0, True)
    assert [one["name"] for one in project.run("list", "--json").json["entries"]] == ["A", "B", "X", "C"]
    tally.add(stale_plans=1)

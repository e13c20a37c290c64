"""States that cannot be read, or are another machine's, in front of every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlxsm_sync.errors import UnreadableState
from testing.hostile_files.bad_file import GOOD
from testing.hostile_files.broken_states import UNREADABLE
from testing.hostile_files.refusals import files_of, refused
from testing.ledger import Tally
from testing.project import Project

READERS = (
    ("plan",),
    ("plan", "--prune", "--json"),
    ("apply", "--yes"),
    ("apply", "--yes", "--prune", "--force"),
    ("list",),
    ("list", "A", "--json"),
    ("remove", "A", "--yes"),
    ("pull", "--all", "--yes"),
    ("export", "--yes"),
    ("export", "--format", "yaml", "--yes"),
    ("import", "doc.json", "--yes"),
    ("history",),
    ("rollback", "--yes"),
    ("rollback", "1", "--yes"),
    ("connect", "A"),
    ("init", "--from-state", "-f", "new.yaml"),
    ("up", "--dry-run"),
    ("up",),
    ("restart", "A"),
    ("adopt", "A"),
)
"""Every command that cannot do its work without knowing what is in the state."""

DOCUMENT = {"schemaVersion": 1, "profiles": [{"name": "B", "modelID": "m/b", "host": "h", "port": 2}]}


@pytest.fixture
def machine(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A machine with a state, a backup of it, and a document to import."""
    project.apply(GOOD)
    project.apply(GOOD.replace("port: 1", "port: 2"))
    project.write(json.dumps(DOCUMENT), "doc.json")
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("HOME", project.environment["HOME"])
    return project


@pytest.mark.threat(23)
def test_every_command_explains_and_touches_nothing(machine: Project, tally: Tally) -> None:
    for command in READERS:
        for data in UNREADABLE.values():
            machine.state_path.write_bytes(data)
            before = files_of(machine.folder)
            _explained(machine, refused(UnreadableState, *command))
            after = files_of(machine.folder)
            assert {path for path in after if before.get(path) != after[path]} <= {_lock(machine)}
            tally.add(broken_states_before_a_command=1)


def _explained(machine: Project, error: UnreadableState) -> None:
    """What is wrong, where, and what to do, without a word of what is in the state."""
    assert str(machine.state_path) in error.message
    assert "zebra" not in error.message
    assert error.message.isprintable()
    is_newer = "written by a newer mlxsm" in error.message  # which knows what is good, and this one does not
    assert ("upgrade mlxsm" if is_newer else "state.json.00000001.json") in str(error.hint)


def _lock(machine: Project) -> Path:
    return machine.state_path.with_name("state.json.lock")


@pytest.mark.threat(23)
@pytest.mark.parametrize("what", [*UNREADABLE][::4])
def test_the_installed_command_explains_in_two_lines(machine: Project, what: str, tally: Tally) -> None:
    machine.state_path.write_bytes(UNREADABLE[what])
    done = machine.run("apply", "--yes")
    assert (done.code, done.out) == (1, "")
    error, hint = done.err.splitlines()
    assert error.startswith(f"error: the state {machine.state_path} ")
    assert error.endswith("; it was not touched")
    assert hint.startswith("hint: upgrade mlxsm" if what == "newer" else "hint: the newest good version is ")
    assert machine.state_path.read_bytes() == UNREADABLE[what]
    tally.add(runs_of_the_command=1)


@pytest.mark.threat(23)
def test_a_state_of_another_lineage_is_another_state(machine: Project, tally: Tally) -> None:
    assert machine.run("plan", "--out", "saved.plan", "-f", str(machine.write(GOOD))).code == 0
    machine.edit_state(lambda state: state.update(lineage="another"))
    before = machine.state_path.read_bytes()
    stale = machine.run("apply", "saved.plan")
    assert (stale.code, "stale plan" in stale.err) == (1, True)
    assert machine.run("history", "--json").json["entries"][1:] == []
    nowhere = machine.run("rollback", "1", "--yes")
    assert (nowhere.code, "there is no earlier state" in nowhere.err) == (64, True)
    assert machine.state_path.read_bytes() == before
    tally.add(runs_of_the_command=3)


@pytest.mark.threat(23)
def test_a_file_of_nothing_is_no_empty_state(machine: Project, tally: Tally) -> None:
    machine.state_path.write_bytes(b"")
    assert machine.run("list").code == 1
    machine.state_path.unlink()
    assert machine.run("list", "--json").json["entries"] == []
    assert machine.run("apply", "--yes").code == 0
    tally.add(runs_of_the_command=3)

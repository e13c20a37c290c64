"""A rehearsal of Windows: the metadata half in a Python that lacks what Windows' has not.

It shows what can be shown without Windows, where mlxsm has never run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlxsm_sync.files import atomic
from testing.ledger import Tally
from testing.paths import PROGRAMS
from testing.programs.metadata_story import FILE, STORY
from testing.project import Project


@pytest.fixture
def windows(project: Project) -> Project:
    """A project whose Python is like that of Windows."""
    site = project.folder / "site"
    site.mkdir()
    shutil.copy(PROGRAMS / "like_windows.py", site / "sitecustomize.py")
    path = [str(site), project.environment.get("PYTHONPATH", "")]
    project.environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    return project


LOOK = """
import json, os, signal, sitecustomize
found = [f"{m.__name__}.{n}" for m, names in sitecustomize.MISSING.items() for n in names if hasattr(m, n)]
for name in sitecustomize.MODULES:
    try:
        __import__(name)
        found.append(name)
    except ModuleNotFoundError:
        pass
print(json.dumps([found, sum(map(len, sitecustomize.MISSING.values())) + len(sitecustomize.MODULES)]))
"""


@pytest.mark.threat(37)
def test_the_rehearsal_lacks_what_windows_lacks(windows: Project, tally: Tally) -> None:
    look = "def look():\n" + "".join(f"    {line}\n" for line in LOOK.splitlines())
    code = f"import types; m = types.ModuleType('mlxsm_x'); exec({look!r}, m.__dict__); m.look()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=windows.environment, capture_output=True, text=True, check=True
    )
    found, count = json.loads(done.stdout)
    assert found == []
    assert count > 30
    assert hasattr(os, "geteuid")
    tally.add(names_of_Unix_taken_away=count)


@pytest.mark.threat(37)
@pytest.mark.parametrize("state", ["", "app:models.json"])
def test_every_command_for_metadata_works(windows: Project, state: str, tally: Tally) -> None:
    if state:
        windows.environment["MLXSM_STATE"] = state
    for command, code in STORY:
        if command == ["validate"]:
            windows.write(FILE)  # the starter of `init` has served
        result = windows.run(*command)
        assert result.code == code, (command, result)
        assert "its own fault" not in result.err, (command, result.err)
        tally.add(commands=1)
    named = [one["name"] for one in windows.run("list", "--json").json["entries"]]
    assert named == ["A", "B"]
    assert [*windows.folder.rglob("*.tmp")] == []


SERVERS = [["up"], ["up", "--dry-run"], ["down"], ["down", "--all"], ["restart", "A"], ["ps"]]
SERVERS += [["logs", "A"], ["adopt", "A"], ["forget", "A"], ["doctor"]]


@pytest.mark.threat(37)
def test_commands_for_servers_are_refused_in_one_line(windows: Project, tally: Tally) -> None:
    windows.apply(FILE)
    before = {path: path.read_bytes() for path in windows.state_path.parent.rglob("*") if path.is_file()}
    for command in SERVERS:
        result = windows.run(*command, CALLED_WINDOWS="1")
        assert (result.code, result.out) == (1, ""), command
        assert result.err.splitlines() == [
            "error: servers are only run on macOS and Linux",
            "hint: the other commands work on Windows",
        ]
        assert windows.run(command[0], "--help", CALLED_WINDOWS="1").code == 0
        tally.add(commands=1)
    told = windows.run("ps", "--json", CALLED_WINDOWS="1").json
    assert told["error"]["kind"] == "server"
    assert before == {path: path.read_bytes() for path in before}


class Refused(PermissionError):
    """A refusal as Windows gives it, which knows its own number, too."""

    def __init__(self, winerror: int | None) -> None:
        super().__init__(13, "Permission denied")
        self.winerror = winerror


def held(error: int | None, tries: int, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Let the system refuse to replace files as Windows does, so many times; the tries that are made."""
    made: list[Path] = []
    replace = os.replace

    def refuse(source: Path, target: Path) -> None:
        made.append(source)
        if len(made) <= tries:
            raise Refused(error)
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    return made


@pytest.mark.threat(37)
@pytest.mark.parametrize(
    ("error", "times", "tries"),
    [(5, 0, 1), (5, 1, 2), (32, 9, 10), (5, 10, 10), (32, 11, 10), (33, 1, 1), (None, 1, 1)],
)
def test_a_file_that_another_program_holds_for_a_moment_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int | None, times: int, tries: int, tally: Tally
) -> None:
    path = tmp_path / "state"
    path.write_text("old")
    beside = atomic.write_beside(path, b"new")
    made = held(error, times, monkeypatch)
    if times < tries:
        atomic.put_in_place(beside, path)
    else:
        with pytest.raises(PermissionError):
            atomic.put_in_place(beside, path)
    assert len(made) == tries
    assert path.read_text() == ("new" if times < tries else "old")
    assert [one.name for one in tmp_path.iterdir()] == ["state"]
    tally.add(refused_replaces=1)

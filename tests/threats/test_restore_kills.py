"""A restore that is killed at any system call: nothing that was there is lost, and the next one goes on."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from testing.ledger import Tally
from testing.project import Project
from testing.tracing import points, trace
from testing.write_scenes import CALLS

ONE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
BROKEN = b'{"formatVersion": 1, "lineage"'


def set_up(project: Project, state: str) -> Path:
    """A state that was written three times and is broken now; the file that is broken."""
    words = () if state == "default" else ("--state", state, "--while-app-runs")
    for port in (1, 2, 3):
        project.apply(ONE % port, *words)
    path = project.state_path if state == "default" else project.folder / "models.json"
    path.write_bytes(BROKEN)
    return path


def tree(folder: Path) -> frozenset[tuple[str, int]]:
    """All that the next command finds, by names and sizes; numbers of processes and times are left out."""
    return frozenset(
        (re.sub(r"[0-9]+\.[0-9a-f]{12}\.tmp|[0-9]{8}T[0-9]{6}Z", "", str(path)), path.lstat().st_size)
        for path in folder.rglob("*")
        if not path.name.endswith(".lock")
    )


@pytest.mark.linux("strace")
@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize("state", ["default", "app:models.json"])
def test_a_restore_that_is_killed_loses_nothing(project: Project, state: str, tally: Tally) -> None:
    path = set_up(project, state)
    named = [] if state == "default" else ["--state", state]
    quiet = [] if state == "default" else ["--while-app-runs"]
    kept = project.folder.parent / f"{project.folder.name}.kept"
    shutil.copytree(project.folder, kept, symlinks=True)
    command = project.command("restore", "--yes", *named, *quiet)

    def run(*options: str):
        shutil.rmtree(project.folder)
        shutil.copytree(kept, project.folder, symlinks=True)
        return trace(command, project.folder, project.environment, *options)

    assert run().code == 0  # what Python compiles is compiled from here on
    clean = run("-y", "-e", f"trace={CALLS}")
    assert clean.code == 0, clean.err
    after = path.read_bytes()
    found, trees = set(), set()
    for call in points(clean, lambda call: str(project.folder) + "/" in call.line):
        done = run("-e", f"trace={call.name}", "-e", f"inject={call.name}:signal=SIGKILL:when={call.number}")
        assert done.was_killed, (call, done)
        tally.add(kills=1)
        now = path.read_bytes()  # at no moment is there none
        found.add(now == BROKEN)
        if (names := tree(project.folder)) in trees:
            continue  # what comes next, does the same for all that find the same
        trees.add(names)
        beside = [*path.parent.glob(f"{path.name}.unreadable-*")]
        if now == BROKEN:
            again = project.run("restore", "--yes", *named, *quiet)
            assert again.code == 0, (call, again)
            beside = [*path.parent.glob(f"{path.name}.unreadable-*")]
        assert [one.read_bytes() for one in beside] == [BROKEN], call
        listed = project.run("list", "--json", *named)
        assert [one["port"] for one in listed.json["entries"]] == [2], call
        if state == "default":
            assert json.loads(path.read_bytes())["serial"] == json.loads(after)["serial"]
        project.write(ONE % 5)
        assert project.run("apply", "--yes", *named, *quiet).code in (0, 3)
        assert [*project.folder.rglob(".*.tmp")] == []
    assert found == {True, False}

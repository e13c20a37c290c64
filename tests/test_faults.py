"""Faults injected for real: kills and errors at system calls, many applies at once, full disks.

Every test asserts that its fault landed. Linux only, since strace is.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MLXSM, Project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is Linux's")

BEFORE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: 1}]\n"
AFTER = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: 2}]\n"
CALLS = ("openat", "write", "fsync", "link", "rename", "unlink", "flock", "close", "fchmod", "mkdir")


def strace() -> str:
    found = shutil.which("strace")
    assert found, "these tests need strace: apt-get install strace"
    return found


def trace(project: Project, *options: str) -> subprocess.CompletedProcess[str]:
    log = project.folder / "trace.log"
    # How many calls it takes to look for the app changes with what else runs.
    quiet = ["--while-app-runs"] if uses_the_apps_list(project) else []
    return subprocess.run(
        [strace(), "-f", "-qq", "-o", str(log), *options, *project.command("apply", "--yes", *quiet)],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def calls_near_the_state(project: Project) -> dict[str, list[int]]:
    """For each system call, which of its occurrences in one apply come after the first touch of the state."""
    work = clone(project, "probe")
    assert trace(work, "-y", "-e", f"trace={','.join(CALLS)}").returncode == 0
    counts = dict.fromkeys(CALLS, 0)
    near: dict[str, list[int]] = {call: [] for call in CALLS}
    ours = (str(work.folder), "write(1<")
    touched = False
    for line in (work.folder / "trace.log").read_text().splitlines():
        if not (found := re.match(r"\d+\s+(\w+)\(", line)) or found[1] not in counts:
            continue
        counts[found[1]] += 1
        touched = touched or ".json.lock" in line
        if touched and any(place in line for place in ours):
            near[found[1]].append(counts[found[1]])
    return near


def clone(project: Project, name: str) -> Project:
    """The same folder and home once more."""
    folder = project.folder.parent / f"{project.folder.name}-{name}"
    shutil.copytree(project.folder, folder, symlinks=True)
    for path in [*folder.rglob(f"{record(project).name}*")]:
        # A record is named after the place of its list, which is another one now.
        path.rename(path.with_name(path.name.replace(record(project).stem, record(Project(folder)).stem)))
    return Project(folder, project.environment | {"HOME": str(folder / "home")})


def record(project: Project) -> Path:
    """Where the record of the app's list is kept."""
    mark = hashlib.sha256(str((project.folder / "models.json").resolve()).encode()).hexdigest()[:12]
    return project.state_path.parent / f"app-{mark}.json"


def uses_the_apps_list(project: Project) -> bool:
    return "MLXSM_STATE" in project.environment


@pytest.fixture(params=["state.json", "app:models.json"])
def applied(project: Project, no_app: None, request: pytest.FixtureRequest) -> Project:  # noqa: ARG001
    """A folder in which a first apply was made and a second one is to come, for both kinds of state."""
    if request.param.startswith("app"):
        project.environment["MLXSM_STATE"] = request.param
    project.apply(BEFORE)
    project.write(AFTER)
    return project


def port(project: Project) -> int:
    """The port that was written; whatever holds it can be read."""
    if not uses_the_apps_list(project):
        (entry,) = project.state["entries"]
        found: int = entry["profile"]["port"]
        return found
    (listed,) = json.loads((project.folder / "models.json").read_text())
    json.loads(record(project).read_text())
    assert listed["family"] == "Imported"
    assert isinstance(listed["serverPort"], int)
    return listed["serverPort"]


def left_behind(project: Project) -> list[str]:
    folders = (project.state_path.parent, project.folder)
    return [path.name for folder in folders for path in folder.iterdir() if path.name.endswith(".tmp")]


def points(near: dict[str, list[int]], calls: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(call, number) for call in calls for number in near[call]]


def test_eight_applies_at_once_lose_nothing(project: Project) -> None:
    for number in range(8):
        text = f"schemaVersion: 1\ncollection: c{number}\nprofiles:\n- {{name: P{number}, modelID: m, host: h, port: {number + 1}}}\n"
        project.write(text, f"{number}.yaml")
    running = [
        subprocess.Popen(
            [MLXSM, "apply", "-f", f"{number}.yaml", "--yes", "--lock-timeout", "60"],
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    errors = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 8, errors
    assert {entry["profile"]["name"] for entry in project.state["entries"]} == {f"P{n}" for n in range(8)}
    assert project.state["serial"] == 8
    assert [one["serial"] for one in project.run("history", "--json").json["entries"]] == [*range(7, -1, -1)]


def test_eight_applies_of_one_file_are_one_write(project: Project) -> None:
    project.write(BEFORE)
    running = [
        subprocess.Popen(
            project.command("apply", "--yes", "--json"),
            cwd=project.folder,
            env=project.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    outcomes = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert sum(one["applied"] for one in outcomes) == 1
    assert project.state["serial"] == 1

"""Faults injected for real: kills and errors at system calls, full disks.

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


def test_a_kill_at_any_system_call_leaves_the_old_or_the_new_state(applied: Project) -> None:
    near = calls_near_the_state(applied)
    seen = set()
    kills = points(near, CALLS)
    assert len(kills) > 20
    assert near["rename"], "the write was never reached"
    for call, number in kills:
        work = clone(applied, f"kill-{call}-{number}")
        done = trace(work, "-e", f"inject={call}:signal=SIGKILL:when={number}")
        assert done.returncode == -9 or done.returncode == 137, (call, number, done.returncode)
        found = port(work)
        assert found in (1, 2)
        if "Applied" in done.stdout:
            assert found == 2
        seen.add(found)
        again = work.run("apply", "--yes")
        assert again.code == 0, again.err
        assert port(work) == 2
        assert left_behind(work) == []
        (entry,) = work.run("list", "--json").json["entries"]
        assert (entry["owner"], entry["drifted"]) == ("default", False)
        assert work.run("plan", "--detailed-exitcode").code == 0
        shutil.rmtree(work.folder)
    assert seen == {1, 2}


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS"])
def test_an_error_at_any_system_call_is_one_line_and_loses_nothing(applied: Project, error: str) -> None:
    near = calls_near_the_state(applied)
    for call, number in points(near, ("write", "fsync", "link", "rename")):
        work = clone(applied, f"{error}-{call}-{number}")
        done = trace(work, "-e", f"inject={call}:error={error}:when={number}")
        log = (work.folder / "trace.log").read_text()
        assert "(INJECTED)" in log
        assert "Traceback" not in done.stderr
        assert port(work) in (1, 2)
        if done.returncode == 0:
            assert port(work) == 2
        else:
            assert done.stderr.count("error: ") <= 1
            written = "the disk did not confirm" in done.stderr or "the state was written" in done.stderr
            (entry,) = work.run("list", "--json").json["entries"]
            assert entry["owner"] == "default"
            assert (port(work) == 2) == (written or "Applied" in done.stdout), (call, number, done)
        assert left_behind(work) == []
        shutil.rmtree(work.folder)


def test_a_lock_that_the_system_refuses_stops_everything(applied: Project) -> None:
    for error in ("ENOLCK", "ENOSYS"):
        done = trace(applied, "-e", f"inject=flock:error={error}")
        assert done.returncode == 1
        assert "cannot" in done.stderr
        assert port(applied) == 1


def test_planning_and_applying_opens_no_socket_and_touches_no_process(applied: Project) -> None:
    forbidden = "socket,connect,bind,sendto,kill,tgkill,tkill,pidfd_send_signal,execve,fork,vfork"
    for arguments in (
        ["plan"],
        ["plan", "--json"],
        ["apply", "--yes"],
        ["history"],
        ["rollback", "--yes"],
        ["export", "--format", "yaml"],
        ["export", "-o", "document.json"],
        ["import", "document.json", "--yes"],
        ["connect", "A"],
        ["pull", "--all"],
        ["validate", "document.json", "profiles.yaml"],
        ["rollback", "--yes"],
    ):
        log = applied.folder / "trace.log"
        done = subprocess.run(
            [strace(), "-f", "-qq", "-o", str(log), "-e", f"trace={forbidden}", *applied.command(*arguments)],
            cwd=applied.folder,
            env=applied.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        made = [line for line in log.read_text().splitlines() if "(" in line]
        assert len(made) == 1, made  # the execve that strace itself makes to start the command
        assert "execve" in made[0]


def test_a_full_output_is_an_error_and_not_a_traceback(applied: Project) -> None:
    for target in ("/dev/full",):
        with Path(target).open("w") as full:
            done = subprocess.run(
                applied.command("plan"),
                cwd=applied.folder,
                env=applied.environment,
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "No space left on device" in done.stderr


@pytest.mark.parametrize("redirection", [">&-", "| head -0", "2>&- >&-"])
def test_a_closed_output_is_no_traceback(applied: Project, redirection: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{MLXSM} apply --yes {redirection}"],
        cwd=applied.folder,
        env=applied.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert port(applied) in (1, 2)

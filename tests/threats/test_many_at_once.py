"""Many processes that write and read one state at once, and a lock that its holder's death frees."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from testing.ledger import THOROUGH, Tally
from testing.paths import REPOSITORY
from testing.processes import lives
from testing.programs import concurrent_user
from testing.project import Project
from testing.tracing import strace
from testing.waiting import wait_for

SETTINGS = [(16, 500)] if THOROUGH else [(2, 15), (4, 8), (8, 4), (16, 2)]
READERS = 4
KEPT = 50

Process = subprocess.Popen[str]


def start(project: Project, *words: str) -> Process:
    """One of many; it waits until it is told to begin."""
    process = subprocess.Popen(
        [sys.executable, concurrent_user.__file__, *words],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    return process


def begin(processes: list[Process]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def said(process: Process) -> Any:
    """What it says at its end."""
    out, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err
    return json.loads(out)


def kept(project: Project) -> list[Any]:
    """The states that were kept, and the one of now, by age."""
    paths = sorted((project.state_path.parent / "history").glob("state.json.*.json"))
    return [json.loads(path.read_text()) for path in [*paths, project.state_path]]


def ports(state: Any) -> dict[str, int]:
    return {entry["profile"]["name"]: entry["profile"]["port"] for entry in state["entries"]}


@pytest.mark.threat(20)
@pytest.mark.parametrize(("writers", "turns"), SETTINGS)
def test_no_write_of_many_at_once_is_lost_and_no_reader_sees_half_of_one(
    project: Project, writers: int, turns: int, tally: Tally
) -> None:
    readers = [start(project, "read") for _ in range(READERS)]
    many = [start(project, "write", str(number), str(turns)) for number in range(writers)]
    begin([*readers, *many])
    for writer in many:
        assert said(writer) == {"written": turns, "failed": []}
    seen = [said(reader) for reader in readers]
    assert [one["back"] for one in seen] == [0] * READERS
    assert min(one["reads"] for one in seen) > 1
    assert ports(project.state) == {f"P{n}": concurrent_user.FIRST_PORT + turns - 1 for n in range(writers)}
    assert project.state["serial"] == writers * turns
    # Each state is the one before it, with one entry of one writer one turn on.
    states = kept(project)
    assert len(states) == min(writers * turns, KEPT) + 1
    for before, after in pairwise(states):
        assert after["serial"] == before["serial"] + 1
        ((name, port),) = ports(after).items() - ports(before).items()
        assert port == ports(before).get(name, concurrent_user.FIRST_PORT - 1) + 1
    tally.add(applies=writers * turns, reads_meanwhile=sum(one["reads"] for one in seen))


LOCKING, OPEN = "        lock.acquire()\n", "        pass\n"


@pytest.fixture
def unlocked(project: Project) -> Project:
    """A project whose mlxsm takes no lock."""
    copy = project.folder / "unlocked"
    shutil.copytree(REPOSITORY / "mlxsm_sync", copy / "mlxsm_sync", ignore=shutil.ignore_patterns("*.pyc"))
    module = copy / "mlxsm_sync/state/lock.py"
    text = module.read_text()
    assert text.count(LOCKING) == 1
    module.write_text(text.replace(LOCKING, OPEN))
    return Project(project.folder, project.environment | {"PYTHONPATH": str(copy)})


@pytest.mark.threat(20)
def test_without_the_lock_writes_are_lost_or_fail(unlocked: Project, tally: Tally) -> None:
    """The same as above, to see that it can fail."""
    writers, turns = 8, 6
    many = [start(unlocked, "write", str(number), str(turns)) for number in range(writers)]
    begin(many)
    written = sum(said(writer)["written"] for writer in many)
    missing = writers * turns - written
    lost = written - unlocked.state["serial"]
    assert missing + lost > 0
    tally.add(applies_without_the_lock=writers * turns)


@pytest.mark.threat(20)
def test_eight_applies_at_once_lose_nothing(project: Project, tally: Tally) -> None:
    for number in range(8):
        project.write(concurrent_user.text(number, number), f"{number}.yaml")
    words = ("--yes", "--lock-timeout", "60")
    running = [project.start("apply", "-f", f"{number}.yaml", *words) for number in range(8)]
    errors = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0] * 8, errors
    assert ports(project.state) == {f"P{n}": concurrent_user.FIRST_PORT + n for n in range(8)}
    assert project.state["serial"] == 8
    assert [one["serial"] for one in project.run("history", "--json").json["entries"]] == [*range(8, -1, -1)]
    tally.add(applies=8)


@pytest.mark.threat(20)
def test_eight_applies_of_one_file_are_one_write(project: Project, tally: Tally) -> None:
    project.write(concurrent_user.text(1, 1))
    running = [project.start("apply", "--yes", "--json") for _ in range(8)]
    outcomes = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert sum(one["applied"] for one in outcomes) == 1
    assert project.state["serial"] == 1
    tally.add(applies=8)


@pytest.fixture(params=["state.json", "app:models.json"])
def holder(project: Project, no_app: None, request: pytest.FixtureRequest) -> Iterator[tuple[Project, int]]:  # noqa: ARG001 - waits until none runs
    """A real apply that was stopped while it holds the lock, and its number."""
    if request.param.startswith("app"):
        project.environment["MLXSM_STATE"] = request.param
    project.apply(concurrent_user.text(1, 1))
    project.write(concurrent_user.text(1, 2))
    stop = ["-e", "trace=fsync", "-e", "inject=fsync:signal=SIGSTOP:when=1"]
    with subprocess.Popen(
        [strace(), "-f", "-qq", "-o", "trace.log", *stop, *project.command("apply", "--yes")],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as tracer:
        log = project.folder / "trace.log"
        wait_for(lambda: log.exists() and "stopped by SIGSTOP" in log.read_text())
        pid = int(log.read_text().split()[0])
        yield project, pid
        if tracer.poll() is None:
            os.kill(pid, signal.SIGKILL)
            tracer.wait()


@pytest.mark.threat(20)
@pytest.mark.linux("a stop by strace")
def test_a_lock_names_its_holder_and_goes_with_it(holder: tuple[Project, int], tally: Tally) -> None:
    project, pid = holder
    before = content(project)
    for seconds in ("0", "1"):
        begun = time.monotonic()
        told = project.run("apply", "--yes", "--json", "--lock-timeout", seconds)
        assert time.monotonic() - begun >= int(seconds)
        error = told.json["error"]
        assert (told.code, error["kind"]) == (1, "locked")
        assert re.fullmatch(
            rf"the state is locked by process {pid} on {platform.node()} \(mlxsm apply, since 2\S+\)",
            error["message"],
        )
        assert f"waited {seconds} s" in error["hint"]
        assert project.run("list").code == 0
        tally.add(refused_applies=1)
    assert content(project) == before
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not lives(pid))
    assert project.run("apply", "--yes", "--lock-timeout", "0").code == 0
    assert content(project) != before
    tally.add(killed_holders=1)


def content(project: Project) -> str:
    """What the commands see in the state."""
    return project.run("list", "--json").out

"""A program that writes without our lock: what it wrote is in the state, or kept, or our plan is stale.

The limit: a write that falls between our last look and the rename, two system calls, is lost.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from testing.ledger import SEED, THOROUGH, Tally
from testing.project import Project
from testing.tracing import Call, strace, trace
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("delays by strace")

APPLIES = 500 if THOROUGH else 15
APPLY = ("apply", "--yes", "--while-app-runs")


def file(port: int) -> str:
    return f"schemaVersion: 1\nprofiles: [{{name: A, modelID: m/a, host: 127.0.0.1, port: {port}}}]\n"


class Store:
    """A state of ours, or the app's list, as a foreign program sees it."""

    def __init__(self, project: Project, kind: str) -> None:
        self.is_list = kind == "the app's list"
        if self.is_list:
            project.environment["MLXSM_STATE"] = "app:models.json"
        self.project = project
        self.path = project.folder / "models.json" if self.is_list else project.state_path
        project.apply(file(1), "--while-app-runs")
        self.write(0)

    def write(self, mark: int) -> None:
        """Read the file, leave a mark in it, and replace it, as a program does that knows of no lock."""
        data = json.loads(self.path.read_text())
        if self.is_list:
            data[0]["theirs"] = mark
        else:
            data["entries"][0]["profile"]["notes"] = str(mark)
        beside = self.path.with_name("theirs")
        beside.write_text(json.dumps(data))
        beside.rename(self.path)

    def mark_in(self, text: str) -> int:
        data = json.loads(text)
        return int(data[0]["theirs"] if self.is_list else data["entries"][0]["profile"]["notes"])

    def mark(self) -> int:
        """Which of their versions the file now is, or was made from."""
        return self.mark_in(self.path.read_text())

    def kept(self) -> set[int]:
        """Which of their versions are in the history."""
        found = set()
        for path in (self.project.state_path.parent / "history").glob("*.json"):
            text = path.read_text()
            told = json.loads(text).get("listText") if self.is_list else text
            with suppress(KeyError, IndexError, TypeError):
                found.add(self.mark_in(told))
        return found

    def port(self) -> int:
        data = json.loads(self.path.read_text())
        return int(data[0]["serverPort"] if self.is_list else data["entries"][0]["profile"]["port"])


@pytest.fixture(params=["our state", "the app's list"])
def store(project: Project, no_app: None, request: pytest.FixtureRequest) -> Store:  # noqa: ARG001 - waits until none runs
    return Store(project, request.param)


def traced(project: Project, command: tuple[str, ...], *options: str) -> subprocess.Popen[str]:
    """An apply that is held up at a system call."""
    (project.folder / "trace.log").write_text("")
    return subprocess.Popen(
        [strace(), "-f", "-qq", "-o", "trace.log", *options, *project.command(*command)],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(tracer: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = tracer.communicate(timeout=120)
    assert "Traceback" not in err
    return tracer.returncode, out + err


def undisturbed(store: Store, *options: str) -> list[Call]:
    """The calls of an apply that nobody disturbs."""
    store.project.write(file(1000))
    done = trace(store.project.command(*APPLY), store.project.folder, store.project.environment, *options)
    assert done.code == 0, done.err
    return [*done.calls()]


@pytest.mark.threat(22)
def test_a_foreign_write_at_any_moment_before_the_last_look_is_not_lost(store: Store, tally: Tally) -> None:
    """The apply is stopped at each forcing to the disk, before the last look and after the rename."""
    stops = len(undisturbed(store, "-e", "trace=fsync"))
    assert stops >= 3
    refused = []
    for number in range(1, stops + 1):
        store.project.write(file(1000 + number))
        assert store.project.run("plan", "--out", "saved.plan").code == 0
        stop = ("-e", "trace=fsync", "-e", f"inject=fsync:signal=SIGSTOP:when={number}")
        tracer = traced(store.project, ("apply", "saved.plan", "--while-app-runs"), *stop)
        log = store.project.folder / "trace.log"
        wait_for(lambda log=log: "stopped by SIGSTOP" in log.read_text())
        store.write(number)
        os.kill(int(log.read_text().split()[0]), signal.SIGCONT)
        code, said = finished(tracer)
        assert store.mark() == number
        assert (code, "was changed" in said, "Applied" in said) in ((0, False, True), (1, True, False)), said
        refused.append(code == 1)
        tally.add(foreign_writes=1)
    # Before the last look it is seen; after the rename the file is theirs again, and ours is not lost for them.
    assert refused == sorted(refused, reverse=True)
    assert refused[0]
    assert not refused[-1]


@pytest.mark.threat(22)
def test_only_a_write_between_the_last_look_and_the_rename_is_lost(store: Store, tally: Tally) -> None:
    """The limit, as it is: the last look and the rename follow each other."""
    calls = undisturbed(store, "-y")
    name = store.path.name
    (rename,) = (n for n, one in enumerate(calls) if one.name == "rename" and f'{name}")' in one.line)
    look = calls[rename - 1]
    assert "stat" in look.name
    assert f'{name}"' in look.line
    store.project.write(file(2000))
    when = 1 + sum(one.name == "rename" for one in calls[:rename])
    delay = ("-e", "trace=rename", "-e", f"inject=rename:delay_enter=1500000:when={when}")
    tracer = traced(store.project, APPLY, *delay)
    log = store.project.folder / "trace.log"
    wait_for(lambda: log.read_text().count("rename(") == when)
    store.write(77)
    assert not log.read_text().endswith("\n"), "the rename was over"
    code, said = finished(tracer)
    assert (code, "Applied" in said) == (0, True), said
    assert (store.mark(), store.port(), 77 in store.kept()) == (0, 2000, False)
    tally.add(foreign_writes_that_are_lost_as_told=1)


def scribble(store: Store, chance: random.Random, done: Callable[[], bool], pause: Any) -> list[int]:
    """Write at random times; the versions of ours that somebody else's apply lost."""
    lost = []
    mark = 0
    while not done():
        pause(chance.uniform(0.02, 0.2))
        if store.mark() < mark and mark not in store.kept():
            lost.append(mark)
        mark += 1
        store.write(mark)
    if store.mark() < mark and mark not in store.kept():
        lost.append(mark)
    return [*lost, -mark]


@pytest.mark.threat(22)
def test_whatever_a_foreign_writer_writes_is_in_the_state_or_kept(store: Store, tally: Tally) -> None:
    chance = random.Random(SEED)
    ended = threading.Event()
    found: list[int] = []
    writer = threading.Thread(target=lambda: found.extend(scribble(store, chance, ended.is_set, ended.wait)))
    writer.start()
    stale = 0
    try:
        for port in range(2, APPLIES + 2):
            store.project.write(file(port))
            told = store.project.run(*APPLY, "--json").json
            stale += told.get("error", {}).get("kind") == "stale-plan"
            assert told.get("applied") or told["error"]["kind"] == "stale-plan" or not told["changes"], told
    finally:
        ended.set()
        writer.join()
    *lost, written = found
    assert -written > 5
    assert len(lost) <= 1 + APPLIES // 100, "more than what may fall into the moment before a rename"
    tally.add(applies=APPLIES, foreign_writes=-written, stale_plans=stale, foreign_writes_lost=len(lost))


@pytest.mark.threat(22)
@pytest.mark.parametrize("how", ["replaced", "written into"])
def test_an_edit_of_the_file_while_it_is_pulled_is_not_lost(project: Project, how: str, tally: Tally) -> None:
    """Its author saves right before the new text would take its place."""
    project.apply(file(1))
    project.edit_state(lambda state: state["entries"][0]["profile"].update(port=5))
    profiles = project.folder / "profiles.yaml"
    edit = "# mine\n" + file(1)
    delay = ("-e", "trace=fsync", "-e", "inject=fsync:delay_enter=1500000:when=1")
    tracer = traced(project, ("pull", "--all", "--yes"), *delay)
    log = project.folder / "trace.log"
    wait_for(lambda: log.exists() and "fsync(" in log.read_text())
    if how == "replaced":
        project.write(edit, "beside").rename(profiles)
    else:
        profiles.write_text(edit)
    code, said = finished(tracer)
    tally.add(foreign_writes=1)
    assert (code, "was changed meanwhile" in said) == (1, True), said
    assert profiles.read_text() == edit

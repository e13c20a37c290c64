"""Proof, second proof and doubt: what differs is never taken for `it is gone`, and no stranger for ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from mlxsm_sync.system import current, portable, process, process_identity
from mlxsm_sync.system.process_identity import (
    Found,
    found,
    identify,
    left_behind,
    noted,
    noted_child,
    noted_runner,
)
from mlxsm_sync.system.runners import held_runner, runner_of
from mlxsm_sync.values.run import BY_CLOCK, RunRecord
from testing.processes import start_mark
from testing.waiting import wait_for

ID, RUN_ID = "a" * 16, f"0123456789abcdef{os.getpid():016x}"  # nobody else runs these tests with it
MARK = f"{ID}.{RUN_ID}"

# As a shim does it: a child in a group of its own, with these variables, inside the session of its parent.
SHIM = """
import os, sys, time
code = "import time; time.sleep(600)"
for words in sys.argv[1:]:
    mark = {"MLXSM_RUN": words} if words != "-" else {}
    print(os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", code], mark, setpgroup=0), flush=True)
while True:
    os.wait()
"""


class Run(NamedTuple):
    """A parent and what it started."""

    parent: subprocess.Popen[str]
    pids: list[int]
    record: RunRecord

    @property
    def pid(self) -> int:
        return self.pids[0]


Start = Callable[..., Run]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a parent with some mark, and below it children, each with a mark or with no variable at all."""
    runs: list[Run] = []

    def begin(*children: str, parent: str = MARK) -> Run:
        process = subprocess.Popen(
            [sys.executable, "-c", SHIM, *children],
            env={"MLXSM_RUN": parent, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in children]
        for pid in pids:
            wait_for(lambda pid=pid: current.command_line(pid)[-1:] == ["import time; time.sleep(600)"])
        runs.append(Run(process, pids, noted(record(), pids[0], process.pid)))
        return runs[-1]

    yield begin
    for run in runs:
        for pid in (*run.pids, run.parent.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        run.parent.wait()
        assert run.parent.stdout is not None
        run.parent.stdout.close()


def record(**fields: object) -> RunRecord:
    known: dict[str, object] = {
        "id": ID,
        "name": "A",
        "owner": None,
        "host": "127.0.0.1",
        "port": 1,
        "run_id": RUN_ID,
        "boot_id": current.boot_id(),
        "command": ("/s",),
        "arguments": (),
        "server_version": None,
        "profile_digest": "",
        "log": "/l",
        "started_at": "2026-06-16T00:00:00Z",
    }
    return RunRecord(**(known | fields))


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda pid=pid: (about := current.facts(pid)) is None or about.dead)


def pid_of(found: Found) -> int | None:
    """The process that was found for certain."""
    assert (found.handle is None) or (found.doubt is None and not found.rebooted)
    if found.handle is None:
        return None
    found.handle.close()
    return found.handle.pid


GONE = Found(None)
MARKS = [None, "1", "gone", "yesterday", "1795664127.25", "ticks 5", ""]
"""Starts as any version, or anybody, may have noted them."""


@pytest.mark.parametrize("mark", MARKS)
def test_this_boot_this_user_and_the_run_id_are_proof_whatever_the_start(
    start: Start, mark: str | None
) -> None:
    run = start(MARK)
    assert pid_of(identify(run.record)) == run.pid
    assert pid_of(identify(run.record.model_copy(start_mark=mark, shim=None, shim_mark=None))) == run.pid
    # Another number, or none, or that of a stranger: the mark is looked for.
    for pid in (None, 2**22 + 1, *([] if mark is None else [os.getpid()])):
        assert pid_of(identify(run.record.model_copy(pid=pid, start_mark=mark))) == run.pid
    kill(run.pid)
    assert identify(run.record.model_copy(start_mark=mark)) == GONE


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark is not None])
def test_a_process_of_another_run_is_none_of_ours(start: Start, mark: str) -> None:
    other = start(f"{ID}.{RUN_ID[::-1]}", parent=f"{ID}.{RUN_ID[::-1]}")
    ours = record(pid=other.pid, start_mark=mark, shim=2**22 + 1, shim_mark="1")
    assert identify(ours) == GONE
    there = current.facts(other.pid)
    assert there is not None
    doubt = identify(ours.model_copy(start_mark=there.start_mark)).doubt
    assert doubt == f"process {other.pid} does not carry the mark of this run"
    assert left_behind(ours) == []


# Where no environment is to be seen.


def test_the_session_of_its_parent_is_the_second_proof(start: Start) -> None:
    run = start("-", "-")
    assert current.environment(run.pid) == {}
    assert pid_of(identify(run.record)) == run.pid
    assert {*left_behind(run.record)} - {run.parent.pid} == {run.pids[1]}
    # An earlier version noted no parent: the parent's own mark tells.
    assert pid_of(identify(run.record.model_copy(shim=None, shim_mark=None))) == run.pid
    assert pid_of(identify(run.record.model_copy(start_mark="1"))) == run.pid


def test_a_parent_that_shows_nothing_either_is_known_by_its_start(start: Start) -> None:
    run = start("-", parent="hidden")
    assert pid_of(identify(run.record)) == run.pid
    assert identify(run.record.model_copy(shim_mark="1")).doubt == (
        f"process {run.pid} shows no environment, and so no mark of this run"
    )
    assert identify(run.record.model_copy(shim_mark="1", start_mark="1")).doubt is not None
    assert identify(run.record.model_copy(shim=1, shim_mark="1")).doubt is not None
    assert identify(run.record.model_copy(shim=1, shim_mark="1", start_mark="1")) == GONE  # somebody else


def test_a_parent_that_is_gone_leaves_its_session(start: Start) -> None:
    run = start("-", parent="hidden")
    kill(run.parent.pid)
    run.parent.wait()
    assert pid_of(identify(run.record)) == run.pid
    assert identify(run.record.model_copy(start_mark="1")).doubt is not None
    kill(run.pid)
    assert identify(run.record) == GONE


def test_a_process_without_variables_in_another_session_is_no_proof() -> None:
    stranger = subprocess.Popen(["/bin/sleep", "600"], env={}, start_new_session=True)
    try:
        wait_for(lambda: current.command_line(stranger.pid)[:1] == ["/bin/sleep"])
        ours = noted(record(), stranger.pid, os.getpid())
        assert (
            identify(ours).doubt == f"process {stranger.pid} shows no environment, and so no mark of this run"
        )
        assert identify(ours.model_copy(start_mark="1")) == GONE
        assert left_behind(ours) == []
    finally:
        stranger.kill()
        stranger.wait()


# Other marks that may differ.


def test_a_record_of_another_boot_is_of_nothing_that_lives(start: Start) -> None:
    run = start(MARK)
    other = run.record.model_copy(boot_id="0b5e6f4c-0000-4000-8000-000000000000")
    assert identify(other).doubt == (f"its record is of another boot, but process {run.pid} carries its mark")
    assert pid_of(identify(run.record.model_copy(boot_id=current.boot_id().upper()))) == run.pid
    kill(run.pid)
    assert identify(other) == Found(None, rebooted=True)


def test_a_boot_that_is_named_by_its_time_is_no_proof_against_the_run_id(start: Start) -> None:
    run = start(MARK)
    old = run.record.model_copy(boot_id=f"{BY_CLOCK}1795660000")
    assert pid_of(identify(old)) == run.pid
    kill(run.pid)
    assert identify(old) == GONE


def test_numbers_of_another_namespace_mean_nothing_here(start: Start) -> None:
    run = start(MARK)
    elsewhere = run.record.model_copy(pid_space="pid:[1]")
    assert pid_of(identify(elsewhere.model_copy(pid=os.getpid()))) == run.pid
    kill(run.pid)
    assert (
        identify(elsewhere).doubt
        == "it was started in a container or PID namespace that is not to be seen here"
    )


def test_two_that_lead_groups_are_a_doubt_where_the_number_is_not_known(start: Start) -> None:
    run = start(MARK, MARK)
    assert pid_of(identify(run.record)) == run.pid
    told = identify(run.record.model_copy(pid=None)).doubt
    assert told == f"processes {run.pids[0]}, {run.pids[1]} all carry the mark of this run"
    assert {*left_behind(run.record)} - {run.parent.pid} == {run.pids[1]}


def test_what_cannot_be_looked_at_is_a_doubt(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start(MARK)

    def refuse(_pid: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(process_identity, "facts", refuse)
    assert identify(run.record).doubt == "its process cannot be looked at: Permission denied"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_another_effective_user_is_a_doubt(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """As under sudo: whoever runs this is not whoever started it."""
    run = start(MARK)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert identify(run.record).doubt == f"process {run.pid} belongs to another user"
    assert identify(run.record.model_copy(start_mark="1")) == GONE


# Handles where the system has none of its own.


def test_a_number_is_proved_anew_before_each_signal(start: Start) -> None:
    run = start(MARK)
    answers = [False]
    handle = process.Handle(run.pid, None, lambda: answers[0], "ticks of somebody else")
    assert handle.is_gone()  # another start, and no proof
    handle.signal_group(signal.SIGKILL)
    handle.signal_alone(signal.SIGKILL)
    assert not process.Handle(run.pid, None).is_gone()
    answers[0] = True
    assert not handle.is_gone()
    handle.signal_group(signal.SIGTERM)
    assert handle.wait(30)


def test_a_group_that_may_not_be_signalled_is_tried_by_its_leader(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS says EPERM where everybody in a group has just died."""
    run = start(MARK)

    def refuse(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "killpg", refuse)
    handle = process.Handle(run.pid, None)
    handle.signal_group(signal.SIGTERM)
    assert handle.wait(30)
    monkeypatch.setattr(os, "kill", refuse)
    handle.signal_group(signal.SIGTERM)


def test_one_look_at_all_processes_serves_all_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    asked: list[int] = []
    ask = psutil.Process.net_connections
    monkeypatch.setattr(
        psutil.Process, "net_connections", lambda self, **kind: asked.append(self.pid) or ask(self, **kind)
    )
    monkeypatch.setattr(portable, "_FRESH_SECONDS", 3600.0)
    monkeypatch.setattr(portable._seen, "at", float("-inf"))
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    ports = [server.getsockname()[1] for server in servers]
    for _ in range(3):
        for port in ports:
            assert [one.pid for one in portable.listeners(port, (os.getpid(),))] == [os.getpid()]
    others = [pid for pid in asked if pid != os.getpid()]
    assert len(others) == len({*others})
    for server in servers:
        server.close()
    assert portable.listeners(ports[0], (os.getpid(),)) == []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert [one.pid for one in portable.listeners(port)] == [os.getpid()]  # it came since


@pytest.mark.parametrize("name", ["shim.py", "keeper.py"])
def test_a_shim_is_known_whatever_version_it_is_of(name: str, tmp_path: Path) -> None:
    program = tmp_path / name
    program.write_text("import time; time.sleep(600)")
    words = [sys.executable, "-I", "-S", str(program), f"/run/{ID}.ending", "3", "/server", "--port=1"]
    found = [subprocess.Popen(words, start_new_session=leads) for leads in (True, False)]
    try:
        for one in found:
            wait_for(lambda one=one: current.command_line(one.pid) == words)
        assert [process_identity.is_shim(one.pid) for one in found] == [True, False]
        assert process_identity.shim_words(found[0].pid) == words[4:]
    finally:
        for one in found:
            one.kill()
            one.wait()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A server without variables, whose parent this process is itself."""
    process = subprocess.Popen(["/bin/sleep", "600"], env={}, process_group=0)
    wait_for(lambda: current.command_line(process.pid)[:1] == ["/bin/sleep"])
    yield process
    process.kill()
    process.wait()


def test_a_run_proves_its_child_where_no_environment_is_seen(child: subprocess.Popen[bytes]) -> None:
    ours = noted_child(noted_runner(record()), child.pid)
    assert (ours.runner, ours.shim) == (os.getpid(), None)
    with found(ours) as now:
        assert pid_of(now) == child.pid
    no_proof = f"process {child.pid} shows no environment, and so no mark of this run"
    for differs in ({"runner_mark": "1"}, {"runner": child.pid}, {"runner": None}):
        with found(ours.model_copy(**differs)) as now:
            assert (now.handle, now.doubt) == (None, no_proof)


def test_only_the_parent_of_a_server_is_asked_to_end_with_it(child: subprocess.Popen[bytes]) -> None:
    ours = noted_child(noted_runner(record()), child.pid)
    assert held_runner(ours) is None, "it does not ask itself"
    with runner_of(ours) as runner:
        assert runner is not None
        assert runner.pid == os.getpid()
    with runner_of(ours.model_copy(runner_mark="1")) as runner:
        assert runner is None
    with runner_of(record()) as runner:
        assert runner is None
    other = ours.model_copy(runner=os.getppid(), runner_mark=start_mark(os.getppid()))
    assert held_runner(other) is None
    assert held_runner(record()) is None

"""`up` and `down` killed and failed at their own system calls: what is left is told truly and can be stopped.

Every test asserts that its fault landed. Linux only, since strace is.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import pytest

from testing.ledger import THOROUGH, Tally
from testing.ports import is_free
from testing.processes import lives, processes_of
from testing.servers import Servers
from testing.tracing import strace
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("faults by strace")

CALLS = (
    "rename",
    "write",
    "fsync",
    "unlink",
    "pipe2",
    "vfork",
    "clone",
    "clone3",
    "flock",
    "fchmod",
)


class Done(NamedTuple):
    """How a traced command ended."""

    returncode: int
    stdout: str
    stderr: str


def traced(servers: Servers, command: list[str], *options: str) -> Done:
    """Run a command under strace, which lets go of the servers that the command leaves behind."""
    out, err, log = (servers.folder / name for name in ("out", "err", "trace.log"))
    log.write_text("")
    with out.open("w") as stdout, err.open("w") as stderr:
        tracer = subprocess.Popen(
            [strace(), "-f", "-q", "-I2", "-o", str(log), *options, *servers.command(*command)],
            cwd=servers.folder,
            env=servers.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )
        pid = wait_for(lambda: _child(tracer.pid))
        code = wait_for(lambda: _ended(log.read_text(), pid))
        tracer.terminate()
        tracer.wait(10)
    return Done(code[0], out.read_text(), err.read_text())


def _child(tracer: int) -> int | None:
    """The command that a tracer has started, and not the processes with which it tries out the system."""
    for pid in map(int, Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()):
        with suppress(OSError):
            if b"/mlxsm" in b"".join(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:2]):
                return pid
    return None


def _ended(log: str, pid: int) -> tuple[int] | None:
    """How a process of a trace ended; None where it has not."""
    found = re.search(rf"^{pid} +\+\+\+ (?:exited with (\d+)|killed by SIG(\w+))", log, re.MULTILINE)
    return (int(found[1]) if found[1] else 137,) if found else None


def points(servers: Servers, command: list[str]) -> list[tuple[str, int]]:
    """Which occurrences of each call, counted in its own thread, touch what belongs to the servers."""
    done = traced(servers, command, "-y", "-e", f"trace=execve,{','.join(CALLS)}")
    assert done.returncode == 0, done.stderr
    ours = (str(servers.state_path.parent / "run"), str(servers.state_path.parent / "logs"))
    counts: dict[tuple[str, str], int] = {}
    found: set[tuple[str, int]] = set()
    writers = set()
    lines = (servers.folder / "trace.log").read_text().splitlines()
    # The shim and its server are processes of their own, and begin with a program.
    programs = [line.split()[0] for line in lines if "execve(" in line][1:]
    for line in lines:
        match = re.match(r"(\d+)\s+(\w+)\(", line)
        if not match:
            continue
        thread, call = match.groups()
        if thread in programs:
            continue
        counts[thread, call] = counts.get((thread, call), 0) + 1
        if any(place in line for place in ours) and "shim.py" not in line:
            writers.add(thread)
            found.add((call, counts[thread, call]))
        elif call in ("pipe2", "vfork", "clone", "clone3") and thread in writers:
            found.add((call, counts[thread, call]))
    return sorted(found)


def opened(servers: Servers) -> list[str]:
    """The files of a known name that are opened; all others are counted among those of Python itself."""
    state = servers.state_path.parent
    return [
        str(servers.log("A")),
        str(state / "run" / f"{servers.record_path('A').stem}.lock"),
        str(state / "run"),
    ]


def assert_it_can_go_on(servers: Servers, port: int) -> None:
    """Whatever was left: `ps` tells of it, `up` works, and `down` leaves nothing."""
    seen = servers.seen("A")
    living = processes_of(servers.environment["HOME"])
    if seen["status"] in ("stopped", "crashed"):
        assert is_free(port)
    if seen["pid"] is not None and seen["status"] != "foreign":
        assert seen["pid"] in living
    again = servers.run("up", "--json")
    (told,) = again.json["servers"]
    assert (again.code, told["result"] in ("started", "running")) == (0, True), told
    assert servers.seen("A")["status"] == "ready"
    assert servers.run("down", "--json").json["servers"][0]["result"] == "stopped"
    assert wait_for(lambda: not processes_of(servers.environment["HOME"]))
    assert is_free(port)
    left = [path.name for path in (servers.state_path.parent / "run").iterdir()]
    assert not [name for name in left if name.endswith(".tmp") and name.startswith(".")], left


@pytest.mark.threat(16)
def test_a_kill_of_up_at_its_system_calls_leaves_nothing_that_cannot_be_stopped(
    servers: Servers, tally: Tally
) -> None:
    port = servers.declare(A="test/a")["A"]
    kills = points(servers, ["up"])
    assert servers.run("down").code == 0
    assert {"rename", "write", "fsync"} <= {call for call, _ in kills}
    options = [["-e", f"inject={call}:signal=SIGKILL:when={number}"] for call, number in kills]
    options += [["-P", path, "-e", "inject=openat:signal=SIGKILL:when=1"] for path in opened(servers)]
    landed = 0
    for option in options:
        done = traced(servers, ["up"], *option)
        landed += done.returncode == 137
        tally.add(kills=done.returncode == 137)
        assert_it_can_go_on(servers, port)
    # The threads of up take turns, and not every run has as many calls of each.
    assert landed >= len(options) * 0.6, (landed, options)


ERRORS = ("ENOSPC", "EIO", "EACCES")
"""By day each place gets one of them, in turns; all of them by night."""


def errors_at(servers: Servers, faults: list[tuple[str, int]]) -> Iterator[list[str]]:
    """What to inject where: every call that touches what belongs to the servers, and every file of theirs."""
    turn = cycle(ERRORS)
    for call, number in faults:
        if call in ("rename", "write", "fsync", "pipe2"):
            known = ("EMFILE",) if call == "pipe2" else ERRORS if THOROUGH else islice(turn, 1)
            for error in known:
                yield ["-e", f"inject={call}:error={error}:when={number}"]
    for path in opened(servers):
        for error in (*ERRORS, "EMFILE") if THOROUGH else ("EMFILE", *islice(turn, 1)):
            yield ["-P", path, "-e", f"inject=openat:error={error}:when=1"]


@pytest.mark.threat(18)
def test_an_error_of_up_at_its_system_calls_is_told_and_leaves_nothing(
    servers: Servers, tally: Tally
) -> None:
    port = servers.declare(A="test/a")["A"]
    faults = points(servers, ["up"])
    assert servers.run("down").code == 0
    for option in errors_at(servers, faults):
        done = traced(servers, ["up"], *option)
        assert "(INJECTED)" in (servers.folder / "trace.log").read_text()
        tally.add(errors=1)
        assert "Traceback" not in done.stderr
        assert "own fault" not in done.stdout + done.stderr, done.stdout + done.stderr
        if done.returncode == 1:
            assert "failed" in done.stdout or "error: " in done.stderr
            # Where only the words could not be written, the server that they tell of is there to stay.
            if "started at" not in done.stdout:
                assert wait_for(lambda: not processes_of(servers.environment["HOME"]))
        else:
            assert done.returncode == 0
            hit = re.findall(r"^(\d+) .*INJECTED", (servers.folder / "trace.log").read_text(), re.MULTILINE)
            # The fault may have hit the server itself, which then ended later.
            assert servers.seen("A")["status"] == "ready" or str(servers.record("A")["pid"]) in hit
        assert_it_can_go_on(servers, port)


@pytest.mark.threat(16)
def test_a_kill_of_down_at_its_system_calls_is_no_harm(servers: Servers, tally: Tally) -> None:
    port = servers.declare(A="test/a")["A"]
    servers.up()
    calls = points(servers, ["down"])
    assert calls
    for call, number in calls:
        servers.up()
        done = traced(servers, ["down"], "-e", f"inject={call}:signal=SIGKILL:when={number}")
        assert done.returncode == 137
        tally.add(kills=1)
        assert_it_can_go_on(servers, port)


def test_a_down_while_the_process_is_being_made_waits_for_it(servers: Servers) -> None:
    """The record is there, its process is not yet: that is no server that has ended."""
    port = servers.declare(A="test/load-30")["A"]
    log = servers.folder / "trace.log"
    late = ["-e", "inject=vfork:delay_enter=1500000", "-e", "trace=vfork"]
    tracer = subprocess.Popen(
        [strace(), "-f", "-q", "-I2", "-o", str(log), *late, *servers.command("up", "--json")],
        cwd=servers.folder,
        env=servers.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    wait_for(servers.record_path("A").exists)
    assert servers.record("A")["pid"] is None
    (stopped,) = servers.run("down", "--json").json["servers"]
    assert stopped["result"] == "stopped"
    out, _ = tracer.communicate(timeout=120)
    assert "vfork" in log.read_text()
    assert '"result": "failed"' in out
    assert is_free(port)
    assert processes_of(servers.environment["HOME"]) == []
    assert servers.seen("A")["status"] == "stopped"


def test_planning_and_applying_touches_no_server(servers: Servers) -> None:
    """The wall, while a server runs."""
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    record = servers.record_path("A").read_bytes()
    for command in (["plan"], ["apply", "--yes"], ["list"], ["connect", "A"], ["remove", "A", "--yes"]):
        done = traced(
            servers, command, "-e", "trace=socket,connect,kill,tgkill,pidfd_send_signal,execve,vfork"
        )
        assert done.returncode == 0
        lines = (servers.folder / "trace.log").read_text().splitlines()
        assert [line for line in lines if re.search(r"(socket|connect|kill|signal)\(", line)] == []
        assert len([line for line in lines if "execve" in line]) == 1
    assert lives(pid)
    assert servers.run("ps", "--json").json["servers"][0]["status"] == "ready"
    (left,) = (servers.state_path.parent / "run").glob("*.json")
    assert left.read_bytes() == record

"""`mlxsm run` killed and failed at its own system calls, and what others write into its files."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from e2e.test_up_faults import CALLS, assert_it_can_go_on
from testing.ledger import THOROUGH, Tally
from testing.ports import is_free
from testing.processes import lives, processes_of, start_mark
from testing.servers import Servers
from testing.tracing import strace
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("faults by strace")

TOKEN = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"


class Traced:
    """A `run` under strace, which lets go of the server that it leaves behind."""

    def __init__(self, servers: Servers, *options: str) -> None:
        self._servers = servers
        self.log, self._out = servers.folder / "trace.log", servers.folder / "out"
        self.log.write_text("")
        with self._out.open("w") as out:
            self._tracer = subprocess.Popen(
                [strace(), "-f", "-q", "-I2", "-o", self.log, *options, *servers.command("run", "A")],
                cwd=servers.folder,
                env=servers.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        self.pid = wait_for(self._child)

    @property
    def out(self) -> str:
        return self._out.read_text()

    def _child(self) -> int | None:
        """The `run`, and not a process with which the tracer tries out the system."""
        place = Path(f"/proc/{self._tracer.pid}/task/{self._tracer.pid}/children")
        for pid in map(int, place.read_text().split()):
            with suppress(OSError):
                if b"/mlxsm" in b"".join(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:2]):
                    return pid
        return None

    def code(self) -> int | None:
        """How the run ended, None while it goes on."""
        told = self.log.read_text(errors="replace")
        found = re.search(rf"^{self.pid} +\+\+\+ (?:exited with (\d+)|killed by SIG\w+)", told, re.MULTILINE)
        return (int(found[1]) if found[1] else 137) if found else None

    def settle(self) -> int | None:
        """How it ended; None where it watches a server that is ready."""
        wait_for(lambda: self.code() is not None or "ready after" in self.out)
        wait_for(lambda: self.code() is not None or "servers.lean" in self.words())
        return self.code()

    def words(self) -> str:
        with suppress(OSError):
            return Path(f"/proc/{self.pid}/cmdline").read_bytes().decode(errors="replace")
        return ""

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        wait_for(lambda: self.code() is not None)
        self.let_go()

    def let_go(self) -> None:
        self._tracer.terminate()
        self._tracer.wait(30)


def points(servers: Servers) -> list[tuple[str, int]]:
    """Which occurrences of each call, counted in its own thread, touch what belongs to the servers."""
    one = Traced(servers, "-y", "-e", f"trace=execve,{','.join(CALLS)}")
    assert one.settle() is None, one.out
    lines = one.log.read_text().splitlines()
    one.end()
    ours = tuple(str(servers.state_path.parent / name) for name in ("run", "logs"))
    counts: dict[tuple[str, str], int] = {}
    found: set[tuple[str, int]] = set()
    for line in lines:
        if not (match := re.match(r"(\d+)\s+(\w+)\(", line)):
            continue
        thread, call = match.groups()
        counts[thread, call] = counts.get((thread, call), 0) + 1
        if any(place in line for place in ours) or (call == "execve" and "servers.lean" in line):
            found.add((call, counts[thread, call]))
    return sorted(found)


@pytest.fixture
def one(servers: Servers) -> Iterator[int]:
    """A profile A; its port."""
    yield servers.declare(A="test/a")["A"]
    for pid in processes_of(servers.environment["HOME"]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.threat(16)
def test_a_kill_of_run_at_its_system_calls_leaves_nothing_that_cannot_be_stopped(
    servers: Servers, one: int, tally: Tally
) -> None:
    found = points(servers)
    assert {"rename", "write", "execve"} <= {call for call, _ in found}
    landed = 0
    for place, (call, number) in enumerate(found if THOROUGH else found[::3]):
        run = Traced(servers, "-e", f"inject={call}:signal=SIGKILL:when={number}")
        code = run.settle()
        if code is None:  # its threads take turns, and not every run has as many calls of each
            run.end()
            continue
        run.let_go()
        landed += code == 137
        tally.add(kills=code == 137)
        if place % 3 == 0:
            # The next run ends what this one has left, and serves.
            again = Traced(servers)
            assert again.settle() is None, again.out
            assert servers.seen("A")["status"] == "ready"
            again.end()
            assert is_free(one)
        assert_it_can_go_on(servers, one)
    assert landed >= 4


@pytest.mark.threat(18)
def test_an_error_of_run_at_its_system_calls_is_told_and_loses_no_server(
    servers: Servers, one: int, tally: Tally
) -> None:
    found = [(call, number) for call, number in points(servers) if call in ("rename", "write", "fsync")]
    some = found if THOROUGH else found[::3]
    for (call, number), error in zip(some, cycle(("ENOSPC", "EIO", "EACCES", "EROFS")), strict=False):
        run = Traced(servers, "-e", f"inject={call}:error={error}:when={number}")
        code = run.settle()
        told = run.out
        # Python itself tells of a pipe of its own for signals, which no disk can fail.
        assert "Traceback" not in told or "signal wakeup fd" in told, told
        assert "own fault" not in told
        if code is None:
            run.end()
        else:
            run.let_go()
            assert code == 1, told
            assert "failed" in told or "error: " in told
            assert wait_for(lambda: not processes_of(servers.environment["HOME"])) is not None
        tally.add(errors=1)
        assert_it_can_go_on(servers, one)


@pytest.mark.threat(27)
def test_a_record_that_names_somebody_elses_process_as_its_run_stops_only_the_server(
    servers: Servers, one: int, bystander: subprocess.Popen[bytes], tally: Tally
) -> None:
    """Only the kernel says who the parent of a server is."""
    for runner in (bystander.pid, os.getpid(), os.getppid()):
        pid = servers.up()["A"]["pid"]
        servers.edit_record("A", runner=runner, runnerMark=start_mark(runner))
        assert servers.seen("A")["status"] == "ready"
        assert servers.run("down", "--json").json["servers"][0]["result"] == "stopped"
        assert not lives(pid)
        assert bystander.poll() is None
        assert is_free(one)
        tally.add(forged_records=1)


@pytest.mark.threat(27)
@pytest.mark.parametrize("runner", [0, 1, -1, 2**31, "x", 1.5])
def test_a_number_that_no_run_can_have(
    servers: Servers, bystander: subprocess.Popen[bytes], tally: Tally, runner: Any
) -> None:
    servers.declare(A="test/a")
    servers.up()
    pid = servers.record("A")["pid"]
    servers.edit_record("A", runner=runner, runnerMark="1")
    for words in (["ps"], ["down"], ["run", "A"]):
        told = servers.run(*words)
        assert "Traceback" not in told.err
    assert bystander.poll() is None
    servers.record_path("A").unlink()
    servers.run("down")
    assert wait_for(lambda: not lives(pid))
    tally.add(forged_records=1)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: path.write_bytes(b""),
    "no JSON": lambda path: path.write_bytes(b"\xff\x00{"),
    "a list": lambda path: path.write_text("[]"),
    "words": lambda path: path.write_text('{"failedAt": "often", "reason": 7}'),
    "no numbers": lambda path: path.write_text('{"failedAt": [null, "x", {}, []]}'),
    "not a number": lambda path: path.write_text('{"failedAt": [NaN, Infinity, -Infinity]}'),
    "too large": lambda path: path.write_text('{"failedAt": [1e999, %s]}' % ("9" * 400)),
    "deep": lambda path: path.write_text("[" * 100_000),
    "long": lambda path: path.write_text(json.dumps({"failedAt": [0.5] * 500_000})),
    "times to come": lambda path: path.write_text('{"failedAt": [9e9, 9e9, 9e9, 9e9, 9e9]}'),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link": lambda path: path.symlink_to("/etc/passwd"),
    "a terminal's words": lambda path: path.write_text('{"failedAt": [], "reason": "\\u001b[2J\\u202e"}'),
}


@pytest.mark.threat(27)
@pytest.mark.parametrize("what", HOSTILE)
def test_what_others_write_where_failures_are_counted_is_no_harm(
    servers: Servers, tally: Tally, what: str
) -> None:
    servers.declare(A="test/a")
    path = servers.record_path("A").with_suffix(".failures")
    path.parent.mkdir(parents=True, exist_ok=True)
    HOSTILE[what](path)
    run = Traced(servers, "-e", "trace=none")
    if what == "long":  # so many failures, and all at once: it has given up, and says how to go on
        assert run.settle() == 0
        assert "mlxsm up A tries again" in run.out
        run.let_go()
    else:
        assert run.settle() is None, run.out
        run.end()
    assert "\x1b" not in servers.run("service", "status").out
    assert servers.up()["A"]["result"] == "started"
    servers.run("down")
    assert Path("/etc/passwd").read_text()
    tally.add(files=1)


@pytest.mark.threat(31)
def test_a_token_of_the_environment_is_in_no_file_and_no_word_of_run(
    servers: Servers, one: int, tally: Tally
) -> None:
    servers.environment |= {"HF_TOKEN": TOKEN, "HUGGING_FACE_HUB_TOKEN": TOKEN}
    servers.write_profiles({"A": {"modelID": "test/exit-3", "port": one}})
    done = subprocess.run(
        [*servers.command("run", "A")],
        cwd=servers.folder,
        env=servers.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert TOKEN not in done.stdout + done.stderr
    for path in (servers.state_path.parent / "run").iterdir():
        assert TOKEN.encode() not in path.read_bytes()
        tally.add(files=1)

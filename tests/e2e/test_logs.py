"""`mlxsm logs`: which logs, which of their lines, and how much of a line."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from testing.processes import processes_of
from testing.servers import Servers
from testing.waiting import wait_for

DAY = 86400


@pytest.mark.parametrize("words", [[], ["-f"], ["--follow", "-n", "0"]])
def test_where_nothing_is_there_to_follow_that_is_told(servers: Servers, words: list[str]) -> None:
    told = servers.run("logs", *words)
    assert (told.code, told.out, told.err.splitlines()[0]) == (1, "", "error: no server was started here yet")


def test_without_a_name_all_of_the_file(servers: Servers) -> None:
    servers.declare(B="test/spew-2", A="test/spew-1", Never="test/a")
    assert servers.run("logs").code == 1
    servers.up("A", "B")
    shown = servers.run("logs", "-n", "1000").out.splitlines()
    assert [line for line in shown if "line" in line] == ["B | line 0", "B | line 1", "A | line 0"]
    (servers.folder / "profiles.yaml").unlink()
    assert servers.run("logs", "-n", "1000").out.splitlines() == shown
    servers.run("remove", "A", "--yes")
    assert [line for line in servers.run("logs").out.splitlines() if "line" in line] == [
        "B | line 0",
        "B | line 1",
        "A | line 0",
    ]
    missing = servers.run("logs", "Never")
    assert (missing.code, missing.err) == (
        1,
        'error: there is no log of "Never"\nhint: up, with -f FILE, starts its server\n',
    )


@pytest.mark.parametrize("words", [["-n", "2"], ["--tail", "2"], ["--tail=2"]])
def test_how_many_lines(servers: Servers, words: list[str]) -> None:
    servers.declare(A="test/spew-200")
    servers.up()
    with servers.log("A").open("a") as log:
        log.write("one\ntwo\n")
    assert servers.run("logs", "A", *words).out == "one\ntwo\n"
    whole = servers.run("logs", "A", "--tail", "all").out.splitlines()
    assert (whole[0], whole[-1]) == ("line 0", "two")


def test_the_log_before_the_last_start(servers: Servers) -> None:
    servers.declare(A="test/spew-1")
    servers.up()
    refused = servers.run("logs", "A", "--previous")
    assert (refused.code, refused.err.splitlines()[0]) == (1, 'error: there is no earlier log of "A"')
    with servers.log("A").open("a") as log:
        log.write("of the first start\n")
    servers.run("restart", "A")
    assert "of the first start" not in servers.run("logs", "A").out
    assert servers.run("logs", "A", "--previous", "-n", "1").out == "of the first start\n"
    assert servers.run("logs", "A", "--previous", "-f").code == 64


def test_a_tab_is_a_tab_and_nothing_else_moves_the_cursor(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    with servers.log("A").open("a") as log:
        log.write('\t\t"prompt": {\x1b[2J\x0b\u2028ERROR\r\n\thf_' + "a" * 34 + "\n")
    shown = servers.run("logs", "A", "-n", "2").out.split("\n")
    assert shown[0] == '\t\t"prompt": {\\u{1b}[2J\\u{b}\\u{2028}ERROR'
    assert shown[1].startswith("\t")
    assert "hf_aaaa" not in shown[1]
    assert shown[2:] == [""]


def test_a_line_without_end_costs_no_more_than_others(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    with servers.log("A").open("ab") as log:
        log.write(b"begun\n" + b"x" * (60 * 1024 * 1024) + b"\nafter\n")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))

    reading = servers.start("logs", "A", "-n", "2", preexec_fn=limit)
    out, err = reading.communicate(timeout=300)
    assert (reading.returncode, err) == (0, "")
    assert len(out) < 200_000
    assert out.splitlines()[-1] == "after"
    with servers.log("A").open("ab") as log:
        log.write(b"y" * 50_000 + b"\n")
    told = servers.run("logs", "A", "-n", "1").out
    assert told == f"{'y' * 16384} … (a line of 50000 characters)\n"


def test_who_does_not_read_holds_up_who_writes(servers: Servers) -> None:
    """What is followed and not read waits in the file, not in memory."""
    servers.declare(A="test/a")
    servers.up()
    following = servers.start("logs", "A", "-f")
    assert following.stdout is not None
    wait_for(lambda: following.stdout.readline().startswith("Starting httpd"))
    line = b"z" * 1000 + b"\n"
    with servers.log("A").open("ab") as log:
        log.write(line * 60_000)
    pipe = fcntl.fcntl(following.stdout, 1032)  # F_GETPIPE_SZ
    status = Path(f"/proc/{following.pid}/status")

    def resident() -> int:
        (size,) = (one for one in status.read_text().splitlines() if one.startswith("VmRSS:"))
        return int(size.split()[1]) * 1024

    before = 0
    while before != (now := resident()):
        before = now
        time.sleep(1)
    assert now < 120 * 10**6, pipe
    os.set_blocking(following.stdout.fileno(), True)
    for _ in range(60_000):
        assert following.stdout.readline().startswith("zzz")
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=60)


def test_a_log_that_is_gone_is_told_and_waited_for(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up("A")
    servers.log("A").unlink()
    gone = servers.run("logs", "A")
    assert (gone.code, gone.err.splitlines()) == (
        1,
        [
            'error: the log of "A" was removed, and its server still writes to it',
            "hint: mlxsm restart A begins a new one",
        ],
    )
    child = servers.on_terminal("logs", "A", "B", "-f", timeout=120)
    child.expect('note: the log of "A" was removed: waiting for a restart of its server')
    child.expect('note: there is no log of "B" yet: waiting for a start of its server')
    servers.run("up", "B")
    child.expect(r"B \| .*Starting httpd")
    servers.run("restart", "A")
    child.expect(r"A \| .*Starting httpd")
    child.sendintr()
    child.expect(pexpect.EOF)


def test_logs_of_profiles_that_are_gone_are_removed_after_a_month(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b", C="test/c")
    servers.up()
    logs = {name: servers.log(name) for name in "ABC"}
    earlier = logs["A"].with_name(f"{logs['A'].name}.1")
    earlier.write_text("earlier\n")
    other = logs["A"].with_name("of somebody else.log")
    other.write_text("")
    servers.run("remove", "A", "B", "--yes")
    servers.run("down", "A")
    old = time.time() - 31 * DAY
    for path in (*logs.values(), earlier, other):
        os.utime(path, (old, old))
    servers.state_path.rename(servers.folder / "state")
    servers.run("down", "Nobody")
    assert logs["A"].exists()
    (servers.folder / "state").rename(servers.state_path)
    servers.run("down", "C")
    assert {name: path.exists() for name, path in logs.items()} == {"A": False, "B": True, "C": True}
    assert (earlier.exists(), other.exists()) == (False, True)
    servers.run("down", "--all")
    assert processes_of(servers.environment["HOME"]) == []


def test_signals_that_the_caller_ignores_or_blocks_change_nothing(servers: Servers) -> None:
    """Whoever starts mlxsm may ignore SIGCHLD or block SIGTERM: how a server ends is seen, and it ends."""
    servers.declare(A="test/a")

    def hinder() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})

    starting = servers.start("up", "--json", preexec_fn=hinder)
    out, _ = starting.communicate(timeout=120)
    (told,) = json.loads(out)["servers"]
    assert told["result"] == "started"
    os.kill(told["pid"], signal.SIGTERM)
    seen = wait_for(lambda: (one := servers.seen("A"))["exitCode"] is not None and one)
    assert (seen["status"], seen["exitCode"]) == ("crashed", -15)
    assert "Traceback" not in servers.log("A").read_text()


def test_a_parent_that_cannot_note_the_end_says_nothing_in_the_log(servers: Servers) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    held = servers.log("A").open()
    servers.record_path("A").parent.rename(servers.folder / "away")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not processes_of(servers.environment["HOME"]))
    with held:
        assert "Traceback" not in held.read()


def test_a_failing_call_of_the_system_is_no_failing_output(servers: Servers) -> None:
    script = servers.folder / "fails.py"
    script.write_text(
        "import os, sys\nfrom mlxsm_sync.files import atomic as disk\n"
        "def fail(*_): raise PermissionError(1, 'Operation not permitted')\n"
        "disk.read_own = fail\n"
        "from mlxsm_sync.__main__ import main\nmain()\n"
    )
    done = subprocess.run(
        [sys.executable, script, "list"],
        env=servers.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "error: the system refused: Operation not permitted\n")

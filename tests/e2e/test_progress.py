"""What is told while servers start, on terminals of all kinds, and where nobody listens any more."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pexpect
import pytest

from mlxsm_sync.commands.output import Output
from mlxsm_sync.commands.servers.progress import Progress
from mlxsm_sync.servers.start_steps import Step
from testing.ports import is_free
from testing.processes import lives, processes_of
from testing.servers import Servers
from testing.terminals import Screen
from testing.waiting import wait_for

LONG = "mlx-community/Qwen3-30B-A3B-Thinking-2507-4bit long context"
WIDE = "通义千问 三十亿 长上下文 思考模型 四比特量化"


def up_on(servers: Servers, screen: Screen, *arguments: str, **variables: str) -> pexpect.spawn[str]:
    environment = servers.environment | {"TERM": "xterm"} | variables
    size = (screen.height, screen.width)
    return servers.on_terminal("up", *arguments, env=environment, dimensions=size)


def watch(child: pexpect.spawn[str], screen: Screen, until: float | None = None) -> str:
    """Show what comes until the command ends, or for so many seconds."""
    raw = ""
    end = time.monotonic() + (until if until is not None else 300)
    while time.monotonic() < end:
        try:
            more = child.read_nonblocking(4096, timeout=0.5)
        except pexpect.TIMEOUT:
            continue
        except pexpect.EOF:
            return raw
        raw += more
        screen.feed(more)
    return raw


@pytest.mark.parametrize(("width", "height"), [(80, 24), (50, 24), (30, 10), (12, 6), (200, 50)])
def test_a_long_load_leaves_nothing_behind_on_a_screen_of_any_size(
    servers: Servers, width: int, height: int
) -> None:
    servers.declare(**{LONG: "test/gate-open", WIDE: "test/gate-open", "C": "test/gate-open"})
    screen = Screen(width, height)
    child = up_on(servers, screen)
    watch(child, screen, until=6)
    shown = screen.text
    assert shown.count("loading") <= 3
    assert shown.count(LONG[:6]) <= 3  # warnings about its model and its memory, and its row
    servers.gate("open").touch()
    watch(child, screen)
    child.close()
    assert child.exitstatus == 0
    assert "loading" not in screen.text
    assert "of 3 ready" not in screen.text


def test_more_servers_than_the_screen_has_rows(servers: Servers) -> None:
    servers.declare(**{f"S{number:02}": "test/gate-open" for number in range(9)})
    screen = Screen(60, 7)
    child = up_on(servers, screen)
    watch(child, screen, until=10)
    visible = screen.lines[-screen.height :]
    assert sum("S0" in line for line in visible) <= 5
    assert any(re.match(r"  … and \d+ more", line) for line in visible), visible
    assert any("of 9 ready" in line for line in visible)
    before = len(screen.lines)
    watch(child, screen, until=3)
    assert len(screen.lines) == before  # nothing scrolls while it waits
    servers.gate("open").touch()
    watch(child, screen)
    child.close()
    assert child.exitstatus == 0


def test_those_that_are_ready_stay_in_sight_where_not_all_rows_fit(servers: Servers) -> None:
    names = [f"S{number}" for number in range(8)]
    servers.declare(**{name: f"test/gate-{'early' if name in ('S1', 'S6') else 'late'}" for name in names})
    screen = Screen(60, 9)
    child = up_on(servers, screen)

    def shown(line: str) -> bool:
        watch(child, screen, until=0.6)
        return line in screen.lines[-screen.height :]

    wait_for(lambda: shown("0 of 8 ready"))
    servers.gate("early").touch()
    wait_for(lambda: shown("2 of 8 ready: S1, S6"))
    assert wait_for(lambda: shown("2 of 8 ready: S1, S6") and screen.text.count("loading") == 6)
    assert not re.search(r"… and \d+ more", screen.text)
    servers.gate("late").touch()
    watch(child, screen)
    child.close()
    assert child.exitstatus == 0


def test_a_name_that_is_long_or_wide_leaves_room_for_what_its_server_does(servers: Servers) -> None:
    servers.declare(**{LONG: "test/gate-open", WIDE: "test/gate-open"})
    screen = Screen(40, 12)
    child = up_on(servers, screen)

    def rows() -> list[str]:
        watch(child, screen, until=0.6)
        return [line for line in screen.lines if re.match(r"  \S.*…: +loading, \d+ s", line)]

    wait_for(lambda: len(rows()) == 2)
    assert all(len(row) < screen.width for row in rows())  # the screen has a place for each column
    servers.gate("open").touch()
    watch(child, screen)
    child.close()
    assert child.exitstatus == 0


def test_rows_stand_in_the_order_of_the_file_and_those_that_are_ready_stay(servers: Servers) -> None:
    servers.declare(Zeta="test/gate-zeta", A="test/gate-a", Mid="test/gate-mid")
    screen = Screen(80, 24)
    child = up_on(servers, screen)

    def rows() -> list[str]:
        watch(child, screen, until=0.6)
        return [line for line in screen.lines if re.match(r"[ +✗] (Zeta|A|Mid):", line)]

    wait_for(lambda: sum("loading" in row for row in rows()) == 3)
    servers.gate("a").touch()
    wait_for(lambda: any(row.startswith("+ A:    ready after") for row in rows()))
    assert [row[2:6].strip(": ") for row in rows()] == ["Zeta", "A", "Mid"]
    assert "1 of 3 ready" in screen.text
    for name in ("zeta", "mid"):
        servers.gate(name).touch()
    watch(child, screen)
    assert [line[4:].partition(":")[0] for line in screen.lines if "started at" in line] == [
        "Zeta",
        "A",
        "Mid",
    ]


@pytest.mark.parametrize(
    "variables", [{"TERM": "dumb"}, {"CI": "true"}, {"CI": "1"}, {"CI": "woodpecker"}, {"CI": "false"}]
)
def test_a_terminal_that_cannot_draw_gets_plain_lines(servers: Servers, variables: dict[str, str]) -> None:
    servers.declare(A="test/load-1", B="test/load-1")
    screen = Screen(100, 30)
    raw = watch(up_on(servers, screen, **variables), screen)
    assert not re.search(r"\x1b\[\d*[A-Z]", raw)
    assert raw.count("A: loading") == 1
    assert re.search(r"(A|B): ready after [\d.]+ s \(2 of 2 ready\)", raw)


# Where nobody listens any more.


@pytest.mark.parametrize("ready_too", [True, False])
def test_a_terminal_that_closes_stops_what_was_started_here(servers: Servers, ready_too: bool) -> None:
    declared = {"Loading": "test/gate-never"} | ({"Ready": "test/a"} if ready_too else {})
    ports = servers.declare(Before="test/b", **declared)
    before = servers.up("Before")["Before"]["pid"]
    child = up_on(servers, Screen(80, 24))
    wait_for(lambda: not is_free(ports["Loading"]))
    if ready_too:
        wait_for(lambda: servers.record_path("Ready").exists() and servers.record("Ready")["ready"])
    os.close(child.child_fd)  # the window is gone, and the system sends its signal
    wait_for(lambda: not lives(child.pid))
    assert all(is_free(ports[name]) for name in declared)
    assert servers.seen("Before")["pid"] == before
    assert len(processes_of(servers.environment["HOME"])) == 2


def test_a_terminal_that_closes_without_a_signal_does_the_same(servers: Servers) -> None:
    """A command that is no leader of its session, and of a shell that is gone, only sees that writing fails."""
    port = servers.declare(A="test/gate-never")["A"]
    master, slave = os.openpty()
    starting = _on_pty(servers, slave)
    os.close(slave)
    wait_for(lambda: not is_free(port))
    os.close(master)
    assert starting.wait(120) == 128 + signal.SIGHUP
    assert is_free(port)
    assert processes_of(servers.environment["HOME"]) == []


def _on_pty(servers: Servers, slave: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        servers.command("up"),
        cwd=servers.folder,
        env=servers.environment | {"TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=slave,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    "line", ["{up} 2>&1 | head -n 1", "{up} 2>&1 | head -c 1", "{up} 2>&1 | true", "{up} 2>/dev/full"]
)
def test_a_reader_that_leaves_stops_no_server(servers: Servers, line: str) -> None:
    servers.declare(A="test/load-1", B="test/load-1")
    done = servers.shell(line.format(up=servers.command("up")[0] + " up"))
    assert "Traceback" not in done.err
    assert wait_for(lambda: {servers.seen(name)["status"] for name in "AB"} == {"ready"})


def test_json_comes_whole_where_only_the_words_cannot_be_said(servers: Servers) -> None:
    servers.declare(A="test/a")
    done = servers.shell(f"{servers.command('up')[0]} up --json 2>/dev/full")
    (told,) = json.loads(done.out)["servers"]
    assert (done.code, told["result"]) == (0, "started")


def test_words_that_cannot_be_said_are_no_failure_of_a_metadata_command(servers: Servers) -> None:
    servers.declare(A="/nowhere/model")
    done = servers.shell(f"{servers.command('plan')[0]} plan 2>/dev/full")
    assert done.code == 0


def test_what_takes_long_is_told_now_and_then_where_nothing_is_drawn(
    capfd: pytest.CaptureFixture[str],
) -> None:
    progress = Progress(Output(), {"a": "A", "b": "B"}, remind=0.2)
    progress.note("a", Step("downloading", 7, 3_100_000_000))
    progress.note("b", Step("loading", 8))
    told: list[str] = []

    def has_come(line: str) -> bool:
        progress.draw({})
        told.extend(capfd.readouterr().err.splitlines())
        return line in told

    wait_for(lambda: has_come("A: still downloading, 3.1 GB so far"))
    wait_for(lambda: has_come("B: still loading, 0 min"))
    progress.note("a", Step("downloading", 7, 3_200_000_000, 16_200_000_000))
    wait_for(lambda: has_come("A: still downloading 3.2 of 16.2 GB"))
    assert told[:2] == ["A: downloading", "B: loading"]
    progress.note("b", Step("loading", 8))  # nothing new
    progress.draw({})
    assert "B: loading" not in capfd.readouterr().err

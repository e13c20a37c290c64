"""Eight faults at which managers of processes fail, and what must be true of ours."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from testing.ledger import Tally
from testing.ports import is_free
from testing.processes import processes_of
from testing.servers import Servers
from testing.waiting import wait_for

Stranger = Callable[..., subprocess.Popen[bytes]]


@pytest.mark.threat(28)
def test_1_a_stranger_on_the_port_that_answers_200_is_refused_with_its_number_and_command(
    servers: Servers, stranger: Stranger, tally: Tally
) -> None:
    ports = servers.declare(A="test/load-99", B="test/b")
    other = stranger(ports["A"])
    result = servers.run("up")
    assert result.code == 1
    assert re.search(rf"port {ports['A']} is held by process {other.pid} \(.*python.* -c ", result.out)
    assert "+ B: started" in result.out
    assert not servers.log("A").exists()
    tally.add(strangers=1)


@pytest.mark.threat(28)
def test_2_the_stranger_survives_our_stop(servers: Servers, stranger: Stranger, tally: Tally) -> None:
    ports = servers.declare(A="test/a", B="test/b")
    other = stranger(ports["A"])
    servers.up()
    assert servers.run("down", "--grace", "1", "--force").code == 0
    assert servers.run("down", "--all", "--force").code == 0
    assert other.poll() is None
    tally.add(strangers=1)


def test_3_up_again_changes_nothing(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    first = servers.up()
    again = servers.run("up", "--json")
    assert again.code == 0
    assert [(one["result"], one["pid"]) for one in again.json["servers"]] == [
        ("running", first[name]["pid"]) for name in ("A", "B")
    ]


def test_4_a_changed_command_line_is_told_and_done_only_when_asked(servers: Servers) -> None:
    ports = servers.declare(A="test/a", B="test/b")
    first = servers.up()
    profiles = {name: {"modelID": f"test/{name.lower()}", "port": port} for name, port in ports.items()}
    profiles["A"]["advancedLaunchOptions"] = {"defaultTemperature": 0.7}
    servers.write_profiles(profiles)
    told = servers.run("up")
    assert (told.code, "--temp (unset) -> 0.7: restart needed (mlxsm up A --recreate)" in told.out) == (
        0,
        True,
    )
    assert servers.seen("A")["pid"] == first["A"]["pid"]
    done = servers.up("--recreate")
    assert (done["A"]["result"], done["B"]["result"]) == ("recreated", "running")
    assert done["B"]["pid"] == first["B"]["pid"]


def test_5_after_a_kill_of_the_command_the_next_ones_know_and_stop_all(servers: Servers) -> None:
    ports = servers.declare(A="test/load-1", B="test/load-1")
    starting = servers.start("up")
    for name in ports:
        wait_for(lambda name=name: servers.record_path(name).exists() and servers.record(name)["pid"])
    starting.kill()
    starting.communicate()
    pids = {name: servers.record(name)["pid"] for name in ports}
    told = servers.up()
    assert {name: (one["result"], one["pid"]) for name, one in told.items()} == {
        name: ("running", pid) for name, pid in pids.items()
    }
    assert servers.run("down").code == 0
    assert all(map(is_free, ports.values()))
    assert processes_of(servers.environment["HOME"]) == []


def test_6_one_of_three_that_ends_at_once_leaves_the_others_up(servers: Servers) -> None:
    servers.declare(A="test/a", Bad="test/spew-3_exit-1", C="test/c")
    result = servers.run("up")
    assert result.code == 1
    assert "✗ Bad: failed" in result.out
    assert "exited (code 1): mlx_lm.server: error: argument --max-tokens: invalid int value" in result.out
    assert (servers.seen("A")["status"], servers.seen("C")["status"]) == ("ready", "ready")


def test_7_one_that_ignores_term_is_told_at_the_deadline_and_not_killed(servers: Servers) -> None:
    servers.declare(A="test/deaf", B="test/b")
    servers.up()
    begun = time.monotonic()
    result = servers.run("down", "--grace", "1")
    assert time.monotonic() - begun >= 1
    assert result.code == 1
    assert "✗ A: failed: still running 1 s after TERM" in result.out
    assert servers.seen("A")["status"] == "ready"


def test_8_one_that_was_killed_from_outside_is_told_with_its_signal(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    os.kill(servers.record("A")["pid"], signal.SIGKILL)
    wait_for(lambda: servers.seen("A")["exitCode"] == -9)
    shown = servers.run("ps")
    assert (shown.code, servers.run("ps", "--check").code) == (0, 1)
    assert re.search(r"^A: exited \(signal 9\) \d s ago", shown.out, re.MULTILINE)
    assert servers.seen("B")["status"] == "ready"

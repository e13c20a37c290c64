"""What is told before a server is started: of its program, and of who has its port."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mlxsm_sync.servers.command_line import Program
from mlxsm_sync.servers.preflight import about_program
from mlxsm_sync.system import ports
from mlxsm_sync.values.run import Listener
from testing.waiting import wait_for

UNSAFE = "mlx-lm {} runs code out of any model that a client names (CVE-2026-5843): install 0.32.0 or newer"


@pytest.mark.parametrize(
    ("version", "is_unsafe"),
    [
        ("0.20.1", False),
        ("0.28.4", False),
        ("0.30.5", False),
        ("0.30.6", True),
        ("0.30.7", True),
        ("0.31.3", True),
        ("0.32.0", False),
        ("0.33.0", False),
    ],
)
def test_only_releases_that_run_code_of_models_are_said_to(version: str, is_unsafe: bool) -> None:
    assert about_program(Program(("/s",), version)) == [UNSAFE.format(version)] * is_unsafe


def test_a_version_that_is_not_known_is_told_in_one_line() -> None:
    newest = "cannot determine the mlx-lm version; assuming the newest"
    assert about_program(Program(("/s",))) == [newest]
    read = "cannot determine the mlx-lm version; its options were read"
    assert about_program(Program(("/s",), None, frozenset({"--model"}))) == [read]


def test_a_project_is_not_looked_for_here() -> None:
    (told,) = about_program(Program(("/x/uv", "run", "mlx_lm.server"), "0.32.2"))
    assert told.startswith("uv run looks for its project in /, where servers run, and not here: ")
    assert told.endswith("name the project, as in uv run --project . mlx_lm.server")


AIRPLAY = (
    "AirPlay Receiver, which System Settings > General > AirDrop & Handoff turns off; or choose another port"
)


@pytest.mark.parametrize(
    ("name", "is_airplay"), [("ControlCenter", True), ("AirPlayXPCHelper", True), ("x", False)]
)
@pytest.mark.parametrize("port", [5000, 7000, 8080])
def test_macos_own_listener_is_told_with_what_to_do(
    tmp_path: Path, name: str, is_airplay: bool, port: int
) -> None:
    program = tmp_path / f"{name}.app/Contents/MacOS/{name}"
    program.parent.mkdir(parents=True)
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "600"]) as process:
        wait_for(lambda: ports.command_line(process.pid)[:1] == [str(program)])
        told = ports.describe([Listener("::", port, process.pid)])
        process.kill()
    is_told = is_airplay and port != 8080
    # A long command line is cut, and how long it is depends on where the tests have their files.
    who, _, advice = told.partition("): ")
    assert who.startswith(f"process {process.pid} ({program}"[:60])
    assert advice == AIRPLAY * is_told


def test_a_command_line_of_a_stranger_stays_on_our_line() -> None:
    words = [sys.executable, "-c", "x=1\nimport time\ntime.sleep(600)", "\x1b[2J"]
    with subprocess.Popen(words) as process:
        wait_for(lambda: ports.command_line(process.pid)[1:2] == ["-c"])
        told = ports.describe([Listener("::", 8080, process.pid)])
        process.kill()
    assert told.isprintable()
    assert "import time" in told


def test_a_password_of_a_stranger_is_not_shown() -> None:
    words = [sys.executable, "-c", "import time; time.sleep(600)", "--pw", "hunter2", "--pass=hunter2"]
    with subprocess.Popen(words) as process:
        wait_for(lambda: ports.command_line(process.pid)[1:2] == ["-c"])
        told = ports.describe([Listener("::", 8080, process.pid)])
        process.kill()
    assert "hunter2" not in told
    assert "--pw (looks like a secret)" in told


@pytest.mark.parametrize("system", ["linux", "darwin"])
@pytest.mark.parametrize("port", [5000, 8080])
def test_a_listener_that_nobody_shows_may_be_macos_own(
    monkeypatch: pytest.MonkeyPatch, system: str, port: int
) -> None:
    monkeypatch.setattr("mlxsm_sync.system.ports.listeners", lambda *_: [])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        monkeypatch.setattr(sys, "platform", system)
        told = ports.problem("127.0.0.1", port)
    often = f": on macOS often {AIRPLAY}" * (system == "darwin" and port == 5000)
    assert told == f"port {port} is held by a process that cannot be seen{often}"

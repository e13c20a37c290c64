"""`ps`, `logs`, `adopt`, `forget` and `doctor`."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pexpect
import pytest

from testing.paths import STAND_IN
from testing.ports import is_free, new_port
from testing.servers import Servers
from testing.waiting import wait_for

Stranger = Callable[..., subprocess.Popen[bytes]]

# logs


def test_ten_thousand_lines_are_all_there_whoever_is_killed(servers: Servers) -> None:
    """The log is a file that the server itself writes: nobody else can lose a line of it."""
    servers.declare(A="test/spew-10000_load-1")
    starting = servers.start("up")
    following = servers.start("logs", "A", "-f")
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])  # it was started
    starting.send_signal(signal.SIGKILL)
    following.send_signal(signal.SIGKILL)
    starting.communicate()
    following.communicate()
    wait_for(lambda: "Starting httpd" in servers.log("A").read_text())
    lines = [line for line in servers.log("A").read_text().splitlines() if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(10000)]
    shown = servers.run("logs", "A", "-n", "20000").out.splitlines()
    assert [line for line in shown if line.startswith("line ")] == lines


def test_our_own_questions_are_left_out_of_what_is_shown(servers: Servers) -> None:
    ports = servers.declare(A="test/load-0.3")
    servers.up()
    assert '"GET /health HTTP/1.0" 200' in servers.log("A").read_text()
    subprocess.run(["curl", "-s", f"http://127.0.0.1:{ports['A']}/health"], check=True, capture_output=True)
    shown = servers.run("logs", "A").out
    assert "HTTP/1.0" not in shown
    assert '"GET /health HTTP/1.1" 200' in shown
    assert servers.run("logs", "A", "-n", "1").out.count("\n") == 1
    assert servers.run("logs", "A", "-n", "0").out == ""


def test_several_logs_are_told_apart(servers: Servers) -> None:
    servers.declare(A="test/spew-2", Longer="test/spew-2")
    servers.up()
    plain = servers.run("logs", "A", "Longer").out.splitlines()
    assert plain[:2] == ["A      | line 0", "A      | line 1"]
    assert "Longer | line 1" in plain
    coloured = servers.run("logs", "A", "Longer", "--color", "always").out
    assert coloured.startswith("\x1b[38;5;31mA      | \x1b[0mline 0\n")


def test_a_followed_log_goes_on_after_a_new_start(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    child = servers.on_terminal("logs", "A", "-f")
    child.expect("Starting httpd")
    assert servers.run("restart", "A").code == 0
    child.expect("Starting httpd")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130


def test_five_old_logs_are_kept(servers: Servers) -> None:
    servers.declare(A="test/a")
    for number in range(7):
        servers.up()
        with servers.log("A").open("a") as log:
            log.write(f"start {number}\n")
        servers.run("down")
        (path,) = [*servers.state_path.parent.glob("logs/*.log")]
    kept = {one.suffix: re.findall("start (.)", one.read_text()) for one in path.parent.iterdir()}
    assert kept == {".log": ["6"], ".1": ["5"], ".2": ["4"], ".3": ["3"], ".4": ["2"], ".5": ["1"]}
    assert {one.stat().st_mode & 0o777 for one in path.parent.iterdir()} == {0o600}


def test_what_a_server_writes_cannot_command_the_terminal(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    with servers.log("A").open("a") as log:
        log.write("\x1b]0;evil\x07 \u202e token hf_" + "a" * 34 + "\n")
    shown = servers.run("logs", "A").out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "hf_aaaa" not in shown


def test_there_is_no_log_before_a_start(servers: Servers) -> None:
    servers.declare(A="test/a")
    missing = servers.run("logs", "A")
    assert (missing.code, 'there is no log of "A"' in missing.err) == (1, True)
    assert servers.run("logs", "B").code == 64
    assert servers.run("logs").err == missing.err


# ps


def test_the_table(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up("A")
    lines = servers.run("ps").out.splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "PID", "ENDPOINT", "UPTIME", "MEMORY", "CPU", "MODEL"]
    assert lines[1].split()[:2] == ["A", "ready"]
    assert lines[2].split()[:3] == ["B", "stopped", "-"]
    assert [line.split()[-1] for line in lines[1:3]] == ["test/a", "test/b"]
    assert re.fullmatch(r"memory: [#.]{10} \d+ MB of [\d.]+ GB", lines[-1])
    report = servers.run("ps", "--json").json
    assert report["memoryBytes"] == report["servers"][0]["memoryBytes"]
    assert report["machineMemoryBytes"] > 10**8
    assert servers.run("ps", "--check").code == 0
    assert servers.run("ps", "Nobody").code == 64


def test_the_colour_of_a_status_says_what_the_word_says(servers: Servers) -> None:
    ports = servers.declare(A="test/a", B="test/b", C="test/c", D="test/d")
    servers.up("A", "B", "C")
    os.kill(servers.seen("B")["pid"], signal.SIGKILL)
    wait_for(lambda: servers.seen("B")["status"] == "crashed")
    changed = {"modelID": "test/c", "port": ports["C"], "advancedLaunchOptions": {"defaultTopK": 3}}
    kept = {name: {"modelID": f"test/{name.lower()}", "port": ports[name]} for name in "ABD"}
    servers.write_profiles(kept | {"C": changed})
    plain = servers.run("ps").out.splitlines()
    coloured = servers.run("ps", "--color", "always").out.splitlines()
    assert [re.sub(r"\x1b\[[\d;]*m", "", line).split()[:4] for line in coloured[:5]] == [
        line.split()[:4] for line in plain[:5]
    ]
    found = {
        line.split()[0]: re.findall(r"\x1b\[([\d;]+)m([^\x1b]*)\x1b\[0m", line) for line in coloured[1:5]
    }
    assert found == {
        "A": [("38;5;64", "ready")],
        "B": [("38;5;196", "crashed")],
        "C": [("38;5;166", "ready (stale)")],
        "D": [("2", "stopped")],
    }
    assert "\x1b" not in "".join(plain)
    shown = servers.on_terminal("ps", "-q", dimensions=(24, 200), env=servers.environment | {"TERM": "xterm"})
    assert "\x1b[38;5;64mready\x1b[0m" in shown.read()
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        environment = servers.environment | {"TERM": "xterm", name: value}
        told = servers.on_terminal("ps", "-q", dimensions=(24, 200), env=environment).read()
        assert ("ready" in told, "\x1b" in told) == (True, False)


def test_a_server_that_lost_its_socket_or_hangs_is_not_ready(servers: Servers) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    seen = servers.seen("A")
    assert (seen["status"], seen["lastError"]) == ("dead-thread", "it does not answer within 3 s")
    os.kill(pid, signal.SIGCONT)
    assert servers.seen("A")["status"] == "ready"
    servers.edit_record("A", port=new_port())
    seen = servers.seen("A")
    assert (seen["status"], seen["lastError"]) == ("no-socket", "it does not listen any more")
    assert servers.run("ps", "--check").code == 1


def test_a_thread_that_dies_later_is_seen(servers: Servers) -> None:
    servers.declare(A="test/fail-1")
    servers.up()
    with servers.log("A").open("a") as log:
        log.write("2026-01-01 10:00:00,123 - ERROR - mlx_lm.server generation thread died: out of memory\n")
    seen = wait_for(lambda: (one := servers.seen("A"))["status"] == "dead-thread" and one)
    assert seen["lastError"] == "its model cannot be used (health 503); last in its log: out of memory"
    assert servers.up()["A"]["result"] == "started"
    assert servers.seen("A")["pid"] != seen["pid"]


def test_what_a_client_writes_into_the_log_ends_no_server(servers: Servers) -> None:
    ports = servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    for line in (
        "GET /ERROR - generation thread died: hacked HTTP/1.1",
        "Exception in thread Thread-1 (_generate)",
    ):
        with socket.create_connection(("127.0.0.1", ports["A"])) as client:
            client.sendall(f"{line}\r\n\r\n".encode())
            client.recv(1000)
    assert "Exception in thread" in servers.log("A").read_text()
    assert servers.seen("A")["status"] == "ready"
    assert servers.up()["A"]["pid"] == pid


def test_a_server_that_is_only_silent_is_left_alone(servers: Servers) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    told = servers.up()["A"]
    assert (told["result"], told["pid"]) == ("failed", pid)
    assert told["message"] == "it runs, but it does not answer within 3 s: mlxsm restart A starts it anew"
    os.kill(pid, signal.SIGCONT)
    assert servers.up()["A"] == told | {"result": "running", "message": None}


def test_an_answer_that_drips_holds_up_nothing(servers: Servers, tmp_path: Path) -> None:
    drip = tmp_path / "drip.py"
    drip.write_text(
        "#!/usr/bin/env python3\nimport socket, sys, threading, time\n"
        "port = next(int(w.split('=')[1]) for w in sys.argv if w.startswith('--port='))\n"
        "server = socket.create_server(('127.0.0.1', port))\n"
        "def talk(c):\n    c.sendall(b'HTTP/1.0 200 OK\\r\\n')\n"
        "    while True:\n        c.sendall(b'X: y\\r\\n'); time.sleep(0.3)\n"
        "while True:\n    threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()\n"
    )
    drip.chmod(0o755)
    servers.declare(A="test/a")
    told = servers.up("--server-command", str(drip), "--timeout", "3")["A"]
    assert told["result"] == "failed"


def test_what_is_no_log_file_is_not_waited_for(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    servers.log("A").unlink()
    os.mkfifo(servers.log("A"))
    assert servers.run("logs", "A").out == ""
    assert servers.seen("A")["status"] == "ready"


def test_states_of_one_folder_have_their_own_servers(servers: Servers) -> None:
    servers.declare(A="test/a")
    assert servers.run("apply", "--yes", "--state", "x.json").code == 0
    assert servers.run("up", "--state", "x.json").code == 0
    assert servers.run("apply", "--yes", "--state", "y.json").code == 0
    assert (
        servers.run("down", "--all", "--state", "y.json").err == "no server that mlxsm started is running\n"
    )
    assert servers.run("ps", "--state", "y.json", "--json").json["servers"][0]["status"] == "foreign"
    assert "stopped" in servers.run("down", "--state", "x.json").out


def test_a_profile_that_shares_its_port_is_restarted_by_name(servers: Servers) -> None:
    port = new_port()
    servers.write_profiles(
        {"A": {"modelID": "test/a", "port": port}, "B": {"modelID": "test/b", "port": port}}
    )
    assert servers.up("A")["A"]["result"] == "started"
    assert servers.run("restart", "A").code == 0
    assert servers.run("adopt", "B").code == 1  # it is ours
    code, found = findings(servers)
    (shared,) = (message for check, status, message in found if (check, status) == ("port", "warn"))
    assert (code, shared.endswith('that is "A": mlxsm down A frees it')) == (0, True)


def test_one_odd_host_hides_none_of_the_others(servers: Servers) -> None:
    servers.write_profiles(
        {
            "Odd": {"modelID": "test/a", "port": new_port(), "host": "odd-host.invalid"},
            "A": {"modelID": "test/a", "port": new_port()},
        }
    )
    told = servers.up("--allow-host", "odd-host.invalid")
    assert told["A"]["result"] == "started"
    assert told["Odd"]["message"].startswith("the host odd-host.invalid cannot be found: ")
    assert [one["status"] for one in servers.run("ps", "--json").json["servers"]] == ["stopped", "ready"]


@pytest.mark.parametrize("pause", [0, 0.5])
def test_a_command_that_clears_the_environment_is_ended_and_told(servers: Servers, pause: float) -> None:
    """At once, or after it was looked at."""
    ports = servers.declare(A="test/a")
    path = servers.environment["PATH"]
    script = f'sleep {pause}; exec env -i PATH={path} {STAND_IN} "$@"'
    told = servers.up("--server-command", f"sh -c '{script}' sh")["A"]
    assert told["result"] == "failed"
    assert "does its command clear the environment? It was ended" in told["message"]
    assert is_free(ports["A"])
    assert servers.seen("A")["status"] == "stopped"


def test_a_hangup_that_is_to_be_ignored_is_ignored(servers: Servers) -> None:
    servers.declare(A="test/load-1.5")
    starting = servers.start("up", "--json", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])
    starting.send_signal(signal.SIGHUP)
    starting.communicate(timeout=120)
    assert starting.returncode == 0
    assert servers.seen("A")["status"] == "ready"


def test_watching_goes_on_until_an_interrupt(servers: Servers) -> None:
    servers.declare(A="test/a")
    watching = servers.start("ps", "--watch")
    assert watching.stdout
    assert watching.stdout.readline().startswith("NAME")
    time.sleep(2.2)
    watching.send_signal(signal.SIGINT)
    out, _ = watching.communicate(timeout=120)
    assert out.count("NAME") == 1
    assert watching.returncode == 130


def test_one_slow_server_does_not_make_the_others_wait(servers: Servers) -> None:
    # None of them answers before all of them are asked.
    servers.declare(**{f"S{number}": "test/asked-4" for number in range(4)})
    servers.up("--no-probe")
    shutil.rmtree(Path(servers.environment["HOME"], "asked"))
    report = servers.run("ps", "--json").json
    assert [one["status"] for one in report["servers"]] == ["ready"] * 4


def test_live_progress_on_a_terminal(servers: Servers) -> None:
    servers.declare(Slow="test/gate-slow", Bad="test/gate-bad_dead")
    child = servers.on_terminal("up", env=servers.environment | {"TERM": "xterm"})
    child.expect(r"Slow: loading, \d+ s, \d+ MB")
    servers.gate("bad").touch()
    child.expect("✗ Bad:  failed\r\n0 of 2 ready")
    servers.gate("slow").touch()
    child.expect(r"Slow.*: started at http.*ready after \d+\.\d s")
    child.expect("Bad.*: failed")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1


# adopt, forget


def test_only_what_answers_is_adopted_and_then_left_alone(servers: Servers, stranger: Stranger) -> None:
    ports = servers.declare(A="test/a")
    nobody = servers.run("adopt", "A")
    assert (nobody.code, "nothing is listening at" in nobody.err) == (1, True)
    other = stranger(ports["A"])
    told = servers.run("adopt", "A").out.splitlines()
    assert told[0] == f"adopted A at 127.0.0.1:{ports['A']} for connection details only"
    assert told[1].startswith("  software: a server that calls itself BaseHTTP/0.6 Python/3.")
    assert told[1].endswith("; not confirmed to be mlx_lm.server")
    assert told[2:] == [f"  process: {other.pid}, another program", "  model: not in its command line"]
    assert servers.seen("A")["status"] == "adopted"
    again = servers.run("up", "--json")
    (told,) = again.json["servers"]
    assert (again.code, told["result"]) == (0, "running")
    assert told["message"] == "a server that mlxsm did not start is adopted for it; it was left as it is"
    assert (
        servers.run("down", "A").out
        == "  = A: adopted, left alone: mlxsm did not start it; mlxsm forget A forgets it\n"
    )
    assert servers.run("restart", "A").code == 1
    assert other.poll() is None
    assert servers.run("forget", "A").out == "forgot the server adopted for A; it was not touched\n"
    assert servers.run("forget", "A").code == 64
    assert servers.seen("A")["status"] == "foreign"


def test_our_own_server_is_not_adopted(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    refused = servers.run("adopt", "A")
    assert (refused.code, "was started by mlxsm" in refused.err) == (1, True)


# doctor


def findings(servers: Servers, *arguments: str) -> tuple[int, list[tuple[str, str, str]]]:
    result = servers.run("doctor", "--json", *arguments)
    checks = result.json["checks"]
    assert len(checks) == result.json["passed"] + result.json["warnings"] + result.json["failures"]
    return result.code, [(one["check"], one["status"], one["message"]) for one in checks]


def test_a_doctor_who_finds_nothing(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    code, found = findings(servers)
    assert code == 0
    statuses = {check: status for check, status, _ in found}
    assert statuses == {
        "executable": "pass",
        "version": "pass",
        "cache": "pass",
        "folders": "pass",
        "file": "pass",
        "state": "pass",
        "flags": "pass",
        "model": "warn",
        "memory": "pass",
        "port": "pass",
    }
    text = servers.run("doctor").out
    assert text.splitlines()[0] == f"pass  executable {STAND_IN}"
    assert text.splitlines()[-1].endswith("0 failed")


def test_a_doctor_names_what_is_wrong_and_the_remedy(servers: Servers, stranger: Stranger) -> None:
    port = new_port()
    raw = {"rawExtraArgs": ["--no-such-flag", "1"]}
    servers.write_profiles(
        {"A": {"modelID": "/nowhere", "port": port, "host": "0.0.0.0", "advancedLaunchOptions": raw}}
    )
    other = stranger(port)
    servers.state_path.parent.chmod(0o770)
    code, found = findings(servers)
    assert code == 1
    assert [status for check, status, _ in found if check == "flags"] == ["fail", "warn"]
    (unknown,) = (message for check, status, message in found if (check, status) == ("flags", "fail"))
    assert unknown.startswith("rawExtraArgs: mlx-lm 0.")
    assert unknown.endswith(" has no --no-such-flag; --allow-arg --no-such-flag lets it pass")
    assert ("model", "fail", "there is no folder /nowhere") in found
    assert any(f"held by process {other.pid}" in message for check, _, message in found if check == "port")
    assert any(status == "warn" for check, status, _ in found if check == "folders")
    servers.state_path.parent.chmod(0o700)
    servers.state_path.write_text("{")
    servers.write("profiles: [")
    code, found = findings(servers, "--server-command", "/nowhere/server")
    assert code == 1
    assert [(check, status) for check, status, _ in found if status == "fail"] == [
        ("executable", "fail"),
        ("file", "fail"),
        ("state", "fail"),
    ]
    (servers.folder / "profiles.yaml").unlink()
    servers.state_path.unlink()
    code, found = findings(servers)
    assert (code, [check for check, status, _ in found if status == "warn"]) == (0, ["file"])


def environment_with(root: Path, version: str) -> Path:
    """A virtual environment with this release; its server program."""
    (root / f"lib/python3.11/site-packages/mlx_lm-{version}.dist-info").mkdir(parents=True)
    (root / "bin").mkdir()
    for name, text in (("python3.11", ""), ("mlx_lm.server", f"#!{root}/bin/python3.11\n")):
        (root / "bin" / name).write_text(text)
        (root / "bin" / name).chmod(0o755)
    return root / "bin/mlx_lm.server"


@pytest.mark.parametrize(
    ("version", "status"), [("0.30.5", "pass"), ("0.31.3", "warn"), ("0.32.0", "pass"), ("0.99.0", "pass")]
)
def test_an_unsafe_release_is_warned_of(servers: Servers, tmp_path: Path, version: str, status: str) -> None:
    script = environment_with(tmp_path / "a venv", version)
    script.write_text(f"#!/bin/sh\n'''exec' '{script.parent}/python3.11' \"$0\" \"$@\"\n' '''\n")
    servers.declare(A="test/a")
    _, found = findings(servers, "--server-command", shlex.quote(str(script)))
    assert [one for check, one, _ in found if check == "version"] == [status]
    if status == "warn":
        assert any("CVE-2026-5843" in message for _, _, message in found)
        text = servers.run("doctor", "--server-command", shlex.quote(str(script))).out
        assert f"'{script.parent}/python3.11' -m pip install --upgrade mlx-lm\n" in text


def test_what_an_older_release_does_not_know_is_refused_with_the_one_that_does(
    servers: Servers, tmp_path: Path
) -> None:
    script = environment_with(tmp_path / "venv", "0.31.1")
    options = {"rawExtraArgs": ["--kv-bits", "4", "--cache-limit-gb=3"], "allowedOrigins": "*"}
    servers.write_profiles({"A": {"modelID": "test/a", "port": new_port(), "advancedLaunchOptions": options}})
    told = servers.up("--server-command", str(script))["A"]
    assert (told["result"], told["message"].splitlines()) == (
        "failed",
        [
            "--allowed-origins needs mlx-lm 0.31.2 or newer, and 0.31.1 is installed",
            "--kv-bits needs mlx-lm 0.32.0 or newer, and 0.31.1 is installed",
            "--cache-limit-gb is gone since mlx-lm 0.22.3, and 0.31.1 is installed",
        ],
    )
    checks = servers.run("doctor", "--json", "--server-command", str(script)).json["checks"]
    remedies = [one["remedy"] for one in checks if one["check"] == "flags"]
    edit = "edit the profile, then mlxsm apply"
    upgrade = f"{script.parent}/python3.11 -m pip install --upgrade mlx-lm; or {edit}"
    assert remedies == [upgrade, upgrade, edit]


def test_a_program_whose_python_is_gone_is_told_by_up_and_doctor(servers: Servers, tmp_path: Path) -> None:
    script = environment_with(tmp_path / "venv", "0.32.2")
    (script.parent / "python3.11").unlink()
    servers.declare(A="test/a")
    told = servers.up("--server-command", str(script))["A"]
    gone = f"{script} is run by {script.parent}/python3.11, which is not there"
    assert (told["result"], told["message"].startswith(gone)) == ("failed", True)
    code, found = findings(servers, "--server-command", str(script))
    assert (code, ("executable", "fail", gone) in found) == (1, True)


def test_a_doctor_who_is_asked_to_be_quiet_tells_what_is_wrong_only(servers: Servers) -> None:
    servers.declare(A="test/a")
    lines = servers.run("doctor", "-q").out.splitlines()
    assert [line.split()[0] for line in lines[:-1] if line.strip() and not line.startswith(" ")] == ["warn"]
    assert re.fullmatch(r"[0-9]+ passed, 1 warning, 0 failed", lines[-1])
    servers.write('{"schemaVersion": 1, "collection": "test", "profiles": []}')
    assert servers.run("apply", "--yes", "--prune", "--force").code == 0
    assert servers.run("doctor", "-q").out == ""


def test_a_place_where_no_state_can_be_made_is_told(servers: Servers) -> None:
    file = servers.folder / "a file"
    file.write_text("")
    servers.write_profiles({})
    result = servers.run("doctor", "--state", str(file / "deep/state.json"), "--json")
    (told,) = (one for one in result.json["checks"] if one["check"] == "folders")
    assert (result.code, told["status"]) == (1, "fail")
    assert told["message"] == f"{file}/deep cannot be made: {file} is no folder"
    assert told["remedy"] == f"move it away: mv '{file}' '{file}'.old"
    assert servers.run("apply", "--yes", "--state", str(file / "deep/state.json")).code == 1
    folder = servers.run("doctor", "--state", "/", "--json")
    assert (folder.code, [one["message"] for one in folder.json["checks"] if one["status"] == "fail"]) == (
        1,
        ["/ is a folder"],
    )


@pytest.mark.linux("another user by setpriv")
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_state_that_another_user_made_is_told_and_does_not_end_the_doctor(
    servers: Servers, mode: int
) -> None:
    """As `sudo mlxsm apply` leaves it in a home that is somebody else's."""
    with TemporaryDirectory() as name:
        home = Path(name)
        servers.environment |= {"HOME": name}
        servers.declare(A="test/a")
        os.chown(home, 12345, 12345)
        for folder in (".local", ".local/state", ".local/state/mlxsm"):
            (home / folder).chmod(mode)
        servers.program = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", *servers.program)
        result = servers.run("doctor", "--json")
    checks = {one["check"]: one for one in result.json["checks"]}
    assert (result.code, checks["cache"]["status"]) == (1, "pass")
    for check in ("folders", "state"):
        assert checks[check]["status"] == "fail"
        assert f"{home}/.local belongs to root" in checks[check]["message"]
        assert checks[check]["remedy"].startswith("to make it yours: sudo chown -R ")


def test_a_cache_on_a_disk_that_is_away_is_told(servers: Servers) -> None:
    away = servers.folder / "volumes/SSD"
    servers.environment |= {"HF_HOME": str(away / "hf")}
    servers.declare(A="org/load-0")

    def cache() -> dict[str, str]:
        checks = servers.run("doctor", "--json").json["checks"]
        return dict(next(one for one in checks if one["check"] == "cache"))

    told = cache()
    assert (told["status"], told["message"]) == (
        "warn",
        f"models are to be kept in {away}/hf/hub, and {away.parent} is not there",
    )
    assert f"and {away.parent} is not there: is its disk connected?" in servers.run("up").err
    assert not away.parent.exists()
    away.mkdir(parents=True)
    assert cache()["status"] == "pass"
    (away / "hf").write_text("")
    assert (cache()["status"], cache()["message"]) == (
        "warn",
        f"models are to be kept in {away}/hf/hub, and {away}/hf/hub is not there",
    )


def test_json_of_everything_has_a_version(servers: Servers) -> None:
    servers.declare(A="test/a")
    for arguments in (["up"], ["ps"], ["doctor"], ["up", "--dry-run"], ["restart", "A"], ["down"]):
        result = servers.run(*arguments, "--json")
        assert json.loads(result.out)["formatVersion"] == 1
        out = servers.folder / "out.json"
        assert servers.run(*arguments, "--json-out", str(out)).code == result.code
        assert json.loads(out.read_text())["formatVersion"] == 1


def test_what_a_server_uses_is_what_its_group_uses_and_it_is_compared_with_its_own_program(
    servers: Servers, tmp_path: Path
) -> None:
    wrapper = tmp_path / "a wrapper"
    wrapper.write_text(f'#!/bin/sh\npython3 {STAND_IN} "$@"\n')
    wrapper.chmod(0o755)
    servers.declare(A="test/a")
    assert servers.up("--server-command", str(wrapper))["A"]["result"] == "started"
    del servers.environment["MLXSM_SERVER"]
    seen = servers.seen("A")
    assert (seen["status"], seen["stale"]) == ("ready", False)
    assert seen["memoryBytes"] > 10**7  # not only the shell
    named = servers.run("ps", "--server-command", str(STAND_IN), "--json").json["servers"][0]
    assert named["changes"][0] == f"server command {wrapper} -> {STAND_IN}"
    assert servers.run("down").code == 0


@pytest.mark.parametrize("seconds", ["nan", "-1", "1e300", "x", "inf"])
def test_times_are_times(servers: Servers, seconds: str) -> None:
    servers.declare(A="test/a")
    for command in (["up", "--timeout", seconds], ["down", "--grace", seconds]):
        assert servers.run(*command).code == 64

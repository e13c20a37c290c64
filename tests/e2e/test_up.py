"""What `up` says of servers that come up, and of those that never will."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import psutil
import pytest

from testing.ledger import Tally
from testing.paths import STAND_IN
from testing.ports import is_free, new_port
from testing.processes import lives, processes_of
from testing.servers import Servers
from testing.waiting import wait_for

Stranger = Callable[..., subprocess.Popen[bytes]]


def test_a_server_is_ready_when_its_model_has_answered(servers: Servers) -> None:
    ports = servers.declare(Slow="test/load-0.5", First="test/first-0.3", Old="test/old")
    told = servers.up()
    assert {name: one["result"] for name, one in told.items()} == dict.fromkeys(ports, "started")
    assert told["Slow"]["readySeconds"] >= 0.5
    assert told["Slow"]["endpoint"] == f"127.0.0.1:{ports['Slow']}"
    for name in ports:
        seen = servers.seen(name)
        assert (seen["status"], seen["pid"], seen["stale"]) == ("ready", told[name]["pid"], False)
        assert seen["memoryBytes"] > 1_000_000
        assert seen["uptimeSeconds"] >= 0
    assert servers.record("Slow")["ready"] == "answered"
    assert servers.record("Slow")["fingerprint"] == "stand-in"


@pytest.mark.threat(28)
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("dead", "its model cannot be used (health 503); last in its log: Model type odd not supported."),
        ("mute", "its model is not loaded after 1.5 s; last in its log: ValueError: bad"),
        ("exit-2", "exited (code 2): mlx_lm.server: error: argument --max-tokens: invalid int value"),
        ("exit-1", "exited (code 1): mlx_lm.server: error: argument --max-tokens: invalid int value"),
        ("load-9_late-0.8", "exited (code 3): last in its log: MemoryError: no more"),
        ("taken", "OSError: [Errno 98] Address already in use"),
        ("unbound", "it does not listen after 1.5 s"),
        ("load-99", "its model is not loaded after 1.5 s; last in its log: Starting httpd"),
        ("drop", "it dropped the connection instead of an answer"),
        ("refuse", "its model does not answer (404): temperature must be at least 0"),
        ("odd", "it answers, but not as a model server does"),
        (
            "deaf_dead",
            "its model cannot be used (health 503); last in its log: Model type odd not supported.",
        ),
    ],
)
def test_a_server_that_will_never_be_ready_is_told_and_ended(
    servers: Servers, model: str, reason: str, tally: Tally
) -> None:
    ports = servers.declare(Bad=f"test/{model}", Good="test/load-0.1")
    assert servers.up("Good")["Good"]["result"] == "started"
    result = servers.run("up", "--timeout", "1.5", "--json")
    told = {one["name"]: one for one in result.json["servers"]}
    assert (result.code, told["Bad"]["result"], told["Good"]["result"]) == (1, "failed", "running")
    assert told["Bad"]["message"].startswith(reason)
    assert is_free(ports["Bad"])
    seen = servers.seen("Bad")
    assert (seen["status"], seen["pid"]) == ("crashed", None)
    assert reason.rpartition("): ")[2] in seen["lastError"]
    # The server and its shim, of the good one only.
    assert len(processes_of(servers.environment["HOME"])) == 2
    tally.add(starts_that_fail=1)


@pytest.mark.threat(28)
def test_a_port_that_a_stranger_has_is_not_taken_for_ours(
    servers: Servers, stranger: Stranger, tally: Tally
) -> None:
    ports = servers.declare(Mine="test/load-0.1")
    other = stranger(ports["Mine"])
    result = servers.run("up")
    assert result.code == 1
    assert f"port {ports['Mine']} is held by process {other.pid} (" in result.out
    assert not servers.record_path("Mine").exists()
    seen = servers.seen("Mine")
    assert (seen["status"], seen["pid"]) == ("foreign", other.pid)
    assert servers.run("down").code == 0
    assert other.poll() is None
    tally.add(strangers=1)


@pytest.mark.threat(28)
@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_a_stranger_on_every_address_is_seen_too(
    servers: Servers, stranger: Stranger, host: str, tally: Tally
) -> None:
    ports = servers.declare(Mine="test/load-0.1")
    stranger(ports["Mine"], host)
    assert servers.up()["Mine"]["message"].startswith(f"port {ports['Mine']} is held by process")
    tally.add(strangers=1)


@pytest.mark.threat(28)
def test_a_stranger_that_binds_between_our_look_and_the_servers_bind(servers: Servers, tally: Tally) -> None:
    """The server of ours waits before it binds, as a real one imports; a stranger is faster."""
    ports = servers.declare(Mine="test/first-2")
    starting = servers.start("up", "--json")
    record = wait_for(lambda: servers.record_path("Mine").exists() and servers.record("Mine")["pid"])
    code = (
        "import sys, time\nfrom http.server import *\n"
        "class H(BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        '        self.send_response(200); self.end_headers(); self.wfile.write(b\'{"status": "ok"}\')\n'
        "    do_POST = do_GET\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(ports["Mine"])], stderr=subprocess.DEVNULL
    ) as other:
        out, _ = starting.communicate(timeout=120)
        (told,) = json.loads(out)["servers"]
        assert (starting.returncode, told["result"]) == (1, "failed")
        assert f"port {ports['Mine']} is held by process {other.pid}" in told["message"]
        assert other.poll() is None
        assert not lives(record)
        other.kill()
    tally.add(strangers=1)


def test_of_two_that_want_one_port_neither_is_started_unasked_and_the_others_are(servers: Servers) -> None:
    port = new_port()
    servers.write_profiles(
        {
            "A": {"modelID": "test/a", "port": port},
            "B": {"modelID": "test/b", "port": port, "host": "localhost"},
            "C": {"modelID": "test/c", "port": new_port()},
        }
    )
    result = servers.run("up", "--json")
    told = {one["name"]: one for one in result.json["servers"]}
    assert (result.code, told["C"]["result"]) == (1, "started")
    assert told["A"] | {"id": ""} == {
        "id": "",
        "name": "A",
        "result": "refused",
        "pid": None,
        "endpoint": None,
        "readySeconds": None,
        "message": f'"B" uses the same port, localhost:{port}, and only one can be up: mlxsm up A starts this one',
    }
    assert told["B"]["message"].startswith(f'"A" uses the same port, 127.0.0.1:{port}, ')
    assert servers.up("B")["B"]["result"] == "started"
    # With one of them up, nothing is in question: the other is refused for what holds its port.
    again = {one["name"]: one for one in servers.run("up", "--json").json["servers"]}
    assert [again[name]["result"] for name in "ABC"] == ["failed", "running", "running"]
    frees, switches = again["A"]["message"].splitlines()
    assert frees.endswith('; that is "B": mlxsm down B frees it')
    assert switches == "mlxsm up --instead A starts this one in its place"


@pytest.mark.parametrize("command", [["restart"], ["up", "--recreate"]])
def test_one_that_is_started_anew_keeps_its_port(servers: Servers, command: list[str]) -> None:
    port = new_port()
    first = {"modelID": "test/a", "port": port}
    others = {"B": {"modelID": "test/b", "port": port}, "C": {"modelID": "test/c", "port": port}}
    servers.write_profiles({"A": first} | others)
    assert servers.up("A")["A"]["result"] == "started"
    servers.write_profiles({"A": first | {"advancedLaunchOptions": {"defaultTemperature": 0.5}}} | others)
    told = {one["name"]: one for one in servers.run(*command, "--json").json["servers"]}
    assert [told[name]["result"] for name in "ABC"] == ["recreated", "refused", "refused"]
    assert told["B"]["message"] == (
        f'"A" runs, and uses the same port, 127.0.0.1:{port}: mlxsm up --instead B starts this one in its place'
    )


def test_a_restart_tells_why_a_profile_is_not_run_as_the_file_says(servers: Servers) -> None:
    servers.declare(A="test/a")
    path = servers.folder / "profiles.yaml"
    path.write_text(path.read_text().replace("test/a", "test/b"))
    done = servers.run("restart", "A", "--json")
    (told,) = done.json["servers"]
    assert (done.code, told["message"]) == (3, "this machine has an older version of it: mlxsm apply")


def test_what_is_not_applied_is_not_run(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    text = (servers.folder / "profiles.yaml").read_text()
    added = {"host": "127.0.0.1", "name": "New", "modelID": "test/new", "port": new_port()}
    data = json.loads(text)
    data["profiles"][0]["notes"] = "changed"
    data["profiles"].append(added)
    servers.write(json.dumps(data))
    result = servers.run("up", "--json")
    told = {one["name"]: one for one in result.json["servers"]}
    assert (result.code, told["B"]["result"]) == (3, "started")
    assert (told["A"]["result"], told["A"]["message"]) == (
        "refused",
        "this machine has an older version of it: mlxsm apply",
    )
    assert told["New"]["message"] == "it is not applied on this machine: mlxsm apply"
    assert (told["New"]["id"], told["New"]["pid"]) == (None, None)
    # An error wins over what is only left to decide.
    servers.record_path("B").write_text("{")
    assert servers.run("up").code == 1


def test_what_is_nobodys_or_drifted_is_not_run(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.edit_state(lambda state: state["entries"][0]["profile"].update(notes="mine"))
    data = json.loads((servers.folder / "profiles.yaml").read_text())
    data["profiles"][0]["notes"] = "file"
    servers.write(json.dumps(data))

    def disown(state: dict) -> None:
        state["entries"][1] |= {"owner": None, "applied": None, "from": None}

    servers.edit_state(disown)
    told = servers.up()
    assert "mlxsm pull A takes that into the file, mlxsm apply --replace A undoes it" in told["A"]["message"]
    assert told["B"]["message"] == "this machine has it, owned by nobody: mlxsm apply takes it over"
    servers.edit_state(lambda state: state["entries"][1]["profile"].update(notes="other"))
    data["profiles"][1]["notes"] = "declared"
    servers.write(json.dumps(data))
    assert servers.up()["B"]["message"] == (
        'it clashes with "B", which is owned by nobody: mlxsm pull B takes that into the file'
    )


def test_up_again_does_nothing_and_a_change_is_told_option_by_option(servers: Servers) -> None:
    port = new_port()
    profile = {"modelID": "test/a", "port": port, "advancedLaunchOptions": {"defaultMaxTokens": 512}}
    servers.write_profiles({"A": profile})
    first = servers.up()["A"]
    again = servers.run("up", "--json")
    assert (again.code, again.json["servers"][0]["result"]) == (0, "running")
    assert again.json["servers"][0]["pid"] == first["pid"]
    servers.write_profiles({"A": profile | {"advancedLaunchOptions": {"defaultMaxTokens": 4096}}})
    stale = servers.up()["A"]
    assert (stale["result"], stale["pid"]) == ("stale", first["pid"])
    assert stale["message"] == "--max-tokens 512 -> 4096: restart needed (mlxsm up A --recreate)"
    seen = servers.seen("A")
    assert (seen["status"], seen["stale"], seen["changes"]) == ("ready", True, ["--max-tokens 512 -> 4096"])
    recreated = servers.up("--recreate")["A"]
    assert recreated["result"] == "recreated"
    assert recreated["pid"] != first["pid"]
    assert not servers.seen("A")["stale"]
    assert servers.up("--recreate")["A"]["result"] == "running"


def test_another_program_is_a_change_too(servers: Servers, tmp_path: Path) -> None:
    servers.declare(A="test/a")
    servers.up()
    copy = tmp_path / "copy.py"
    copy.write_text(STAND_IN.read_text())
    copy.chmod(0o755)
    told = servers.up("--server-command", str(copy))["A"]
    assert told["message"].startswith(f"server command {STAND_IN} -> {copy}")


def test_how_a_server_ended_is_told_at_once(servers: Servers) -> None:
    """Its parent notes that, which on a busy machine runs a moment later than whoever asks."""
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    shim = servers.record("A")["keeper"]
    os.kill(shim, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    late = Timer(1, os.kill, (shim, signal.SIGCONT))
    late.start()
    seen = servers.seen("A")
    late.join()
    assert (seen["status"], seen["exitCode"], seen["pid"]) == ("crashed", -9, None)


def test_what_crashed_is_started_again(servers: Servers) -> None:
    servers.declare(A="test/a")
    first = servers.up()["A"]["pid"]
    os.kill(first, signal.SIGKILL)
    seen = wait_for(lambda: (one := servers.seen("A"))["status"] == "crashed" and one)
    assert (seen["exitCode"], seen["pid"]) == (-9, None)
    text = servers.run("ps", "--check")
    assert text.code == 1
    assert re.search(r"A: exited \(signal 9\) \d s ago", text.out)
    told = servers.up()["A"]
    assert told["result"] == "started"
    assert told["pid"] != first


def test_what_stopped_answering_is_started_again(servers: Servers) -> None:
    servers.declare(A="test/gate-open_dead")
    starting = servers.start("up", "--json")
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])
    os.kill(starting.pid, signal.SIGKILL)
    starting.communicate()
    assert wait_for(lambda: servers.seen("A")["status"] == "loading")
    servers.gate("open").touch()
    wait_for(lambda: servers.seen("A")["status"] == "dead-thread")
    why = "its model cannot be used (health 503); last in its log: Model type odd not supported."
    assert servers.seen("A")["lastError"] == why
    old = servers.record("A")["pid"]
    assert servers.up()["A"]["result"] == "failed"
    assert not lives(old)


def test_a_second_up_waits_for_what_the_first_one_started(servers: Servers) -> None:
    gate = servers.gate("open")
    servers.declare(A="test/gate-open")
    first = servers.start("up", "--json")
    pid = wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])
    assert servers.seen("A")["status"] == "loading"
    waiting = servers.start("up", "--json")
    assert waiting.stderr
    told = [
        line for line in iter(waiting.stderr.readline, "A: loading\n") if not line.startswith("warning: ")
    ]
    assert told == [f"A: waiting for process {pid}, which another mlxsm started\n"]
    gate.touch()
    (second,) = json.loads(waiting.communicate(timeout=60)[0])["servers"]
    out, _ = first.communicate(timeout=60)
    (one,) = json.loads(out)["servers"]
    assert (one["result"], second["result"], second["pid"]) == ("started", "running", one["pid"])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_an_interrupt_stops_what_this_up_started_and_nothing_else(
    servers: Servers, number: signal.Signals, code: int
) -> None:
    ports = servers.declare(Before="test/a", Ready="test/b", Loading="test/load-30")
    before = servers.up("Before")["Before"]["pid"]
    starting = servers.start("up", "--json")
    wait_for(lambda: servers.record_path("Ready").exists() and servers.record("Ready")["ready"])
    wait_for(lambda: servers.record_path("Loading").exists() and servers.record("Loading")["pid"])
    starting.send_signal(number)
    out, err = starting.communicate(timeout=120)
    told = {one["name"]: one["result"] for one in json.loads(out)["servers"]}
    assert starting.returncode == code
    assert told == {"Before": "running", "Ready": "failed", "Loading": "failed"}
    assert "interrupted: stopping what was started here" in err
    assert (servers.seen("Before")["pid"], servers.seen("Before")["status"]) == (before, "ready")
    assert is_free(ports["Ready"])
    assert is_free(ports["Loading"])
    assert len(processes_of(servers.environment["HOME"])) == 2


def test_without_a_question_socket_and_health_are_enough(servers: Servers) -> None:
    servers.declare(A="test/load-30")
    told = servers.up("--no-probe")["A"]
    assert told["result"] == "started"
    assert servers.record("A")["ready"] == "listening"


def test_a_dry_run_prints_what_a_shell_can_run(servers: Servers) -> None:
    port = new_port()
    servers.write_profiles(
        {
            "It's": {
                "modelID": "test/a",
                "port": port,
                "advancedLaunchOptions": {"chatTemplateArgs": {"a": "b'c"}},
            }
        }
    )
    shown = servers.run("up", "--dry-run")
    assert (shown.code, servers.record_path("It's").exists()) == (0, False)
    (planned,) = servers.run("up", "--dry-run", "--json").json["servers"]
    printed = servers.shell(f"printf '%s\\n' {shown.out.strip()}")
    assert printed.out.splitlines() == planned["argv"]
    assert planned["argv"][:2] == [str(STAND_IN), "--model=test/a"]
    assert '--chat-template-args={"a": "b\'c"}' in planned["argv"]


def test_every_problem_is_told_before_anything_starts(servers: Servers) -> None:
    port = new_port()
    bad = {
        "modelID": "/nowhere/model",
        "port": port,
        "host": "0.0.0.0",
        "advancedLaunchOptions": {
            "rawExtraArgs": ["--trust-remote-code", "--kv-bit", "7", "--log-file", "x"]
        },
    }
    servers.write_profiles({"Bad": bad, "Good": {"modelID": "test/a", "port": new_port()}})
    told = servers.up()
    assert told["Good"]["result"] == "started"
    assert told["Bad"]["result"] == "failed"
    assert told["Bad"]["message"].splitlines() == [
        "there is no folder /nowhere/model",
        "rawExtraArgs: --kv-bit is short for --kv-bits: write the whole name",
        "rawExtraArgs: mlx-lm 0.32.2 has no --log-file; did you mean --log-level? --allow-arg --log-file lets it pass",
        "its host 0.0.0.0 opens the server, which has no authentication, to others: --allow-host 0.0.0.0 lets it",
        "--trust-remote-code lets models run their own code: --allow-arg --trust-remote-code lets it",
    ]


@pytest.mark.threat(30)
def test_consent_comes_from_the_command_line_only(servers: Servers, tally: Tally) -> None:
    port = new_port()
    servers.write_profiles({"A": {"modelID": "test/a", "port": port, "host": "0.0.0.0"}})
    refused = servers.run("up", "--json")
    assert (refused.code, refused.json["servers"][0]["result"]) == (1, "refused")
    assert servers.up("--allow-host", "0.0.0.1")["A"]["result"] == "refused"
    assert servers.up("--allow-host", "0.0.0.0")["A"]["result"] == "started"
    assert servers.seen("A")["status"] == "ready"
    tally.add(hosts=2)


def test_there_must_be_a_server_program(servers: Servers) -> None:
    servers.declare(A="test/a")
    for command in ("/nowhere/mlx_lm.server", "no-such-program --x", "'"):
        result = servers.run("up", "--server-command", command, "--json")
        (told,) = result.json["servers"]
        assert (result.code, told["result"]) == (1, "failed")
        assert told["message"].startswith(("there is no server program", "the server command"))
    broken = servers.folder / "broken"
    broken.write_text("#!/nowhere/python\n")
    broken.chmod(0o755)
    told = servers.up("--server-command", str(broken))["A"]
    assert told["message"].startswith(f"{broken} is run by /nowhere/python, which is not there: ")
    assert not servers.record_path("A").exists()


def test_the_command_may_be_several_words_and_is_read_by_no_shell(servers: Servers) -> None:
    servers.declare(A="test/a")
    told = servers.up("--server-command", f"{sys.executable} {STAND_IN}")["A"]
    assert told["result"] == "started"
    assert servers.record("A")["command"] == [sys.executable, str(STAND_IN)]
    assert psutil.Process(told["pid"]).cmdline()[2] == "--model=test/a"


@pytest.mark.threat(32)
def test_the_server_gets_a_clean_environment_and_no_terminal(servers: Servers, tally: Tally) -> None:
    servers.declare(A="test/a")
    secret = "hf_" + "Ab1" * 12
    dropped = {
        "PYTHONPATH": f"{servers.environment.get('PYTHONPATH', '')}:/evil",
        "PYTHONSTARTUP": "/evil.py",
        "PYTHONWARNINGS": "default",
        "LD_PRELOAD": "",
        "LD_LIBRARY_PATH": "/evil",
        "DYLD_INSERT_LIBRARIES": "x",
        "DYLD_LIBRARY_PATH": "/evil",
        "MLX_RANK": "1",
        "MLX_HOSTFILE": "h",
    }
    servers.environment |= dropped | {"HF_HOME": "/some/hub", "HF_TOKEN": secret}
    pid = servers.up()["A"]["pid"]
    server = psutil.Process(pid)
    names = {*server.environ()}
    assert not [name for name in names if name.startswith(("PYTHON", "LD_", "DYLD_", "MLX_"))]
    assert {"HF_HOME", "HF_TOKEN", "MLXSM_RUN", "HOME"} <= names
    # A token is the server's to use; others can read a command line, so it is in none, and in no file of ours.
    for one in processes_of(servers.environment["HOME"]):
        assert secret not in " ".join(psutil.Process(one).cmdline())
    for path in servers.state_path.parent.rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes(), path
    assert server.cwd() == "/"
    assert os.getsid(pid) != os.getsid(0)
    assert os.getpgid(pid) == pid
    assert not [one.path for one in server.open_files() if ".lock" in one.path]
    tally.add(variables_that_are_dropped=len(dropped))


@pytest.mark.linux("/proc shows what a process has open")
def test_the_server_has_its_log_open_and_no_pipe_or_lock(servers: Servers) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{pid}/fd/1") == os.readlink(f"/proc/{pid}/fd/2") == str(servers.log("A"))
    open_files = {os.readlink(f"/proc/{pid}/fd/{one}") for one in os.listdir(f"/proc/{pid}/fd")}
    assert not [one for one in open_files if ".lock" in one or one.startswith("pipe:")]


def test_what_is_written_is_for_its_owner_alone(servers: Servers) -> None:
    servers.declare(A="test/spew-3")
    servers.up()
    os.kill(servers.record("A")["pid"], signal.SIGKILL)
    wait_for(lambda: servers.seen("A")["status"] == "crashed")
    for path in (servers.record_path("A"), servers.log("A"), servers.record_path("A").with_suffix(".ending")):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_ipv6_address_and_a_name_work(servers: Servers) -> None:
    servers.write_profiles(
        {
            "Six": {"modelID": "test/a", "port": new_port(), "host": "::1"},
            "Name": {"modelID": "test/b", "port": new_port(), "host": "localhost"},
        }
    )
    told = servers.up()
    assert {one["result"] for one in told.values()} == {"started"}
    assert told["Six"]["endpoint"].startswith("[::1]:")
    assert servers.run("down").code == 0


def test_progress_is_plain_lines_without_a_terminal(servers: Servers) -> None:
    servers.declare(A="test/load-0.2")
    result = servers.run("up")
    pid = servers.record("A")["pid"]
    assert result.err.splitlines()[-2:] == [f"A: starting (process {pid})", "A: loading"]
    assert re.fullmatch(r"  \+ A: started at http://127\.0\.0\.1:\d+/v1, ready after \d\.\d s\n", result.out)


def test_a_wish_for_nothing(servers: Servers) -> None:
    servers.write('{"schemaVersion": 1, "profiles": []}')
    result = servers.run("up")
    assert (result.code, result.out, "the profile file lists no profiles" in result.err) == (0, "", True)
    assert servers.run("up", "Nobody").code == 64


def test_starts_are_side_by_side(servers: Servers) -> None:
    # None of them is ready before all of them are loading.
    servers.declare(**{f"S{number}": "test/meet-6" for number in range(6)})
    told = servers.up("--timeout", "90")
    assert {one["result"] for one in told.values()} == {"started"}


def test_what_was_begun_before_is_waited_for_and_not_ended(servers: Servers) -> None:
    gate = servers.gate("open")
    servers.declare(A="test/gate-open")
    first = servers.start("up")
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])
    first.kill()
    first.communicate()
    pid = servers.record("A")["pid"]
    impatient = servers.run("up", "--timeout", "0.5", "--json")
    (told,) = impatient.json["servers"]
    assert (impatient.code, told["result"], told["pid"]) == (1, "failed", pid)
    assert told["message"].endswith("it was started before, and left")
    second = servers.start("up")
    assert second.stderr
    wait_for(lambda: "waiting for process" in second.stderr.readline())
    second.send_signal(signal.SIGINT)
    second.communicate()
    assert second.returncode == 130
    assert servers.seen("A")["pid"] == pid
    gate.touch()
    assert servers.up()["A"]["pid"] == pid
    assert servers.seen("A")["status"] == "ready"


def test_a_command_that_goes_into_the_background_leaves_nothing_behind(
    servers: Servers, tmp_path: Path
) -> None:
    ports = servers.declare(A="test/first-1")
    daemon = tmp_path / "daemon"
    daemon.write_text(f'#!/bin/sh\nsetsid python3 {STAND_IN} "$@" &\nexit 0\n')
    daemon.chmod(0o755)
    told = servers.up("--server-command", str(daemon))["A"]
    assert (told["result"], told["message"].startswith("exited (code 0)")) == ("failed", True)
    assert processes_of(servers.environment["HOME"]) == []
    time.sleep(1.2)
    assert is_free(ports["A"])

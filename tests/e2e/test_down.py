"""What `down` stops, what it refuses to signal, and what it says of both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from testing.ledger import Tally
from testing.paths import VICTIM
from testing.ports import is_free
from testing.processes import lives, parent_of, processes_of, start_mark
from testing.servers import Servers
from testing.waiting import wait_for

Stranger = Callable[..., subprocess.Popen[bytes]]


def down(servers: Servers, *arguments: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in servers.run("down", "--json", *arguments).json["servers"]}


def test_stopped_means_gone_and_the_port_free(servers: Servers) -> None:
    ports = servers.declare(A="test/a", B="test/child", C="test/escape")
    told = servers.up()
    done = down(servers)
    assert {name: one["result"] for name, one in done.items()} == dict.fromkeys(ports, "stopped")
    assert {name: one["pid"] for name, one in done.items()} == {
        name: one["pid"] for name, one in told.items()
    }
    assert all(is_free(port) for port in ports.values())
    assert processes_of(servers.environment["HOME"]) == []
    assert [*servers.record_path("A").parent.glob("*.json")] == []
    assert {servers.seen(name)["status"] for name in ports} == {"stopped"}
    assert servers.run("down").err == "no server that mlxsm started is running\n"
    assert servers.run("down", "A").out == "  = A: not running\n"
    servers.up("B")
    assert list(down(servers, "B", "A")) == ["A", "B"]  # in the order of the state


def test_a_server_that_ignores_term_is_told_and_killed_only_with_force(servers: Servers) -> None:
    ports = servers.declare(Deaf="test/deaf", Child="test/deaf_child", Good="test/a")
    servers.up()
    began = time.monotonic()
    result = servers.run("down", "--grace", "0.5", "--json")
    assert time.monotonic() - began >= 0.5
    told = {one["name"]: one for one in result.json["servers"]}
    assert (result.code, told["Good"]["result"]) == (1, "stopped")
    for name in ("Deaf", "Child"):
        assert told[name]["result"] == "failed"
        assert (
            told[name]["message"] == "still running 0.5 s after TERM; --force kills it, --grace waits longer"
        )
        assert servers.seen(name)["status"] == "ready"
    killed = down(servers, "--grace", "0.1", "--force")
    assert {name: one["result"] for name, one in killed.items()} == {"Deaf": "killed", "Child": "killed"}
    assert all(is_free(port) for port in ports.values())
    assert processes_of(servers.environment["HOME"]) == []


def test_what_is_left_of_a_server_that_died_is_stopped_too(servers: Servers) -> None:
    ports = servers.declare(A="test/child")
    pid = servers.up()["A"]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: servers.seen("A")["status"] == "crashed")
    assert not is_free(ports["A"])
    held = servers.up()["A"]
    assert 'that is "A": mlxsm down A frees it' in held["message"]
    assert down(servers)["A"]["result"] == "stopped"
    assert is_free(ports["A"])
    assert processes_of(servers.environment["HOME"]) == []


def test_which_servers_are_meant(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    other = servers.folder / "other"
    other.mkdir()
    assert servers.run("remove", "B", "--yes").code == 0
    mine = (servers.folder / "profiles.yaml").read_text()
    servers.write(json.dumps({"schemaVersion": 1, "collection": "else", "profiles": []}))
    assert servers.run("down").err == "no server that mlxsm started is running\n"
    servers.write(mine)
    gone = servers.run("ps", "--json").json["servers"]
    assert [(one["name"], one["status"]) for one in gone] == [("A", "ready"), ("B", "ready")]
    assert [one["orphan"] for one in gone] == [False, True]
    assert servers.run("down", "A", "--all").code == 64
    assert servers.run("down", "Nobody").code == 64
    assert down(servers, "B")["B"]["result"] == "stopped"
    assert set(down(servers)) == {"A"}
    servers.apply(mine)
    servers.up()
    (servers.folder / "profiles.yaml").unlink()
    assert set(down(servers, "--all")) == {"A", "B"}


def test_restart(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    first = servers.up("A")["A"]["pid"]
    result = servers.run("restart", "A", "B", "--json")
    told = {one["name"]: one for one in result.json["servers"]}
    assert (result.code, told["A"]["result"], told["B"]["result"]) == (0, "recreated", "started")
    assert told["A"]["pid"] != first
    data = json.loads((servers.folder / "profiles.yaml").read_text())
    data["profiles"].pop()
    servers.write(json.dumps(data))
    refused = servers.run("restart", "A", "B")
    assert (refused.code, "nothing was stopped" in refused.err) == (1, True)
    assert servers.seen("A")["pid"] == told["A"]["pid"]


# Identity: in doubt, nothing is signalled.


@pytest.mark.threat(26)
def test_a_number_that_now_is_another_process_is_left_alone(
    servers: Servers, bystander: Any, tally: Tally
) -> None:
    servers.declare(A="test/a")
    servers.up()
    servers.edit_record("A", pid=bystander.pid)
    # What has the port carries the mark of the run, and so it is found and stopped; the number is not believed.
    assert down(servers)["A"]["result"] == "stopped"
    assert bystander.poll() is None
    assert processes_of(servers.environment["HOME"]) == []
    tally.add(edited_records=1)


@pytest.mark.threat(27)
def test_a_record_that_was_forged_to_the_tick_is_refused(
    servers: Servers, bystander: Any, tally: Tally
) -> None:
    servers.declare(A="test/a")
    servers.up()
    real = servers.record("A")["pid"]
    servers.edit_record("A", pid=bystander.pid, startMark=servers.start_mark(bystander.pid))
    result = servers.run("down", "--json")
    (told,) = result.json["servers"]
    assert (result.code, told["result"]) == (1, "failed")
    assert told["message"] == (
        f"process {bystander.pid} does not carry the mark of this run; nothing was signalled"
    )
    told = servers.seen("A")["lastError"]
    assert told.startswith(
        f"process {bystander.pid} does not carry the mark of this run; its port is now held"
    )
    assert servers.up()["A"]["message"].endswith("nothing was started")
    assert bystander.poll() is None
    os.kill(real, signal.SIGKILL)
    tally.add(forged_records=1)


@pytest.mark.threat(27)
@pytest.mark.parametrize("pid", [0, -1, 1, 2**40, "5", True, 1.5])
def test_a_record_with_an_impossible_number_is_damaged(servers: Servers, pid: Any, tally: Tally) -> None:
    servers.declare(A="test/a")
    servers.up()
    real = servers.record("A")["pid"]
    servers.edit_record("A", pid=pid)
    assert servers.run("down").code == 1
    seen = servers.seen("A")
    assert (seen["status"], "is invalid at pid" in seen["lastError"]) == ("crashed", True)
    assert lives(real)
    os.kill(real, signal.SIGKILL)
    tally.add(forged_records=1)


@pytest.mark.threat(27)
@pytest.mark.parametrize("text", ["", "{", "[]", '{"formatVersion": 2}', "\udcff", '{"formatVersion": 1}'])
def test_a_damaged_record_stops_nothing_and_hides_no_other(servers: Servers, text: str, tally: Tally) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    real = servers.record("A")["pid"]
    servers.record_path("A").write_bytes(text.encode(errors="surrogateescape"))
    result = servers.run("down", "--json")
    told = {one["name"]: one for one in result.json["servers"]}
    assert (result.code, told["A"]["result"], told["B"]["result"]) == (1, "failed", "stopped")
    told_what = f"; nothing was signalled; process {real} carries its mark: remove that file, and mlxsm down A stops it"
    assert told["A"]["message"].endswith(told_what)
    assert lives(real)
    assert "cannot be told whether a server runs" in servers.up("A")["A"]["message"]
    os.kill(real, signal.SIGKILL)
    tally.add(forged_records=1)


@pytest.mark.threat(27)
def test_a_record_of_another_entry_is_damaged(servers: Servers, tally: Tally) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    servers.record_path("A").write_text(servers.record_path("B").read_text())
    told = down(servers)
    assert (told["A"]["result"], told["B"]["result"]) == ("failed", "stopped")
    tally.add(forged_records=1)


@pytest.mark.threat(26)
def test_after_a_reboot_nothing_of_before_runs(servers: Servers, bystander: Any, tally: Tally) -> None:
    servers.declare(A="test/a")
    servers.up()
    real = servers.record("A")["pid"]
    os.kill(real, signal.SIGKILL)
    wait_for(lambda: not lives(real))
    servers.edit_record("A", bootId="another", pid=bystander.pid, startMark=start_mark(bystander.pid))
    seen = servers.seen("A")
    assert (seen["status"], seen["lastError"]) == ("stopped", "this machine was rebooted since")
    assert down(servers)["A"]["result"] == "not-running"
    assert bystander.poll() is None
    tally.add(reboots=1)


def test_a_process_whose_record_was_cut_off_is_found_by_its_mark(servers: Servers) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    servers.edit_record("A", pid=None, startMark=None)
    assert servers.seen("A")["pid"] == pid
    assert servers.up()["A"]["pid"] == pid
    assert down(servers)["A"]["result"] == "stopped"
    assert processes_of(servers.environment["HOME"]) == []


def test_a_server_without_a_record_is_known_by_its_marks(servers: Servers) -> None:
    ports = servers.declare(A="test/a", B="test/child")
    told = servers.up()
    for name in ports:
        servers.record_path(name).unlink()
    for name, port in ports.items():
        seen = servers.seen(name)
        assert (seen["status"], seen["pid"]) == ("foreign", told[name]["pid"])
        assert seen["endpoint"] == f"127.0.0.1:{port}"
        assert seen["lastError"] == (f"mlxsm started it, but its record is gone: mlxsm down {name} stops it")
    words = "mlxsm started it, but its record is gone: mlxsm down"
    assert words in servers.up()["A"]["message"]
    assert words in servers.run("adopt", "A").err
    assert down(servers, "A")["A"]["result"] == "stopped"
    assert [one["result"] for one in down(servers, "--all").values()] == ["stopped"]
    assert all(is_free(port) for port in ports.values())
    assert processes_of(servers.environment["HOME"]) == []


@pytest.mark.threat(26)
def test_a_zombie_is_dead(servers: Servers, tally: Tally) -> None:
    """Its shim is stopped, so nobody asks how it ended."""
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    shim = parent_of(pid)
    os.kill(shim, signal.SIGSTOP)
    wait_for(lambda: psutil.Process(shim).status() == psutil.STATUS_STOPPED)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    seen = servers.seen("A")
    assert (seen["status"], seen["pid"], seen["exitCode"]) == ("crashed", None, None)
    assert down(servers)["A"]["result"] == "not-running"
    os.kill(shim, signal.SIGKILL)
    tally.add(zombies=1)


def test_a_server_outlives_its_shim(servers: Servers) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    shim = parent_of(pid)
    os.kill(shim, signal.SIGKILL)
    assert servers.seen("A")["status"] == "ready"
    assert down(servers)["A"]["result"] == "stopped"


@pytest.mark.threat(26)
def test_a_really_recycled_number_is_left_alone(servers: Servers, tally: Tally) -> None:
    """In a namespace of its own, the next process is given the number of the server that died."""
    servers.declare(A="test/a")
    script = """
        set -eu
        mlxsm up -q >/dev/null
        pid=$(python3 -c 'import glob, json; print(json.load(open(glob.glob(".local/state/mlxsm/run/*.json")[0]))["pid"])')
        kill -9 "$pid"
        while [ -e "/proc/$pid" ]; do sleep 0.01; done
        echo $((pid - 1)) > /proc/sys/kernel/ns_last_pid
        python3 VICTIM 2>notes >/dev/null &
        echo "recycled $(($! == pid))"
        mlxsm ps --json | python3 -c 'import json, sys; s = json.load(sys.stdin)["servers"][0]; print(s["status"], s["exitCode"])'
        mlxsm down || echo "down failed"
        kill -0 $! && test ! -s notes && echo "the stranger lives and got no signal"
        kill -9 $!
    """.replace("VICTIM", str(VICTIM))
    home = Path(servers.environment["HOME"])
    (home / "profiles.yaml").write_text((servers.folder / "profiles.yaml").read_text())
    done = subprocess.run(
        [
            "unshare",
            *([] if os.geteuid() == 0 else ["-Ur"]),
            *("--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", script),
        ],
        cwd=home,
        env=servers.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "recycled 1\n" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-3:] == [
        "crashed -9",
        "  = A: not running: it had already exited",
        "the stranger lives and got no signal",
    ], done.stdout + done.stderr
    tally.add(numbers_given_anew=1)


def test_a_fresh_server_is_not_taken_for_one_that_crashed(servers: Servers) -> None:
    """The shim of an old run may write late; what it says is not about the new one."""
    servers.declare(A="test/a")
    servers.up()
    ending = servers.record_path("A").with_suffix(".ending")
    ending.write_text('{"nonce": "of another run", "code": -9, "at": 1.0}')
    os.kill(servers.record("A")["pid"], signal.SIGTERM)
    seen = wait_for(lambda: (one := servers.seen("A"))["status"] == "crashed" and one)
    assert wait_for(lambda: servers.seen("A")["exitCode"] == -15)
    assert seen["pid"] is None


def test_two_commands_do_not_start_one_server_twice(servers: Servers) -> None:
    servers.declare(A="test/load-0.5")
    several = [servers.start("up", "--json") for _ in range(4)]
    told = [json.loads(one.communicate(timeout=120)[0])["servers"][0] for one in several]
    assert len({one["pid"] for one in told}) == 1
    assert sorted(one["result"] for one in told).count("started") == 1
    assert len(processes_of(servers.environment["HOME"])) == 2


def test_a_server_is_stopped_while_it_loads(servers: Servers) -> None:
    servers.declare(A="test/load-30")
    starting = servers.start("up", "--json")
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])
    assert down(servers)["A"]["result"] == "stopped"
    out, _ = starting.communicate(timeout=120)
    (told,) = json.loads(out)["servers"]
    assert (starting.returncode, told["result"]) == (1, "failed")
    assert "stopped by another mlxsm" in told["message"] or "signal 15" in told["message"]
    assert servers.seen("A")["status"] == "stopped"


@pytest.mark.threat(28)
def test_what_holds_the_port_afterwards_is_told(servers: Servers, stranger: Stranger, tally: Tally) -> None:
    ports = servers.declare(A="test/unbound")
    starting = servers.start("up", "--timeout", "30")
    wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"])
    other = stranger(ports["A"])
    starting.communicate(timeout=120)
    assert starting.returncode == 1
    assert other.poll() is None
    tally.add(strangers=1)


def test_a_signal_to_all_that_has_its_name_in_it_is_told_as_what_it_was(servers: Servers) -> None:
    """As `pkill -f mlx_lm.server` sends it, to the shim as well."""
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    for one in processes_of(servers.environment["HOME"]):
        os.kill(one, signal.SIGTERM)
    seen = wait_for(lambda: (one := servers.seen("A"))["exitCode"] is not None and one)
    assert (seen["status"], seen["exitCode"]) == ("crashed", -15)
    assert not lives(pid)
    assert wait_for(lambda: not processes_of(servers.environment["HOME"]))


def test_an_interrupt_of_a_restart_does_not_wait_for_a_deaf_server(servers: Servers) -> None:
    servers.declare(A="test/deaf")
    pid = servers.up()["A"]["pid"]
    restarting = servers.start("restart", "A")
    wait_for(servers.record_path("A").with_suffix(".asked").exists)
    restarting.send_signal(signal.SIGINT)
    restarting.communicate(timeout=120)
    assert restarting.returncode == 130
    assert servers.seen("A")["pid"] == pid

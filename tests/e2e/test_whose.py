"""Every server that was started can be seen and stopped by its name, whatever became of its profile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.ports import is_free, new_port
from testing.processes import processes_of
from testing.servers import Servers
from testing.waiting import wait_for

Stranger = Callable[..., subprocess.Popen[bytes]]


def rows(servers: Servers, *names: str) -> list[tuple[str, str, bool]]:
    """How `ps` sees them: name, status, and whether the profile is gone."""
    seen = servers.run("ps", *names, "--json").json["servers"]
    pids = [one["pid"] for one in seen if one["pid"] is not None]
    assert len(pids) == len({*pids}), "one process is in two rows"
    return [(one["name"], one["status"], one["orphan"]) for one in seen]


def notes(servers: Servers) -> list[str]:
    """What `ps` says below its table."""
    return servers.run("ps").out.partition("\n\n")[2].splitlines()


def without(servers: Servers, *names: str) -> None:
    """Take profiles out of the file."""
    data = json.loads((servers.folder / "profiles.yaml").read_text())
    data["profiles"] = [one for one in data["profiles"] if one["name"] not in names]
    servers.write(json.dumps(data))


# Profiles that are gone, made anew, renamed, rolled back, or pruned.


def removed(servers: Servers) -> None:
    assert servers.run("remove", "A", "--yes").code == 0


def pruned(servers: Servers) -> None:
    without(servers, "A")
    assert servers.run("apply", "--prune", "--yes").code == 0


def rolled_back(servers: Servers) -> None:
    assert servers.run("rollback", "0", "--yes").code == 0


def state_lost(servers: Servers) -> None:
    servers.state_path.unlink()


def made_anew(servers: Servers) -> None:
    removed(servers)
    assert servers.run("apply", "--yes").code == 0


def state_cut_off(servers: Servers) -> None:
    servers.state_path.write_text("{")


def state_of_a_newer_version(servers: Servers) -> None:
    servers.edit_state(lambda state: state.update(formatVersion=99))


def file_broken(servers: Servers) -> None:
    servers.write("profiles: [")


def file_gone(servers: Servers) -> None:
    (servers.folder / "profiles.yaml").unlink()


def renamed_here(servers: Servers) -> None:
    servers.edit_state(lambda state: state["entries"][0]["profile"].update(name="Z"))


CHANGES = [
    removed,
    pruned,
    rolled_back,
    state_lost,
    made_anew,
    state_cut_off,
    state_of_a_newer_version,
    file_broken,
    file_gone,
    renamed_here,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_server_is_seen_and_stopped_by_its_name_whatever_became_of_its_profile(
    servers: Servers, change: Callable[[Servers], None]
) -> None:
    ports = servers.declare(A="test/a", B="test/b")
    pid = servers.up()["A"]["pid"]
    change(servers)
    seen = servers.run("ps", "--json").json["servers"]
    assert [one["status"] for one in seen if one["pid"] == pid] == ["ready"]
    assert "Starting httpd" in servers.run("logs", "A").out
    told = servers.run("down", "A", "--json").json["servers"]
    assert [one["result"] for one in told if one["pid"] == pid] == ["stopped"]
    assert is_free(ports["A"])
    assert not is_free(ports["B"])
    assert [one["result"] for one in servers.run("down", "--all", "--json").json["servers"]] == ["stopped"]
    assert processes_of(servers.environment["HOME"]) == []


def test_a_profile_that_was_made_anew_is_not_its_old_server(servers: Servers) -> None:
    ports = servers.declare(A="test/a")
    servers.up()
    made_anew(servers)
    assert rows(servers) == [("A", "stopped", False), ("A", "ready", True)]
    assert notes(servers)[0] == 'A: port in use by "A": mlxsm down A frees it'
    assert 'that is "A": mlxsm down A frees it' in servers.up()["A"]["message"]
    assert servers.run("down", "A").out == "  - A: stopped\n"
    assert is_free(ports["A"])
    assert servers.up()["A"]["result"] == "started"


def test_what_runs_for_a_profile_that_is_gone_is_named_by_every_command(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    gone = 'note: a server was started for "A", which is no longer here: mlxsm ps shows it, mlxsm down A stops it\n'
    left = gone.replace("here:", "in the profile file:")
    removal = servers.run("remove", "A", "--yes")
    assert removal.err.endswith(gone)
    assert servers.run("rollback", "--yes").err.count("note: a server was started") == 0
    without(servers, "A")
    assert servers.run("plan").err.endswith(left)
    assert servers.run("plan", "--prune").err.count(left) == 1
    assert servers.run("apply", "--yes").err == left
    assert servers.run("up").err.endswith(left)
    assert rows(servers) == [("B", "ready", False), ("A", "ready", True)]
    assert [*map(str.split, servers.run("ps").out.splitlines())][2][:3] == ["A", "ready", "(orphan)"]
    assert "A: its profile is no longer in use: mlxsm down A stops it" in notes(servers)
    assert servers.run("apply", "--prune", "--yes").err.endswith(gone)
    assert servers.run("plan", "--json").err.endswith(gone)
    assert servers.run("up").err.endswith(gone)
    assert servers.run("up", "-q").err == ""
    other = servers.run("plan", "--state", str(servers.state_path)).err
    assert other.endswith(f"mlxsm down A --state {servers.state_path} stops it\n")
    assert servers.run("down", "A").code == 0
    for command in (["plan"], ["apply", "--yes"], ["up"]):
        assert "note: a server" not in servers.run(*command).err


def test_what_ended_by_itself_is_not_named_as_started(servers: Servers) -> None:
    servers.declare(A="test/a", Bad="test/dead")
    pid = servers.up()["A"]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(servers.record_path("A").with_suffix(".ending").exists)
    without(servers, "A", "Bad")
    assert "note: a server" not in servers.run("apply", "--prune", "--force", "--yes").err


def test_names_that_look_like_options_or_need_quotes(servers: Servers) -> None:
    names = ("-y", "a'b $(x)", "--all")
    servers.write_profiles({name: {"modelID": "test/a", "port": new_port()} for name in names})
    assert {one["result"] for one in servers.up().values()} == {"started"}
    told = servers.run("remove", "--yes", "--", *names).err
    command = told.partition("shows them, ")[2].removesuffix(" stops them\n")
    done = servers.shell(command)
    assert (done.code, done.out.count(": stopped")) == (0, 3)
    assert processes_of(servers.environment["HOME"]) == []


def test_several_are_named_in_one_line(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    assert servers.run("remove", "A", "B", "--yes").err.endswith(
        'note: servers were started for "A", "B", which are no longer here: '
        "mlxsm ps shows them, mlxsm down A B stops them\n"
    )


def test_two_profiles_on_one_port(servers: Servers, stranger: Stranger) -> None:
    port = new_port()
    servers.write_profiles(
        {"A": {"modelID": "test/a", "port": port}, "B C": {"modelID": "test/b", "port": port}}
    )
    servers.up("A")
    assert rows(servers) == [("A", "ready", False), ("B C", "stopped", False)]
    assert notes(servers)[0] == 'B C: port in use by "A": mlxsm down A frees it'
    assert servers.run("ps", "--state", str(servers.state_path)).out.splitlines()[4] == (
        f'B C: port in use by "A": mlxsm down A --state {servers.state_path} frees it'
    )
    assert servers.run("ps", "--check").code == 0
    assert [line.split()[0] for line in servers.run("ps", "-q").out.splitlines()] == ["NAME", "A", "B"]
    servers.run("down")
    other = stranger(port)
    seen = servers.run("ps", "--json").json["servers"]
    assert [(one["status"], one["pid"]) for one in seen] == [("foreign", other.pid), ("foreign", None)]
    assert all(f"its port is held by process {other.pid} (" in one["lastError"] for one in seen)


def test_a_server_is_found_under_every_name_it_has_had(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.up()
    renamed_here(servers)
    for name in ("Z", "A", servers.record_path("Z").stem):
        assert [one[0] for one in rows(servers, name)] == ["Z"]
    nobody = 'error: there is no profile "Nobody" on this machine\nhint: mlxsm list shows them\n'
    assert servers.run("down", "Nobody").err == nobody
    assert servers.run("down", "A").out == "  - Z: stopped\n"


# What cannot be read.


def test_a_state_that_cannot_be_read_stops_no_command_for_servers(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    state_cut_off(servers)
    for command in (["ps"], ["ps", "A"], ["logs", "A"], ["logs"], ["down", "A"], ["down", "--all"]):
        done = servers.run(*command)
        assert done.code == 0, command
        assert done.err.startswith("warning: the state "), command
        assert done.err.endswith("; going by the run records\n"), command
    refused = servers.run("down", "--all")
    assert (refused.code, refused.err.startswith("error: the state ")) == (1, True)


@pytest.mark.parametrize("lose", [state_cut_off, lambda servers: servers.state_path.unlink()])
def test_a_lost_state_says_of_no_profile_that_it_is_gone(
    servers: Servers, lose: Callable[[Servers], object]
) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.declare(A="test/a", B="test/b")
    servers.up()
    lose(servers)
    assert sorted(rows(servers)) == [("A", "ready", False), ("B", "ready", False)]
    seen = servers.run("ps")
    assert ("going by the run records" in seen.err, "down" in seen.out) == (True, False)
    planned = servers.run("plan")
    assert "mlxsm down" not in planned.out + planned.err
    assert "mlxsm restore" in planned.err
    assert servers.run("restore", "--yes").code == 0
    assert rows(servers) == [("A", "ready", False), ("B", "ready", False)]
    without(servers, "B")
    assert servers.run("apply", "--yes", "--prune").code == 0
    assert ("B", "ready", True) in rows(servers)


def test_a_broken_profile_file_does_not_keep_servers_from_being_stopped(servers: Servers) -> None:
    servers.declare(A="test/a", B="test/b")
    servers.up()
    file_broken(servers)
    told = servers.run("down", "--state", str(servers.state_path))
    assert told.code == 1
    place = servers.state_path
    assert told.err.splitlines()[-1] == (
        f"hint: mlxsm down --all --state {place} stops every server that mlxsm started here; "
        "with its name instead of --all, it stops one: both without the file"
    )
    assert rows(servers) == [("A", "ready", False), ("B", "ready", False)]
    assert servers.run("down", "A").out == "  - A: stopped\n"
    assert servers.run("down", "--all").out == "  - B: stopped\n"


def test_a_record_that_cannot_be_read_is_a_doubt(servers: Servers) -> None:
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    servers.record_path("A").write_text("")
    seen = servers.seen("A")
    assert (seen["status"], seen["uncertain"]) == ("crashed", True)
    assert servers.run("ps").out.splitlines()[1].split()[:2] == ["A", "unknown"]
    assert notes(servers)[0].startswith("A: cannot tell whether it runs: ")
    os.kill(pid, signal.SIGKILL)


# The order of the file, and what was asked of a server.


def test_servers_stand_in_the_order_of_the_file(servers: Servers) -> None:
    servers.declare(B="test/b", C="test/c", A="test/a")
    data = json.loads((servers.folder / "profiles.yaml").read_text())
    data["profiles"].sort(key=lambda one: one["name"])
    servers.write(json.dumps(data))
    assert [name for name, *_ in rows(servers)] == ["A", "B", "C"]
    assert [name for name, *_ in rows(servers, "C", "A")] == ["A", "C"]
    other = servers.folder / "other.json"
    (servers.folder / "profiles.yaml").rename(other)
    assert [name for name, *_ in rows(servers)] == ["B", "C", "A"]
    assert [one["name"] for one in servers.run("ps", "-f", str(other), "--json").json["servers"]] == [*"ABC"]


def test_an_interrupted_down_is_remembered(servers: Servers) -> None:
    """It asked the server to end, and was gone before it did."""
    servers.declare(A="test/deaf")
    pid = servers.up()["A"]["pid"]
    stopping = servers.start("down", "A", "--grace", "600")
    wait_for(servers.record_path("A").with_suffix(".asked").exists)
    stopping.send_signal(signal.SIGINT)
    stopping.communicate(timeout=60)
    seen = servers.seen("A")
    assert (seen["status"], seen["pid"], seen["stopRequestedAt"] is not None) == ("ready", pid, True)
    assert "; mlxsm down A --force kills it" in notes(servers)[0]
    os.kill(pid, signal.SIGKILL)
    wait_for(servers.record_path("A").with_suffix(".ending").exists)
    seen = servers.seen("A")
    assert (seen["status"], seen["exitCode"]) == ("stopped", -9)
    assert seen["lastError"] == "it exited after a request to stop: exited (signal 9)"
    assert servers.run("ps", "--check").code == 0
    assert servers.run("down", "A").out == "  = A: not running: it exited after an earlier request to stop\n"
    assert servers.up()["A"]["result"] == "started"
    assert servers.seen("A")["stopRequestedAt"] is None
    servers.run("down", "--force", "--grace", "0")


def test_a_restart_that_fails_says_what_helps(servers: Servers) -> None:
    servers.declare(A="test/deaf")
    servers.up()
    state = str(servers.state_path)
    restarting = servers.start("restart", "A", "--json", "--state", state)
    out, _ = restarting.communicate(timeout=120)
    (told,) = json.loads(out)["servers"]
    assert f"; mlxsm down A --force --state {state} kills it" in told["message"]
    assert "--grace" not in told["message"]
    assert servers.shell(f"mlxsm down A --grace 0 --force --state {state}").out == "  - A: killed\n"


def test_what_a_busy_server_uses_is_what_it_uses_now(servers: Servers) -> None:
    servers.declare(A="test/a")
    busy = servers.folder / "busy.sh"
    busy.write_text(
        '#!/bin/sh\npython3 -c "while True: pass" &\nexec ' + servers.environment["MLXSM_SERVER"] + ' "$@"\n'
    )
    busy.chmod(0o755)
    servers.up("--server-command", str(busy))
    assert wait_for(lambda: (servers.seen("A")["cpuPercent"] or 0) > 1)
    (pid,) = (one for one in processes_of(servers.environment["HOME"]) if _is_loop(one))
    os.kill(pid, signal.SIGSTOP)
    assert wait_for(lambda: servers.seen("A")["cpuPercent"] == 0)
    servers.run("down", "--force", "--grace", "5")


def _is_loop(pid: int) -> bool:
    return b"while True" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_another_environment_about_models_is_no_reason_to_restart_and_is_told(servers: Servers) -> None:
    servers.declare(A="test/a")
    servers.run("up", HF_HOME="/tmp/one", HF_TOKEN="hf_" + "a" * 34)
    servers.environment["HF_HOME"] = "/tmp/two"
    seen = servers.seen("A")
    assert (seen["stale"], seen["environmentChanges"]) == (False, ["HF_HOME", "HF_TOKEN"])
    told = "A: a restart would take over another HF_HOME, HF_TOKEN from the environment"
    assert told in servers.run("ps", "-v").out.splitlines()
    assert "HF_HOME" not in servers.run("ps").out


def test_a_record_of_an_earlier_version(servers: Servers) -> None:
    """It knows no parent, and tells the start in another way; its mark is what counts."""
    servers.declare(A="test/a")
    servers.up()
    record = servers.record("A")
    for name in ("keeper", "keeperMark", "pidSpace"):
        del record[name]
    servers.record_path("A").write_text(json.dumps(record | {"startMark": "1795664127.25"}))
    assert servers.seen("A")["status"] == "ready"
    assert servers.run("down").out == "  - A: stopped\n"
    assert processes_of(servers.environment["HOME"]) == []


def test_what_another_file_lists_is_no_orphan(servers: Servers) -> None:
    """Two files of one collection: here is one of them, and the server was started by the other."""
    servers.declare(A="test/a")
    other = (servers.folder / "profiles.yaml").rename(servers.folder / "m.yaml")
    assert servers.run("apply", "--yes", "-f", "m.yaml").code == 0
    servers.run("up", "-f", "m.yaml")
    servers.declare(B="test/b")
    assert {name: orphan for name, _, orphan in rows(servers)} == {"A": False, "B": False}
    for command in (["ps"], ["plan"], ["apply", "--yes"], ["up"]):
        told = servers.run(*command)
        assert "a server was started" not in told.err
        assert "no longer in use" not in told.out + told.err
    other.write_text(other.read_text().replace('"name": "A"', '"name": "C"').replace("test/a", "test/c"))
    assert {name: orphan for name, _, orphan in rows(servers)} == {"A": True, "B": False}

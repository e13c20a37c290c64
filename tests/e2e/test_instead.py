"""`up --instead`: a server of ours makes way for another one, after everything that can be known was looked at."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testing.ports import is_free, new_port
from testing.processes import lives, processes_of
from testing.servers import Servers
from testing.waiting import wait_for

Stranger = Callable[..., subprocess.Popen[bytes]]


def on_one_port(servers: Servers, model: str = "test/b", **fields: Any) -> tuple[int, int]:
    """A and B on one port, and A runs: its process and the port."""
    port = new_port()
    servers.write_profiles(
        {"A": {"modelID": "test/a", "port": port}, "B": {"modelID": model, "port": port} | fields}
    )
    return servers.up("A")["A"]["pid"], port


def instead(servers: Servers, *arguments: str, name: str = "B") -> dict[str, Any]:
    return servers.up(name, "--instead", *arguments)[name]


def assert_stays(servers: Servers, pid: int) -> None:
    assert lives(pid)
    assert servers.seen("A")["status"] == "ready"


def test_one_makes_way_for_the_other_and_back_again(servers: Servers) -> None:
    pid, port = on_one_port(servers)
    told = instead(servers)
    assert (told["result"], told["message"]) == ("started", '"A" was stopped for it')
    assert told["endpoint"] == f"127.0.0.1:{port}"
    assert not lives(pid)
    assert (servers.seen("A")["status"], servers.seen("B")["status"]) == ("stopped", "ready")
    again = servers.run("up", "--instead", "A")
    assert (again.code, '"B" was stopped for it' in again.out) == (0, True)
    assert not lives(told["pid"])
    kept = servers.seen("A")["pid"]
    # It runs already, so nobody has to make way.
    assert instead(servers, name="A")["result"] == "running"
    assert servers.seen("A")["pid"] == kept


def test_one_that_has_not_bound_its_port_yet_is_seen_and_makes_way(servers: Servers) -> None:
    """Releases up to 0.31.2 load the model first."""
    port = new_port()
    servers.write_profiles(
        {"A": {"modelID": "test/first-300", "port": port}, "B": {"modelID": "test/b", "port": port}}
    )
    with servers.start("up", "A") as first:
        wait_for(lambda: servers.record_path("A").exists() and servers.record("A")["pid"] is not None)
        assert is_free(port)
        told = servers.up("B")["B"]
        assert told["result"] == "failed"
        assert f'port {port} is about to be taken; that is "A": mlxsm down A frees it' in told["message"]
        assert "mlxsm up --instead B" in told["message"]
        assert instead(servers)["message"] == '"A" was stopped for it'
        first.communicate(timeout=120)
    assert servers.seen("B")["status"] == "ready"


def test_without_it_the_refusal_names_the_command_with_all_its_words(
    servers: Servers, tmp_path: Path
) -> None:
    port, state = new_port(), tmp_path / "a state.json"
    profiles = [
        {"name": name, "host": "127.0.0.1", "port": port, "modelID": f"test/{letter}"}
        for letter, name in (("a", "A"), ("b", "It's $(one)"), ("c", "-z"))
    ]
    servers.write(
        json.dumps({"schemaVersion": 1, "machines": {"desk": {}}, "profiles": profiles}), "other file.yaml"
    )
    named = ("-f", "other file.yaml", "--machine", "desk", "--state", str(state))
    assert servers.run("apply", "--yes", *named).code == 0
    assert servers.run("up", "A", *named).code == 0
    for name in ("It's $(one)", "-z"):
        refused = servers.run("up", *named, "--", name)
        assert refused.code == 1
        (line,) = (one.strip() for one in refused.out.splitlines() if one.endswith("in its place"))
        command = line.removesuffix(" starts this one in its place").replace(
            "mlxsm", shlex.join(servers.program), 1
        )
        done = servers.shell(command)
        assert (done.code, "was stopped for it" in done.out) == (0, True), (command, done)


def test_two_at_once_each_take_the_place_of_another(servers: Servers) -> None:
    first, second = new_port(), new_port()
    declared = {"A": first, "B": second, "C": first, "D": second}
    servers.write_profiles(
        {name: {"modelID": f"test/{name.lower()}", "port": port} for name, port in declared.items()}
    )
    before = servers.up("A", "B")
    told = servers.up("C", "D", "--instead")
    assert {name: (one["result"], one["message"]) for name, one in told.items()} == {
        "C": ("started", '"A" was stopped for it'),
        "D": ("started", '"B" was stopped for it'),
    }
    assert not any(lives(one["pid"]) for one in before.values())


def test_up_of_all_names_it_too_where_one_runs(servers: Servers) -> None:
    pid, port = on_one_port(servers)
    assert "mlxsm up --instead B starts this one in its place" in servers.up()["B"]["message"]
    assert_stays(servers, pid)
    assert servers.seen("A")["endpoint"] == f"127.0.0.1:{port}"


# Everything that can be known before is looked at before.


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"modelID": "/nowhere/model"}, "there is no folder /nowhere/model"),
        ({"host": "0.0.0.0"}, "opens the server"),
        ({"advancedLaunchOptions": {"rawExtraArgs": ["--no-such-option", "1"]}}, "has no --no-such-option"),
        (
            {"advancedLaunchOptions": {"rawExtraArgs": ["--trust-remote-code"]}},
            "--allow-arg --trust-remote-code lets it",
        ),
    ],
)
def test_options_models_and_consents_are_looked_at_before(
    servers: Servers, fields: dict[str, Any], why: str
) -> None:
    pid, _ = on_one_port(servers, **fields)
    told = instead(servers)
    assert (told["result"] in ("failed", "refused"), why in told["message"]) == (True, True), told
    assert_stays(servers, pid)


def test_the_program_is_looked_at_before(servers: Servers) -> None:
    pid, _ = on_one_port(servers)
    told = instead(servers, "--server-command", "/nowhere/mlx_lm.server")
    assert (told["result"], "there is no server program" in told["message"]) == ("failed", True)
    assert_stays(servers, pid)


def test_a_model_that_may_not_be_downloaded_is_seen_before(servers: Servers) -> None:
    pid, _ = on_one_port(servers, "org/not-here")
    servers.environment["HF_HUB_OFFLINE"] = "1"
    told = instead(servers)
    assert (told["result"], "HF_HUB_OFFLINE forbids the download" in told["message"]) == ("failed", True)
    dry = servers.run("up", "B", "--instead", "--dry-run", "--json")
    assert (dry.code, dry.json["servers"], dry.json["refused"][0]["result"]) == (1, [], "failed")
    assert_stays(servers, pid)


def test_a_stranger_is_never_stopped(servers: Servers, stranger: Stranger) -> None:
    port = servers.declare(A="test/a")["A"]
    other = stranger(port)
    told = instead(servers, name="A")
    assert (told["result"], f"port {port} is held by process {other.pid}" in told["message"]) == (
        "failed",
        True,
    )
    assert "stop what holds it, adopt it (mlxsm adopt A), or choose another port" in told["message"]
    assert other.poll() is None


def test_beside_a_stranger_nothing_of_ours_is_stopped_either(servers: Servers, stranger: Stranger) -> None:
    pid, port = on_one_port(servers, host="0.0.0.0")
    other = stranger(port, "127.0.0.2")
    told = instead(servers, "--allow-host", "0.0.0.0")
    assert (told["result"], f"process {other.pid}" in told["message"]) == ("failed", True), told
    assert_stays(servers, pid)
    assert other.poll() is None


@pytest.mark.parametrize("fields", [{"bootId": "another"}, {"nonce": "0" * 32}])
def test_what_cannot_be_told_for_ours_is_not_stopped(servers: Servers, fields: dict[str, str]) -> None:
    pid, _ = on_one_port(servers)
    servers.edit_record("A", **fields)
    told = instead(servers)
    assert (told["result"], lives(pid)) == ("failed", True), told
    assert servers.run("up", "B", "--instead", "--dry-run").code == 1
    assert lives(pid)


def test_the_server_of_another_state_is_not_stopped(servers: Servers, tmp_path: Path) -> None:
    pid, _ = on_one_port(servers)
    other = ("--state", str(tmp_path / "other.json"))
    assert servers.run("apply", "--yes", *other).code == 0
    told = servers.run("up", "B", "--instead", "--json", *other).json["servers"][0]
    assert (told["result"], "mlxsm started it for another state" in told["message"]) == ("failed", True)
    assert_stays(servers, pid)


def test_a_dry_run_tells_who_would_be_stopped_and_stops_nobody(servers: Servers) -> None:
    pid, _ = on_one_port(servers)
    dry = servers.run("up", "B", "--instead", "--dry-run")
    told = [line for line in dry.err.splitlines() if not line.startswith("warning: memory: ")]
    assert (dry.code, told) == (0, ['B: "A" is stopped first'])
    assert "--model=test/b" in dry.out
    (planned,) = servers.run("up", "B", "--instead", "--dry-run", "--json").json["servers"]
    assert (planned["name"], planned["message"]) == ("B", '"A" is stopped first')
    (planned,) = servers.run("up", "A", "--instead", "--dry-run", "--json").json["servers"]
    assert planned["message"] is None
    assert_stays(servers, pid)


# Which of several is meant must be plain.


def test_it_needs_names_that_do_not_want_one_port_themselves(servers: Servers) -> None:
    pid, port = on_one_port(servers)
    done = servers.run("up", "--instead")
    assert (done.code, done.err.splitlines()) == (
        64,
        [
            "error: --instead stops other servers, and so needs names",
            "hint: name the one that is to run: mlxsm up --instead NAME",
        ],
    )
    done = servers.run("up", "--instead", "A", "B")
    assert (done.code, done.err.splitlines()) == (
        64,
        [
            f'error: "A" and "B" use the same port, 127.0.0.1:{port}, and only one can be up',
            "hint: name one of them: mlxsm up --instead A",
        ],
    )
    assert_stays(servers, pid)


def test_none_of_those_that_are_named_makes_way(servers: Servers) -> None:
    """B runs where A is to run now; it is named, too, and stays as it is without --recreate."""
    first, second = new_port(), new_port()
    servers.write_profiles({"B": {"modelID": "test/b", "port": first}})
    pid = servers.up()["B"]["pid"]
    servers.write_profiles(
        {"A": {"modelID": "test/a", "port": first}, "B": {"modelID": "test/b", "port": second}}
    )
    told = servers.up("A", "B", "--instead")
    assert (told["A"]["result"], told["B"]["result"], lives(pid)) == ("failed", "stale", True)
    told = servers.up("A", "B", "--instead", "--recreate")
    assert (told["A"]["result"], told["B"]["result"], lives(pid)) == ("started", "recreated", False)


def test_one_that_runs_elsewhere_moves_to_the_port_of_another(servers: Servers) -> None:
    ports = servers.declare(A="test/a", B="test/b")
    before = servers.up()
    servers.write_profiles(
        {name: {"modelID": f"test/{name.lower()}", "port": ports["A"]} for name in ("A", "B")}
    )
    told = servers.up("B", "--recreate")["B"]
    assert "mlxsm up --recreate --instead B starts this one in its place" in told["message"]
    assert all(lives(one["pid"]) for one in before.values())
    told = instead(servers, "--recreate")
    assert (told["result"], told["message"]) == ("recreated", '"A" was stopped for it')
    assert told["endpoint"] == f"127.0.0.1:{ports['A']}"
    assert not any(lives(one["pid"]) for one in before.values())


# What is told where the new one does not come up.


@pytest.mark.parametrize("model", ["test/dead", "test/exit-2", "test/load-99"])
def test_a_failure_names_the_command_that_brings_the_old_one_back(servers: Servers, model: str) -> None:
    pid, port = on_one_port(servers, model)
    told = instead(servers, "--timeout", "3")
    assert told["result"] == "failed"
    assert told["message"].splitlines()[-1] == '"A" was stopped for it: mlxsm up A starts it again'
    assert (lives(pid), is_free(port)) == (False, True)
    assert servers.up("A")["A"]["result"] == "started"


def test_the_command_that_brings_it_back_has_the_words_of_this_one(servers: Servers, tmp_path: Path) -> None:
    port, state = new_port(), tmp_path / "a state.json"
    profiles = [
        {"name": name, "host": "127.0.0.1", "port": port, "modelID": model}
        for name, model in (("It's $(one)", "test/a"), ("B", "test/exit-2"))
    ]
    servers.write(
        json.dumps({"schemaVersion": 1, "machines": {"desk": {}}, "profiles": profiles}), "other.yaml"
    )
    named = ("-f", "other.yaml", "--machine", "desk", "--state", str(state))
    assert servers.run("apply", "--yes", *named).code == 0
    assert servers.run("up", "It's $(one)", *named).code == 0
    out = servers.run("up", "B", "--instead", *named).out
    (line,) = (one for one in out.splitlines() if one.endswith(" starts it again"))
    command = line.partition(" was stopped for it: ")[2].removesuffix(" starts it again")
    done = servers.shell(command.replace("mlxsm", shlex.join(servers.program), 1))
    assert (done.code, "started at" in done.out) == (0, True), (command, done)


def test_where_the_profile_of_the_old_one_is_gone_that_is_told(servers: Servers) -> None:
    _, port = on_one_port(servers, "test/exit-2")
    assert servers.run("remove", "A", "--yes").code == 0
    told = instead(servers)
    gone = '"A" was stopped for it: its profile is gone, so nothing starts it again'
    assert (told["message"].splitlines()[-1], is_free(port)) == (gone, True)


def test_a_server_of_another_file_comes_back_with_that_file(servers: Servers) -> None:
    port = new_port()
    for name, model in (("A", "test/a"), ("B", "test/exit-2")):
        profile = {"name": name, "host": "127.0.0.1", "port": port, "modelID": model}
        servers.write(
            json.dumps({"schemaVersion": 1, "collection": name, "profiles": [profile]}), f"{name}.yaml"
        )
        assert servers.run("apply", "--yes", "-f", f"{name}.yaml").code == 0
    assert servers.run("up", "-f", "A.yaml").code == 0
    (told,) = servers.run("up", "B", "--instead", "-f", "B.yaml", "--json").json["servers"]
    command = (
        told["message"]
        .splitlines()[-1]
        .removeprefix('"A" was stopped for it: ')
        .removesuffix(" starts it again")
    )
    done = servers.shell(command.replace("mlxsm", shlex.join(servers.program), 1))
    assert (done.code, servers.seen("A")["status"]) == (0, "ready"), done


def test_an_interrupt_says_who_was_stopped(servers: Servers) -> None:
    pid, port = on_one_port(servers, "test/gate-never")
    starting = servers.start("up", "B", "--instead", "--json")
    wait_for(lambda: not lives(pid) and not is_free(port))
    starting.send_signal(signal.SIGINT)
    (told,) = json.loads(starting.communicate(timeout=120)[0])["servers"]
    assert (starting.returncode, told["message"]) == (
        130,
        'interrupted: it was stopped\n"A" was stopped for it: mlxsm up A starts it again',
    )
    assert processes_of(servers.environment["HOME"]) == []


def test_an_interrupt_before_the_old_one_has_ended_says_that(servers: Servers) -> None:
    port = new_port()
    servers.write_profiles(
        {"A": {"modelID": "test/deaf", "port": port}, "B": {"modelID": "test/b", "port": port}}
    )
    pid = servers.up("A")["A"]["pid"]
    asked = servers.record_path("A").with_suffix(".asked")
    starting = servers.start("up", "B", "--instead", "--json")
    wait_for(asked.exists)
    starting.send_signal(signal.SIGINT)
    (told,) = json.loads(starting.communicate(timeout=120)[0])["servers"]
    assert told["message"] == 'interrupted\n"A" was asked to end for it, and may end yet'
    assert (starting.returncode, lives(pid), servers.record_path("B").exists()) == (130, True, False)

"""A server that runs is given up only when the new one can take its place, and what became of it is always told."""

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
LEFT = "nothing was stopped: the server that runs was left as it is"
GONE = "the server that ran before was stopped"


def profile(model: str, port: int, **fields: Any) -> dict[str, Any]:
    return {"modelID": model, "port": port} | fields


def up_of(servers: Servers, name: str = "A", port: int | None = None) -> tuple[int, int]:
    """A server that runs: its process and its port."""
    port = port or new_port()
    servers.write_profiles({name: profile("test/a", port)})
    return servers.up()[name]["pid"], port


def assert_untouched(servers: Servers, pid: int, told: dict[str, Any], why: str) -> None:
    assert (told["result"], told["pid"]) == ("failed", pid), told
    assert why in told["message"]
    assert told["message"].splitlines()[-1] == LEFT
    assert lives(pid)
    assert servers.seen("A")["status"] == "ready"


def test_a_port_that_a_stranger_has_is_seen_before(servers: Servers, stranger: Stranger) -> None:
    pid, port = up_of(servers)
    taken = new_port()
    other = stranger(taken)
    servers.write_profiles({"A": profile("test/a", taken)})
    told = servers.up("--recreate")["A"]
    assert_untouched(servers, pid, told, f"port {taken} is held by process {other.pid}")
    assert "stop what holds it, adopt it (mlxsm adopt A), or choose another port" in told["message"]
    assert not is_free(port)
    assert_untouched(servers, pid, servers.run("restart", "A", "--json").json["servers"][0], "is held by")


def test_another_address_of_the_same_port_is_seen_before(servers: Servers) -> None:
    pid, port = up_of(servers)
    servers.write_profiles({"A": profile("test/a", port, host="192.0.2.1")})
    told = servers.up("--recreate", "--allow-host", "192.0.2.1")["A"]
    assert_untouched(servers, pid, told, "192.0.2.1 is no address of this machine")


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
def test_options_and_models_are_looked_at_before(servers: Servers, fields: dict[str, Any], why: str) -> None:
    pid, port = up_of(servers)
    servers.write_profiles({"A": profile("test/a", port) | fields})
    assert_untouched(servers, pid, servers.up("--recreate")["A"], why)


def test_a_program_that_is_not_there_is_seen_before(servers: Servers) -> None:
    pid, _ = up_of(servers)
    told = servers.run("restart", "A", "--server-command", "/nowhere/mlx_lm.server", "--json").json[
        "servers"
    ][0]
    assert_untouched(servers, pid, told, "there is no server program")


def test_a_model_that_may_not_be_downloaded_is_seen_before(servers: Servers) -> None:
    pid, port = up_of(servers)
    servers.write_profiles({"A": profile("org/not-here", port)})
    servers.environment["HF_HUB_OFFLINE"] = "1"
    assert_untouched(servers, pid, servers.up("--recreate")["A"], "HF_HUB_OFFLINE forbids the download")


def test_the_port_of_a_server_whose_profile_is_gone_is_seen_before(servers: Servers) -> None:
    chat, code = new_port(), new_port()
    servers.write_profiles({"Chat": profile("test/a", chat), "A": profile("test/b", code)})
    pid = servers.up()["A"]["pid"]
    servers.write(
        json.dumps(
            {
                "schemaVersion": 1,
                "collection": "test",
                "profiles": [{"name": "A", "host": "127.0.0.1"} | profile("test/b", chat)],
            }
        )
    )
    assert servers.run("apply", "--yes", "--prune").code == 0
    told = servers.up("--recreate")["A"]
    assert_untouched(servers, pid, told, 'that is "Chat": mlxsm down Chat frees it')


# Ports that move inside of one run.


def test_two_that_swap_their_ports(servers: Servers) -> None:
    ports = [new_port(), new_port()]
    servers.write_profiles({"A": profile("test/a", ports[0]), "B": profile("test/b", ports[1])})
    before = servers.up()
    for _ in range(4):
        ports.reverse()
        servers.write_profiles({"A": profile("test/a", ports[0]), "B": profile("test/b", ports[1])})
        after = servers.up("--recreate")
        assert {name: one["result"] for name, one in after.items()} == {"A": "recreated", "B": "recreated"}, (
            after
        )
        assert not any(lives(one["pid"]) for one in before.values())
        assert after["A"]["endpoint"] == f"127.0.0.1:{ports[0]}"
        before = after


def test_a_ring_a_chain_and_a_new_one_in_the_place_of_one_that_moves(servers: Servers) -> None:
    ports = [new_port() for _ in range(5)]
    names = ("A", "B", "C")
    servers.write_profiles({name: profile(f"test/{name}", ports[at]) for at, name in enumerate(names)})
    servers.up()
    moved = {name: profile(f"test/{name}", ports[(at + 1) % 3]) for at, name in enumerate(names)}
    servers.write_profiles(moved)
    assert {one["result"] for one in servers.up("--recreate").values()} == {"recreated"}
    chained = {
        "A": profile("test/A", ports[2]),
        "B": profile("test/B", ports[0]),
        "C": profile("test/C", ports[3]),
    }
    chained["New"] = profile("test/new", ports[1])
    servers.write_profiles(chained)
    told = servers.up("--recreate")
    assert {name: one["result"] for name, one in told.items()} == {
        "A": "recreated",
        "B": "recreated",
        "C": "recreated",
        "New": "started",
    }, told


def test_where_one_of_a_swap_must_stay_the_other_stays_too(servers: Servers) -> None:
    first, second = new_port(), new_port()
    servers.write_profiles({"A": profile("test/a", first), "B": profile("test/b", second)})
    before = servers.up()
    servers.write_profiles({"A": profile("test/a", second), "B": profile("/nowhere/model", first)})
    told = servers.up("--recreate")
    assert_untouched(servers, before["A"]["pid"], told["A"], 'that is "B": mlxsm down B frees it')
    assert (told["B"]["result"], told["B"]["pid"]) == ("failed", before["B"]["pid"])
    assert all(lives(one["pid"]) for one in before.values())


# What is told when the old one is gone, and the new one fails.


@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("test/dead", "health 503"),
        ("test/exit-2", "exited (code 2)"),
        ("test/unbound", "does not listen after 3 s"),
        ("test/load-99", "not loaded after 3 s"),
        ("test/drop", "dropped the connection"),
    ],
)
@pytest.mark.parametrize("command", [("up", "--recreate"), ("restart", "A")])
def test_every_failure_says_that_the_old_one_was_stopped(
    servers: Servers, model: str, why: str, command: tuple[str, ...]
) -> None:
    pid, port = up_of(servers)
    servers.write_profiles({"A": profile(model, port)})
    text = servers.run(*command, "--timeout", "3")
    assert (text.code, why in text.out, GONE in text.out) == (1, True, True), text.out
    assert not lives(pid)
    again = servers.run(*command, "--timeout", "3", "--json").json["servers"][0]
    assert GONE not in again["message"]  # nothing ran before


def test_a_program_that_cannot_be_run_says_so_too(servers: Servers, tmp_path: Path) -> None:
    """It is there and may be executed, and only the system finds out that it cannot be."""
    up_of(servers)
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF but not really")
    broken.chmod(0o755)
    told = servers.run("restart", "A", "--server-command", str(broken), "--json").json["servers"][0]
    assert (told["result"], told["message"].splitlines()[-1]) == ("failed", GONE)


def test_an_interrupt_says_so_too(servers: Servers) -> None:
    pid, port = up_of(servers)
    servers.write_profiles({"A": profile("test/gate-never", port)})
    starting = servers.start("up", "--recreate", "--json")
    wait_for(lambda: not lives(pid) and not is_free(port))
    starting.send_signal(signal.SIGINT)
    (told,) = json.loads(starting.communicate(timeout=120)[0])["servers"]
    assert (starting.returncode, told["message"]) == (130, f"interrupted: it was stopped\n{GONE}")
    assert processes_of(servers.environment["HOME"]) == []


# A server that runs needs nothing more.


def test_a_ready_server_needs_no_program(servers: Servers) -> None:
    pid, port = up_of(servers)
    servers.environment["MLXSM_SERVER"] = "/nowhere/mlx_lm.server"
    for command in (("up",), ("up", "--server-command", "/nowhere/x")):
        result = servers.run(*command, "--json")
        (told,) = result.json["servers"]
        assert (result.code, told["result"], told["pid"]) == (0, "running", pid), told
    servers.write_profiles({"A": profile("test/a", port, advancedLaunchOptions={"defaultMaxTokens": 7})})
    (stale,) = servers.run("up", "--server-command", "/nowhere/x", "--json").json["servers"]
    assert (stale["result"], stale["message"].partition(":")[0]) == ("stale", "--max-tokens (unset) -> 7")


def test_a_ready_server_needs_nobodys_word_again(servers: Servers) -> None:
    port = new_port()
    servers.write_profiles({"A": profile("test/a", port, host="0.0.0.0")})
    pid = servers.up("--allow-host", "0.0.0.0")["A"]["pid"]
    again = servers.run("up", "--json")
    (told,) = again.json["servers"]
    assert (again.code, told["result"], told["pid"]) == (0, "running", pid)


def test_what_is_told_of_others_is_told_all_the_same(servers: Servers) -> None:
    """One runs, and one could not be started: only that one fails."""
    up_of(servers, "A")
    port = servers.record("A")["port"]
    servers.write_profiles({"A": profile("test/a", port), "B": profile("test/b", new_port())})
    result = servers.run("up", "--server-command", "/nowhere/x", "--json")
    told = {one["name"]: one["result"] for one in result.json["servers"]}
    assert (result.code, told) == (1, {"A": "running", "B": "failed"})


def test_an_adopted_server_that_is_gone_is_refused_with_what_to_do(
    servers: Servers, stranger: Stranger
) -> None:
    port = servers.declare(A="test/a")["A"]
    other = stranger(port)
    assert servers.run("adopt", "A").code == 0
    assert servers.run("up").code == 0
    other.kill()
    other.wait()
    wait_for(lambda: is_free(port))
    result = servers.run("up", "--json")
    assert (result.code, result.json["servers"][0]["result"]) == (1, "refused")
    assert "nothing is listening there: mlxsm forget A drops it" in result.json["servers"][0]["message"]


def test_a_port_move_is_told_as_that_and_nothing_else(servers: Servers) -> None:
    _, port = up_of(servers)
    moved = new_port()
    servers.write_profiles({"A": profile("test/a", moved)})
    assert servers.up()["A"]["message"] == f"--port {port} -> {moved}: restart needed (mlxsm up A --recreate)"
    assert servers.seen("A")["changes"] == [f"--port {port} -> {moved}"]


def test_what_a_remedy_names_is_what_was_named(servers: Servers, tmp_path: Path) -> None:
    """Every command in a message carries the file and the state, and a name that a shell takes whole."""
    name = "It's $(one)"
    port = new_port()
    servers.write(
        json.dumps(
            {
                "schemaVersion": 1,
                "profiles": [{"name": name, "host": "127.0.0.1"} | profile("test/exit-3", port)],
            }
        ),
        "other file.yaml",
    )
    state = tmp_path / "a state.json"
    named = ("-f", "other file.yaml", "--state", str(state))
    assert servers.run("apply", "--yes", *named).code == 0
    out = servers.run("up", *named).out
    (line,) = (one.partition(": ")[2] for one in out.splitlines() if "the whole log: " in one)
    shown = servers.shell(line.replace("mlxsm", shlex.join(servers.program), 1))
    assert (shown.code, "invalid int value" in shown.out) == (0, True), (line, shown)

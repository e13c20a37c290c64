"""A profile file made of the servers that run: by their command lines, with nothing asked of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.paths import BIN
from testing.ports import is_free, new_port
from testing.servers import Servers
from testing.tracing import trace
from testing.waiting import wait_for

INIT = ("init", "--from-running", "-f", "running.yaml", "--json")


@pytest.fixture
def by_hand(servers: Servers, model: Path) -> Iterator[int]:
    """The real server as a person starts it, in the folder of its model; its port."""
    port = new_port()
    words = [
        "mlx_lm.server",
        "--model",
        model.name,
        "--port",
        str(port),
        "--temp",
        "0.5",
        "--max-tok=9",
        "--kv-bits",
        "8",
    ]
    environment = servers.environment | {"HF_HUB_OFFLINE": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    with (
        open(os.devnull, "wb") as nothing,
        subprocess.Popen(words, cwd=model.parent, env=environment, stdout=nothing, stderr=nothing) as server,
    ):
        wait_for(lambda: not is_free(port))
        yield port
        server.terminate()


def test_a_server_that_was_started_by_hand_becomes_a_profile(
    servers: Servers, model: Path, by_hand: int
) -> None:
    del servers.environment["MLXSM_SERVER"]
    own = new_port()
    servers.write_profiles({"Ours": {"modelID": str(model), "port": own}})
    assert servers.up()["Ours"]["result"] == "started"
    made = servers.run(*INIT)
    assert made.code == 0
    assert servers.run("validate", "running.yaml").code == 0
    planned = servers.run("plan", "-f", "running.yaml", "--json").json["changes"]
    found = {one["after"]["port"]: one["after"] for one in planned}
    assert own not in found
    assert "mlxsm init --from-state has " in made.err  # other tests may have servers, too
    assert (
        "The servers run on and keep their ports: after mlxsm apply, mlxsm adopt NAME takes one" in made.err
    )
    profile = found[by_hand]
    assert (profile["modelID"], profile["host"]) == (str(model), "127.0.0.1")
    options = {key: value for key, value in profile["advancedLaunchOptions"].items() if value is not None}
    assert options == {"defaultTemperature": 0.5, "defaultMaxTokens": 9, "rawExtraArgs": ["--kv-bits", "8"]}
    again = servers.run(*INIT)
    assert (again.code, "exists already" in again.json["error"]["message"]) == (1, True)


@pytest.mark.linux("traces by strace")
@pytest.mark.usefixtures("by_hand")
def test_no_server_is_asked_anything(servers: Servers) -> None:
    words = servers.command(*INIT)
    watched = "trace=%network,kill,tkill,tgkill,pidfd_send_signal,ptrace"
    traced = trace(words, servers.folder, servers.environment, "-e", watched)
    assert (traced.code, [*traced.calls()]) == (0, [])

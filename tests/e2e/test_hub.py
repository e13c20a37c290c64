"""What a server does with the hub, and what is said where a model does not come."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.paths import SLOW_HUB
from testing.ports import new_port
from testing.servers import Servers
from testing.waiting import wait_for


@pytest.mark.parametrize(
    ("environment", "hub"),
    [({}, "https://huggingface.co"), ({"HF_ENDPOINT": "http://127.0.0.1:9/"}, "http://127.0.0.1:9")],
)
def test_a_server_that_ends_without_its_model_names_the_models_page(
    servers: Servers, environment: dict[str, str], hub: str
) -> None:
    servers.environment |= environment
    servers.declare(A="test/exit-1")
    told = servers.up()["A"]
    page = f"test/exit-1 is not complete in the cache; {hub}/test/exit-1 tells whether it exists and is open to you"
    assert (told["result"], page in told["message"].splitlines()) == ("failed", True)


def test_a_server_that_ends_with_its_model_on_this_disk_names_no_page(
    servers: Servers, tmp_path: Path
) -> None:
    folder = tmp_path / "exit-1"
    folder.mkdir()
    servers.declare(A=str(folder))
    told = servers.up()["A"]
    assert (told["result"], "is open to you" in told["message"]) == ("failed", False)


@pytest.mark.linux("/proc/PID/environ")
@pytest.mark.parametrize(("given", "seen"), [({}, "1"), ({"HF_HUB_DISABLE_PROGRESS_BARS": "0"}, "0")])
def test_bars_of_a_download_do_not_fill_a_log(servers: Servers, given: dict[str, str], seen: str) -> None:
    servers.environment |= given
    servers.declare(A="test/a")
    pid = servers.up()["A"]["pid"]
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert f"HF_HUB_DISABLE_PROGRESS_BARS={seen}".encode() in variables


@pytest.fixture
def slow_hub(servers: Servers, model: Path, tmp_path: Path) -> Iterator[Path]:
    """A hub that has the model, and waits in its midst for a file; the real server asks it."""
    gate = tmp_path / "gate"
    words = [sys.executable, str(SLOW_HUB), str(model), "20", str(gate)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout
        del servers.environment["MLXSM_SERVER"]
        servers.environment["HF_ENDPOINT"] = f"http://127.0.0.1:{hub.stdout.readline().strip()}"
        servers.environment["HF_HUB_CACHE"] = str(tmp_path / "hub")
        yield gate
        hub.kill()


def test_a_real_download_is_told_and_waited_for(servers: Servers, slow_hub: Path) -> None:
    servers.write_profiles({"A": {"modelID": "org/slow", "port": new_port()}})
    starting = servers.start("up", "--json")
    assert starting.stderr
    said = iter(starting.stderr.readline, "")
    assert any("org/slow is not complete in the cache" in line for line in said)
    assert any(line == "A: downloading\n" for line in said)
    slow_hub.touch()
    out, _ = starting.communicate(timeout=300)
    (told,) = json.loads(out)["servers"]
    assert (told["result"], told["message"]) == ("started", None)
    assert servers.seen("A")["status"] == "ready"


def test_a_real_download_that_stops_is_told_with_the_page(servers: Servers, slow_hub: Path) -> None:
    servers.write_profiles({"A": {"modelID": "org/slow", "port": new_port()}})
    (told,) = servers.run("up", "--timeout", "15", "--json").json["servers"]
    assert not slow_hub.exists()
    assert told["result"] == "failed"
    assert "nothing more of its download came for 15 s" in told["message"]
    page = (
        f"org/slow is not complete in the cache; {servers.environment['HF_ENDPOINT']}/org/slow tells whether"
    )
    assert page in told["message"]
    wait_for(lambda: servers.seen("A")["status"] in ("crashed", "stopped"))

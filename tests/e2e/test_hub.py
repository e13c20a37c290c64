"""What a server does with the hub, and what is said where a model does not come."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from mlxsm_sync.text.amounts import size
from testing.paths import SLOW_HUB
from testing.ports import new_port
from testing.programs.tiny_model import make_model
from testing.servers import Servers
from testing.terminals import Screen
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


class Hub:
    """A hub that has the model, and waits in its midst for a file; the real server asks it."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self._servers, self._folder = servers, folder
        self.gate = folder / "gate"
        self._process: subprocess.Popen[str] | None = None

    def open(self, model: Path, pieces: int = 20, pause: float = 0.2) -> None:
        words = [sys.executable, str(SLOW_HUB), str(model), str(pieces), str(self.gate), str(pause)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        environment = self._servers.environment
        del environment["MLXSM_SERVER"]
        environment["HF_ENDPOINT"] = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"
        environment["HF_HUB_CACHE"] = str(self._folder / "hub")

    def close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()


@pytest.fixture
def hub(servers: Servers, tmp_path: Path) -> Iterator[Hub]:
    found = Hub(servers, tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="module")
def large_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 41 MB: the hub's library writes pieces of ten megabytes."""
    return make_model(tmp_path_factory.mktemp("large"), vocab_size=160_000)


def declare(servers: Servers, model: str = "org/slow") -> None:
    servers.write_profiles({"A": {"modelID": model, "port": new_port()}})


def test_a_real_download_is_told_and_waited_for(servers: Servers, hub: Hub, model: Path) -> None:
    hub.open(model)
    declare(servers)
    starting = servers.start("up", "--json")
    assert starting.stderr
    said = iter(starting.stderr.readline, "")
    assert any("org/slow is not complete in the cache" in line for line in said)
    assert any(line == "A: downloading\n" for line in said)
    hub.gate.touch()
    out, _ = starting.communicate(timeout=300)
    (told,) = json.loads(out)["servers"]
    assert (told["result"], told["message"]) == ("started", None)
    assert servers.seen("A")["status"] == "ready"


def test_a_real_download_that_takes_longer_than_the_timeout_becomes_ready(
    servers: Servers, hub: Hub, large_model: Path
) -> None:
    """The hub alone takes two seconds for each of twenty pieces: more than half of a minute."""
    hub.gate.touch()
    hub.open(large_model, pause=2)
    declare(servers)
    (told,) = servers.run("up", "--timeout", "30", "--json").json["servers"]
    assert (told["result"], told["message"]) == ("started", None)
    assert told["readySeconds"] > 30  # what the hub did, and no measure of this machine


def test_a_real_download_that_stops_is_told_with_the_page(servers: Servers, hub: Hub, model: Path) -> None:
    hub.open(model)
    declare(servers)
    (told,) = servers.run("up", "--timeout", "15", "--json").json["servers"]
    assert not hub.gate.exists()
    assert told["result"] == "failed"
    assert "nothing more of its download came for 15 s" in told["message"]
    endpoint = servers.environment["HF_ENDPOINT"]
    page = f"org/slow is not complete in the cache; {endpoint}/org/slow tells whether"
    assert page in told["message"]
    wait_for(lambda: servers.seen("A")["status"] in ("crashed", "stopped"))


def test_a_real_download_that_breaks_off_is_gone_on_with(servers: Servers, hub: Hub, model: Path) -> None:
    hub.gate.touch()
    hub.open(model)
    declare(servers, "org/breaks")
    assert servers.up()["A"]["result"] == "started"


def test_how_much_of_a_real_download_has_come_is_shown(servers: Servers, hub: Hub, large_model: Path) -> None:
    hub.open(large_model)
    declare(servers)
    weights = (large_model / "model.safetensors").stat().st_size
    screen = Screen(100, 24)
    child = servers.on_terminal(
        "up", env=servers.environment | {"TERM": "xterm"}, dimensions=(screen.height, screen.width)
    )
    child.expect(rf"A: downloading [1-9]\d* of {size(weights)}, ")
    hub.gate.touch()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("model_id", "sentences"),
    [
        ("org/missing", ["RepositoryNotFoundError: 401 Client Error. Repository Not Found for url: "]),
        ("org/nowhere", ["RepositoryNotFoundError: 404 Client Error. Repository Not Found for url: "]),
        (
            "org/gated",
            [
                "GatedRepoError: 401 Client Error. Cannot access gated repo for url ",
                "Access to model org/gated is restricted. You must have access to it and be authenticated",
            ],
        ),
        (
            "org/denied",
            [
                "GatedRepoError: 403 Client Error. Cannot access gated repo for url ",
                "Access to model org/denied is restricted and you are not in the authorized list.",
            ],
        ),
        ("org/busy", ["HfHubHTTPError: 429 Too Many Requests for url: ", "We had to rate limit your IP."]),
    ],
)
def test_what_a_hub_refuses_is_told_in_its_own_sentence_with_the_page(
    servers: Servers, hub: Hub, model: Path, model_id: str, sentences: list[str]
) -> None:
    hub.open(model)
    declare(servers, model_id)
    told = servers.up()["A"]
    endpoint = servers.environment["HF_ENDPOINT"]
    page = f"{model_id} is not complete in the cache; {endpoint}/{model_id} tells whether it exists and is open to you"
    assert (told["result"], page in told["message"].splitlines()) == ("failed", True), told
    assert [one for one in sentences if one not in told["message"]] == []
    assert model_id in told["message"].splitlines()[0]

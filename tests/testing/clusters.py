"""Two or three Macs with a rank each: homes and machine names of their own, on one host or in network namespaces."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from testing.paths import BIN, MLXSM
from testing.ports import new_port
from testing.processes import processes_of
from testing.project import Project


@dataclass
class Mac(Project):
    """One machine of a cluster."""

    name: str = ""
    namespace: str | None = None

    @property
    def link(self) -> str:
        return f"eth-{self.name}"

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A program of this machine."""
        words = ("ip", "netns", "exec", self.namespace) if self.namespace else ()
        return subprocess.run([*words, *command], capture_output=True, text=True, check=False, timeout=120)

    def pull_the_cable(self) -> None:
        subprocess.run(["ip", "-n", str(self.namespace), "link", "set", self.link, "down"], check=True)

    def put_the_cable_back(self) -> None:
        subprocess.run(["ip", "-n", str(self.namespace), "link", "set", self.link, "up"], check=True)

    def seen(self) -> dict[str, Any]:
        (server,) = self.run("ps", "--json").json["servers"]
        return dict(server)

    def asked(self) -> dict[str, Any]:
        (server,) = self.run("ps", "--ask", "--json").json["servers"]
        return dict(server)

    @property
    def pid(self) -> int:
        pid = self.seen()["pid"]
        assert isinstance(pid, int)
        return pid


@dataclass
class Cluster:
    """Machines that have one file."""

    macs: list[Mac]
    file: str
    port: int
    ring_ports: list[int] = field(default_factory=list)

    def apply(self) -> None:
        for mac in self.macs:
            mac.apply(self.file)

    def up(self, *options: str, timeout: int = 120) -> list[tuple[int, str]]:
        """`up` on every machine at once: the exit code, and what was said."""
        words = ("up", "--allow-cluster", "Big", "--timeout", str(timeout), *options)
        going = [mac.start(*words) for mac in reversed(self.macs)]
        said = [(one, *one.communicate(timeout=300)) for one in going]
        return [(one.returncode, out + err) for one, out, err in reversed(said)]

    def chat(self, seconds: int = 60) -> dict[str, Any]:
        """One answer through the first rank; nothing where none came in time."""
        body = '{"messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}'
        url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        head = ("-H", "content-type: application/json")
        done = self.macs[0].inside("curl", "-sS", "-m", str(seconds), *head, "-d", body, url)
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def statuses(self) -> list[str]:
        return [mac.seen()["status"] for mac in self.macs]


def text_of(model: Path | str, port: int, ranks: list[dict[str, Any]], **cluster: Any) -> str:
    """A profile file with one cluster."""
    profile = {"name": "Big", "modelID": str(model), "port": port, "cluster": {"ranks": ranks} | cluster}
    return json.dumps({"schemaVersion": 1, "collection": "test", "profiles": [profile]})


MakeCluster = Callable[..., Cluster]


@pytest.fixture
def cluster_of(tmp_path: Path, model: Path) -> Iterator[MakeCluster]:
    """Makes clusters of so many machines, on this host; `apart` gives each a network of its own."""
    made: list[Cluster] = []
    namespaces: list[str] = []

    def make(count: int = 2, *, apart: bool = False, **settings: Any) -> Cluster:
        names = [f"studio-{number}" for number in range(1, count + 1)]
        port = new_port()
        ring = [new_port() for _ in names]
        addresses = [
            f"10.73.{os.getpid() % 250}.{number}" if apart else "127.0.0.1" for number in range(1, count + 1)
        ]
        macs = [_mac(tmp_path / str(len(made)), name) for name in names]
        if apart:
            for mac in macs:
                mac.namespace = f"mlxsm-{os.getpid()}-{mac.name}"
                namespaces.append(mac.namespace)
                mac.program = ("ip", "netns", "exec", mac.namespace, str(MLXSM))
            _connect(macs, addresses)
        ranks = [
            {"machine": name, "address": address, "port": number}
            for name, address, number in zip(names, addresses, ring, strict=True)
        ]
        text = text_of(settings.pop("model", model), port, ranks, **settings)
        cluster = Cluster(macs, text, port, ring)
        cluster.apply()
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        for mac in cluster.macs:
            for pid in processes_of(mac.environment["HOME"]):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    for namespace in namespaces:
        subprocess.run(["ip", "netns", "del", namespace], check=False)


def _mac(folder: Path, name: str) -> Mac:
    home = folder / name / "home"
    home.mkdir(parents=True)
    environment = {
        "HOME": str(home),
        "PATH": f"{BIN}:/usr/sbin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "HF_HUB_OFFLINE": "1",
        "MLXSM_MACHINE": name,
    }
    return Mac(folder / name, environment, name=name)


def _connect(macs: list[Mac], addresses: list[str]) -> None:
    """A cable between two machines."""
    first, second = macs
    for mac in macs:
        subprocess.run(["ip", "netns", "add", str(mac.namespace)], check=True)
    words = ["ip", "link", "add", first.link, "netns", str(first.namespace)]
    subprocess.run(
        [*words, "type", "veth", "peer", "name", second.link, "netns", str(second.namespace)], check=True
    )
    for mac, address in zip(macs, addresses, strict=True):
        for line in (f"addr add {address}/24 dev {mac.link}", f"link set {mac.link} up", "link set lo up"):
            subprocess.run(["ip", "-n", str(mac.namespace), *line.split()], check=True)

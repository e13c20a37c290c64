"""What the process of a rank is told, and what its end means."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.servers import ranks
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.stopping import price_of_a_kill
from mlxsm_sync.system import portable
from mlxsm_sync.values.cluster import Cluster, Rank
from mlxsm_sync.values.run import RunRecord
from testing.ports import new_port

ENTRY = "a" * 16


def cluster(backend: str = "ring", **first: Any) -> Cluster:
    here = {"machine": "studio-1", "address": "127.0.0.1", "port": 32323} | first
    other = {"machine": "studio-2", "address": "10.0.0.2", "port": 32324}
    rdma: list[dict[str, Any]] = [{}, {}]
    if backend == "jaccl":
        rdma = [{"rdma": (None, "rdma_en5")}, {"rdma": ("rdma_en3", None)}]
    both = tuple(Rank(**one, **devices) for one, devices in zip((here, other), rdma, strict=True))
    return Cluster(backend=backend, ranks=both)  # type: ignore[arg-type] - one of the two


def record(of: Cluster | None, machine: str = "studio-1") -> RunRecord:
    return RunRecord(
        id=ENTRY,
        name="Big",
        owner=None,
        host="127.0.0.1",
        port=8080,
        run_id="r",
        boot_id="b",
        command=("mlx_lm.server",),
        arguments=(),
        server_version=None,
        profile_digest="d",
        log="/log",
        started_at="2026-11-27T14:02:00Z",
        cluster=ranks.rank_record(of, machine) if of is not None else None,
    )


def told(tmp_path: Path, of: Cluster, machine: str) -> tuple[dict[str, str], Any]:
    files = RunFiles(tmp_path)
    files.prepare()
    rank = ranks.rank_record(of, machine)
    assert rank is not None
    variables = ranks.variables(of, rank, files, ENTRY)
    path = files.cluster_path(ENTRY)
    assert path.stat().st_mode & 0o777 == 0o600
    return variables, json.loads(path.read_text())


def test_a_ring_is_told_all_addresses(tmp_path: Path) -> None:
    variables, hosts = told(tmp_path, cluster(), "studio-2")
    assert variables == {"MLX_RANK": "1", "MLX_HOSTFILE": str(RunFiles(tmp_path).cluster_path(ENTRY))}
    assert hosts == [["127.0.0.1:32323"], ["10.0.0.2:32324"]]


def test_jaccl_is_told_its_devices_and_the_first_rank(tmp_path: Path) -> None:
    """As `mlx.launch` of mlx 0.32 sets them; nobody has run it with mlxsm."""
    variables, devices = told(tmp_path, cluster("jaccl"), "Studio-1")
    assert variables == {
        "MLX_RANK": "0",
        "MLX_IBV_DEVICES": str(RunFiles(tmp_path).cluster_path(ENTRY)),
        "MLX_JACCL_COORDINATOR": "127.0.0.1:32323",
    }
    assert devices == [[None, "rdma_en5"], ["rdma_en3", None]]


def test_a_machine_without_a_rank_has_none() -> None:
    assert ranks.rank_record(cluster(), "studio-3") is None


def test_connections_tell_which_ranks_are_there() -> None:
    own, other = new_port(), new_port()
    both = cluster(port=own)
    second = both.ranks[1].model_copy(address="127.0.0.1", port=other)
    one = record(both.model_copy(ranks=(both.ranks[0], second)))
    assert ranks.missing(one, os.getpid()) == (1,)
    with (
        socket.create_server(("127.0.0.1", other)) as there,
        socket.create_server(("127.0.0.1", own)) as here,
        socket.create_connection(("127.0.0.1", other)),
    ):
        assert ranks.missing(one, os.getpid()) == (1,)  # called, and not called yet
        with socket.create_connection(("127.0.0.1", own)), here.accept()[0], there.accept()[0]:
            assert ranks.missing(one, os.getpid()) == ()
    assert ranks.missing(record(cluster("jaccl")), os.getpid()) == ()
    assert ranks.missing(record(None), os.getpid()) == ()


@pytest.mark.parametrize(
    ("code", "said", "lost"),
    [
        (-6, "RuntimeError: [ring] connection to a peer was lost\nterminate called", True),
        (0, "RuntimeError: [ring] connection to a peer was lost\n", True),
        (0, "FileNotFoundError: no such model\n", False),
        (-9, "RuntimeError: [ring] connection to a peer was lost\n", False),
        (1, "RuntimeError: [ring] Couldn't connect (error: 111)\n", False),
        (None, "", False),
    ],
)
def test_an_end_after_a_loss_is_no_crash(code: int | None, said: str, lost: bool) -> None:
    assert ranks.has_lost_its_peer(record(cluster()), code, said) is lost
    assert ranks.has_lost_its_peer(record(None), code, said) is False


def test_what_people_are_told_of_ranks() -> None:
    first, second = ranks.rank_record(cluster(), "studio-1"), ranks.rank_record(cluster(), "studio-2")
    assert first is not None
    assert second is not None
    assert ranks.waits_for(first, (1,)) == "rank 0 of 2 waits for rank 1 (studio-2, 10.0.0.2:32324)"
    assert ranks.peer_left(second) == "its peer left: it lost rank 0 (studio-1, 127.0.0.1:32323)"
    three = first.model_copy(machines=("a", "b", "c"), hosts=("1.1.1.1:1", "2.2.2.2:2", "3.3.3.3:3"))
    assert ranks.peer_left(three) == "its peer left: it lost another rank"
    assert ranks.whom_to_ask(first) == "rank 0 of 2"
    assert ranks.whom_to_ask(second) == "rank 1 of 2; studio-1 knows whether it is ready"


def test_a_move_of_the_cluster_is_a_change() -> None:
    running = record(cluster())
    assert ranks.rank_changes(running, cluster(), "whatever") == ()
    (moved,) = ranks.rank_changes(running, cluster(port=1), "studio-1")
    assert moved == (
        "cluster ring, rank 0 of 2: studio-1 127.0.0.1:32323, studio-2 10.0.0.2:32324 -> "
        "ring, rank 0 of 2: studio-1 127.0.0.1:1, studio-2 10.0.0.2:32324"
    )
    assert ranks.rank_changes(running, None, "studio-1")[0].endswith(" -> (none)")
    assert ranks.rank_changes(record(None), cluster(), "studio-2")[0].startswith(
        "cluster (none) -> ring, rank 1"
    )
    assert ranks.rank_changes(record(None), None, "") == ()


def test_the_link_of_this_machine() -> None:
    here = ranks.rank_record(cluster(), "studio-1")
    assert here is not None
    assert ranks.trouble_of_link(here) is None
    gone = ranks.rank_record(cluster(address="192.0.2.1"), "studio-1")
    assert gone is not None
    assert "no interface of this machine has its address 192.0.2.1" in (ranks.trouble_of_link(gone) or "")
    assert not portable.is_up("no-such-interface")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = ranks.rank_record(cluster(port=taken.getsockname()[1]), "studio-1")
        assert busy is not None
        assert "for the other ranks of its cluster, port" in (ranks.port_trouble(busy) or "")
        later = busy.model_copy(backend="jaccl", rank=1)
        assert ranks.port_trouble(later) is None


def test_what_a_kill_costs_is_said_of_jaccl_alone() -> None:
    assert price_of_a_kill(record(None)) == price_of_a_kill(record(cluster())) == ""
    assert "until this Mac is restarted" in price_of_a_kill(record(cluster("jaccl")))


def test_only_the_first_rank_takes_the_port() -> None:
    assert record(None).serves is True
    assert record(cluster()).serves is True
    assert record(cluster(), "studio-2").serves is False


def test_a_call_in_vain_is_known_by_its_words() -> None:
    assert ranks.called_in_vain("RuntimeError: [ring] Couldn't connect (error: 111)\n")
    assert not ranks.called_in_vain("ValueError: the tokenizer is broken\n")

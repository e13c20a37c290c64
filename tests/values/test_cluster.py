"""The ranks of a cluster, judged as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.values.cluster import Cluster, RankRecord, faults
from mlxsm_sync.values.validation import ValidationError


def rank(number: int, **changes: Any) -> dict[str, Any]:
    return {"machine": f"studio-{number}", "address": f"192.168.208.{number}", "port": 32323} | changes


def cluster(*ranks: dict[str, Any], **others: Any) -> Cluster:
    return Cluster.model_validate_json(json.dumps({"ranks": list(ranks)} | others))


def told(*ranks: dict[str, Any], **others: Any) -> list[tuple[str, str]]:
    found = faults(cluster(*ranks, **others), 8080)
    return [(".".join(map(str, path)), message.partition(":")[0]) for path, message in found]


def test_two_machines_are_a_cluster() -> None:
    assert told(rank(1), rank(2)) == []
    assert told(rank(1), rank(2, address="192.168.208.1", port=32324)) == []
    assert told(rank(1, rdma=[None, "rdma_en5"]), rank(2, rdma=["rdma_en3", None]), backend="jaccl") == []


def test_what_is_wrong_with_a_cluster_is_told_where_it_stands() -> None:
    assert told(rank(1)) == [
        ("ranks", "must have 2 ranks at least; without cluster, one machine serves alone")
    ]
    assert told(rank(1), rank(2, machine="STUDIO-1")) == [("ranks.1.machine", "is that of ranks[0], too")]
    assert told(rank(1), rank(2, address="192.168.208.1")) == [
        ("ranks.1.address", "and port are those of ranks[0], too")
    ]
    assert told(rank(1, port=8080), rank(2)) == [
        ("ranks.0.port", "must not be 8080, the port of the HTTP server")
    ]
    assert told(rank(1, rdma=[None, "a"]), rank(2)) == [("ranks.0.rdma", "is for the backend jaccl")]
    assert told(
        rank(1),
        rank(2, rdma=[None]),
        rank(3, rdma=["a", "b", "c"]),
        rank(4, rdma=["a", None, "c", None]),
        backend="jaccl",
    ) == [
        ("ranks.0", "needs rdma with jaccl"),
        ("ranks.1.rdma", "must have 4 items, one for each rank, and has 1"),
        ("ranks.2.rdma", "must have 4 items, one for each rank, and has 3"),
        ("ranks.3.rdma.1", "must be the device to ranks[1]"),
    ]
    assert told(rank(1, rdma=["x", "a"]), rank(2, rdma=["b", None]), backend="jaccl") == [
        ("ranks.0.rdma.0", "must be null")
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"machine": "a b"},
        {"machine": "@big"},
        {"machine": "studio-*"},
        {"machine": "a\n"},
        {"address": "studio-1.local"},
        {"address": "::1"},
        {"address": "1.2.3.256"},
        {"address": "1.2.3"},
        {"address": "1.2.3.4\n"},
        {"address": "01.2.3.4"},
        {"port": 0},
        {"port": 65536},
        {"port": "32323"},
        {"rdma": ["a b"]},
        {"ssh": "x"},
    ],
)
def test_a_rank_that_mlx_could_not_read_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        cluster(rank(1, **changes), rank(2))


def test_what_mlx_is_given() -> None:
    both = cluster(rank(1, rdma=[None, "rdma_en5"]), rank(2, rdma=["rdma_en3", None]), backend="jaccl")
    assert both.hosts == [["192.168.208.1:32323"], ["192.168.208.2:32323"]]
    assert both.devices == [[None, "rdma_en5"], ["rdma_en3", None]]
    assert cluster(rank(1), rank(2)).devices == [[], []]
    assert both.machines == ("studio-1", "studio-2")
    assert (both.rank_of("Studio-2"), both.rank_of("studio-3")) == (1, None)


def test_a_rank_in_words() -> None:
    hosts = ("10.0.0.1:1", "10.0.0.2:2")
    second = RankRecord(rank=1, backend="ring", machines=("a", "b"), hosts=hosts)
    assert (second.count, second.address, second.port, second.serves) == (2, "10.0.0.2", 2, False)
    assert (second.called, second.told(0)) == ("rank 1 of 2", "rank 0 (a, 10.0.0.1:1)")


@given(st.lists(st.integers(0, 255), min_size=4, max_size=4))
def test_every_ipv4_address_is_one(parts: list[int]) -> None:
    address = ".".join(map(str, parts))
    assert cluster(rank(1, address=address), rank(2)).ranks[0].address == address

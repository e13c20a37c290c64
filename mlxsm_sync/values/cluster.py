"""A server that runs as several processes, one on each of some machines: the ranks of a cluster.

The engine is mlx's own, `mx.distributed`; the names of backends and of the variables are its names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from mlxsm_sync.values.base import Value
from mlxsm_sync.values.fields import Constraint
from mlxsm_sync.values.launch_options import checked_text
from mlxsm_sync.values.machines import NAME_PATTERN, NAME_RULE

Backend = Literal["ring", "jaccl"]
Sharding = Literal["tensor", "pipeline"]
LEAST_RANKS = 2

_NUMBER = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS = rf"^{_NUMBER}(?:\.{_NUMBER}){{3}}(?![\s\S])"
_MACHINE = NAME_PATTERN.removesuffix("$") + r"(?![\s\S])"
_DEVICE = r"^[A-Za-z0-9_.-]{1,63}(?![\s\S])"

_ADDRESS_RULE = "must be an IPv4 address such as 192.168.208.1: mlx takes no names here"
_DEVICE_RULE = "must be the name of an RDMA device such as rdma_en5, or null"
_MACHINE_RULE = f"must be the name of one machine: {NAME_RULE}"
RULES = ((_MACHINE, _MACHINE_RULE), (_ADDRESS, _ADDRESS_RULE), (_DEVICE, _DEVICE_RULE))
"""Each pattern, with what is wrong with a text that it does not match."""

Fault = tuple[tuple[str | int, ...], str]
"""The keys and places below `cluster` that lead to a value, and what is wrong there."""


def _check_machine(text: str) -> str:
    if re.match(_MACHINE, text) is None:
        raise ValueError(_MACHINE_RULE)
    return text


def _check_address(text: str) -> str:
    """Mlx's ring takes what is before the first colon for the address, and asks no resolver."""
    if re.match(_ADDRESS, text) is None:
        raise ValueError(_ADDRESS_RULE)
    return text


def _check_device(text: str) -> str:
    if re.match(_DEVICE, text) is None:
        raise ValueError(_DEVICE_RULE)
    return text


class Rank(Value):
    """One process of a cluster."""

    machine: Annotated[str, checked_text(_check_machine, _MACHINE)]
    """The machine that runs it."""
    address: Annotated[str, checked_text(_check_address, _ADDRESS)]
    """The IPv4 address at which the other ranks reach it."""
    port: Annotated[int, Constraint(limits={"ge": 1, "le": 65535})]
    """The port at which the other ranks reach it; not that of the HTTP server."""
    rdma: tuple[Annotated[str, checked_text(_check_device, _DEVICE)] | None, ...] | None = None
    """With jaccl: its device to each rank, in their order, null to itself."""


class Cluster(Value):
    """How a server is spread over machines."""

    backend: Backend = "ring"
    """How the ranks talk: ring is TCP, jaccl is RDMA over Thunderbolt."""
    sharding: Sharding = "tensor"
    """What each rank has: a part of every layer, or some of the layers."""
    ranks: tuple[Rank, ...]
    """The processes; their order is their number, and rank 0 answers clients."""

    def rank_of(self, machine: str) -> int | None:
        """Which rank a machine runs; None where it runs none. Names are compared in lower case."""
        return next((at for at, one in enumerate(self.ranks) if one.machine.lower() == machine.lower()), None)

    @property
    def machines(self) -> tuple[str, ...]:
        """The machines that run it."""
        return tuple(one.machine for one in self.ranks)

    @property
    def hosts(self) -> list[list[str]]:
        """What mlx reads from the file that `MLX_HOSTFILE` names."""
        return [[f"{one.address}:{one.port}"] for one in self.ranks]

    @property
    def devices(self) -> list[list[str | None]]:
        """What mlx reads from the file that `MLX_IBV_DEVICES` names."""
        return [[*(one.rdma or ())] for one in self.ranks]


class RankRecord(Value):
    """Which rank of a cluster a server is, and where all of them are."""

    rank: Annotated[int, Constraint(limits={"ge": 0})]
    """Its number."""
    backend: Backend
    """How the ranks talk."""
    machines: tuple[str, ...]
    """The machine of each rank."""
    hosts: tuple[str, ...]
    """`ADDRESS:PORT` of each rank."""

    @property
    def count(self) -> int:
        """How many ranks there are."""
        return len(self.hosts)

    @property
    def port(self) -> int:
        """The port at which the others reach it."""
        return int(self.hosts[self.rank].rpartition(":")[2])

    @property
    def address(self) -> str:
        """The address at which the others reach it."""
        return self.hosts[self.rank].rpartition(":")[0]

    @property
    def serves(self) -> bool:
        """Whether it answers clients: the others have no HTTP."""
        return self.rank == 0

    @property
    def called(self) -> str:
        """`rank 1 of 2`."""
        return f"rank {self.rank} of {self.count}"

    def told(self, rank: int) -> str:
        """Another rank, for people: `rank 0 (studio-1, 192.168.208.1:32323)`."""
        return f"rank {rank} ({self.machines[rank]}, {self.hosts[rank]})"


def faults(cluster: Cluster, http_port: int) -> Iterator[Fault]:
    """What is wrong with a cluster as a whole; `http_port` is that of its server."""
    if len(cluster.ranks) < LEAST_RANKS:
        yield ("ranks",), f"must have {LEAST_RANKS} ranks at least; without cluster, one machine serves alone"
    yield from _twice(cluster)
    for place, one in enumerate(cluster.ranks):
        if one.port == http_port:
            yield ("ranks", place, "port"), f"must not be {http_port}, the port of the HTTP server"
        yield from _device_faults(cluster, place)


def _twice(cluster: Cluster) -> Iterator[Fault]:
    machines: dict[str, int] = {}
    places: dict[tuple[str, int], int] = {}
    for place, one in enumerate(cluster.ranks):
        if (first := machines.setdefault(one.machine.lower(), place)) != place:
            yield ("ranks", place, "machine"), f"is that of ranks[{first}], too: each machine runs one rank"
        if (first := places.setdefault((one.address, one.port), place)) != place:
            where = f"{one.address}:{one.port}"
            yield ("ranks", place, "address"), f"and port are those of ranks[{first}], too: {where}"


def _device_faults(cluster: Cluster, place: int) -> Iterator[Fault]:
    rdma, count = cluster.ranks[place].rdma, len(cluster.ranks)
    at: tuple[str | int, ...] = ("ranks", place, "rdma")
    if cluster.backend == "ring":
        if rdma is not None:
            yield at, "is for the backend jaccl: ring has no devices"
        return
    if rdma is None:
        yield ("ranks", place), "needs rdma with jaccl: its device to each rank, null to itself"
    elif len(rdma) != count:
        yield at, f"must have {count} items, one for each rank, and has {len(rdma)}"
    elif rdma[place] is not None:
        yield (*at, place), "must be null: that is the rank itself"
    elif missing := [other for other, device in enumerate(rdma) if device is None and other != place]:
        yield (*at, missing[0]), f"must be the device to ranks[{missing[0]}]"

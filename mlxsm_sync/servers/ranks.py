"""One rank of a cluster on this machine: what its process is told, and whether the others are there.

Nothing reaches out to another machine. What is known is what this one sees: the connections of its own
process, its own interface, its own log. In mlx 0.32, each rank of a ring listens until the rank before it
has come, and calls the rank behind it.
"""

from __future__ import annotations

import json

from mlxsm_sync.files import atomic
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system import portable, ports
from mlxsm_sync.system.process import group_members
from mlxsm_sync.values.cluster import Cluster, RankRecord
from mlxsm_sync.values.run import RunRecord

PEER_LOST = "[ring] connection to a peer was lost"
"""What mlx 0.32 says when a rank that it was connected to is gone."""
CALLED_IN_VAIN = "[ring] Couldn't connect"
"""What it says after half a minute in which the rank behind it did not answer."""
_ENDS = (-6, 0)
"""How a rank ends itself when it has lost another one: SIGABRT, or as if all were well; both were seen."""


def rank_record(cluster: Cluster, machine: str) -> RankRecord | None:
    """Which rank this machine runs; None where it runs none."""
    rank = cluster.rank_of(machine)
    if rank is None:
        return None
    hosts = tuple(host for (host,) in cluster.hosts)
    return RankRecord(rank=rank, backend=cluster.backend, machines=cluster.machines, hosts=hosts)


def rank_changes(record: RunRecord, cluster: Cluster | None, machine: str) -> tuple[str, ...]:
    """What a start would change of where the ranks are; a server that runs tells which machine it is of."""
    then = record.cluster
    named = then.machines[then.rank] if then is not None else machine
    now = rank_record(cluster, named) if cluster is not None else None
    return () if now == then else (f"cluster {_shown(then)} -> {_shown(now)}",)


def _shown(rank: RankRecord | None) -> str:
    if rank is None:
        return "(none)"
    places = zip(rank.machines, rank.hosts, strict=True)
    return f"{rank.backend}, {rank.called}: {', '.join(f'{machine} {host}' for machine, host in places)}"


def variables(cluster: Cluster, rank: RankRecord, files: RunFiles, entry_id: str) -> dict[str, str]:
    """Write what mlx reads of a cluster beside the record; the variables that name it."""
    of_rank = {"MLX_RANK": str(rank.rank)}
    if cluster.backend == "ring":
        return of_rank | {"MLX_HOSTFILE": _written(files, entry_id, cluster.hosts)}
    devices = _written(files, entry_id, cluster.devices)
    return of_rank | {"MLX_IBV_DEVICES": devices, "MLX_JACCL_COORDINATOR": rank.hosts[0]}


def _written(files: RunFiles, entry_id: str, content: object) -> str:
    path = files.cluster_path(entry_id)
    with atomic.system_errors(f"cannot write {path}"):
        atomic.put_in_place(atomic.write_beside(path, json.dumps(content).encode(), lasting=False), path)
    return str(path)


def missing(record: RunRecord, pid: int) -> tuple[int, ...]:
    """The ranks that this one is not connected to yet, of those before and behind it; none where all are.

    Of jaccl it cannot be told: its connections are none of TCP.
    """
    rank = record.cluster
    if rank is None or rank.backend != "ring":
        return ()
    found = portable.connections({pid, *group_members(pid)})
    behind, before = (rank.rank + 1) % rank.count, (rank.rank - 1) % rank.count
    address, _, port = rank.hosts[behind].rpartition(":")
    calls = any((one.address, one.other_port) == (address, int(port)) for one in found)
    called = any(one.port == rank.port for one in found)
    return tuple(sorted({*(() if calls else (behind,)), *(() if called else (before,))}))


def trouble_of_link(rank: RankRecord) -> str | None:
    """Why this machine cannot be reached by the other ranks now; None where nothing is seen."""
    interface = portable.own_addresses().get(rank.address)
    if interface is None:
        return f"no interface of this machine has its address {rank.address} any more"
    return None if portable.is_up(interface) else f"its interface {interface} is down: is the cable in?"


def port_trouble(rank: RankRecord) -> str | None:
    """Why the other ranks could not come in here; None where they could."""
    listens = rank.backend == "ring" or rank.rank == 0  # of jaccl, only the first one does
    problem = ports.problem(rank.address, rank.port) if listens else None
    return f"for the other ranks of its cluster, {problem}" if problem is not None else None


def whom_to_ask(rank: RankRecord) -> str:
    """Who knows whether the whole cluster is ready."""
    if rank.serves:
        return rank.called
    return f"{rank.called}; {rank.machines[0]} knows whether it is ready"


def waits_for(rank: RankRecord, others: tuple[int, ...]) -> str:
    """Which ranks are awaited, for people."""
    return f"{rank.called} waits for {' and '.join(map(rank.told, others))}"


def has_lost_its_peer(record: RunRecord, code: int | None, said: str) -> bool:
    """Whether a rank has ended because another one has; `said` is its log.

    Nobody writes into the log of a rank that serves no HTTP but itself.
    """
    return record.cluster is not None and code in _ENDS and PEER_LOST in said


def called_in_vain(said: str) -> bool:
    """Whether a rank has ended because another one did not come; `said` is its log.

    One that ends in the moment in which it has joined has a reason of its own, such as a broken model.
    """
    return CALLED_IN_VAIN in said


def peer_left(rank: RankRecord) -> str:
    """That a rank has ended with another one, and what to do."""
    others = [other for other in range(rank.count) if other != rank.rank]
    which = rank.told(others[0]) if len(others) == 1 else "another rank"
    return f"its peer left: it lost {which}"

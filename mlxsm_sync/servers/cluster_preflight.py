"""Everything that can be told of a rank before it is started: from files, and from this machine alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mlxsm_sync.servers import model_files
from mlxsm_sync.servers.command_line import Program, is_older
from mlxsm_sync.servers.program import source_of
from mlxsm_sync.servers.ranks import rank_record
from mlxsm_sync.servers.sharding import UNKNOWN, support, undivided
from mlxsm_sync.servers.snapshots import INDEX
from mlxsm_sync.system import portable
from mlxsm_sync.values.cluster import Cluster, RankRecord, faults
from mlxsm_sync.values.flag_rules import BATCHING
from mlxsm_sync.values.server_options import written
from mlxsm_sync.values.state import Entry


class ClusterLook(NamedTuple):
    """What was found out about the cluster of an entry."""

    rank: RankRecord | None = None
    """Which rank this machine runs."""
    problems: tuple[str, ...] = ()
    """What would make the start fail."""
    warnings: tuple[str, ...] = ()
    """What could not be told."""


NO_CLUSTER = ClusterLook()


def look_at_cluster(
    entry: Entry, program: Program, machine: str, environment: Mapping[str, str]
) -> ClusterLook:
    """Look at the ranks of an entry, at the addresses of this machine, and at the source of mlx-lm."""
    cluster = entry.profile.cluster
    if cluster is None:
        return NO_CLUSTER
    wrong = [f"its cluster: {message}" for _, message in faults(cluster, entry.profile.port)]
    rank = rank_record(cluster, machine)
    if rank is None:
        listed = ", ".join(cluster.machines)
        wrong.append(f'its cluster has no rank for this machine, "{machine}": it has {listed}')
        return ClusterLook(None, tuple(wrong))
    if rank.address not in portable.own_addresses() and not rank.address.startswith("127."):
        wrong.append(
            f"{rank.called} is to be reached at {rank.address}, and no interface of this machine has it"
        )
    if is_older(program.version, BATCHING):
        oldest = written(BATCHING)
        wrong.append(f"a cluster needs mlx-lm {oldest} or newer, and {program.version} is installed")
    notes: list[str] = []
    for is_sure, message in _about_model(entry, cluster, program, environment):
        (wrong if is_sure else notes).append(message)
    return ClusterLook(rank, tuple(wrong), tuple(notes))


def _about_model(
    entry: Entry, cluster: Cluster, program: Program, environment: Mapping[str, str]
) -> Iterator[tuple[bool, str]]:
    """What is in the way of spreading the model, each with whether that is sure."""
    try:
        folder = model_files.folder_for(entry, environment)
    except (OSError, ValueError):
        folder = None
    config = model_files.config_of(folder) if folder is not None else None
    if folder is None or config is None:
        yield False, "whether its model can be spread over ranks is seen when it is on this disk"
        return
    source = source_of(program.command, environment)
    found = support(source, config, cluster.sharding) if source is not None else UNKNOWN
    kind, ranks = config.get("model_type"), len(cluster.ranks)
    how = "tensor parallelism" if cluster.sharding == "tensor" else "a pipeline"
    if found.able is None:
        yield False, f"whether mlx-lm can spread {kind} by {how} cannot be told from its source"
    elif not found.able:
        other = "pipeline" if cluster.sharding == "tensor" else "tensor"
        yield True, f"mlx-lm {program.version or ''} cannot spread {kind} by {how}: try sharding: {other}"
    for what in undivided(config, found.divided, ranks):
        yield True, f"{ranks} ranks cannot divide {what}: the first request would end all of them"
    if cluster.sharding == "pipeline" and not (folder / INDEX).is_file():
        yield True, f"a pipeline needs {INDEX} beside the weights, and its model has none"

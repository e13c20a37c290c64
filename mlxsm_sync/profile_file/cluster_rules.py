"""What is wrong with the cluster of a profile as a whole, told where it is written."""

from __future__ import annotations

from mlxsm_sync.syntax.tree import Node, Problems, called, exactly
from mlxsm_sync.values.cluster import faults
from mlxsm_sync.values.profile import OPTIONS, RAW_EXTRA_ARGS, Profile
from mlxsm_sync.values.raw_arguments import GivenOption, told_apart
from mlxsm_sync.values.server_options import ADAPTER_PATH, DRAFT_MODEL

_REFUSED = {
    ADAPTER_PATH: "mlx_lm.server takes no adapter in distributed mode",
    DRAFT_MODEL: "mlx_lm.server takes no draft model in distributed mode",
    "--pipeline": "write sharding: pipeline under cluster",
}
"""Options that no server of a cluster may have."""


def judge_cluster(profile: Profile, node: Node, merged: Node, problems: Problems) -> None:
    """Note what is wrong with a profile's cluster as a whole; `merged` has what it inherits, too."""
    if profile.cluster is None:
        return
    for path, message in faults(profile.cluster, profile.port):
        at, _ = node.find(("cluster", *path))
        problems.add(at, f"{called(path)} {message}")
    arguments = exactly(merged, [OPTIONS, RAW_EXTRA_ARGS.rpartition("/")[2]])
    for one in told_apart(profile.advanced_launch_options.raw_extra_args or ()):
        if isinstance(one, GivenOption) and (why := _REFUSED.get(one.name)) is not None:
            item = (arguments.items or [])[one.place] if arguments is not None else node
            problems.add(item.at, f"{one.name} does not go with cluster: {why}", also=True)

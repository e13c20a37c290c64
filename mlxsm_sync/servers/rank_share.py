"""How much of a model one rank of a cluster holds: never less than it will.

With tensor parallelism the projections of a layer are divided (`shard` of `mlx_lm/models/*.py`, 0.32.2), and
all else is on every rank. Of a pipeline each rank has some of the layers; the one with the most is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mlxsm_sync.values.cluster import Cluster

_DIVIDED = re.compile(
    r"\.(?:[qkvo]_proj|qkv_proj|q_b_proj|kv_b_proj|embed_q|unembed_out|out_proj"
    r"|gate_proj|up_proj|down_proj|gate_up_proj|fc[12]|w[123]|switch_mlp|experts|switch_glu)\."
)
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.([0-9]+)\.")


class Parts(NamedTuple):
    """The bytes of a model's weights by where they go."""

    divided: int = 0
    """Those of projections that ranks divide."""
    in_layers: int = 0
    """Those of layers, which a pipeline hands out whole."""
    layers: int = 0
    """How many layers there are."""
    is_latent: bool = False
    """Whether it keeps keys and values of all heads in one row, which no rank can divide."""


def parts_of(tensors: Iterable[tuple[str, int]], *, is_latent: bool) -> Parts:
    """The parts of tensors, each with its name and its bytes."""
    divided = in_layers = 0
    layers: set[str] = set()
    for name, nbytes in tensors:
        if (found := _LAYER.search(name)) is not None:
            layers.add(found[1])
            in_layers += nbytes
            divided += nbytes if _DIVIDED.search(name) else 0
    return Parts(divided, in_layers, len(layers), is_latent)


def of_weights(weights: int, parts: Parts, cluster: Cluster) -> int:
    """The bytes of weights that the rank with the most has."""
    if cluster.sharding == "tensor":
        return weights - parts.divided + _up(parts.divided, len(cluster.ranks))
    return weights - parts.in_layers + _of_layers(parts.in_layers, parts, cluster)


def of_kept(kept: int, parts: Parts, cluster: Cluster) -> int:
    """The bytes that it keeps of conversations."""
    if cluster.sharding == "pipeline":
        return _of_layers(kept, parts, cluster)
    return kept if parts.is_latent else _up(kept, len(cluster.ranks))


def _of_layers(nbytes: int, parts: Parts, cluster: Cluster) -> int:
    """Of what all layers have, the part of the most layers that one rank has."""
    if not parts.layers:
        return nbytes
    return _up(nbytes * _up(parts.layers, len(cluster.ranks)), parts.layers)


def _up(count: int, by: int) -> int:
    return -(-count // by)

"""What one rank holds of a model: never less than it does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.servers.memory_needs import model_needs, needs_of
from mlxsm_sync.servers.rank_share import Parts, of_kept, of_weights, parts_of
from mlxsm_sync.values.cluster import Cluster, Rank
from mlxsm_sync.values.profile import Profile


def cluster(count: int, sharding: str = "tensor") -> Cluster:
    ranks = tuple(Rank(machine=f"m{one}", address=f"10.0.0.{one}", port=1) for one in range(count))
    return Cluster(ranks=ranks, sharding=sharding)  # type: ignore[arg-type] - one of the two


TENSORS = [
    ("model.embed_tokens.weight", 100),
    ("model.layers.0.self_attn.q_proj.weight", 40),
    ("model.layers.0.input_layernorm.weight", 3),
    ("model.layers.1.mlp.down_proj.weight", 41),
    ("model.layers.1.mlp.switch_mlp.up_proj.weight", 9),
    ("model.layers.2.input_layernorm.weight", 7),
]


def test_projections_are_divided_and_all_else_is_everywhere() -> None:
    parts = parts_of(TENSORS, is_latent=False)
    assert parts == Parts(divided=90, in_layers=100, layers=3)
    assert of_weights(200, parts, cluster(2)) == 110 + 45
    assert of_kept(101, parts, cluster(2)) == 51
    assert of_kept(101, parts._replace(is_latent=True), cluster(2)) == 101


def test_a_pipeline_gives_each_rank_whole_layers() -> None:
    parts = parts_of(TENSORS, is_latent=True)
    assert of_weights(200, parts, cluster(2, "pipeline")) == 100 + 67  # two of three layers
    assert of_kept(30, parts, cluster(2, "pipeline")) == 20
    assert of_weights(200, Parts(), cluster(2, "pipeline")) == 200


@given(
    st.lists(st.tuples(st.sampled_from([name for name, _ in TENSORS]), st.integers(0, 10**6))),
    st.integers(2, 8),
    st.sampled_from(["tensor", "pipeline"]),
)
def test_all_ranks_together_hold_the_whole_model(
    tensors: list[tuple[str, int]], count: int, sharding: str
) -> None:
    whole = sum(nbytes for _, nbytes in tensors)
    share = of_weights(whole, parts_of(tensors, is_latent=False), cluster(count, sharding))
    assert -(-whole // count) <= share <= whole


@pytest.mark.parametrize("sharding", ["tensor", "pipeline"])
def test_a_profile_of_a_cluster_needs_less_and_is_a_bound(model: Path, sharding: str) -> None:
    alone = Profile(name="A", model_id=str(model), host="127.0.0.1", port=1, context=256)
    needs = model_needs(model)
    whole = needs_of(alone, needs)
    part = needs_of(alone.model_copy(cluster=cluster(2, sharding)), needs)
    assert (whole.certainty, part.certainty) == ("exact", "upper-bound")
    assert part.kv == (whole.kv or 0) / 2
    assert part.weights is not None
    assert part.weights < (whole.weights or 0)
    assert json.loads((model / "config.json").read_text())["num_hidden_layers"] == 2

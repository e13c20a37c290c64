"""How much memory a model needs: weights from the headers of their files, caches from its config.json.

Nothing is loaded, and what cannot be told is told so: it is never counted as nothing.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mlxsm_sync.servers import rank_share
from mlxsm_sync.servers.architectures import Config, Kept, Unknown, kept
from mlxsm_sync.servers.layer_caches import Quantization, Talk, Window
from mlxsm_sync.servers.model_files import config_of
from mlxsm_sync.servers.rank_share import Parts, parts_of
from mlxsm_sync.servers.safetensors import Tensor, read_header
from mlxsm_sync.text.amounts import read_size
from mlxsm_sync.values.fit import Certainty
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.raw_arguments import GivenOption, told_apart

WEIGHTS = re.compile(r"model.*\.safetensors")
"""The files that mlx-lm loads, whatever an index says."""
USUAL_CONTEXT = 32768
"""The most tokens that are counted with where nobody says how many."""
USUAL_CACHED = 10
"""Conversations that the server keeps where `promptCacheSize` is not set (mlx-lm 0.32.2)."""
_WIDE = ("F32", "F64")
_NARROW = ("F16", "BF16")
_STAYS_WIDE = re.compile(r"(A_log|dt_bias|e_score_correction_bias|expert_bias|inv_freq)$")
"""Tensors in float32 whose type does not become that of the activations."""


class ModelNeeds(NamedTuple):
    """What a model on this disk needs, however it is used."""

    weights: int
    weights_exact: bool
    kept: Kept | None
    """None where it is not known what it keeps of a conversation; `message` says why."""
    width: int
    """Bytes of one number of the activations."""
    width_exact: bool
    longest: int | None
    """The most tokens that it was made for."""
    message: str | None = None
    parts: Parts = Parts()
    """What of the weights the ranks of a cluster divide."""


class Needs(NamedTuple):
    """What a profile needs."""

    context: int | None
    """The tokens of one conversation that are counted with."""
    weights: int | None = None
    kv: int | None = None
    """All conversations together; None where it is not known."""
    one_kv: int | None = None
    """One of them."""
    prompt_cache: int | None = None
    """The most that the prompt cache may hold, None where it is not declared."""
    certainty: Certainty = "unknown"
    message: str | None = None
    unset_cache: int | None = None
    """What the prompt cache may grow to, where nothing limits its bytes."""

    @property
    def total(self) -> int | None:
        """All that is sure to be asked for, None where a part of it is not known."""
        if self.weights is None or self.kv is None:
            return None
        return self.weights + self.kv + (self.prompt_cache or 0)


def model_needs(folder: Path) -> ModelNeeds:
    """What the model of a folder needs; ValueError or OSError where its files do not tell."""
    tensors: dict[str, Tensor] = {}
    files = sorted(name for name in os.listdir(folder) if WEIGHTS.fullmatch(name))
    if not files:
        raise ValueError("it has no weights")
    weights, widened = 0, False
    for name in files:
        header = read_header(folder / name)
        # mlx-lm makes numbers of two bytes out of those of one.
        weights += sum(map(_loaded, header.values()))
        widened = widened or any(map(_is_float8, header.values()))
        tensors |= header
    if weights == 0:
        raise ValueError("its files of weights hold nothing")
    config = config_of(folder)
    if config is None:
        raise ValueError("its config.json is missing or no JSON object")
    width, width_exact = _width(tensors)
    needs = ModelNeeds(weights, not widened, None, width, width_exact, _longest(config))
    named = ((name, _loaded(one)) for name, one in tensors.items())
    is_latent = "kv_lora_rank" in Config(config).told
    return _with_kept(config, needs._replace(parts=parts_of(named, is_latent=is_latent)))


def _with_kept(config: Mapping[str, Any], needs: ModelNeeds) -> ModelNeeds:
    try:
        return needs._replace(kept=kept(config))
    except Unknown as error:
        return needs._replace(message=str(error))


def _loaded(tensor: Tensor) -> int:
    """The bytes that it takes when it is loaded."""
    return tensor.nbytes * (2 if _is_float8(tensor) else 1)


def _is_float8(tensor: Tensor) -> bool:
    return tensor.dtype.startswith("F8_E") and tensor.dtype != "F8_E8M0"


def _width(tensors: Mapping[str, Tensor]) -> tuple[int, bool]:
    """Bytes of one number of the activations, and whether that is sure: the widest type wins."""
    types = Counter(one.dtype for name, one in tensors.items() if not _STAYS_WIDE.search(name))
    narrow, wide = [one for one in _NARROW if types[one]], any(types[one] for one in _WIDE)
    if not narrow:
        return (4, True) if wide else (2, False)
    # Two narrow types meet in float32, and one number in float32 makes what it meets one.
    return (4, False) if wide or len(narrow) > 1 else (2, True)


def _longest(config: Mapping[str, Any]) -> int | None:
    inner = config.get("text_config")
    for one in (inner if isinstance(inner, Mapping) else {}, config):
        value = one.get("max_position_embeddings")
        if type(value) is int and 0 < value <= 10**9:
            return value
    return None


def context_of(profile: Profile, model: ModelNeeds | None, asked: int | None = None) -> int:
    """How many tokens one conversation is counted with: asked for, declared, or what is usual."""
    longest = model.longest if model is not None else None
    return asked or profile.context or min(longest or USUAL_CONTEXT, USUAL_CONTEXT)


def needs_of(profile: Profile, model: ModelNeeds, asked: int | None = None, conversations: int = 1) -> Needs:
    """What a profile needs for so many conversations of so many tokens."""
    options = profile.advanced_launch_options
    context = context_of(profile, model, asked)
    told = given(profile)
    limit = options.prompt_cache_bytes or read_size(told.get("--prompt-cache-bytes", ""))
    cluster, weights = profile.cluster, model.weights
    if cluster is not None:
        weights = rank_share.of_weights(weights, model.parts, cluster)
    needs = Needs(context, weights, prompt_cache=limit, message=model.message)
    if model.kept is None:
        return needs
    step = options.prefill_step_size or _number(told, "--prefill-step-size") or 2048
    talk = Talk(context, model.width, step, quantization(profile))
    one = sum(layer.nbytes(talk) for layer in model.kept.layers)
    if cluster is not None:
        one = rank_share.of_kept(one, model.parts, cluster)
    count = options.prompt_cache_size or _number(told, "--prompt-cache-size") or USUAL_CACHED
    is_exact = model.weights_exact and model.kept.exact and model.width_exact and cluster is None
    return needs._replace(
        kv=conversations * one,
        one_kv=one,
        unset_cache=None if limit is not None else count * one,
        certainty="exact" if is_exact else "upper-bound",
    )


def quantization(profile: Profile) -> Quantization | None:
    """How the server is told to shrink what it keeps, None where it is not or not in numbers."""
    told = given(profile)
    bits, group = _number(told, "--kv-bits") or 0, _number(told, "--kv-group-size") or 64
    start = _number(told, "--quantized-kv-start")
    return Quantization(bits, group, 5000 if start is None else start) if bits else None


def given(profile: Profile) -> dict[str, str]:
    """The values of the options among the raw arguments."""
    arguments = told_apart(profile.advanced_launch_options.raw_extra_args or ())
    return {one.name: one.value or "" for one in arguments if isinstance(one, GivenOption)}


def _number(told: Mapping[str, str], name: str) -> int | None:
    value = told.get(name, "")
    return int(value) if re.fullmatch("[0-9]{1,15}", value) else None


def cannot_be_quantized(profile: Profile, model: ModelNeeds) -> bool:
    """Whether the server breaks off once it is to shrink what this model keeps: NotImplementedError."""
    layers = model.kept.layers if model.kept is not None else ()
    return quantization(profile) is not None and any(isinstance(one, Window) for one in layers)

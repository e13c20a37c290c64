"""What `fit` counts against mlx-lm itself: models as small as can be, each with its own caches."""

from __future__ import annotations

import importlib
import json
import random
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx.utils import tree_flatten
from mlx_lm.generate import maybe_quantize_kv_cache
from mlx_lm.models.cache import make_prompt_cache
from safetensors import SafetensorError, safe_open

from mlxsm_sync.servers.architectures import kept
from mlxsm_sync.servers.layer_caches import Quantization, Talk
from mlxsm_sync.servers.memory_needs import model_needs
from mlxsm_sync.servers.safetensors import read_header

CHUNK = 512
BASE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 4,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "vocab_size": 64,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "layer_norm_eps": 1e-5,
    "layer_norm_epsilon": 1e-5,
    "norm_epsilon": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "attention_bias": False,
    "mlp_bias": False,
    "partial_rotary_factor": 0.5,
}
MOE = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "norm_topk_prob": True,
    "shared_expert_intermediate_size": 32,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "topk_group": 1,
    "n_group": 1,
    "moe_layer_freq": 1,
    "routed_scaling_factor": 1.0,
    "scoring_func": "sigmoid",
    "topk_method": "noaux_tc",
    "use_qk_norm": False,
    "rope_scaling": None,
}
MLA = {
    "kv_lora_rank": 32,
    "q_lora_rank": 32,
    "qk_rope_head_dim": 16,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
    "num_key_value_heads": 4,
}
DELTA = {
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_conv_kernel_dim": 4,
    "full_attention_interval": 4,
}
SHORT = {
    "conv_bias": False,
    "conv_L_cache": 3,
    "norm_eps": 1e-5,
    "block_dim": 64,
    "block_ff_dim": 96,
    "block_multiple_of": 32,
    "block_ffn_dim_multiplier": 1.0,
    "block_auto_adjust_ff_dim": False,
    "full_attn_idxs": [1, 3],
}
GRANITE = {
    "embedding_multiplier": 1.0,
    "attention_multiplier": 1.0,
    "logits_scaling": 1.0,
    "residual_multiplier": 1.0,
}
GEMMA2 = {"query_pre_attn_scalar": 32, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}
SLIDING = {"sliding_window": 512, "sliding_window_pattern": 2}
LISTED = {**SLIDING, "layer_types": ["sliding_attention", "full_attention"] * 2}

EXACT: dict[str, dict[str, Any]] = {
    **{one: {} for one in ("llama", "qwen2", "qwen3", "phi3", "gemma", "mimo", "olmo2", "smollm3")},
    **{one: {"use_bias": False} for one in ("glm4", "starcoder2", "seed_oss")},
    "granite": GRANITE,
    "gemma2": GEMMA2,
    **dict.fromkeys(("mixtral", "qwen2_moe", "qwen3_moe", "glm4_moe", "dots1", "olmoe"), MOE),
    "deepseek_v3": MOE | MLA,
    "deepseek_v32": MOE | MLA | {"index_head_dim": 16, "index_n_heads": 2, "index_topk": 128},
    "glm4_moe_lite": MOE | MLA,
    "qwen3_next": MOE | DELTA,
    "qwen3_5": {"text_config": BASE | MOE | DELTA | {"model_type": "qwen3_5_text"}},
    "lfm2": SHORT,
}
BOUND = {"gemma3_text": SLIDING | GEMMA2, "gpt_oss": MOE | LISTED, "olmo3": LISTED, "llama": LISTED}


def made(model_type: str, more: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    config = {**BASE, **more, "model_type": model_type}
    module = importlib.import_module(f"mlx_lm.models.{model_type}")
    model = module.Model(module.ModelArgs.from_dict(config))
    return config, model


def used(model: Any, tokens: int, quantized: Quantization | None = None) -> tuple[int, int]:
    """The bytes of the caches after so many tokens, and the most on the way: the last token is the server's."""
    cache, most = make_prompt_cache(model), 0
    steps = [*range(0, tokens - 1, CHUNK), tokens - 1, tokens]
    for begin, end in pairwise(steps):
        model(mx.zeros((1, end - begin), dtype=mx.int32), cache=cache)
        if quantized is not None:
            maybe_quantize_kv_cache(cache, quantized.start, quantized.group, quantized.bits)
        mx.eval([one.state for one in cache])
        most = max(most, sum(one.nbytes for one in cache))
    return sum(one.nbytes for one in cache), most


def counted(config: dict[str, Any], talk: Talk) -> int:
    return sum(layer.nbytes(talk) for layer in kept(config).layers)


@pytest.mark.parametrize("model_type", EXACT)
def test_what_is_exact_is_what_mlx_lm_holds(model_type: str) -> None:
    config, model = made(model_type, EXACT[model_type])
    model.set_dtype(mx.float32)
    assert kept(config).exact
    for tokens in (2, 257, 1100):
        assert counted(config, Talk(tokens, 4, CHUNK)) == used(model, tokens)[0]


@pytest.mark.parametrize("model_type", BOUND)
def test_a_window_is_never_below_and_hardly_above(model_type: str) -> None:
    config, model = made(model_type, BOUND[model_type])
    model.set_dtype(mx.float32)
    assert not kept(config).exact
    for tokens in (600, 2000):
        _, most = used(model, tokens)
        assert most <= counted(config, Talk(tokens, 4, CHUNK)) <= 1.15 * most


UNLISTED = {
    "gpt2": {"n_embd": 64, "n_layer": 4, "n_head": 4, "n_positions": 8192, "n_ctx": 8192},
    "talkie": {"n_embd": 64},
    "nanbeige": {"num_loops": 2},
}


@pytest.mark.parametrize("model_type", UNLISTED)
def test_what_is_in_no_table_is_never_below(model_type: str) -> None:
    config, model = made(model_type, UNLISTED[model_type])
    model.set_dtype(mx.float32)
    assert not kept(config).exact
    assert used(model, 600)[1] <= counted(config, Talk(600, 4, CHUNK))


def test_activations_in_two_bytes() -> None:
    config, model = made("qwen3", {})
    model.set_dtype(mx.bfloat16)
    assert counted(config, Talk(600, 2, CHUNK)) == used(model, 600)[0]


def test_quantized_caches_are_exact_once_they_have_begun() -> None:
    config, model = made("qwen3", {})
    model.set_dtype(mx.bfloat16)
    for bits, group in ((4, 32), (8, 32)):
        quantized = Quantization(bits, group, 500)
        for tokens in (400, 600, 1100):
            talk = Talk(tokens, 2, CHUNK, quantized)
            assert counted(config, talk) == used(model, tokens, quantized)[0]


def test_a_window_is_not_quantized_by_mlx_lm_either() -> None:
    _, model = made("olmo3", LISTED)
    with pytest.raises(NotImplementedError):
        used(model, 600, Quantization(4, 32, 500))


def test_weights_are_told_to_the_byte(tmp_path: Path) -> None:
    config, model = made("qwen3", {})
    model.set_dtype(mx.bfloat16)
    arrays = dict(tree_flatten(model.parameters()))
    half = len(arrays) // 2
    for place, names in enumerate(([*arrays][:half], [*arrays][half:])):
        mx.save_safetensors(f"{tmp_path}/model-{place}.safetensors", {name: arrays[name] for name in names})
    (tmp_path / "config.json").write_text(json.dumps(config))
    needs = model_needs(tmp_path)
    assert (needs.weights, needs.width, needs.width_exact) == (
        sum(one.nbytes for one in arrays.values()),
        2,
        True,
    )


def test_headers_are_read_as_the_library_reads_them(tmp_path: Path) -> None:
    path, luck = tmp_path / "x.safetensors", random.Random(1)
    arrays = {"a": mx.zeros((3, 4)), "b": mx.zeros((5,), dtype=mx.bfloat16), "c": mx.zeros((2, 0))}
    mx.save_safetensors(str(path), arrays, {"format": "mlx"})
    whole = path.read_bytes()
    end = 8 + struct.unpack("<Q", whole[:8])[0]
    agreed = 0
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(luck.randrange(3)):
            data[luck.randrange(end)] = luck.choice(b'0123456789[]{}",:-. BFU')
        path.write_bytes(data[: luck.choice((len(data), len(data), luck.randrange(len(data))))])
        try:
            with safe_open(path, "numpy") as file:
                names = {*file.keys()}
        except SafetensorError:
            continue
        assert {*read_header(path)} == names
        agreed += 1
    assert agreed > 250

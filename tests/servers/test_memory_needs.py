"""What a model needs, from small files; tests/e2e/test_memory_oracle.py asks mlx-lm itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.servers import memory_needs
from mlxsm_sync.servers.architectures import Unknown, kept
from mlxsm_sync.servers.layer_caches import Fixed, Growing, Quantization, Talk, Window
from mlxsm_sync.servers.memory_needs import Needs, model_needs, needs_of
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile
from testing.models import A_TOKEN, PLAIN, model_folder


def profile(context: int | None = None, **options: Any) -> Profile:
    return Profile(
        name="A",
        model_id="m/a",
        host="127.0.0.1",
        port=1,
        context=context,
        advanced_launch_options=LaunchOptions(**options),
    )


def needs(folder: Path, context: int | None = None, **options: Any) -> Needs:
    return needs_of(profile(context, **options), model_needs(folder))


def test_weights_and_plain_attention_are_exact(tmp_path: Path) -> None:
    found = needs(model_folder(tmp_path / "m", 5000), 1000)
    assert (found.weights, found.kv, found.certainty) == (5000, 1024 * A_TOKEN, "exact")
    assert found.total == 5000 + 1024 * A_TOKEN


def test_a_declared_prompt_cache_is_part_of_the_sum_and_an_unset_one_is_told(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    one = 1024 * A_TOKEN
    assert needs(folder, 1000).unset_cache == 10 * one
    assert needs(folder, 1000, prompt_cache_size=3).unset_cache == 3 * one
    declared = needs(folder, 1000, prompt_cache_bytes=7)
    assert (declared.unset_cache, declared.prompt_cache, declared.total) == (None, 7, 1000 + one + 7)


@pytest.mark.parametrize(
    ("declared", "asked", "longest", "counted"),
    [
        (None, None, 40960, 32768),
        (None, None, 4096, 4096),
        (None, None, None, 32768),
        (65536, None, 4096, 65536),
        (65536, 100, 4096, 100),
    ],
)
def test_the_context_is_asked_for_declared_or_usual(
    tmp_path: Path, declared: int | None, asked: int | None, longest: int | None, counted: int
) -> None:
    config = {**PLAIN, "max_position_embeddings": longest}
    model = model_needs(model_folder(tmp_path / "m", config=config))
    assert needs_of(profile(declared), model, asked).context == counted


def test_conversations_are_counted_each(tmp_path: Path) -> None:
    model = model_needs(model_folder(tmp_path / "m"))
    assert needs_of(profile(256), model, conversations=3).kv == 3 * 256 * A_TOKEN


def test_numbers_of_one_byte_become_numbers_of_two(tmp_path: Path) -> None:
    found = needs(model_folder(tmp_path / "m", 500, dtype="F8_E4M3"), 256)
    assert (found.weights, found.certainty) == (1000, "upper-bound")


def test_activations_are_as_wide_as_the_weights(tmp_path: Path) -> None:
    assert needs(model_folder(tmp_path / "m", dtype="F32"), 256).kv == 2 * 256 * A_TOKEN


def test_keys_and_values_are_quantized_from_the_start_that_is_told(tmp_path: Path) -> None:
    folder, raw = model_folder(tmp_path / "m"), ("--kv-bits", "4", "--kv-group-size", "32")
    assert needs(folder, 4999, raw_extra_args=raw).kv == 5120 * A_TOKEN
    # Half a byte for each number, and 4 bytes for each 32 of them.
    assert needs(folder, 5000, raw_extra_args=raw).kv == 5120 * (A_TOKEN // 2) * (16 + 4) // 32
    early = (*raw, "--quantized-kv-start=10")
    assert needs(folder, 256, raw_extra_args=early).kv == 256 * (A_TOKEN // 2) * (16 + 4) // 32


def test_a_window_cannot_be_quantized(tmp_path: Path) -> None:
    config = {**PLAIN, "model_type": "gpt_oss", "sliding_window": 128}
    model = model_needs(model_folder(tmp_path / "m", config=config))
    quantized = profile(raw_extra_args=("--kv-bits", "8"))
    assert memory_needs.cannot_be_quantized(quantized, model)
    assert not memory_needs.cannot_be_quantized(profile(), model)
    assert not memory_needs.cannot_be_quantized(quantized, model_needs(model_folder(tmp_path / "n")))


def test_a_window_holds_no_more_than_it_and_a_chunk() -> None:
    window = Window(1, 1024)
    assert window.nbytes(Talk(600, 1)) == 855
    assert window.nbytes(Talk(1000, 1)) == 1024
    assert window.nbytes(Talk(100_000, 1)) == 1024 + 2048
    assert window.nbytes(Talk(100_000, 1, chunk=512)) == 1024 + 512


def test_odd_chunks_leave_less_than_a_step_over() -> None:
    assert Growing(1).nbytes(Talk(1000, 1, chunk=300)) == 1255
    assert Growing(1).nbytes(Talk(200, 1, chunk=300)) == 256


def test_a_state_does_not_grow() -> None:
    assert {Fixed(3, 5).nbytes(Talk(count, 2)) for count in (1, 10**6)} == {26}
    quantized = Quantization(4, 64, 0)
    assert Fixed(3, 5).nbytes(Talk(1, 2, quantized=quantized)) == 26


def test_what_is_in_no_table_is_a_bound(tmp_path: Path) -> None:
    found = needs(model_folder(tmp_path / "m", config={**PLAIN, "model_type": "of tomorrow"}), 1024)
    assert (found.kv, found.certainty) == (1024 * A_TOKEN, "upper-bound")


def test_a_language_model_inside_another_is_found(tmp_path: Path) -> None:
    outer = {"model_type": "mistral3", "text_config": {**PLAIN, "model_type": "mistral"}}
    found = needs(model_folder(tmp_path / "m", config=outer), 1024)
    assert (found.kv, found.certainty) == (1024 * A_TOKEN, "exact")


BROKEN: dict[str, dict[str, Any]] = {
    "no layers": {"num_hidden_layers": None},
    "negative": {"num_hidden_layers": -1},
    "text": {"num_key_value_heads": "2"},
    "true": {"num_attention_heads": True},
    "a fraction": {"head_dim": 1.5},
    "too many": {"num_hidden_layers": 10**8},
    "huge": {"hidden_size": 10**30, "head_dim": 10**30},
    "a state of an unknown kind": {"model_type": "new", "mamba_d_state": 16},
    "layers of no kind": {"model_type": "lfm2"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_told_is_unknown_and_never_nothing(tmp_path: Path, name: str) -> None:
    config = {**PLAIN, **BROKEN[name]}
    with pytest.raises(Unknown):
        kept(config)
    found = needs(model_folder(tmp_path / "m", 5000, config))
    assert (found.weights, found.kv, found.total, found.certainty) == (5000, None, None, "unknown")
    assert found.message


def test_a_folder_whose_files_do_not_tell_is_an_error(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    (folder / "model-2.safetensors").write_bytes(b"12345678")
    with pytest.raises(ValueError, match="too long"):
        model_needs(folder)
    (folder / "model-2.safetensors").unlink()
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match="missing or no JSON"):
        model_needs(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="no weights"):
        model_needs(folder)


def test_raw_arguments_say_the_same_as_their_keys(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m")
    assert needs(folder, 256, raw_extra_args=("--prompt-cache-bytes", "2GB")).prompt_cache == 2 * 10**9
    found = needs(folder, 256, raw_extra_args=("--prompt-cache-size=2", "--prefill-step-size", "100"))
    assert (found.unset_cache, found.kv) == (2 * 511 * A_TOKEN, 511 * A_TOKEN)

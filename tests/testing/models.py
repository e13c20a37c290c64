"""Folders of models as small as can be: a config.json, a tokenizer, and weights of nothing but zeros."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PLAIN: Mapping[str, Any] = {
    "model_type": "qwen3",
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "hidden_size": 128,
    "max_position_embeddings": 40960,
}
A_TOKEN = 2 * 4 * 2 * 16 * 2
"""Bytes that `PLAIN` keeps of a token."""


def model_folder(
    folder: Path, weights: int = 1000, config: Mapping[str, Any] = PLAIN, dtype: str = "BF16"
) -> Path:
    """A model with so many bytes of weights; the file has a hole in it, and takes none of the disk."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text("{}")
    width = {"BF16": 2, "F16": 2, "F32": 4, "F8_E4M3": 1}[dtype]
    header = {"w": {"dtype": dtype, "shape": [weights // width], "data_offsets": [0, weights]}}
    text = json.dumps(header).encode()
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    os.truncate(path, 8 + len(text) + weights)
    return folder


BIG: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "Qwen3-4B-4bit": (
        2_263_030_784,
        {
            "model_type": "qwen3",
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "hidden_size": 2560,
            "max_position_embeddings": 40960,
        },
    ),
    "Qwen3-Coder-30B-A3B-Instruct-4bit": (
        17_181_093_888,
        {
            "model_type": "qwen3_moe",
            "num_hidden_layers": 48,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
            "head_dim": 128,
            "hidden_size": 2048,
            "max_position_embeddings": 262144,
        },
    ),
    "gemma-3-12b-it-4bit": (
        8_068_000_000,
        {
            "model_type": "gemma3_text",
            "num_hidden_layers": 48,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 256,
            "hidden_size": 3840,
            "sliding_window": 1024,
            "sliding_window_pattern": 6,
            "max_position_embeddings": 131072,
        },
    ),
}
"""As large as the models of these names; of the weights there is only the header, over a hole in the file."""


def put_into_cache(home: Path) -> None:
    """Put the big models into the cache of the hub, as a download does."""
    for name, (weights, config) in BIG.items():
        repository = home / f".cache/huggingface/hub/models--mlx-community--{name}"
        model_folder(repository / "snapshots/0123", weights, config)
        (repository / "refs").mkdir()
        (repository / "refs/main").write_text("0123")

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

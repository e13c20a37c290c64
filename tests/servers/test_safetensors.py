"""The header of a file of weights, and what others may have put in its place."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.servers.safetensors import Tensor, read_header


def tensor(begin: int, end: int, shape: Any = None, dtype: str = "U8") -> dict[str, Any]:
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


def written(path: Path, header: Any, size: int = 0, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + bytes(size))
    return path


def test_tensors_are_told_by_name_and_metadata_is_none(tmp_path: Path) -> None:
    header = {"__metadata__": {"format": "mlx"}, "b": tensor(6, 8, [1], "BF16"), "a": tensor(0, 6, [2, 3])}
    assert read_header(written(tmp_path / "x", header, 8)) == {"a": Tensor("U8", 6), "b": Tensor("BF16", 2)}


def test_a_link_of_the_cache_is_followed(tmp_path: Path) -> None:
    blob = written(tmp_path / "blob", {"a": tensor(0, 4)}, 4)
    (tmp_path / "model.safetensors").symlink_to(blob)
    assert read_header(tmp_path / "model.safetensors") == {"a": Tensor("U8", 4)}


def test_a_tensor_of_nothing_takes_nothing(tmp_path: Path) -> None:
    header = {"a": tensor(0, 0, [0, 5]), "b": tensor(0, 4), "c": tensor(4, 4, [0])}
    assert sum(one.nbytes for one in read_header(written(tmp_path / "x", header, 4)).values()) == 4


HOSTILE: dict[str, tuple[Any, int, int | None]] = {
    "longer than the file": ({}, 0, 1000),
    "longer than any": ({}, 0, 2**63),
    "no JSON": (b"{,}", 0, None),
    "no object": ([], 0, None),
    "no text": (b"\xff\xfe{}", 0, None),
    "nested": (b"[" * 100_000, 0, None),
    "nested inside": (b'{"a":' * 5000 + b"1" + b"}" * 5000, 0, None),
    "a number too long": (b'{"a": ' + b"9" * 10_000 + b"}", 0, None),
    "a tensor that is none": ({"a": 1}, 0, None),
    "no offsets": ({"a": {"dtype": "U8", "shape": [1]}}, 1, None),
    "three offsets": ({"a": tensor(0, 1) | {"data_offsets": [0, 1, 2]}}, 2, None),
    "negative": ({"a": tensor(-4, 0)}, 0, None),
    "the wrong way round": ({"a": tensor(4, 0, [4])}, 4, None),
    "huge": ({"a": tensor(0, 2**70)}, 0, None),
    "a fraction": ({"a": tensor(0, 4) | {"data_offsets": [0, 4.0]}}, 4, None),
    "true": ({"a": tensor(0, 1) | {"data_offsets": [False, True]}}, 1, None),
    "overlapping": ({"a": tensor(0, 4), "b": tensor(2, 6)}, 6, None),
    "a gap": ({"a": tensor(0, 4), "b": tensor(5, 9)}, 9, None),
    "cut off": ({"a": tensor(0, 4)}, 3, None),
    "too much": ({"a": tensor(0, 4)}, 5, None),
    "another size": ({"a": tensor(0, 4, [3])}, 4, None),
    "a shape that is none": ({"a": tensor(0, 4, "4")}, 4, None),
    "an unknown type": ({"a": tensor(0, 4, dtype="X9")}, 4, None),
    "a type that is a list": ({"a": tensor(0, 4) | {"dtype": ["U8"]}}, 4, None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_header_is_refused(tmp_path: Path, name: str) -> None:
    header, size, length = HOSTILE[name]
    with pytest.raises(ValueError, match=r"^it |^its "):
        read_header(written(tmp_path / "x", header, size, length))


@pytest.mark.parametrize("count", range(8))
def test_a_file_without_a_whole_length_is_cut_off(tmp_path: Path, count: int) -> None:
    (tmp_path / "x").write_bytes(bytes(count))
    with pytest.raises(ValueError, match="cut off"):
        read_header(tmp_path / "x")


def test_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x")
    with pytest.raises(OSError, match="not a regular file"):
        read_header(tmp_path / "x")

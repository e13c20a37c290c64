"""The header of a safetensors file: which tensors it holds, of which type, and how many bytes each takes.

As the format is described by github.com/huggingface/safetensors, and as strictly as its own library reads it:
eight bytes with the length of the header, a JSON object, and then the tensors without a gap.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.text.nesting import loads

_LONGEST = 100_000_000
"""The longest header that the library takes."""
_LENGTH = 8
_BITS: Mapping[str, int] = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("C64", "F64", "I64", "U64"), 64),
}
_METADATA = "__metadata__"


class Tensor(NamedTuple):
    """One tensor of a file."""

    dtype: str
    """As the file calls it: `BF16`."""
    nbytes: int


def read_header(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name; ValueError where it is no such file, OSError where it cannot be read."""
    length = int.from_bytes(_exactly(read_plain(path, _LENGTH), _LENGTH), "little")
    if length > _LONGEST:
        raise ValueError("its header is too long")
    text = _exactly(read_plain(path, _LENGTH + length), _LENGTH + length)[_LENGTH:]
    try:
        header = loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("its header is no JSON") from error
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")  # noqa: TRY004 - one error for all that is wrong
    return _tensors(header, os.stat(path).st_size - _LENGTH - length)


def _exactly(data: bytes, count: int) -> bytes:
    if len(data) < count:
        raise ValueError("it is cut off")
    return data


def _tensors(header: Mapping[str, Any], size: int) -> dict[str, Tensor]:
    """The tensors, which must fill the rest of the file without a gap and without a byte that two share."""
    found = {name: _Placed(told) for name, told in header.items() if name != _METADATA}
    end = 0
    for one in sorted(found.values(), key=lambda one: (one.begin, one.end)):
        if one.begin != end:
            raise ValueError("its tensors overlap, or leave a gap")
        end = one.end
    if end != size:
        raise ValueError("it is cut off, or longer than its header says")
    return {name: Tensor(one.dtype, one.end - one.begin) for name, one in found.items()}


class _Placed:
    """A tensor and its place, as the header tells it; ValueError where that cannot be."""

    def __init__(self, told: Any) -> None:
        try:
            self.dtype, shape = told["dtype"], told["shape"]
            self.begin, self.end = told["data_offsets"]
            bits = _BITS[self.dtype]
        except (TypeError, KeyError, ValueError) as error:
            raise ValueError("its header describes a tensor that cannot be") from error
        numbers = [self.begin, self.end, *shape] if isinstance(shape, list) else [None]
        if any(type(one) is not int or not 0 <= one < 2**63 for one in numbers):
            raise ValueError("its header describes a tensor that cannot be")
        if math.prod(shape) * bits != 8 * (self.end - self.begin):
            raise ValueError("its header describes a tensor of another size")

"""What one layer of a model keeps of a conversation, and how many bytes that is, as mlx-lm 0.32.2 does it.

The classes of `mlx_lm/models/cache.py`, which tests hold these against.
"""

from __future__ import annotations

from typing import NamedTuple

_STEP = 256
"""Tokens for which a cache asks for memory at once."""
FLOAT32 = 4


class Quantization(NamedTuple):
    """How the server is told to shrink what it keeps."""

    bits: int
    group: int
    start: int
    """From how many tokens on."""


class Talk(NamedTuple):
    """One conversation, and how a server keeps it."""

    tokens: int
    width: int
    """Bytes of one number of the activations: 2 for bfloat16 and float16, 4 for float32."""
    chunk: int = 2048
    """Tokens of a prompt that are processed at once."""
    quantized: Quantization | None = None


class Growing(NamedTuple):
    """Every token is kept (`KVCache`)."""

    numbers: int
    """What is kept of a token, keys and values together."""

    def nbytes(self, talk: Talk) -> int:
        """The bytes for a conversation; after odd chunks, the last step may begin anywhere."""
        slots = -(-talk.tokens // _STEP) * _STEP
        if talk.chunk % _STEP and talk.tokens > talk.chunk:
            slots = talk.tokens + _STEP - 1
        quantized = talk.quantized
        if quantized is None or talk.tokens < quantized.start:
            return slots * self.numbers * talk.width
        # A scale and a bias for each group, as wide as the activations.
        bits = self.numbers * quantized.bits + self.numbers // quantized.group * 2 * talk.width * 8
        return slots * -(-bits // 8)


class Window(NamedTuple):
    """Only the last tokens are kept (`RotatingKVCache`), and a chunk of the prompt on top; an upper bound."""

    numbers: int
    window: int

    def nbytes(self, talk: Talk) -> int:
        """The bytes for a conversation, however its tokens came."""
        one_by_one = min(talk.tokens + _STEP - 1, self.window)
        in_chunks = min(talk.tokens, self.window + talk.chunk)
        return max(one_by_one, in_chunks) * self.numbers * talk.width


class Fixed(NamedTuple):
    """A state that does not grow (`ArraysCache`)."""

    numbers: int
    """Those of the activations' type."""
    float32: int = 0
    """Those that are of this type in every model."""

    def nbytes(self, talk: Talk) -> int:
        """The bytes for any conversation."""
        return self.numbers * talk.width + self.float32 * FLOAT32


Layer = Growing | Window | Fixed

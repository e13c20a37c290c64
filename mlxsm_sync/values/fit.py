"""How much memory profiles need, and whether that fits: what `mlxsm fit --json` prints."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Field, Value

Certainty = Literal["exact", "upper-bound", "unknown"]
Origin = Literal["asked", "iogpu.wired_limit_mb", "metal", "assumed", "ram"]


class MemoryLimit(Value):
    """How much memory models may take together."""

    nbytes: int = Field(serialization_alias="bytes")
    """The bytes."""
    from_: Origin = Field(serialization_alias="from")
    """Who says so: the command line, a setting of macOS, Metal, a share of the RAM, or all of it (Linux)."""


class FitProfile(Value):
    """What one profile needs."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine."""
    weights_bytes: int | None = None
    """The weights; null where they are not on this disk, or their files do not tell."""
    kv_bytes: int | None = None
    """The keys and values of the conversations; null where the model is not known well enough."""
    prompt_cache_bytes: int | None = None
    """What `promptCacheBytes` allows, null where that is not declared."""
    sum_bytes: int | None = None
    """All of these; null where weights or conversations are not known."""
    context: int | None = None
    """Tokens of one conversation; null where nobody says how many and the model is not on this disk."""
    certainty: Certainty
    """Whether the sum is exact, never below, or unknown."""
    fits: bool | None = None
    """Whether it fits alone; null where that is unknown."""
    message: str | None = None
    """What else there is to say."""


class FitReport(Value):
    """`mlxsm fit --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    limit: MemoryLimit
    """What models may take together."""
    profiles: tuple[FitProfile, ...]
    """In the order of the profile file where there is one, else of the state."""
    running: int
    """Bytes that servers of ours use now."""
    sum_bytes: int
    """What runs and what these profiles would add; what is unknown is not in it."""
    fits: bool | None
    """Whether all fit beside each other; null where that hangs on what is unknown."""

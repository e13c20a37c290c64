"""Lets servers begin one after the other as long as their weights fit beside what is there already."""

from __future__ import annotations

from mlxsm_sync.servers.fitting import Sized, overcommitted, told
from mlxsm_sync.values.fit import MemoryLimit


class MemoryGuard:
    """The memory that is left for one `up`: what it admits takes of it."""

    def __init__(self, limit: MemoryLimit, taken: int, *, allowed: bool = False) -> None:
        """`taken` bytes are used by servers that stay; `allowed` says that more than the limit may begin."""
        self._limit, self._taken, self._allowed = limit, taken, allowed
        self._admitted: list[Sized] = []

    def refusal(self, one: Sized) -> str | None:
        """Why a server may not begin; None where it may, and then its weights are counted."""
        weights = sum(admitted.needs.weights or 0 for admitted in self._admitted)
        reason = None if self._allowed else overcommitted(one, self._limit, self._taken + weights)
        if reason is None:
            self._admitted.append(one)
        return reason

    def warnings(self) -> list[str]:
        """What there is to say of all that may begin."""
        return told(self._admitted, self._limit, self._taken) if self._admitted else []

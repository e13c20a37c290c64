"""How a service is, in the words that all managers share."""

from __future__ import annotations

from typing import NamedTuple

from mlxsm_sync.values.services import ServiceState


class UnitState(NamedTuple):
    """What a manager says of one service; whether its server works is not its to say."""

    state: ServiceState
    """`waiting` is for being started again."""
    status: str | None = None
    """The last words of the service about itself."""
    restarts: int = 0
    """How often it was started again, where the manager counts."""

    @property
    def is_busy(self) -> bool:
        """Whether a process of it lives, or will again without anybody's asking."""
        return self.state in ("running", "starting", "stopping", "waiting")

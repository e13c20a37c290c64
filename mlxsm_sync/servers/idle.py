"""For how long a server has had nothing to do.

It writes a line for each request when the answer begins, and nothing while it is written: so a connection
that is open, and work that it does, are no idleness either.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.servers.log_blocks import is_probe
from mlxsm_sync.servers.logs import Reader
from mlxsm_sync.system.current import is_connected
from mlxsm_sync.system.portable import cpu_seconds
from mlxsm_sync.system.process import group_members
from mlxsm_sync.values.run import RunRecord

_BUSY = 0.02
"""Of one core: an idle server takes 0.002 to 0.004 for itself, and as much for questions about its health."""


class Activity(NamedTuple):
    """What was seen of a server in one moment."""

    at: float
    """When, by a clock that only goes forward."""
    wrote: bool
    """Whether it has written anything since that is not about questions of ours."""
    connected: bool
    """Whether anybody is connected to it."""
    cpu: float
    """The processor time that it has had."""


class IdleClock:
    """Counts from the last sign of use; it is pure, and sees only what it is told."""

    def __init__(self, first: Activity) -> None:
        self._last = first
        self._used_at = first.at

    def use(self, at: float) -> None:
        """Count a moment as one of use, where what was written before it may not have been seen."""
        self._used_at = at

    def seen(self, now: Activity) -> float:
        """For how many seconds the server has had nothing to do."""
        if now.wrote or now.connected or is_busy(self._last, now):
            self._used_at = now.at
        self._last = now
        return now.at - self._used_at


def is_busy(before: Activity, now: Activity) -> bool:
    """Whether it has worked between two moments; the system counts too coarsely for less than a second."""
    return now.cpu - before.cpu > _BUSY * max(now.at - before.at, 1)


def has_others(lines: list[str]) -> bool:
    """Whether anything in these lines of a log is not about our looks at its health."""
    return any(line.strip() and not (is_probe(line) and '"GET /health ' in line) for line in lines)


class Observer:
    """Looks at what a server does."""

    def __init__(self, record: RunRecord) -> None:
        self._record = record
        self._log = Reader(Path(record.log))
        self._rest = ""
        while self._log.more():
            pass  # what was written before is no use of now

    def look(self, now: float) -> Activity:
        """What it does in this moment, and what it has written since the last one."""
        wrote = False
        while text := self._log.more():
            *lines, self._rest = (self._rest + text).split("\n")
            wrote = wrote or has_others(lines)
        pid = self._record.pid or 0
        pids = {pid, *group_members(pid)}
        cpu = sum(cpu_seconds(one) or 0.0 for one in pids)
        return Activity(now, wrote, is_connected(self._record.port, pids), cpu)

    def begin_anew(self) -> None:
        """Note that the log was emptied."""
        self._log.at, self._rest = 0, ""

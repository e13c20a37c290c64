"""Whether a server that says it is well is mute: its thread has died, and its health does not know.

Only releases before 0.32.0 need this. What their log says is a reason to ask; that a question goes unanswered
while the process does nothing is the fact that decides.
"""

from __future__ import annotations

import time
from pathlib import Path

from mlxsm_sync.servers import log_messages, logs, probe
from mlxsm_sync.servers.releases import health_knows
from mlxsm_sync.system.portable import cpu_seconds
from mlxsm_sync.system.process import group_members
from mlxsm_sync.values.run import RunRecord

_IDLE = 0.02
"""Of one core: an idle server takes 0.002 to 0.004 for itself, and as much for questions about its health."""
_PATIENCE = 10.0
"""Seconds for a question to a server that was ready."""


class Idleness:
    """For how long the processes of a server have done nothing."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._since, self._used = time.monotonic(), self._cpu()

    def has_lasted(self, seconds: float) -> bool:
        """Whether the silence has lasted so long; any work begins it anew."""
        now, used = time.monotonic(), self._cpu()
        if used - self._used > _IDLE * max(now - self._since, 1):
            self._since, self._used = now, used
        return now - self._since >= seconds

    def _cpu(self) -> float:
        pids = {self._pid, *group_members(self._pid)}
        return sum(cpu_seconds(pid) or 0.0 for pid in pids)


def is_mute(record: RunRecord, pid: int, place: tuple[str, int]) -> bool:
    """Whether a server whose health is good will never answer; one question is asked where that may be."""
    if health_knows(record.server_version):
        return False
    if log_messages.death(logs.part(Path(record.log))) is None:
        return False
    idle = Idleness(pid)
    try:
        question = probe.one_token(place, _PATIENCE)
    except OSError:
        return False
    try:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if question.is_answered(0.25):
                return False
        return idle.has_lasted(_PATIENCE)
    finally:
        question.close()

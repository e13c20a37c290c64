"""What servers use: memory, and processor time in the moment of a look."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system import portable
from mlxsm_sync.system.current import age
from mlxsm_sync.system.process import by_group
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.server_reports import SeenServer

_MOMENT = 0.25
"""Seconds between two looks at processor times; the system counts too coarsely for less."""
_OF_OTHERS = ("foreign", "adopted")


class Meter:
    """Measures servers with their process groups: begun before a look at them, and read after it."""

    def __init__(self, groups: Mapping[int, Sequence[int]], leaders: Iterable[int]) -> None:
        self._groups = groups
        self._began = time.monotonic()
        self._before = {pid: portable.cpu_seconds(pid) for one in leaders for pid in groups.get(one, ())}

    def measured(self, servers: Sequence[SeenServer]) -> list[SeenServer]:
        """The servers, those that we started with what each uses."""
        if not any(_is_measured(one) for one in servers):
            return [*servers]
        time.sleep(max(self._began + _MOMENT - time.monotonic(), 0))
        return [self._with_use(one) if _is_measured(one) else one for one in servers]

    def _with_use(self, server: SeenServer) -> SeenServer:
        pid = server.pid or 0
        group = self._groups.get(pid, [pid])
        used = [count for one in group if (count := portable.memory(one)) is not None]
        return server.model_copy(
            memory_bytes=sum(used) if used else None,
            uptime_seconds=round(uptime, 1) if (uptime := age(pid)) is not None else None,
            cpu_percent=self._busy(group),
        )

    def _busy(self, group: Sequence[int]) -> float | None:
        """Of one core, since this was begun."""
        spent = [
            now - before
            for pid in group
            if (before := self._before.get(pid)) is not None
            and (now := portable.cpu_seconds(pid)) is not None
        ]
        elapsed = time.monotonic() - self._began
        return round(100 * sum(spent) / elapsed, 1) if spent else None


def used_by(files: RunFiles) -> dict[str, int]:
    """The bytes that each server of ours uses now, by entry, with its process group."""
    groups = by_group()
    pids = {}
    for entry_id, record in files.records().items():
        if isinstance(record, RunRecord):
            with found(record) as now:
                if now.handle is not None and record.pid is not None:
                    pids[entry_id] = record.pid
    return {
        entry_id: sum(portable.memory(one) or 0 for one in groups.get(pid, [pid]))
        for entry_id, pid in pids.items()
    }


def _is_measured(server: SeenServer) -> bool:
    return server.pid is not None and server.status not in _OF_OTHERS

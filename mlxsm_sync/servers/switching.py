"""Servers of ours that are stopped for another one that needs their port, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers import stopping
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.start_steps import Stopped
from mlxsm_sync.values.run import RunRecord


class Switch:
    """Those that make way for one server."""

    def __init__(self, files: RunFiles, again: Callable[[RunRecord], str]) -> None:
        """`again` says how a server that was stopped is started again."""
        self._files = files
        self._again = again
        self._stopped: list[RunRecord] = []
        self._asked: list[RunRecord] = []

    def stop(self, entries: Iterable[str], hurry: Event) -> None:
        """Stop the servers of these entries as `down` does; ServerError where one stays, Stopped."""
        found = [self._files.record(one) for one in sorted(entries)]
        records = [one for one in found if isinstance(one, RunRecord)]
        reports = stopping.stop_all([(one.name, one) for one in records], self._files, hurry=hurry)
        for record, report in zip(records, reports, strict=True):
            if report.result in ("stopped", "killed"):
                self._stopped.append(record)
            elif hurry.is_set() and self._files.asked(record) is not None:
                self._asked.append(record)
        if hurry.is_set():
            raise Stopped
        for report in reports:
            if report.result == "failed":
                raise ServerError(f'"{report.name}" cannot be stopped: {report.message}')

    @property
    def done(self) -> list[str]:
        """What is told where the new server has come up."""
        return [f'"{one.name}" was stopped for it' for one in self._stopped]

    @property
    def undone(self) -> list[str]:
        """What is told where it has not: who was stopped stays so, and how that is mended."""
        stopped = [f'"{one.name}" was stopped for it: {self._again(one)}' for one in self._stopped]
        return stopped + [f'"{one.name}" was asked to end for it, and may end yet' for one in self._asked]

"""`mlxsm service install`: let the manager of this system start servers, and start them again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlxsm_sync.commands.plan import DECISIONS
from mlxsm_sync.commands.servers.bring_up import SIGNALLED, orders_of, remedy_for, start
from mlxsm_sync.commands.servers.interrupts import caught
from mlxsm_sync.commands.servers.keeping import services, told
from mlxsm_sync.commands.servers.rows import rows_of
from mlxsm_sync.commands.servers.service_draft import Draft, Wish
from mlxsm_sync.commands.servers.service_means import UpOptions
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError, ServerError, UsageError
from mlxsm_sync.servers import give_up, stopping
from mlxsm_sync.servers.observed_state import Surroundings
from mlxsm_sync.servers.plan import ReplacePolicy
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.values.run import RunRecord, UpServer
from mlxsm_sync.values.services import InstalledService, InstallReport
from mlxsm_sync.views.services import install_text

if TYPE_CHECKING:
    from mlxsm_sync.planning.declared import Declared
    from mlxsm_sync.servers.orders import Orders
    from mlxsm_sync.values.state import Entry


def install(
    session: Session,
    /,
    names: tuple[str, ...],
    everything: bool,
    at: str,
    no_start: bool,
    show: bool,
    stop_after_idle: float | None,
    log_to_stdout: bool,
    **how: Any,
) -> int:
    """Write a service for each of these profiles, and start it; or only show what would be written."""
    _refuse_unclear(names, everything=everything)
    kept = services(session)
    if log_to_stdout and kept.manager.kind == "launchd":
        raise UsageError(
            "launchd keeps no log of its own", "leave out --log-to-stdout; mlxsm logs shows the log"
        )
    rows = rows_of(session, names)
    draft = Draft(session, Wish(UpOptions(**how), stop_after_idle, log_to_stdout, at))
    if show:
        return draft.show(rows)
    if at == "boot" and kept.manager.kind == "launchd":
        return draft.tell_of_daemons(rows)
    if (trouble := kept.manager.trouble()) is not None:
        raise ServerError(
            f"{trouble}; nothing was written", "--print shows what would be; mlxsm up starts servers now"
        )
    return _Installation(draft).install(rows, begin=not no_start)


def _refuse_unclear(names: Sequence[str], *, everything: bool) -> None:
    if names and everything:
        raise UsageError("--all already means every profile", "leave out the names, or --all")
    if not names and not everything:
        raise UsageError("name the profiles to install", "--all means every profile of the file")


class _Installation:
    """One call of `service install` that writes."""

    def __init__(self, draft: Draft) -> None:
        self._draft, self._session, self._kept = draft, draft.session, draft.kept
        self._files, self._how = draft.files, draft.wish.how
        self._stopped: set[str] = set()
        """The entries whose servers were stopped, to be started as their services are now."""

    def install(self, rows: Sequence[Declared], *, begin: bool) -> int:
        """Write the services, let the manager read them, and start them unless that is not wanted."""
        self._files.prepare()
        self._draft.warn()
        orders = orders_of(self._session, self._files, rows, self._how)
        for warning in (*orders.warnings, *orders.memory_warnings) if begin else ():
            self._session.output.note(f"warning: {warning}")
        reports, code = self._write(rows, orders, begin=begin)
        if begin and code == 0:
            put = {one.id for one in reports.values() if one.result not in ("refused", "failed")}
            wanted = [order for order in orders.wanted if order.entry.id in put]
            results, code = start(
                self._session, self._files, orders._replace(wanted=wanted), self._how, self._kept
            )
            reports = {place: _with_start(one, results) for place, one in reports.items()}
        if code >= SIGNALLED:
            reports = {place: self._with_stop(one) for place, one in reports.items()}
        self._report([reports[row.wanted.index] for row in rows])
        if code >= SIGNALLED:
            return code
        if any(one.result in ("refused", "failed") and one.id is not None for one in reports.values()):
            return 1
        return DECISIONS if orders.unapplied else 0

    def _write(
        self, rows: Sequence[Declared], orders: Orders, *, begin: bool
    ) -> tuple[dict[int, InstalledService], int]:
        """Write one service after the other; who asks for the end gets it between two, and is told of all."""
        reports: dict[int, InstalledService] = {}
        with caught() as signals:
            for row in rows:
                if signals:
                    reports[row.wanted.index] = _interrupted(row)
                    continue
                refused = self._refused(row, orders, begin=begin)
                reports[row.wanted.index] = refused if refused is not None else self._put(row)
        if not signals:
            return reports, 0
        self._session.output.note("interrupted: nothing more was written or started")
        return reports, SIGNALLED + signals[0]

    def _with_stop(self, one: InstalledService) -> InstalledService:
        """What an interrupt leaves: a server that was stopped to be started as its service is now."""
        if one.id not in self._stopped or one.started:
            return one
        again = self._files.command("up", one.name)
        message = f"its server was stopped, and is not started again: {again} starts it"
        return one.model_copy(message="\n".join(filter(None, (one.message, message))))

    def _refused(self, row: Declared, orders: Orders, *, begin: bool) -> InstalledService | None:
        """Why a service is not written; None where it may be."""
        if row.entry is None:
            return InstalledService(id=None, name=row.name, result="refused", message=row.reason)
        try:
            self._refuse_place(row.entry)
        except MlxsmError as error:
            return InstalledService(
                id=row.entry_id, name=row.entry.name, result="failed", message=told(error)
            )
        decided = orders.decided.get(row.wanted.index) if begin else None
        if decided is not None:
            refused = InstalledService(
                id=row.entry_id, name=row.entry.name, result="refused", message=decided.message
            )
            return refused.model_copy(result="failed") if decided.result == "failed" else refused
        message = self._in_the_way(row.entry, orders) if begin else None
        if message is None:
            return None
        return InstalledService(id=row.entry_id, name=row.entry.name, result="failed", message=message)

    def _refuse_place(self, entry: Entry) -> None:
        """ServerError where the file of a service is not ours to write, or its manager would not read it."""
        self._kept.refuse_unknown(entry.id, self._files, ask=True)
        there = self._kept.unit_file(entry.id)
        if there.kind == "blocked":
            raise ServerError(there.trouble, "remove it, then try again")
        self._kept.manager.check(self._kept.path(entry.id))

    def _in_the_way(self, entry: Entry, orders: Orders) -> str | None:
        """What keeps a server from being started, and so its service from being written."""
        running = self._running(entry)
        if running is None:
            order = next((one for one in orders.wanted if one.entry.id == entry.id), None)
            remedy = remedy_for(self._session)
            look = Surroundings(self._files, os.environ, ReplacePolicy(), remedy)
            held = look.port(order) if order is not None else None
            return held.message if held is not None else None
        if running.manager == self._kept.name(entry.id):
            return None
        how = "mlxsm run" if running.runner is not None else "mlxsm up"
        stop = self._files.command("down", entry.name)
        return f"it runs already, started by {how} as process {running.pid}: {stop} stops it; then install it"

    def _running(self, entry: Entry) -> RunRecord | None:
        record = self._files.record(entry.id)
        if not isinstance(record, RunRecord):
            return None
        with found(record) as server:
            return record if server.handle is not None else None

    def _put(self, row: Declared) -> InstalledService:
        """Write a service; one that runs as its file was before is stopped, to be started as it is now."""
        entry = row.entry
        assert entry is not None
        path = self._kept.path(entry.id)
        report = InstalledService(
            id=entry.id,
            name=entry.name,
            result="unchanged",
            service=self._kept.name(entry.id),
            path=str(path),
        )
        service, there = self._draft.service(entry), os.path.lexists(path)
        try:
            changes = self._kept.changes(service)
            if changes and (running := self._running(entry)) is not None:
                (ended,) = stopping.stop_all([(entry.name, running)], self._files)
                if ended.result == "failed":
                    raise ServerError(f"its server cannot be stopped: {ended.message}")
                self._stopped.add(entry.id)
            if changes:
                self._kept.write(service)
            try:
                self._kept.manager.put(entry.id, path, anew=changes)
            except ServerError:
                if not there:  # nobody reads it, so it is not left for anybody to find
                    self._kept.remove(entry.id, ask=False)
                raise
        except (MlxsmError, OSError) as error:
            return report.model_copy(result="failed", message=told(error))
        give_up.forget(self._files, entry.id)
        return report.model_copy(result=("updated" if there else "installed") if changes else "unchanged")

    def _report(self, reports: Sequence[InstalledService]) -> None:
        report = InstallReport(services=tuple(reports), left_out=self._draft.left_out)
        output = self._session.output
        output.data(report)
        output.print(install_text(report, output.style(sys.stdout)), wrap=True)
        if self._draft.wish.at == "boot":
            self._draft.tell_of_linger()


def _interrupted(row: Declared) -> InstalledService:
    entry_id, name = (row.entry.id, row.entry.name) if row.entry is not None else (None, row.name)
    return InstalledService(
        id=entry_id, name=name, result="failed", message="interrupted: nothing was written"
    )


def _with_start(one: InstalledService, results: Mapping[str, UpServer]) -> InstalledService:
    server = results.get(one.id or "")
    if server is None:
        return one
    known = one.model_copy(
        started=server.result in ("started", "recreated"),
        pid=server.pid,
        endpoint=server.endpoint,
        ready_seconds=server.ready_seconds,
        message=server.message,
    )
    return known.model_copy(result="failed") if server.result in ("failed", "refused") else known

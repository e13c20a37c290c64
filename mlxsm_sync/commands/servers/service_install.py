"""`mlxsm service install`: let the manager of this system start servers, and start them again."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mlxsm_sync.commands.plan import DECISIONS
from mlxsm_sync.commands.servers.bring_up import SIGNALLED, orders_of, remedy_for, start
from mlxsm_sync.commands.servers.keeping import services
from mlxsm_sync.commands.servers.rows import has_file, rows_of
from mlxsm_sync.commands.servers.service_means import UpOptions
from mlxsm_sync.commands.servers.targets import run_files
from mlxsm_sync.commands.session import DEFAULT_START_TIMEOUT, Session
from mlxsm_sync.errors import MlxsmError, ServerError, UsageError
from mlxsm_sync.files.paths import default_state_path
from mlxsm_sync.servers import give_up, stopping
from mlxsm_sync.servers.program import find_program
from mlxsm_sync.servers.service_units import HeldOptions, Kept, Service, command_line, kept_of
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.values.run import RunRecord, UpServer
from mlxsm_sync.values.services import InstalledService, InstallReport, PrintedService, PrintReport
from mlxsm_sync.views.services import install_text, printed_text

if TYPE_CHECKING:
    from mlxsm_sync.planning.declared import Declared
    from mlxsm_sync.servers.orders import Orders
    from mlxsm_sync.servers.services import Services
    from mlxsm_sync.values.state import Entry

_DAEMONS = "/Library/LaunchDaemons"
_LINGER = "/var/lib/systemd/linger"
_PASSING = ("/archive-v0/", "/environments-v2/")
"""Folders of uv's cache, in which the environments of `uvx` are for as long as uv likes."""


class _Wish(NamedTuple):
    """What services are to hold, beside their entries."""

    how: UpOptions
    stop_after_idle: float | None
    log_to_stdout: bool
    at: str


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
    installation = _Installation(session, kept, _Wish(UpOptions(**how), stop_after_idle, log_to_stdout, at))
    if show:
        return installation.show(rows)
    if at == "boot" and kept.manager.kind == "launchd":
        return installation.tell_of_daemons(rows)
    if (trouble := kept.manager.trouble()) is not None:
        raise ServerError(
            f"{trouble}; nothing was written", "--print shows what would be; mlxsm up starts servers now"
        )
    return installation.install(rows, begin=not no_start)


def _refuse_unclear(names: Sequence[str], *, everything: bool) -> None:
    if names and everything:
        raise UsageError("--all already means every profile", "leave out the names, or --all")
    if not names and not everything:
        raise UsageError("name the profiles to install", "--all means every profile of the file")


class _Installation:
    """One call of `service install`."""

    def __init__(self, session: Session, kept: Services, wish: _Wish) -> None:
        self._session, self._kept, self._wish = session, kept, wish
        self._files = run_files(session)
        self._environment: Kept = kept_of(os.environ)
        self._held = self._made()

    def _made(self) -> HeldOptions:
        """What every service holds; ServerError where there is no server program."""
        how, session = self._wish.how, self._session
        file = session.path if has_file(session) else None
        if file == "-":
            raise UsageError("a service reads its profile file again and again", "-f needs a file for that")
        return HeldOptions(
            server_command=shlex.join(find_program(how.server_command, os.environ).command),
            state=self._kept.state,
            file=os.path.abspath(file) if file is not None else None,
            machine=session.machine,
            timeout=how.timeout if how.timeout != DEFAULT_START_TIMEOUT else None,
            no_probe=how.no_probe,
            allow_host=how.allow_host,
            allow_arg=how.allow_arg,
            allow_overcommit=how.allow_overcommit,
            allow_cluster=how.allow_cluster,
            stop_after_idle=self._wish.stop_after_idle,
            log_to_stdout=self._wish.log_to_stdout,
            give_up_with_zero=self._kept.manager.kind == "launchd",
        )

    def _service(self, entry: Entry) -> Service:
        user = getpass.getuser() if self._wish.at == "boot" and self._kept.manager.kind == "launchd" else None
        variables = self._environment.variables
        if self._kept.state == os.path.realpath(default_state_path(os.environ)):
            # So that the commands that it tells people do not name what needs no name.
            variables = variables | {"MLXSM_STATE": self._kept.state}
        return Service(
            entry.id,
            command_line(sys.executable, entry.id, self._held),
            variables,
            self._wish.how.timeout,
            str(self._files.service_log_path(entry.id)),
            user,
        )

    # What is only told.

    def show(self, rows: Sequence[Declared]) -> int:
        """Print the files, and write none."""
        entries = self._applied(rows)
        printed = [
            PrintedService(
                id=entry.id,
                name=entry.name,
                service=self._kept.name(entry.id),
                path=str(self._kept.path(entry.id)),
                text=self._kept.text(self._service(entry)).decode(),
            )
            for entry in entries
        ]
        report = PrintReport(services=tuple(printed), left_out=self._environment.left_out)
        self._session.output.data(report)
        self._session.output.print(printed_text(report))
        self._warn()
        return DECISIONS if len(entries) < len(rows) else 0

    def tell_of_daemons(self, rows: Sequence[Declared]) -> int:
        """Print what only the administrator may do, and do nothing."""
        entries, remedy = self._applied(rows), remedy_for(self._session)
        for entry in entries:
            path = f"{_DAEMONS}/{self._kept.manager.file_name(entry.id)}"
            shown = remedy("service install --at boot --print", entry.name)
            self._session.output.print(
                f"{shown} | sudo tee {path} >/dev/null\nsudo launchctl bootstrap system {path}\n"
            )
        self._session.output.note("nothing was done: these commands need the administrator's password")
        return DECISIONS if len(entries) < len(rows) else 0

    def _applied(self, rows: Sequence[Declared]) -> list[Entry]:
        for row in rows:
            if row.entry is None:
                self._session.output.note(f"{row.name}: refused: {row.reason}")
        return [row.entry for row in rows if row.entry is not None]

    def _warn(self) -> None:
        note = self._session.output.note
        if left_out := self._environment.left_out:
            names = ", ".join(left_out)
            note(
                f"warning: {names} of the environment: left out, since secrets have no place in a service; "
                "hf auth login keeps a token where the server finds it"
            )
        if any(part in sys.executable for part in _PASSING):
            note(
                f"warning: {sys.executable} is in the cache of uv, which may remove it: uv tool install mlxsm"
            )

    # What is done.

    def install(self, rows: Sequence[Declared], *, begin: bool) -> int:
        """Write the services, let the manager read them, and start them unless that is not wanted."""
        self._files.prepare()
        self._warn()
        orders = orders_of(self._session, self._files, rows, self._wish.how)
        for warning in (*orders.warnings, *orders.memory_warnings) if begin else ():
            self._session.output.note(f"warning: {warning}")
        reports: dict[int, InstalledService] = {}
        for row in rows:
            refused = self._refused(row, orders, begin=begin)
            reports[row.wanted.index] = refused if refused is not None else self._put(row)
        code = 0
        if begin:
            put = {one.id for one in reports.values() if one.result not in ("refused", "failed")}
            wanted = [order for order in orders.wanted if order.entry.id in put]
            results, code = start(
                self._session, self._files, orders._replace(wanted=wanted), self._wish.how, self._kept
            )
            reports = {place: _with_start(one, results) for place, one in reports.items()}
        self._report([reports[row.wanted.index] for row in rows])
        if code >= SIGNALLED:
            return code
        if any(one.result in ("refused", "failed") and one.id is not None for one in reports.values()):
            return 1
        return DECISIONS if orders.unapplied else 0

    def _refused(self, row: Declared, orders: Orders, *, begin: bool) -> InstalledService | None:
        """Why a service is not written; None where it may be."""
        if row.entry is None:
            return InstalledService(id=None, name=row.name, result="refused", message=row.reason)
        decided = orders.decided.get(row.wanted.index) if begin else None
        if decided is not None:
            refused = InstalledService(
                id=row.entry_id, name=row.entry.name, result="refused", message=decided.message
            )
            return refused.model_copy(result="failed") if decided.result == "failed" else refused
        running = self._running(row.entry) if begin else None
        if running is None or running.manager == self._kept.name(row.entry_id):
            return None
        how = "mlxsm run" if running.runner is not None else "mlxsm up"
        stop = self._files.command("down", row.entry.name)
        message = (
            f"it runs already, started by {how} as process {running.pid}: {stop} stops it; then install it"
        )
        return InstalledService(id=row.entry_id, name=row.entry.name, result="failed", message=message)

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
        service, there = self._service(entry), os.path.lexists(path)
        try:
            changes = self._kept.changes(service)
            if changes and (running := self._running(entry)) is not None:
                (ended,) = stopping.stop_all([(entry.name, running)], self._files)
                if ended.result == "failed":
                    raise ServerError(f"its server cannot be stopped: {ended.message}")
            if changes:
                self._kept.write(service)
            self._kept.manager.put(entry.id, path, anew=changes)
        except (MlxsmError, OSError) as error:
            words = (
                error.message
                if isinstance(error, MlxsmError)
                else f"the system refused: {error.strerror or error}"
            )
            return report.model_copy(result="failed", message=words)
        give_up.forget(self._files, entry.id)
        return report.model_copy(result=("updated" if there else "installed") if changes else "unchanged")

    def _report(self, reports: Sequence[InstalledService]) -> None:
        report = InstallReport(services=tuple(reports), left_out=self._environment.left_out)
        output = self._session.output
        output.data(report)
        output.print(install_text(report, output.style(sys.stdout)), wrap=True)
        user = getpass.getuser()
        if self._wish.at == "boot" and not os.path.exists(f"{_LINGER}/{user}"):
            output.note(
                f"to be started with the machine, before anybody logs in: sudo loginctl enable-linger {user}"
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

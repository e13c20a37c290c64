"""`mlxsm service uninstall` and `mlxsm service status`: the services that were installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlxsm_sync.commands.servers.keeping import services
from mlxsm_sync.commands.servers.service_install import install
from mlxsm_sync.commands.servers.targets import (
    known_servers,
    meant,
    read_state,
    run_files,
)
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError, ServerError, UsageError
from mlxsm_sync.servers import give_up, stopping
from mlxsm_sync.servers.watching import StatusReporter
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.services import SeenService, ServiceReport, UninstalledService, UninstallReport
from mlxsm_sync.views.services import status_text, uninstall_text

if TYPE_CHECKING:
    from mlxsm_sync.commands.servers.targets import Known
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.servers.services import Services
    from mlxsm_sync.values.server_reports import SeenServer
    from mlxsm_sync.values.state import State

__all__ = ["install", "status", "uninstall"]


def uninstall(session: Session, /, names: tuple[str, ...], everything: bool) -> int:
    """Stop services through their manager, and remove their files."""
    if names and everything:
        raise UsageError("--all already means every service", "leave out the names, or --all")
    if not names and not everything:
        raise UsageError("name the services to uninstall", "--all means every service of this state")
    files, kept = run_files(session), services(session)
    known = known_servers(files)
    state = read_state(session, known) if kept.ids() or names else session.store.read()
    ids = _of_state(kept, state) if everything else _named(kept, state, known, names)
    called = known.names | {entry.id: entry.name for entry in state.entries}
    reports = [_uninstalled(files, kept, one, called.get(one, one)) for one in ids]
    report = UninstallReport(services=tuple(reports))
    session.output.data(report)
    session.output.print(uninstall_text(report, session.output.style(sys.stdout)), wrap=True)
    if not reports:
        session.output.note("no service of this state is installed")
    return int(any(one.result == "failed" for one in reports))


def _of_state(kept: Services, state: State) -> list[str]:
    """The services of this state: by what they hold, and where that cannot be read, by their entry."""
    held, here = {one: kept.held(one) for one in kept.ids()}, state.by_id
    ours = {one for one, there in held.items() if (there.state == kept.state if there else one in here)}
    return [*(one for one in here if one in ours), *sorted(ours - here.keys())]


def _named(kept: Services, state: State, known: Known, names: Sequence[str]) -> list[str]:
    """The entries of these names or IDs; UsageError for one that means nothing."""
    there, ids = kept.ids(), []
    for name in names:
        if name in there:
            ids.append(name)
            continue
        servers = meant(state, known, [name])
        ids += [*(entry.id for entry in servers.entries), *servers.gone]
    return [*dict.fromkeys(ids)]


def _uninstalled(files: RunFiles, kept: Services, entry_id: str, name: str) -> UninstalledService:
    path = kept.path(entry_id)
    report = UninstalledService(id=entry_id, name=name, result="absent", service=kept.name(entry_id))
    if not os.path.lexists(path):
        return report
    try:
        message = _stopped(files, kept, entry_id, name)
        if kept.manager.trouble() is None:
            kept.manager.remove(entry_id, path)
        else:
            kept.remove(entry_id)
    except (MlxsmError, OSError) as error:
        words = (
            error.message
            if isinstance(error, MlxsmError)
            else f"the system refused: {error.strerror or error}"
        )
        return report.model_copy(result="failed", message=words)
    files.service_log_path(entry_id).unlink(missing_ok=True)
    give_up.forget(files, entry_id)
    return report.model_copy(result="uninstalled", message=message)


def _stopped(files: RunFiles, kept: Services, entry_id: str, name: str) -> str | None:
    """Stop a service, and wait until it is gone; what there is to say of it. ServerError where it stays."""
    record = files.record(entry_id)
    runs = isinstance(record, RunRecord) and record.manager == kept.name(entry_id) and _lives(record)
    trouble = kept.manager.trouble()
    if runs and isinstance(record, RunRecord):
        (ended,) = stopping.stop_all([(name, record)], files)
        if ended.result == "failed":
            raise ServerError(f"its server cannot be stopped: {ended.message}")
    if trouble is not None:
        return f"its file was removed; {trouble}"
    if not kept.stop(entry_id):
        raise ServerError(f"{kept.manager.kind} does not end it")
    if not runs and isinstance(record, RunRecord) and _lives(record):
        return "its server was not started by it, and goes on"
    return "its server was stopped" if runs else None


def _lives(record: RunRecord) -> bool:
    with found(record) as server:
        return server.handle is not None


def status(session: Session, /, names: tuple[str, ...]) -> int:
    """Show every service of ours, with its server, and the servers that run without one."""
    files, kept = run_files(session), services(session)
    known = known_servers(files)
    state = read_state(session, known)
    there = kept.ids()
    servers = meant(state, known, names) if names else meant(state, known, ())
    reporter = StatusReporter(files, None, os.environ, known.lost)
    seen = reporter.report(servers.entries, state.entries, servers.gone).servers
    trouble = kept.manager.trouble() if there else None
    rows = [_seen(kept, files, one, one.id in state.by_id, ask=trouble is None) for one in seen]
    rows = [one for one in rows if one.service is not None or one.pid is not None or names]
    shown = {one.id for one in seen}
    rows += [_elsewhere(kept, one, ask=trouble is None) for one in there if one not in shown and not names]
    report = ServiceReport(services=tuple(rows), trouble=trouble)
    session.output.data(report)
    session.output.print(status_text(report, session.output.style(sys.stdout)))
    if not rows:
        session.output.note(
            f"no service is installed; {session.command('service install')} --all installs them"
        )
    return 0


def _seen(kept: Services, files: RunFiles, server: SeenServer, is_entry: bool, *, ask: bool) -> SeenService:
    """A service of this state, or a server without one."""
    held = kept.held_here(server.id)
    row = SeenService(
        id=server.id,
        name=server.name,
        service=kept.name(server.id) if held is not None else None,
        server=server.status,
        pid=server.pid,
        orphan=not is_entry,
    )
    if held is None:
        message = "it runs without a service, and nothing starts it again" if server.pid is not None else None
        return row.model_copy(message=message)
    path = str(kept.path(server.id))
    state = kept.manager.state(server.id).state if ask else None
    message = server.last_error
    if not is_entry:
        message = f"its entry is gone: mlxsm service uninstall {server.id} takes the service away, too"
    elif state == "waiting":
        message = f"{kept.manager.kind} starts it again soon: {server.last_error or 'it ended'}"
    elif state == "failed" or (server.pid is None and give_up.has_given_up(files, server.id)):
        again = files.command("up", server.name)
        reason = give_up.reason(files, server.id) or server.last_error or "it failed"
        message = f"it is not started again by itself: {reason.splitlines()[0]}; {again} tries again"
    return row.model_copy(path=path, state=state, message=message)


def _elsewhere(kept: Services, entry_id: str, *, ask: bool) -> SeenService:
    """A file of ours for an entry that this state does not have."""
    held = kept.held(entry_id)
    if held is None:
        message = "it cannot be read: mlxsm service uninstall takes it away, by this ID"
    elif held.state != kept.state:
        message = f"it is of another state: mlxsm service status --state {held.state} tells more"
    else:
        message = f"its entry is gone: mlxsm service uninstall {entry_id} takes the service away, too"
    return SeenService(
        id=entry_id,
        name=entry_id,
        service=kept.name(entry_id),
        path=str(kept.path(entry_id)),
        state=kept.manager.state(entry_id).state if ask else None,
        orphan=held is None or held.state == kept.state,
        message=message,
    )

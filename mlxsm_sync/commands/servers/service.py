"""`mlxsm service uninstall`: stop services, and take away what there is of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlxsm_sync.commands.servers.keeping import services, told
from mlxsm_sync.commands.servers.service_install import install
from mlxsm_sync.commands.servers.service_status import status
from mlxsm_sync.commands.servers.targets import (
    is_running,
    known_servers,
    meant,
    read_state,
    run_files,
)
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError, ServerError, UsageError
from mlxsm_sync.servers import give_up, stopping
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.services import UninstalledService, UninstallReport
from mlxsm_sync.views.services import uninstall_text

if TYPE_CHECKING:
    from mlxsm_sync.commands.servers.targets import Known
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.servers.services import Services
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
    ids = _of_state(kept, files, state) if everything else _named(kept, state, known, names)
    called = known.names | {entry.id: entry.name for entry in state.entries}
    reports = [_uninstalled(files, kept, one, called.get(one, one)) for one in ids]
    report = UninstallReport(services=tuple(reports))
    session.output.data(report)
    session.output.print(uninstall_text(report, session.output.style(sys.stdout)), wrap=True)
    if not reports:
        session.output.note("no service of this state is installed")
    return int(any(one.result == "failed" for one in reports))


def _of_state(kept: Services, files: RunFiles, state: State) -> list[str]:
    """The services of this state: by what they hold, and where that cannot be read, by their entry."""
    found, here = {one: kept.unit_file(one).kind for one in kept.ids()}, state.by_id
    lost = {one for one in files.records() if kept.is_recorded(one, files) and one not in found}
    ours = {one for one, kind in found.items() if kind == "ours" or (kind != "another" and one in here)}
    ours |= {one for one in lost if is_running(files, one)}
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
    report = UninstalledService(id=entry_id, name=name, result="absent", service=kept.name(entry_id))
    trouble = kept.manager.trouble()
    try:
        if not kept.is_there(entry_id, files, ask=trouble is None):
            return report
        kept.refuse_unknown(entry_id, files, ask=trouble is None)
        message = _stopped(files, kept, entry_id, name, trouble)
        kept.remove(entry_id, ask=trouble is None)
    except (MlxsmError, OSError) as error:
        return report.model_copy(result="failed", message=told(error))
    files.service_log_path(entry_id).unlink(missing_ok=True)
    give_up.forget(files, entry_id)
    return report.model_copy(result="uninstalled", message=message)


def _stopped(files: RunFiles, kept: Services, entry_id: str, name: str, trouble: str | None) -> str | None:
    """Stop a service, and wait until it is gone; what there is to say of it. ServerError where it stays."""
    record, lives = files.record(entry_id), is_running(files, entry_id)
    runs = lives and kept.is_recorded(entry_id, files)
    if runs and isinstance(record, RunRecord):
        (ended,) = stopping.stop_all([(name, record)], files)
        if ended.result == "failed":
            raise ServerError(f"its server cannot be stopped: {ended.message}")
    if trouble is not None:
        return f"its file was removed; {trouble}"
    if not kept.stop(entry_id):
        raise ServerError(f"{kept.manager.kind} does not end it")
    if lives and not runs:
        return "its server was not started by it, and goes on"
    return "its server was stopped" if runs else None

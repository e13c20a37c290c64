"""`mlxsm down`: stop servers that we started, and nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mlxsm_sync.commands.servers.keeping import services
from mlxsm_sync.commands.servers.targets import (
    known_servers,
    meant,
    owner_of_file,
    read_state,
    run_files,
)
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import UsageError
from mlxsm_sync.servers.logs import prune
from mlxsm_sync.servers.records import Damaged
from mlxsm_sync.servers.stopping import stop_all
from mlxsm_sync.servers.unrecorded import carriers
from mlxsm_sync.values.run import DownReport, DownServer, RunRecord
from mlxsm_sync.views.servers import down_text

if TYPE_CHECKING:
    from mlxsm_sync.commands.servers.targets import Known
    from mlxsm_sync.servers.records import Damaged, RunFiles
    from mlxsm_sync.servers.services import Services
    from mlxsm_sync.values.run import DownResult, DownServer, RunRecord
    from mlxsm_sync.values.state import State


def down(session: Session, names: tuple[str, ...], everything: bool, grace: float, force: bool) -> int:
    """Stop servers: ask each to end, and wait until it is gone and its port is free."""
    if names and everything:
        raise UsageError("--all already means every server", "leave out the names, or --all")
    files = run_files(session)
    known = known_servers(files)
    state = read_state(session, known)
    ids = _ids(session, files, state, known, names, everything=everything)
    kept = services(session)
    records, servers = _meant(files, state, known, ids, kept)
    if records:
        way_out = "--force kills it, --grace waits longer"
        servers += stop_all(records, files, grace=grace, force=force, way_out=way_out)
    servers = [_with_service(kept, files, one) for one in servers]
    _report(session, sorted(servers, key=lambda one: ids.index(one.id)))
    _prune_logs(files, state, known)
    return int(any(one.result == "failed" for one in servers))


def _ids(
    session: Session,
    files: RunFiles,
    state: State,
    known: Known,
    names: tuple[str, ...],
    *,
    everything: bool,
) -> list[str]:
    """The entries whose servers are meant; for all servers, those with something to stop or tell."""
    servers = meant(state, known, names)
    ids = [*(entry.id for entry in servers.entries), *servers.gone]
    records = {one.id: one for one in known.lost} | files.records()
    if names:
        # Of a profile that was made anew, what runs is the server of the old one.
        anew = {known.names[one] for one in servers.gone}
        silent = {entry.id for entry in servers.entries if entry.name in anew and entry.id not in known.names}
        return [one for one in ids if one not in silent]
    owner = None if everything else owner_of_file(session, files)
    owners = {one: record.owner for one, record in records.items() if isinstance(record, RunRecord)}
    owners |= {entry.id: entry.owner for entry in state.entries}
    kept = services(session)
    return [
        one
        for one in ids
        if (one in records or kept.held_here(one)) and (owner is None or owners.get(one, owner) == owner)
    ]


def _meant(
    files: RunFiles, state: State, known: Known, ids: list[str], kept: Services
) -> tuple[list[tuple[str, RunRecord]], list[DownServer]]:
    """The servers to stop under their names, and what is already known of others."""
    names = known.names | {entry.id: entry.name for entry in state.entries}
    lost = {one.id: one for one in known.lost}
    records: list[tuple[str, RunRecord]] = []
    others: list[DownServer] = []
    for entry_id in ids:
        match files.record(entry_id) or lost.get(entry_id):
            case Damaged() as damaged:
                others.append(_server(entry_id, names, "failed", _damaged(files, damaged, names[entry_id])))
            case None:
                others.append(_without_record(kept, files, entry_id, names))
            case record:
                records.append((names[entry_id], record))
    return records, others


def _damaged(files: RunFiles, damaged: Damaged, name: str) -> str:
    """Why nothing is done, and what to do about it."""
    message = f"{damaged.reason}; nothing was signalled"
    if pids := carriers(files, damaged.id):
        stop = files.command("down", name)
        message += f"; process {pids[0]} carries its mark: remove that file, and {stop} stops it"
    return message


def _without_record(kept: Services, files: RunFiles, entry_id: str, names: dict[str, str]) -> DownServer:
    """One that has no server; its service may be about to start one."""
    if kept.held_here(entry_id) is None or not kept.manager.state(entry_id).is_busy:
        return _not_ours(files, entry_id, names)
    if not kept.stop(entry_id):
        return _server(entry_id, names, "failed", f"{kept.manager.kind} does not end its service")
    return _server(entry_id, names, "stopped", None)


def _with_service(kept: Services, files: RunFiles, server: DownServer) -> DownServer:
    """What was stopped, with what its service does next."""
    if server.message is not None or server.result not in ("stopped", "killed"):
        return server
    if kept.held_here(server.id) is None:
        return server
    ends = files.command("service uninstall", server.name)
    return server.model_copy(message=f"it starts again at the next login; {ends} ends that")


def _not_ours(files: RunFiles, entry_id: str, names: dict[str, str]) -> DownServer:
    """What nothing was started for; the server of somebody else may have been adopted."""
    if files.adopted(entry_id) is None:
        return _server(entry_id, names, "not-running", None)
    message = f"mlxsm did not start it; {files.command('forget', names[entry_id])} forgets it"
    return _server(entry_id, names, "not-running", message).model_copy(adopted=True)


def _server(entry_id: str, names: dict[str, str], result: DownResult, message: str | None) -> DownServer:
    return DownServer(id=entry_id, name=names[entry_id], result=result, message=message)


def _report(session: Session, servers: list[DownServer]) -> None:
    report = DownReport(servers=tuple(servers))
    session.output.data(report)
    session.output.print(down_text(report, session.output.style(sys.stdout)), wrap=True)
    if not servers:
        session.output.note("no server that mlxsm started is running")


def _prune_logs(files: RunFiles, state: State, known: Known) -> None:
    """Remove old logs of entries that are gone, unless the state could not be read."""
    if state.lineage is not None:
        prune(files.logs, {*state.by_id, *known.names})

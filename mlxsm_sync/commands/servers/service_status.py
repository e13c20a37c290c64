"""`mlxsm service status`: the services that were installed, their servers, and servers without a service."""

from __future__ import annotations

import os
import sys
from copy import copy
from typing import TYPE_CHECKING

from mlxsm_sync.commands.servers.keeping import services
from mlxsm_sync.commands.servers.rows import row_of
from mlxsm_sync.commands.servers.targets import (
    is_running,
    known_servers,
    meant,
    read_state,
    run_files,
    tells_of_profiles,
)
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.servers import give_up
from mlxsm_sync.servers.watching import StatusReporter
from mlxsm_sync.state import run_names
from mlxsm_sync.values.services import SeenService, ServiceReport
from mlxsm_sync.views.services import status_text

if TYPE_CHECKING:
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.servers.services import Services, UnitFile
    from mlxsm_sync.values.server_reports import SeenServer
    from mlxsm_sync.values.services import ServiceState
    from mlxsm_sync.values.state import State


def status(session: Session, /, names: tuple[str, ...]) -> int:
    """Show every service of ours, with its server, and the servers that run without one."""
    files, kept = run_files(session), services(session)
    known = known_servers(files)
    state = read_state(session, known)
    servers = meant(state, known, names)
    reporter = StatusReporter(files, None, os.environ, known.lost)
    seen = reporter.report(servers.entries, state.entries, servers.gone).servers
    there = kept.ids()
    trouble = (
        kept.manager.trouble() if there or any(kept.is_recorded(one.id, files) for one in seen) else None
    )
    look = _Look(session, files, kept, state, ask=trouble is None)
    rows = [look.of_server(one) for one in seen]
    rows = [one for one in rows if one.service is not None or one.pid is not None or names]
    shown = {one.id for one in seen}
    others = [look.of_file(one) for one in there if one not in shown and not names]
    rows += [one for one in others if one is not None]
    report = ServiceReport(services=tuple(rows), trouble=trouble)
    session.output.data(report)
    session.output.print(status_text(report, session.output.style(sys.stdout)))
    if not rows:
        session.output.note(
            f"no service is installed; {session.command('service install')} --all installs them"
        )
    return 0


class _Look:
    """What there is to say of each service."""

    def __init__(self, session: Session, files: RunFiles, kept: Services, state: State, *, ask: bool) -> None:
        self._session, self._files, self._kept, self._entries = session, files, kept, state.by_id
        self._ask = ask
        self._knows = tells_of_profiles(session)

    def of_server(self, server: SeenServer) -> SeenService:
        """A service of this state, or a server without one."""
        found = self._kept.unit_file(server.id)
        row = SeenService(
            id=server.id,
            name=server.name,
            service=None,
            server=server.status,
            pid=server.pid,
            orphan=self._is_orphan(server.id),
        )
        if found.is_somebody_elses or not self._is_installed(server.id, found):
            return row.model_copy(message=self._without(server, found))
        state = self._state(server.id)
        row = row.model_copy(
            service=self._kept.name(server.id), path=str(self._kept.path(server.id)), state=state
        )
        return row.model_copy(message=self._message(server, found, state))

    def of_file(self, entry_id: str) -> SeenService | None:
        """A file of ours for an entry that this state does not have; None for what is not ours."""
        found = self._kept.unit_file(entry_id)
        away = run_names.command("service uninstall", entry_id, state=self._session.state_words)
        if found.kind == "foreign":
            return None
        if found.kind == "another":
            more = run_names.command("service status", state=("--state", found.state or ""))
            message = f"it is of another state: {more} tells more"
        elif found.kind != "ours":
            message = f"{found.trouble}: {away} takes it away"
        else:
            message = self._about_entry(entry_id)
        return SeenService(
            id=entry_id,
            name=entry_id,
            service=self._kept.name(entry_id),
            path=str(self._kept.path(entry_id)),
            state=self._state(entry_id),
            orphan=found.kind != "another" and self._is_orphan(entry_id),
            message=message,
        )

    def _is_orphan(self, entry_id: str) -> bool:
        return self._knows and entry_id not in self._entries

    def _about_entry(self, entry_id: str) -> str:
        """What there is to say of a service whose entry is not in the state."""
        if not self._knows:
            return "the state cannot be read: it cannot be told whether its entry is still there"
        away = run_names.command("service uninstall", entry_id, state=self._session.state_words)
        return f"its entry is gone: {away} takes the service away, too"

    def _state(self, entry_id: str) -> ServiceState | None:
        return self._kept.manager.state(entry_id).state if self._ask else None

    def _is_installed(self, entry_id: str, found: UnitFile) -> bool:
        """Whether this state has the service, whatever became of its file."""
        if found.kind == "ours":
            return True
        if self._kept.is_recorded(entry_id, self._files) and is_running(self._files, entry_id):
            return True
        return entry_id in self._entries and self._kept.is_there(entry_id, self._files, ask=self._ask)

    def _without(self, server: SeenServer, found: UnitFile) -> str | None:
        """What there is to say of a server that no service of this state keeps."""
        if found.is_somebody_elses:
            return found.trouble
        if server.pid is None or server.status == "foreign":
            return server.last_error
        return "it runs without a service, and nothing starts it again"

    def _message(self, server: SeenServer, found: UnitFile, state: ServiceState | None) -> str | None:
        """What there is to say or to do about a service of this state."""
        if server.id not in self._entries:
            return self._about_entry(server.id)
        if found.kind != "ours":
            anew = self._files.command("service install", server.name)
            first = "remove it; then " if found.kind == "blocked" else ""
            return f"{found.trouble}: {first}{anew} writes it anew"
        if state == "waiting" and server.pid is not None:
            return f"it runs without its service, which {self._kept.manager.kind} starts again soon"
        if state == "waiting":
            return f"{self._kept.manager.kind} starts it again soon: {server.last_error or 'it ended'}"
        if state != "failed" and not (server.pid is None and give_up.has_given_up(self._files, server.id)):
            return server.last_error
        reason = give_up.reason(self._files, server.id) or server.last_error or "it failed"
        return f"it is not started again by itself: {reason.splitlines()[0]}; {self._remedy(server, found)}"

    def _remedy(self, server: SeenServer, found: UnitFile) -> str:
        """How a service that gave up is started again, or what else is to be done about it."""
        held = found.held
        if held is not None and held.file is not None:
            there = copy(self._session)
            there.file, there.machine = held.file, held.machine
            try:
                if row_of(there, server.id) is None:
                    away = self._files.command("service uninstall", server.name)
                    return f"{held.file} has no profile of it for this machine: {away} takes the service away"
            except MlxsmError as error:
                return f"{held.file} cannot be used: {error.message}"
        return f"{self._files.command('up', server.name)} tries again"

"""`mlxsm ps`: how the servers are."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.commands.servers.keeping import services
from mlxsm_sync.commands.servers.targets import (
    known_servers,
    listing,
    meant,
    read_state,
    run_files,
    tells_of_profiles,
)
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import ServerError, UsageError
from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.servers.program import find_program
from mlxsm_sync.servers.watching import StatusReporter
from mlxsm_sync.views.servers import seen_text

if TYPE_CHECKING:
    from mlxsm_sync.servers.command_line import Program
    from mlxsm_sync.values.server_reports import SeenReport


def ps(
    session: Session,
    names: tuple[str, ...],
    watch: bool,
    check: bool,
    ask: bool,
    server_command: str | None,
) -> int:
    """Show the servers: state, process, endpoint, uptime, memory, CPU, and what a restart would change."""
    if watch and session.output.json:
        raise UsageError("--watch shows a table again and again, and --json is one document", "leave one out")
    while True:
        report = seen_servers(session, names, server_command, ask=ask)
        session.output.data(report)
        if watch and sys.stdout.isatty():
            session.output.print("\x1b[H\x1b[2J")
        _show(session, report)
        if not watch:
            return int(check and any(_is_bad(server.status) for server in report.servers))
        time.sleep(2)


def _is_bad(status: str) -> bool:
    return status not in ("ready", "joined", "stopped", "adopted")


def seen_servers(
    session: Session, names: tuple[str, ...] = (), server_command: str | None = None, *, ask: bool = False
) -> SeenReport:
    """How the servers of these names are, or all; UsageError for a name that nothing has.

    With `ask`, those that look ready are asked for one token.
    """
    files = run_files(session)
    known = known_servers(files)
    state = read_state(session, known)
    file = listing(session, state)
    servers = meant(state, known, names)
    orphans = file.orphans.union(servers.gone if tells_of_profiles(session) else ())
    machine = this_machine(session.machine, os.environ).name
    reporter = StatusReporter(
        files, _program(server_command), os.environ, known.lost, orphans, machine=machine, ask=ask
    )
    report = reporter.report(file.in_order(servers.entries), state.entries, servers.gone)
    kept = services(session)
    with_services = [one.model_copy(manager=kept.manager_of(one.id, files)) for one in report.servers]
    return report.model_copy(servers=tuple(with_services))


def _program(command: str | None) -> Program | None:
    """The server program that was named; else servers are compared with what they were started as."""
    if command is None:
        return None
    with suppress(ServerError):
        return find_program(command, os.environ)
    return None


def _show(session: Session, report: SeenReport) -> None:
    if report.servers:
        style = session.output.style(sys.stdout)
        command = run_files(session).command
        session.output.print(seen_text(report, style, command, brief=session.output.quiet))
    else:
        first = session.with_file("apply")
        session.output.note(f"there are no profiles on this machine yet; {first} puts them there")

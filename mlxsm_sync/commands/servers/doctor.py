"""`mlxsm doctor`: look at everything that could keep servers from running."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from mlxsm_sync.commands.servers.targets import run_files
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, MlxsmError
from mlxsm_sync.servers import diagnosis
from mlxsm_sync.system.memory_limit import memory_limit
from mlxsm_sync.values.server_reports import Finding
from mlxsm_sync.views.servers import doctor_text

if TYPE_CHECKING:
    from mlxsm_sync.values.server_reports import Finding
    from mlxsm_sync.values.state import Entry


def doctor(session: Session, server_command: str | None) -> int:
    """Check server program, options, models, ports, folders, file and state; start and change nothing."""
    program, findings = diagnosis.about_server(server_command, os.environ)
    findings.append(diagnosis.about_cache(os.environ))
    findings.append(_about_file(session))
    try:
        files = run_files(session)
    except FileError as error:
        findings.append(_state_trouble(error))
    else:
        findings += diagnosis.about_folders(files, session.store.path)
        entries, about_state = _about_state(session)
        findings.append(about_state)
        limit = memory_limit()
        for entry in entries:
            findings += diagnosis.about_entry(entry, program, files, os.environ, session.command, limit)
    report = diagnosis.diagnosis(findings)
    session.output.data(report)
    session.output.print(
        doctor_text(report, session.output.style(sys.stdout), quiet=session.output.quiet), wrap=True
    )
    return int(report.failures > 0)


def _state_trouble(error: MlxsmError) -> Finding:
    return Finding(topic="state", status="fail", message=error.message, remedy=error.hint)


def _about_file(session: Session) -> Finding:
    try:
        path = session.path
    except FileError as error:
        return Finding(topic="file", status="warn", message=error.message, remedy=error.hint)
    try:
        count = len(session.desired().profiles)
    except MlxsmError as error:
        message = "; ".join(map(str, error.problems[:3])) or error.message
        remedy = f"{session.command('validate', path)} shows all of it"
        return Finding(topic="file", status="fail", message=message, remedy=remedy)
    return Finding(topic="file", status="pass", message=f"{path}: {_profiles(count)}")


def _about_state(session: Session) -> tuple[tuple[Entry, ...], Finding]:
    try:
        state = session.store.read()
    except MlxsmError as error:
        return (), _state_trouble(error)
    where = session.store.path
    message = (
        f"{where}: {_profiles(len(state.entries))}" if state.lineage else f"there is none yet at {where}"
    )
    return state.entries, Finding(topic="state", status="pass", message=message)


def _profiles(count: int) -> str:
    return "1 profile" if count == 1 else f"{count} profiles"

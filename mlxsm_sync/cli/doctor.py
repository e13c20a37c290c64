"""`mlxsm doctor`: look at everything that could keep servers from running."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.runtime import run_files
from mlxsm_sync.errors import FileTrouble, MlxsmError

if TYPE_CHECKING:
    from mlxsm_sync.diagnosis import Finding
    from mlxsm_sync.state import Entry


@click.command(
    epilog="""\b
Examples:
  mlxsm doctor            everything, with what to do about it
  mlxsm doctor --json     for a bug report; nothing secret is in it
Next: mlxsm up."""
)
@options.server_command
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def doctor(shared: Shared, server_command: str | None) -> int:
    """Judge server program, options, models, ports, folders, file and state; start and change nothing."""
    files = run_files(shared)
    from mlxsm_sync import diagnosis
    from mlxsm_sync.render_servers import doctor_text

    program, findings = diagnosis.about_server(server_command, os.environ)
    findings.append(diagnosis.about_cache(os.environ))
    findings += diagnosis.about_folders(files, shared.store.path)
    findings.append(_about_file(shared))
    entries, about_state = _about_state(shared)
    findings.append(about_state)
    for entry in entries:
        findings += diagnosis.about_entry(entry, program, files, os.environ)
    report = diagnosis.diagnosis(findings)
    shared.output.data(report)
    shared.output.show(doctor_text(report, shared.output.style(sys.stdout)))
    return int(report.failures > 0)


def _about_file(shared: Shared) -> Finding:
    from mlxsm_sync.diagnosis import Finding

    try:
        path = shared.path
    except FileTrouble as error:
        return Finding(topic="file", status="warn", message=error.message, remedy=error.hint)
    try:
        count = len(shared.desired().profiles)
    except MlxsmError as error:
        told = "; ".join(map(str, error.problems[:3])) or error.message
        return Finding(topic="file", status="fail", message=told, remedy="mlxsm validate tells all of it")
    return Finding(topic="file", status="pass", message=f"{path}: {count} profiles")


def _about_state(shared: Shared) -> tuple[tuple[Entry, ...], Finding]:
    from mlxsm_sync.diagnosis import Finding

    try:
        state = shared.store.read()
    except MlxsmError as error:
        return (), Finding(topic="state", status="fail", message=error.message, remedy=error.hint)
    where = shared.store.path
    message = f"{where}: {len(state.entries)} profiles" if state.lineage else f"there is none yet at {where}"
    return state.entries, Finding(topic="state", status="pass", message=message)

"""Servers as text for people: what was started and stopped, and how they are."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from mlxsm_sync.characters import visible
from mlxsm_sync.diagnosis import Diagnosis
from mlxsm_sync.observing import ago, code_text, duration
from mlxsm_sync.render import Style, table
from mlxsm_sync.server import DownReport, DryRun, SeenReport, SeenServer, UpReport, UpServer

_UP_SIGNS = {"started": "+", "recreated": "~", "running": "=", "stale": "!", "refused": "✗", "failed": "✗"}
_DOWN_SIGNS = {"stopped": "-", "killed": "-", "not-running": "=", "failed": "✗"}
_STATUS_SIGNS = {"ready": "+", "loading": "~", "adopted": "=", "stopped": "dim"}


def up_text(report: UpReport, style: Style) -> str:
    """What came of each profile, one line each, and more for what went wrong."""
    return "".join(f"{line}\n" for server in report.servers for line in _up_lines(server, style))


def _up_lines(server: UpServer, style: Style) -> list[str]:
    sign = _UP_SIGNS[server.result]
    parts = [f"  {style.paint(sign, sign)} {style.paint(visible(server.name), 'bold')}: {server.result}"]
    if server.result in ("started", "recreated", "running"):
        parts.append(f"at http://{visible(server.endpoint or '')}/v1")
    if server.ready_seconds is not None:
        parts.append(f"ready after {server.ready_seconds:.1f} s")
    lines = [", ".join(parts)]
    if server.message:
        lines += [f"      {visible(line)}" for line in server.message.splitlines()]
    return lines


def dry_run_text(report: DryRun) -> str:
    """Command lines that a shell can run."""
    return "".join(f"{visible(shlex.join(server.argv))}\n" for server in report.servers)


def down_text(report: DownReport, style: Style) -> str:
    """What came of each server."""
    lines = []
    for server in report.servers:
        sign = _DOWN_SIGNS[server.result]
        message = f": {visible(server.message)}" if server.message else ""
        name = style.paint(visible(server.name), "bold")
        lines.append(f"  {style.paint(sign, sign)} {name}: {server.result.replace('-', ' ')}{message}")
    return "".join(f"{line}\n" for line in lines)


def seen_text(report: SeenReport, style: Style) -> str:
    """How all servers are, as a table, and below it what is wrong."""
    rows = [_row(server) for server in report.servers]
    text = table(("NAME", "STATUS", "PID", "ENDPOINT", "UPTIME", "MEMORY", "CPU"), rows, style)
    notes = [line for server in report.servers for line in _notes(server)]
    if report.memory_bytes:
        notes.append(f"memory: {size(report.memory_bytes)} of {size(report.machine_memory_bytes)}")
    return text + ("\n" + "".join(f"{line}\n" for line in notes) if notes else "")


def _row(server: SeenServer) -> Sequence[str]:
    status = f"{server.status} (stale)" if server.stale else server.status
    return (
        server.name,
        status,
        str(server.pid) if server.pid is not None else "-",
        server.endpoint or "-",
        duration(server.uptime_seconds) if server.uptime_seconds is not None else "-",
        size(server.memory_bytes) if server.memory_bytes is not None else "-",
        f"{server.cpu_percent:.1f} %" if server.cpu_percent is not None else "-",
    )


def _notes(server: SeenServer) -> list[str]:
    name = visible(server.name)
    notes = []
    if server.status == "crashed":
        how = code_text(server.exit_code) if server.exit_code is not None else "crashed"
        when = ago(server.ended_at)
        told = f"{how} {when}" if when else how
        notes.append(f"{name}: {told}{f': {visible(server.last_error)}' if server.last_error else ''}")
    elif server.last_error:
        notes.append(f"{name}: {visible(server.last_error)}")
    if server.stale:
        notes.append(f"{name}: restart needed: {visible('; '.join(server.changes))}")
    return notes


def size(count: int) -> str:
    """Bytes as `512 MB` or `12.3 GB`, in powers of ten as a disk's label has them."""
    if count < 10**9:
        return f"{count / 10**6:.0f} MB"
    return f"{count / 10**9:.1f} GB"


def doctor_text(report: Diagnosis, style: Style) -> str:
    """Every point that was looked at, what to do about it, and the counts."""
    lines = []
    for one in report.checks:
        sign = {"pass": "+", "warn": "!", "fail": "✗"}[one.status]
        subject = f" {one.subject}:" if one.subject else ""
        told = visible(f"{subject} {one.message}".strip())
        lines.append(f"{style.paint(f'{one.status:<4}', sign)}  {one.topic:<10} {told}")
        if one.remedy and one.status != "pass":
            lines.append(f"                 {visible(one.remedy)}")
    lines += ["", f"{report.passed} passed, {report.warnings} to look at, {report.failures} failed"]
    return "".join(f"{line}\n" for line in lines)

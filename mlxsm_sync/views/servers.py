"""Servers as text for people: what was started and stopped, and how they are."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence

from mlxsm_sync.text.amounts import ago, duration, size
from mlxsm_sync.text.times import local
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.endings import code_text
from mlxsm_sync.values.run import DownReport, DryRun, UpReport, UpServer
from mlxsm_sync.values.server_reports import Diagnosis, SeenReport, SeenServer
from mlxsm_sync.views.fit import bar
from mlxsm_sync.views.style import Style, records, table

Command = Callable[..., str]
"""Makes of some words a command line to be typed."""

_UP_SIGNS = {"started": "+", "recreated": "~", "running": "=", "stale": "!", "refused": "✗", "failed": "✗"}
_DOWN_SIGNS = {"stopped": "-", "killed": "-", "not-running": "=", "failed": "✗"}
_HEAD = ("NAME", "STATUS", "PID", "ENDPOINT", "UPTIME", "MEMORY", "CPU", "MODEL")
_STATUS_SIGNS = {
    "ready": "+",
    "joined": "+",
    "loading": "~",
    "waiting": "~",
    "adopted": "=",
    "stopped": "dim",
}


def up_text(report: UpReport, style: Style) -> str:
    """What came of each profile, one line each, and more for what went wrong."""
    return "".join(f"{line}\n" for server in report.servers for line in _up_lines(server, style))


def _up_lines(server: UpServer, style: Style) -> list[str]:
    sign = _UP_SIGNS[server.result]
    message = f"  {style.paint(sign, sign)} {style.paint(visible(server.name), 'bold')}: {server.result}"
    if server.result in ("started", "recreated", "running"):
        message += f" at {style.link(f'http://{visible(server.endpoint or str())}/v1')}"
    if server.ready_seconds is not None:
        message += f", ready after {server.ready_seconds:.1f} s"
    lines = [message]
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
        what = "adopted, left alone" if server.adopted else server.result.replace("-", " ")
        lines.append(f"  {style.paint(sign, sign)} {name}: {what}{message}")
    return "".join(f"{line}\n" for line in lines)


def seen_text(report: SeenReport, style: Style, command: Command, *, brief: bool = False) -> str:
    """How all servers are, as a table, and below it what is wrong, unless it is to be `brief`.

    `command` makes what can be typed. Plain: name, status, process, endpoint, seconds since its start, bytes
    of memory, percent of a core, model, manager, whether it is stale.
    """
    if style.plain:
        return records(map(_record, report.servers))
    rows = [_row(server) for server in report.servers]
    text = table(
        _HEAD,
        rows,
        style,
        lambda row, place, cell: _dressed(report.servers, row, place, cell, style),
        yielding=("MODEL", "NAME"),
        dropping=("MODEL", "CPU", "UPTIME", "MEMORY", "PID"),
    )
    if brief:
        return text
    notes = [line for server in report.servers for line in _notes(server, style, command)]
    if report.memory_bytes:
        notes.append(f"memory: {bar(report.memory_bytes, report.machine_memory_bytes, style)}")
    return text + ("\n" + "".join(f"{line}\n" for line in notes) if notes else "")


def _dressed(servers: Sequence[SeenServer], row: int, place: int, cell: str, style: Style) -> str:
    """A status in the colour of what it means, an endpoint as a link; everything else as it is."""
    if row == 0 or _HEAD[place] not in ("STATUS", "ENDPOINT"):
        return cell
    server = servers[row - 1]
    if _HEAD[place] == "ENDPOINT":
        shown = server.pid is not None and cell == server.endpoint
        return style.link(cell, f"http://{cell}/v1/models") if shown else cell
    if server.uncertain:
        return style.paint(cell, "✗")
    return style.paint(cell, "~" if _about(server) else _STATUS_SIGNS.get(server.status, "✗"))


def _about(server: SeenServer) -> list[str]:
    """What there is to say of its status."""
    return [word for word, holds in (("stale", server.stale), ("orphan", _is_left(server))) if holds]


def _row(server: SeenServer) -> Sequence[str]:
    about, status = _about(server), "unknown" if server.uncertain else server.status
    if server.rank is not None:
        about.append(f"rank {server.rank} of {server.ranks}")
    if server.manager is not None:
        about.append(server.manager.partition(":")[0])
    return (
        server.name,
        f"{status} ({', '.join(about)})" if about else status,
        str(server.pid) if server.pid is not None else "-",
        server.endpoint or "-",
        duration(server.uptime_seconds) if server.uptime_seconds is not None else "-",
        size(server.memory_bytes) if server.memory_bytes is not None else "-",
        f"{server.cpu_percent:.1f} %" if server.cpu_percent is not None else "-",
        server.model_id or "-",
    )


def _record(server: SeenServer) -> Sequence[object]:
    status = "unknown" if server.uncertain else server.status
    return (
        server.name,
        status,
        server.pid,
        server.endpoint,
        server.uptime_seconds,
        server.memory_bytes,
        server.cpu_percent,
        server.model_id,
        server.manager,
        server.stale,
    )


def _is_left(server: SeenServer) -> bool:
    """Whether it runs on for a profile that is gone."""
    return server.orphan and server.pid is not None


def _notes(server: SeenServer, style: Style, command: Command) -> list[str]:
    name = visible(server.name)
    notes = []
    if server.uncertain:
        notes.append(f"{name}: cannot tell whether it runs: {visible(server.last_error or '')}")
    elif server.status == "crashed":
        how = code_text(server.exit_code) if server.exit_code is not None else "crashed"
        when = ago(server.ended_at)
        message = f"{how} {when}" if when else how
        notes.append(f"{name}: {message}{f': {visible(server.last_error)}' if server.last_error else ''}")
    elif server.last_error:
        notes.append(f"{name}: {visible(server.last_error)}")
    if server.rank is not None and server.pid is not None:
        notes += _about_rank(server, name)
    if server.pid is not None and server.stop_requested_at is not None:
        kill = visible(command("down", server.name, options=["--force"]))
        notes.append(f"{name}: was asked to stop {ago(server.stop_requested_at)}; {kill} kills it")
    if server.orphan and server.status != "foreign":
        stop = visible(command("down", server.name))
        does = "stops it" if server.pid is not None else "clears it"
        notes.append(f"{name}: its profile is no longer in use: {stop} {does}")
    if server.stale:
        notes.append(f"{name}: restart needed: {visible('; '.join(server.changes))}")
    if style.verbose and server.environment_changes:
        changed = visible(", ".join(server.environment_changes))
        notes.append(f"{name}: a restart would take over another {changed} from the environment")
    return notes


def _about_rank(server: SeenServer, name: str) -> Iterator[str]:
    """What a rank cannot tell by itself, or when it last proved that all of them work."""
    if server.answered_by is not None and server.status == "joined":
        where = visible(server.answered_by)
        yield f"{name}: rank {server.rank} of {server.ranks}; {where} knows whether it is ready"
    elif server.answered_at is not None:
        yield f"{name}: answered {local(server.answered_at)}, {ago(server.answered_at)}"


def doctor_text(report: Diagnosis, style: Style, *, quiet: bool = False) -> str:
    """Every point that was looked at, what to do, and the counts; `quiet` leaves out what is in order."""
    lines = []
    for one in report.checks:
        if quiet and one.status == "pass":
            continue
        sign = {"pass": "+", "warn": "!", "fail": "✗"}[one.status]
        subject = f" {one.subject}:" if one.subject else ""
        message = visible(f"{subject} {one.message}".strip())
        lines.append(f"{style.paint(f'{one.status:<4}', sign)}  {one.topic:<10} {message}")
        if one.remedy and one.status != "pass":
            lines.append(f"                 {visible(one.remedy)}")
    if lines or not quiet:
        lines += [
            "",
            f"{report.passed} passed, {_counted(report.warnings, 'warning')}, {report.failures} failed",
        ]
    return "".join(f"{line}\n" for line in lines)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

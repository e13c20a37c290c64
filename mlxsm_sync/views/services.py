"""Services as text for people: what was installed and taken away, and how they are."""

from __future__ import annotations

from collections.abc import Sequence

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.services import (
    InstalledService,
    InstallReport,
    PrintReport,
    SeenService,
    ServiceReport,
    UninstallReport,
)
from mlxsm_sync.views.style import Style, records, table

_INSTALL_SIGNS = {"installed": "+", "updated": "~", "unchanged": "=", "refused": "✗", "failed": "✗"}
_UNINSTALL_SIGNS = {"uninstalled": "-", "absent": "=", "failed": "✗"}
_HEAD = ("NAME", "SERVICE", "SERVER", "PID", "UNIT")
_STATE_SIGNS = {"running": "+", "starting": "~", "waiting": "!", "failed": "✗", "absent": "✗"}


def install_text(report: InstallReport, style: Style) -> str:
    """What came of each profile, one line each, and more for what there is to say."""
    return "".join(f"{line}\n" for one in report.services for line in _install_lines(one, style))


def _install_lines(one: InstalledService, style: Style) -> list[str]:
    sign = _INSTALL_SIGNS[one.result]
    line = f"  {style.paint(sign, sign)} {style.paint(visible(one.name), 'bold')}: {one.result}"
    if one.service is not None and one.result not in ("refused", "failed"):
        line += f" as {visible(one.service)}"
    if one.pid is not None and one.result not in ("refused", "failed"):
        line += f", {'started' if one.started else 'running'} at http://{visible(one.endpoint or '')}/v1"
    if one.ready_seconds is not None:
        line += f", ready after {one.ready_seconds:.1f} s"
    return [line, *(f"      {visible(part)}" for part in (one.message or "").splitlines())]


def printed_text(report: PrintReport) -> str:
    """The files; where there are several, each behind its path."""
    if len(report.services) == 1:
        return report.services[0].text
    return "\n".join(f"# {visible(one.path)}\n{one.text}" for one in report.services)


def uninstall_text(report: UninstallReport, style: Style) -> str:
    """What came of each service."""
    lines = []
    for one in report.services:
        sign = _UNINSTALL_SIGNS[one.result]
        what = "has no service" if one.result == "absent" else one.result
        message = f": {visible(one.message)}" if one.message else ""
        lines.append(f"  {style.paint(sign, sign)} {style.paint(visible(one.name), 'bold')}: {what}{message}")
    return "".join(f"{line}\n" for line in lines)


def status_text(report: ServiceReport, style: Style) -> str:
    """Every service as a row, and what there is to say. Plain: name, service, state, server, process."""
    if style.plain:
        return records((one.name, one.service, one.state, one.server, one.pid) for one in report.services)
    rows = [_row(one) for one in report.services]

    def dressed(row: int, place: int, cell: str) -> str:
        if row == 0 or _HEAD[place] != "SERVICE":
            return cell
        return style.paint(cell, _STATE_SIGNS.get(report.services[row - 1].state or "", "dim"))

    text = (
        table(_HEAD, rows, style, dressed, yielding=("UNIT", "NAME"), dropping=("UNIT", "PID"))
        if rows
        else ""
    )
    notes = [f"{visible(one.name)}: {visible(one.message)}" for one in report.services if one.message]
    if report.trouble is not None:
        notes.append(visible(report.trouble))
    return text + ("\n" if text and notes else "") + "".join(f"{line}\n" for line in notes)


def _row(one: SeenService) -> Sequence[str]:
    return (
        one.name,
        (one.state or "unknown") if one.service is not None else "none",
        one.server or "-",
        str(one.pid) if one.pid is not None else "-",
        one.service.partition(":")[2] if one.service is not None else "-",
    )

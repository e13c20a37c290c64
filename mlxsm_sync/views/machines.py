"""A machine as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.machines import Machine

if TYPE_CHECKING:
    from mlxsm_sync.values.file_reports import MachineReport  # a plan needs none


def called_so(machine: Machine) -> str:
    """`studio (from MLXSM_MACHINE), tags big`: what a machine is called, and who says so."""
    tags = f", tags {', '.join(machine.tags)}" if machine.tags else ""
    return visible(f"{machine.name} ({machine.source}){tags}")


def machine_text(report: MachineReport, called: Machine, brief: bool) -> str:
    """The name of this machine, and the profiles that are for it; only the name where that is enough."""
    if brief:
        return f"{visible(called.name)}\n"
    lines = [called_so(called.model_copy(tags=report.machine.tags))]
    for title, names in (("For this machine", report.profiles), ("For others", report.elsewhere)):
        if names:
            lines.append(f"{title}: {', '.join(map(visible, names))}")
    if report.path is not None and report.known is not False and not report.profiles:
        lines.append(f"{visible(report.path)} has no profile for it.")
    return "\n".join(lines) + "\n"

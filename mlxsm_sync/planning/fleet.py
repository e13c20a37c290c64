"""Many machines as one fleet: each of them once, and first those that somebody has to look at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mlxsm_sync.text.unicode import fold
from mlxsm_sync.values.status import STANDINGS, MachineStatus
from mlxsm_sync.values.status_reports import FileFault


class Told(NamedTuple):
    """The status of a machine, and where it stands."""

    path: str | None
    """The file, None for this machine itself."""
    status: MachineStatus


class Fleet(NamedTuple):
    """The machines that are known of."""

    machines: tuple[Told, ...]
    """Each machine once: broken, conflict, drift, behind, in step, then by name."""
    problems: tuple[FileFault, ...]
    """The files that are not among them."""


def join(told: Iterable[Told | FileFault]) -> Fleet:
    """One fleet of what was read, in any order; of two statuses of one machine the newest is kept.

    A machine is one lineage of a state under one name.
    """
    newest: dict[tuple[str | None, str], Told] = {}
    problems: list[FileFault] = []
    for one in told:
        if isinstance(one, FileFault):
            problems.append(one)
            continue
        machine = (one.status.state.lineage, one.status.machine.name)
        known = newest.setdefault(machine, one)
        if known is not one:
            kept, older = (one, known) if one.status.at > known.status.at else (known, one)
            newest[machine] = kept
            problems.append(_twice(kept, older))
    return Fleet(tuple(sorted(newest.values(), key=_urgency)), tuple(problems))


def _urgency(told: Told) -> tuple[int, str, str]:
    name = told.status.machine.name
    return -STANDINGS.index(told.status.plan.status), fold(name), name


def _twice(kept: Told, older: Told) -> FileFault:
    again = "no newer" if kept.status.at == older.status.at else "older"
    message = f"{older.status.machine.name} is in {kept.path} as well; this status is {again}, and left out"
    return FileFault(path=str(older.path), message=message)

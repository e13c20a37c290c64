"""The mark of a run, which every server that we start carries in its environment."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import NamedTuple

from mlxsm_sync.system.current import facts, variable
from mlxsm_sync.values.run import RunRecord

RUN_VARIABLE = "MLXSM_RUN"
"""In the environment of every server that we start: the entry's id and the ID of the run."""
RECORD_VARIABLE = "MLXSM_RECORD"
"""In the same environment: where the record of the run is."""

_MARK = re.compile(r"([a-z0-9]{16})\.(.+)")


class Mark(NamedTuple):
    """What a process carries that we started."""

    id: str
    """The entry."""
    run_id: str
    """The run."""


def run_mark(record: RunRecord) -> str:
    """What stands in the environment of the server of a record."""
    return f"{record.id}.{record.run_id}"


def carries(pid: int, record: RunRecord) -> bool | None:
    """Whether a process carries the mark of the run of a record; None where it shows no environment."""
    shown = variable(pid, RUN_VARIABLE)
    return shown == run_mark(record) if shown is not None else None


def mark_of(pid: int) -> Mark | None:
    """The mark that a process of this user carries; None where it carries none."""
    text = variable(pid, RUN_VARIABLE)
    parts = _MARK.fullmatch(text or "")
    with suppress(OSError):
        about = facts(pid)
        if parts is not None and about is not None and about.user == os.geteuid():
            return Mark(parts[1], parts[2])
    return None

"""What runs on this machine, as the tests see it for themselves."""

from __future__ import annotations

from contextlib import suppress

import psutil

from mlxsm_sync.system.current import facts


def processes_of(home: str) -> list[int]:
    """Every living process that was started from this home by mlxsm."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            if "MLXSM_RUN" in environment and environment.get("HOME") == home and lives(process.pid):
                found.append(process.pid)
    return found


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked after does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def parent_of(pid: int) -> int:
    """The process that started this one."""
    return int(psutil.Process(pid).ppid())


def start_mark(pid: int) -> str:
    """When a process started, as run records note it."""
    about = facts(pid)
    assert about is not None
    return about.start_mark

"""The `mlxsm run` that is the parent of a server: proved, before it is asked to end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mlxsm_sync.system import process
from mlxsm_sync.system.current import facts
from mlxsm_sync.system.process import Handle
from mlxsm_sync.system.process_identity import found, is_child_of_runner
from mlxsm_sync.values.run import RunRecord


def held_runner(record: RunRecord) -> Handle | None:
    """The `run` of a record, held; None where it is gone, or is this process itself.

    Only the kernel says who the parent of a process is: a server that proves to be ours, and that has the
    noted process for its parent, is the proof. A number that was given again is nobody's parent here.
    """
    if record.runner is None or record.runner == os.getpid():
        return None
    with found(record) as server:
        pid = server.handle.pid if server.handle is not None else None
    if pid is None:
        return None
    handle = process.hold(record.runner, lambda: _is_parent(pid, record))
    if handle is not None and not _is_parent(pid, record):
        handle.close()
        return None
    return handle


@contextmanager
def runner_of(record: RunRecord) -> Iterator[Handle | None]:
    """The same, while the server lives or is not asked after; the handle is open inside.

    Of a server that has ended, the number and the start of the noted process are all that there is: enough
    for waiting, and not for a signal.
    """
    handle = process.hold(record.runner) if record.runner is not None else None
    try:
        yield handle if handle is not None and _is_noted(record) else None
    finally:
        if handle is not None:
            handle.close()


def _is_noted(record: RunRecord) -> bool:
    with suppress(OSError):
        about = facts(record.runner) if record.runner is not None else None
        began = about is not None and record.runner_mark in (about.start_mark, about.older_mark)
        return about is not None and began and not about.dead and about.user == os.geteuid()
    return False


def _is_parent(pid: int, record: RunRecord) -> bool:
    with suppress(OSError):
        about = facts(pid)
        return about is not None and is_child_of_runner(about, record)
    return False

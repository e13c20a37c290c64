"""How a server ended, as its parent notes it a moment later."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress

from mlxsm_sync.errors import FileError
from mlxsm_sync.files import atomic
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system.process_identity import shim_words
from mlxsm_sync.system.runners import runner_of
from mlxsm_sync.values.run import Ending, RunRecord

_PAUSE = 0.01


def ending_of(record: RunRecord, files: RunFiles, seconds: float) -> Ending | None:
    """How the server of a record ended; None if nobody saw it.

    Waits up to `seconds` while its parent lives: on a busy machine the note comes later than the end.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and _parent_lives(record, files):
        if (ending := files.ending(record)) is not None:
            return ending
        time.sleep(_PAUSE)
    return files.ending(record)


def note_ending(
    record: RunRecord, files: RunFiles, code: int, *, idle: float | None = None, reason: str | None = None
) -> None:
    """Write how a server ended, as its shim would; where the disk takes nothing, it is not known."""
    path = files.ending_path(record.id)
    ending = Ending(run_id=record.run_id, code=code, at=time.time(), idle_seconds=idle, reason=reason)
    with suppress(FileError, OSError):
        data = json.dumps(ending.model_dump()).encode()
        atomic.put_in_place(atomic.write_beside(path, data, lasting=False), path)


def _parent_lives(record: RunRecord, files: RunFiles) -> bool:
    """Whether the parent of this very run lives; its number can be that of another server's parent by now."""
    if record.runner is not None:
        with runner_of(record) as runner:
            return runner is not None
    words = shim_words(record.shim) if record.shim is not None else None
    return words is not None and os.path.basename(words[0]) == files.ending_path(record.id).name

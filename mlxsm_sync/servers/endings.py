"""How a server ended, as its parent notes it a moment later."""

from __future__ import annotations

import os
import time

from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system.process_identity import shim_words
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


def _parent_lives(record: RunRecord, files: RunFiles) -> bool:
    """Whether the parent of this very run lives; its number can be that of another server's parent by now."""
    words = shim_words(record.shim) if record.shim is not None else None
    return words is not None and os.path.basename(words[0]) == files.ending_path(record.id).name

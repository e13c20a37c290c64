"""How a server ended, as its parent notes it a moment later."""

from __future__ import annotations

import time

from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system.process_identity import is_keeper
from mlxsm_sync.values.run import Ending, RunRecord

_PAUSE = 0.01


def ending_of(record: RunRecord, files: RunFiles, seconds: float) -> Ending | None:
    """How the server of a record ended; None if nobody saw it.

    Waits up to `seconds` while its parent lives: on a busy machine the note comes later than the end.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and record.keeper is not None and is_keeper(record.keeper):
        if (ending := files.ending(record)) is not None:
            return ending
        time.sleep(_PAUSE)
    return files.ending(record)

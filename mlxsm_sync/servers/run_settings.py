"""What `mlxsm run` takes along when it becomes the program that watches its server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from mlxsm_sync.servers.stopping import GRACE
from mlxsm_sync.text.nesting import loads
from mlxsm_sync.values.run import RunRecord


class Pace(NamedTuple):
    """How often and how much."""

    look: float = 10.0
    """Seconds between two looks at the server; each makes it write a line of 66 bytes."""
    grace: float = GRACE
    """Seconds between a request to end and giving up."""
    kill: float = 10.0
    """Seconds between the same and KILL, for a server that does not work any more."""
    log_limit: int = 50_000_000
    """Bytes of a log from which on it is moved away."""


class Settings(NamedTuple):
    """What `mlxsm run` goes on with."""

    beside: str
    state: str
    named: Sequence[str]
    record: RunRecord
    """As its parent knows it, whatever becomes of the file."""
    pace: Pace
    stop_after_idle: float | None
    echo_from: int | None
    """Where in the log its repetition on standard output goes on; None where nothing is repeated."""
    zero: bool
    quiet: bool

    def words(self) -> str:
        """As the program takes it."""
        return json.dumps(self._asdict() | {"record": self.record.model_dump()})

    @classmethod
    def read(cls, words: str) -> Settings:
        """What `words` made."""
        given: dict[str, Any] = loads(words)
        record = RunRecord.model_validate_json(json.dumps(given["record"]).encode())
        return cls(**given | {"pace": Pace(*given["pace"]), "record": record})

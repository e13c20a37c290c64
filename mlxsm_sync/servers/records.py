"""The files beside a state that tell of running servers: records, endings, adopted servers, start locks.

They are named by the entry's id, never by a name that a person chose.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError, ServerError, StateLocked, UnreadableState
from mlxsm_sync.files import atomic
from mlxsm_sync.state import run_names
from mlxsm_sync.state.lock import locked
from mlxsm_sync.state.serialization import read_model, write_text
from mlxsm_sync.values.run import Adopted, Asked, Ending, RunRecord
from mlxsm_sync.values.validation import ValidationError

_LOCK_SECONDS = 5
"""A start holds the lock only until its process is noted."""


class Damaged(NamedTuple):
    """A record that cannot be read; what it was for is not known."""

    id: str
    reason: str


class RunFiles:
    """The folder of one state for what runs; made when something is first written."""

    def __init__(self, beside: Path, state: str = "state", named: Sequence[str] = ()) -> None:
        """`state` tells several states in one folder apart; `named` are the words that name this one."""
        self._named = tuple(named)
        self.folder = run_names.run_folder(beside, state)
        self.logs = beside / f"logs{self.folder.name.removeprefix('run')}"

    def command(self, verb: str, *names: str, options: Sequence[str] = ()) -> str:
        """A command line for servers of these names, to be typed."""
        return run_names.command(verb, *names, options=options, state=self._named)

    def prepare(self) -> None:
        """Make the folders, for their owner alone."""
        for folder in (self.folder, self.logs):
            with atomic.system_errors(f"cannot prepare {folder}"):
                atomic.make_private(folder)

    def record(self, entry_id: str) -> RunRecord | Damaged | None:
        """What was started for an entry; None where nothing was."""
        path = self._record_path(entry_id)
        try:
            data = atomic.read_own(path)
            record = None if data is None else read_model(RunRecord, data, path, "record")
        except (FileError, UnreadableState) as error:
            return Damaged(entry_id, error.message)
        if record is not None and record.id != entry_id:
            return Damaged(entry_id, f"the record {path} is of another entry; it was not touched")
        return record

    def records(self) -> dict[str, RunRecord | Damaged]:
        """All records, by entry."""
        found = ((entry_id, self.record(entry_id)) for entry_id in sorted(self._ids(run_names.RECORD)))
        return {entry_id: record for entry_id, record in found if record is not None}

    def write(self, record: RunRecord) -> None:
        """Put a record in its place, holding the lock; nobody sees half of one."""
        path = self._record_path(record.id)
        with atomic.system_errors(f"cannot write {path}"):
            atomic.sweep(path)
            # A record is of one boot of the machine: it need not outlive a loss of power.
            atomic.put_in_place(atomic.write_beside(path, write_text(record), lasting=False), path)

    def forget_run(self, entry_id: str) -> None:
        """Drop the record of a server that is gone, and what was noted of its end."""
        for path in (
            self._record_path(entry_id),
            self.ending_path(entry_id),
            self._asked_path(entry_id),
            self.cluster_path(entry_id),
        ):
            with atomic.system_errors(f"cannot remove {path}"), suppress(FileNotFoundError):
                path.unlink()
                atomic.sweep(path)

    def ending_path(self, entry_id: str) -> Path:
        """Where the parent of an entry's server notes how it ended."""
        return self.folder / f"{entry_id}.ending"

    def ending(self, record: RunRecord) -> Ending | None:
        """How the process of a record ended; None where nobody saw it."""
        with suppress(FileError, ValidationError):
            data = atomic.read_own(self.ending_path(record.id))
            ending = Ending.model_validate_json(data) if data is not None else None
            return ending if ending is not None and ending.run_id == record.run_id else None
        return None

    def note_asked(self, record: RunRecord) -> None:
        """Remember that a server was asked to end; it is asked all the same where that cannot be written."""
        path = self._asked_path(record.id)
        with suppress(FileError, OSError):
            data = json.dumps(Asked(run_id=record.run_id, at=time.time()).model_dump()).encode()
            atomic.put_in_place(atomic.write_beside(path, data, lasting=False), path)

    def asked(self, record: RunRecord) -> float | None:
        """When the server of a record was asked to end, in seconds since 1970; None where it was not."""
        with suppress(FileError, ValidationError):
            data = atomic.read_own(self._asked_path(record.id))
            asked = Asked.model_validate_json(data) if data is not None else None
            return asked.at if asked is not None and asked.run_id == record.run_id else None
        return None

    def cluster_path(self, entry_id: str) -> Path:
        """What mlx reads of the other ranks of an entry's cluster."""
        return self.folder / f"{entry_id}.cluster"

    def failures_path(self, entry_id: str) -> Path:
        """Where `mlxsm run` counts how often it failed."""
        return self.folder / f"{entry_id}.failures"

    def log_path(self, entry_id: str) -> Path:
        """Where an entry's server writes to."""
        return self.logs / f"{entry_id}.log"

    def service_log_path(self, entry_id: str) -> Path:
        """Where a manager without a log of its own writes what the `run` of an entry says."""
        return self.logs / f"{entry_id}.service.log"

    def adopted(self, entry_id: str) -> Adopted | None:
        """The server that was adopted at an entry's endpoint; None where none was."""
        path = self._adopted_path(entry_id)
        with suppress(FileError, UnreadableState):
            data = atomic.read_own(path)
            adopted = read_model(Adopted, data, path, "record") if data is not None else None
            return adopted if adopted is not None and adopted.id == entry_id else None
        return None

    def all_adopted(self) -> dict[str, Adopted]:
        """All adopted servers, by entry."""
        found = {entry_id: self.adopted(entry_id) for entry_id in sorted(self._ids(run_names.ADOPTED))}
        return {entry_id: adopted for entry_id, adopted in found.items() if adopted is not None}

    def adopt(self, adopted: Adopted) -> None:
        """Remember an adopted server."""
        path = self._adopted_path(adopted.id)
        self.prepare()
        with atomic.system_errors(f"cannot write {path}"):
            atomic.put_in_place(atomic.write_beside(path, write_text(adopted)), path)

    def forget_adopted(self, entry_id: str) -> bool:
        """Drop an adopted server; say whether there was one."""
        path = self._adopted_path(entry_id)
        with atomic.system_errors(f"cannot remove {path}"):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    @contextmanager
    def start_lock(self, entry_id: str) -> Iterator[None]:
        """Nobody else starts or stops this entry's server meanwhile; StateLocked where somebody does."""
        self.prepare()
        try:
            with locked(self.folder / f"{entry_id}.lock", _LOCK_SECONDS, "mlxsm up"):
                yield
        except StateLocked:
            raise ServerError(
                "another mlxsm is starting or stopping this server", "wait for it, then try again"
            ) from None

    def _record_path(self, entry_id: str) -> Path:
        return self.folder / f"{entry_id}.json"

    def _asked_path(self, entry_id: str) -> Path:
        return self.folder / f"{entry_id}.asked"

    def _adopted_path(self, entry_id: str) -> Path:
        return self.folder / f"{entry_id}.adopted"

    def _ids(self, pattern: re.Pattern[str]) -> Iterator[str]:
        with suppress(OSError):
            for name in os.listdir(self.folder):
                if found := pattern.fullmatch(name):
                    yield found[1]

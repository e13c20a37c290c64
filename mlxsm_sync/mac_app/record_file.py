"""The record of the Mac app's list as a file: read, replaced, and its earlier versions kept beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync.errors import FileError
from mlxsm_sync.files import atomic
from mlxsm_sync.files.owners import refuse_for_root
from mlxsm_sync.mac_app.list_record import ListRecord
from mlxsm_sync.mac_app.list_versions import read_record, read_version
from mlxsm_sync.state import history
from mlxsm_sync.state.lock import locked
from mlxsm_sync.state.lost import best
from mlxsm_sync.state.serialization import write_text
from mlxsm_sync.values.state import State


class RecordFile:
    """One record file. Only its lock makes a change of the list and of it one change for other writers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self, timeout: float, command: str) -> Iterator[None]:
        """Hold its lock; StateLocked after `timeout` seconds."""
        folder = self.path.parent
        with atomic.system_errors(f"cannot prepare {folder}"):
            refuse_for_root(self.path)
            atomic.make_private(folder)
        with locked(self.path.with_name(f"{self.path.name}.lock"), timeout, command):
            yield

    def read(self) -> ListRecord:
        """The record, empty if it was never written; UnreadableState if it is no record."""
        return read_record(self.path)

    def write_beside(self, record: ListRecord) -> Path:
        """Write the next record beside it, for `put` to put in its place."""
        return atomic.write_beside(self.path, write_text(record))

    def put(self, beside: Path) -> None:
        """Put what was written beside it in its place, and force that to the disk."""
        atomic.put_in_place(beside, self.path)
        atomic.sync_folder(self.path.parent)

    def replace(self, record: ListRecord) -> None:
        """Both in one."""
        self.put(self.write_beside(record))

    def keep(self, going: ListRecord, stamped: State) -> None:
        """Keep the version that goes, before `stamped` takes its place."""
        if going.written is None:
            going = going.model_copy(written=history.nothing_yet(stamped))
        history.keep(self.path, going.serial, write_text(going))

    def earlier(self) -> list[history.Earlier]:
        """The readable earlier states of this lineage, newest first."""
        return history.earlier(self.path, self.read().lineage, read_version)

    def kept(self) -> list[history.Earlier]:
        """All readable earlier states, also of other lineages, newest first."""
        return [*history.kept(self.path, read_version)]

    def best_kept(self) -> history.Earlier | None:
        """The earlier state to put back if list or record are lost; None if none is kept."""
        found = None
        with suppress(FileError):
            found = best(history.kept(self.path, read_version), None)
        return found


@contextmanager
def removed_on_failure(beside: Path) -> Iterator[None]:
    """Take away a file that was written beside another one, if it does not get to its place."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise

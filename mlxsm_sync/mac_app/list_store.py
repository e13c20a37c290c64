"""The Mac app's own list as a state: its `models.json`, and a record of ours beside our state.

Two files cannot be replaced in one step. So the record is written first, with the next version as
pending; then the list; then the record without it. Whoever reads them in between can tell which
version the list is of.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync.errors import FileError, StalePlan, UnreadableState, UnsafePlan
from mlxsm_sync.files import atomic
from mlxsm_sync.files.file_identity import as_listed
from mlxsm_sync.files.links import followed
from mlxsm_sync.files.paths import app_list_path, refuse_secret
from mlxsm_sync.mac_app.list_format import unwritten, write_list
from mlxsm_sync.mac_app.list_record import ListRecord, joined, record_of, settled
from mlxsm_sync.mac_app.list_restore import NEW_LIST_MODE, list_warnings, look, restore
from mlxsm_sync.mac_app.list_versions import listed_in, read_version, record_of_list
from mlxsm_sync.mac_app.record_file import RecordFile, removed_on_failure
from mlxsm_sync.mac_app.running import is_running
from mlxsm_sync.planning.staleness import LOOK_AGAIN
from mlxsm_sync.state import history
from mlxsm_sync.state.location_warnings import location_warnings
from mlxsm_sync.state.lost import Lost, Restored, kept_at
from mlxsm_sync.text.json_value import digest_bytes
from mlxsm_sync.values.state import State, Write

NAMES = ("MLXServerManager", "MLX Server Manager")
"""What the app's process is called."""


class AppStore:
    """The list of one installation of the app, and the record of it in a folder of ours."""

    def __init__(self, path: Path, folder: Path, *, while_app_runs: bool = False) -> None:
        with atomic.system_errors(f"cannot find {path}"):
            named = followed(path)
            self.path = as_listed(named)
        with atomic.system_errors(f"cannot find {folder}"):
            folder = followed(folder)
        refuse_secret(self.path, "the list")
        refuse_secret(folder, "the record of the list")
        self.record_path = record_of_list(self.path, named, folder)
        self._record_file = RecordFile(self.record_path)
        self._while_app_runs = while_app_runs
        self._was_read = False
        self._data: bytes | None = None
        self._record = ListRecord()

    @property
    def folder(self) -> Path:
        """Where the files of ours that belong to it are."""
        return self.record_path.parent

    @property
    def label(self) -> str:
        """What tells it from other states in that folder."""
        return self.record_path.stem

    def read(self) -> State:
        """The current state; needs no lock and no write access."""
        self._data = atomic.read_own(self.path)
        self._was_read = True
        with self._naming_the_way_back():
            record = self._record_file.read()
            listed = listed_in(self._data, self.path)
        self._record = settled(record, self._digest(), listed)
        return joined(listed, self._record)

    @contextmanager
    def locked(self, timeout: float, command: str) -> Iterator[State]:
        """Hold the lock and give the state as it is under it; StalePlan where the list has changed."""
        with self._record_file.held(timeout, command):
            shown, was_shown = self._data, self._was_read
            state = self.read()
            if was_shown and self._data != shown:
                raise self._changed()
            yield state

    def recover(self, timeout: float) -> None:
        """Finish what a writer left that was stopped after the list and before the record of it."""
        if self._record_file.read().pending is None:
            return
        with self.locked(timeout, "mlxsm"), atomic.system_errors(f"cannot write {self.record_path}"):
            atomic.sweep(self.record_path)
            self._record_file.replace(self._record)

    def refuse_to_write(self) -> None:
        """UnsafePlan where the app runs: it has its list in memory, and writes all of it at every change."""
        if not self._while_app_runs and is_running(NAMES):
            raise UnsafePlan(
                "MLX Server Manager is running, and would overwrite its list from memory; it was not touched",
                "quit the app and try again, or add --while-app-runs",
            )

    def replace(self, state: State, written: Write, lineage: str) -> State:
        """Write the next state over the one read under the lock; `lineage` names a new one."""
        stamped = state.model_copy(lineage=state.lineage or lineage, written=written)
        text = None if self._data is None else self._data.decode("utf-8")
        data = write_list(stamped.entries, text).encode()
        if lost := [*unwritten(stamped.entries, data.decode())]:
            raise AssertionError(f"{len(lost)} profiles do not survive being written")
        before = self._record.model_copy(lineage=stamped.lineage, list_digest=self._digest())
        record = record_of(stamped, digest_bytes(data))
        if data != self._data:
            self.refuse_to_write()
        with atomic.system_errors(f"cannot write {self.path}; it is as it was"):
            self._prepare(before, text, stamped)
            beside = self._record_file.write_beside(record)
            with removed_on_failure(beside):
                if data != self._data:
                    self._record_file.replace(before.model_copy(pending=record))
                    self._replace_list(data, before)
        try:
            with removed_on_failure(beside):
                # The list must not be older than the record of it after a loss of power.
                atomic.sync_folder(self.path.parent)
                self._record_file.put(beside)
        except OSError as error:
            raise FileError(
                f"{self.path} was written, but the disk did not confirm it: {error.strerror}",
                "the next mlxsm command mends the record of it",
                applied=True,
            ) from None
        self._data, self._record = data, record
        history.trim(self.record_path, stamped.lineage)
        return stamped

    def fingerprint(self) -> str | None:
        """The hash of the list as it was read: a plan holds for these bytes only."""
        return self._digest()

    def earlier(self) -> list[history.Earlier]:
        """The readable earlier states, newest first."""
        return self._record_file.earlier()

    def kept(self) -> list[history.Earlier]:
        """All readable earlier states, also of other lineages, newest first."""
        return self._record_file.kept()

    def read_kept(self, path: Path) -> history.Earlier:
        """A file as an earlier state; FileError if it is missing, UnreadableState if it is no state."""
        return kept_at(path, read_version)

    def location_warnings(self) -> list[str]:
        """What is list_warnings about the place of the record, and of the list."""
        ours = location_warnings(self.record_path)
        return [*ours, *list_warnings(self.path, self.record_path, self._restore)]

    def lost(self) -> Lost | None:
        """Why list or record cannot be used, where that can be restored; None where they can be used."""
        return look(self.path, self.record_path).lost

    def restore(self, goal: history.Earlier, written: Write, timeout: float) -> Restored:
        """Put what is kept in the place of what is lost of the two; what stands there is kept beside it."""
        with self._record_file.held(timeout, "mlxsm restore"):
            parts = look(self.path, self.record_path)
            if parts.lost is None:
                raise StalePlan(f"{self.path} can be read again; nothing was written")
            return restore(parts, goal, written, self.refuse_to_write)

    @property
    def _restore(self) -> str:
        with suppress(FileError):
            if self.path == app_list_path():
                return shlex.join(["mlxsm", "restore", "--state", "app"])
        return shlex.join(["mlxsm", "restore", "--state", f"app:{self.path}"])

    def _prepare(self, kept: ListRecord, text: str | None, stamped: State) -> None:
        """Make room, keep the version that goes, and see once more that it is the one that was read."""
        if not self.path.parent.is_dir():
            raise FileError(
                f"there is no folder {self.path.parent}",
                "start MLX Server Manager once, or name its list: --state app:PATH",
            )
        atomic.sweep(self.record_path)
        atomic.sweep(self.path)
        self._record_file.keep(kept.model_copy(list_text=text), stamped)
        if atomic.read_own(self.path) != self._data:
            raise self._changed()

    def _replace_list(self, data: bytes, before: ListRecord) -> None:
        mode = self.path.stat().st_mode & 0o777 if self._data is not None else NEW_LIST_MODE
        beside = atomic.write_beside(self.path, data, mode)
        mark = atomic.mark(self.path)
        try:
            self._refuse_others(atomic.read_own(self.path) == self._data)
            atomic.put_in_place(
                beside, self.path, lambda: self._refuse_others(atomic.mark(self.path) == mark)
            )
        except StalePlan:
            self._record_file.replace(before)
            raise
        finally:
            with suppress(OSError):
                os.unlink(beside)

    def _refuse_others(self, unchanged: bool) -> None:
        if not unchanged:
            raise self._changed()

    @contextmanager
    def _naming_the_way_back(self) -> Iterator[None]:
        """Let a failure to read name the command that puts back what is kept, if anything is."""
        try:
            yield
        except UnreadableState as error:
            if not error.newer and self._record_file.best_kept() is not None:
                way = f"to put back what is kept: {self._restore}"
                error.hint = f"{error.hint}; or {way}" if error.hint else way
            raise

    def _digest(self) -> str | None:
        return None if self._data is None else digest_bytes(self._data)

    def _changed(self) -> StalePlan:
        return StalePlan(
            f"stale plan: {self.path} was changed meanwhile by another program; nothing was written",
            LOOK_AGAIN,
        )

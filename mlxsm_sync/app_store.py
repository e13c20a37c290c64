"""The Mac app's own list as a state: its `models.json`, and a record of ours beside our state.

Two files cannot be replaced in one step. So the record is written first, with the next version as
pending; then the list; then the record without it. Whoever reads them in between can tell which
version the list is of.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync import disk, history
from mlxsm_sync.app_list import Listed, read_list, unwritten, write_list
from mlxsm_sync.app_record import Record, joined, record_of, settled
from mlxsm_sync.digest import digest_bytes
from mlxsm_sync.doubts import doubts
from mlxsm_sync.errors import FileTrouble, Guard, InvalidFile, Problem, StalePlan, UnreadableState
from mlxsm_sync.lock import locked
from mlxsm_sync.nodes import Problems
from mlxsm_sync.running_apps import is_running
from mlxsm_sync.secret_scan import refuse_secret
from mlxsm_sync.state import State, Write
from mlxsm_sync.state_text import read_model, write_text

NAMES = ("MLXServerManager", "MLX Server Manager")
"""What the app's process is called."""
_MODE = 0o644  # the app's own, for a list that is not there yet


class AppStore:
    """The list of one installation of the app, and the record of it in a folder of ours."""

    def __init__(self, path: Path, folder: Path, *, while_app_runs: bool = False) -> None:
        with disk.system_errors(f"cannot find {path}"):
            self.path = Path(os.path.realpath(path))
        refuse_secret(self.path, "the list")
        refuse_secret(Path(os.path.realpath(folder)), "the record of the list")
        mark = digest_bytes(str(self.path).encode()).removeprefix("sha256:")[:12]
        self.record_path = folder / f"app-{mark}.json"
        self._while_app_runs = while_app_runs
        self._was_read = False
        self._data: bytes | None = None
        self._record = Record()

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
        self._data = disk.read_own(self.path)
        self._was_read = True
        record = _read_record(disk.read_own(self.record_path), self.record_path)
        listed = self._listed()
        self._record = settled(record, self._digest(), listed)
        return joined(listed, self._record)

    @contextmanager
    def locked(self, timeout: float, command: str) -> Iterator[State]:
        """Hold the lock and give the state as it is under it; StalePlan where the list has changed."""
        folder = self.record_path.parent
        with disk.system_errors(f"cannot prepare {folder}"):
            disk.make_private(folder)
        with locked(self.record_path.with_name(f"{self.record_path.name}.lock"), timeout, command):
            shown, was_shown = self._data, self._was_read
            state = self.read()
            if was_shown and self._data != shown:
                raise self._changed()
            yield state

    def recover(self, timeout: float) -> None:
        """Finish what a writer left that was stopped after the list and before the record of it."""
        record = _read_record(disk.read_own(self.record_path), self.record_path)
        if record.pending is None:
            return
        with self.locked(timeout, "mlxsm"), disk.system_errors(f"cannot write {self.record_path}"):
            disk.sweep(self.record_path)
            self._replace_record(self._record)

    def refuse_to_write(self) -> None:
        """Guard where the app runs: it holds its list in memory, and writes all of it at every change."""
        if not self._while_app_runs and is_running(NAMES):
            raise Guard(
                "MLX Server Manager is running, and would overwrite its list from memory; it was not touched",
                "quit the app and try again, or add --while-app-runs",
            )

    def replace(self, state: State, written: Write, lineage: str) -> State:
        """Write the next state over the one read under the lock; `lineage` names a new one."""
        stamped = state.copy(lineage=state.lineage or lineage, written=written)
        text = self._text()
        data = write_list(stamped.entries, text).encode()
        if lost := [*unwritten(stamped.entries, data.decode())]:
            raise AssertionError(f"{len(lost)} profiles do not survive being written")
        before = self._record.copy(lineage=stamped.lineage, list_digest=self._digest())
        record = record_of(stamped, digest_bytes(data))
        if data != self._data:
            self.refuse_to_write()
        with disk.system_errors(f"cannot write {self.path}; it is as it was"):
            self._prepare(before, text, stamped)
            beside = disk.write_beside(self.record_path, write_text(record))
            try:
                if data != self._data:
                    self._replace_record(before.copy(pending=record))
                    self._replace_list(data, before)
            except BaseException:
                with suppress(OSError):
                    os.unlink(beside)
                raise
        try:
            # The list must not be older than the record of it after a loss of power.
            disk.sync_folder(self.path.parent)
            disk.put_in_place(beside, self.record_path)
            disk.sync_folder(self.record_path.parent)
        except OSError as error:
            with suppress(OSError):
                os.unlink(beside)
            raise FileTrouble(
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
        record = _read_record(disk.read_own(self.record_path), self.record_path)
        return history.earlier(self.record_path, record.lineage, _read_backup)

    def cautions(self) -> list[str]:
        """What is doubtful about the place of the record."""
        return [*doubts(self.record_path)]

    def _prepare(self, kept: Record, text: str | None, stamped: State) -> None:
        """Make room, keep the version that goes, and see once more that it is the one that was read."""
        if not self.path.parent.is_dir():
            raise FileTrouble(
                f"there is no folder {self.path.parent}",
                "start MLX Server Manager once, or name its list: --state app:PATH",
            )
        disk.sweep(self.record_path)
        disk.sweep(self.path)
        backup = kept.copy(list_text=text)
        if kept.written is None:
            backup = backup.copy(written=history.nothing_yet(stamped))
        history.keep(self.record_path, kept.serial, write_text(backup))
        if disk.read_own(self.path) != self._data:
            raise self._changed()

    def _replace_record(self, record: Record) -> None:
        disk.put_in_place(disk.write_beside(self.record_path, write_text(record)), self.record_path)
        disk.sync_folder(self.record_path.parent)

    def _replace_list(self, data: bytes, before: Record) -> None:
        mode = self.path.stat().st_mode & 0o777 if self._data is not None else _MODE
        beside = disk.write_beside(self.path, data, mode)
        mark = disk.mark(self.path)
        try:
            self._refuse_others(disk.read_own(self.path) == self._data)
            disk.put_in_place(beside, self.path, lambda: self._refuse_others(disk.mark(self.path) == mark))
        except StalePlan:
            self._replace_record(before)
            raise
        finally:
            with suppress(OSError):
                os.unlink(beside)

    def _refuse_others(self, unchanged: bool) -> None:
        if not unchanged:
            raise self._changed()

    def _text(self) -> str | None:
        if self._data is None:
            return None
        try:
            return self._data.decode("utf-8")
        except UnicodeDecodeError:
            raise self._unreadable("is not UTF-8") from None

    def _listed(self) -> list[Listed]:
        if (text := self._text()) is None:
            return []
        try:
            return read_list(text, Problems(str(self.path)))
        except InvalidFile as error:
            raise self._unreadable("cannot be read", error.problems) from None

    def _unreadable(self, what: str, problems: Sequence[Problem] = ()) -> UnreadableState:
        """A failure that says where the newest good version is, if one was kept."""
        failure = _unreadable(self.path, what, problems)
        if kept := history.newest(self.record_path, _read_backup):
            failure.hint = f"{failure.hint}; the newest good version is the listText in {kept}"
        return failure

    def _digest(self) -> str | None:
        return None if self._data is None else digest_bytes(self._data)

    def _changed(self) -> StalePlan:
        return StalePlan(
            f"stale plan: {self.path} was changed meanwhile by another program; nothing was written",
            "run mlxsm plan again and look at what it says now",
        )


def _unreadable(path: Path, what: str, problems: Sequence[Problem] = ()) -> UnreadableState:
    return UnreadableState(
        f"the list {path} {what}; it was not touched",
        "repair it before you change anything in the app, which would overwrite it with its defaults",
        problems,
    )


def _read_record(data: bytes | None, path: Path) -> Record:
    return Record() if data is None else read_model(Record, data, path, "record of the app's list")


def _read_backup(data: bytes, path: Path) -> State:
    record = _read_record(data, path)
    try:
        listed = [] if record.list_text is None else read_list(record.list_text, Problems(str(path)))
    except InvalidFile as error:
        raise _unreadable(path, "cannot be read", error.problems) from None
    return joined(listed, record)

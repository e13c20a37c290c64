"""The state on disk: locked, read, kept, replaced; never edited, never half written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync import disk, history
from mlxsm_sync.doubts import doubts
from mlxsm_sync.errors import FileTrouble, StalePlan, UnreadableState
from mlxsm_sync.lock import locked
from mlxsm_sync.secret_scan import refuse_secret
from mlxsm_sync.state import State, Write
from mlxsm_sync.state_text import read_state, write_state


class StateFile:
    """One state file; a symbolic link to it is followed once, here."""

    def __init__(self, path: Path) -> None:
        with disk.system_errors(f"cannot find {path}"):
            self.path = Path(os.path.realpath(path))
            if not self.path.name:
                raise FileTrouble(f"{path} is a folder", "name a file in it")
        refuse_secret(self.path, "the state")
        self._data: bytes | None = None
        self._state = State(lineage=None)

    @property
    def folder(self) -> Path:
        """Where the files of ours that belong to it are."""
        return self.path.parent

    @property
    def label(self) -> str:
        """What tells it from other states in that folder."""
        return self.path.stem if self.path.suffix == ".json" else self.path.name

    def read(self) -> State:
        """The current state, empty where there is no file yet; needs no lock and no write access."""
        self._data = disk.read_own(self.path)
        if self._data is None:
            return State(lineage=None)
        try:
            self._state = read_state(self._data, self.path)
            return self._state
        except UnreadableState as error:
            error.hint = history.advice(self.path, read_state)
            raise

    @contextmanager
    def locked(self, timeout: float, command: str) -> Iterator[State]:
        """Hold the lock and give the state as it is under it."""
        with disk.system_errors(f"cannot prepare {self.path.parent}"):
            disk.make_private(self.path.parent)
        with locked(self.path.with_name(f"{self.path.name}.lock"), timeout, command):
            yield self.read()

    def replace(self, state: State, written: Write, lineage: str) -> State:
        """Write the next state over the one read under the lock; `lineage` names a new one.

        Old or new, whatever happens in between: temporary file, fsync, backup, rename, fsync.
        """
        lineage = state.lineage or lineage
        stamped = state.copy(lineage=lineage, written=written)
        with disk.system_errors(f"cannot write {self.path}; the state is as it was"):
            disk.sweep(self.path)
            beside = disk.write_beside(self.path, write_state(stamped))
            try:
                self._keep_previous(stamped)
                mark = disk.mark(self.path)
                self._refuse_others(disk.read_own(self.path) == self._data)
            except BaseException:
                with suppress(OSError):
                    os.unlink(beside)
                raise
            disk.put_in_place(beside, self.path, lambda: self._refuse_others(disk.mark(self.path) == mark))
        try:
            disk.sync_folder(self.path.parent)
        except OSError as error:
            raise FileTrouble(
                f"the state was written, but the disk did not confirm it: {error.strerror}", applied=True
            ) from None
        history.trim(self.path, lineage)
        return stamped

    def _refuse_others(self, unchanged: bool) -> None:
        if not unchanged:
            raise StalePlan(f"{self.path} was changed by another program; nothing was written")

    def fingerprint(self) -> str | None:
        """Nothing: only what a plan says of the state counts."""
        return None

    def earlier(self) -> list[history.Earlier]:
        """The readable earlier states, newest first."""
        return history.earlier(self.path, self.read().lineage, read_state)

    def cautions(self) -> list[str]:
        """What is doubtful about the place of the state."""
        return [*doubts(self.path)]

    def recover(self, timeout: float) -> None:
        """There is nothing to: one file is replaced in one step."""

    def refuse_to_write(self) -> None:
        """Nothing else writes this file, so there is never a reason to."""

    def _keep_previous(self, following: State) -> None:
        """Keep the state that is about to be replaced; before the first write, that is an empty one."""
        if self._data is None:
            empty = State(lineage=following.lineage, written=history.nothing_yet(following))
            history.keep(self.path, 0, write_state(empty))
        else:
            history.keep(self.path, self._state.serial, self._data, linked=self.path)

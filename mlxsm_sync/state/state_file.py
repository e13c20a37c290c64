"""The state on disk: locked, read, kept, replaced; never edited, never half written."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync.errors import FileError, StalePlan, UnreadableState
from mlxsm_sync.files import atomic
from mlxsm_sync.files.file_identity import as_listed
from mlxsm_sync.files.links import followed
from mlxsm_sync.files.owners import refuse_for_root
from mlxsm_sync.files.paths import refuse_secret, state_words
from mlxsm_sync.state import history
from mlxsm_sync.state.location_warnings import location_warnings
from mlxsm_sync.state.lock import locked
from mlxsm_sync.state.lost import (
    Lost,
    Restored,
    advice,
    keep_restored,
    kept_at,
    next_serial,
    set_aside,
    told_gone,
)
from mlxsm_sync.state.serialization import read_state, write_state
from mlxsm_sync.values.state import State, Write


class StateFile:
    """One state file; a symbolic link to it is followed once, here."""

    def __init__(self, path: Path) -> None:
        with atomic.system_errors(f"cannot find {path}"):
            self.path = as_listed(followed(path))
            if not self.path.name:
                raise FileError(f"{path} is a folder", "name a file in it")
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
        """The current state, empty before the first write; needs no lock and no write access."""
        self._data = atomic.read_own(self.path)
        if self._data is None:
            return State(lineage=None)
        try:
            self._state = read_state(self._data, self.path)
            return self._state
        except UnreadableState as error:
            if not error.newer:
                error.hint = advice(self.path, read_state, self._data, self._restore)
            raise

    @contextmanager
    def locked(self, timeout: float, command: str) -> Iterator[State]:
        """Hold the lock and give the state as it is under it."""
        with self._held(timeout, command):
            yield self.read()

    @contextmanager
    def _held(self, timeout: float, command: str) -> Iterator[None]:
        with atomic.system_errors(f"cannot prepare {self.path.parent}"):
            refuse_for_root(self.path)
            atomic.make_private(self.path.parent)
        with locked(self.path.with_name(f"{self.path.name}.lock"), timeout, command):
            yield

    def replace(self, state: State, written: Write, lineage: str) -> State:
        """Write the next state over the one read under the lock; `lineage` names a new one.

        Old or new, whatever happens in between: temporary file, fsync, backup, rename, fsync.
        """
        lineage = state.lineage or lineage
        stamped = state.model_copy(lineage=lineage, written=written)
        self._put_in_place(stamped, lambda: self._keep_previous(stamped))
        history.trim(self.path, lineage)
        return stamped

    def _put_in_place(self, state: State, keep: Callable[[], None]) -> None:
        """Let a state take the place of what was read; `keep` keeps that, when the new one is on the disk."""
        with atomic.system_errors(f"cannot write {self.path}; the state is as it was"):
            atomic.sweep(self.path)
            beside = atomic.write_beside(self.path, write_state(state))
            try:
                keep()
                mark = atomic.mark(self.path)
                self._refuse_others(atomic.read_own(self.path) == self._data)
            except BaseException:
                with suppress(OSError):
                    os.unlink(beside)
                raise
            atomic.put_in_place(
                beside, self.path, lambda: self._refuse_others(atomic.mark(self.path) == mark)
            )
        try:
            atomic.sync_folder(self.path.parent)
        except OSError as error:
            raise FileError(
                f"the state was written, but the disk did not confirm it: {error.strerror}", applied=True
            ) from None

    def _refuse_others(self, unchanged: bool) -> None:
        if not unchanged:
            raise StalePlan(f"{self.path} was changed by another program; nothing was written")

    def fingerprint(self) -> str | None:
        """Nothing: only what a plan says of the state counts."""
        return None

    def earlier(self) -> list[history.Earlier]:
        """The readable earlier states, newest first."""
        return history.earlier(self.path, self.read().lineage, read_state)

    def kept(self) -> list[history.Earlier]:
        """All readable earlier states, also of other lineages, newest first."""
        return [*history.kept(self.path, read_state)]

    def location_warnings(self) -> list[str]:
        """What is list_warnings about the place of the state."""
        return [*location_warnings(self.path), *told_gone(self.path, self.path, self._restore)]

    def lost(self) -> Lost | None:
        """Why the state cannot be used, where it can be restored; None where it can be used, or never was."""
        try:
            self.read()
        except UnreadableState as error:
            if error.newer:
                raise
            return Lost(error.message, history.lineage_in(self._data or b""))
        if self._data is None and history.backups(self.path):
            return Lost(f"there is no state {self.path}", None)
        return None

    def read_kept(self, path: Path) -> history.Earlier:
        """A file as an earlier state; FileError if it is missing, UnreadableState if it is no state."""
        return kept_at(path, read_state)

    def restore(self, goal: history.Earlier, written: Write, timeout: float) -> Restored:
        """Put an earlier state in the place of the one that is lost; what stands there is kept beside it."""
        with self._held(timeout, "mlxsm restore"):
            if self.lost() is None:
                raise StalePlan(f"{self.path} can be read again; nothing was written")
            serial = next_serial(self.path, goal.state, self._data)
            state = goal.state.model_copy(serial=serial, written=written)
            aside: list[Path] = []

            def keep() -> None:
                if self._data is not None:
                    aside.append(set_aside(self.path, written.at))

            self._put_in_place(state, keep)
            keep_restored(self.path, serial, write_state(state))
            return Restored(state, tuple(aside))

    @property
    def _restore(self) -> str:
        return shlex.join(["mlxsm", "restore", *state_words(self.path)])

    def recover(self, timeout: float) -> None:
        """Nothing to recover: the rename is atomic."""

    def refuse_to_write(self) -> None:
        """Nothing else writes this file, so there is never a reason to."""

    def _keep_previous(self, following: State) -> None:
        """Keep the state that is about to be replaced; before the first write, that is an empty one."""
        if self._data is None:
            empty = State(lineage=following.lineage, written=history.nothing_yet(following))
            history.keep(self.path, 0, write_state(empty))
        else:
            history.keep(self.path, self._state.serial, self._data)

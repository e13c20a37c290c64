"""The state on disk: locked, read, kept, replaced; never edited, never half written."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync import history
from mlxsm_sync.digest import digest_bytes
from mlxsm_sync.errors import FileTrouble, StalePlan, UnreadableState
from mlxsm_sync.lock import locked
from mlxsm_sync.state import State, Write
from mlxsm_sync.state_text import read_state, write_state

_POSIX = os.name == "posix"
MAX_BYTES = 64 * 1024 * 1024
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_SYNCED_FOLDERS = ("Mobile Documents", "Dropbox", "OneDrive", "Google Drive", "iCloud Drive")


class StateFile:
    """One state file; a symbolic link to it is followed once, here."""

    def __init__(self, path: Path) -> None:
        with _system_errors(f"cannot find {path}"):
            self.path = Path(os.path.realpath(path))
        self._data: bytes | None = None
        self._state = State(lineage=None)

    def read(self) -> State:
        """The current state, empty where there is no file yet; needs no lock and no write access."""
        self._data = self._read_bytes()
        if self._data is None:
            return State(lineage=None)
        try:
            self._state = read_state(self._data, self.path)
            return self._state
        except UnreadableState as error:
            backup = history.newest_readable(self.path)
            error.hint = (
                f"the newest good backup is {backup}: look at it, then copy it over the state"
                if backup
                else "there is no readable backup; move the file away to begin anew"
            )
            raise

    @contextmanager
    def locked(self, timeout: float, command: str) -> Iterator[State]:
        """Hold the lock and give the state as it is under it."""
        with _system_errors(f"cannot prepare {self.path.parent}"):
            _make_private(self.path.parent)
        with locked(self.path.with_name(f"{self.path.name}.lock"), timeout, command):
            yield self.read()

    def replace(self, state: State, written: Write, lineage: str) -> State:
        """Write the next state over the one read under the lock; `lineage` names a new one.

        Old or new, whatever happens in between: temporary file, fsync, backup, rename, fsync.
        """
        lineage = state.lineage or lineage
        stamped = state.copy(lineage=lineage, written=written)
        with _system_errors(f"cannot write {self.path}; the state is as it was"):
            self._sweep()
            temporary = self._write_beside(write_state(stamped))
            try:
                self._keep_previous(stamped)
                if self._read_bytes() != self._data:
                    raise StalePlan(f"{self.path} was changed by another program; nothing was written")
                os.replace(temporary, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)
                raise
        try:
            _sync_folder(self.path.parent)
        except OSError as error:
            raise FileTrouble(
                f"the state was written, but the disk did not confirm it: {error.strerror}", applied=True
            ) from None
        history.trim(self.path)
        return stamped

    def cautions(self) -> list[str]:
        """What is doubtful about the place of the state."""
        found = []
        with suppress(OSError):
            if _POSIX and self.path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                found.append(f"others can write to {self.path.parent}: chmod go-w it")
        if any(part in _SYNCED_FOLDERS for part in self.path.parts):
            found.append(f"{self.path} is in a synchronised folder: a state belongs to one machine")
        return found

    def _read_bytes(self) -> bytes | None:
        with _system_errors(f"cannot read {self.path}"):
            try:
                fd = os.open(self.path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
            except FileNotFoundError:
                return None
            with os.fdopen(fd, "rb") as file:
                about = os.fstat(fd)
                if not stat.S_ISREG(about.st_mode):
                    raise FileTrouble(f"{self.path} is not a regular file")
                if _POSIX and about.st_uid != os.geteuid():
                    raise FileTrouble(f"{self.path} belongs to another user")
                if about.st_size > MAX_BYTES:
                    raise FileTrouble(f"{self.path} is larger than {MAX_BYTES // 1024 // 1024} MiB")
                return file.read()

    def _sweep(self) -> None:
        """Remove what killed writers left; only a holder of the lock makes such files."""
        for entry in os.scandir(self.path.parent):
            ours = entry.name.startswith(f".{self.path.name}.") and entry.name.endswith(".tmp")
            if ours and entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)

    def _write_beside(self, data: bytes) -> Path:
        from secrets import token_hex

        path = self.path.with_name(f".{self.path.name}.{os.getpid()}.{token_hex(6)}.tmp")
        _write_new(path, data)
        return path

    def _keep_previous(self, following: State) -> None:
        """Keep the state that is about to be replaced; before the first write, that is an empty one."""
        _make_private(history.folder(self.path))
        if self._data is None:
            before = Write(at=_at(following), command="none", owner=None, summary="before the first write")
            empty = State(lineage=following.lineage, written=before)
            self._keep(write_state(empty), 0)
        else:
            self._keep(self._data, self._state.serial)
        _sync_folder(history.folder(self.path))

    def _keep(self, data: bytes, serial: int) -> None:
        backup = history.backup_path(self.path, serial)
        if backup.exists() and not (backup.is_file() and backup.read_bytes() == data):
            # Two states of one serial: somebody put an earlier file back. Both are kept.
            backup = history.backup_path(self.path, serial, digest_bytes(data))
        if backup.exists():
            return
        try:
            if self._data is None:
                raise OSError("there is nothing to link to")
            os.link(self.path, backup)
        except OSError:
            _write_new(backup, data)


def _at(state: State) -> str:
    return state.written.at if state.written else ""


def _write_new(path: Path, data: bytes) -> None:
    """A new private file, complete and on the disk, or none."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            if _POSIX:
                os.fchmod(fd, 0o600)
            file.write(data)
            file.flush()
            _sync(fd)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _sync(fd: int) -> None:
    """Force a file to the disk; on macOS, fsync alone leaves it in the drive's cache."""
    if sys.platform == "darwin":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
            return
    os.fsync(fd)


def _sync_folder(path: Path) -> None:
    if not _POSIX:
        return  # Windows opens no folders
    fd = os.open(path, os.O_RDONLY)
    try:
        _sync(fd)
    finally:
        os.close(fd)


def _make_private(path: Path) -> None:
    """The folder and its missing parents; what is new is for its owner alone."""
    for missing in [folder for folder in (path, *path.parents) if not folder.exists()][::-1]:
        with suppress(FileExistsError):
            missing.mkdir(mode=0o700)


@contextmanager
def _system_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileTrouble(f"{what}: {error.strerror or error}") from None

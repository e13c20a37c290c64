"""One writer at a time: the kernel's lock, gone with its holder, and a note of who holds it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync.errors import FileError, StateLocked
from mlxsm_sync.files import atomic
from mlxsm_sync.files.owners import is_ours, name_of, remedy
from mlxsm_sync.state import lock_note
from mlxsm_sync.text.unicode import visible

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


@contextmanager
def locked(path: Path, timeout: float, command: str, held: str = "the state is locked by") -> Iterator[None]:
    """Hold the lock at `path`, waiting at most `timeout` seconds; StateLocked names the holder after `held`.

    The file is never deleted or renamed: a second holder could get in. Its content is only a note, and is
    written over no other content: FileError where the file is another program's, which stays as it is.
    """
    from filelock import FileLock, Timeout

    _refuse_special(path)  # other programs' files are not even locked, and get no other mode
    lock = FileLock(path, timeout=timeout, mode=0o600, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise StateLocked(
            f"{held} {_holder(path)}",
            f"waited {timeout:g} s; try again when it is done, or wait longer with --lock-timeout SECONDS",
        ) from None
    except NotImplementedError:  # as filelock calls a file system without locks
        raise FileError(f"{path.parent} cannot be locked: its file system has no locks") from None
    except OSError as error:
        raise atomic.refused(f"cannot lock {path}", error) from None
    try:
        _note_holder(path, command)
        yield
    finally:
        with suppress(OSError):  # it goes with this process in any case
            lock.release()


def _refuse_special(path: Path) -> None:
    """A note is written into the file, so it must be ours alone, and hold nothing else."""
    with atomic.system_errors(f"cannot lock {path}"), suppress(FileNotFoundError):
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            raise FileError(f"{path} is not a regular file", "remove it, then try again")
        if not is_ours(about):
            known = remedy(path)
            message = f"{path} belongs to another user, {name_of(about.st_uid)}"
            raise FileError(message, known[1] if known else None)
        if about.st_nlink > 1:
            raise FileError(f"{path} has a second name (a hard link)", "remove it, then try again")
    # On Windows nobody reads what another one has locked; the note is not written unread either.
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
        try:
            _refuse_content(fd, path)
        finally:
            os.close(fd)


def _refuse_content(fd: int, path: Path) -> None:
    if not lock_note.is_ours(os.read(fd, lock_note.LENGTH + 1)):
        raise FileError(
            f"{path} is no lock of mlxsm; it was not touched",
            "move it away where nobody needs it, or give the state another name with --state PATH",
        )


def _note_holder(path: Path, command: str) -> None:
    import platform

    from mlxsm_sync.text.times import now_with_offset

    note = lock_note.note(os.getpid(), platform.node(), command, now_with_offset())
    # The note is for people; a system that does not let it be written still has the lock.
    with suppress(OSError):
        fd = os.open(path, os.O_RDWR | _NO_FOLLOW)
        try:
            _refuse_content(fd, path)  # it may have come since it was looked at
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, note)
        finally:
            os.close(fd)


def _holder(path: Path) -> str:
    with suppress(OSError), path.open("rb") as file:
        return visible(lock_note.holder(file.read(lock_note.LENGTH)) or "another process")
    return "another process"

"""One writer at a time: the kernel's lock, gone with its holder, and a note of who holds it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlxsm_sync import disk
from mlxsm_sync.characters import visible
from mlxsm_sync.errors import FileTrouble, Locked

NOTE_LENGTH = 1000


@contextmanager
def locked(path: Path, timeout: float, command: str) -> Iterator[None]:
    """Hold the lock at `path`, waiting at most `timeout` seconds; Locked names the holder.

    The file is never deleted or renamed: a second holder could get in. Its content is only a note.
    """
    from filelock import FileLock, Timeout

    _refuse_special(path)
    lock = FileLock(path, timeout=timeout, mode=0o600, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise Locked(
            f"the state is locked by {_holder(path)}",
            f"waited {timeout:g} s; try again when it is done, or wait longer with --lock-timeout SECONDS",
        ) from None
    except NotImplementedError:
        raise FileTrouble(f"{path.parent} cannot be locked: its file system has no locks") from None
    except OSError as error:
        raise FileTrouble(f"cannot lock {path}: {error.strerror}") from None
    try:
        _note_holder(path, command)
        yield
    finally:
        with suppress(OSError):  # it goes with this process in any case
            lock.release()


def _refuse_special(path: Path) -> None:
    """A note is written into the file, so it must be ours alone."""
    with disk.system_errors(f"cannot lock {path}"), suppress(FileNotFoundError):
        about = path.lstat()
        if not stat.S_ISREG(about.st_mode):
            raise FileTrouble(f"{path} is not a regular file", "remove it, then try again")
        if about.st_nlink > 1 or not disk.is_ours(about):
            raise FileTrouble(f"{path} is not ours alone", "remove it, then try again")


def _note_holder(path: Path, command: str) -> None:
    import platform
    from datetime import UTC, datetime

    note = {
        "pid": os.getpid(),
        "host": platform.node(),
        "command": command,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    # The note is for people; a system that does not let it be written still has the lock.
    with suppress(OSError):
        fd = os.open(path, os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(note, file)


def _holder(path: Path) -> str:
    try:
        note = json.loads(path.read_bytes()[:NOTE_LENGTH])
        return visible(
            f"process {int(note['pid'])} on {note['host']} ({note['command']}, since {note['since']})"
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return "another process"

"""The logs of servers: rotated at a start, read from the end, followed across rotations."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mlxsm_sync import disk

KEPT = 5
_BLOCK = 65536
_MOST, _ENOUGH = 64 * 1024 * 1024, 1024 * 1024
"""Bytes of a log that are looked through for its last lines, and for the reason of a failure."""


def rotate(path: Path) -> None:
    """Make room for a new log; the last five are kept as `.1` to `.5`."""
    with disk.system_errors(f"cannot rotate {path}"):
        for number in range(KEPT, 0, -1):
            older = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
            with suppress(FileNotFoundError):
                os.replace(older, path.with_name(f"{path.name}.{number}"))


def open_new(path: Path) -> int:
    """A new log as a descriptor to append to, readable by its owner alone."""
    with disk.system_errors(f"cannot write {path}"):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        return os.open(path, flags, disk.PRIVATE)


class Reader:
    """What was added to a log since it was last looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def more(self) -> str:
        """The new text; empty where there is none."""
        try:
            with _opened(self._path) as file:
                file.seek(self._at)
                data = file.read()
        except (OSError, ValueError):  # what a damaged record names may be no path
            return ""
        self._at += len(data)
        return data.decode(errors="replace")


class Tail(NamedTuple):
    """The end of a log."""

    lines: list[str]
    """Oldest first."""
    end: int
    """Where it ended when it was read, in bytes."""


def tail(path: Path, lines: int, most: int = _MOST) -> Tail:
    """The last lines of a log; none where it cannot be read."""
    blocks: list[bytes] = []
    breaks = end = 0
    try:
        with _opened(path) as file:
            at = end = file.seek(0, os.SEEK_END)
            while breaks <= lines and at > 0 and len(blocks) * _BLOCK < most:
                size = min(_BLOCK, at)
                at -= size
                file.seek(at)
                blocks.append(file.read(size))
                breaks += blocks[-1].count(b"\n")
    except (OSError, ValueError):  # what a damaged record names may be no path
        return Tail([], end)
    data = b"".join(reversed(blocks))
    return Tail(data.decode(errors="replace").splitlines()[-lines:] if lines > 0 else [], end)


def text(path: Path) -> str:
    """The last part of a log, enough to find out why a server failed."""
    return "\n".join(tail(path, 400, _ENOUGH).lines)


def follow(path: Path, start: int, *, alive: Callable[[], bool], pause: float = 0.1) -> Iterator[list[str]]:
    """The lines that come after `start`, as they come, also from the log that takes this one's place.

    An empty list means that nothing came for a moment.
    """
    file = None
    rest = b""
    while alive():
        if file is None:
            with suppress(OSError):
                file = _opened(path)
                file.seek(start)
            start = 0
        data = file.read() if file is not None else b""
        if data:
            *whole, rest = (rest + data).split(b"\n")
            yield [line.decode(errors="replace") for line in whole]
            continue
        if file is not None and _was_replaced(file.fileno(), path, file.tell()):
            file.close()
            file = None
            if rest:
                yield [rest.decode(errors="replace")]
                rest = b""
            continue
        yield []
        time.sleep(pause)
    if file is not None:
        file.close()


def _opened(path: Path) -> BinaryIO:
    """A log to read; OSError where it is no regular file, which could be waited for in vain."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is no regular file")
    return file


def _was_replaced(descriptor: int, path: Path, read: int) -> bool:
    """Whether the path now is another file, or the same one cut short."""
    try:
        there, here = os.stat(path), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino) or here.st_size < read

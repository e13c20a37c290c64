"""The logs of servers: rotated at a start, read from the end, followed across rotations."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mlxsm_sync.files import atomic

KEPT = 5
KEPT_DAYS = 30
"""For logs of entries that are gone."""
LONGEST = 16 * 1024
"""Characters of one line that are shown; a server can write a line without end."""
_BLOCK = 65536
_BREAK = re.compile(r"\r?\n|\r")
_LOG = re.compile(r"([a-z0-9]{16})\.log(?:\.[0-9]+)?")
_MOST, _ENOUGH, _REASON = 64 * 1024 * 1024, 1024 * 1024, 256 * 1024
"""Bytes of a log that are looked through for its last lines, read at once, and read for a reason."""


def rotate(path: Path, newest: Path | None = None) -> None:
    """Make room for a new log; the last five are kept as `.1` to `.5`.

    `newest` becomes `.1` in the place of the log itself.
    """
    with atomic.system_errors(f"cannot rotate {path}"):
        for number in range(KEPT, 0, -1):
            older = newest or path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
            with suppress(FileNotFoundError):
                os.replace(older, path.with_name(f"{path.name}.{number}"))


def shorten(path: Path, limit: int) -> bool:
    """Move what a log has above a limit to `.1`, while its server goes on; say whether that was done.

    A server appends, so the file is copied and emptied. What it writes in the moment between is lost.
    """
    with atomic.system_errors(f"cannot rotate {path}"), _opened(path) as log:
        if os.fstat(log.fileno()).st_size <= limit:
            return False
        beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with os.fdopen(open_new(beside), "wb") as copy:
                shutil.copyfileobj(log, copy, _BLOCK)
                copy.flush()
                rotate(path, beside)
                shutil.copyfileobj(log, copy, _BLOCK)
                os.truncate(path, 0)
        finally:
            beside.unlink(missing_ok=True)
    return True


def open_new(path: Path) -> int:
    """A new log as a descriptor to append to, readable by its owner alone."""
    with atomic.system_errors(f"cannot write {path}"):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        return os.open(path, flags, atomic.PRIVATE)


def prune(folder: Path, entries: Collection[str]) -> None:
    """Remove logs that are of none of these entries, and that nobody has written to for a month."""
    oldest = time.time() - KEPT_DAYS * 86400
    with suppress(OSError):
        for one in os.scandir(folder):
            found = _LOG.fullmatch(one.name)
            if found and found[1] not in entries and one.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if one.stat(follow_symlinks=False).st_mtime < oldest:
                        os.unlink(one.path)


class Reader:
    """What was added to a log since it was last looked at; of much, a part at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at = 0
        """How many bytes have been read."""

    def more(self) -> str:
        """The next piece of new text; empty if nothing was added."""
        try:
            with _opened(self.path) as file:
                file.seek(self.at)
                data = file.read(_ENOUGH)
        except (OSError, ValueError):  # what a damaged record names may be no path
            return ""
        self.at += len(data)
        return data.decode(errors="replace")


class Tail(NamedTuple):
    """The end of a log."""

    lines: list[str]
    """Oldest first."""
    end: int
    """Where it ended when it was read, in bytes."""


def tail(path: Path, lines: int, most: int = _MOST) -> Tail:
    """The last lines of a log, from at most so many bytes; none where it cannot be read."""
    blocks: list[bytes] = []
    at = breaks = end = 0
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
    if at > 0 and breaks <= lines:
        # Half a line could be half a secret, which nothing would know again.
        _, _, data = data.partition(b"\n")
        data = b"(the beginning of a long line is left out)\n" + data
    return Tail(_lines(data)[-lines:] if lines > 0 else [], end)


def _lines(data: bytes) -> list[str]:
    """Lines as a terminal shows them: other characters that could end one are a client's, or a model's."""
    lines = _BREAK.split(data.decode(errors="replace"))
    return lines if lines[-1] else lines[:-1]


def size(path: Path) -> int:
    """How long a log is, in bytes; 0 where it cannot be read."""
    try:
        with _opened(path) as file:
            return file.seek(0, os.SEEK_END)
    except (OSError, ValueError):  # what a damaged record names may be no path
        return 0


def part(path: Path, start: int = 0, end: int | None = None) -> str:
    """The text of a log between two places, in bytes; of much, only the last part."""
    try:
        with _opened(path) as file:
            size = file.seek(0, os.SEEK_END)
            end = size if end is None else min(end, size)
            file.seek(max(start, end - _REASON, 0))
            return file.read(max(end - file.tell(), 0)).decode(errors="replace")
    except (OSError, ValueError):  # what a damaged record names may be no path
        return ""


def blocks_from_the_end(path: Path, overlap: int) -> Iterator[bytes]:
    """A log in blocks, the last one first; each holds so many bytes of the one after it, for cut lines.

    OSError where it cannot be read; of much, only the last part is given.
    """
    with _opened(path) as file:
        end = file.seek(0, os.SEEK_END)
        least = max(end - _MOST // 4, 0)
        while end > least:
            start = max(end - 4 * _BLOCK, 0)
            file.seek(start)
            yield file.read(end - start)
            end = start + overlap if start > least else start


def follow(path: Path, start: int, *, alive: Callable[[], bool], pause: float = 0.1) -> Iterator[list[str]]:
    """The lines that come after `start`, as they come, also from the log that takes this one's place.

    An empty list means that nothing came for a moment.
    """
    file = None
    rest, is_long = b"", False
    while alive():
        if file is None:
            with suppress(OSError):
                file = _opened(path)
                file.seek(start)
            start = 0
        data = file.read(_BLOCK) if file is not None else b""
        if data:
            *whole, rest = (rest + data).split(b"\n")
            if is_long and whole:
                del whole[0]  # the rest of a line whose beginning was given
                is_long = False
            if is_long:
                rest = b""
            elif len(rest) > 2 * LONGEST:  # it may have no end
                whole, rest, is_long = [*whole, rest], b"", True
            yield [part for line in whole for part in _lines(line + b"\n")]
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

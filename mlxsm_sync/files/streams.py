"""Paths that stand for no file: pipes, terminals, and what a shell has opened already."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.files.links import followed, open_file


class Stream(NamedTuple):
    """Something to write to that has no place of its own on a disk."""

    place: Path
    about: os.stat_result
    number: int | None
    """Its number among the open files of this process, None where it must be opened."""

    def open(self) -> int:
        """A new number for it, which the caller closes; what is open already goes on where it is."""
        if self.number is not None:
            return os.dup(self.number)
        return os.open(self.place, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))


def stream_at(path: str | os.PathLike[str]) -> Stream | None:
    """What a path leads to, where that is no file; OSError where nothing can be written to it.

    `/dev/shm/x` is a file, `/dev/stdout` and `/dev/fd/63` are what is open there.
    """
    place = followed(path)
    number = open_file(place)
    try:
        about = os.stat(place) if number is None else os.fstat(number)
    except FileNotFoundError:
        return None
    if number is not None or stat.S_ISFIFO(about.st_mode) or stat.S_ISCHR(about.st_mode):
        return Stream(place, about, number)
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    return None


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a path stands for no file: it can hardly be named again."""
    try:
        return stream_at(path) is not None
    except OSError:
        return False

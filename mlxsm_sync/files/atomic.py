"""Files that are read as they are and replaced whole: the few moves that every write is made of."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError
from mlxsm_sync.files.attributes import has_other_names, take_over
from mlxsm_sync.files.links import POSIX, followed
from mlxsm_sync.files.owners import is_ours, is_trusted, name_of, remedy
from mlxsm_sync.files.streams import Stream, stream_at

MAX_BYTES = 64 * 1024 * 1024
PRIVATE = 0o600
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_HELD = (5, 32)  # ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION of Windows
_TRIES, _PAUSE = 10, 0.05
_unfinished: set[Path] = set()
"""What this process has written beside its place."""


@contextmanager
def system_errors(what: str) -> Iterator[None]:
    """Tell a refusal of the system as FileError that begins with `what`."""
    try:
        yield
    except OSError as error:
        raise refused(what, error) from None


def refused(what: str, error: OSError) -> FileError:
    """A refusal of the system as FileError that begins with `what`, and says whose the file is."""
    message = f"{what}: {error.strerror or error}"
    if error.errno in (errno.EACCES, errno.EPERM) and isinstance(error.filename, (str, bytes, os.PathLike)):
        about = remedy(os.fsdecode(error.filename))
        if about is not None:
            return FileError(f"{message}: {about[0]}", about[1])
    return FileError(message)


def read_own(path: Path) -> bytes | None:
    """The bytes of a regular file of ours; None if it is missing."""
    with system_errors(f"cannot read {path}"):
        try:
            fd = os.open(path, os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            return None
        with os.fdopen(fd, "rb") as file:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode):
                raise FileError(f"{path} is not a regular file")
            if not is_ours(about):
                owner, known = name_of(about.st_uid), remedy(path)
                hint = known[1] if known else None
                raise FileError(f"{path} belongs to another user, {owner}", hint)
            if about.st_size > MAX_BYTES:
                raise FileError(f"{path} is larger than {MAX_BYTES // 1024 // 1024} MiB")
            return file.read()


class Mark(NamedTuple):
    """What tells that a file was neither replaced nor written since."""

    device: int
    inode: int
    size: int
    modified: int


def mark(path: Path) -> Mark | None:
    """The stamp of a file as it is now, None if it is missing. One system call, for a last look."""
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return None
    return Mark(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


def write_beside(path: Path, data: bytes, mode: int = PRIVATE, *, lasting: bool = True) -> Path:
    """A new file with these bytes in the folder of `path`, on the disk and ready to take its place.

    What is not `lasting` means nothing after a loss of power.
    """
    from secrets import token_hex

    beside = path.with_name(f".{path.name}.{os.getpid()}.{token_hex(6)}.tmp")
    _unfinished.add(beside)
    write_new(beside, data, mode, before=path, lasting=lasting)
    return beside


def drop_unfinished() -> None:
    """Remove what was written beside its place and has not got there: whoever calls this ends at once."""
    for beside in [*_unfinished]:
        with suppress(OSError):
            os.unlink(beside)


def write_new(
    path: Path, data: bytes, mode: int = PRIVATE, *, before: Path | None = None, lasting: bool = True
) -> None:
    """A new file, complete and on the disk, or none; `before` is the one whose place it is going to take."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW, PRIVATE)
    try:
        with os.fdopen(fd, "wb") as file:
            if before is not None:
                take_over(fd, path, before, private=mode == PRIVATE)
            if POSIX:
                os.fchmod(fd, mode)
            file.write(data)
            file.flush()
            _sync(fd, through_the_drive=lasting)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def write_whole(
    path: str,
    text: str,
    *,
    private: bool = True,
    mode: int | None = None,
    new: bool = False,
    unchanged: Callable[[], None] = lambda: None,
) -> bool:
    """A file of ours for a person, whole or as it was before; FileError where it cannot be written.

    What is not private keeps its mode, or is as open as the system makes new files; with `mode` it has
    that one. A `new` file takes
    the place of none. `unchanged` raises where the file is no longer what it is to be. A pipe or a
    terminal is written to. It says whether the file had other names, which keep the old content.
    """
    with system_errors(f"cannot write {path}"):
        stream = stream_at(path)
        if stream is not None:
            _write_through(stream, path, text)
            return False
        place = own_place(path)
    return write_at(place, path, text, private=private, mode=mode, new=new, unchanged=unchanged)


def own_place(path: str) -> Path:
    """Where the file is that a path leads to; FileError where a link leads to another user's."""
    place = followed(path)
    if os.path.islink(path) and place.exists() and not is_trusted(place.stat()):
        raise FileError(f"{path} is a link to a file of another user")
    return place


def write_at(
    place: Path,
    path: str,
    text: str,
    *,
    private: bool = True,
    mode: int | None = None,
    new: bool = False,
    unchanged: Callable[[], None] = lambda: None,
) -> bool:
    """As `write_whole`, at the place that `path` was found to lead to: no link is followed any more."""
    with system_errors(f"cannot write {path}"):
        others = has_other_names(place)
        beside = write_beside(place, text.encode(), _mode(place, private=private) if mode is None else mode)
        if new:
            _put_where_nothing_is(beside, place)
        else:
            put_in_place(beside, place, unchanged)
    with system_errors(f"{path} was written, but the disk did not confirm it"):
        sync_folder(place.parent)
    return others


def _write_through(stream: Stream, path: str, text: str) -> None:
    if stream.number is None and not is_trusted(stream.about):
        raise FileError(f"{path} is another user's pipe")
    with os.fdopen(stream.open(), "wb") as file:
        file.write(text.encode())


def _mode(path: Path, *, private: bool) -> int:
    if private:
        return PRIVATE
    with suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def put_in_place(beside: Path, path: Path, unchanged: Callable[[], None] = lambda: None) -> None:
    """Let a file written beside `path` take its place; it goes where that fails.

    `unchanged` raises where `path` is no longer what it is to be; it is called right before.
    """
    try:
        unchanged()
        _replace(beside, path, _TRIES)
        _unfinished.discard(beside)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _put_where_nothing_is(beside: Path, path: Path) -> None:
    """Give a new file its name; FileError where another one has it."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise FileError(f"{path} exists already; it was not touched") from None
    except OSError:  # a file system without links
        write_new(path, beside.read_bytes(), stat.S_IMODE(beside.stat().st_mode))
    finally:
        with suppress(OSError):
            os.unlink(beside)
        _unfinished.discard(beside)


def _replace(beside: Path, path: Path, tries: int) -> None:
    """On Windows, a search for viruses or an index may hold a file for a moment: try again then."""
    try:
        os.replace(beside, path)
    except OSError as error:
        if getattr(error, "winerror", None) not in _HELD or tries == 1:
            raise
        time.sleep(_PAUSE)
        _replace(beside, path, tries - 1)


def sweep(path: Path) -> None:
    """Remove what killed writers of `path` left beside it; only a holder of the lock makes such files.

    The shim of a server writes without a random part.
    """
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9]+(\.[0-9a-f]{{12}})?\.tmp")
    for entry in os.scandir(path.parent):
        if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
            os.unlink(entry.path)


def sync_folder(path: Path) -> None:
    """Force a folder's names to the disk."""
    if not POSIX:
        return  # Windows opens no folders
    fd = os.open(path, os.O_RDONLY)
    try:
        _sync(fd)
    except OSError as error:
        # Some file systems know no such thing; they have then nothing that could be forced.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(fd)


def make_private(path: Path) -> None:
    """The folder and its missing parents, on the disk; what is new is for its owner alone."""
    for missing in [folder for folder in (path, *path.parents) if not folder.exists()][::-1]:
        with suppress(FileExistsError):
            missing.mkdir(mode=0o700)
        sync_folder(missing.parent)


def _sync(fd: int, *, through_the_drive: bool = True) -> None:
    """Force a file to the disk; on macOS, fsync alone leaves it in the drive's cache."""
    if sys.platform == "darwin" and through_the_drive:
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
            return
    os.fsync(fd)

"""One file is one file: by device and inode, and by name only where there is no file yet."""

from __future__ import annotations

import os
import string
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

# The small letters come first there.
_SWAPPED = str.maketrans(string.ascii_letters, string.ascii_uppercase + string.ascii_lowercase)

Fold = Callable[[str], str]
"""What two names share that a folder takes for one."""


class Identity(NamedTuple):
    """What tells one file from another, however its path is written."""

    device: int
    inode: int
    missing: tuple[str, ...]
    """The names that are not there yet, below the folder that is."""

    def is_below(self, folder: Identity) -> bool:
        """Whether this is not there yet, and would be in a folder, which may not be there yet either."""
        same = (self.device, self.inode) == (folder.device, folder.inode)
        return same and self.missing[: len(folder.missing)] == folder.missing and self != folder


def identity(path: str | os.PathLike[str]) -> Identity:
    """What a path leads to: links, mounts, `..` and other spellings make no difference."""
    with suppress(OSError):
        about = os.stat(path)
        return Identity(about.st_dev, about.st_ino, ())
    place = Path(os.path.realpath(path))
    for folder in place.parents:
        with suppress(OSError):
            about = os.stat(folder)
            fold = fold_of(str(folder))
            missing = place.relative_to(folder).parts
            return Identity(about.st_dev, about.st_ino, tuple(map(fold, missing)))
    return Identity(0, 0, place.parts)


def same_file(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> bool:
    """Whether two paths lead to one file, or would."""
    return identity(first) == identity(second)


def is_inside(path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> bool:
    """Whether a path leads into a folder: to a file in it or below, also by another name of that file."""
    found, around = identity(path), identity(folder)
    if found.is_below(around) or around in map(identity, Path(os.path.realpath(path)).parents):
        return True
    return not found.missing and (found.device, found.inode) in _files_in(folder)


def _files_in(folder: str | os.PathLike[str]) -> Iterator[tuple[int, int]]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            about = entry.stat(follow_symlinks=False)
            yield about.st_dev, about.st_ino


@cache
def fold_of(folder: str) -> Fold:
    """How the names of a folder are compared; a folder is asked once."""
    if _ignores_case(folder):
        return folded
    # APFS and HFS+ take all forms of a name for one, also where they tell case.
    return _composed if sys.platform == "darwin" else str


def folded(name: str) -> str:
    """A name without case, in one form."""
    return _composed(unicodedata.normalize("NFD", name).casefold())


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _ignores_case(folder: str) -> bool:
    """Whether a folder finds a file of its own under its name in the other case."""
    with suppress(OSError):
        names = set(os.listdir(folder))
        for name in names:
            swapped = name.translate(_SWAPPED)
            if swapped != name:
                return swapped not in names and _is_one(folder, name, swapped)
    above, name = os.path.split(folder)
    with suppress(OSError):
        if name and os.stat(above).st_dev == os.stat(folder).st_dev:
            swapped = name.translate(_SWAPPED)
            return _is_one(above, name, swapped) if swapped != name else _ignores_case(above)
    return sys.platform in ("darwin", "win32")


def _is_one(folder: str, name: str, other: str) -> bool:
    try:
        here, there = (os.lstat(os.path.join(folder, one)) for one in (name, other))
    except OSError:
        return False
    return os.path.samestat(here, there)


def as_listed(place: Path) -> Path:
    """The path of a file as its folders list it; parts that do not exist yet stay as written."""
    listed = place.anchor
    for name in place.parts[1:]:
        listed = os.path.join(listed, _listed_name(listed, name))
    return Path(listed)


def _listed_name(folder: str, name: str) -> str:
    swapped = name.translate(_SWAPPED)
    if name.isascii() and (swapped == name or not _is_one(folder, name, swapped)):
        return name  # there is no other spelling of it here
    with suppress(OSError):
        names = os.listdir(folder)
        if name not in names:
            alike = (one for one in names if folded(one) == folded(name) and _is_one(folder, name, one))
            return next(alike, name)
    return name

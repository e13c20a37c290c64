"""Where a file is in the repository of the current folder: a forge knows it by that name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def name_in_repository(path: str) -> str:
    """A path from the top of the repository of the current folder, absolute where it is outside of that.

    Where there is no repository, the current folder is taken for one. The slashes are forward ones.
    """
    place = Path(path)
    with suppress(OSError):  # the current folder may be gone: then the path is all there is to tell
        top = _top(Path.cwd())
        for place in _places(path):
            if place.is_relative_to(top):
                return place.relative_to(top).as_posix()
    return place.as_posix()


def _top(here: Path) -> Path:
    return next((folder for folder in (here, *here.parents) if os.path.exists(folder / ".git")), here)


def _places(path: str) -> Iterator[Path]:
    """As it is named, then without links in the folders above it; a link at its end is a file of its own."""
    if os.pardir not in Path(path).parts:  # behind a link, `..` is not the folder that is written before it
        yield Path(os.path.abspath(path))
    folder, name = os.path.split(path)
    yield Path(os.path.realpath(path)) if name == os.pardir else Path(os.path.realpath(folder), name)

"""Whether a folder of ours can be used, or could be made, and what to do where it cannot."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.files.owners import remedy


class Trouble(NamedTuple):
    """Why a folder cannot be used."""

    message: str
    remedy: str | None


def folder_trouble(folder: Path, *, writing: bool) -> Trouble | None:
    """Why a folder cannot be used, or not be made where it is not there; None where it can."""
    there = _nearest(folder)
    if isinstance(there, Trouble):
        return there
    what = f"{folder} cannot be made: {there}" if there != folder else f"{there}"
    if not there.is_dir():
        return Trouble(f"{what} is no folder", f"move it away: mv {_quoted(there)} {_quoted(there)}.old")
    needed = os.W_OK | os.X_OK if writing or there != folder else os.R_OK | os.X_OK
    if not os.access(there, needed):
        verb = "written to" if needed & os.W_OK else "read"
        return _refused(f"{what} cannot be {verb}", there, "u+rwx" if writing else "u+rx")
    return None


def others_can_write(folder: Path) -> bool:
    """Whether a folder is open to other users."""
    return bool(os.stat(folder).st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _nearest(folder: Path) -> Path | Trouble:
    """The folder, or of those above it the first that is there; the root always is."""
    try:
        os.stat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return _nearest(folder.parent)
    except OSError as error:
        return _closed(folder.parent, error)
    return folder


def _closed(folder: Path, error: OSError) -> Trouble:
    """The folder that lets us see nothing below it."""
    try:
        os.stat(folder)
    except OSError:
        return _closed(folder.parent, error)
    return _refused(f"{folder} cannot be looked into: {error.strerror}", folder, "u+rwx")


def _refused(message: str, place: Path, mode: str) -> Trouble:
    """That the system does not let us, and whose folder it is."""
    known = remedy(place)
    if known is not None:
        return Trouble(f"{message}: {known[0]}", known[1])
    return Trouble(message, f"chmod {mode} {_quoted(place)}")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))

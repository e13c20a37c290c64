"""A state that is gone or cannot be read: what is kept of it, and how that takes its place again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError
from mlxsm_sync.files import atomic
from mlxsm_sync.files.links import followed
from mlxsm_sync.state.history import Earlier, Read, backups, keep, kept, lineage_in
from mlxsm_sync.values.state import State

_SERIAL = re.compile(rb'"serial": ([0-9]{1,15})\b')
_HEAD = 1024


class Lost(NamedTuple):
    """Why a state cannot be used."""

    reason: str
    lineage: str | None
    """Its lineage, where that can still be read."""


class Restored(NamedTuple):
    """What a restore has written."""

    state: State
    aside: tuple[Path, ...]
    """Where that is kept which stood in its place and could not be read."""


def kept_at(path: Path, read: Read) -> Earlier:
    """A file as an earlier state; FileError if it is missing, UnreadableState if it is no state."""
    with atomic.system_errors(f"cannot read {path}"):
        place = followed(path)
    data = atomic.read_own(place)
    if data is None:
        raise FileError(f"there is no file {path}", "mlxsm history lists what is kept")
    return Earlier(place, read(data, path))


def best(states: Iterable[Earlier], lineage: str | None) -> Earlier | None:
    """The version to go back to where the state itself is lost; None where nothing is kept.

    The newest of its own lineage where that is known, else of the one that was written to last. One
    without entries, such as that before the first write, only where there is no other.
    """
    known = [*states]
    full = [one for one in known if one.state.entries] or known
    ours = [one for one in full if one.state.lineage == lineage]
    if not ours and full:
        last = max(full, key=lambda one: one.state.written.at if one.state.written else "")
        ours = [one for one in full if one.state.lineage == last.state.lineage]
    return ours[0] if ours else None


def advice(state_path: Path, read: Read, data: bytes, command: str) -> str:
    """What to do where these bytes of a state cannot be read; `command` is the one that restores."""
    with suppress(FileError):
        if (one := best(kept(state_path, read), lineage_in(data))) is not None:
            return f"the newest good version is {one.path}; to put it back: {command}"
    return "there is no readable backup; move the file away to start again"


def told_gone(path: Path, state_path: Path, command: str) -> Iterator[str]:
    """That a file is gone of which earlier versions are kept; `state_path` is what those are named by."""
    with suppress(FileError):
        versions = [] if os.path.lexists(path) else backups(state_path)
        if any(not one.name.startswith(f"{state_path.name}.00000000.") for one in versions):
            yield f"{path} is gone, and earlier versions of it are kept; to put the newest back: {command}"


def next_serial(state_path: Path, goal: State, data: bytes | None) -> int:
    """A serial that no version had: neither those that are kept, nor the one that is lost after them."""
    found = _SERIAL.search((data or b"")[:_HEAD])
    serials = [int(one.name[len(state_path.name) + 1 :].partition(".")[0]) for one in backups(state_path)]
    return 1 + max(int(found[1]) if found else 0, goal.serial, *(serial + 1 for serial in serials))


def keep_restored(state_path: Path, serial: int, data: bytes) -> None:
    """Keep what was restored at once: where it is lost, too, the next restore must not take its serial.

    Errors here do not fail the restore, which is done already.
    """
    with suppress(FileError, OSError):
        keep(state_path, serial, data)


def set_aside(path: Path, at: str) -> Path:
    """Give a file a second name beside its own, before another one takes its place.

    `at` is the time, ISO 8601. A name that an interrupted restore gave it is taken again.
    """
    begin = f"{path.name}.unreadable-"
    for entry in os.scandir(path.parent):
        if entry.name.startswith(begin) and os.path.samestat(entry.stat(follow_symlinks=False), path.lstat()):
            return Path(entry.path)
    aside = path.with_name(begin + re.sub("[-:]", "", at))
    for number in range(2, 1000):
        if not os.path.lexists(aside):
            break
        aside = path.with_name(f"{begin}{re.sub('[-:]', '', at)}-{number}")
    try:
        os.link(path, aside)
    except OSError:  # a file system without links
        atomic.write_new(aside, path.read_bytes())
    atomic.sync_folder(path.parent)
    return aside

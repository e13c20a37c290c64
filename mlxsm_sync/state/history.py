"""Earlier states: each write keeps the one that it replaces, beside the state in `history/`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError, UnreadableState
from mlxsm_sync.files import atomic
from mlxsm_sync.files.file_identity import fold_of
from mlxsm_sync.text.json_value import digest_bytes
from mlxsm_sync.values.state import State, Write

KEPT = 50
_HEAD = 256

Read = Callable[[bytes, Path], State]
"""How the bytes of a backup are read; UnreadableState where they are none."""


class Earlier(NamedTuple):
    """One state that was replaced."""

    path: Path
    state: State


def folder(state_path: Path) -> Path:
    """Where the earlier states of a state are."""
    return state_path.parent / "history"


def backups(state_path: Path) -> list[Path]:
    """The files of the earlier states, newest first; FileError where the system does not tell."""
    fold = fold_of(str(state_path.parent))
    pattern = re.compile(rf"{re.escape(fold(state_path.name))}\.([0-9]{{8,}})(\.[0-9a-f]{{12}})?\.json")
    found: list[tuple[int, bool, Path]] = []
    with atomic.system_errors(f"cannot read {folder(state_path)}"), suppress(FileNotFoundError):
        for entry in os.scandir(folder(state_path)):
            match = pattern.fullmatch(fold(entry.name))
            if match and entry.is_file(follow_symlinks=False):
                # Of two states of one serial, the one with a digest came later.
                found.append((int(match[1]), match[2] is not None, Path(entry.path)))
    return [path for *_, path in sorted(found, reverse=True)]


def kept(state_path: Path, read: Read) -> Iterator[Earlier]:
    """All states that are kept and can be read, whatever their lineage, newest first.

    What is no state is passed over; FileError where the system refuses to read one, since the next
    older one is not what somebody means who goes back.
    """
    for path in backups(state_path):
        with suppress(UnreadableState):
            data = atomic.read_own(path)
            if data is not None:
                yield Earlier(path, read(data, path))


def earlier(state_path: Path, lineage: str | None, read: Read) -> list[Earlier]:
    """The earlier states of this lineage, newest first; FileError where the system refuses to read one."""
    return [one for one in kept(state_path, read) if one.state.lineage == lineage]


def keep(state_path: Path, serial: int, data: bytes) -> None:
    """Keep these bytes as the state of a serial: a copy, which no edit in place can reach."""
    atomic.make_private(folder(state_path))
    backup = _path(state_path, serial)
    if backup.exists() and not (backup.is_file() and backup.read_bytes() == data):
        # Two states of one serial: somebody put an earlier file back. Both are kept.
        backup = _path(state_path, serial, digest_bytes(data))
    if not backup.exists():
        atomic.sweep(backup)
        atomic.put_in_place(atomic.write_beside(backup, data), backup)
    atomic.sync_folder(folder(state_path))


def nothing_yet(following: State) -> Write:
    """What stands in the empty state that is kept before the first write."""
    at = following.written.at if following.written else ""
    return Write(at=at, command="none", owner=None, summary="before the first write")


def trim(state_path: Path, lineage: str | None) -> None:
    """Drop all but the newest 50 of this lineage, and of all others together.

    Errors here do not fail the write, which is done already.
    """
    with suppress(FileError, OSError):
        paths = backups(state_path)
        if len(paths) <= KEPT:
            return
        ours: list[Path] = []
        others: list[Path] = []
        for path in paths:
            with path.open("rb") as file:
                (ours if lineage_in(file.read(_HEAD)) == lineage else others).append(path)
        for path in ours[KEPT:] + others[KEPT:]:
            path.unlink()


def lineage_in(data: bytes) -> str | None:
    """The lineage of a state, which stands near its beginning, also of one that is broken further down."""
    found = re.search(rb'"lineage": "([^"]*)"', data[:_HEAD])
    return found[1].decode(errors="replace") if found else None


def _path(state_path: Path, serial: int, digest: str = "") -> Path:
    """Where the state of this serial is kept; a digest tells two of one serial apart."""
    mark = f".{digest.removeprefix('sha256:')[:12]}" if digest else ""
    return folder(state_path) / f"{state_path.name}.{serial:08d}{mark}.json"

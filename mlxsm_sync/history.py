"""Earlier states: each write keeps the one that it replaces, beside the state in `history/`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync import disk
from mlxsm_sync.digest import digest_bytes
from mlxsm_sync.errors import FileTrouble, UnreadableState
from mlxsm_sync.state import State, Write

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
    """The files of the earlier states, newest first; FileTrouble where the system does not tell."""
    pattern = re.compile(rf"{re.escape(state_path.name)}\.([0-9]{{8,}})(\.[0-9a-f]{{12}})?\.json")
    found: list[tuple[int, bool, Path]] = []
    with disk.system_errors(f"cannot read {folder(state_path)}"), suppress(FileNotFoundError):
        for entry in os.scandir(folder(state_path)):
            match = pattern.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False):
                # Of two states of one serial, the one with a digest came later.
                found.append((int(match[1]), match[2] is not None, Path(entry.path)))
    return [path for *_, path in sorted(found, reverse=True)]


def earlier(state_path: Path, lineage: str | None, read: Read) -> list[Earlier]:
    """The earlier states of this lineage, newest first.

    What is no state is passed over; FileTrouble where the system refuses to read one, since the next
    older one is not what somebody means who goes back.
    """
    states: list[Earlier] = []
    for path in backups(state_path):
        with suppress(UnreadableState):
            data = disk.read_own(path)
            if data is not None and (state := read(data, path)).lineage == lineage:
                states.append(Earlier(path, state))
    return states


def keep(state_path: Path, serial: int, data: bytes, *, linked: Path | None = None) -> None:
    """Keep these bytes as the state of a serial; `linked` is a file that holds them already."""
    disk.make_private(folder(state_path))
    backup = _path(state_path, serial)
    if backup.exists() and not (backup.is_file() and backup.read_bytes() == data):
        # Two states of one serial: somebody put an earlier file back. Both are kept.
        backup = _path(state_path, serial, digest_bytes(data))
    if not backup.exists():
        _keep(backup, data, linked)
    disk.sync_folder(folder(state_path))


def _keep(backup: Path, data: bytes, linked: Path | None) -> None:
    try:
        if linked is None or linked.stat().st_mode & 0o077:
            raise OSError("there is nothing to link to, or others could read it")
        os.link(linked, backup)
    except OSError:
        disk.write_new(backup, data)


def nothing_yet(following: State) -> Write:
    """What stands in the empty state that is kept before the first write."""
    at = following.written.at if following.written else ""
    return Write(at=at, command="none", owner=None, summary="before the first write")


def advice(state_path: Path, read: Read) -> str:
    """What to do where the state itself cannot be read."""
    if path := newest(state_path, read):
        return f"the newest good backup is {path}: look at it, then copy it over the state"
    return "there is no readable backup; move the file away to begin anew"


def newest(state_path: Path, read: Read) -> Path | None:
    """The newest backup that can be read, whatever its lineage; None where there is none."""
    with suppress(FileTrouble):
        for path in backups(state_path):
            with suppress(UnreadableState, FileTrouble):
                if (data := disk.read_own(path)) is not None:
                    read(data, path)
                    return path
    return None


def trim(state_path: Path, lineage: str | None) -> None:
    """Drop all but the newest 50 of this lineage, and of all others together.

    Failing to is no failure of the write that went before.
    """
    with suppress(FileTrouble, OSError):
        kept = backups(state_path)
        if len(kept) <= KEPT:
            return
        ours = [path for path in kept if _lineage(path) == lineage]
        for path in ours[KEPT:] + [path for path in kept if path not in ours][KEPT:]:
            path.unlink()


def _lineage(path: Path) -> str | None:
    """The lineage of a backup, which stands near its beginning."""
    with path.open("rb") as file:
        found = re.search(rb'"lineage": "([^"]*)"', file.read(_HEAD))
    return found[1].decode() if found else None


def _path(state_path: Path, serial: int, digest: str = "") -> Path:
    """Where the state of this serial is kept; a digest tells two of one serial apart."""
    mark = f".{digest.removeprefix('sha256:')[:12]}" if digest else ""
    return folder(state_path) / f"{state_path.name}.{serial:08d}{mark}.json"

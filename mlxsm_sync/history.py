"""Earlier states: each write keeps the one that it replaces, beside the state in `history/`."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import UnreadableState
from mlxsm_sync.state import State
from mlxsm_sync.state_text import read_state

KEPT = 50


class Earlier(NamedTuple):
    """One state that was replaced."""

    path: Path
    state: State


def folder(state_path: Path) -> Path:
    """Where the earlier states of a state are."""
    return state_path.parent / "history"


def backups(state_path: Path) -> list[Path]:
    """The files of the earlier states, newest first."""
    pattern = re.compile(rf"{re.escape(state_path.name)}\.([0-9]{{8,}})(?:\.[0-9a-f]{{12}})?\.json")
    found: list[tuple[int, str, Path]] = []
    with suppress(OSError):
        for entry in os.scandir(folder(state_path)):
            match = pattern.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False):
                found.append((int(match[1]), entry.name, Path(entry.path)))
    return [path for *_, path in sorted(found, reverse=True)]


def earlier(state_path: Path, lineage: str | None) -> list[Earlier]:
    """The readable earlier states of this lineage, newest first."""
    states: list[Earlier] = []
    for path in backups(state_path):
        with suppress(UnreadableState, OSError):
            state = read_state(path.read_bytes(), path)
            if state.lineage == lineage:
                states.append(Earlier(path, state))
    return states


def backup_path(state_path: Path, serial: int, digest: str = "") -> Path:
    """Where the state of this serial is kept; a digest tells two of one serial apart."""
    mark = f".{digest.removeprefix('sha256:')[:12]}" if digest else ""
    return folder(state_path) / f"{state_path.name}.{serial:08d}{mark}.json"


def newest_readable(state_path: Path) -> Path | None:
    """The backup to use where the state itself cannot be read."""
    for path in backups(state_path):
        with suppress(UnreadableState, OSError):
            read_state(path.read_bytes(), path)
            return path
    return None


def trim(state_path: Path) -> None:
    """Drop all but the newest 50; failing to is no failure of the write that went before."""
    for path in backups(state_path)[KEPT:]:
        with suppress(OSError):
            path.unlink()

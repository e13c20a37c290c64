"""Who of ours holds a port, and the command that frees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.unrecorded import is_here, run_folder_of
from mlxsm_sync.system.process_identity import belongs_to
from mlxsm_sync.system.run_marks import mark_of
from mlxsm_sync.values.run import Listener, RunRecord


class Owner(NamedTuple):
    """A server of ours that holds a port."""

    id: str
    """The entry that it was started for."""
    name: str | None
    """What it can be stopped as; None where it is of another state."""
    pid: int
    """The process that holds the port."""
    record: RunRecord | None
    """None where its record is gone, or is that of another state."""
    folder: Path | None
    """Where its record is, or was."""


def owner_of(held: Collection[Listener], files: RunFiles) -> Owner | None:
    """The server of ours among those who hold a port; by its mark alone, since a record may be old."""
    pids = [one.pid for one in held if one.pid is not None]
    records = [one for one in files.records().values() if isinstance(one, RunRecord)] if pids else []
    for pid in pids:
        for record in records:
            if belongs_to(pid, record):
                return Owner(record.id, record.name, pid, record, files.folder)
        if (mark := mark_of(pid)) is not None:
            name = mark.id if is_here(pid, files) else None
            return Owner(mark.id, name, pid, None, run_folder_of(pid))
    return None


def describe(owner: Owner, files: RunFiles, names: Mapping[str, str] | None = None) -> str:
    """Which server of ours it is and how to free its port; `names` are what entries are called now."""
    name = (names or {}).get(owner.id, owner.name or owner.id)
    if owner.record is not None:
        return f'that is "{name}": {files.command("down", name)} frees it'
    if owner.name is None:
        place = f": its record is in {owner.folder}" if owner.folder is not None else ""
        return f"mlxsm started it for another state{place}"
    return f"mlxsm started it, but its record is gone: {files.command('down', name)} stops it"

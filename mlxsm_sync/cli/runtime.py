"""What the commands for running servers share: where their files are, and which servers are meant."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.cli.options import Shared
from mlxsm_sync.errors import FileTrouble, ServerTrouble

if TYPE_CHECKING:
    from mlxsm_sync.run_files import RunFiles
    from mlxsm_sync.server import Record
    from mlxsm_sync.state import Entry, State


def run_files(shared: Shared) -> RunFiles:
    """The files that tell of running servers, beside the state.

    Every command for servers asks for them first, before it loads anything that a system may not have.
    """
    if sys.platform == "win32":
        raise ServerTrouble("servers are only run on macOS and Linux", "the other commands work on Windows")
    from mlxsm_sync.run_files import RunFiles

    return RunFiles(shared.store.folder, shared.store.label)


def owner_of_file(shared: Shared) -> str | None:
    """The collection of the profile file, None where there is no file here."""
    with suppress(FileTrouble):
        shared.file = shared.path
    return shared.desired().owner if shared.file is not None else None


def recorded(files: RunFiles, entries: Iterable[Entry]) -> Iterable[tuple[str, Record]]:
    """The servers that we started for these entries, under the names that those have now."""
    from mlxsm_sync.server import Record

    for entry in entries:
        record = files.record(entry.id)
        if isinstance(record, Record):
            yield entry.name, record


def by_name(state: State, names: Iterable[str]) -> list[Entry]:
    """The entries of these names, in the order of the state."""
    from mlxsm_sync.cli.entries import chosen

    return [*chosen(state, [*names])]

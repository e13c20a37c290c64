"""Which entries another profile file of the same collection still lists."""

from __future__ import annotations

import os
from collections.abc import Collection

from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.planning.prune import listed_entries
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.state import State


def kept_elsewhere(desired: Desired, state: State, ids: Collection[str], machine: str | None) -> set[str]:
    """Those of these entries that the file from which they were applied lists, where that is another one.

    A file that is there and cannot be used may list them all: nothing says that it does not.
    """
    if not ids:
        return set()
    origins = look(desired, state)
    kept: set[str] = set()
    for path in {entry.from_ for entry in state.entries if entry.id in ids}:
        if path is not None and origins.is_other(path):
            came = {entry.id for entry in state.entries if entry.id in ids and entry.from_ == path}
            kept |= came & _listed(path, state, machine, came)
    return kept


def _listed(path: str, state: State, machine: str | None, unknown: set[str]) -> set[str]:
    """The entries that a file lists; `unknown` where it does not tell."""
    try:
        # What stands there now may be a pipe, which nobody may ever write to.
        if not os.path.isfile(path):
            return unknown
        return {*listed_entries(read_profile_file(path, machine), state).places}
    except (MlxsmError, OSError):
        return unknown

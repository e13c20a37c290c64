"""What the options of a profile name beside its model: an adapter, and the model that drafts its answers.

As with the model, only names, sizes and small JSON files are looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.servers import model_files
from mlxsm_sync.servers.memory_needs import given
from mlxsm_sync.servers.snapshots import json_object
from mlxsm_sync.values.server_options import ADAPTER_PATH, DRAFT_MODEL
from mlxsm_sync.values.state import Entry

_ADAPTER_CONFIG, _ADAPTER_WEIGHTS = "adapter_config.json", "adapters.safetensors"
"""What a server reads of an adapter (mlx-lm 0.32.2, `tuner/utils.py`)."""


class OptionFiles(NamedTuple):
    """What one option names, and how that is on this disk."""

    option: str
    place: str
    """Where it is, as the server is told."""
    problems: tuple[str, ...] = ()
    """What would keep the server from loading it."""
    warning: str | None = None
    """What the server will have to do to get it, or what else it may be taken for."""
    is_here: bool = True


def option_files(entry: Entry, environment: Mapping[str, str]) -> Iterator[OptionFiles]:
    """What the raw arguments of an entry name, as far as it can be looked for."""
    told = given(entry.profile)
    if adapter := told.get(ADAPTER_PATH):
        place = model_files.finder(entry)(adapter)
        # A place that hangs on where the server runs is a problem of the option itself.
        if os.path.isabs(place):
            where = model_files.relative_to(entry, adapter)
            faults = (f"its adapter: {one}{where}" for one in _adapter_problems(place))
            yield OptionFiles(ADAPTER_PATH, place, tuple(faults))
    if draft := told.get(DRAFT_MODEL):
        drafting = entry.model_copy(profile=entry.profile.model_copy(model_id=draft))
        found = model_files.model_of(drafting, environment)
        problems = tuple(f"its draft model: {one}" for one in found.problems)
        warning = f"its draft model: {found.warning}" if found.warning is not None else None
        yield OptionFiles(DRAFT_MODEL, found.argument, problems, warning, found.kind != "not cached")


def _adapter_problems(place: str) -> list[str]:
    """What keeps a folder from being loaded as an adapter."""
    try:
        return [*_faults(Path(place))]
    except PermissionError as error:
        return [model_files.refused(error)]
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no path"
        return [f"{place} cannot be looked at: {why}"]


def _faults(folder: Path) -> Iterator[str]:
    try:
        os.listdir(folder)
    except FileNotFoundError:
        yield f"there is no folder {folder}"
        return
    except NotADirectoryError:
        yield f"{folder} is no folder: an adapter is a folder with {_ADAPTER_CONFIG}"
        return
    if json_object(folder / _ADAPTER_CONFIG) is None:
        yield f"{folder}/{_ADAPTER_CONFIG} is missing or no JSON object"
    if (fault := model_files.file_fault(folder, _ADAPTER_WEIGHTS)) is not None:
        yield fault

"""What the hub's cache knows of a model: its snapshot, and how many bytes of weights it has and lacks.

huggingface_hub (2.4.0, `_tree_cache.py`) keeps the sizes of all files of a commit beside its snapshots
before the first of them comes; older releases do not, and then the index of the weights names their sum.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.text.nesting import loads

INDEX = "model.safetensors.index.json"
_LARGEST = 64 * 1024 * 1024
_WEIGHTS = re.compile(r"model.*\.safetensors")


class Weights(NamedTuple):
    """The weights of a model, in bytes."""

    total: int
    there: int
    """Those of files that are whole."""

    @property
    def missing(self) -> int:
        """What is still to come."""
        return max(self.total - self.there, 0)


def repository(model_id: str, cache: Path) -> Path:
    """The folder of a model in the cache."""
    return cache / f"models--{model_id.replace('/', '--')}"


def snapshot(place: Path) -> Path | None:
    """The snapshot of the main branch; see huggingface_hub's guide "Understand caching"."""
    try:
        commit = read_plain(place / "refs/main", 1024).decode("ascii").strip()
    except PermissionError:
        raise
    except (OSError, ValueError):
        return None
    return place / "snapshots" / commit if commit and "/" not in commit else None


def weights(place: Path) -> Weights | None:
    """The weights of the model in this folder of the cache; None where their sizes are not known here."""
    with suppress(OSError, ValueError):
        if (folder := snapshot(place)) is not None:
            listed = _listed(place / "trees" / f"{folder.name}.json")
            there = {one.name: one.stat().st_size for one in _whole(folder)}
            if listed:
                return Weights(
                    sum(listed.values()), sum(size for name, size in there.items() if name in listed)
                )
            whole = there.get("model.safetensors") if len(there) == 1 else None
            if (total := _indexed(folder) or whole) is not None:
                return Weights(total, sum(there.values()))
    return None


def free_space(place: Path) -> int | None:
    """The bytes that are free on the disk of a folder, which need not be there yet."""
    for folder in (place, *place.parents):
        with suppress(OSError, ValueError):
            return shutil.disk_usage(folder).free
    return None


def json_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none, PermissionError where it may not be read."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        data = loads(read_plain(path, _LARGEST))
    except PermissionError:
        raise
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _whole(folder: Path) -> list[Path]:
    """The files of weights in a snapshot: a link is made when what it leads to is whole."""
    with suppress(FileNotFoundError):
        return [one for one in folder.iterdir() if _WEIGHTS.fullmatch(one.name) and one.exists()]
    return []


def _listed(path: Path) -> dict[str, int]:
    """The sizes of the files of weights, as the hub listed them."""
    files = (json_object(path) or {}).get("files")
    about = files.items() if isinstance(files, dict) else ()
    sizes = ((name, _size(one.get("size"))) for name, one in about if isinstance(one, dict))
    return {name: size for name, size in sizes if _WEIGHTS.fullmatch(name) and size is not None}


def _indexed(folder: Path) -> int | None:
    """The sum of the weights by their own index."""
    metadata = (json_object(folder / INDEX) or {}).get("metadata")
    return _size(metadata.get("total_size")) if isinstance(metadata, dict) else None


def _size(value: object) -> int | None:
    """What a disk could hold; None for anything else."""
    return value if isinstance(value, int) and 0 < value < 2**63 else None

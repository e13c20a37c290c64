"""The model of a profile on this disk: a local folder, or a snapshot in the Hugging Face cache.

Only names, sizes and small JSON files are looked at; nothing is loaded, nothing is asked of a network.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mlxsm_sync.cautions import is_local_path

_INDEX = "model.safetensors.index.json"
_LFS = b"version https://git-lfs"
_LARGEST = 64 * 1024 * 1024


class ModelFiles(NamedTuple):
    """What is on the disk of one model."""

    argument: str
    """What the server is given as its model: a local folder is absolute and resolved.

    A client that names the path as the server lists it would else make it load the model again.
    """
    kind: Literal["folder", "cached", "not cached"]
    problems: tuple[str, ...] = ()
    """What would keep a folder from being loaded."""
    warning: str | None = None
    """What the server will have to do to get a model that is not there."""


def look_at(model_id: str, environment: Mapping[str, str]) -> ModelFiles:
    """The model's files, and what is wrong with them."""
    if is_local_path(model_id):
        return _look_into(model_id)
    snapshot = _snapshot(model_id, cache_folder(environment))
    if snapshot is None or any(_folder_problems(snapshot)):
        return ModelFiles(model_id, "not cached", warning=_not_there(model_id, environment))
    return ModelFiles(model_id, "cached")


def _look_into(path: str) -> ModelFiles:
    if path.startswith("~"):
        return ModelFiles(path, "folder", (f"{path} is taken as it is, without a home folder: write it out",))
    try:
        folder = Path(os.path.realpath(path))
        return ModelFiles(str(folder), "folder", tuple(_folder_problems(folder)))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no path"
        return ModelFiles(path, "folder", (f"{path} cannot be looked at: {why}",))


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The hub's cache as huggingface_hub finds it (2.4.0, `constants.py`)."""
    home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    hub = environment.get("HF_HOME") or os.path.join(home, "huggingface")
    named = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    return Path(os.path.expandvars(os.path.expanduser(named or os.path.join(hub, "hub"))))


def make_cache_folder(environment: Mapping[str, str]) -> None:
    """An empty cache where there is none: without the folder, the server's list of models breaks off."""
    with suppress(OSError):
        cache_folder(environment).mkdir(parents=True, exist_ok=True)


def is_offline(environment: Mapping[str, str]) -> bool:
    """Whether the server is told not to ask the hub."""
    values = (environment.get("HF_HUB_OFFLINE"), environment.get("TRANSFORMERS_OFFLINE"))
    return any((value or "").upper() in ("1", "ON", "YES", "TRUE") for value in values)


def _not_there(model_id: str, environment: Mapping[str, str]) -> str:
    if is_offline(environment):
        return f"{model_id} is not complete in the cache, and HF_HUB_OFFLINE forbids the download"
    return f"{model_id} is not complete in the cache: the server will download it"


def _snapshot(model_id: str, cache: Path) -> Path | None:
    """The snapshot of the main branch; see huggingface_hub's guide "Understand caching"."""
    repository = cache / f"models--{model_id.replace('/', '--')}"
    with suppress(OSError, ValueError):
        commit = (repository / "refs/main").read_text(encoding="ascii").strip()
        if commit and "/" not in commit:
            return repository / "snapshots" / commit
    return None


def _folder_problems(folder: Path) -> Iterator[str]:
    """What keeps a folder from being loaded as a model."""
    if not folder.is_dir():
        yield f"there is no folder {folder}"
        return
    config = _json(folder / "config.json")
    if config is None:
        yield f"{folder}/config.json is missing or no JSON object"
    elif not isinstance(config.get("model_type"), str):
        yield f"{folder}/config.json names no model_type"
    if not any(
        (folder / name).exists() for name in ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")
    ):
        yield f"{folder} has no tokenizer"
    yield from _weight_problems(folder)


def _weight_problems(folder: Path) -> Iterator[str]:
    index = _json(folder / _INDEX)
    if index is not None and isinstance(index.get("weight_map"), dict):
        names = sorted({str(name) for name in index["weight_map"].values()})
    else:
        names = sorted(path.name for path in folder.glob("model*.safetensors"))
    if not names:
        yield f"{folder} has no weights (model*.safetensors)"
    for name in names:
        try:
            with open(folder / name, "rb") as file:
                head = file.read(len(_LFS))
        except OSError:
            yield f"{folder}/{name} is missing"
            continue
        if head == _LFS:
            yield f"{folder}/{name} is a pointer of git-lfs, not the weights: git lfs pull brings them"
        elif len(head) < 8:
            yield f"{folder}/{name} is cut off"


def _json(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None

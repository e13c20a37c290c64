"""The folder that the Hugging Face Hub's library keeps models in, as that library finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_FOLDER = "/"
"""Where servers run, so where a relative folder begins for them."""
_MOUNTS = ("/Volumes", "/media", "/mnt", "/run/media")
"""Where disks that can be taken out are mounted, in folders of their own or of a user."""


def cache_folder(environment: Mapping[str, str]) -> Path:
    """The hub's cache (huggingface_hub 2.4.0, `constants.py`)."""
    return _made_by_a_download(environment)[-1]


def make_cache_folder(environment: Mapping[str, str]) -> None:
    """Make the cache folder if it is missing: without it, the server's list of models breaks off.

    Only the folders that a first download makes are made: what is to hold them may be a disk that is away.
    """
    if missing_place(environment) is None:
        with suppress(OSError, ValueError):
            cache_folder(environment).mkdir(parents=True, exist_ok=True)


def missing_place(environment: Mapping[str, str]) -> Path | None:
    """The folder that is to hold the cache and is not there, such as the volume of a disk; else None."""
    made = _made_by_a_download(environment)
    missing = _topmost_missing(made[-1])
    if missing is None or (missing in made and missing.parent.is_dir() and not _is_mount(missing)):
        return None
    return missing


def is_offline(environment: Mapping[str, str]) -> bool:
    """Whether the server is told not to ask the hub."""
    values = (environment.get("HF_HUB_OFFLINE"), environment.get("TRANSFORMERS_OFFLINE"))
    return any((value or "").upper() in ("1", "ON", "YES", "TRUE") for value in values)


def _made_by_a_download(environment: Mapping[str, str]) -> list[Path]:
    """The cache, and above it the folders that are made with it, outermost first."""
    if named := environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE"):
        return [_place(named)]
    if home := environment.get("HF_HOME"):
        return [_place(home), _place(home) / "hub"]
    root = _place(environment.get("XDG_CACHE_HOME") or "~/.cache")
    return [root, root / "huggingface", root / "huggingface/hub"]


def _place(named: str) -> Path:
    return Path(_FOLDER, os.path.expandvars(os.path.expanduser(named)))


def _topmost_missing(folder: Path) -> Path | None:
    """The first folder of a path that is not there; None where all are, or one cannot be looked at."""
    for place in (*reversed(folder.parents), folder):
        try:
            os.stat(place)
        except (FileNotFoundError, NotADirectoryError):
            return place
        except (OSError, ValueError):
            return None
    return None


def _is_mount(place: Path) -> bool:
    """Whether a folder is one that a disk is mounted on, or of a user whose disks are."""
    return bool({str(place.parent), str(place.parent.parent)} & {*_MOUNTS})

"""The model of a profile on this disk: a local folder, or a snapshot in the Hugging Face cache.

Only names, sizes and small JSON files are looked at; nothing is loaded, nothing is asked of a network.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mlxsm_sync.files.owners import remedy
from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.servers.model_cache import cache_folder, is_offline, make_cache_folder, missing_place
from mlxsm_sync.servers.snapshots import INDEX, free_space, json_object, repository, snapshot, weights
from mlxsm_sync.text.amounts import size
from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.values.model_ids import can_be_served, is_local_path, is_path
from mlxsm_sync.values.state import Entry

__all__ = [
    "ModelFiles",
    "cache_folder",
    "config_of",
    "file_fault",
    "finder",
    "folder_for",
    "hub_page",
    "is_offline",
    "look_at",
    "make_cache_folder",
    "model_of",
    "refused",
    "relative_to",
]

_LFS = b"version https://git-lfs"
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")
_PATH = re.compile(r"(?:~|\.{1,2})?/")
"""What a model ID begins with that names a folder in so many words."""
_PAGE = re.compile(r"https?://[\w.:\[\]-]+(?:/[\w./-]*)?", re.ASCII)
"""The address of a hub, without a name or a password in it."""
NO_FOLDER = "there is no folder"
_PRIVACY = "System Settings > Privacy & Security > Files and Folders"


class ModelFiles(NamedTuple):
    """What is on the disk of one model."""

    argument: str
    """What the server is given as its model: a local folder is absolute and resolved.

    A client that names the path as the server lists it would else make it load the model again.
    """
    kind: Literal["folder", "cached", "not cached"]
    problems: tuple[str, ...] = ()
    """What would keep a model from being loaded."""
    warning: str | None = None
    """What the server will have to do to get a model that is not there, or what else it may be taken for."""


def model_of(entry: Entry, environment: Mapping[str, str]) -> ModelFiles:
    """The model of an entry; a relative folder belongs to the profile file that it was applied from."""
    model_id = entry.profile.model_id
    found = look_at(model_id, environment, _beside(entry))
    # A folder that is not there was looked for beside a file that may have moved.
    where = relative_to(entry, model_id)
    notes = (f"{one}{where}" if one.startswith(NO_FOLDER) else one for one in found.problems)
    return found._replace(problems=tuple(notes))


def relative_to(entry: Entry, path: str) -> str:
    """What to say behind a folder that is not there: which file its path is relative to, if to any."""
    if entry.from_ is None or not path.startswith(("./", "../")):
        return ""
    gone = "" if os.path.lexists(entry.from_) else ", which is gone: apply the file from where it is now"
    return f" ({path} is relative to {entry.from_}{gone})"


def _beside(entry: Entry) -> str | None:
    """The folder of the profile file; none of it is relative to where we are, whoever wrote the state."""
    place = entry.from_
    return os.path.dirname(place) if place is not None and os.path.isabs(place) else None


def finder(entry: Entry) -> Callable[[str], str]:
    """How a path that an entry's options name is found from everywhere; all else stays as it is."""
    beside = _beside(entry)

    def find(value: str) -> str:
        path = _place(value, beside)[0] if _PATH.match(value) else None
        return os.path.abspath(path) if path is not None else value

    return find


def look_at(model_id: str, environment: Mapping[str, str], beside: str | None = None) -> ModelFiles:
    """The model's files, and what is wrong with them; `beside` is the folder of the profile file."""
    if is_local_path(model_id) or not can_be_served(model_id):
        path, fault = _place(model_id, beside)
        return ModelFiles(model_id, "folder", (fault,)) if path is None else _look_into(path)
    return _of_hub(model_id, environment, _namesake(model_id, beside))


def hub_page(model_id: str, environment: Mapping[str, str]) -> str | None:
    """The page of a model on the hub that a server asks; None where no page can be named."""
    if is_path(model_id) or not can_be_served(model_id):
        return None
    hub = environment.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
    return f"{hub}/{model_id}" if _PAGE.fullmatch(hub) and redacted(hub) == hub else None


def _place(model_id: str, beside: str | None) -> tuple[str | None, str]:
    """The path of a folder, or why it has none."""
    if model_id.startswith("~/"):
        return os.path.expanduser(model_id), ""
    if model_id.startswith("/"):
        return model_id, ""
    if not _PATH.match(model_id):
        return None, f"{model_id} is neither a Hub name nor a path that begins with /, ./, ../ or ~/"
    if beside is None:
        fault = f"{model_id} is relative to a profile file, and this profile was applied from none"
        return None, f"{fault}: apply it from a file, or write the whole path"
    return os.path.join(beside, model_id), ""


def _namesake(model_id: str, beside: str | None) -> str | None:
    """What to write for the folder beside the profile file that is called as a name of the Hub."""
    with suppress(OSError, ValueError):
        if beside is not None and os.path.isdir(os.path.join(beside, model_id)):
            return f"to serve the folder {os.path.join(beside, model_id)} instead, write ./{model_id}"
    return None


def _of_hub(model_id: str, environment: Mapping[str, str], namesake: str | None) -> ModelFiles:
    """A model that the hub has, in the cache or not."""
    try:
        folder = snapshot(repository(model_id, cache_folder(environment)))
        is_whole = folder is not None and not any(_folder_problems(folder))
    except PermissionError as error:
        return ModelFiles(model_id, "not cached", (refused(error),))
    except (OSError, ValueError):
        is_whole = False
    message = [] if is_whole else [_not_there(model_id, environment)]
    warning = "; ".join([*message, *filter(None, [namesake])]) or None
    return ModelFiles(model_id, "cached" if is_whole else "not cached", warning=warning)


def _look_into(path: str) -> ModelFiles:
    try:
        folder = Path(os.path.realpath(path))
        return ModelFiles(str(folder), "folder", tuple(_folder_problems(folder)))
    except PermissionError as error:
        return ModelFiles(path, "folder", (refused(error),))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "is no path"
        return ModelFiles(path, "folder", (f"{path} cannot be looked at: {why}",))


def refused(error: PermissionError) -> str:
    """That the system does not let us read a file, which is no sign that it is not there."""
    message = f"{error.filename} may not be read: {error.strerror}"
    if (known := remedy(error.filename)) is not None:
        return f"{message}: {known[0]}; {known[1]}"
    if sys.platform == "darwin":
        return f"{message}; macOS may withhold the folder from your terminal: {_PRIVACY} allows it"
    return message


def _not_there(model_id: str, environment: Mapping[str, str]) -> str:
    # The environment's own words, beside the name of a profile in a sentence of ours.
    cache = redacted(str(cache_folder(environment)))
    message = f"{model_id} is not complete in the cache at {cache}"
    if (missing := missing_place(environment)) is not None:
        message = f"{message}, and {redacted(str(missing))} is not there: is its disk connected?"
    elif is_offline(environment):
        return f"{message}, and HF_HUB_OFFLINE forbids the download"
    else:
        return f"{message}: the server will download it{_too_much(model_id, cache_folder(environment))}"
    return message if is_offline(environment) else f"{message} The server would download it there"


def _too_much(model_id: str, cache: Path) -> str:
    """That the disk cannot take what is still to come, where both is known; else nothing."""
    known, free = weights(repository(model_id, cache)), free_space(cache)
    if known is None or free is None or known.missing <= free:
        return ""
    return f", but {size(known.missing)} of it are still to come, and its disk has {size(free)} free"


def _folder_problems(folder: Path) -> Iterator[str]:
    """What keeps a folder from being loaded as a model; PermissionError where it may not be read."""
    try:
        names = frozenset(os.listdir(folder))
    except FileNotFoundError:
        yield f"{NO_FOLDER} {folder}"
        return
    except NotADirectoryError:
        yield f"{folder} is no folder: a model is a folder with a config.json"
        return
    config = json_object(folder / "config.json")
    if config is None:
        yield f"{folder}/config.json is missing or no JSON object"
    elif not isinstance(config.get("model_type"), str):
        yield f"{folder}/config.json names no model_type"
    if not names & {*_TOKENIZERS}:
        yield f"{folder} has no tokenizer"
    yield from _weight_problems(folder, names)


def _weight_problems(folder: Path, names: frozenset[str]) -> Iterator[str]:
    """What is wrong with the weights: the server loads all files of this pattern, whatever the index says."""
    there = {name for name in names if re.fullmatch(r"model.*\.safetensors", name)}
    if not there:
        yield f"{folder} has no weights (model*.safetensors)"
    index = json_object(folder / INDEX) or {}
    listed = index.get("weight_map")
    parts = {str(name) for name in listed.values()} if isinstance(listed, dict) else set()
    # An index of another build names none of the files that are there, and no more is known from it.
    missing = parts - there if parts & there else set()
    for name in sorted(there | missing):
        if (fault := file_fault(folder, name)) is not None:
            yield fault


def file_fault(folder: Path, name: str) -> str | None:
    """What is wrong with a file of weights, else None; PermissionError where it may not be read."""
    try:
        head = read_plain(folder / name, len(_LFS))
    except PermissionError:
        raise
    except OSError:
        return f"{folder}/{name} is missing"
    if head == _LFS:
        pull = f"git -C {shlex.quote(str(folder))} lfs pull"
        return f"{folder}/{name} is a pointer of git-lfs, not the weights: {pull} brings them"
    return f"{folder}/{name} is cut off" if len(head) < 8 else None


def config_of(folder: Path) -> dict[str, Any] | None:
    """The config.json of a model, None where there is none that can be read."""
    return json_object(folder / "config.json")


def folder_for(entry: Entry, environment: Mapping[str, str]) -> Path | None:
    """The folder that the files of an entry's model are in; None where it is not whole on this disk."""
    found = look_at(entry.profile.model_id, environment, _beside(entry))
    if found.problems or found.kind == "not cached":
        return None
    is_local = found.kind == "folder"
    return (
        Path(found.argument)
        if is_local
        else snapshot(repository(entry.profile.model_id, cache_folder(environment)))
    )

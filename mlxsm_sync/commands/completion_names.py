"""The names that a shell offers for completion: read fast, judged by nobody, silent about what is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from mlxsm_sync.clients.registry import CLIENTS
from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.files.machine_name import this_machine
from mlxsm_sync.files.paths import app_list_path, default_state_path, expanded, find_profile_file
from mlxsm_sync.syntax.tree import Node, Position, Problems, exactly
from mlxsm_sync.syntax.yaml import read_yaml
from mlxsm_sync.text.nesting import loads
from mlxsm_sync.values.machines import is_for, is_pattern, keys_of


def profile_names(file: str | None) -> list[object]:
    """What stands at the names of a profile file, or of a document; empty if it cannot be read."""
    root = _root(file)
    machines = (root.members or {}).get("machines", root).members
    listed = (root.members or {}).get("profiles", root).items or []
    chosen = listed if machines is None else filter(partial(_is_for_this, machines), listed)
    return [(item.members or {}).get("name", Node(item.at)).value for item in chosen]


def machine_names(file: str | None) -> list[object]:
    """The machines of a profile file that are no patterns; empty if it cannot be read."""
    root = _root(file)
    machines = (root.members or {}).get("machines", Node(root.at)).members or {}
    return [key for key in machines if not is_pattern(key)]


def _root(file: str | None) -> Node:
    """What stands in a file; nothing if it cannot be read."""
    with suppress(MlxsmError, OSError, ValueError):
        path = expanded(file or find_profile_file(os.environ))
        text = Path(path).read_text(encoding="utf-8") if os.path.isfile(path) else ""
        return read_yaml(text, Problems(path))
    return Node(Position(1, 1))


def _is_for_this(machines: Mapping[str, Node], profile: Node) -> bool:
    """Whether a profile is for this machine; of one that the file does not know, nothing is held back."""
    with suppress(MlxsmError):
        name = this_machine(None, os.environ).name
        known = keys_of(name, machines)
        on = (profile.members or {}).get("on")
        words = [item.value for item in on.items or () if isinstance(item.value, str)] if on else None
        tagged = (exactly(machines[key], ["tags"]) for key in known)
        tags = [
            tag.value for node in tagged if node for tag in node.items or () if isinstance(tag.value, str)
        ]
        return not known or is_for(words, name, tags)
    return True


def entry_names(state: str) -> list[object]:
    """What stands at the names of a state, or of the Mac app's list; empty if it cannot be read."""
    with suppress(MlxsmError, OSError, ValueError, TypeError, KeyError, RecursionError):
        path = Path(expanded(state.removeprefix("app:"))) if state else default_state_path(os.environ)
        path = app_list_path() if state == "app" else path
        data = loads(path.read_bytes() if path.is_file() else b"[]")
        if isinstance(data, list):
            return [entry["displayName"] for entry in data]
        return [entry["profile"]["name"] for entry in data["entries"]]
    return []


def client_names() -> list[object]:
    """The clients whose settings are known."""
    return [*CLIENTS]

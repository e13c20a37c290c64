"""The names that a shell offers for completion: read fast, judged by nobody, silent about what is wrong."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.clients.connection import CLIENTS
from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.files.paths import app_list_path, default_state_path, expanded, find_profile_file
from mlxsm_sync.syntax.tree import Node, Problems
from mlxsm_sync.syntax.yaml import read_yaml
from mlxsm_sync.text.nesting import loads


def profile_names(file: str | None) -> list[object]:
    """What stands at the names of a profile file, or of a document; empty if it cannot be read."""
    with suppress(MlxsmError, OSError, ValueError):
        path = expanded(file or find_profile_file(os.environ))
        text = Path(path).read_text(encoding="utf-8") if os.path.isfile(path) else ""
        root = read_yaml(text, Problems(path))
        listed = (root.members or {}).get("profiles", Node(root.at)).items or []
        return [(item.members or {}).get("name", Node(item.at)).value for item in listed]
    return []


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

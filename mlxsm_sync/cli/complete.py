"""Names for shell completion: read fast, and silent about everything that is wrong."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.text.unicode import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def profile_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names in the profile file, or in the document of an import; only read as YAML, nothing is judged."""
    from pathlib import Path

    from mlxsm_sync.files.paths import expanded, find_profile_file
    from mlxsm_sync.syntax.tree import Node, Problems
    from mlxsm_sync.syntax.yaml import read_yaml

    names: list[object] = []
    with suppress(MlxsmError, OSError, ValueError):
        file = os.environ.get("MLXSM_FILE") or getattr(ctx.obj, "file", None)
        path = expanded(_document(ctx) or file or find_profile_file(os.environ))
        text = Path(path).read_text(encoding="utf-8") if os.path.isfile(path) else ""
        root = read_yaml(text, Problems(path))
        listed = (root.members or {}).get("profiles", Node(root.at)).items or []
        names = [(item.members or {}).get("name", Node(item.at)).value for item in listed]
    return _matching(names, incomplete)


def _document(ctx: click.Context) -> str | None:
    """The document of an import: an argument that is read, or left over since the line is not complete."""
    if ctx.info_name != "import":
        return None
    return ctx.params.get("path") or next(iter(ctx.args), None)


def entry_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names in the state, or in the Mac app's list."""
    from pathlib import Path

    from mlxsm_sync.files.paths import app_list_path, default_state_path, expanded
    from mlxsm_sync.text.nesting import loads

    names: list[object] = []
    with suppress(MlxsmError, OSError, ValueError, TypeError, KeyError, RecursionError):
        given = os.environ.get("MLXSM_STATE") or getattr(ctx.obj, "state", None) or ""
        path = Path(expanded(given.removeprefix("app:"))) if given else default_state_path(os.environ)
        path = app_list_path() if given == "app" else path
        data = loads(path.read_bytes() if path.is_file() else b"[]")
        if isinstance(data, list):
            names = [entry["displayName"] for entry in data]
        else:
            names = [entry["profile"]["name"] for entry in data["entries"]]
    return _matching(names, incomplete)


def client_names(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Clients whose settings are known."""
    from mlxsm_sync.clients.connection import CLIENTS

    return _matching(CLIENTS, incomplete)


def _matching(names: Iterable[object], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from mlxsm_sync.text.secret_scan import looks_like

    # Bash takes what it is given for what was typed; other shells quote themselves.
    quoted = shlex.quote if os.environ.get("_MLXSM_COMPLETE", "").startswith("bash") else str
    return [
        CompletionItem(quoted(name))
        for name in names
        if isinstance(name, str)
        and name.startswith(incomplete)
        and visible(name) == name
        and not looks_like(name)
    ]

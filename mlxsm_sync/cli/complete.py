"""Names for shell completion, as click asks for them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

import click

from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.unicode import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def profile_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names in the profile file, or in the document of an import."""
    file = os.environ.get("MLXSM_FILE") or getattr(ctx.obj, "file", None)
    return _matching(_work().profile_names(_document(ctx) or file), incomplete)


def _document(ctx: click.Context) -> str | None:
    """The document of an import: an argument that is read, or left over since the line is not complete."""
    if ctx.info_name != "import":
        return None
    return ctx.params.get("path") or next(iter(ctx.args), None)


def entry_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names in the state, or in the Mac app's list."""
    given = os.environ.get("MLXSM_STATE") or getattr(ctx.obj, "state", None) or ""
    return _matching(_work().entry_names(given), incomplete)


def machine_names(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Machines of the profile file."""
    file = os.environ.get("MLXSM_FILE") or getattr(ctx.obj, "file", None)
    return _matching(_work().machine_names(file), incomplete)


def client_names(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Clients whose settings are known."""
    return _matching(_work().client_names(), incomplete)


def _work() -> ModuleType:
    """What reads the names; a command that completes nothing has no use for it."""
    from mlxsm_sync.commands import completion_names

    return completion_names


def _matching(names: Iterable[object], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # half as large as click, and for completion only

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

"""What of a document is ignored or dropped, by the names of its keys, and what looks like a secret."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.mac_app.document_format import Document, DocumentOptions, DocumentProfile
from mlxsm_sync.syntax.tree import Node
from mlxsm_sync.text.secret_keys import key_kinds
from mlxsm_sync.text.secret_scan import HIDDEN, looks_like, value_reason
from mlxsm_sync.text.unicode import unseen
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.desired import ProfileWarning
from mlxsm_sync.values.fields import aliases

Path = tuple[str | int, ...]
"""Keys and places that lead to a value."""

SHOWN_LENGTH = 60
_MOST_KEYS = 20
_KNOWN = {
    *aliases(Document).values(),
    *aliases(DocumentProfile).values(),
    *aliases(DocumentOptions).values(),
}
_MACHINES_OWN = ("enableThinking", "notes", "context", "cluster")
# What the app looks for in the names of keys, in lower case and anywhere in them.
_APP_KINDS = {
    "secret": ("apikey", "api_key", "token", "secret", "authorization", "bearer", "password"),
    "path": (
        *("executable", "filepath", "file_path", "modelpath", "model_path"),
        *("cachepath", "cache_path", "localpath", "local_path"),
    ),
}
_ABOUT_KEYS = {
    "secret": "secret-looking field(s): %s. They are ignored and will not be imported.",
    "path": "local path or executable path field(s): %s. They are ignored and will not be imported.",
    "own": "field(s) that are each machine's own: %s. They are not imported.",
    "unknown": "unknown field(s): %s. They are treated as data only and ignored.",
}


def about_keys(scope: str, name: str, node: Node, model: type[Value]) -> Iterator[ProfileWarning]:
    """What is ignored, told by the names of the keys; a key can be of two kinds."""
    known = aliases(model).values()
    by_kind: dict[str, list[str]] = {}
    for key in node.members or {}:
        if key not in known:
            for kind in _kinds(key) or ["own" if key in _MACHINES_OWN else "unknown"]:
                by_kind.setdefault(kind, []).append(key)
    for kind, keys in by_kind.items():
        named = ", ".join(map(shown, keys[:_MOST_KEYS])) + (", …" if len(keys) > _MOST_KEYS else "")
        at = node.keys[keys[0]]
        message = f"{scope} {_ABOUT_KEYS[kind] % named}"
        yield ProfileWarning(name=name, message=message, line=at.line, column=at.column)


def _kinds(key: str) -> list[str]:
    """Whether a key's name looks like a secret's or a path's, by the app's rules or by ours."""
    ours, lower = key_kinds(key), key.lower()
    return [kind for kind, words in _APP_KINDS.items() if kind in ours or any(one in lower for one in words)]


def secrets(node: Node, path: Path = (), *, everywhere: bool = False) -> Iterator[tuple[Path, str]]:
    """Where a key or a value looks like a secret, and what it looks like.

    What is dropped for the name of its key is not looked into, unless `everywhere` is.
    """
    for key, inner in (node.members or {}).items():
        if what := looks_like(key):
            yield (*path, key), f"key looks like {what}"
        if everywhere or key in _KNOWN or not _kinds(key):
            yield from secrets(inner, (*path, key), everywhere=everywhere)
    for place, item in enumerate(node.items or ()):
        yield from secrets(item, (*path, place), everywhere=everywhere)
    if isinstance(node.value, str) and (reason := value_reason(node.value)):
        yield path, reason


def shown(text: str) -> str:
    """A key or value of somebody else's, as far as it may be repeated."""
    if looks_like(text):
        return HIDDEN
    if unseen(text):
        return "(has invisible characters)"
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"

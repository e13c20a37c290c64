"""What is printed for one client, and how: shell, JSON and YAML, each with its own quoting."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from mlxsm_sync.clients.server import Server
from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.unicode import escaped, quotable

_PLAIN = re.compile("(?!(?:true|false|null|yes|no|on|off|[yn])$)[a-z][a-z0-9_-]*", re.IGNORECASE)
"""A text that every version of YAML reads as that without quotes."""

_EXPANDED = re.compile(r"\$(?=\{)|\{(?=(?:file|env):)")
"""How what clients expand in their files begins, also inside quotes: `${X}`, `{file:x}`, `{env:X}`."""


class Settings(NamedTuple):
    """The settings for one client."""

    text: str
    """As the client takes them, with a line break at the end."""
    file: str | None
    """Where it looks for them on macOS; None where it reads variables."""
    notes: tuple[str, ...] = ()
    """What a person has to know beside them, a sentence each."""
    variables: Mapping[str, str] = {}
    """The same for a shell; empty where the client has none for it."""
    file_on_linux: str | None = None
    """Where it looks for them there, where that is not where it looks on macOS."""

    def file_on(self, system: str) -> str | None:
        """Where it looks for them on a system, as Python's `sys.platform` calls it."""
        return (self.file_on_linux if system.startswith("linux") else None) or self.file


class Client(NamedTuple):
    """A program that speaks to the server."""

    purpose: str
    settings: Callable[[Server], Settings]


def shell_lines(variables: Mapping[str, str], *, exported: bool) -> str:
    """Variables for a shell to read, or for a file of settings (`.env`)."""
    start = "export " if exported else ""
    return "".join(f"{start}{name}={shlex.quote(value)}\n" for name, value in variables.items())


def as_json(value: Json) -> str:
    """JSON, indented, in which nothing is expanded by whoever looks for braces before it is parsed."""
    return escaped(_unexpanded(json.dumps(value, ensure_ascii=False, indent=2))) + "\n"


def as_yaml(value: Json) -> str:
    """YAML, one line for each value, in which every text that could be anything else is quoted."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Json) -> Iterator[str]:
    """The lines of a mapping or a list."""
    pairs = value.items() if isinstance(value, dict) else [("-", item) for item in _items(value)]
    for key, item in pairs:
        head = f"{_scalar(key)}:" if isinstance(value, dict) else "-"
        if not isinstance(item, dict | list) or not item:
            yield f"{head} {_scalar(item)}"
        elif isinstance(value, dict):
            yield head
            yield from (f"  {line}" for line in _lines(item))
        else:
            first, *rest = _lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)


def _items(value: Json) -> list[Json]:
    assert isinstance(value, list)  # a scalar has no lines of its own
    return value


def _scalar(value: Json) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    # JSON is YAML in which every text is quoted, and so never ambiguous.
    return quotable(_unexpanded(json.dumps(value, ensure_ascii=False)))


def _unexpanded(text: str) -> str:
    """JSON text in which the beginning of what a client would expand is an escape."""
    return _EXPANDED.sub(lambda found: f"\\u{ord(found.group()):04x}", text)

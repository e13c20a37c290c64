"""What each option of `mlx_lm.server` takes: a rule says what is wrong with a value.

The server checks hardly any value, and some make it hang for ever (`--prompt-concurrency 0`), so the rules
here are stricter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from mlxsm_sync.text.nesting import loads

Version = tuple[int, ...]
Rule = Callable[[str], str | None]
"""What is wrong with a value, else None."""

OLD: Version = (0,)
"""Older than every release that was read."""
SAMPLING: Version = (0, 24, 1)
BATCHING: Version = (0, 30, 6)
CACHE: Version = (0, 31, 1)
ORIGINS: Version = (0, 31, 2)


class Flag(NamedTuple):
    """One option of the server."""

    since: Version
    """The first release that has it."""
    rule: Rule | None = None
    """What its value must be; None for a switch, which takes none."""
    gone: Version | None = None
    """The first release that no longer has it."""


def text(value: str) -> str | None:
    """Any text but the empty one."""
    return None if value else "must not be empty"


_TEMPLATE_FILE = re.compile(r"(?:~|\.{1,2})?/\S*|file:\S*|\S*\.(?:jinja2?|j2|json|tmpl|txt)", re.IGNORECASE)


def template(value: str) -> str | None:
    """Whether a chat template is one: without an expression, no message would ever reach the model."""
    if value and (_TEMPLATE_FILE.fullmatch(value) or not re.search(r"\{[{%]", value)):
        return (
            "must be the text of a template, and is no path: the server reads no file for it "
            "(a model's folder may hold one as chat_template.jinja)"
        )
    return text(value)


def whole(least: int, most: int | None = None) -> Rule:
    """A whole number within limits, both included."""

    def check(value: str) -> str | None:
        if re.fullmatch(r"-?[0-9]{1,18}", value) and least <= int(value) <= (most or int(value)):
            return None
        upper = f" to {most}" if most is not None else " or more"
        return f"must be a whole number, {least}{upper}"

    return check


def number(most: float | None = None) -> Rule:
    """A number from 0, in the forms that Python's float and JSON share."""

    def check(value: str) -> str | None:
        shape = re.fullmatch(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?|\.[0-9]+", value)
        if shape and float(value) <= (most if most is not None else float("1e308")):
            return None
        return f"must be a number, 0{' or more' if most is None else f' to {most:g}'}"

    return check


def one_of(*values: str) -> Rule:
    """One of a few words."""

    def check(value: str) -> str | None:
        return None if value in values else f"must be one of {', '.join(values)}"

    return check


def size(value: str) -> str | None:
    """A number of bytes, with a unit or without."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)? *(M|G|MB|GB)?", value, re.IGNORECASE):
        return None
    return "must be a number of bytes, or one with M, G, MB or GB"


TEMPLATE_OWN = ("add_generation_prompt", "tokenize", "tools")
"""What the server itself passes to the chat template; given twice, every chat fails."""


def template_arguments(value: str) -> str | None:
    """A JSON object without what the server itself passes."""
    try:
        given = loads(value)
    except (ValueError, RecursionError):
        return "must be a JSON object"
    if not isinstance(given, dict):
        return "must be a JSON object"
    if taken := sorted(given.keys() & {*TEMPLATE_OWN}):
        return f"must not set {', '.join(taken)}: the server sets that itself, and every chat would fail"
    return None


def absolute(value: str) -> str | None:
    """An absolute path."""
    return None if value.startswith("/") else "must be an absolute path: the server runs in another folder"


def model(value: str) -> str | None:
    """A name of the Hub, or an absolute path."""
    return absolute(value) if value.startswith((".", "~")) or not value else None

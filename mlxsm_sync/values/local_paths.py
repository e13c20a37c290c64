"""Paths of one machine in what a profile says beside its model: where it says one, not what."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxsm_sync.text.json_value import texts
from mlxsm_sync.values.profile import OPTIONS, Profile

_OF_PATHS = ("--adapter-path",)
"""Options of the server whose value is always a path."""

_WORD = re.compile(r"(?:~[\w.-]*)?/|\.{1,2}/|[A-Za-z]:[\\/]|\\\\|file:")
"""How a value begins that is a path and nothing else."""

_NESTED = re.compile(r"(?:~[\w.-]*|\.{1,2}|[A-Za-z]:)?[\\/][^\s\\/]+[\\/]\S*|file:\S*")
"""A whole text that is a path of more than one step."""

_TEXT = re.compile(
    r"(?:^|(?<=[\s\"'`=(\[{<,:;|]))"
    r"(?:~[\w.-]*/[\w.]|/(?:Users|home|root|Volumes|private|var|tmp|opt|mnt|media|srv|Library|Applications)/"
    r"|[A-Za-z]:\\\w|file:/)"
)
"""How a path begins in a text of words: only places that every machine calls alike are sure."""


def fields_with_paths(profile: Profile) -> Iterator[str]:
    """The names of the fields in which a path of one machine stands, but for the model's."""
    options = profile.advanced_launch_options
    for field, one in (("name", profile.name), ("notes", profile.notes)):
        if one and _TEXT.search(one):
            yield field
    if any(_in_arguments(options.raw_extra_args or ())):
        yield "rawExtraArgs"
    if any(map(_in_value, texts(dict(options.chat_template_args or {})))):
        yield "chatTemplateArgs"
    if options.allowed_origins and _TEXT.search(options.allowed_origins):
        yield "allowedOrigins"


def pointer(field: str) -> str:
    """The JSON Pointer of such a field."""
    return f"/{field}" if field in ("name", "notes") else f"/{OPTIONS}/{field}"


def _in_arguments(arguments: tuple[str, ...]) -> Iterator[bool]:
    before = ""
    for argument in arguments:
        option, joined, value = argument.partition("=") if argument.startswith("-") else ("", "", argument)
        yield bool(_WORD.match(value)) or _TEXT.search(value) is not None
        yield bool(value) and (option if joined else before) in _OF_PATHS
        before = argument


def _in_value(text: str) -> bool:
    # `/no_think` is a word of some chat templates, and no path.
    return bool(_TEXT.search(text) or _NESTED.fullmatch(text))

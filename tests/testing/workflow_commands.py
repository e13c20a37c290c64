"""What the runner of GitHub Actions makes of an output, written from its rules and not from our code.

https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs: a line that begins with `::` and a
known name is a command; else one is looked for behind `##[`, wherever in the line that stands.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Also what is obeyed only by old runners, or by wish.
_KNOWN: tuple[str, ...] = (
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
)
_KNOWN += ("remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning")


class Command(NamedTuple):
    """A workflow command, with its escapes taken back."""

    name: str
    properties: dict[str, str]
    data: str


def obeyed(out: str) -> list[Command | None]:
    """What is obeyed on each line of an output, None for a line that is only shown."""
    lines = re.split(r"\r\n|\r|\n", out)
    assert lines[-1] == "", "the last line has no end"
    return [_second_form(line) or _first_form(line) for line in lines[:-1]]


def _second_form(line: str) -> Command | None:
    head, colons, data = line.lstrip().removeprefix("::").partition("::")
    if not line.lstrip().startswith("::") or not colons:
        return None
    name, _, properties = head.partition(" ")
    pairs = dict(pair.split("=", 1) for pair in properties.strip().split(",") if "=" in pair)
    plain = {key: _plain(value, "%0D", "%0A", "%3A", "%2C", "%25") for key, value in pairs.items()}
    return Command(name, plain, _plain(data, "%0D", "%0A", "%25")) if name.lower() in _KNOWN else None


def _first_form(line: str) -> Command | None:
    _, mark, rest = line.partition("##[")
    head, bracket, data = rest.partition("]")
    name = head.partition(" ")[0]
    return Command(name, {}, data) if mark and bracket and name.lower() in _KNOWN else None


def _plain(text: str, *escapes: str) -> str:
    for escape in escapes:  # one after the other, as the runner does
        text = text.replace(escape, chr(int(escape[1:], 16)))
    return text

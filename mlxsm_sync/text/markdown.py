"""Text of others in Markdown: as code, in which nothing is markup, and as a comment that nothing can close.

Only in code does no forge look for people, issues, links, commits, formulas and emoji.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.text.unicode import escaped, visible

_LOG_COMMAND = re.compile(r"(?<=##)(?=\w*\[)")
"""Where a log of CI would read a command, such as `##[add-mask]`, anywhere in a line.

https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
"""
_LINE_COMMAND = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
"""The same at the beginning of a line: `::error::`."""
_SPLIT = "<!-- -->"
_TICKS = re.compile("`+")


def code(text: str) -> str:
    """Text as code in a cell of a table, on one line; what cannot be seen is written out."""
    return _SPLIT.join(map(_span, _LOG_COMMAND.split(visible(text))))


def _span(text: str) -> str:
    """One span of code, by https://spec.commonmark.org/0.31.2/#code-spans."""
    runs = {len(run) for run in _TICKS.findall(text)}
    # The shortest one that the text does not have: some readers give up on long ones.
    fence = "`" * next(count for count in range(1, len(runs) + 2) if count not in runs)
    text = text or " "
    # One space at both ends is taken off, unless there is nothing but spaces.
    padded = "`" in (text[0], text[-1]) or (text[0] == text[-1] == " " and text.strip() != "")
    edge = " " if padded else ""
    # A table is cut at its bars before anything else is read: https://github.github.com/gfm/#example-200.
    return f"{fence}{edge}{text}{edge}{fence}".replace("|", r"\|")


def block(lines: Iterable[str]) -> list[str]:
    """Finished lines as a block of code, with a fence that is in none of them."""
    text = plain_in_logs("\n".join(lines))
    fence = "`" * max(3, *(len(run) + 1 for run in _TICKS.findall(text)), 0)
    return [f"{fence}text", *text.split("\n"), fence]


def plain_in_logs(text: str) -> str:
    r"""Text in which a log of CI finds no command: the sign that would make it one is written `\u{3a}`."""
    text = _LINE_COMMAND.sub(r"\1\\u{3a}", text)
    return re.sub(r"##(?=\w*\[)", r"#\\u{23}", text)


def comment(label: str, data: JsonObject) -> str:
    """A hidden line for programs: a label of ours, and JSON in which nothing can close the comment.

    A comment ends at `-->`, and for some readers at any `--`: https://html.spec.whatwg.org/#comments.
    """
    text = escaped(json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    text = re.sub("[<>]|(?<=-)-|(?<=#)#", lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"<!-- {label} {text} -->"

"""A line of a file with a caret below the place that is meant, as compilers show it."""

from __future__ import annotations

from collections.abc import Iterable

from mlxsm_sync.errors import Problem
from mlxsm_sync.text.columns import columns
from mlxsm_sync.text.secret_keys import key_reason
from mlxsm_sync.text.secret_scan import looks_like
from mlxsm_sync.text.unicode import visible

_NOT_READ = ("not valid YAML", "not valid JSON")
_BEFORE, _AFTER = 60, 40
"""How much of a long line is shown on either side of the place."""
_TAB = "<tab>"


def with_excerpts(problems: Iterable[Problem], text: str) -> tuple[Problem, ...]:
    """The same problems; where a text could not be read on, with the line that it stopped in."""
    return tuple(
        one.model_copy(excerpt=excerpt(text, one.line, one.column or 1))
        if one.line is not None and one.message.startswith(_NOT_READ)
        else one
        for one in problems
    )


def excerpt(text: str, line: int, column: int) -> str | None:
    """The line of a text, and the caret; None where anything in the text may be a secret."""
    lines = text.split("\n")
    source = lines[line - 1].rstrip("\r") if line <= len(lines) else ""
    if not source.strip() or looks_like(text) or key_reason(source.partition(":")[0]):
        return None
    source, column = _with_tabs_named(source, column)
    before, after = source[: column - 1], source[column - 1 :]
    start = "…" if len(before) > _BEFORE else ""
    end = "…" if len(after) > _AFTER else ""
    shown = visible(start + before[-_BEFORE:])
    number = str(line)
    caret = " " * columns(shown)
    return f"  {number} | {shown}{visible(after[:_AFTER] + end)}\n  {' ' * len(number)} | {caret}^"


def _with_tabs_named(line: str, column: int) -> tuple[str, int]:
    """A line with the tabs that indent it by their name, and where a column of it has gone."""
    indent = len(line) - len(line.lstrip(" \t"))
    moved = line[: min(indent, column - 1)].count("\t") * (len(_TAB) - 1)
    return line[:indent].replace("\t", _TAB) + line[indent:], column + moved

"""Long messages in lines of a terminal: broken between words, and never within a command to be copied."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlxsm_sync.text.columns import columns

_COMMAND = re.compile(r"(?<!\S)(?:mlxsm|pip|chmod|curl|\$EDITOR) (?:'[^']*'|\"[^\"]*\"|[^'\";,])*")
"""A command, and the words behind it up to the next comma: which of them are its own is not told."""
_CELL = re.compile(r" *\S+(?: \S+)*  +(?=\S)")
"""What is before a value that stands in a column."""
_BREAK = re.compile(r"(?<=\S) (?=\S)")


def wrapped(text: str, width: int | None, indent: str = "  ") -> str:
    """`text` in lines of at most `width` columns where words allow it; further lines are indented.

    `None` is a width without end, that of a pipe.
    """
    if width is None or columns(text) <= width:
        return text
    margin = text[: len(text) - len(text.lstrip(" "))] + indent
    if (cell := _CELL.match(text)) and columns(cell[0]) <= width // 2:
        margin = " " * columns(cell[0])
    lines, line = [], ""
    for piece in _pieces(text):
        if line and columns(f"{line} {piece}") > width:
            lines.append(line)
            line = f"{margin}{piece}"
        else:
            line = f"{line} {piece}" if line else piece
    return "\n".join([*lines, line])


def wrapped_lines(text: str, width: int | None) -> str:
    """Each line of `text` wrapped."""
    return text if width is None else "\n".join(wrapped(line, width) for line in text.split("\n"))


def _pieces(text: str) -> Iterator[str]:
    """What stays on one line: a word, a command, a text with several blanks in a row."""
    commands = [found.span() for found in _COMMAND.finditer(text)]
    start = 0
    for found in _BREAK.finditer(text):
        at = found.start()
        if not any(begin <= at < end for begin, end in commands):
            yield text[start:at]
            start = at + 1
    yield text[start:]

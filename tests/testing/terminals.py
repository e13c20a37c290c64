"""A small terminal: what a person sees of what a command writes, with all that has scrolled away."""

from __future__ import annotations

import re

from mlxsm_sync.text.columns import columns

_CODE = re.compile(r"\x1b\[(\d*)(?:;\d+)*([A-Za-z])")


class Screen:
    """Rows of a width; only what our own progress sends is understood, anything else is an error."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.lines: list[str] = [""]
        """All rows from the first one on; the last `height` of them are on the screen."""
        self._row = 0
        self._column = 0
        self.most_drawn = 0

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            if found := _CODE.match(text, at):
                self._code(found[2], int(found[1] or 1))
                at = found.end()
                continue
            self._put(text[at])
            at += 1

    def _put(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._go_to(self._row + 1)
        else:
            wide = columns(char)
            if self._column + wide > self.width:
                self._go_to(self._row + 1)
                self._column = 0
            line = self.lines[self._row].ljust(self._column)
            self.lines[self._row] = line[: self._column] + char + line[self._column + 1 :]
            self._column += wide

    def _go_to(self, row: int) -> None:
        self._row = row
        while len(self.lines) <= row:
            self.lines.append("")

    def _code(self, kind: str, count: int) -> None:
        if kind == "A":
            top = max(len(self.lines) - self.height, 0)  # what has scrolled away is out of reach
            self._row = max(self._row - count, top)
        elif kind == "J":
            self.lines[self._row] = self.lines[self._row][: self._column]
            del self.lines[self._row + 1 :]
        else:
            assert kind == "m", kind

"""A page of Markdown that is made to fit: what matters least is left out first, and the marker never."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mlxsm_sync.text.markdown import block


class Page(NamedTuple):
    """The parts of a page, each in finished lines."""

    heading: str
    table_head: Sequence[str]
    rows: Sequence[str]
    note: str | None
    """What can be done with all that is shown; it goes where rows are left out."""
    details: Sequence[str]
    """Text for the block of code that is folded away."""
    marker: str

    def text(self, rows: int, details: int) -> str:
        """The page with its first rows and its first details, and with what it says of the others."""
        lines = [self.heading, ""]
        if rows:
            lines += [*self.table_head, *self.rows[:rows], ""]
        if left := len(self.rows) - rows:
            lines += [f"… and {left} more", ""]
        elif self.note is not None:
            lines += [self.note, ""]
        if details:
            lines += [*self._folded(details), ""]
        elif self.details:
            lines += ["The details are left out.", ""]
        return "\n".join([*lines, self.marker]) + "\n"

    def _folded(self, details: int) -> list[str]:
        lines = ["<details><summary>Details</summary>", "", *block(self.details[:details]), ""]
        if left := len(self.details) - details:
            lines += [f"… and {left} more lines", ""]
        return [*lines, "</details>"]


def fitted(page: Page, most: int, shown: Callable[[str], str] = str) -> str:
    """The page in at most so many bytes of UTF-8, which must have room for heading and marker.

    First lines of the details go, from the end; then the details as a whole; then rows of the table.
    What counts is the page as it is `shown`, after its last gate.
    """
    rows, details = len(page.rows), len(page.details)
    attempts: Sequence[tuple[Callable[[int], str], int, int]] = (
        (lambda count: shown(page.text(rows, count)), details, details),
        (lambda count: shown(page.text(rows, count)), 1, details - 1),
        (lambda count: shown(page.text(count, 0)), rows, rows),
        (lambda count: shown(page.text(count, 0)), 0, rows - 1),
    )
    found = (_longest(build, low, high, most) for build, low, high in attempts)
    return next(text for text in found if text is not None)


def _longest(build: Callable[[int], str], low: int, high: int, most: int) -> str | None:
    """The text with the highest count that fits, where a higher count makes a longer text; else None."""
    found = None
    while low <= high:
        middle = (low + high) // 2
        text = build(middle)
        if len(text.encode()) <= most:
            found, low = text, middle + 1
        else:
            high = middle - 1
    return found

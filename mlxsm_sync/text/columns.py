"""How many columns of a terminal a text takes, and texts cut to fit."""

from __future__ import annotations

from itertools import accumulate, takewhile
from unicodedata import category, east_asian_width


def columns(text: str) -> int:
    """The columns that `text` takes; East Asian wide letters and most pictures take two (UAX #11)."""
    return len(text) if text.isascii() else sum(map(_of_one, text))


def cut(text: str, most: int) -> str:
    """`text`, or as much of its beginning as fits into `most` columns, with an ellipsis for the rest."""
    if columns(text) <= most:
        return text
    fitting = takewhile(lambda used: used < most, accumulate(map(_of_one, text)))
    return text[: sum(1 for _ in fitting)] + "…" if most > 0 else ""


def padded(text: str, width: int) -> str:
    """`text` with blanks behind it, so that it takes at least `width` columns."""
    return text + " " * (width - columns(text))


def _of_one(char: str) -> int:
    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1

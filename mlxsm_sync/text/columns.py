"""How many columns of a terminal a text takes, and texts cut to fit: what `len` does not tell."""

from __future__ import annotations

from functools import cache
from itertools import accumulate, takewhile
from typing import Any


def columns(text: str) -> int:
    """The columns that `text` takes: none for a mark or a colour, two for a wide letter and for a picture."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    width: int = _library().width(text, control_codes="ignore")
    return width


def cut(text: str, most: int) -> str:
    """`text`, or as much of its beginning as fits into `most` columns, with an ellipsis for the rest.

    No letter is cut from its marks, and no picture from what it is joined of.
    """
    if columns(text) <= most:
        return text
    if text.isascii():
        return f"{text[: most - 1]}…" if most > 0 else ""
    letters = [*_library().iter_graphemes(text)]
    fitting = takewhile(lambda used: used < most, accumulate(map(columns, letters)))
    return "".join(letters[: sum(1 for _ in fitting)]) + "…" if most > 0 else ""


def padded(text: str, width: int) -> str:
    """`text` with blanks behind it, so that it takes at least `width` columns."""
    return text + " " * (width - columns(text))


@cache
def _library() -> Any:
    """wcwidth, whose tables take longer to load than a whole command that meets plain letters only."""
    import wcwidth

    return wcwidth

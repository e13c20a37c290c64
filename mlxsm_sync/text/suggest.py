"""The nearest known word, as a question."""

from __future__ import annotations

from collections.abc import Collection, Iterable

_LONGEST = 40
"""No command or option is longer, so nothing longer can be a slip of one."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A question that offers the nearest known word, else None."""
    from difflib import get_close_matches

    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(word.lower()[:200], by_lower, n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]}?" if near else None


def slip_of(word: str, known: Iterable[str], *, rash: Collection[str] = ()) -> str | None:
    """A question that offers the known word of which this is a slip of the finger, else None.

    One slip is allowed, two in a longer word; else it may be the beginning of one word alone. A `rash` word,
    one that stops or deletes something, is offered only where a single slip explains it.
    """
    word, known = word.lower(), [*known]
    if len(word) > _LONGEST:
        return None
    slips = {one: _slips(word, one.lower()) for one in known}
    near = [
        one for one, count in slips.items() if count <= (1 if one in rash or len(one.strip("-")) < 5 else 2)
    ]
    begun = [one for one in known if one.lower().startswith(word)] if len(word.strip("-")) > 3 else []
    only = begun[0] if len(begun) == 1 and begun[0] not in rash else None
    best = min(near, key=lambda one: slips[one], default=only)
    return f"did you mean {best}?" if best is not None else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word of which this is a slip of the finger, or the beginning, else None.

    One slip is allowed, two in a word of more than five letters, none in one of less than four.
    """
    if not 4 <= len(word) <= _LONGEST:
        return None
    listed = [*known]
    begun = [one for one in listed if one.startswith(word)] if len(word) > 4 else []
    if len(begun) == 1:
        return begun[0]
    slips = {one: _slips(word, one) for one in listed if abs(len(one) - len(word)) < 3}
    best = min(slips, key=lambda one: slips[one], default=None)
    return best if best is not None and slips[best] <= (2 if len(word) > 5 else 1) else None


def _slips(a: str, b: str) -> int:
    """How many letters are added, left out, changed or swapped with their neighbour between two words.

    The optimal string alignment distance: https://en.wikipedia.org/wiki/Damerau–Levenshtein_distance
    """
    last: list[int] = []
    before: list[int] = []
    row: list[int] = [*range(len(b) + 1)]
    for i, left in enumerate(a, start=1):
        last, before, row = before, row, [i]
        for j, right in enumerate(b, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]

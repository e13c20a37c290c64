"""Rows of cells as lines: columns aligned by what letters take, and cut to the width there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlxsm_sync.text.columns import columns, cut, padded

_GAP = 2
_LEAST = 8
"""No column is cut below this for the sake of another one."""


Dress = Callable[[int, int, str], str]
"""Makes of a cell, in a row and a column, the same with codes that take no room."""


def lines(
    rows: Sequence[Sequence[str]],
    width: int | None,
    dress: Dress | None = None,
    yielding: Sequence[int] | None = None,
) -> list[str]:
    """One line for each row; where there is a width, the widest columns are cut until all of it fits.

    With `yielding`, only these columns are cut, one after the other; a line that is too wide then ends at
    the edge.
    """
    natural = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    widths = _fitting(natural, width) if yielding is None else _yielded(natural, width, yielding)
    made = []
    for number, row in enumerate(rows):
        cells = [padded(cut(cell, most), most) for cell, most in zip(row, widths, strict=True)]
        line = _joined(cells)
        if width is not None and columns(line) > width:
            line = cut(line, width)
        elif dress is not None:
            # A cell is dressed without its padding, and a line only where no code of it could be cut.
            line = _joined(
                [
                    dress(number, place, cell.rstrip()) + cell[len(cell.rstrip()) :]
                    for place, cell in enumerate(cells)
                ]
            )
        made.append(line)
    return made


def _joined(cells: Sequence[str]) -> str:
    return (" " * _GAP).join(cells).rstrip()


def _yielded(widths: list[int], width: int | None, yielding: Sequence[int]) -> list[int]:
    """These widths, with those of some columns made as small as it takes."""
    room = sum(widths) if width is None else width - _GAP * (len(widths) - 1)
    for place in yielding:
        least = min(widths[place], _LEAST)
        widths[place] = max(least, widths[place] - max(sum(widths) - room, 0))
    return widths


def _fitting(widths: list[int], width: int | None) -> list[int]:
    """These widths, the widest made smaller until they fit or are small enough all."""
    if width is None:
        return widths
    room = width - _GAP * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _LEAST:
        widest = max(range(len(widths)), key=lambda place: widths[place])
        others = sorted(widths, reverse=True)
        # As far as the next widest at once, or by what is too much.
        step = min(sum(widths) - room, max(1, others[0] - max(others[1] if others[1:] else 0, _LEAST)))
        widths[widest] -= step
    return widths

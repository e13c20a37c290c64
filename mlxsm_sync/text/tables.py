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
    dropping: Sequence[int] = (),
) -> list[str]:
    """One line for each row; where there is a width, the widest columns are cut until all of it fits.

    With `yielding`, only these columns are cut, one after the other. Where that is not enough, those of
    `dropping` are left out, one after the other; a line that is still too wide ends at the edge.
    """
    natural = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    if yielding is None:
        widths = dict(enumerate(_fitting(natural, width)))
    else:
        widths = _yielded(natural, width, yielding, dropping)
    made = []
    for number, row in enumerate(rows):
        cells = [padded(cut(row[place], most), most) for place, most in widths.items()]
        line = _joined(cells)
        if width is not None and columns(line) > width:
            line = cut(line, width)
        elif dress is not None:
            # A cell is dressed without its padding, and a line only where no code of it could be cut.
            line = _joined(
                [
                    dress(number, place, cell.rstrip()) + cell[len(cell.rstrip()) :]
                    for place, cell in zip(widths, cells, strict=True)
                ]
            )
        made.append(line)
    return made


def _joined(cells: Sequence[str]) -> str:
    return (" " * _GAP).join(cells).rstrip()


def _yielded(
    natural: Sequence[int], width: int | None, yielding: Sequence[int], dropping: Sequence[int]
) -> dict[int, int]:
    """The columns that stay, with their widths; some are made as small as it takes, or left out."""
    shown, waiting = [*range(len(natural))], [*dropping]
    while True:
        widths = {one: natural[one] for one in shown}
        room = sum(natural) if width is None else width - _GAP * (len(shown) - 1)
        for one in filter(widths.__contains__, yielding):
            least = min(widths[one], _LEAST)
            widths[one] = max(least, widths[one] - max(sum(widths.values()) - room, 0))
        if not waiting or sum(widths.values()) <= room:
            return widths
        shown.remove(waiting.pop(0))


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

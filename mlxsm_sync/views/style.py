"""Finished values as text for people: signs carry the meaning, colour only helps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.text.hyperlinks import hyperlink
from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.tables import Dress, lines
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.profile import Profile

if TYPE_CHECKING:
    from mlxsm_sync.views.reports import ListReport

LEAST_BYTES = 2000
"""Of Markdown: what a heading and a marker with the longest names can take, and some more."""
MOST_BYTES = 60_000
"""Of Markdown: below the 65,536 characters of a comment, so that something can be written around it."""
NO_SERVER = "No server was started or changed."

GREEN, ORANGE, MAGENTA, CYAN, RED = "38;5;64", "38;5;166", "38;5;134", "38;5;31", "38;5;196"
"""Of the fixed 256 colours, those that are as easy to read on white as on black."""
_COLOURS = {"+": GREEN, "~": ORANGE, "±": MAGENTA, "=": CYAN, "-": RED, "!": RED, "✗": RED, "?": ORANGE}
_COLOURS |= {"bold": "1", "dim": "2"}
_VALUE_LENGTH = 200


class Style(NamedTuple):
    """How text is dressed for one stream."""

    colour: bool = False
    verbose: bool = False
    width: int | None = None
    """The columns of the terminal, None for a pipe."""
    blocks: bool = False
    """Whether it is a terminal whose letters have blocks."""
    plain: bool = False
    """Whether lists are for programs: one record a line, with tabs between."""
    links: bool = False
    """Whether it is a terminal whose texts can be links."""

    def paint(self, text: str, what: str) -> str:
        """`text` in the colour of a sign, or bold or dim, where the stream has colours."""
        return f"\x1b[{_COLOURS[what]}m{text}\x1b[0m" if self.colour else text

    def link(self, text: str, target: str | None = None) -> str:
        """`text` that leads to an address, its own where none is given, where the stream has links."""
        return hyperlink(text, target or text) if self.links else text


def plural(count: int, noun: str) -> str:
    """`1 profile`, `2 profiles`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def records(rows: Iterable[Sequence[object]]) -> str:
    """One record a line, with tabs between its fields: numbers as they are, `-` for what is not there."""
    return "".join("\t".join(map(_field, row)) + "\n" for row in rows)


def _field(data: object) -> str:
    if data is None or data == "":
        return "-"
    if isinstance(data, bool):
        return "yes" if data else "no"
    return visible(str(data))


def value(data: Json) -> str:
    """A value as it is written in a profile file, on one visible line."""
    if data is None:
        return "(unset)"
    text = data if isinstance(data, str) and data else json.dumps(data, ensure_ascii=False)
    shown = visible(text)
    return shown if len(shown) <= _VALUE_LENGTH else f"{shown[:_VALUE_LENGTH]}… ({len(shown)} characters)"


def one_line(profile: Profile) -> str:
    """A profile in short."""
    return visible(f"{profile.name} | {profile.model_id} | {endpoint(profile.host, profile.port)}")


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    style: Style,
    dress: Dress | None = None,
    yielding: Sequence[str] | None = None,
    dropping: Sequence[str] = (),
) -> str:
    """Columns as wide as their widest cell, and no wider together than the terminal.

    `dress` colours the cells of the rows, which are counted from 1. `yielding` names the columns that are
    cut, the first of them first; without it, the widest ones are. `dropping` names those that are left out
    where that is not enough.
    """
    places = None if yielding is None else [head.index(name) for name in yielding]
    least = [head.index(name) for name in dropping if name in head]
    cells = [head, *([visible(cell) for cell in row] for row in rows)]
    first, *others = lines(cells, style.width, dress, places, least)
    return "".join(f"{line}\n" for line in (style.paint(first, "dim"), *others))


def list_text(report: ListReport, style: Style) -> str:
    """The entries as a table; plain: name, model, endpoint, owner, drifted, name in the file."""
    if style.plain:
        return records(
            (one.name, one.model_id, endpoint(one.host, one.port), one.owner, one.drifted, one.source)
            for one in report.entries
        )
    head = ["NAME", "MODEL", "ENDPOINT", "OWNER", "DRIFTED"]
    rows = [
        [
            one.name,
            one.model_id,
            endpoint(one.host, one.port),
            one.owner or "-",
            "yes" if one.drifted else "no",
        ]
        for one in report.entries
    ]
    if any(one.source is not None for one in report.entries):
        head.append("NAME IN FILE")
        for row, one in zip(rows, report.entries, strict=True):
            row.append(one.source or "-")
    yielding = ("MODEL", "NAME", "OWNER")
    return table(head, rows, style, yielding=yielding, dropping=("OWNER", "NAME IN FILE", "MODEL"))

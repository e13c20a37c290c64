"""The states that are kept, as a table, and as a graph of what was gone back from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mlxsm_sync.views.reports import HistoryEntry, HistoryReport
from mlxsm_sync.views.style import Style, records, table

_HEAD = ("SERIAL", "WRITTEN", "COMMAND", "OWNER", "SUMMARY")
_YIELDING = ("SUMMARY", "OWNER")
_DROPPING = ("OWNER", "COMMAND", "SUMMARY")


def history_text(
    report: HistoryReport, style: Style, local: Callable[[str], str], *, graph: bool = False
) -> str:
    """The states as a table; `local` tells a time of the files as this machine's.

    Plain: serial, current, written (UTC), command, owner, summary, the serial that was gone back to.
    """
    if style.plain:
        return records(
            (one.serial, one.current, one.written_at, one.command, one.owner, one.summary, one.rolled_back_to)
            for one in report.entries
        )
    if not graph:
        rows = [_row(one, local) for one in report.entries]
        return table(_HEAD, rows, style, yielding=_YIELDING, dropping=_DROPPING)
    drawn: list[list[str]] = []
    for lane, one in lanes(report.entries):
        cells = _row(one, local) if one is not None else [""] * len(_HEAD)
        if one is not None and one.rolled_back_to is not None:
            cells[-1] = f"back to {one.rolled_back_to}: {cells[-1]}"
        drawn.append([lane, *cells])
    return table(("", *_HEAD), drawn, style, yielding=_YIELDING, dropping=_DROPPING)


def _row(one: HistoryEntry, local: Callable[[str], str]) -> list[str]:
    return [
        f"{one.serial} (current)" if one.current else str(one.serial),
        local(one.written_at) if one.written_at else "-",
        one.command or "-",
        one.owner or "-",
        one.summary or "-",
    ]


def lanes(entries: Sequence[HistoryEntry]) -> Iterator[tuple[str, HistoryEntry | None]]:
    """The states, newest first, each behind `*` on its lane; None for a line between two of them.

    What a rollback has left stands aside, between it and the state that it went back to.
    """
    goal: int | None = None
    for place, one in enumerate(entries):
        aside = goal is not None and one.serial > goal
        if not aside:
            goal = one.rolled_back_to
        yield ("| *" if aside else "*"), one
        following = entries[place + 1].serial if place + 1 < len(entries) else None
        if aside and following == goal:
            yield "|/", None

"""Which renames are in force: those with a name of their own always, suggested ones where they help."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from mlxsm_sync.planning.candidate import Verdict
from mlxsm_sync.planning.decide import Court

Names = Mapping[int, str | None]
"""A new name for each of some profiles, by index; None where there is none to be had."""
Judge = Callable[[Names, Collection[int]], Court]
"""Judges the profiles under these new names; some others give way to their namesakes and keep their name."""


def settle(judge: Judge, fixed: Names, offered: Names) -> Court:
    """Judge, and rename those that need it, until no offered rename is needed any more.

    `fixed` are renames that are done in any case, `offered` those that are done only where they are a
    way out: so a command line that offers one can be repeated.
    """
    renames = dict(fixed)
    idle: set[int] = set()
    yielding: set[int] = set()
    while True:
        court = judge(renames, yielding)
        needed = {
            index: name
            for index, name in offered.items()
            if index not in renames.keys() | idle and _is_called_for(court.verdicts.get(index), court)
        }
        stuck = {index for index in renames.keys() - fixed.keys() if court.verdicts[index].blocked}
        better, giving_way = _better_unrenamed(judge, renames, yielding, set() if needed else stuck)
        if not needed and not better:
            return court
        idle |= better
        yielding |= giving_way
        renames = {index: name for index, name in (renames | needed).items() if index not in idle}


def _is_called_for(verdict: Verdict | None, court: Court) -> bool:
    return verdict is not None and verdict.blocked and court.rename_helps(verdict)


def _better_unrenamed(
    judge: Judge, renames: Names, yielding: set[int], stuck: set[int]
) -> tuple[set[int], set[int]]:
    """Those that are blocked under a new name and not under their own, which namesakes have left.

    With those of them for which that holds only where their namesakes come first in the matching.
    """
    others = {index: name for index, name in renames.items() if index not in stuck}
    for giving_way in (set(), stuck) if stuck else ():
        trial = judge(others, yielding | giving_way)
        better = {index for index in stuck if not trial.verdicts[index].blocked}
        if better:
            return better, better & giving_way
    return set(), set()

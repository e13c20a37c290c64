"""Which renames are in force: those with a name of their own always, suggested ones where they help."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from mlxsm_sync.planning.candidate import Decision
from mlxsm_sync.planning.decide import Decisions

Names = Mapping[int, str | None]
"""A new name for each of some profiles, by index; None where there is none to be had."""
Decide = Callable[[Names, Collection[int]], Decisions]
"""Decides about the profiles under these new names; some others keep theirs, and give way to namesakes."""


def settle(decide: Decide, fixed: Names, offered: Names) -> Decisions:
    """Decide, and rename those that need it, until no offered rename is needed any more.

    `fixed` are renames that are done in any case, `offered` those that are done only where they are a
    way out: so a command line that offers one can be repeated.
    """
    renames = dict(fixed)
    idle: set[int] = set()
    yielding: set[int] = set()
    while True:
        decisions = decide(renames, yielding)
        needed = {
            index: name
            for index, name in offered.items()
            if index not in renames.keys() | idle and _is_called_for(decisions.by_index.get(index), decisions)
        }
        stuck = {index for index in renames.keys() - fixed.keys() if decisions.by_index[index].blocked}
        better, giving_way = _better_unrenamed(decide, renames, yielding, set() if needed else stuck)
        if not needed and not better:
            return decisions
        idle |= better
        yielding |= giving_way
        renames = {index: name for index, name in (renames | needed).items() if index not in idle}


def _is_called_for(decision: Decision | None, decisions: Decisions) -> bool:
    return decision is not None and decision.blocked and decisions.rename_helps(decision)


def _better_unrenamed(
    decide: Decide, renames: Names, yielding: set[int], stuck: set[int]
) -> tuple[set[int], set[int]]:
    """Those that are blocked under a new name and not under their own, which namesakes have left.

    With those of them for which that holds only where their namesakes come first in the matching.
    """
    others = {index: name for index, name in renames.items() if index not in stuck}
    for giving_way in (set(), stuck) if stuck else ():
        trial = decide(others, yielding | giving_way)
        better = {index for index in stuck if not trial.by_index[index].blocked}
        if better:
            return better, better & giving_way
    return set(), set()

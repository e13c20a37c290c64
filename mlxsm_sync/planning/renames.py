"""Steps 2 and 3 together: a rename with a name of its own is always done, a suggested one where it helps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

from mlxsm_sync.planning.decide import Decisions, decide_all
from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.planning.named import Names, candidates, give_names
from mlxsm_sync.planning.rivals import Rivals
from mlxsm_sync.values.desired import DesiredProfile

Decide = Callable[[Names, Collection[int]], Decisions]
"""Decides about profiles under these new names; profiles of these indexes give way to their namesakes."""


def decide_with_renames(matched: Matched, wanted: Sequence[DesiredProfile]) -> Decisions:
    """What becomes of these profiles, with those of the chosen renames that are in force."""
    chosen = matched.request.choices.rename
    answers = {one.index: chosen[one.index] for one in wanted if one.index in chosen}
    typed = {index: name for index, name in answers.items() if name is not None}
    fixed = typed | {index: name for index, name in matched.remembered.items() if index in answers}
    offered = {index: matched.suggested[index] for index in answers.keys() - fixed.keys()}
    return _settle(partial(decide_named, matched, wanted), fixed, offered)


def decide_named(
    matched: Matched, wanted: Sequence[DesiredProfile], names: Names, yielding: Collection[int]
) -> Decisions:
    """What becomes of these profiles under these new names."""
    named = give_names(matched, wanted, names, yielding)
    own = {entry.id for entry in named.own.values()}
    leaving = own | matched.deleted
    state = matched.request.state
    rivals = Rivals(state.rules, matched.spoken_for | own)
    staying = (entry for entry in state.entries if entry.id not in leaving)
    return decide_all(candidates(matched, named), rivals.joined_by(staying))


def _settle(decide: Decide, fixed: Names, offered: Names) -> Decisions:
    """Decide, and rename those that need it, until no offered rename is needed any more.

    `fixed` are renames that are done in any case. The `offered` ones are done only where they are a way
    out, so that a command line that offers one can be repeated.
    """
    renames = dict(fixed)
    idle: set[int] = set()
    yielding: set[int] = set()
    while True:
        decisions = decide(renames, yielding)
        untried = offered.keys() - renames.keys() - idle
        needed = {index: offered[index] for index in untried if _is_called_for(index, decisions)}
        stuck = {index for index in renames.keys() - fixed.keys() if decisions.by_index[index].blocked}
        better, giving_way = _better_unrenamed(decide, renames, yielding, set() if needed else stuck)
        if not needed and not better:
            return decisions
        idle |= better
        yielding |= giving_way
        renames = {index: name for index, name in (renames | needed).items() if index not in idle}


def _is_called_for(index: int, decisions: Decisions) -> bool:
    """Whether a profile is in a conflict that a rename would end."""
    decision = decisions.by_index[index]
    return decision.blocked and decisions.rename_helps(decision)


def _better_unrenamed(
    decide: Decide, renames: Names, yielding: set[int], stuck: set[int]
) -> tuple[set[int], set[int]]:
    """The profiles that are blocked under a new name and would not be under their own, which namesakes left.

    The second set has those of them for which that holds only if their namesakes come first in the matching.
    """
    others = {index: name for index, name in renames.items() if index not in stuck}
    for giving_way in (set(), stuck) if stuck else ():
        trial = decide(others, yielding | giving_way)
        better = {index for index in stuck if not trial.by_index[index].blocked}
        if better:
            return better, better & giving_way
    return set(), set()

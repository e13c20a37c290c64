"""The warnings that a plan carries: about the file, and about file and machine together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from mlxsm_sync.planning import profile_warnings
from mlxsm_sync.planning.candidate import Decision
from mlxsm_sync.planning.compare import drifted
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.values.desired import Desired, Wanted, Warned
from mlxsm_sync.values.state import Entry, State


class Scene(NamedTuple):
    """What was wanted, and what was decided."""

    desired: Desired
    state: State
    decisions: Decisions
    deleted: Collection[str]
    """The ids of entries that go."""
    taking: Callable[[str], str]
    """How people are told to take over what an owner has."""


def plan_warnings(scene: Scene) -> Iterator[Warned]:
    """Everything that is allowed and worth a look.

    What is said of a profile that stays as it is, was said when that came to be: it is marked.
    """
    each_decision = scene.decisions.by_index.values()
    yield from scene.desired.warnings
    for decision in each_decision:
        of_a_document = scene.desired.owner is None
        for warned in profile_warnings.about([decision.candidate.wanted], of_a_document=of_a_document):
            yield warned.copy(standing=not _changes(decision))
    created = (decision.candidate.wanted for decision in each_decision if decision.outcome == "create")
    yield from profile_warnings.lost(created, scene.desired.owner, scene.state)
    yield from _together(scene)
    if scene.desired.owner is not None:
        yield from (one.copy(standing=True) for one in profile_warnings.about_listed(_undecided(scene)))
    for decision in each_decision:
        if decision.outcome == "unchanged" and decision.rivals and scene.desired.owner is not None:
            yield _held(decision, decision.rivals[0], scene.taking)


def _changes(decision: Decision) -> bool:
    return not decision.blocked and decision.outcome != "unchanged"


def _undecided(scene: Scene) -> Iterator[Entry]:
    """The entries of nobody that stay as they are: no profile file lists them."""
    settled = {one.target.id for one in scene.decisions.by_index.values() if one.target is not None}
    for entry in scene.state.entries:
        if entry.owner is None and entry.id not in settled and entry.id not in scene.deleted:
            yield entry


def _together(scene: Scene) -> Iterator[Warned]:
    """What the machine as it would be gives cause to say; a profile in conflict is not written."""
    written = [decision for decision in scene.decisions.by_index.values() if not decision.blocked]
    settled = {decision.target.id for decision in written if decision.target is not None}.union(scene.deleted)
    others = [entry for entry in scene.state.entries if entry.id not in settled]
    called = {decision.candidate.number: decision.candidate.name for decision in written}
    changing = {_mark(decision.candidate.wanted) for decision in written if _changes(decision)}
    for warned in profile_warnings.together(
        [decision.candidate.wanted for decision in written], others, called
    ):
        yield warned.copy(standing=(warned.name, warned.line) not in changing)


def _mark(one: Wanted) -> tuple[str, int | None]:
    return one.profile.name, one.line


def _held(decision: Decision, rival: Entry, taking: Callable[[str], str]) -> Warned:
    """What is said of an entry that another collection keeps as this file wants it."""
    one, owner = decision.candidate.wanted, rival.owner or ""
    message = f'held by "{owner}", and already as this file wants it: left alone'
    if not drifted(rival) or (decision.comparison is not None and decision.comparison.equal):
        message += f"; {taking(owner)} takes it over"
    return Warned(name=one.profile.name, message=message, line=one.line, column=one.column)

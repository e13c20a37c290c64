"""The warnings that a plan carries: about the file, and about file and machine together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from mlxsm_sync.planning import profile_warnings
from mlxsm_sync.planning.candidate import Verdict
from mlxsm_sync.planning.compare import drifted
from mlxsm_sync.planning.decide import Court
from mlxsm_sync.values.desired import Desired, Wanted, Warned
from mlxsm_sync.values.state import Entry, State


class Scene(NamedTuple):
    """What was judged, and how it ended."""

    desired: Desired
    state: State
    court: Court
    deleted: Collection[str]
    """The ids of entries that go."""
    taking: Callable[[str], str]
    """How people are told to take over what an owner has."""


def plan_warnings(scene: Scene) -> Iterator[Warned]:
    """Everything that is allowed and worth a look.

    What is said of a profile that stays as it is, was said when that came to be: it is marked.
    """
    verdicts = scene.court.verdicts.values()
    yield from scene.desired.warnings
    for verdict in verdicts:
        of_a_document = scene.desired.owner is None
        for warned in profile_warnings.about([verdict.case.wanted], of_a_document=of_a_document):
            yield warned.copy(standing=not _changes(verdict))
    created = (verdict.case.wanted for verdict in verdicts if verdict.ruling == "create")
    yield from profile_warnings.lost(created, scene.desired.owner, scene.state)
    yield from _together(scene)
    if scene.desired.owner is not None:
        yield from (one.copy(standing=True) for one in profile_warnings.about_listed(_unjudged(scene)))
    for verdict in verdicts:
        if verdict.ruling == "unchanged" and verdict.rivals and scene.desired.owner is not None:
            yield _held(verdict, verdict.rivals[0], scene.taking)


def _changes(verdict: Verdict) -> bool:
    return not verdict.blocked and verdict.ruling != "unchanged"


def _unjudged(scene: Scene) -> Iterator[Entry]:
    """The entries of nobody that stay as they are: no profile file has judged them."""
    settled = {one.target.id for one in scene.court.verdicts.values() if one.target is not None}
    for entry in scene.state.entries:
        if entry.owner is None and entry.id not in settled and entry.id not in scene.deleted:
            yield entry


def _together(scene: Scene) -> Iterator[Warned]:
    """What the machine as it would be gives cause to say; a profile in conflict is not written."""
    written = [verdict for verdict in scene.court.verdicts.values() if not verdict.blocked]
    settled = {verdict.target.id for verdict in written if verdict.target is not None}.union(scene.deleted)
    others = [entry for entry in scene.state.entries if entry.id not in settled]
    called = {verdict.case.number: verdict.case.name for verdict in written}
    changing = {_mark(verdict.case.wanted) for verdict in written if _changes(verdict)}
    for warned in profile_warnings.together([verdict.case.wanted for verdict in written], others, called):
        yield warned.copy(standing=(warned.name, warned.line) not in changing)


def _mark(one: Wanted) -> tuple[str, int | None]:
    return one.profile.name, one.line


def _held(verdict: Verdict, rival: Entry, taking: Callable[[str], str]) -> Warned:
    """What is said of an entry that another collection keeps as this file wants it."""
    one, owner = verdict.case.wanted, rival.owner or ""
    message = f'held by "{owner}", and already as this file wants it: left alone'
    if not drifted(rival) or (verdict.comparison is not None and verdict.comparison.equal):
        message += f"; {taking(owner)} takes it over"
    return Warned(name=one.profile.name, message=message, line=one.line, column=one.column)

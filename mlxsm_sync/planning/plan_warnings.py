"""The warnings that a plan carries: those about the file, and those about file and machine together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlxsm_sync.planning import profile_warnings
from mlxsm_sync.planning.candidate import Decision
from mlxsm_sync.planning.compare import drifted
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.values.desired import DesiredProfile, ProfileWarning
from mlxsm_sync.values.plan import Change
from mlxsm_sync.values.state import Entry


def plan_warnings(
    matched: Matched, decisions: Decisions, changes: Iterable[Change]
) -> Iterator[ProfileWarning]:
    """Everything that is allowed and worth a look.

    A warning about a profile that stays as it is was given when the profile came to be: it is marked.
    """
    desired, state = matched.request.desired, matched.request.state
    owned, decided = desired.owner is not None, decisions.by_index.values()
    yield from desired.warnings
    for decision in decided:
        for warned in profile_warnings.about([decision.candidate.wanted], of_a_document=not owned):
            yield warned.model_copy(standing=not decision.writes)
    created = (decision.candidate.wanted for decision in decided if decision.outcome == "create")
    yield from profile_warnings.lost(created, desired.owner, state)
    yield from _together(matched, decisions)
    if owned:
        undecided = _undecided(matched, decisions)
        yield from (one.model_copy(standing=True) for one in profile_warnings.about_listed(undecided))
        for decision in decided:
            if decision.outcome == "unchanged" and decision.rivals:
                yield _held(matched, decision, decision.rivals[0])
    yield from profile_warnings.contradictions(changes)


def _undecided(matched: Matched, decisions: Decisions) -> Iterator[Entry]:
    """The entries of nobody that stay as they are: no profile file lists them."""
    settled = {one.target.id for one in decisions.by_index.values() if one.target is not None}
    for entry in matched.request.state.entries:
        if entry.owner is None and entry.id not in settled and entry.id not in matched.deleted:
            yield entry


def _together(matched: Matched, decisions: Decisions) -> Iterator[ProfileWarning]:
    """Warnings about the machine as it would be; a profile in conflict is not written, and so left out."""
    written = [decision for decision in decisions.by_index.values() if not decision.blocked]
    settled = matched.deleted.union(one.target.id for one in written if one.target is not None)
    others = [entry for entry in matched.request.state.entries if entry.id not in settled]
    wanted = [decision.candidate.wanted for decision in written]
    called = {decision.candidate.number: decision.candidate.name for decision in written}
    changing = {_place(decision.candidate.wanted) for decision in written if decision.writes}
    for warned in profile_warnings.together(wanted, others, called):
        yield warned.model_copy(standing=(warned.name, warned.line) not in changing)


def _place(one: DesiredProfile) -> tuple[str, int | None]:
    """What a warning says of the profile that it is about: the name and the line."""
    return one.profile.name, one.line


def _held(matched: Matched, decision: Decision, rival: Entry) -> ProfileWarning:
    """The warning about an entry that another collection keeps as this file wants it."""
    one, owner = decision.candidate.wanted, rival.owner or ""
    message = f'held by "{owner}", and already as this file wants it: left alone'
    if not drifted(rival) or (decision.comparison is not None and decision.comparison.equal):
        invocation, choices = matched.request.invocation, matched.request.choices
        message += f"; {invocation.told_again(choices, '--take-from', owner)} takes it over"
    return ProfileWarning(name=one.profile.name, message=message, line=one.line, column=one.column)

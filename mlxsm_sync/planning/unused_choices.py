"""The answers that a person gave and that had no effect, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.planning.candidate import Decision
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.planning.prune import Orphans
from mlxsm_sync.values.choices import Choices

_NO_CONFLICT = "ignored: there is no such conflict"


def unused_choices(matched: Matched, decisions: Decisions) -> Iterator[str]:
    """One sentence for each answer that had no effect."""
    desired, choices = matched.request.desired, matched.request.choices
    names = {one.index: one.profile.name for one in desired.profiles}
    names |= {one.index: one.name for one in desired.invalid}
    invalid = {one.index for one in desired.invalid}
    for index, name in choices.rename.items():
        reason = _left_out(index, invalid, choices) or _idle_rename(
            decisions.by_index[index], name, decisions
        )
        if reason is not None:
            yield f'--rename "{names[index]}": {reason}'
    for index, pinned in choices.replace.items():
        reason = _left_out(index, invalid, choices) or _idle_replace(decisions.by_index[index], pinned)
        if reason is not None:
            yield f'--replace "{names[index]}": {reason}'
    taken = {
        decision.rivals[0].owner
        for decision in decisions.by_index.values()
        if decision.outcome == "replace" and decision.rivals
    }
    for owner in sorted(choices.take_from - taken):
        yield f'--take-from "{owner}": ignored: nothing of it clashes'
    yield from _about_orphans(choices, matched.orphans)


def _left_out(index: int, invalid: set[int], choices: Choices) -> str | None:
    """Why no answer about a profile can have an effect, else None."""
    if index in invalid:
        return "ignored: the profile is invalid"
    return None if choices.selects(index) else "ignored: the profile was left out"


def _idle_rename(decision: Decision, name: str | None, decisions: Decisions) -> str | None:
    """Why a rename was not done; None if it was done, or if the message of the conflict says why."""
    candidate = decision.candidate
    if decision.blocked:
        return (
            None
            if decisions.rename_helps(decision)
            else f"not possible for this conflict ({decision.outcome})"
        )
    if candidate.wished is not None and decision.outcome != "unchanged":
        return None
    if name is None and candidate.name == candidate.file_name:
        return _NO_CONFLICT
    return f'it is called "{candidate.name}" here already'


def _idle_replace(decision: Decision, pinned: str | None) -> str | None:
    """Why a replace was not done; None if it was done, or if the message of the conflict says why."""
    if decision.outcome in ("replace", "duplicate-replace"):
        return None
    if not decision.blocked:
        return _NO_CONFLICT
    if pinned is not None and pinned not in {rival.name for rival in decision.rivals}:
        return f'"{pinned}" is not what it clashes with'
    return f"not possible for this conflict ({decision.outcome})"


def _about_orphans(choices: Choices, orphans: Orphans) -> Iterator[str]:
    """One sentence for each answer about an orphan that stays whatever was answered."""
    kept = {entry.name for entry in orphans.kept}
    for name in sorted(choices.orphans_replace & kept):
        yield f'--replace "{name}": the file no longer lists it; --prune deletes it'
    if not choices.prune:
        for name in sorted((choices.orphans_skip | choices.orphans_only) & kept):
            yield f'"{name}": the file no longer lists it, and without --prune it stays anyway'

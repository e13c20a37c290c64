"""Answers that were given and had no effect: told, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.planning.candidate import Verdict
from mlxsm_sync.planning.decide import Court
from mlxsm_sync.planning.prune import Orphans
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired

_NO_CONFLICT = "ignored: there is no such conflict"


def notices(court: Court, desired: Desired, choices: Choices, orphans: Orphans) -> Iterator[str]:
    """One sentence for each answer that had no effect."""
    names = {one.index: one.profile.name for one in desired.profiles}
    names |= {one.index: one.name for one in desired.invalid}
    invalid = {one.index for one in desired.invalid}
    for index, name in choices.rename.items():
        reason = _left_out(index, invalid, choices) or _idle_rename(court.verdicts[index], name, court)
        if reason is not None:
            yield f'--rename "{names[index]}": {reason}'
    for index, pinned in choices.replace.items():
        reason = _left_out(index, invalid, choices) or _idle_replace(court.verdicts[index], pinned)
        if reason is not None:
            yield f'--replace "{names[index]}": {reason}'
    taken = {
        verdict.rivals[0].owner
        for verdict in court.verdicts.values()
        if verdict.ruling == "replace" and verdict.rivals
    }
    for owner in sorted(choices.take_from - taken):
        yield f'--take-from "{owner}": ignored: nothing of it clashes'
    yield from _about_orphans(choices, orphans)


def _left_out(index: int, invalid: set[int], choices: Choices) -> str | None:
    if index in invalid:
        return "ignored: the profile is invalid"
    return None if choices.selects(index) else "ignored: the profile was left out"


def _idle_rename(verdict: Verdict, name: str | None, court: Court) -> str | None:
    """Why a rename was not done; None where it was, or where the conflict says so."""
    case = verdict.case
    if verdict.blocked:
        return None if court.rename_helps(verdict) else f"not possible for this conflict ({verdict.ruling})"
    if case.wished is not None and verdict.ruling != "unchanged":
        return None
    if name is None and case.name == case.file_name:
        return _NO_CONFLICT
    return f'it is called "{case.name}" here already'


def _idle_replace(verdict: Verdict, pinned: str | None) -> str | None:
    if verdict.ruling in ("replace", "duplicate-replace"):
        return None
    if not verdict.blocked:
        return _NO_CONFLICT
    if pinned is not None and pinned not in {rival.name for rival in verdict.rivals}:
        return f'"{pinned}" is not what it clashes with'
    return f"not possible for this conflict ({verdict.ruling})"


def _about_orphans(choices: Choices, orphans: Orphans) -> Iterator[str]:
    kept = {entry.name for entry in orphans.kept}
    for name in sorted(choices.orphans_replace & kept):
        yield f'--replace "{name}": the file no longer lists it; --prune deletes it'
    if not choices.prune:
        for name in sorted((choices.orphans_skip | choices.orphans_only) & kept):
            yield f'"{name}": the file no longer lists it, and without --prune it stays anyway'

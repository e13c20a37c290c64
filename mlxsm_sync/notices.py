"""Answers that were given and not needed: told, and otherwise ignored."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mlxsm_sync.choices import Choices
from mlxsm_sync.desired import Desired
from mlxsm_sync.judge import Court, Verdict
from mlxsm_sync.orphans import Orphans


def notices(
    court: Court,
    renames: Collection[int],
    desired: Desired,
    choices: Choices,
    orphans: Orphans,
) -> Iterator[str]:
    """One sentence for each answer that had no effect."""
    names = {one.index: one.profile.name for one in desired.profiles}
    for index in choices.rename:
        verdict = court.verdicts.get(index)
        if verdict is not None and index not in renames and verdict.ruling != "rename-collision":
            yield _unused("rename", names[index], verdict)
    for index, pinned in choices.replace.items():
        verdict = court.verdicts.get(index)
        if verdict is None or verdict.ruling in ("replace", "duplicate-replace"):
            continue
        if pinned is not None and verdict.blocked and pinned not in {r.name for r in verdict.rivals}:
            yield f'--replace "{names[index]}": "{pinned}" is not what it clashes with'
        else:
            yield _unused("replace", names[index], verdict)
    taken = {
        verdict.rivals[0].owner
        for verdict in court.verdicts.values()
        if verdict.ruling == "replace" and verdict.rivals
    }
    for owner in sorted(choices.take_from - taken):
        yield f'--take-from "{owner}": nothing of it clashes'
    yield from _about_orphans(choices, orphans)


def _about_orphans(choices: Choices, orphans: Orphans) -> Iterator[str]:
    kept = {entry.name for entry in orphans.kept}
    for name in sorted(choices.orphans_replace & kept):
        yield f'--replace "{name}": the file no longer lists it; --prune deletes it'
    if not choices.prune:
        for name in sorted((choices.orphans_skip | choices.orphans_only) & kept):
            yield f'"{name}": the file no longer lists it, and without --prune it stays anyway'


def _unused(choice: str, name: str, verdict: Verdict) -> str:
    if verdict.blocked:
        return f'--{choice} "{name}": no way out of this conflict ({verdict.ruling})'
    return f'--{choice} "{name}": no longer needed'

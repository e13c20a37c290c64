"""The profiles and orphans that a plan passes over, each with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.values.plan import Conflict, Skipped


def skipped(matched: Matched, conflicts: Iterable[Conflict]) -> Iterator[Skipped]:
    """Everything that is passed over, in the order of the file; orphans come last."""
    desired, choices = matched.request.desired, matched.request.choices
    reasons = {one.index: f"conflict: {one.kind}" for one in conflicts if one.index is not None}
    names = {one.index: one.profile.name for one in desired.profiles}
    names |= {one.index: one.name for one in desired.invalid}
    for index, name in sorted(names.items()):
        reason = reasons.get(index)
        if index in choices.skip:
            reason = "skipped by choice"
        elif not choices.selects(index):
            reason = "not selected"
        if reason is not None:
            yield Skipped(name=name, index=index, reason=reason)
    for entry in matched.orphans.drifted:
        chosen = entry.name in choices.orphans_skip
        reason = "skipped by choice" if chosen else "conflict: drift"
        yield Skipped(name=entry.name, index=None, reason=reason)

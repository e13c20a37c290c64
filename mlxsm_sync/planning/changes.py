"""What would be written, once it is decided what becomes of each profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mlxsm_sync.planning import prune
from mlxsm_sync.planning.candidate import Candidate, Decision
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.explain import explain
from mlxsm_sync.planning.prune import Orphans
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.plan import Change
from mlxsm_sync.values.profile import Profile, from_fields, nested
from mlxsm_sync.values.state import Entry

NEW_ID = "0" * 16
"""Stands for the id of an entry that is still to be made."""


class Decided(NamedTuple):
    """What a plan knows when everything is decided."""

    desired: Desired
    decisions: Decisions
    orphans: Orphans
    origins: Origins
    remembered: Mapping[int, str]
    """New names that a document's profiles were given before, by index."""


def changes(made: Decided) -> Iterator[Change]:
    """What would be written, in the order of the file; deletions last."""
    for decision in made.decisions.by_index.values():
        if not decision.blocked and decision.outcome != "unchanged":
            yield _change(made, decision)
    yield from prune.deletions(made.orphans)


def _change(made: Decided, decision: Decision) -> Change:
    candidate, target = decision.candidate, decision.target
    fields = candidate.declared if decision.comparison is None else decision.comparison.after
    after = from_fields(fields)
    entry = _entry(made, decision, after)
    before = target.profile if target else None
    only_moved = target and decision.outcome == "claim" and entry.same_as(target, but_from=True)
    return Change(
        action=decision.outcome,  # type: ignore[arg-type]  # no conflict, and not unchanged
        name=after.name,
        source=candidate.wanted.profile.name,
        index=candidate.number,
        target=target.name if target else None,
        renamed=_is_renamed(made, candidate),
        owner_before=target.owner if target else None,
        owner_after=entry.owner,
        before=before,
        after=after,
        fields=explain(decision.comparison.before, after.fields) if decision.comparison else (),
        entry=entry,
        moved_from=made.origins.told(target.from_) if target and only_moved else None,
    )


def _is_renamed(made: Decided, candidate: Candidate) -> bool:
    """Whether a person chose another name than the file's just now."""
    return candidate.wished not in (None, candidate.file_name) and candidate.number not in made.remembered


def _entry(made: Decided, decision: Decision, after: Profile) -> Entry:
    """The entry as it will be. What a document changes keeps its owner, who will see drift."""
    candidate, target = decision.candidate, decision.target
    changed = decision.comparison.changed if decision.comparison else ()
    unreadable = tuple(path for path in target.unreadable if path not in changed) if target else ()
    if made.desired.owner is None and target is not None:
        return target.copy(profile=after, unreadable=unreadable)
    owned = made.desired.owner is not None
    file_name = candidate.wanted.profile.name
    return Entry(
        id=target.id if target else NEW_ID,
        profile=after,
        owner=made.desired.owner,
        source=file_name if owned and file_name != after.name else None,
        applied=nested(candidate.declared) if owned else None,
        from_=made.desired.from_,
        verbatim=target.verbatim if target else None,
        unreadable=unreadable,
    )


def unchanged(made: Decided) -> tuple[str, ...]:
    """The profiles that need nothing, by their names in the file."""
    return tuple(
        decision.candidate.wanted.profile.name
        for decision in made.decisions.by_index.values()
        if decision.outcome == "unchanged"
    )

"""Entries that we own and that the file no longer lists: kept, or pruned on demand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.planning.compare import drift_of, drifted
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.field_names import listed
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.plan import Change, Conflict, Orphan, Way
from mlxsm_sync.values.state import Entry, Rules


class Orphans(NamedTuple):
    """What becomes of each orphan."""

    deleted: tuple[Entry, ...]
    drifted: tuple[Entry, ...]
    """Those that a prune would delete, had they not been changed on this machine."""
    kept: tuple[Entry, ...]
    """All that stay, the drifted among them."""


def find_orphans(
    desired: Desired, own: Collection[Entry], matched: Mapping[int, Entry], rules: Rules
) -> tuple[Entry, ...]:
    """The entries that are no profile's own, and that none could claim.

    A profile of the file, even a skipped one, claims every entry of its name or source. One without
    an entry of its own could also claim by runtime identity; one that has moved there cannot.
    """
    claimed = {entry.id for entry in matched.values()}
    names = {one.profile.name for one in desired.profiles}
    unmatched = (one.profile for one in desired.profiles if one.index not in matched)
    identities = {*map(rules.identity, unmatched)}
    return tuple(
        entry
        for entry in own
        if entry.id not in claimed
        and not {entry.name, entry.key} & names
        and rules.identity(entry.profile) not in identities
    )


def sort_orphans(orphans: Sequence[Entry], choices: Choices, origins: Origins) -> Orphans:
    """Which orphans go and which stay, and which of these only because of their drift."""
    prunable = [entry for entry in orphans if _is_prunable(entry, choices, origins)]
    drift = {e.id for e in prunable if drifted(e) and e.name not in choices.orphans_replace}
    gone = {e.id for e in prunable} - drift - {e.id for e in prunable if e.name in choices.orphans_skip}
    return Orphans(
        deleted=tuple(entry for entry in orphans if entry.id in gone),
        drifted=tuple(entry for entry in orphans if entry.id in drift),
        kept=tuple(entry for entry in orphans if entry.id not in gone),
    )


def _is_prunable(entry: Entry, choices: Choices, origins: Origins) -> bool:
    if not choices.prune or (choices.only is not None and entry.name not in choices.orphans_only):
        return False
    return choices.prune_foreign or origins.is_this(entry.from_)


def deletions(orphans: Orphans) -> Iterator[Change]:
    """The changes that delete what goes."""
    for entry in orphans.deleted:
        yield Change(
            action="delete",
            name=entry.name,
            source=None,
            index=None,
            target=entry.name,
            owner_before=entry.owner,
            owner_after=None,
            before=entry.profile,
            after=None,
            entry=entry,
        )


def drift_conflicts(orphans: Orphans, choices: Choices, invocation: Invocation) -> Iterator[Conflict]:
    """A changed orphan is not deleted unasked."""
    for entry in orphans.drifted:
        answer, changed = ("--replace", entry.name), listed(drift_of(entry))
        command = invocation.again(choices, *answer)
        yield Conflict(
            kind="drift",
            name=entry.name,
            index=None,
            choices=("skip", "replace"),
            target=entry.name,
            before=entry.profile,
            drift=drift_of(entry),
            decided=entry.name in choices.orphans_skip,
            message=f"the file no longer lists it, but it was changed on this machine: {changed}",
            remedies=(command,),
            ways=(Way("delete it all the same", command, invocation.told_again(choices, *answer)),),
        )


def report(orphans: Orphans, origins: Origins) -> tuple[Orphan, ...]:
    """The orphans that stay."""
    return tuple(
        Orphan(
            name=entry.name,
            from_=entry.from_,
            drifted=drifted(entry),
            came=origins.told(entry.from_),
            foreign=not origins.is_this(entry.from_),
        )
        for entry in orphans.kept
    )

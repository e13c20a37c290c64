"""The entries that a profile file lists, and the orphans, which it no longer lists and a prune deletes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.planning.compare import drift_of, drifted
from mlxsm_sync.planning.match import match
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, Elsewhere
from mlxsm_sync.values.field_names import listed
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.plan import Conflict, Orphan, Refusal, Way
from mlxsm_sync.values.state import Entry, Rules, State

GUARDED_FROM = 10
"""An owner with fewer entries than this may lose any share of them."""
GUARDED_SHARE = 0.3
"""The largest share of an owner's entries that a prune deletes without `--force`."""


class Orphans(NamedTuple):
    """The orphans, by what becomes of them."""

    deleted: tuple[Entry, ...]
    drifted: tuple[Entry, ...]
    """Those that a prune would delete, had they not been changed on this machine."""
    kept: tuple[Entry, ...]
    """All that stay, the drifted among them."""


def find_orphans(
    desired: Desired, own: Collection[Entry], matched: Mapping[int, Entry], rules: Rules
) -> tuple[Entry, ...]:
    """The owner's entries that are no profile's own, and that no profile could claim.

    A profile of the file, even a skipped one, claims every entry of its name or source. A profile without
    an entry of its own also claims every entry of its runtime identity.
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
    """Which orphans are deleted and which stay, and which ones stay only because they have drifted."""
    prunable = [entry for entry in orphans if _is_prunable(entry, choices, origins)]
    drift = {e.id for e in prunable if drifted(e) and e.name not in choices.orphans_replace}
    gone = {e.id for e in prunable} - drift - {e.id for e in prunable if e.name in choices.orphans_skip}
    return Orphans(
        deleted=tuple(entry for entry in orphans if entry.id in gone),
        drifted=tuple(entry for entry in orphans if entry.id in drift),
        kept=tuple(entry for entry in orphans if entry.id not in gone),
    )


def _is_prunable(entry: Entry, choices: Choices, origins: Origins) -> bool:
    """Whether a prune was asked for that covers the orphan."""
    if not choices.prune or (choices.only is not None and entry.name not in choices.orphans_only):
        return False
    return choices.prune_foreign or origins.is_this(entry.from_)


def _is_elsewhere(entry: Entry, names: Collection[str]) -> bool:
    """Whether the file lists an orphan for other machines, which have these names."""
    return entry.key in names or entry.name in names


def drift_conflicts(
    orphans: Orphans, elsewhere: Sequence[Elsewhere], choices: Choices, invocation: Invocation
) -> Iterator[Conflict]:
    """One conflict for each orphan that a prune does not delete because it has drifted."""
    others = {one.name for one in elsewhere}
    for entry in orphans.drifted:
        answer, changed = ("--replace", entry.name), listed(drift_of(entry))
        command = invocation.again(choices, *answer)
        gone = "it is for other machines" if _is_elsewhere(entry, others) else "the file no longer lists it"
        yield Conflict(
            kind="drift",
            name=entry.name,
            index=None,
            choices=("skip", "replace"),
            target=entry.name,
            before=entry.profile,
            drift=drift_of(entry),
            decided=entry.name in choices.orphans_skip,
            message=f"{gone}, but it was changed on this machine: {changed}",
            remedies=(command,),
            ways=(Way("delete it all the same", command, invocation.told_again(choices, *answer)),),
        )


def report(orphans: Orphans, origins: Origins, elsewhere: Sequence[Elsewhere] = ()) -> tuple[Orphan, ...]:
    """The orphans that stay, as a plan lists them; some are wanted on other machines."""
    others = {one.name for one in elsewhere}
    return tuple(
        Orphan(
            name=entry.name,
            from_=entry.from_,
            drifted=drifted(entry),
            reason="other-machines" if _is_elsewhere(entry, others) else "not-listed",
            came=origins.describe(entry.from_),
            foreign=not origins.is_this(entry.from_),
        )
        for entry in orphans.kept
    )


def too_many_deletions(
    own: Collection[Entry], orphans: Orphans, desired: Desired, choices: Choices
) -> Refusal | None:
    """Why a prune of this many entries needs `--force`, else None."""
    going, all_ = len(orphans.deleted), len(own)
    hint = "look at the plan; if it is meant, add --force"
    if choices.force or not going:
        return None
    if not desired.profiles:
        which = (
            "the only entry"
            if all_ == 1
            else f"all {all_} entries"
            if going == all_
            else f"{going} of the {all_} entries"
        )
        nothing = "the file has nothing for this machine" if desired.elsewhere else "the file is empty"
        message = f"{nothing}, and {which} of {desired.owner} would be deleted"
        return Refusal(message, hint)
    if all_ >= GUARDED_FROM and going > GUARDED_SHARE * all_:
        message = f"{going} of the {all_} entries of {desired.owner} would be deleted, more than 30 %"
        return Refusal(message, hint)
    return None


class ListedEntries(NamedTuple):
    """Which entries of a state a profile file lists, and which ones it no longer does."""

    places: dict[str, int]
    """The rank in the file of each entry that is a profile's own, by the entry's id."""
    orphans: frozenset[str]
    """The ids of the orphans."""

    def in_order(self, entries: Iterable[Entry]) -> list[Entry]:
        """The entries in the order of the file; those that it does not list follow in their own order."""
        last = len(self.places) + 1
        return sorted(entries, key=lambda entry: self.places.get(entry.id, last))


NO_FILE = ListedEntries({}, frozenset())
"""What is listed where there is no profile file."""


def listed_entries(desired: Desired, state: State) -> ListedEntries:
    """Match the profiles of a file with their entries, as if nobody had answered anything."""
    own = state.owned_by(desired.owner)
    names = {one.profile.name for one in desired.profiles}
    matched = match(desired.profiles, own, (), names, state.rules)
    order = sorted(matched)
    return ListedEntries(
        {matched[index].id: place for place, index in enumerate(order)},
        frozenset(entry.id for entry in find_orphans(desired, own, matched, state.rules)),
    )

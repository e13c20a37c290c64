"""Step 1: which entry is a profile's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator

from mlxsm_sync.desired import Wanted
from mlxsm_sync.state import Entry


def match(
    wanted: Collection[Wanted], own: Collection[Entry], leaving: Collection[int], names: Collection[str]
) -> dict[int, Entry]:
    """Each profile's own entry, by the profile's index.

    `wanted` are the profiles that take part, `own` the entries of their owner, `leaving` the indexes
    of those that are about to get another name and so give up their claim to an entry of the old
    one. `names` are all names of the file, also of profiles that take no part: an entry whose key
    is among them has not been renamed in the file.
    """
    matched: dict[int, Entry] = {}
    taken: set[str] = set()

    def pair(
        profiles: Iterable[Wanted],
        entries: Iterable[Entry],
        wanted_key: Callable[[Wanted], Hashable],
        entry_key: Callable[[Entry], Hashable],
    ) -> None:
        left = [one for one in profiles if one.index not in matched]
        free = [entry for entry in entries if entry.id not in taken]
        for one, entry in _one_to_one(left, free, wanted_key, entry_key):
            matched[one.index] = entry
            taken.add(entry.id)

    pair(wanted, own, _name_and_identity, lambda entry: (entry.key, entry.profile.identity))
    keeping = [one for one in wanted if one.index not in leaving]
    moved = [entry for entry in own if entry.key not in names]
    found = -1
    while found < len(matched):
        # A move can leave one profile and one entry of a key, so the two are tried in turn.
        found = len(matched)
        pair(keeping, own, lambda one: one.profile.name, lambda entry: entry.key)
        pair(wanted, moved, lambda one: one.profile.identity, lambda entry: entry.profile.identity)
    return matched


def _name_and_identity(one: Wanted) -> Hashable:
    return one.profile.name, one.profile.identity


def _one_to_one(
    wanted: Iterable[Wanted],
    entries: Iterable[Entry],
    wanted_key: Callable[[Wanted], Hashable],
    entry_key: Callable[[Entry], Hashable],
) -> Iterator[tuple[Wanted, Entry]]:
    """The pairs of a key that exactly one profile and one entry share: never a first come."""
    left: defaultdict[Hashable, list[Wanted]] = defaultdict(list)
    right: defaultdict[Hashable, list[Entry]] = defaultdict(list)
    for one in wanted:
        left[wanted_key(one)].append(one)
    for entry in entries:
        right[entry_key(entry)].append(entry)
    for key, profiles in left.items():
        if len(profiles) == 1 and len(right[key]) == 1:
            yield profiles[0], right[key][0]

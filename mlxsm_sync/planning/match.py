"""Step 1: which entry is a profile's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import TypeVar

from mlxsm_sync.values.desired import DesiredProfile
from mlxsm_sync.values.state import Entry, Rules

Left = TypeVar("Left")
Right = TypeVar("Right")


def match(
    wanted: Collection[DesiredProfile],
    own: Collection[Entry],
    leaving: Collection[int],
    names: Collection[str],
    rules: Rules,
) -> dict[int, Entry]:
    """Each profile's own entry, by the profile's index.

    `wanted` are the profiles that take part, `own` their owner's entries, `names` all names of the file.
    Those with an index in `leaving` are about to get another name, and so come after their namesakes.
    """
    matched: dict[int, Entry] = {}
    taken: set[str] = set()

    def pair(
        profiles: Iterable[DesiredProfile],
        entries: Iterable[Entry],
        wanted_key: Callable[[DesiredProfile], Hashable],
        entry_key: Callable[[Entry], Hashable],
    ) -> None:
        left = [one for one in profiles if one.index not in matched]
        free = [entry for entry in entries if entry.id not in taken]
        for one, entry in one_to_one(left, free, wanted_key, entry_key):
            matched[one.index] = entry
            taken.add(entry.id)

    def identity(one: DesiredProfile | Entry) -> Hashable:
        return rules.identity(one.profile)

    def name_and_identity(one: DesiredProfile | Entry) -> Hashable:
        return one.key if isinstance(one, Entry) else one.profile.name, identity(one)

    pair(wanted, own, name_and_identity, name_and_identity)
    keeping = [one for one in wanted if one.index not in leaving]
    moved = [entry for entry in own if entry.key not in names]  # renamed in the file
    found = -1
    while found < len(matched):
        # A move can leave one profile and one entry of a key, so the two are tried in turn.
        found = len(matched)
        pair(keeping, own, lambda one: one.profile.name, lambda entry: entry.key)
        pair(wanted, moved, identity, identity)
        if found == len(matched):
            pair(wanted, own, lambda one: one.profile.name, lambda entry: entry.key)
    return matched


def one_to_one(
    left: Iterable[Left],
    right: Iterable[Right],
    left_key: Callable[[Left], Hashable],
    right_key: Callable[[Right], Hashable],
) -> Iterator[tuple[Left, Right]]:
    """The pairs of a key that exactly one of each side has: never a first come."""
    lefts: defaultdict[Hashable, list[Left]] = defaultdict(list)
    rights: defaultdict[Hashable, list[Right]] = defaultdict(list)
    for one in left:
        lefts[left_key(one)].append(one)
    for other in right:
        rights[right_key(other)].append(other)
    for key, ones in lefts.items():
        if len(ones) == 1 and len(rights[key]) == 1:
            yield ones[0], rights[key][0]

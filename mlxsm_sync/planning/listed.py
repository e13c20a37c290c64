"""Which entries of a state a profile file lists, in its order, and which it no longer does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from mlxsm_sync.planning.match import match
from mlxsm_sync.planning.prune import find_orphans
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.state import Entry, State


class Listed(NamedTuple):
    """A state as a profile file sees it."""

    places: dict[str, int]
    """The entries that are a profile's own: by id, the profile's place in the file."""
    orphans: frozenset[str]
    """The ids of entries of the file's owner that it no longer lists."""

    def in_order(self, entries: Iterable[Entry]) -> list[Entry]:
        """Entries in the order of the file; those that it does not list follow as they are."""
        last = len(self.places) + 1
        return sorted(entries, key=lambda entry: self.places.get(entry.id, last))


NOTHING = Listed({}, frozenset())
"""What is known without a profile file."""


def listed(desired: Desired, state: State) -> Listed:
    """Match the profiles of a file with their entries, without any choice."""
    own = state.owned_by(desired.owner)
    names = {one.profile.name for one in desired.profiles}
    matched = match(desired.profiles, own, (), names, state.rules)
    order = sorted(matched)
    return Listed(
        {matched[index].id: place for place, index in enumerate(order)},
        frozenset(entry.id for entry in find_orphans(desired, own, matched, state.rules)),
    )

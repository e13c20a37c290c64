"""Step 2 of a plan: the name that each profile would have, and so the candidates of the decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.planning.candidate import Candidate, grouped
from mlxsm_sync.planning.match import match
from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.planning.names import collisions, invalid_name
from mlxsm_sync.values.desired import DesiredProfile
from mlxsm_sync.values.state import Entry

Names = Mapping[int, str | None]
"""A new name for each of some profiles, by index; None if no free name was found."""


class Named(NamedTuple):
    """The profiles under some new names, matched again, since a new name changes who is whose."""

    wanted: Sequence[DesiredProfile]
    names: Names
    """The new names that were chosen."""
    own: Mapping[int, Entry]
    """The entry that is each profile's own, by the profile's index."""
    refused: Mapping[int, str]
    """Why a chosen name cannot be used, by the profile's index; then it changes nothing."""


def give_names(
    matched: Matched, wanted: Sequence[DesiredProfile], names: Names, yielding: Collection[int]
) -> Named:
    """Match the profiles under their new names, until it is known which names cannot be used.

    `yielding` are the indexes of profiles that keep their names, and come after their namesakes.
    """
    file_names = {one.index: one.profile.name for one in wanted}
    staying = [entry for entry in matched.own if entry.id not in matched.deleted]
    rules, entries = matched.request.state.rules, matched.request.state.entries
    entry_names = {entry.name for entry in entries if entry.id not in matched.deleted}
    leaving = {index for index, name in names.items() if name != file_names[index]}
    refused: dict[int, str] = {}
    while True:
        behind = _behind_namesakes(file_names, (leaving - refused.keys()).union(yielding))
        own = match(wanted, staying, behind, matched.file_names, rules)
        # Its own name is no new one, unless the machine calls it something else.
        new = {
            index: name
            for index, name in names.items()
            if name != file_names[index] or (index in own and own[index].source is not None)
        }
        own_names = {index: entry.name for index, entry in own.items()} | matched.remembered
        found = collisions(new, own_names, file_names, entry_names, matched.file_names)
        if found.keys() <= refused.keys():
            return Named(wanted, names, own, refused)
        refused = found | refused


def _behind_namesakes(file_names: Mapping[int, str], leaving: Collection[int]) -> set[int]:
    """Those of the leaving profiles of whose name somebody stays, by index."""
    kept = {name for index, name in file_names.items() if index not in leaving}
    return {index for index in leaving if file_names[index] in kept}


def candidates(matched: Matched, named: Named) -> list[Candidate]:
    """The profiles that take part, with all that is known of them before the decision."""
    return grouped([_candidate(one, matched, named) for one in named.wanted])


def _candidate(one: DesiredProfile, matched: Matched, named: Named) -> Candidate:
    desired, state, choices, _, origins = matched.request
    own, collision = named.own.get(one.index), named.refused.get(one.index)
    kept = one.profile.name
    if own is not None and own.source is not None and invalid_name(own.name) is None:
        kept = own.name
    wished = named.names.get(one.index)
    if wished == kept:
        wished = None
    return Candidate(
        wanted=one,
        owner=desired.owner,
        own=own,
        name=wished if wished is not None and collision is None else kept,
        kept=kept,
        identity=state.rules.identity(one.profile),
        wished=wished,
        collision=collision,
        replaces=one.index in choices.replace,
        pinned=choices.replace.get(one.index),
        takes_from=choices.take_from,
        elsewhere=own is not None and origins.is_other(own.from_),
        outdated=own is not None and origins.is_outdated(own.from_),
    )

"""Step 1 of a plan: which profiles take part, and which entries are theirs, orphans, or in use by others."""

from __future__ import annotations

from typing import NamedTuple

from mlxsm_sync.planning.match import match
from mlxsm_sync.planning.names import renamed_before, suggestions
from mlxsm_sync.planning.prune import Orphans, find_orphans, sort_orphans
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, DesiredProfile
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.state import Entry, State


class Request(NamedTuple):
    """What a plan is made from."""

    desired: Desired
    state: State
    choices: Choices
    invocation: Invocation
    """The command line that the remedies of conflicts continue."""
    origins: Origins
    """What the disk says of the files that entries came from."""


class Matched(NamedTuple):
    """A request whose profiles have been matched with the entries of their owner."""

    request: Request
    taking_part: tuple[DesiredProfile, ...]
    """The profiles that no choice leaves out."""
    file_names: frozenset[str]
    """The names of all profiles of the file."""
    own: tuple[Entry, ...]
    """The entries of the file's owner."""
    orphans: Orphans
    """The owner's entries that the file no longer lists."""
    deleted: frozenset[str]
    """The ids of the orphans that the plan deletes."""
    spoken_for: frozenset[str]
    """The ids of the owner's entries that are no orphans."""
    suggested: dict[int, str | None]
    """A free name for each profile of the file, by index; None if there is none."""
    remembered: dict[int, str]
    """The names that an equal import gave profiles of a document before, by index."""


def match_profiles(request: Request) -> Matched:
    """Match the profiles that take part, and find the orphans that no profile could claim."""
    desired, state, choices = request.desired, request.state, request.choices
    own = state.owned_by(desired.owner)
    file_names = frozenset(one.profile.name for one in desired.profiles)
    taking_part = tuple(one for one in desired.profiles if choices.selects(one.index))
    matched = match(taking_part, own, (), file_names, state.rules)
    found = find_orphans(desired, own, matched, state.rules)
    orphans = sort_orphans(found, choices, request.origins)
    return Matched(
        request=request,
        taking_part=taking_part,
        file_names=file_names,
        own=own,
        orphans=orphans,
        deleted=frozenset(entry.id for entry in orphans.deleted),
        spoken_for=frozenset(entry.id for entry in own) - {entry.id for entry in found},
        suggested=suggestions(desired.profiles, (entry.name for entry in state.entries), choices.rename),
        remembered=_remembered(taking_part, request) if desired.owner is None else {},
    )


def _remembered(taking_part: tuple[DesiredProfile, ...], request: Request) -> dict[int, str]:
    """The names that profiles of a document were given before, by index.

    Nobody owns what a document put there. So its new name is known only from an entry that has this name
    and that is otherwise just what the profile would be.
    """
    by_index = {one.index: one for one in taking_part}
    found: dict[int, str] = {}
    for index, name in request.choices.rename.items():
        if index in by_index and (was := renamed_before(by_index[index], name, request.state)) is not None:
            found[index] = was
    return found

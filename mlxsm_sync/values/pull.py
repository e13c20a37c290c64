"""What is asked of a pull, and what it would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.values.profile import Fields
from mlxsm_sync.values.state import Entry


class Scope(NamedTuple):
    """What somebody wants pulled."""

    names: Sequence[str] = ()
    """Profiles by name or `#N`; none for all that were changed here."""
    everything: bool = False
    """All entries that are of this file, or of nobody."""
    fields: frozenset[str] = frozenset()
    """The only fields that are taken, also where the file was edited; none for all."""
    whole: bool = False
    """Each profile as it is here, whatever the file says."""

    def takes(self, path: str) -> bool:
        """Whether a field is asked for."""
        return not self.fields or path in self.fields


class Edit(NamedTuple):
    """What one entry changes in the file."""

    entry: Entry
    place: int | None
    """The profile's place in the file, 1-based; None for a new one at the end."""
    fields: Fields
    """The fields to write; null for those to unset."""
    taken: Fields | None = None
    """What counts as applied from now on, beside what was before; None for all that the file declares."""


class Clash(NamedTuple):
    """A field that was changed on this machine and in the file."""

    name: str
    """The profile, by its name in the file."""
    place: int
    """Its place in the file, 1-based."""
    path: str
    """JSON Pointer of the field."""
    applied: Json
    """What was applied, null for unset; so with the next two."""
    here: Json
    """What this machine has."""
    there: Json
    """What the file says."""


class Stuck(NamedTuple):
    """A name that cannot be pulled."""

    name: str
    reason: str
    hint: str
    misnamed: bool = True
    """Whether another name would help; else it is what the name stands for."""


class Pull(NamedTuple):
    """What was asked for, as far as it can be done."""

    edits: tuple[Edit, ...]
    stuck: tuple[Stuck, ...]
    clashes: tuple[Clash, ...] = ()

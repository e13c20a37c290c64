"""The state: this machine's profiles, who owns each, and what was last applied."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from mlxsm_sync.text.json_value import JsonObject, canonical
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.fields import Constraint
from mlxsm_sync.values.launch_options import checked_text
from mlxsm_sync.values.profile import Fields, Profile, flat

ID_LENGTH = 16

UNREADABLE = "(unreadable)"
"""Stands for a value that no profile can hold, so it equals nothing that is declared."""

_ID = rf"^[a-z0-9]{{{ID_LENGTH}}}(?![\s\S])"


def check_id(text: str) -> str:
    """An entry's id; files are named by it, so nothing else may pass."""
    if not re.match(_ID, text):
        raise ValueError(f"must be {ID_LENGTH} small letters and digits")
    return text


EntryId = Annotated[str, checked_text(check_id, _ID)]


class Entry(Value):
    """One profile of the state."""

    id: EntryId
    """Made at create and kept by every other change; files are named by it."""
    profile: Profile
    """The profile as it stands on this machine."""
    owner: str | None
    """The collection that put it there, null for nobody."""
    source: str | None = None
    """Its name in the profile file, where that differs."""
    applied: JsonObject | None = None
    """What its owner last declared, sparse; null without an owner."""
    from_: str | None = Field(default=None, serialization_alias="from")
    """The profile file that it was applied from, as it was named; null for standard input."""
    verbatim: str | None = Field(exclude=True, default=None)
    """What another program's list says of it, to the letter; null without such a list."""
    unreadable: tuple[str, ...] = Field(exclude=True, default=())
    """Paths of fields that the list has and no profile can hold."""

    def check(self) -> None:
        """What has an owner was applied under a name."""
        if self.owner is not None and not isinstance((self.applied or {}).get("name"), str):
            raise ValueError("has an owner, but no applied name")

    def same_as(self, other: Entry, *, but_from: bool = False) -> bool:
        """Whether both say the same by value, as JSON sees it: `==` takes `True` for `1`."""
        ours = self.model_copy(from_=other.from_) if but_from else self
        return canonical(ours.model_dump()) == canonical(other.model_dump())

    @property
    def current(self) -> Fields:
        """The profile's fields, and a word for those that cannot be read."""
        if not self.unreadable:
            return self.profile.fields
        return {**self.profile.fields, **dict.fromkeys(self.unreadable, UNREADABLE)}

    @cached_property
    def applied_fields(self) -> Fields | None:
        """`applied` by JSON Pointer."""
        return None if self.applied is None else flat(self.applied)

    @property
    def name(self) -> str:
        """The name on this machine."""
        return self.profile.name

    @property
    def key(self) -> str:
        """What an owned entry is called in its profile file."""
        return self.source if self.source is not None else str((self.applied or {}).get("name"))


class Write(Value):
    """Which command wrote a state, kept in it so that history needs no second file."""

    at: str
    """ISO 8601, UTC, whole seconds."""
    command: str
    """The command's name, such as `apply`."""
    owner: str | None
    """The collection that was applied, null where none was."""
    summary: str
    """What it did, such as `2 created, 1 updated`."""


class Rules(NamedTuple):
    """What a state asks of its entries beyond what every state does."""

    one_per_model: bool = False
    """A model ID is enough to be the same profile, wherever it is served."""
    never_empty: bool = False
    """The last entry cannot go."""

    def identity(self, profile: Profile) -> Hashable:
        """What no two profiles of the state may share."""
        return (profile.model_id,) if self.one_per_model else profile.identity

    def problems(self, profile: Profile) -> Iterable[str]:  # noqa: ARG002 - what others ask of it
        """Why a profile cannot be written there, in words for people; nothing is asked of our own state's."""
        return ()


class State(Value):
    """All profiles of this machine, as one file holds them."""

    format_version: Literal[1] = 1
    """The version of this format."""
    lineage: str | None
    """Tells two states apart; made at the first write, null before it."""
    serial: Annotated[int, Constraint(limits={"ge": 0})] = 0
    """Grows by one with every write."""
    written: Write | None = None
    """The command that wrote this state."""
    entries: tuple[Entry, ...] = ()
    """The profiles, oldest first."""
    rules: Rules = Field(exclude=True, default=Rules())
    """What else its entries must obey."""
    lost: tuple[Entry, ...] = Field(exclude=True, default=())
    """Entries that were deleted behind our back, as they were last written."""
    unclear: tuple[Entry, ...] = Field(exclude=True, default=())
    """Entries that were changed behind our back so that it cannot be told which they are now."""

    def check(self) -> None:
        """No two entries share an id, a name or a runtime identity."""
        for what, values in (
            ("id", (entry.id for entry in self.entries)),
            ("name", (entry.name for entry in self.entries)),
            ("runtime identity", (entry.profile.identity for entry in self.entries)),
        ):
            if doubled := _doubled(values):
                raise ValueError(f"{doubled} entries share a {what} with another")

    @cached_property
    def by_id(self) -> dict[str, Entry]:
        """Every entry by its id."""
        return {entry.id: entry for entry in self.entries}

    def next(self, entries: Iterable[Entry]) -> State:
        """The state that follows this one; it is still to be said what wrote it."""
        following = tuple(entries)
        back: set[object] = {entry.id for entry in following}
        back |= {(entry.owner, entry.key) for entry in following if entry.owner is not None}

        def still(gone: Iterable[Entry]) -> tuple[Entry, ...]:
            return tuple(one for one in gone if not back & {one.id, (one.owner, one.key)})

        return State(
            lineage=self.lineage,
            serial=self.serial + 1,
            entries=following,
            rules=self.rules,
            lost=still(self.lost),
            unclear=still(self.unclear),
        )

    def owned_by(self, owner: str | None) -> tuple[Entry, ...]:
        """The entries of one owner; none are anybody's for nobody."""
        return tuple(e for e in self.entries if owner is not None and e.owner == owner)


def _doubled(values: Iterable[object]) -> int:
    return sum(count - 1 for count in Counter(values).values())

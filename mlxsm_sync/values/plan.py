"""The plan's values: what would change, what we refuse to guess, what is left alone."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.desired import Input, Invalid, ProfileWarning
from mlxsm_sync.values.machines import Machine
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import Entry

Action = Literal["create", "update", "replace", "claim", "delete"]
ConflictKind = Literal[
    "name-taken",
    "identity-taken",
    "duplicate-name",
    "duplicate-identity",
    "ambiguous-replace",
    "duplicate-replace",
    "rename-collision",
    "drift",
    "other-file",
]
Choice = Literal["skip", "rename", "replace"]
Clash = Literal["name", "identity"]


class FieldChange(Value):
    """One field before and after."""

    path: str
    """JSON Pointer into the profile."""
    before: Json
    """Null where it was unset."""
    after: Json
    """Null where it becomes unset."""
    drifted: bool = Field(exclude=True, default=False)
    """Whether the value before was set on this machine since it was applied."""


class Change(Value):
    """One entry that would be written."""

    action: Action
    """What happens to the entry."""
    name: str
    """Its name afterwards; for a delete, its last one."""
    source: str | None
    """Its name in the file, null for a delete."""
    index: int | None
    """Its place in the file, null for a delete."""
    target: str | None
    """The name of the entry that is updated, replaced, claimed or deleted."""
    renamed: bool = False
    """Whether a person chose another name than the file's."""
    owner_before: str | None
    """Who owned the entry."""
    owner_after: str | None
    """Who will own it."""
    before: Profile | None
    """The profile as it is, null for a create."""
    after: Profile | None
    """The profile as it will be, null for a delete."""
    fields: tuple[FieldChange, ...] = ()
    """For update and replace: what differs."""
    entry: Entry = Field(exclude=True)
    """The entry as it will be; a create's id is still to be given."""
    moved_from: str | None = Field(exclude=True, default=None)
    """Where only the path of the profile file is renewed: the old one, as people are told."""


class Rival(Value):
    """An entry that stands in the way."""

    name: str
    """Its name on this machine."""
    owner: str | None
    """Its owner, null for nobody."""
    model_id: str = Field(serialization_alias="modelID")
    """What it serves."""
    host: str
    """Where it listens."""
    port: int
    """Where it listens."""
    matches: tuple[Clash, ...]
    """What it shares with the profile."""


class Way(NamedTuple):
    """One way out of a conflict."""

    what: str
    """What it does, in words."""
    command: str
    """The command line that does it."""
    told: str
    """How people are told of that: words, where the command cannot be pasted."""


class Conflict(Value):
    """Something that only a person can decide."""

    kind: ConflictKind
    """What clashes."""
    name: str
    """The profile, by its name in the file; an orphan by its name in the state."""
    index: int | None
    """Its place in the file, null for an orphan."""
    rivals: tuple[Rival, ...] = ()
    """The entries in the way."""
    choices: tuple[Choice, ...]
    """The ways out, skip first."""
    suggested_name: str | None = None
    """A free name, null where rename is no choice."""
    target: str | None = None
    """The entry that a replace would change, null where replace is no choice."""
    before: Profile | None = None
    """The target as it is."""
    after: Profile | None = None
    """The profile as it would be."""
    fields: tuple[FieldChange, ...] = ()
    """What differs between them, where there is a target."""
    drift: tuple[str, ...] = ()
    """JSON Pointers of the fields that were changed on this machine since they were applied."""
    decided: bool = False
    """Whether a person chose to skip it."""
    message: str
    """The conflict in one sentence."""
    remedies: tuple[str, ...] = ()
    """The command for each way out but skip."""
    ways: tuple[Way, ...] = Field(exclude=True, default=())
    """The same for people."""
    own: bool = Field(exclude=True, default=False)
    """Whether the target is the profile's own entry."""


OrphanReason = Literal["not-listed", "other-machines"]


class Orphan(Value):
    """An entry that we own and that the file no longer lists for this machine."""

    name: str
    """Its name on this machine."""
    from_: str | None = Field(serialization_alias="from")
    """The profile file that put it there, null for standard input."""
    drifted: bool
    """Whether it was changed on this machine since."""
    reason: OrphanReason = Field(exclude=True, default="not-listed")
    """Why nothing wants it: the file does not list it, or lists it for other machines."""
    came: str = Field(exclude=True, default="")
    """Where it came from, as people are told."""
    foreign: bool = Field(exclude=True, default=False)
    """Whether `--prune` alone leaves it, since another file put it there."""


class Skipped(Value):
    """A profile that was passed over."""

    name: str
    """Its name in the file."""
    index: int | None
    """Its place in the file, null for an orphan."""
    reason: str
    """Why: a person's choice, or a conflict's kind."""


class Summary(Value):
    """How much of each."""

    create: int = 0
    """New entries."""
    update: int = 0
    """Own entries that change."""
    replace: int = 0
    """Entries that are overwritten on demand."""
    rename: int = 0
    """New entries under another name than the file's; they count as create, too."""
    claim: int = 0
    """Entries of which only the bookkeeping changes."""
    delete: int = 0
    """Entries that go."""
    unchanged: int = 0
    """Profiles that need nothing."""
    conflict: int = 0
    """Conflicts, decided or not."""
    invalid: int = 0
    """Profiles of a document that cannot be used."""
    orphan: int = 0
    """Orphans that stay."""
    elsewhere: int = 0
    """Profiles of the file that are for other machines."""


class Refusal(NamedTuple):
    """Why a plan is not carried out as a whole."""

    message: str
    hint: str


class Plan(Value):
    """What applying a profile file would do to a state."""

    format_version: Literal[1] = 1
    """The version of this format."""
    lineage: str | None
    """The state that was planned against, null before the first write."""
    serial: int
    """The state's serial; after applying, the new one."""
    owner: str | None
    """The collection, null for a document."""
    input: Input | None
    """The file, null where none was read."""
    machine: Machine | None = None
    """The machine that it is for; null where the file has no machines."""
    elsewhere: tuple[str, ...] = ()
    """Profiles of the file that are for other machines, by name."""
    digest: str
    """`sha256:` and a hash: the same for the same inputs, whatever the file's order."""
    changes: tuple[Change, ...] = ()
    """What would be written."""
    conflicts: tuple[Conflict, ...] = ()
    """What would be passed over until somebody decides."""
    invalid: tuple[Invalid, ...] = ()
    """Profiles of a document that cannot be used."""
    orphans: tuple[Orphan, ...] = ()
    """Entries that we own, that the file no longer lists, and that stay."""
    unchanged: tuple[str, ...] = ()
    """Profiles that need nothing, by their names in the file."""
    warnings: tuple[ProfileWarning, ...] = ()
    """What a person should know."""
    summary: Summary
    """How much of each."""
    skipped: tuple[Skipped, ...] = Field(exclude=True, default=())
    unused_choices: tuple[str, ...] = Field(exclude=True, default=())
    guard: Refusal | None = Field(exclude=True, default=None)

    @property
    def counted(self) -> tuple[Change, ...]:
        """The changes that somebody has to know of: all but those that only renew the path of the file."""
        return tuple(change for change in self.changes if change.moved_from is None)

    @property
    def undecided(self) -> tuple[Conflict, ...]:
        """The conflicts that still wait for a person."""
        return tuple(conflict for conflict in self.conflicts if not conflict.decided)


class Outcome(Plan):
    """A plan after it was carried out, or not."""

    applied: bool
    """Whether anything was written."""
    skipped: tuple[Skipped, ...] = ()
    """Everything that was passed over, and why."""


class MachinePlan(Value):
    """The plan of one machine that a file declares."""

    name: str | None
    """The machine, or the pattern of several; null where the file has no machines."""
    plan: Plan
    """What would change there."""


class MachinePlans(Value):
    """`mlxsm plan --base OLD --each-machine --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    machines: tuple[MachinePlan, ...]
    """In the order of the file."""

"""One profile that takes part in a plan, and what becomes of it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mlxsm_sync.planning.compare import Comparison
from mlxsm_sync.values.desired import Wanted
from mlxsm_sync.values.plan import ConflictKind
from mlxsm_sync.values.profile import NAME, Fields
from mlxsm_sync.values.state import Entry

Outcome = Literal["create", "update", "replace", "claim", "unchanged"] | ConflictKind


class Candidate(NamedTuple):
    """One profile that takes part, and what is known of it before anything is decided."""

    wanted: Wanted
    own: Entry | None
    """The entry that is its own."""
    name: str
    """Its effective name: chosen, remembered or the file's."""
    kept: str
    """The name that it has where no other one is chosen: remembered or the file's."""
    wished: str | None = None
    """The name that a person chose."""
    collision: str | None = None
    """Why that name is not to be had."""
    replaces: bool = False
    """Whether a person wants it to replace what is in the way."""
    pinned: str | None = None
    """The one entry that it may replace, by name."""
    elsewhere: bool = False
    """Whether its own entry came from another file that still exists."""
    outdated: bool = False
    """Whether its own entry knows this file by a path that is no longer the right one."""

    @property
    def number(self) -> int:
        """The profile's place in the file, 1-based."""
        return self.wanted.index

    @property
    def file_name(self) -> str:
        """What the file calls it."""
        return self.wanted.profile.name

    @property
    def declared(self) -> Fields:
        """What it decides, under its effective name."""
        return self.wanted.declared | {NAME: self.name}


class Decision(NamedTuple):
    """What becomes of one profile."""

    candidate: Candidate
    outcome: Outcome
    rivals: tuple[Entry, ...] = ()
    target: Entry | None = None
    """The entry that is updated, replaced, claimed or held, or that a replace would change."""
    comparison: Comparison | None = None
    """The profile against the target."""
    blocked: bool = False
    """Whether it is a conflict."""

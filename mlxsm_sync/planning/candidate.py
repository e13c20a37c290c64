"""One profile of the file before the decision about it, and the decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from typing import Literal, NamedTuple

from mlxsm_sync.planning.compare import Comparison
from mlxsm_sync.values.desired import DesiredProfile
from mlxsm_sync.values.plan import ConflictKind
from mlxsm_sync.values.profile import NAME, Fields
from mlxsm_sync.values.state import Entry

Outcome = Literal["create", "update", "replace", "claim", "unchanged"] | ConflictKind

_NO_CONFLICT: frozenset[Outcome] = frozenset({"create", "update", "replace", "claim", "unchanged"})


class Candidate(NamedTuple):
    """One profile that takes part in a plan, and all that is known of it before the decision."""

    wanted: DesiredProfile
    owner: str | None
    """The collection of its file; None for a document, which owns nothing."""
    own: Entry | None
    """The entry that was matched with it."""
    name: str
    """Its effective name: the one that was chosen, else the remembered one, else the file's."""
    kept: str
    """The name that it has if no other one is chosen: the remembered one, else the file's."""
    identity: Hashable
    """What no two profiles of the state may share, by the state's rules."""
    wished: str | None = None
    """The name that a person chose, if it is another one than `kept`."""
    collision: str | None = None
    """Why the chosen name cannot be used."""
    replaces: bool = False
    """Whether a person chose that it replaces what is in its way."""
    pinned: str | None = None
    """The name of the only entry that it may replace."""
    takes_from: Collection[str] = ()
    """The owners whose undrifted entries it replaces without being asked about each."""
    elsewhere: bool = False
    """Whether its own entry came from another file that still exists."""
    outdated: bool = False
    """Whether its own entry came from this file, by a path that is no longer the right one."""
    namesakes: Sequence[int] = ()
    """The indexes of all profiles that have its effective name, its own index among them."""
    twins: Sequence[int] = ()
    """The indexes of all profiles that have its identity, its own index among them."""

    @property
    def number(self) -> int:
        """The profile's place in the file, 1-based."""
        return self.wanted.index

    @property
    def file_name(self) -> str:
        """The profile's name in the file."""
        return self.wanted.profile.name

    @property
    def declared(self) -> Fields:
        """The fields that the file decides, under the effective name."""
        return self.wanted.declared | {NAME: self.name}

    @property
    def has_namesake(self) -> bool:
        """Whether another profile of the file has the same effective name."""
        return len(self.namesakes) > 1

    @property
    def has_twin(self) -> bool:
        """Whether another profile of the file has the same identity."""
        return len(self.twins) > 1


def grouped(candidates: Collection[Candidate]) -> list[Candidate]:
    """The candidates, each told which ones have its name and which ones have its identity."""
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for one in candidates:
        groups[one.name].append(one.number)
        groups[one.identity].append(one.number)
    return [one._replace(namesakes=groups[one.name], twins=groups[one.identity]) for one in candidates]


class Decision(NamedTuple):
    """What becomes of one profile."""

    candidate: Candidate
    outcome: Outcome
    rivals: tuple[Entry, ...] = ()
    """The entries that stay and that have its name or its identity."""
    target: Entry | None = None
    """The entry that is updated, replaced, claimed or held, or that a replace would change."""
    comparison: Comparison | None = None
    """The profile compared with the target."""

    @property
    def blocked(self) -> bool:
        """Whether the outcome is a conflict, so that nothing is written for the profile."""
        return self.outcome not in _NO_CONFLICT

    @property
    def writes(self) -> bool:
        """Whether the plan has a change for the profile."""
        return not self.blocked and self.outcome != "unchanged"

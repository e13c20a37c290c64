"""The entries that stay, and which of them a profile is going to replace."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from mlxsm_sync.planning.candidate import Candidate
from mlxsm_sync.planning.compare import compare, drifted
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.state import Entry, Rules


class Rivals(NamedTuple):
    """The entries that stay on the machine, by name and by identity."""

    rules: Rules
    spoken_for: Collection[str] = frozenset()
    """The ids of entries that a profile of the file has, or may have, as its own: no other replaces them."""
    staying: Mapping[Hashable, tuple[Entry, ...]] = {}
    """The entries that stay, by name and by identity."""

    def joined_by(self, entries: Iterable[Entry]) -> Rivals:
        """The rivals when these entries stay, too."""
        staying = dict(self.staying)
        for entry in entries:
            for key in self.keys(entry):
                staying[key] = (*staying.get(key, ()), entry)
        return self._replace(staying=staying)

    def keys(self, entry: Entry) -> tuple[Hashable, Hashable]:
        """What may bring a profile in conflict with an entry: the entry's name and its identity."""
        return entry.name, self.identity(entry.profile)

    def identity(self, profile: Profile) -> Hashable:
        """What no two profiles of the state may share, by the state's rules."""
        return self.rules.identity(profile)

    def named(self, name: str | None) -> tuple[Entry, ...]:
        """The entries of a name that stay."""
        return self.staying.get(name, ())

    def of(self, candidate: Candidate) -> tuple[Entry, ...]:
        """The entries that stay and have the candidate's name or identity, in order of their names."""
        named, alike = self.staying.get(candidate.name, ()), self.staying.get(candidate.identity, ())
        if not named and not alike:
            return ()
        found = {entry.id: entry for entry in (*named, *alike)}
        if candidate.own is not None:
            found.pop(candidate.own.id, None)
        return tuple(sorted(found.values(), key=lambda entry: (entry.name, entry.id)))

    def share_identity(self, candidate: Candidate, entries: Iterable[Entry]) -> bool:
        """Whether one of these entries has the candidate's identity."""
        return any(self.identity(entry.profile) == candidate.identity for entry in entries)

    def may_be_replaced(self, entry: Entry) -> bool:
        """Whether no profile of the file has, or may have, the entry as its own."""
        return entry.id not in self.spoken_for


class Targets(NamedTuple):
    """The entries that are going to be replaced, and by which profiles."""

    by_index: Mapping[int, Entry] = {}
    """The entry that each replacing profile replaces, by the profile's index, unless it is blocked."""
    replacers: Mapping[str, Sequence[int]] = {}
    """The profiles that were to replace an entry, by the entry's id; blocked ones stay in it."""

    def joined_by(self, picked: Mapping[int, Entry]) -> Targets:
        """The targets with these, too."""
        replacers = dict(self.replacers)
        for index, entry in picked.items():
            replacers[entry.id] = (*replacers.get(entry.id, ()), index)
        return Targets({**self.by_index, **picked}, replacers)

    def without(self, blocked: Iterable[Candidate]) -> Targets:
        """The targets when these profiles are blocked, and so replace nothing."""
        indexes = {one.number for one in blocked}
        kept = {index: entry for index, entry in self.by_index.items() if index not in indexes}
        return self._replace(by_index=kept)

    def of(self, candidate: Candidate) -> Entry | None:
        """The entry that the candidate is going to replace."""
        return self.by_index.get(candidate.number)

    def left_for(self, candidate: Candidate, rivals: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The candidate's rivals, less those that another profile is going to replace."""
        if not rivals or not self.by_index:
            return rivals
        return tuple(
            entry
            for entry in rivals
            if entry is self.of(candidate)
            or not any(index in self.by_index for index in self.replacers.get(entry.id, ()))
        )

    def is_contested(self, candidate: Candidate, entry: Entry) -> bool:
        """Whether the candidate and others are to replace the entry; blocked ones count, as none is first."""
        replacers = self.replacers.get(entry.id, ())
        return candidate.number in replacers and len(replacers) > 1


def pick_targets(candidates: Iterable[Candidate], rivals: Rivals) -> Targets:
    """Find what each profile replaces if nothing blocks it.

    A pinned target is given. Any other target is the one rival that is left when those that other
    profiles replace are set aside. The targets of a round are all picked from the same values, so that
    the order of the profiles does not matter.
    """
    targets = Targets()
    waiting = [one for one in candidates if one.own is None and not (one.has_namesake or one.has_twin)]
    while picked := {
        one.number: target for one in waiting if (target := _pick(one, rivals, targets)) is not None
    }:
        targets = targets.joined_by(picked)
        waiting = [one for one in waiting if one.number not in picked]
    return targets


def _pick(candidate: Candidate, rivals: Rivals, targets: Targets) -> Entry | None:
    """The one entry that the candidate would replace, else None."""
    found = rivals.of(candidate)
    if candidate.pinned is not None:
        found = tuple(entry for entry in found if entry.name == candidate.pinned)
    else:
        found = targets.left_for(candidate, found)
    if len(found) != 1 or not rivals.may_be_replaced(found[0]):
        return None
    return found[0] if candidate.pinned is not None or _takes(candidate, found[0]) else None


def _takes(candidate: Candidate, rival: Entry) -> bool:
    """Whether a person's answers say that the candidate replaces its one rival."""
    if candidate.replaces:
        return True
    if rival.owner not in candidate.takes_from:
        return False
    return not drifted(rival) or compare(candidate.declared, rival.current).equal

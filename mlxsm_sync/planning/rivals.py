"""The entries that stay, and which of them are in a profile's way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable

from mlxsm_sync.planning.candidate import Candidate
from mlxsm_sync.values.state import Entry, Rules


class Rivals:
    """Everything that stays, and what is going to be replaced of it.

    `spoken_for` are the ids of entries that are, or may be, the own of some profile of the file, and
    so nobody else's to replace.
    """

    def __init__(self, rules: Rules, spoken_for: Collection[str]) -> None:
        self._rules = rules
        self._spoken_for = spoken_for
        self._staying: defaultdict[Hashable, list[Entry]] = defaultdict(list)
        self._targets: dict[int, Entry] = {}
        self._replacers: defaultdict[str, list[int]] = defaultdict(list)

    def stay(self, entry: Entry) -> None:
        """Add an entry that stays."""
        self._staying[entry.name].append(entry)
        self._staying[self._rules.identity(entry.profile)].append(entry)

    def named(self, name: str | None) -> tuple[Entry, ...]:
        """The staying entries of a name."""
        return tuple(self._staying.get(name, ()))

    def of(self, candidate: Candidate) -> tuple[Entry, ...]:
        """What is in the way, less what another profile is going to replace."""
        found = self._in_the_way(candidate)
        mine = self._targets.get(candidate.number)
        others = {
            self._targets[index].id
            for entry in found
            for index in self._replacers[entry.id]
            if index in self._targets and index != candidate.number
        }
        others -= {mine.id} if mine is not None else set()
        return tuple(entry for entry in found if entry.id not in others)

    def _in_the_way(self, candidate: Candidate) -> list[Entry]:
        """The staying entries with its name or its identity, whoever replaces them."""
        found = {
            entry.id: entry
            for key in (candidate.name, self._rules.identity(candidate.wanted.profile))
            for entry in self._staying.get(key, ())
            if candidate.own is None or entry.id != candidate.own.id
        }
        return sorted(found.values(), key=lambda entry: (entry.name, entry.id))

    def may_replace(self, entry: Entry) -> bool:
        """Whether the entry may be replaced at all: not if it is another profile's."""
        return entry.id not in self._spoken_for

    def pick_targets(
        self, candidates: Iterable[Candidate], takes: Callable[[Candidate, Entry], bool]
    ) -> None:
        """Find what each replacing profile replaces, if it is not blocked.

        A pinned target is given; any other is the one rival that is left when what others replace is
        set aside, if the profile `takes` it. All of a round are picked together, so that their order
        does not matter.
        """
        candidates = [*candidates]
        while True:
            picked = {
                candidate.number: target
                for candidate in candidates
                if candidate.number not in self._targets
                if (target := self._target(candidate, takes)) is not None
            }
            if not picked:
                return
            self._targets |= picked
            for index, target in picked.items():
                self._replacers[target.id].append(index)

    def _target(self, candidate: Candidate, takes: Callable[[Candidate, Entry], bool]) -> Entry | None:
        if candidate.pinned is not None:
            found = [entry for entry in self._in_the_way(candidate) if entry.name == candidate.pinned]
        else:
            found = [*self.of(candidate)]
        if len(found) != 1 or not self.may_replace(found[0]):
            return None
        return found[0] if candidate.pinned is not None or takes(candidate, found[0]) else None

    def target(self, candidate: Candidate) -> Entry | None:
        """What the profile is going to replace."""
        return self._targets.get(candidate.number)

    def give_up(self, candidate: Candidate) -> Entry | None:
        """The target of a profile that is blocked, and so replaces nothing."""
        return self._targets.pop(candidate.number, None)

    def is_contested(self, candidate: Candidate, entry: Entry) -> bool:
        """Whether several profiles are to replace the entry; blocked ones count, too, as none is first."""
        replacers = self._replacers[entry.id]
        return candidate.number in replacers and len(replacers) > 1

"""The entries that stay, and which of them are in a profile's way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable

from mlxsm_sync.planning.candidate import Case
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

    def of(self, case: Case) -> tuple[Entry, ...]:
        """What is in the way, less what another profile is going to replace."""
        found = self._in_the_way(case)
        mine = self._targets.get(case.number)
        others = {
            self._targets[index].id
            for entry in found
            for index in self._replacers[entry.id]
            if index in self._targets and index != case.number
        }
        others -= {mine.id} if mine is not None else set()
        return tuple(entry for entry in found if entry.id not in others)

    def _in_the_way(self, case: Case) -> list[Entry]:
        """The staying entries with its name or its identity, whoever replaces them."""
        found = {
            entry.id: entry
            for key in (case.name, self._rules.identity(case.wanted.profile))
            for entry in self._staying.get(key, ())
            if case.own is None or entry.id != case.own.id
        }
        return sorted(found.values(), key=lambda entry: (entry.name, entry.id))

    def may_replace(self, entry: Entry) -> bool:
        """Whether the entry may be replaced at all: not if it is another profile's."""
        return entry.id not in self._spoken_for

    def pick_targets(self, cases: Iterable[Case], takes: Callable[[Case, Entry], bool]) -> None:
        """Find what each replacing profile replaces, if it is not blocked.

        A pinned target is given; any other is the one rival that is left when what others replace is
        set aside, if the profile `takes` it. All of a round are picked together, so that their order
        does not matter.
        """
        candidates = [*cases]
        while True:
            picked = {
                case.number: target
                for case in candidates
                if case.number not in self._targets
                if (target := self._target(case, takes)) is not None
            }
            if not picked:
                return
            self._targets |= picked
            for index, target in picked.items():
                self._replacers[target.id].append(index)

    def _target(self, case: Case, takes: Callable[[Case, Entry], bool]) -> Entry | None:
        if case.pinned is not None:
            found = [entry for entry in self._in_the_way(case) if entry.name == case.pinned]
        else:
            found = [*self.of(case)]
        if len(found) != 1 or not self.may_replace(found[0]):
            return None
        return found[0] if case.pinned is not None or takes(case, found[0]) else None

    def target(self, case: Case) -> Entry | None:
        """What the profile is going to replace."""
        return self._targets.get(case.number)

    def give_up(self, case: Case) -> Entry | None:
        """The target of a profile that is blocked, and so replaces nothing."""
        return self._targets.pop(case.number, None)

    def is_contested(self, case: Case, entry: Entry) -> bool:
        """Whether several profiles are to replace the entry; blocked ones count, too, as none is first."""
        replacers = self._replacers[entry.id]
        return case.number in replacers and len(replacers) > 1

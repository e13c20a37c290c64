"""The steps of one plan: match, rename, decide, and what is left to a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from mlxsm_sync.planning import prune
from mlxsm_sync.planning.candidate import Candidate
from mlxsm_sync.planning.conflicts import ConflictBuilder
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.match import match
from mlxsm_sync.planning.names import collisions, invalid_name, renamed_before, suggestions
from mlxsm_sync.planning.plan_warnings import Scene, plan_warnings
from mlxsm_sync.planning.prune import Orphans
from mlxsm_sync.planning.remedies import Remedies
from mlxsm_sync.planning.renames import Names, settle
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, Wanted, Warned
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.plan import Conflict
from mlxsm_sync.values.state import Entry, State


class Steps:
    """One plan in the making: the file, the state and the answers, matched and decided."""

    def __init__(
        self, desired: Desired, state: State, choices: Choices, invocation: Invocation, origins: Origins
    ) -> None:
        self.desired, self.state, self.choices = desired, state, choices
        self.invocation, self.origins = invocation, origins
        self.own = state.owned_by(desired.owner)
        self.rules = state.rules
        self.namesakes: defaultdict[object, list[int]] = defaultdict(list)
        for one in desired.profiles:
            self.namesakes[one.profile.name].append(one.index)
            self.namesakes[self.rules.identity(one.profile)].append(one.index)
        self.file_names = {one.profile.name for one in desired.profiles}
        entry_names = (entry.name for entry in state.entries)
        self.suggestions = suggestions(desired.profiles, entry_names, choices.rename)
        self.part = [one for one in desired.profiles if choices.selects(one.index)]
        matched = match(self.part, self.own, (), self.file_names, self.rules)
        found = prune.find_orphans(desired, self.own, matched, self.rules)
        self.orphans: Orphans = prune.sort_orphans(found, choices, origins)
        self.deleted = {entry.id for entry in self.orphans.deleted}
        self.spoken_for = {entry.id for entry in self.own} - {entry.id for entry in found}
        self.remembered = self._remembered()
        self.decisions = self.settle(self.part)

    def _remembered(self) -> dict[int, str]:
        """New names that a document's profiles were given before, by index.

        Nobody owns what a document put there, so its new name is known only from the entry that has it
        and is else just what the profile would be.
        """
        if self.desired.owner is not None:
            return {}
        wanted = {one.index: one for one in self.part}
        found: dict[int, str] = {}
        for index, name in self.choices.rename.items():
            if index in wanted and (was := renamed_before(wanted[index], name, self.state)) is not None:
                found[index] = was
        return found

    def settle(self, part: Sequence[Wanted]) -> Decisions:
        """What becomes of the profiles that take part, with the renames that are in force."""
        answers = {
            one.index: self.choices.rename[one.index] for one in part if one.index in self.choices.rename
        }
        typed = {index: name for index, name in answers.items() if name is not None}
        fixed = typed | {index: name for index, name in self.remembered.items() if index in answers}
        offered = {index: self.suggestions[index] for index in answers.keys() - fixed.keys()}
        return settle(lambda renames, yielding: self.decide(part, renames, yielding), fixed, offered)

    def decide(self, part: Sequence[Wanted], renames: Names, yielding: Collection[int]) -> Decisions:
        """What becomes of the profiles that take part under these new names."""
        own, refused = self._match(part, renames, yielding)
        candidates = [self._case(one, own.get(one.index), renames, refused) for one in part]
        return Decisions(
            candidates,
            self.state,
            self.desired.owner,
            self.deleted,
            self.spoken_for,
            self.choices.take_from,
        )

    def _match(
        self, part: Sequence[Wanted], renames: Names, yielding: Collection[int]
    ) -> tuple[dict[int, Entry], dict[int, str]]:
        """Each profile's own entry, and why a new name is not to be had: then it changes nothing."""
        file_name = {one.index: one.profile.name for one in part}
        entry_names = {entry.name for entry in self.state.entries if entry.id not in self.deleted}
        refused: dict[int, str] = {}
        while True:
            leaving = {index for index, name in renames.items() if name != file_name[index]}
            after = self._giving_way(file_name, (leaving - refused.keys()).union(yielding))
            staying = [entry for entry in self.own if entry.id not in self.deleted]
            own = match(part, staying, after, self.file_names, self.rules)
            # Its own name is no new one, unless the machine calls it something else.
            new = {
                index: name
                for index, name in renames.items()
                if name != file_name[index] or (index in own and own[index].source is not None)
            }
            own_names = {index: entry.name for index, entry in own.items()} | self.remembered
            found = collisions(new, own_names, file_name, entry_names, self.file_names)
            if found.keys() <= refused.keys():
                return own, refused
            refused = found | refused

    def _giving_way(self, file_name: Mapping[int, str], leaving: Collection[int]) -> set[int]:
        """Those that leave the group of their name, as far as somebody stays in it."""
        kept = {name for index, name in file_name.items() if index not in leaving}
        return {index for index in leaving if file_name[index] in kept}

    def _case(self, one: Wanted, own: Entry | None, renames: Names, refused: Mapping[int, str]) -> Candidate:
        kept = one.profile.name
        if own is not None and own.source is not None and invalid_name(own.name) is None:
            kept = own.name
        wished = renames.get(one.index)
        if wished == kept:
            wished = None
        collision = refused.get(one.index)
        return Candidate(
            wanted=one,
            own=own,
            name=wished if wished is not None and collision is None else kept,
            kept=kept,
            wished=wished,
            collision=collision,
            replaces=one.index in self.choices.replace,
            pinned=self.choices.replace.get(one.index),
            elsewhere=own is not None and self.origins.is_other(own.from_),
            outdated=own is not None and self.origins.is_outdated(own.from_),
        )

    def conflicts(self) -> Iterator[Conflict]:
        """What is left to a person, in the order of the file; what was skipped is told as decided."""
        skipped = self.choices.skip
        shown = self.part
        unskipped = self.decisions
        if skipped:
            part = {one.index for one in self.part} | skipped
            shown = [one for one in self.desired.profiles if one.index in part]
            unskipped = self.settle(shown)
        builders = {True: self._builder(unskipped), False: self._builder(self.decisions)}
        for one in shown:
            builder = builders[one.index in skipped]
            decision = builder.decisions.by_index[one.index]
            if decision.blocked:
                yield builder.build(decision, decided=one.index in skipped)
        yield from prune.drift_conflicts(self.orphans, self.choices, self.invocation)

    def _builder(self, decisions: Decisions) -> ConflictBuilder:
        remedies = Remedies(
            decisions=decisions,
            choices=self.choices,
            invocation=self.invocation,
            suggestions=self.suggestions,
            namesakes=self.namesakes,
            orphans={entry.id for entry in self.orphans.kept},
            origins=self.origins,
            owner=self.desired.owner,
        )
        return ConflictBuilder(decisions, self.suggestions, self.origins, remedies)

    def warnings(self) -> Iterator[Warned]:
        """What the file, and file and machine together, give cause to say."""

        def taking(owner: str) -> str:
            return self.invocation.told_again(self.choices, "--take-from", owner)

        return plan_warnings(Scene(self.desired, self.state, self.decisions, self.deleted, taking))

"""Everything that is known before, and found out in, the judging of one plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from mlxsm_sync.planning import prune
from mlxsm_sync.planning.candidate import Case, Verdict
from mlxsm_sync.planning.conflicts import Teller
from mlxsm_sync.planning.decide import Court
from mlxsm_sync.planning.explain import explain
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
from mlxsm_sync.values.plan import Change, Conflict, Skipped
from mlxsm_sync.values.profile import Profile, from_fields, nested
from mlxsm_sync.values.state import Entry, State

NEW_ID = "0" * 16
"""Stands for the id of an entry that is still to be made."""


class Docket:
    """One plan in the making: the file, the state and the answers, matched and judged."""

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
        self.court = self.settle(self.part)

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

    def settle(self, part: Sequence[Wanted]) -> Court:
        """The judgement of the profiles that take part, with the renames that are in force."""
        answers = {
            one.index: self.choices.rename[one.index] for one in part if one.index in self.choices.rename
        }
        typed = {index: name for index, name in answers.items() if name is not None}
        fixed = typed | {index: name for index, name in self.remembered.items() if index in answers}
        offered = {index: self.suggestions[index] for index in answers.keys() - fixed.keys()}
        return settle(lambda renames, yielding: self.judge(part, renames, yielding), fixed, offered)

    def judge(self, part: Sequence[Wanted], renames: Names, yielding: Collection[int]) -> Court:
        """One judgement of the profiles that take part, under these new names."""
        own, refused = self._match(part, renames, yielding)
        cases = [self._case(one, own.get(one.index), renames, refused) for one in part]
        return Court(
            cases,
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

    def _case(self, one: Wanted, own: Entry | None, renames: Names, refused: Mapping[int, str]) -> Case:
        kept = one.profile.name
        if own is not None and own.source is not None and invalid_name(own.name) is None:
            kept = own.name
        wished = renames.get(one.index)
        if wished == kept:
            wished = None
        collision = refused.get(one.index)
        return Case(
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
        unskipped = self.court
        if skipped:
            part = {one.index for one in self.part} | skipped
            shown = [one for one in self.desired.profiles if one.index in part]
            unskipped = self.settle(shown)
        tellers = {True: self._teller(unskipped), False: self._teller(self.court)}
        for one in shown:
            teller = tellers[one.index in skipped]
            verdict = teller.court.verdicts[one.index]
            if verdict.blocked:
                yield teller.tell(verdict, decided=one.index in skipped)
        yield from prune.drift_conflicts(self.orphans, self.choices, self.invocation)

    def _teller(self, court: Court) -> Teller:
        remedies = Remedies(
            court=court,
            choices=self.choices,
            invocation=self.invocation,
            suggestions=self.suggestions,
            namesakes=self.namesakes,
            orphans={entry.id for entry in self.orphans.kept},
            origins=self.origins,
            owner=self.desired.owner,
        )
        return Teller(court, self.suggestions, self.origins, remedies)

    def changes(self) -> Iterator[Change]:
        """What would be written, in the order of the file; deletions last."""
        for verdict in self.court.verdicts.values():
            if not verdict.blocked and verdict.ruling != "unchanged":
                yield self._change(verdict)
        yield from prune.deletions(self.orphans)

    def _change(self, verdict: Verdict) -> Change:
        case, target = verdict.case, verdict.target
        fields = case.declared if verdict.comparison is None else verdict.comparison.after
        after = from_fields(fields)
        entry = self._entry(verdict, after)
        before = target.profile if target else None
        only_moved = target and verdict.ruling == "claim" and entry.same_as(target, but_from=True)
        return Change(
            action=verdict.ruling,  # type: ignore[arg-type]  # no conflict, and not unchanged
            name=after.name,
            source=case.wanted.profile.name,
            index=case.number,
            target=target.name if target else None,
            renamed=self._is_renamed(case),
            owner_before=target.owner if target else None,
            owner_after=entry.owner,
            before=before,
            after=after,
            fields=explain(verdict.comparison.before, after.fields) if verdict.comparison else (),
            entry=entry,
            moved_from=self.origins.told(target.from_) if target and only_moved else None,
        )

    def _is_renamed(self, case: Case) -> bool:
        """Whether a person chose another name than the file's just now."""
        return case.wished not in (None, case.file_name) and case.number not in self.remembered

    def _entry(self, verdict: Verdict, after: Profile) -> Entry:
        """The entry as it will be. What a document changes keeps its owner, who will see drift."""
        case, target = verdict.case, verdict.target
        changed = verdict.comparison.changed if verdict.comparison else ()
        unreadable = tuple(path for path in target.unreadable if path not in changed) if target else ()
        if self.desired.owner is None and target is not None:
            return target.copy(profile=after, unreadable=unreadable)
        owned = self.desired.owner is not None
        file_name = case.wanted.profile.name
        return Entry(
            id=target.id if target else NEW_ID,
            profile=after,
            owner=self.desired.owner,
            source=file_name if owned and file_name != after.name else None,
            applied=nested(case.declared) if owned else None,
            from_=self.desired.from_,
            verbatim=target.verbatim if target else None,
            unreadable=unreadable,
        )

    def unchanged(self) -> tuple[str, ...]:
        """The profiles that need nothing, by their names in the file."""
        return tuple(
            verdict.case.wanted.profile.name
            for verdict in self.court.verdicts.values()
            if verdict.ruling == "unchanged"
        )

    def warnings(self) -> Iterator[Warned]:
        """What the file, and file and machine together, give cause to say."""

        def taking(owner: str) -> str:
            return self.invocation.told_again(self.choices, "--take-from", owner)

        return plan_warnings(Scene(self.desired, self.state, self.court, self.deleted, taking))

    def skipped(self, conflicts: Iterable[Conflict]) -> Iterator[Skipped]:
        """Everything that is passed over, and why."""
        reasons = {one.index: f"conflict: {one.kind}" for one in conflicts if one.index is not None}
        names = {one.index: one.profile.name for one in self.desired.profiles}
        names |= {one.index: one.name for one in self.desired.invalid}
        for index, name in sorted(names.items()):
            reason = reasons.get(index)
            if index in self.choices.skip:
                reason = "skipped by choice"
            elif not self.choices.selects(index):
                reason = "not selected"
            if reason is not None:
                yield Skipped(name=name, index=index, reason=reason)
        for entry in self.orphans.drifted:
            chosen = entry.name in self.choices.orphans_skip
            reason = "skipped by choice" if chosen else "conflict: drift"
            yield Skipped(name=entry.name, index=None, reason=reason)

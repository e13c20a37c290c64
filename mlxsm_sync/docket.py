"""Everything that is known before, and found out in, the judging of one plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mlxsm_sync import cautions
from mlxsm_sync import orphans as orphanage
from mlxsm_sync.changes import Change, Conflict, Skipped
from mlxsm_sync.choices import Choices
from mlxsm_sync.conflicts import Teller
from mlxsm_sync.desired import Desired, Wanted, Warned
from mlxsm_sync.diff import explain
from mlxsm_sync.judge import Case, Court, Verdict
from mlxsm_sync.match import match
from mlxsm_sync.names import collisions, invalid_name, renamed_before, suggestions
from mlxsm_sync.orphans import Orphans
from mlxsm_sync.profile import Profile, from_fields, nested
from mlxsm_sync.state import Entry, State

NEW_ID = "0" * 16
"""Stands for the id of an entry that is still to be made."""


class Docket:
    """One plan in the making: the file, the state and the answers, matched and judged."""

    def __init__(self, desired: Desired, state: State, choices: Choices, command: str) -> None:
        self.desired, self.state, self.choices, self.command = desired, state, choices, command
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
        found = orphanage.find_orphans(desired, self.own, matched, self.rules)
        self.orphans: Orphans = orphanage.sort_orphans(desired, found, choices)
        self.deleted = {entry.id for entry in self.orphans.deleted}
        self.spoken_for = {entry.id for entry in self.own} - {entry.id for entry in found}
        self.remembered = self._remembered()
        self.court, renames = self.settle(self.part)
        self.renamed = {
            index
            for index in renames
            if index not in self.remembered and not self.court.verdicts[index].case.collision
        }

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

    def settle(self, part: Sequence[Wanted]) -> tuple[Court, dict[int, str | None]]:
        """Judge, and rename those that need it, until no chosen rename is needed any more.

        A rename that is not needed is not done: command lines can be repeated.
        """
        taking_part = {one.index for one in part}
        renames: dict[int, str | None] = {
            index: name for index, name in self.remembered.items() if index in taking_part
        }
        idle: set[int] = set()
        while True:
            court = self.judge(part, renames)
            needed = {
                index: name if name is not None else self.suggestions[index]
                for index, name in self.choices.rename.items()
                if index not in renames.keys() | idle and _offers_rename(court.verdicts.get(index), court)
            }
            # A name that is not to be had, for a profile that another one's rename has helped already.
            refused = {index for index in renames if _is_idle(court.verdicts[index])}
            if not needed and not refused:
                refused = self._better_unrenamed(part, renames, court)
            if not needed and not refused:
                return court, renames
            idle |= refused
            renames = {index: name for index, name in (renames | needed).items() if index not in idle}

    def _better_unrenamed(
        self, part: Sequence[Wanted], renames: dict[int, str | None], court: Court
    ) -> set[int]:
        """Those that are blocked under a new name, and not under their own, which others have left."""
        stuck = {index for index in renames if court.verdicts[index].blocked}
        if not stuck:
            return stuck
        trial = self.judge(part, {index: name for index, name in renames.items() if index not in stuck})
        return {index for index in stuck if not trial.verdicts[index].blocked}

    def judge(self, part: Sequence[Wanted], renames: dict[int, str | None]) -> Court:
        """One judgement of the profiles that take part, under these new names."""
        own, refused = self._match(part, renames)
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
        self, part: Sequence[Wanted], renames: dict[int, str | None]
    ) -> tuple[dict[int, Entry], dict[int, str]]:
        """Each profile's own entry, and why a new name is not to be had: then it changes nothing."""
        entry_names = {entry.name for entry in self.state.entries if entry.id not in self.deleted}
        refused: dict[int, str] = {}
        while True:
            leaving = renames.keys() - refused.keys()
            own = match(part, self.own, leaving, self.file_names, self.rules)
            own_names = {index: entry.name for index, entry in own.items()} | self.remembered
            found = collisions(renames, own_names, entry_names, self.file_names)
            if found.keys() <= refused.keys():
                return own, refused
            refused = found | refused

    def _case(
        self, one: Wanted, own: Entry | None, renames: dict[int, str | None], refused: dict[int, str]
    ) -> Case:
        name, wished = one.profile.name, renames.get(one.index)
        if wished is not None and one.index not in refused:
            name = wished
        elif own is not None and own.source is not None and invalid_name(own.name) is None:
            name = own.name
        return Case(
            wanted=one,
            own=own,
            name=name,
            collision=refused.get(one.index),
            wished=wished,
            replaces=one.index in self.choices.replace,
            pinned=self.choices.replace.get(one.index),
        )

    def conflicts(self) -> Iterator[Conflict]:
        """What is left to a person, in the order of the file; what was skipped is told as decided."""
        skipped = self.choices.skip
        shown = self.part
        unskipped = self.court
        if skipped:
            part = {one.index for one in self.part} | skipped
            shown = [one for one in self.desired.profiles if one.index in part]
            unskipped, _ = self.settle(shown)
        tellers = {True: self._teller(unskipped), False: self._teller(self.court)}
        for one in shown:
            teller = tellers[one.index in skipped]
            verdict = teller.court.verdicts[one.index]
            if verdict.blocked:
                yield teller.tell(verdict, decided=one.index in skipped)
        yield from orphanage.drift_conflicts(self.orphans, self.choices, self.command)

    def _teller(self, court: Court) -> Teller:
        return Teller(
            court=court,
            choices=self.choices,
            suggestions=self.suggestions,
            namesakes=self.namesakes,
            orphans={entry.id for entry in self.orphans.kept},
            command=self.command,
        )

    def changes(self) -> Iterator[Change]:
        """What would be written, in the order of the file; deletions last."""
        for verdict in self.court.verdicts.values():
            if not verdict.blocked and verdict.ruling != "unchanged":
                yield self._change(verdict)
        yield from orphanage.deletions(self.orphans)

    def _change(self, verdict: Verdict) -> Change:
        case, target = verdict.case, verdict.target
        fields = case.declared if verdict.comparison is None else verdict.comparison.after
        after = from_fields(fields)
        entry = self._entry(verdict, after)
        before = target.profile if target else None
        return Change(
            action=verdict.ruling,  # type: ignore[arg-type]  # no conflict, and not unchanged
            name=after.name,
            source=case.wanted.profile.name,
            index=case.number,
            target=target.name if target else None,
            renamed=case.number in self.renamed,
            owner_before=target.owner if target else None,
            owner_after=entry.owner,
            before=before,
            after=after,
            fields=explain(verdict.comparison.before, after.fields) if verdict.comparison else (),
            entry=entry,
        )

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
        yield from self.desired.warnings
        yield from cautions.about(self.part)
        verdicts = self.court.verdicts.values()
        settled = {verdict.target.id for verdict in verdicts if verdict.target is not None}
        settled |= self.deleted
        created = (verdict.case.wanted for verdict in verdicts if verdict.ruling == "create")
        yield from cautions.lost(created, self.desired.owner, self.state)
        others = (entry for entry in self.state.entries if entry.id not in settled)
        yield from cautions.together(self.part, others)
        for verdict in verdicts:
            if verdict.ruling == "unchanged" and verdict.rivals and self.desired.owner is not None:
                one = verdict.case.wanted
                message = f"held by {verdict.rivals[0].owner}, and as this file wants it: left alone"
                yield Warned(name=one.profile.name, message=message, line=one.line, column=one.column)

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


def _offers_rename(verdict: Verdict | None, court: Court) -> bool:
    return verdict is not None and verdict.blocked and court.rename_helps(verdict)


def _is_idle(verdict: Verdict) -> bool:
    return verdict.case.collision is not None and verdict.ruling != "rename-collision"

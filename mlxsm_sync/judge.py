"""Step 3: judge every profile on the resulting whole, until nothing new is blocked."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from mlxsm_sync.changes import ConflictKind
from mlxsm_sync.desired import Wanted
from mlxsm_sync.diff import Comparison, compare, drifted
from mlxsm_sync.json_value import Json, same
from mlxsm_sync.profile import NAME, Fields
from mlxsm_sync.state import Entry, State

_ABOUT_NAMES: frozenset[str] = frozenset(
    {"duplicate-name", "name-taken", "ambiguous-replace", "duplicate-replace"}
)
Ruling = Literal["create", "update", "replace", "claim", "unchanged"] | ConflictKind


class Case(NamedTuple):
    """One profile that takes part, and what was found out about it before the judgement."""

    wanted: Wanted
    own: Entry | None
    """The entry that is its own."""
    name: str
    """Its effective name: chosen, remembered or the file's."""
    collision: str | None = None
    """Why the name that a person chose is not to be had; then it keeps the one it had."""
    wished: str | None = None
    """The name that is not to be had."""
    replaces: bool = False
    """Whether a person wants it to replace what is in the way."""
    pinned: str | None = None
    """The one entry that it may replace, by name."""

    @property
    def number(self) -> int:
        """The profile's place in the file, 1-based."""
        return self.wanted.index

    @property
    def declared(self) -> Fields:
        """What it decides, under its effective name."""
        return self.wanted.declared | {NAME: self.name}


class Verdict(NamedTuple):
    """What becomes of one profile."""

    case: Case
    ruling: Ruling
    rivals: tuple[Entry, ...] = ()
    target: Entry | None = None
    """The entry that is updated, replaced, claimed or held, or that a replace would change."""
    comparison: Comparison | None = None
    """The profile against the target."""
    blocked: bool = False
    """Whether it is a conflict."""


class Court:
    """One judgement: the profiles that take part, and everything that stays.

    `deleted` are the ids of entries that go; `spoken_for` those of entries that are, or may be, the
    own of some profile of the file, and so nobody else's to replace; `taken_from` the owners whose
    undrifted entries may be replaced unasked; `owner` is None for a document, which owns nothing.
    """

    def __init__(
        self,
        cases: Collection[Case],
        state: State,
        owner: str | None,
        deleted: Collection[str] = (),
        spoken_for: Collection[str] = (),
        taken_from: Collection[str] = (),
    ) -> None:
        self.rules = state.rules
        self._owner = owner
        self._taken_from = taken_from
        self._names = Counter(case.name for case in cases)
        self._identities = Counter(map(self._identity, cases))
        self._by_key: defaultdict[object, list[Case]] = defaultdict(list)
        for case in cases:
            self._by_key[case.name].append(case)
            self._by_key[self._identity(case)].append(case)
        own = {case.own.id for case in cases if case.own is not None}
        self._spoken_for = own.union(spoken_for)
        self._staying: defaultdict[object, list[Entry]] = defaultdict(list)
        for entry in state.entries:
            if entry.id not in own and entry.id not in deleted:
                self._stay(entry)
        self._targets = self._pick_targets(cases)
        self._verdicts: dict[int, Verdict] = {}
        self._judge(cases)

    @property
    def verdicts(self) -> Mapping[int, Verdict]:
        """The verdict on each profile, by its index."""
        return self._verdicts

    def _judge(self, cases: Iterable[Case]) -> None:
        waiting = deque(cases)
        while waiting:
            case = waiting.popleft()
            before = self._verdicts.get(case.number)
            if before is None or not before.blocked:
                verdict = self._decide(case)
                self._verdicts[case.number] = verdict
                if verdict.blocked:
                    waiting.extend(self._block(case))
        # What was blocked early did not see what came to stay later.
        for index, verdict in self._verdicts.items():
            if verdict.blocked:
                self._verdicts[index] = self._decide(verdict.case)

    def _block(self, case: Case) -> Iterator[Case]:
        """Let the profile's entries stay after all; yield those whom they may be in the way of."""
        back = [case.own] if case.own is not None else []
        if case.own is not None:
            self._stay(case.own)
        if (target := self._targets.pop(case.number, None)) is not None:
            back.append(target)
        for entry in back:
            yield from self._by_key.get(entry.name, ())
            yield from self._by_key.get(self.rules.identity(entry.profile), ())

    def _stay(self, entry: Entry) -> None:
        self._staying[entry.name].append(entry)
        self._staying[self.rules.identity(entry.profile)].append(entry)

    def _in_the_way(self, case: Case) -> list[Entry]:
        """The staying entries with its name or its identity, whoever replaces them."""
        found = {
            entry.id: entry
            for key in (case.name, self._identity(case))
            for entry in self._staying.get(key, ())
            if case.own is None or entry.id != case.own.id
        }
        return sorted(found.values(), key=lambda entry: (entry.name, entry.id))

    def _rivals(self, case: Case) -> tuple[Entry, ...]:
        """What is in the way, less what another profile is going to replace."""
        mine = self._targets.get(case.number)
        others = {
            target.id
            for index, target in self._targets_near(case)
            if index != case.number and (mine is None or target.id != mine.id)
        }
        return tuple(entry for entry in self._in_the_way(case) if entry.id not in others)

    def _targets_near(self, case: Case) -> Iterator[tuple[int, Entry]]:
        for entry in self._in_the_way(case):
            for index in self._replacers[entry.id]:
                if index in self._targets:
                    yield index, self._targets[index]

    def _pick_targets(self, cases: Iterable[Case]) -> dict[int, Entry]:
        """What each replacing profile replaces, if it is not blocked.

        A pinned target is given; any other is the one rival that is left when what others replace
        is set aside. All of a round are picked together, so that their order does not matter.
        """
        self._targets = {}
        self._replacers: defaultdict[str, list[int]] = defaultdict(list)
        open_cases = [case for case in cases if case.own is None]
        while True:
            picked = {
                case.number: target
                for case in open_cases
                if case.number not in self._targets
                if (target := self._target(case)) is not None
            }
            if not picked:
                return self._targets
            self._targets |= picked
            for index, target in picked.items():
                self._replacers[target.id].append(index)

    def _target(self, case: Case) -> Entry | None:
        if self._names[case.name] > 1 or self.shares_identity_in_file(case):
            return None
        if case.pinned is not None:
            named = [entry for entry in self._in_the_way(case) if entry.name == case.pinned]
            return named[0] if len(named) == 1 and named[0].id not in self._spoken_for else None
        rivals = self._rivals(case)
        if len(rivals) != 1 or rivals[0].id in self._spoken_for:
            return None
        return rivals[0] if case.replaces or self._may_take(case, rivals[0]) else None

    def _may_take(self, case: Case, rival: Entry) -> bool:
        if rival.owner not in self._taken_from:
            return False
        return not drifted(rival) or compare(case.declared, rival.current).equal

    def _decide(self, case: Case) -> Verdict:
        """The first row of the table that holds."""
        if case.collision:
            return self._decide_refused(case)
        if self._names[case.name] > 1:
            return Verdict(case, "duplicate-name", blocked=True)
        if self.shares_identity_in_file(case):
            return Verdict(case, "duplicate-identity", blocked=True)
        rivals = self._rivals(case)
        if case.own is not None:
            return self._decide_own(case, case.own, rivals)
        if not rivals:
            return Verdict(case, "create")
        if len(rivals) > 1:
            return Verdict(case, "ambiguous-replace", rivals, blocked=True)
        return self._decide_rival(case, rivals[0])

    def _decide_refused(self, case: Case) -> Verdict:
        """A new name that is not to be had matters only to a profile that needs one."""
        verdict = self._decide(case._replace(collision=None))
        if not verdict.blocked or not self.rename_helps(verdict):
            return verdict._replace(case=case)
        return Verdict(case, "rename-collision", tuple(self._staying.get(case.wished, ())), blocked=True)

    def _decide_own(self, case: Case, own: Entry, rivals: tuple[Entry, ...]) -> Verdict:
        comparison = compare(case.declared, own.current, own.applied_fields)
        if rivals:
            return Verdict(case, self._taken(case, rivals), rivals, own, comparison, blocked=True)
        accepted = case.replaces and case.pinned in (None, own.name)
        if comparison.drift and not accepted:
            return Verdict(case, "drift", (), own, comparison, blocked=True)
        if comparison.drift:
            return Verdict(case, "replace", (), own, comparison)
        if not comparison.equal:
            return Verdict(case, "update", (), own, comparison)
        return Verdict(case, "unchanged" if _recorded(case, own) else "claim", (), own, comparison)

    def _decide_rival(self, case: Case, rival: Entry) -> Verdict:
        comparison = compare(case.declared, rival.current)
        verdict = Verdict(case, self._taken(case, (rival,)), (rival,), rival, comparison, blocked=True)
        target = self._targets.get(case.number)
        if self._is_held(case, rival, comparison) and (target is None or self._owner is None):
            return verdict._replace(ruling="unchanged", blocked=False)
        if rival.owner is None and comparison.equal:
            return verdict._replace(ruling="claim", blocked=False)
        replacers = self._replacers[rival.id]
        if case.number in replacers and len(replacers) > 1:
            # Blocked ones count: of two replaces of one target, neither is first.
            return verdict._replace(ruling="duplicate-replace")
        if target is None:
            return verdict
        return verdict._replace(ruling="replace", blocked=False)

    def _is_held(self, case: Case, rival: Entry, comparison: Comparison) -> bool:
        """Whether the rival already is what the profile wants, and somebody else's to keep."""
        if self._owner is None:
            return comparison.equal
        if rival.owner in (None, self._owner):
            return False
        own_name = rival.source == case.wanted.profile.name
        return comparison.equal or (own_name and comparison.changed == (NAME,))

    def shares_identity_in_file(self, case: Case) -> bool:
        """Whether another profile of the file is the same running server."""
        return self._identities[self._identity(case)] > 1

    def shares_identity(self, case: Case, entry: Entry) -> bool:
        """Whether both are the same, by the rules of the state."""
        return self._identity(case) == self.rules.identity(entry.profile)

    def _taken(self, case: Case, rivals: Iterable[Entry]) -> ConflictKind:
        if any(self.shares_identity(case, rival) for rival in rivals):
            return "identity-taken"
        return "name-taken"

    def _identity(self, case: Case) -> Hashable:
        return self.rules.identity(case.wanted.profile)

    def rename_helps(self, verdict: Verdict) -> bool:
        """Whether another name is a way out: only where nothing but the name clashes."""
        if verdict.ruling == "rename-collision":
            return True
        if self.shares_identity_in_file(verdict.case):
            return False
        if any(self.shares_identity(verdict.case, rival) for rival in verdict.rivals):
            return False
        return verdict.ruling in _ABOUT_NAMES

    def replaceable(self, verdict: Verdict) -> bool:
        """Whether the verdict's target may be replaced at all: not if it is another profile's."""
        return verdict.target is not None and (
            verdict.ruling == "drift" or verdict.target.id not in self._spoken_for
        )


def _recorded(case: Case, own: Entry) -> bool:
    """Whether the bookkeeping of an equal entry is right, too."""
    remembered: Json = {**(own.applied_fields or {})}
    declared: Json = {path: value for path, value in case.declared.items() if value is not None}
    source = case.wanted.profile.name if case.wanted.profile.name != case.name else None
    return own.source == source and same(remembered, declared)

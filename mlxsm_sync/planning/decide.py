"""Step 3: judge every profile on the resulting whole, until nothing new is blocked."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping

from mlxsm_sync.planning.candidate import Case, Verdict
from mlxsm_sync.planning.compare import Comparison, compare, drifted
from mlxsm_sync.planning.rivals import Rivals
from mlxsm_sync.text.json_value import Json, same
from mlxsm_sync.values.plan import ConflictKind
from mlxsm_sync.values.profile import NAME
from mlxsm_sync.values.state import Entry, State

_ABOUT_NAMES: frozenset[str] = frozenset(
    {"duplicate-name", "name-taken", "ambiguous-replace", "duplicate-replace"}
)


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
        self.rivals = Rivals(state.rules, own.union(spoken_for))
        for entry in state.entries:
            if entry.id not in own and entry.id not in deleted:
                self.rivals.stay(entry)
        alone = (case for case in cases if case.own is None and not self._is_doubled(case))
        self.rivals.pick_targets(alone, self._takes)
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
            self.rivals.stay(case.own)
        if (target := self.rivals.give_up(case)) is not None:
            back.append(target)
        for entry in back:
            yield from self._by_key.get(entry.name, ())
            yield from self._by_key.get(self.rules.identity(entry.profile), ())

    def _is_doubled(self, case: Case) -> bool:
        return self._names[case.name] > 1 or self.shares_identity_in_file(case)

    def _takes(self, case: Case, rival: Entry) -> bool:
        """Whether the profile may replace its one rival."""
        if case.replaces:
            return True
        if rival.owner not in self._taken_from:
            return False
        return not drifted(rival) or compare(case.declared, rival.current).equal

    def _decide(self, case: Case) -> Verdict:
        """The first row of the table that holds."""
        if self.shares_identity_in_file(case):
            kind: ConflictKind = "duplicate-name" if self._names[case.name] > 1 else "duplicate-identity"
            return Verdict(case, kind, blocked=True)
        if case.collision is not None:
            return Verdict(case, "rename-collision", self.rivals.named(case.wished), blocked=True)
        if self._names[case.name] > 1:
            return Verdict(case, "duplicate-name", blocked=True)
        return self.if_alone(case)

    def if_alone(self, case: Case) -> Verdict:
        """What becomes of the profile where no other profile of the file is like it."""
        rivals = self.rivals.of(case)
        if case.own is not None:
            return self._decide_own(case, case.own, rivals)
        if not rivals:
            return Verdict(case, "create")
        if len(rivals) > 1:
            return Verdict(case, "ambiguous-replace", rivals, blocked=True)
        return self._decide_rival(case, rivals[0])

    def if_unrenamed(self, case: Case) -> Verdict | None:
        """What becomes of the profile under the name that it has anyway; None where that is not free."""
        if self.shares_identity_in_file(case) or self._names[case.kept] > (case.name == case.kept):
            return None
        return self.if_alone(case._replace(name=case.kept, wished=None, collision=None))

    def namesakes(self, case: Case) -> list[int]:
        """The other profiles that take part and have its effective name."""
        return [other.number for other in self._by_key[case.name] if other is not case]

    def twins(self, case: Case) -> list[int]:
        """The other profiles that take part and are the same running server."""
        return [other.number for other in self._by_key[self._identity(case)] if other is not case]

    def _decide_own(self, case: Case, own: Entry, rivals: tuple[Entry, ...]) -> Verdict:
        applied = own.applied_fields
        if own.source is not None:
            # The name of an entry with a source is the machine's, so it cannot have drifted.
            applied = {**(applied or {}), NAME: own.name}
        comparison = compare(case.declared, own.current, applied)
        if rivals:
            return Verdict(case, self._taken(case, rivals), rivals, own, comparison, blocked=True)
        kind: ConflictKind | None = None
        if comparison.drift:
            kind = "drift"
        elif case.elsewhere and not comparison.equal:
            kind = "other-file"
        if kind is not None:
            accepted = case.replaces and case.pinned in (None, own.name)
            return Verdict(case, "replace" if accepted else kind, (), own, comparison, not accepted)
        if not comparison.equal:
            return Verdict(case, "update", (), own, comparison)
        settled = case.elsewhere or (_recorded(case, own) and not case.outdated)
        return Verdict(case, "unchanged" if settled else "claim", (), own, comparison)

    def _decide_rival(self, case: Case, rival: Entry) -> Verdict:
        comparison = compare(case.declared, rival.current)
        verdict = Verdict(case, self._taken(case, (rival,)), (rival,), rival, comparison, blocked=True)
        target = self.rivals.target(case)
        if self._is_there(comparison) or (target is None and self._is_held(case, rival, comparison)):
            return verdict._replace(ruling="unchanged", blocked=False)
        if rival.owner is None and comparison.equal:
            return verdict._replace(ruling="claim", blocked=False)
        if self.rivals.is_contested(case, rival):
            return verdict._replace(ruling="duplicate-replace")
        if target is None:
            return verdict
        return verdict._replace(ruling="replace", blocked=False)

    def _is_there(self, comparison: Comparison) -> bool:
        """Whether a document wants just what is there: it would own nothing, so nothing is to be done."""
        return self._owner is None and comparison.equal

    def _is_held(self, case: Case, rival: Entry, comparison: Comparison) -> bool:
        """Whether the rival already is what the profile wants, and somebody else's to keep."""
        if rival.owner in (None, self._owner):
            return False
        own_name = rival.source == case.file_name
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
        """Whether a replace of the verdict's target would be accepted."""
        if verdict.target is None or verdict.case.wished is not None:
            return False  # of a profile that is renamed, nothing else is asked
        return verdict.ruling in ("drift", "other-file") or self.rivals.may_replace(verdict.target)


def _recorded(case: Case, own: Entry) -> bool:
    """Whether the bookkeeping of an equal entry is right, too."""
    remembered: Json = {**(own.applied_fields or {})}
    declared: Json = {path: value for path, value in case.declared.items() if value is not None}
    source = case.file_name if case.file_name != case.name else None
    return own.source == source and same(remembered, declared)

"""Step 3: decide about every profile by the resulting whole, until nothing new is blocked."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping

from mlxsm_sync.planning.candidate import Candidate, Decision
from mlxsm_sync.planning.compare import Comparison, compare, drifted
from mlxsm_sync.planning.rivals import Rivals
from mlxsm_sync.text.json_value import Json, same
from mlxsm_sync.values.plan import ConflictKind
from mlxsm_sync.values.profile import NAME
from mlxsm_sync.values.state import Entry, State

_ABOUT_NAMES: frozenset[str] = frozenset(
    {"duplicate-name", "name-taken", "ambiguous-replace", "duplicate-replace"}
)


class Decisions:
    """What becomes of each profile that takes part, given everything that stays.

    `deleted` are the ids of entries that go; `spoken_for` those of entries that are, or may be, the
    own of some profile of the file, and so nobody else's to replace; `taken_from` the owners whose
    undrifted entries may be replaced unasked; `owner` is None for a document, which owns nothing.
    """

    def __init__(
        self,
        candidates: Collection[Candidate],
        state: State,
        owner: str | None,
        deleted: Collection[str] = (),
        spoken_for: Collection[str] = (),
        taken_from: Collection[str] = (),
    ) -> None:
        self.rules = state.rules
        self._owner = owner
        self._taken_from = taken_from
        self._names = Counter(candidate.name for candidate in candidates)
        self._identities = Counter(map(self._identity, candidates))
        self._by_key: defaultdict[object, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            self._by_key[candidate.name].append(candidate)
            self._by_key[self._identity(candidate)].append(candidate)
        own = {candidate.own.id for candidate in candidates if candidate.own is not None}
        self.rivals = Rivals(state.rules, own.union(spoken_for))
        for entry in state.entries:
            if entry.id not in own and entry.id not in deleted:
                self.rivals.stay(entry)
        alone = (
            candidate for candidate in candidates if candidate.own is None and not self._is_doubled(candidate)
        )
        self.rivals.pick_targets(alone, self._takes)
        self._by_index: dict[int, Decision] = {}
        self._decide_all(candidates)

    @property
    def by_index(self) -> Mapping[int, Decision]:
        """The decision on each profile, by its index."""
        return self._by_index

    def _decide_all(self, candidates: Iterable[Candidate]) -> None:
        waiting = deque(candidates)
        while waiting:
            candidate = waiting.popleft()
            before = self._by_index.get(candidate.number)
            if before is None or not before.blocked:
                decision = self._decide(candidate)
                self._by_index[candidate.number] = decision
                if decision.blocked:
                    waiting.extend(self._block(candidate))
        # What was blocked early did not see what came to stay later.
        for index, decision in self._by_index.items():
            if decision.blocked:
                self._by_index[index] = self._decide(decision.candidate)

    def _block(self, candidate: Candidate) -> Iterator[Candidate]:
        """Let the profile's entries stay after all; yield those whom they may be in the way of."""
        back = [candidate.own] if candidate.own is not None else []
        if candidate.own is not None:
            self.rivals.stay(candidate.own)
        if (target := self.rivals.give_up(candidate)) is not None:
            back.append(target)
        for entry in back:
            yield from self._by_key.get(entry.name, ())
            yield from self._by_key.get(self.rules.identity(entry.profile), ())

    def _is_doubled(self, candidate: Candidate) -> bool:
        return self._names[candidate.name] > 1 or self.shares_identity_in_file(candidate)

    def _takes(self, candidate: Candidate, rival: Entry) -> bool:
        """Whether the profile may replace its one rival."""
        if candidate.replaces:
            return True
        if rival.owner not in self._taken_from:
            return False
        return not drifted(rival) or compare(candidate.declared, rival.current).equal

    def _decide(self, candidate: Candidate) -> Decision:
        """The first row of the table that holds."""
        if self.shares_identity_in_file(candidate):
            kind: ConflictKind = "duplicate-name" if self._names[candidate.name] > 1 else "duplicate-identity"
            return Decision(candidate, kind, blocked=True)
        if candidate.collision is not None:
            return Decision(candidate, "rename-collision", self.rivals.named(candidate.wished), blocked=True)
        if self._names[candidate.name] > 1:
            return Decision(candidate, "duplicate-name", blocked=True)
        return self.if_alone(candidate)

    def if_alone(self, candidate: Candidate) -> Decision:
        """What becomes of the profile where no other profile of the file is like it."""
        rivals = self.rivals.of(candidate)
        if candidate.own is not None:
            return self._decide_own(candidate, candidate.own, rivals)
        if not rivals:
            return Decision(candidate, "create")
        if len(rivals) > 1:
            return Decision(candidate, "ambiguous-replace", rivals, blocked=True)
        return self._decide_rival(candidate, rivals[0])

    def if_unrenamed(self, candidate: Candidate) -> Decision | None:
        """What becomes of the profile under the name that it has anyway; None where that is not free."""
        if self.shares_identity_in_file(candidate) or self._names[candidate.kept] > (
            candidate.name == candidate.kept
        ):
            return None
        return self.if_alone(candidate._replace(name=candidate.kept, wished=None, collision=None))

    def namesakes(self, candidate: Candidate) -> list[int]:
        """The other profiles that take part and have its effective name."""
        return [other.number for other in self._by_key[candidate.name] if other is not candidate]

    def twins(self, candidate: Candidate) -> list[int]:
        """The other profiles that take part and are the same running server."""
        return [other.number for other in self._by_key[self._identity(candidate)] if other is not candidate]

    def _decide_own(self, candidate: Candidate, own: Entry, rivals: tuple[Entry, ...]) -> Decision:
        applied = own.applied_fields
        if own.source is not None:
            # The name of an entry with a source is the machine's, so it cannot have drifted.
            applied = {**(applied or {}), NAME: own.name}
        comparison = compare(candidate.declared, own.current, applied)
        if rivals:
            return Decision(candidate, self._taken(candidate, rivals), rivals, own, comparison, blocked=True)
        kind: ConflictKind | None = None
        if comparison.drift:
            kind = "drift"
        elif candidate.elsewhere and not comparison.equal:
            kind = "other-file"
        if kind is not None:
            accepted = candidate.replaces and candidate.pinned in (None, own.name)
            return Decision(candidate, "replace" if accepted else kind, (), own, comparison, not accepted)
        if not comparison.equal:
            return Decision(candidate, "update", (), own, comparison)
        settled = candidate.elsewhere or (_recorded(candidate, own) and not candidate.outdated)
        return Decision(candidate, "unchanged" if settled else "claim", (), own, comparison)

    def _decide_rival(self, candidate: Candidate, rival: Entry) -> Decision:
        comparison = compare(candidate.declared, rival.current)
        decision = Decision(
            candidate, self._taken(candidate, (rival,)), (rival,), rival, comparison, blocked=True
        )
        target = self.rivals.target(candidate)
        if self._is_there(comparison) or (target is None and self._is_held(candidate, rival, comparison)):
            return decision._replace(outcome="unchanged", blocked=False)
        if rival.owner is None and comparison.equal:
            return decision._replace(outcome="claim", blocked=False)
        if self.rivals.is_contested(candidate, rival):
            return decision._replace(outcome="duplicate-replace")
        if target is None:
            return decision
        return decision._replace(outcome="replace", blocked=False)

    def _is_there(self, comparison: Comparison) -> bool:
        """Whether a document wants just what is there: it would own nothing, so nothing is to be done."""
        return self._owner is None and comparison.equal

    def _is_held(self, candidate: Candidate, rival: Entry, comparison: Comparison) -> bool:
        """Whether the rival already is what the profile wants, and somebody else's to keep."""
        if rival.owner in (None, self._owner):
            return False
        own_name = rival.source == candidate.file_name
        return comparison.equal or (own_name and comparison.changed == (NAME,))

    def shares_identity_in_file(self, candidate: Candidate) -> bool:
        """Whether another profile of the file is the same running server."""
        return self._identities[self._identity(candidate)] > 1

    def shares_identity(self, candidate: Candidate, entry: Entry) -> bool:
        """Whether both are the same, by the rules of the state."""
        return self._identity(candidate) == self.rules.identity(entry.profile)

    def _taken(self, candidate: Candidate, rivals: Iterable[Entry]) -> ConflictKind:
        if any(self.shares_identity(candidate, rival) for rival in rivals):
            return "identity-taken"
        return "name-taken"

    def _identity(self, candidate: Candidate) -> Hashable:
        return self.rules.identity(candidate.wanted.profile)

    def rename_helps(self, decision: Decision) -> bool:
        """Whether another name is a way out: only where nothing but the name clashes."""
        if decision.outcome == "rename-collision":
            return True
        if self.shares_identity_in_file(decision.candidate):
            return False
        if any(self.shares_identity(decision.candidate, rival) for rival in decision.rivals):
            return False
        return decision.outcome in _ABOUT_NAMES

    def replaceable(self, decision: Decision) -> bool:
        """Whether a replace of the decision's target would be accepted."""
        if decision.target is None or decision.candidate.wished is not None:
            return False  # of a profile that is renamed, nothing else is asked
        return decision.outcome in ("drift", "other-file") or self.rivals.may_replace(decision.target)


def _recorded(candidate: Candidate, own: Entry) -> bool:
    """Whether the bookkeeping of an equal entry is right, too."""
    remembered: Json = {**(own.applied_fields or {})}
    declared: Json = {path: value for path, value in candidate.declared.items() if value is not None}
    source = candidate.file_name if candidate.file_name != candidate.name else None
    return own.source == source and same(remembered, declared)

"""Step 3 of a plan: decide what becomes of every profile, until no further profile is blocked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from mlxsm_sync.planning.candidate import Candidate, Decision
from mlxsm_sync.planning.compare import Comparison, compare
from mlxsm_sync.planning.rivals import Rivals, Targets, pick_targets
from mlxsm_sync.text.json_value import Json, same
from mlxsm_sync.values.plan import ConflictKind
from mlxsm_sync.values.profile import NAME
from mlxsm_sync.values.state import Entry

_ABOUT_NAMES: frozenset[str] = frozenset(
    {"duplicate-name", "name-taken", "ambiguous-replace", "duplicate-replace"}
)


class Decisions(NamedTuple):
    """What becomes of each profile that takes part, and what stays on the machine because of that."""

    by_index: Mapping[int, Decision]
    rivals: Rivals
    targets: Targets

    def if_alone(self, candidate: Candidate) -> Decision:
        """What would become of a profile if no other profile of the file were like it."""
        return decide_alone(candidate, self.rivals, self.targets)

    def if_unrenamed(self, candidate: Candidate) -> Decision | None:
        """What would become of a profile under the name that it has anyway; None if another has it."""
        others = (one.candidate for one in self.by_index.values() if one.candidate.number != candidate.number)
        if candidate.has_twin or any(other.name == candidate.kept for other in others):
            return None
        return self.if_alone(candidate._replace(name=candidate.kept, wished=None, collision=None))

    def rename_helps(self, decision: Decision) -> bool:
        """Whether another name is a way out, which it is only if nothing but the name clashes."""
        if decision.outcome == "rename-collision":
            return True
        if decision.outcome not in _ABOUT_NAMES or decision.candidate.has_twin:
            return False
        return not self.rivals.share_identity(decision.candidate, decision.rivals)

    def replaceable(self, decision: Decision) -> bool:
        """Whether a replace of the decision's target would be accepted."""
        if decision.target is None or decision.candidate.wished is not None:
            return False  # of a profile that is renamed, nothing else is asked
        if decision.outcome in ("drift", "other-file"):
            return True
        return self.rivals.may_be_replaced(decision.target)


def decide_all(candidates: Collection[Candidate], rivals: Rivals) -> Decisions:
    """Decide about every candidate, and let stay what belongs to the blocked ones, until nothing changes.

    What stays only grows, so the order of the candidates does not matter.
    """
    targets = pick_targets(candidates, rivals)
    alike = {one.name: one.namesakes for one in candidates} | {one.identity: one.twins for one in candidates}
    decided: dict[int, Decision] = {}
    waiting = candidates
    while waiting:
        found = [decide(candidate, rivals, targets) for candidate in waiting]
        decided.update((one.candidate.number, one) for one in found)
        blocked = [one.candidate for one in found if one.blocked]
        staying = [one.own for one in blocked if one.own is not None]
        given_up = [entry for one in blocked if (entry := targets.of(one)) is not None]
        rivals, targets = rivals.joined_by(staying), targets.without(blocked)
        keys = {key for entry in (*staying, *given_up) for key in rivals.keys(entry)}
        meeting = {index for key in keys for index in alike.get(key, ())}
        waiting = [decided[index].candidate for index in meeting if not decided[index].blocked]
    # What was blocked in an early round has not seen the entries that came to stay in a later one.
    again = {index: decide(one.candidate, rivals, targets) for index, one in decided.items() if one.blocked}
    return Decisions(decided | again, rivals, targets)


def decide(candidate: Candidate, rivals: Rivals, targets: Targets) -> Decision:
    """What becomes of a profile: the first row of the table of outcomes that holds."""
    if candidate.has_twin:
        return Decision(candidate, "duplicate-name" if candidate.has_namesake else "duplicate-identity")
    if candidate.collision is not None:
        return Decision(candidate, "rename-collision", rivals.named(candidate.wished))
    if candidate.has_namesake:
        return Decision(candidate, "duplicate-name")
    return decide_alone(candidate, rivals, targets)


def decide_alone(candidate: Candidate, rivals: Rivals, targets: Targets) -> Decision:
    """The rows of the table for a profile that no other profile of the file is like."""
    found = targets.left_for(candidate, rivals.of(candidate))
    if candidate.own is not None:
        return _decide_own(candidate, candidate.own, found, rivals)
    if not found:
        return Decision(candidate, "create")
    if len(found) > 1:
        return Decision(candidate, "ambiguous-replace", found)
    return _decide_rival(candidate, found[0], rivals, targets)


def _decide_own(candidate: Candidate, own: Entry, found: tuple[Entry, ...], rivals: Rivals) -> Decision:
    """The rows of the table for a profile with an entry of its own."""
    applied = own.applied_fields
    if own.source is not None:
        # The name of an entry with a source is the machine's, so it cannot have drifted.
        applied = {**(applied or {}), NAME: own.name}
    comparison = compare(candidate.declared, own.current, applied)
    if found:
        return Decision(candidate, _taken(candidate, found, rivals), found, own, comparison)
    kind: ConflictKind | None = None
    if comparison.drift:
        kind = "drift"
    elif candidate.elsewhere and not comparison.equal:
        kind = "other-file"
    if kind is not None:
        accepted = candidate.replaces and candidate.pinned in (None, own.name)
        return Decision(candidate, "replace" if accepted else kind, (), own, comparison)
    if not comparison.equal:
        return Decision(candidate, "update", (), own, comparison)
    settled = candidate.elsewhere or (_is_recorded(candidate, own) and not candidate.outdated)
    return Decision(candidate, "unchanged" if settled else "claim", (), own, comparison)


def _decide_rival(candidate: Candidate, rival: Entry, rivals: Rivals, targets: Targets) -> Decision:
    """The rows of the table for a profile without an entry of its own, and with one rival."""
    comparison = compare(candidate.declared, rival.current)
    is_target = targets.of(candidate) is not None
    conflict = Decision(candidate, _taken(candidate, (rival,), rivals), (rival,), rival, comparison)
    if _is_there(candidate, comparison) or (not is_target and _is_held(candidate, rival, comparison)):
        return conflict._replace(outcome="unchanged")
    if rival.owner is None and comparison.equal:
        return conflict._replace(outcome="claim")
    if targets.is_contested(candidate, rival):
        return conflict._replace(outcome="duplicate-replace")
    return conflict._replace(outcome="replace") if is_target else conflict


def _taken(candidate: Candidate, found: Iterable[Entry], rivals: Rivals) -> ConflictKind:
    """The kind of conflict with these rivals: the identity outweighs the name."""
    return "identity-taken" if rivals.share_identity(candidate, found) else "name-taken"


def _is_there(candidate: Candidate, comparison: Comparison) -> bool:
    """Whether a document wants just what is there: it would own nothing, so nothing is to be done."""
    return candidate.owner is None and comparison.equal


def _is_held(candidate: Candidate, rival: Entry, comparison: Comparison) -> bool:
    """Whether another owner has the rival as the profile wants it, but perhaps for its name here."""
    if rival.owner in (None, candidate.owner):
        return False
    named_here = rival.source == candidate.file_name and comparison.changed == (NAME,)
    return comparison.equal or named_here


def _is_recorded(candidate: Candidate, own: Entry) -> bool:
    """Whether an equal entry also remembers what is declared, and the file's name for it."""
    remembered: Json = {**(own.applied_fields or {})}
    declared: Json = {path: value for path, value in candidate.declared.items() if value is not None}
    source = candidate.file_name if candidate.file_name != candidate.name else None
    return own.source == source and same(remembered, declared)

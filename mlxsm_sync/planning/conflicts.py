"""The conflicts of a plan: what is in a profile's way, what a replace would change, and the ways out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlxsm_sync.planning.candidate import Candidate, Decision
from mlxsm_sync.planning.compare import Comparison
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.explain import explain
from mlxsm_sync.planning.matched import Matched
from mlxsm_sync.planning.prune import drift_conflicts
from mlxsm_sync.planning.remedies import Remedies, ways_out
from mlxsm_sync.planning.renames import decide_with_renames
from mlxsm_sync.values.field_names import listed
from mlxsm_sync.values.plan import Clash, Conflict, FieldChange, Rival
from mlxsm_sync.values.profile import Profile, from_fields
from mlxsm_sync.values.state import Entry


def find_conflicts(matched: Matched, decisions: Decisions) -> Iterator[Conflict]:
    """What is left to a person, in the order of the file, and drifted orphans last.

    A profile that was skipped has the conflict that it would have if it took part, marked as decided.
    """
    skipped, desired = matched.request.choices.skip, matched.request.desired
    shown, unskipped = matched.taking_part, decisions
    if skipped:
        part = skipped.union(one.index for one in shown)
        shown = tuple(one for one in desired.profiles if one.index in part)
        unskipped = decide_with_renames(matched, shown)
    builders = {True: _builder(matched, unskipped), False: _builder(matched, decisions)}
    for one in shown:
        builder = builders[one.index in skipped]
        decision = builder.decisions.by_index[one.index]
        if decision.blocked:
            yield builder.build(decision, decided=one.index in skipped)
    request = matched.request
    yield from drift_conflicts(
        matched.orphans, request.desired.elsewhere, request.choices, request.invocation
    )


def _builder(matched: Matched, decisions: Decisions) -> ConflictBuilder:
    names = Counter(one.profile.name for one in matched.request.desired.profiles)
    orphans = {entry.id for entry in matched.orphans.kept}
    return ConflictBuilder(matched, decisions, Remedies(matched, decisions, names, orphans))


class ConflictBuilder(NamedTuple):
    """Builds the conflicts of a plan, once everything is decided."""

    matched: Matched
    decisions: Decisions
    remedies: Remedies

    def build(self, decision: Decision, *, decided: bool) -> Conflict:
        """The conflict of a blocked decision."""
        candidate, choices = decision.candidate, ways_out(decision, self.decisions)
        before, after = _before_and_after(decision)
        ways = tuple(self.remedies.ways(decision, choices))
        return Conflict(
            kind=decision.outcome,  # type: ignore[arg-type]  # the outcome of a blocked decision is a conflict
            name=candidate.file_name,
            index=candidate.number,
            rivals=tuple(self._rival(candidate, entry) for entry in decision.rivals),
            choices=choices,
            suggested_name=self.matched.suggested[candidate.number] if "rename" in choices else None,
            target=decision.target.name if decision.target and "replace" in choices else None,
            before=before,
            after=after,
            fields=_fields(decision.comparison, after) if before else (),
            drift=decision.comparison.drift if decision.comparison else (),
            decided=decided,
            message=self._message(decision),
            remedies=tuple(way.command for way in ways),
            ways=ways,
            own=decision.target is not None and decision.target == candidate.own,
        )

    def _message(self, decision: Decision) -> str:
        candidate = decision.candidate
        called = f' (here "{candidate.name}")' if candidate.name != candidate.file_name else ""
        match decision.outcome:
            case "duplicate-name":
                return f"same name as {_places(candidate, candidate.namesakes)} of the file{called}"
            case "duplicate-identity":
                twins = _places(candidate, candidate.twins)
                return self._about_identity(f"also used by {twins} of the file")
            case "identity-taken":
                return self._about_identity(f"taken by {_held(decision)}") + _drift_too(decision.comparison)
            case "name-taken":
                return f"its name{called} is taken by {_held(decision)}{_drift_too(decision.comparison)}"
            case "other-file":
                came = self._origin(candidate.own)
                return (
                    f"it{called} came from another file, {came}, and this file would change it: "
                    "give one of them a collection of its own"
                )
            case "rename-collision":
                return str(candidate.collision)
            case "ambiguous-replace":
                return f"it clashes with several entries: {_held(decision)}"
            case "duplicate-replace":
                return f"another profile is to replace {_held(decision)}, too"
            case _:
                changed = listed(decision.comparison.drift if decision.comparison else ())
                return f"it{called} was changed on this machine since it was applied: {changed}"

    def _origin(self, own: Entry | None) -> str:
        """The file that an entry came from, as people are told of it."""
        return self.matched.request.origins.describe(own.from_ if own is not None else None)

    def _rival(self, candidate: Candidate, entry: Entry) -> Rival:
        matches: list[Clash] = []
        if entry.name in (candidate.name, candidate.wished):
            matches.append("name")
        if self.decisions.rivals.share_identity(candidate, [entry]):
            matches.append("identity")
        profile = entry.profile
        return Rival(
            name=profile.name,
            owner=entry.owner,
            model_id=profile.model_id,
            host=profile.host,
            port=profile.port,
            matches=tuple(matches),
        )

    def _about_identity(self, clash: str) -> str:
        if self.matched.request.state.rules.one_per_model:
            return f"its modelID is {clash}, and the app keeps one profile per model"
        return f"its model, host and port are {clash}"


def _places(candidate: Candidate, group: Sequence[int]) -> str:
    """The places in the file of a few other profiles of the candidate's group."""
    indexes = [index for index in group if index != candidate.number]
    return ", ".join(f"#{index}" for index in indexes[:3]) + (", …" if len(indexes) > 3 else "")


def _before_and_after(decision: Decision) -> tuple[Profile | None, Profile]:
    if decision.target is None or decision.comparison is None:
        return None, decision.candidate.wanted.profile
    return decision.target.profile, from_fields(decision.comparison.after)


def _fields(comparison: Comparison | None, after: Profile) -> tuple[FieldChange, ...]:
    assert comparison is not None  # where there is a target, it was compared
    return explain(comparison.before, after.fields, comparison.drift)


def _drift_too(comparison: Comparison | None) -> str:
    """The words for an own entry that is in nobody's way and was changed here, too."""
    if comparison is None or not comparison.drift:
        return ""
    return f"; it was also changed on this machine: {listed(comparison.drift)}"


def _held(decision: Decision) -> str:
    return ", ".join(map(_describe, decision.rivals))


def _describe(entry: Entry) -> str:
    owner = f"owner {entry.owner}" if entry.owner is not None else "owned by nobody"
    return f'"{entry.name}" ({owner})'

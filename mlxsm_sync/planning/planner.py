"""Make a plan from a profile file, a state and a person's choices, and apply it: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlxsm_sync.planning.candidate import Decision
from mlxsm_sync.planning.changes import not_to_be_held, planned_changes
from mlxsm_sync.planning.conflicts import find_conflicts
from mlxsm_sync.planning.decide import Decisions
from mlxsm_sync.planning.digest import meaning, plan_digest, summarise
from mlxsm_sync.planning.matched import Matched, Request, match_profiles
from mlxsm_sync.planning.plan_warnings import plan_warnings
from mlxsm_sync.planning.prune import report, too_many_deletions
from mlxsm_sync.planning.renames import decide_with_renames
from mlxsm_sync.planning.skipped import skipped
from mlxsm_sync.planning.unused_choices import unused_choices
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, ProfileWarning
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.plan import Change, Conflict, Plan
from mlxsm_sync.values.state import State


def make_plan(
    desired: Desired,
    state: State,
    choices: Choices | None = None,
    *,
    invocation: Invocation | None = None,
    origins: Origins | None = None,
) -> Plan:
    """What applying `desired` to `state` would do, given a person's choices.

    `invocation` is the command line that the remedies of conflicts continue. `origins` is what the disk
    says of the files that entries came from; without it, only what was applied from this very path did.
    """
    matched = match_profiles(_request(desired, state, choices, invocation, origins))
    decisions = decide_with_renames(matched, matched.taking_part)
    changes = tuple(planned_changes(matched, decisions))
    conflicts = tuple(find_conflicts(matched, decisions))
    warnings = tuple(plan_warnings(matched, decisions, changes))
    return _plan(matched, decisions, changes, conflicts, warnings)


def first_decisions(desired: Desired, state: State, origins: Origins | None = None) -> Mapping[int, Decision]:
    """What would become of each profile, by its place in the file, if nobody answered anything."""
    matched = match_profiles(_request(desired, state, origins=origins))
    return decide_with_renames(matched, matched.taking_part).by_index


def _request(
    desired: Desired,
    state: State,
    choices: Choices | None = None,
    invocation: Invocation | None = None,
    origins: Origins | None = None,
) -> Request:
    """What a plan is made from, with what is assumed where nothing is said."""
    return Request(
        desired,
        state,
        choices or Choices(),
        invocation or Invocation(),
        origins or Origins(desired.from_),
    )


def _plan(
    matched: Matched,
    decisions: Decisions,
    changes: tuple[Change, ...],
    conflicts: tuple[Conflict, ...],
    warnings: tuple[ProfileWarning, ...],
) -> Plan:
    """The plan with its digest, its counts, and the reason, if any, why it must not be carried out."""
    desired, state, choices, _, origins = matched.request
    unchanged = tuple(
        one.candidate.file_name for one in decisions.by_index.values() if one.outcome == "unchanged"
    )
    orphans = report(matched.orphans, origins, desired.elsewhere)
    # What somebody left out is decided, also where it could not have been used.
    invalid = tuple(one for one in desired.invalid if choices.selects(one.index))
    return Plan(
        lineage=state.lineage,
        serial=state.serial,
        owner=desired.owner,
        input=desired.input.model_copy(meaning=meaning(desired)),
        machine=desired.machine,
        elsewhere=tuple(one.name for one in desired.elsewhere),
        digest=plan_digest(
            desired.owner, state.lineage, changes, conflicts, invalid, orphans, desired.machine
        ),
        changes=changes,
        conflicts=conflicts,
        invalid=invalid,
        orphans=orphans,
        unchanged=unchanged,
        warnings=warnings,
        summary=summarise(changes, conflicts, invalid, orphans, unchanged, desired.elsewhere),
        skipped=tuple(skipped(matched, conflicts)),
        unused_choices=tuple(unused_choices(matched, decisions)),
        guard=too_many_deletions(matched.own, matched.orphans, desired, choices)
        or not_to_be_held(changes, state),
    )


def apply_plan(plan: Plan, state: State, ids: Iterable[str]) -> State:
    """The state after the plan's changes, with the next serial; `ids` name new entries.

    Every changed entry keeps its id and place; new ones come last, in the plan's order.
    """
    fresh = iter(ids)
    changed = {change.entry.id: change.entry for change in plan.changes if change.action != "create"}
    deleted = {change.entry.id for change in plan.changes if change.action == "delete"}
    kept = (changed.get(entry.id, entry) for entry in state.entries if entry.id not in deleted)
    created = (
        change.entry.model_copy(id=next(fresh)) for change in plan.changes if change.action == "create"
    )
    return state.next((*kept, *created))

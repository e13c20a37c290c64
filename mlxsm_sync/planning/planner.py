"""Make a plan from what is wanted and what is, and apply it: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlxsm_sync.planning import guards, profile_warnings, prune
from mlxsm_sync.planning.candidate import Decision
from mlxsm_sync.planning.changes import Decided
from mlxsm_sync.planning.changes import changes as changes_of
from mlxsm_sync.planning.changes import unchanged as unchanged_of
from mlxsm_sync.planning.digest import meaning, plan_digest, summarise
from mlxsm_sync.planning.skipped import skipped
from mlxsm_sync.planning.steps import Steps
from mlxsm_sync.planning.unused_choices import notices
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.plan import Plan
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

    `invocation` is the command line that the remedies of conflicts continue, `origins` what the disk says
    of the files that entries came from; without it, only what was applied from this very path did.
    """
    choices = choices or Choices()
    origins = origins or Origins(desired.from_)
    steps = Steps(desired, state, choices, invocation or Invocation(), origins)
    made = Decided(desired, steps.decisions, steps.orphans, origins, steps.remembered)
    changes = tuple(changes_of(made))
    warnings = (*steps.warnings(), *profile_warnings.contradictions(changes))
    conflicts = tuple(steps.conflicts())
    staying = prune.report(steps.orphans, origins)
    unchanged = unchanged_of(made)
    # What somebody left out is decided, also where it could not have been used.
    invalid = tuple(one for one in desired.invalid if choices.selects(one.index))
    return Plan(
        lineage=state.lineage,
        serial=state.serial,
        owner=desired.owner,
        input=desired.input.copy(meaning=meaning(desired)),
        digest=plan_digest(desired.owner, state.lineage, changes, conflicts, invalid, staying),
        changes=changes,
        conflicts=conflicts,
        invalid=invalid,
        orphans=staying,
        unchanged=unchanged,
        warnings=warnings,
        summary=summarise(changes, conflicts, invalid, staying, unchanged),
        skipped=tuple(skipped(desired, choices, steps.orphans, conflicts)),
        notices=tuple(notices(steps.decisions, desired, choices, steps.orphans)),
        guard=guards.too_many_deletions(desired, steps.own, steps.orphans.deleted, choices)
        or guards.not_to_be_held(changes, state),
    )


def first_decisions(desired: Desired, state: State, origins: Origins | None = None) -> Mapping[int, Decision]:
    """What would become of each profile, by its place in the file, if nobody answered anything."""
    origins = origins or Origins(desired.from_)
    return Steps(desired, state, Choices(), Invocation(), origins).decisions.by_index


def apply_plan(plan: Plan, state: State, ids: Iterable[str]) -> State:
    """The state after the plan's changes, with the next serial; `ids` name new entries.

    Every changed entry keeps its id and place; new ones come last, in the plan's order.
    """
    fresh = iter(ids)
    changed = {change.entry.id: change.entry for change in plan.changes if change.action != "create"}
    deleted = {change.entry.id for change in plan.changes if change.action == "delete"}
    kept = (changed.get(entry.id, entry) for entry in state.entries if entry.id not in deleted)
    created = (change.entry.copy(id=next(fresh)) for change in plan.changes if change.action == "create")
    return state.next((*kept, *created))

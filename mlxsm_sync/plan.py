"""Make a plan from what is wanted and what is, and apply it: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlxsm_sync import cautions, guards
from mlxsm_sync import orphans as orphanage
from mlxsm_sync.changes import Plan
from mlxsm_sync.choices import Choices
from mlxsm_sync.desired import Desired
from mlxsm_sync.digest import plan_digest, summarise
from mlxsm_sync.docket import Docket
from mlxsm_sync.judge import Verdict
from mlxsm_sync.notices import notices
from mlxsm_sync.state import State


def make_plan(
    desired: Desired, state: State, choices: Choices | None = None, *, command: str = "mlxsm apply"
) -> Plan:
    """What applying `desired` to `state` would do, given a person's choices.

    `command` is the command line that the remedies of conflicts continue.
    """
    choices = choices or Choices()
    docket = Docket(desired, state, choices, command)
    changes = tuple(docket.changes())
    warnings = (*docket.warnings(), *cautions.contradictions(changes))
    conflicts = tuple(docket.conflicts())
    staying = orphanage.report(docket.orphans)
    unchanged = docket.unchanged()
    # What somebody left out is decided, also where it could not have been used.
    invalid = tuple(one for one in desired.invalid if choices.selects(one.index))
    return Plan(
        lineage=state.lineage,
        serial=state.serial,
        owner=desired.owner,
        input=desired.input,
        digest=plan_digest(desired.owner, state.lineage, changes, conflicts, invalid, staying),
        changes=changes,
        conflicts=conflicts,
        invalid=invalid,
        orphans=staying,
        unchanged=unchanged,
        warnings=warnings,
        summary=summarise(changes, conflicts, invalid, staying, unchanged),
        skipped=tuple(docket.skipped(conflicts)),
        notices=tuple(notices(docket.court, docket.renamed, desired, choices, docket.orphans)),
        guard=guards.too_many_deletions(desired, docket.own, docket.orphans.deleted, choices)
        or guards.not_to_be_held(changes, state),
    )


def verdicts(desired: Desired, state: State) -> Mapping[int, Verdict]:
    """What would become of each profile, by its place in the file, if nobody answered anything."""
    return Docket(desired, state, Choices(), "mlxsm apply").court.verdicts


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

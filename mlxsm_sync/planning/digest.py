"""What a plan boils down to: its digest and its counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Sized
from typing import get_args

from mlxsm_sync.text.json_value import Json, JsonObject, canonical, digest
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.desired import Desired, Invalid
from mlxsm_sync.values.machines import Machine
from mlxsm_sync.values.plan import Action, Change, Conflict, Orphan, Plan, Summary
from mlxsm_sync.values.profile import Fields

# `fields` and `drift` only explain what `before`, `after` and the kind of a conflict say.
_NOT_COVERED = {"index", "fields", "drift", "from", "message", "messages", "remedies"}


def meaning(desired: Desired) -> str:
    """The same for every file that declares the same: order, comments, layout and path do not matter.

    Of a file with machines it covers all of them, so that it is the same on each.
    """
    if desired.machine is not None and desired.input.meaning is not None:
        return desired.input.meaning
    covered: JsonObject = {
        "owner": desired.owner,
        "profiles": _sorted(_as_written(one.declared) for one in desired.profiles),
    }
    return digest(covered)


def _as_written(fields: Fields) -> JsonObject:
    return {path: value for path, value in fields.items() if value is not None}


def plan_digest(
    owner: str | None,
    lineage: str | None,
    changes: Sequence[Change],
    conflicts: Sequence[Conflict],
    invalid: Sequence[Invalid],
    orphans: Sequence[Orphan],
    machine: Machine | None = None,
) -> str:
    """The same for the same effect, whatever the order, the comments and the paths of the file."""
    covered: JsonObject = {
        "owner": owner,
        "lineage": lineage,
        # A path that is only renewed is no effect, and differs from place to place.
        "changes": _sorted(_covered_change(change) for change in changes if change.moved_from is None),
        "conflicts": _sorted(map(_covered, conflicts)),
        "invalid": _sorted(map(_covered, invalid)),
        "orphans": _sorted(map(_covered, orphans)),
    }
    return digest(covered | ({"machine": machine.name} if machine is not None else {}))


def unbound_digest(plan: Plan) -> str:
    """The digest that the plan would have had before there was any state.

    A plan made against no state says nothing about a lineage, so it holds for the state that
    another process made meanwhile, where the effect is the same.
    """
    return plan_digest(
        plan.owner, None, plan.changes, plan.conflicts, plan.invalid, plan.orphans, plan.machine
    )


def _covered_change(change: Change) -> JsonObject:
    # With the entry itself: another one of the same name and fields is another target.
    target = change.entry.id if change.target is not None else None
    return _covered(change) | {"applied": change.entry.applied, "entry": target}


def _covered(value: Value) -> JsonObject:
    return {key: item for key, item in value.model_dump().items() if key not in _NOT_COVERED}


def _sorted(values: Iterable[JsonObject]) -> list[Json]:
    return [*sorted(map(canonical, values))]


def summarise(
    changes: Sequence[Change],
    conflicts: Sized,
    invalid: Sized = (),
    orphans: Sized = (),
    unchanged: Sized = (),
    elsewhere: Sized = (),
) -> Summary:
    """How much of each there is; a create under a chosen name counts as rename, too."""
    counted = Counter(change.action for change in changes)
    return Summary(
        create=counted["create"],
        update=counted["update"],
        replace=counted["replace"],
        claim=counted["claim"],
        delete=counted["delete"],
        rename=sum(change.renamed for change in changes if change.action == "create"),
        unchanged=len(unchanged),
        conflict=len(conflicts),
        invalid=len(invalid),
        orphan=len(orphans),
        elsewhere=len(elsewhere),
    )


def done(summary: Summary) -> str:
    """`2 created, 1 updated`: what the history remembers and a person is told."""
    counts = {action: getattr(summary, action) for action in get_args(Action)}
    return ", ".join(
        f"{count} {action}{'ed' if action == 'claim' else 'd'}" for action, count in counts.items() if count
    )

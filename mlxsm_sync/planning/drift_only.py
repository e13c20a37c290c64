"""What of a plan is drift: the profiles of which a field was changed on this machine since it was applied."""

from __future__ import annotations

from mlxsm_sync.planning.digest import summarise
from mlxsm_sync.values.plan import Plan


def only_drift(plan: Plan) -> Plan:
    """The plan with nothing but drift, its counts made anew; its digest stays that of the whole plan.

    What would be deleted is left out as well, so there is nothing that a guard would have to stop.
    """
    conflicts = tuple(one for one in plan.conflicts if one.drift)
    orphans = tuple(one for one in plan.orphans if one.drifted)
    return plan.model_copy(
        changes=(),
        conflicts=conflicts,
        invalid=(),
        orphans=orphans,
        unchanged=(),
        warnings=(),
        summary=summarise((), conflicts, orphans=orphans),
        skipped=(),
        guard=None,
    )


def drifted_profiles(plan: Plan) -> int:
    """How many profiles of a plan were changed on this machine.

    An orphan that a prune would delete is a conflict as well, without a place in the file.
    """
    listed = sum(bool(one.drift) and one.index is not None for one in plan.conflicts)
    return listed + sum(one.drifted for one in plan.orphans)

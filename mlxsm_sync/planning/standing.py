"""How a machine stands to its profile file, in one word: the plan, seen from far away."""

from __future__ import annotations

from mlxsm_sync.planning.drift_only import drifted_profiles
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.status import Standing


def standing(plan: Plan) -> Standing:
    """In step, behind, drifted, or waiting for a decision; of several that hold, the gravest.

    Orphans that no prune was asked for change nothing, and are out of step only where they have drifted.
    """
    if plan.invalid or any(not one.drift for one in plan.undecided):
        return "conflict"
    if drifted_profiles(plan) or any(one.drift for one in plan.undecided):
        return "drift"
    return "behind" if plan.changes else "in-step"

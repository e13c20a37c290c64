"""A plan between two versions of a profile file: of no machine, and so the same on every one."""

from __future__ import annotations

from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.invocation import Invocation
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.state import ID_LENGTH, State

EMPTY = State(lineage=None)
"""A machine that has nothing."""


def state_after(old: Desired | None) -> State:
    """What applying a file to an empty machine gives; ids are numbers, so that a digest holds everywhere."""
    if old is None:
        return EMPTY
    plan = make_plan(_of_no_place(old), EMPTY)
    ids = (f"{number:0{ID_LENGTH}d}" for number in range(1, len(plan.changes) + 1))
    return EMPTY.model_copy(entries=apply_plan(plan, EMPTY, ids).entries)


def plan_between(state: State, new: Desired, choices: Choices, invocation: Invocation) -> Plan:
    """What would change where the old version is applied; what the new one no longer lists is deleted.

    `state` is that of `state_after`. Nothing else can be in it, so nothing has drifted, and no limit
    on deletions protects anybody.
    """
    everything = choices.model_copy(prune=True, prune_foreign=True, force=True)
    return make_plan(_of_no_place(new), state, everything, invocation=invocation)


def _of_no_place(desired: Desired) -> Desired:
    """Both versions are of one file, wherever each was read from."""
    return desired.model_copy(from_=None)

"""What of a plan is drift, and nothing else."""

from __future__ import annotations

from hypothesis import given

from mlxsm_sync.planning.compare import drifted
from mlxsm_sync.planning.drift_only import drifted_profiles, only_drift
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.state import State
from testing import plans
from testing.strategies import origins, worlds


def planned(choices: Choices | None = None) -> Plan:
    kept, moved, gone = (plans.profile(name, port) for name, port in (("A", 1), ("B", 2), ("C", 3)))
    state = plans.state(
        plans.entry(1, "team", kept | {"port": 9}, applied=kept),
        plans.entry(2, "team", moved),
        plans.entry(3, "team", gone | {"notes": "x"}, applied=gone | {"notes": "y"}),
        plans.entry(4, "team", plans.profile("D", 4)),
        plans.entry(5, None, plans.profile("F", 5)),
        plans.entry(6, "team", plans.profile("G", 6)),
    )
    wanted = [
        kept,
        moved | {"notes": "new"},
        plans.profile("E", 7),
        plans.profile("F", 8),
        plans.profile("G", 6),
    ]
    return make_plan(plans.file(*wanted), state, choices)


def test_nothing_but_drift_is_left() -> None:
    whole = planned()
    plan = only_drift(whole)
    assert {one.name for one in whole.conflicts} == {"A", "F"}
    assert [one.name for one in plan.conflicts] == ["A"]
    assert [one.name for one in plan.orphans] == ["C"]
    assert (plan.changes, plan.unchanged, plan.warnings, plan.invalid, plan.skipped) == ((), (), (), (), ())
    assert plan.summary.model_dump() == dict.fromkeys(plan.summary.model_dump(), 0) | {
        "conflict": 1,
        "orphan": 1,
    }
    assert (plan.digest, plan.input, plan.serial) == (whole.digest, whole.input, whole.serial)
    assert drifted_profiles(plan) == 2


def test_a_prune_makes_of_a_drifted_orphan_a_conflict_and_no_second_profile() -> None:
    plan = only_drift(planned(Choices(prune=True)))
    assert [one.name for one in plan.conflicts] == ["A", "C"]
    assert (plan.guard, drifted_profiles(plan)) == (None, 2)


@given(worlds())
def test_what_is_left_is_drift_and_what_is_not_left_is_none(world: tuple[Desired, State, Choices]) -> None:
    want, state, choices = world
    whole = make_plan(want, state, choices, origins=origins(want))
    plan = only_drift(whole)
    assert only_drift(plan) == plan
    assert plan.undecided == tuple(one for one in whole.undecided if one.drift)
    changed = {entry.name for entry in state.entries if drifted(entry)}
    assert {one.name for one in plan.orphans} <= changed
    # An orphan that a prune would delete is told twice, and counted once.
    named = {one.before.name for one in plan.conflicts if one.before is not None}
    assert drifted_profiles(plan) == len(named | {one.name for one in plan.orphans})
    assert named <= changed

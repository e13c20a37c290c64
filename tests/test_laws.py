"""The laws of planning, on random worlds."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from worlds import new_ids, worlds

from mlxsm_sync.changes import Plan
from mlxsm_sync.choices import Choices
from mlxsm_sync.desired import Desired
from mlxsm_sync.diff import compare
from mlxsm_sync.json_value import canonical
from mlxsm_sync.plan import apply_plan, make_plan
from mlxsm_sync.profile import NAME
from mlxsm_sync.state import State
from mlxsm_sync.transition import between

World = tuple[Desired, State, Choices]


def applied(world: World) -> tuple[Plan, State]:
    want, state, choices = world
    plan = make_plan(want, state, choices)
    return plan, apply_plan(plan, state, new_ids())


@given(worlds())
def test_after_an_apply_no_change_is_left(world: World) -> None:
    want, _, choices = world
    plan, after = applied(world)
    # A name that was not to be had may be free now: that is a new decision.
    refused = {conflict.index for conflict in plan.conflicts if conflict.kind == "rename-collision"}
    renames = {index: name for index, name in choices.rename.items() if index not in refused}
    again = choices.copy(rename=renames)
    if want.owner is None:
        # What a document puts there is nobody's: a rename is known by its result, a replace is a new one.
        again = Choices(skip=choices.skip, only=choices.only, rename=renames)
    assert make_plan(want, after, again).changes == ()


@given(worlds())
def test_after_an_apply_the_answers_can_be_forgotten(world: World) -> None:
    want, _, choices = world
    _, after = applied(world)
    limits = Choices(skip=choices.skip, only=choices.only)
    assert make_plan(want, after, limits).changes == ()


@given(worlds())
def test_names_and_identities_are_unique(world: World) -> None:
    _, after = applied(world)
    names = [entry.name for entry in after.entries]
    identities = [after.rules.identity(entry.profile) for entry in after.entries]
    assert len(set(names)) == len(names)
    assert len(set(identities)) == len(identities)


@given(worlds())
def test_what_is_not_ours_is_untouched_unless_replaced(world: World) -> None:
    want, state, _ = world
    plan, after = applied(world)
    touched = {change.entry.id: change.action for change in plan.changes}
    for entry in state.entries:
        if entry.owner != want.owner or want.owner is None:
            allowed = ("replace",) if entry.owner is not None else ("replace", "claim")
            assert touched.get(entry.id, allowed[0]) in allowed
            if entry.id not in touched:
                assert after.by_id[entry.id] == entry


@given(worlds())
def test_every_profile_without_a_conflict_is_in_the_result(world: World) -> None:
    want, _, choices = world
    plan, after = applied(world)
    passed_over = {conflict.index for conflict in plan.conflicts}
    names = {change.index: change.name for change in plan.changes}
    for one in want.profiles:
        if choices.selects(one.index) and one.index not in passed_over:
            name = names.get(one.index)
            found = [
                entry
                for entry in after.entries
                if (name is None or entry.name == name)
                and compare(one.declared | {NAME: entry.name}, entry.profile.fields).equal
            ]
            assert len(found) == 1


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_file_does_not_matter(world: World, shuffler: random.Random) -> None:
    want, state, choices = world
    shuffled = list(want.profiles)
    shuffler.shuffle(shuffled)
    place = {one.index: new for new, one in enumerate(shuffled, start=1)}
    moved = want.copy(profiles=tuple(one.copy(index=place[one.index]) for one in shuffled))
    again = choices.copy(
        rename={place[index]: name for index, name in choices.rename.items()},
        replace={place[index]: name for index, name in choices.replace.items()},
        skip=frozenset(place[index] for index in choices.skip),
        only=None if choices.only is None else frozenset(place[index] for index in choices.only),
    )
    plan, permuted = make_plan(want, state, choices), make_plan(moved, state, again)
    assert permuted.digest == plan.digest
    assert permuted.summary == plan.summary
    assert sorted(permuted.unchanged) == sorted(plan.unchanged)
    assert _by_name(apply_plan(permuted, state, new_ids())) == _by_name(apply_plan(plan, state, new_ids()))


def _by_name(state: State) -> dict[str, object]:
    return {entry.name: entry.copy(id="0" * 16) for entry in state.entries}


@given(worlds())
def test_an_apply_does_what_the_plan_showed(world: World) -> None:
    _, state, _ = world
    plan, after = applied(world)
    shown = sorted(canonical([c.before and c.before.full, c.after and c.after.full]) for c in plan.changes)
    done = between(state, after).changes
    assert sorted(canonical([c.before and c.before.full, c.after and c.after.full]) for c in done) == shown
    assert {c.entry.owner for c in done if c.action != "delete"} == {
        c.owner_after for c in plan.changes if c.action != "delete"
    }


@given(worlds())
def test_no_entry_is_lost_but_by_delete(world: World) -> None:
    _, state, _ = world
    plan, after = applied(world)
    deleted = {change.entry.id for change in plan.changes if change.action == "delete"}
    assert set(state.by_id) - set(after.by_id) == deleted
    assert [e.id for e in after.entries if e.id in state.by_id] == [
        e.id for e in state.entries if e.id not in deleted
    ]


@given(worlds())
def test_each_profile_is_told_once(world: World) -> None:
    want, _, choices = world
    plan, _ = applied(world)
    told = [change.index for change in plan.changes if change.index is not None]
    told += [conflict.index for conflict in plan.conflicts if conflict.index is not None]
    assert len(set(told)) == len(told)
    undecided = [c for c in plan.conflicts if c.index is not None and not c.decided]
    part = [one for one in want.profiles if choices.selects(one.index)]
    changed = [change for change in plan.changes if change.index is not None]
    assert len(changed) + len(undecided) + len(plan.unchanged) == len(part)
    assert plan.summary.conflict == len(plan.conflicts)


@given(worlds())
def test_every_offered_way_out_leads_out(world: World) -> None:
    want, state, choices = world
    for conflict in make_plan(want, state, choices).undecided:
        index = conflict.index
        if index is None:
            continue
        if "rename" in conflict.choices and conflict.suggested_name is not None:
            replaces = {i: name for i, name in choices.replace.items() if i != index}
            renames = choices.rename | {index: conflict.suggested_name}
            answer = choices.copy(rename=renames, replace=replaces)
            left = {c.kind for c in make_plan(want, state, answer).undecided if c.index == index}
            assert not left & {conflict.kind, "duplicate-name", "rename-collision"}
        if "replace" in conflict.choices:
            answer = choices.copy(replace=choices.replace | {index: None})
            left = {c.kind for c in make_plan(want, state, answer).undecided if c.index == index}
            assert not left - {"duplicate-replace"}

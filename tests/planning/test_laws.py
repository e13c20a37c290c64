"""The laws of planning, on random worlds."""

from __future__ import annotations

import random
import shlex

from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.planning.changes import between, without
from mlxsm_sync.planning.compare import compare
from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.planning.selectors import resolve
from mlxsm_sync.text.json_value import canonical
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.plan import Conflict, Plan
from mlxsm_sync.values.profile import NAME
from mlxsm_sync.values.state import State
from testing.strategies import new_ids, origins, worlds

World = tuple[Desired, State, Choices]


def planned(want: Desired, state: State, choices: Choices) -> Plan:
    return make_plan(want, state, choices, origins=origins(want))


def applied(world: World) -> tuple[Plan, State]:
    want, state, choices = world
    plan = planned(want, state, choices)
    return plan, apply_plan(plan, state, new_ids())


def passed_over(plan: Plan) -> set[int | None]:
    return {conflict.index for conflict in plan.conflicts}


@given(worlds())
def test_after_an_apply_no_change_is_left(world: World) -> None:
    want, _, choices = world
    plan, after = applied(world)
    again = choices
    if want.owner is None:
        # What a document puts there is nobody's: a rename is known by its result, a replace is a new one.
        again = Choices(skip=choices.skip, only=choices.only, rename=choices.rename)
    # A name that was not to be had may be free now, and then its old one, too: those are new decisions.
    refused = any(conflict.kind == "rename-collision" for conflict in plan.conflicts)
    new = passed_over(plan) if refused else set()
    assert [one for one in planned(want, after, again).changes if one.index not in new] == []


@given(worlds())
def test_after_an_apply_the_answers_can_be_forgotten(world: World) -> None:
    want, _, choices = world
    plan, after = applied(world)
    limits = Choices(skip=choices.skip, only=choices.only)
    # Without a new name that stood in its way, a profile can be let through.
    renamed = any(choices.rename.get(index or 0) is not None for index in passed_over(plan))
    new = passed_over(plan) if renamed else set()
    assert [one for one in planned(want, after, limits).changes if one.index not in new] == []


@given(worlds())
def test_what_another_file_put_there_is_untouched_unless_named(world: World) -> None:
    want, state, choices = world
    plan, after = applied(world)
    changes = {change.entry.id: change for change in plan.changes if change.action != "create"}
    for entry in state.owned_by(want.owner):
        if not origins(want).is_other(entry.from_) or entry.id not in changes:
            continue
        change = changes[entry.id]
        assert change.action == ("delete" if change.index is None else "replace")
        assert choices.prune_foreign if change.index is None else change.index in choices.replace
        assert change.index is None or after.by_id[entry.id].from_ == want.from_


@given(worlds())
def test_a_path_is_renewed_and_nothing_else(world: World) -> None:
    want, state, choices = world
    plan, after = applied(world)
    for change in plan.changes:
        if change.moved_from is not None:
            before, now = state.by_id[change.entry.id], after.by_id[change.entry.id]
            assert (change.action, change.fields, now.from_) == ("claim", (), want.from_)
            assert now.model_copy(from_=before.from_) == before
            assert origins(want).is_outdated(before.from_)
    # Where the file is has no part in the digest.
    here = [
        entry.model_copy(from_=want.from_) if origins(want).is_this(entry.from_) else entry
        for entry in state.entries
    ]
    assert planned(want, state.model_copy(entries=tuple(here)), choices).digest == plan.digest


@given(worlds())
def test_every_new_name_that_was_typed_is_used_or_told(world: World) -> None:
    want, _, choices = world
    plan, _ = applied(world)
    for index, name in choices.rename.items():
        done = [change for change in plan.changes if change.index == index and change.name == name]
        called = want.profiles[index - 1].profile.name
        told = any(notice.startswith(f'--rename "{called}": ') for notice in plan.unused_choices)
        assert name is None or done or told or index in passed_over(plan)


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
    names = {change.index: change.name for change in plan.changes}
    for one in want.profiles:
        if choices.selects(one.index) and one.index not in passed_over(plan):
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
    moved = want.model_copy(profiles=tuple(one.model_copy(index=place[one.index]) for one in shuffled))
    again = choices.model_copy(
        rename={place[index]: name for index, name in choices.rename.items()},
        replace={place[index]: name for index, name in choices.replace.items()},
        skip=frozenset(place[index] for index in choices.skip),
        only=None if choices.only is None else frozenset(place[index] for index in choices.only),
    )
    plan, permuted = planned(want, state, choices), planned(moved, state, again)
    assert permuted.digest == plan.digest
    assert permuted.summary == plan.summary
    assert sorted(permuted.unchanged) == sorted(plan.unchanged)
    assert _by_name(apply_plan(permuted, state, new_ids())) == _by_name(apply_plan(plan, state, new_ids()))


def _by_name(state: State) -> dict[str, object]:
    return {entry.name: entry.model_copy(id="0" * 16) for entry in state.entries}


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
    entries = [change.entry.id for change in plan.changes if change.action != "create"]
    assert len(set(entries)) == len(entries)
    undecided = [c for c in plan.conflicts if c.index is not None and not c.decided]
    part = [one for one in want.profiles if choices.selects(one.index)]
    changed = [change for change in plan.changes if change.index is not None]
    assert len(changed) + len(undecided) + len(plan.unchanged) == len(part)
    assert plan.summary.conflict == len(plan.conflicts)


@given(worlds())
def test_every_offered_way_out_leads_out(world: World) -> None:
    want, state, choices = world
    for conflict in planned(want, state, choices).undecided:
        index = conflict.index
        if index is None:
            continue
        if "rename" in conflict.choices and conflict.suggested_name is not None:
            replaces = {i: name for i, name in choices.replace.items() if i != index}
            renames = choices.rename | {index: conflict.suggested_name}
            answer = choices.model_copy(rename=renames, replace=replaces)
            left = {c.kind for c in planned(want, state, answer).undecided if c.index == index}
            assert not left & {conflict.kind, "duplicate-name", "rename-collision"}
        if "replace" in conflict.choices:
            answer = choices.model_copy(replace=choices.replace | {index: None})
            left = {c.kind for c in planned(want, state, answer).undecided if c.index == index}
            assert not left - {"duplicate-replace"}


def answered(want: Desired, state: State, choices: Choices, conflict: Conflict, command: str) -> Plan:
    """The plan after a printed command: these answers, and those of its words."""
    _, name, *words = shlex.split(command)
    if name == "remove":
        return planned(want, without(state, {words[-1]}), choices)
    given: dict[str, list[str]] = {}
    while words:
        option = words.pop(0).removeprefix("--").replace("-", "_")
        given.setdefault(option, []).append("" if option.startswith("prune") else words.pop(0))
    pruned = {option: True for option in given if option.startswith("prune")}
    new = resolve(want, state, **(given | pruned))  # type: ignore[arg-type] - options of several types in one dict
    about = {conflict.index} | new.rename.keys() | new.replace.keys() | new.skip
    kept = {index: name for index, name in choices.rename.items() if index not in about}
    replaces = {index: name for index, name in choices.replace.items() if index not in about}
    answer = choices.model_copy(
        rename=kept | new.rename,
        replace=replaces | new.replace,
        skip=choices.skip - about | new.skip,
        orphans_replace=choices.orphans_replace | new.orphans_replace,
        orphans_only=choices.orphans_only | new.orphans_only,
        prune=choices.prune or new.prune,
        prune_foreign=choices.prune_foreign or new.prune_foreign,
    )
    return planned(want, state, answer)


@given(worlds())
def test_every_command_that_is_printed_leads_on(world: World) -> None:
    """Whatever it is: the conflict that it is a remedy of is not the same one afterwards."""
    want, state, choices = world
    plan = planned(want, state, choices)
    for conflict in plan.undecided:
        for command in conflict.remedies:
            if command.startswith("mlxsm pull ") or conflict.index is None:
                continue
            after = answered(want, state, choices, conflict, command)
            left = [one for one in after.undecided if one.index == conflict.index]
            assert [(one.kind, one.message, one.rivals) for one in left] != [
                (conflict.kind, conflict.message, conflict.rivals)
            ]

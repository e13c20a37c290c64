"""One test per row of the table that decides what becomes of a profile."""

from __future__ import annotations

import itertools

import pytest

from mlxsm_sync.planning.planner import apply_plan, make_plan
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired, Invalid
from mlxsm_sync.values.file_origins import Origins
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.state import State
from testing.plans import HERE, at, entry, file, profile, state


def actions(plan: Plan) -> list[tuple[str, str, str | None]]:
    return [(change.action, change.name, change.target) for change in plan.changes]


def kinds(plan: Plan) -> list[tuple[str, str, tuple[str, ...], str | None]]:
    return [(one.kind, one.name, one.choices, one.target) for one in plan.conflicts]


def settled(desired: Desired, before: State, choices: Choices) -> State:
    """The state after the plan, of which a second plan leaves nothing."""
    plan = make_plan(desired, before, choices)
    after = apply_plan(plan, before, (f"new{number:013d}" for number in itertools.count()))
    assert make_plan(desired, after, choices).changes == ()
    return after


def test_two_profiles_of_one_name_both_conflict() -> None:
    plan = make_plan(file(profile("A", 1), profile("A", 2), profile("B", 3)), state())
    assert kinds(plan) == [
        ("duplicate-name", "A", ("skip", "rename"), None),
        ("duplicate-name", "A", ("skip", "rename"), None),
    ]
    assert [one.suggested_name for one in plan.conflicts] == ["A (Imported)", "A (Imported 2)"]
    assert [one.remedies for one in plan.conflicts] == [
        ("mlxsm apply --rename '#1=A (Imported)'",),
        ("mlxsm apply --rename '#2=A (Imported 2)'",),
    ]
    assert actions(plan) == [("create", "B", None)]


def test_two_profiles_of_one_identity_both_conflict_and_no_name_helps() -> None:
    plan = make_plan(file(profile("A", 1), profile("B", 1, host="127.0.0.1")), state())
    assert kinds(plan) == [
        ("duplicate-identity", "A", ("skip",), None),
        ("duplicate-identity", "B", ("skip",), None),
    ]


def test_exact_duplicates_cannot_be_renamed_apart() -> None:
    twice = file(profile("A", 1), profile("A", 1))
    plan = make_plan(twice, state(), Choices(rename={2: None}))
    assert [(one.kind, one.choices) for one in plan.conflicts] == [("duplicate-name", ("skip",))] * 2
    assert plan.unused_choices == ('--rename "A": not possible for this conflict (duplicate-name)',)
    named = make_plan(twice, state(), Choices(rename={2: "B"}))
    assert [(one.kind, one.choices) for one in named.conflicts] == [("duplicate-identity", ("skip",))] * 2
    assert named.unused_choices == ('--rename "A": not possible for this conflict (duplicate-identity)',)


def test_a_skipped_duplicate_lets_the_other_through() -> None:
    plan = make_plan(file(profile("A", 1), profile("A", 2)), state(), Choices(skip=frozenset({2})))
    assert actions(plan) == [("create", "A", None)]
    assert [(one.index, one.decided) for one in plan.conflicts] == [(2, True)]
    assert plan.undecided == ()


def test_of_renamed_namesakes_the_one_that_is_on_the_machine_keeps_its_name() -> None:
    before = state(entry(1, None, profile("A", 1)))
    want = file(profile("A", 3), profile("A", 1))
    choices = Choices(rename={1: None, 2: None})
    plan = make_plan(want, before, choices)
    assert [(one.action, one.name, one.index) for one in plan.changes] == [
        ("create", "A (Imported 2)", 1),
        ("claim", "A", 2),
    ]
    assert (plan.conflicts, plan.unused_choices) == (
        (),
        ('--rename "A": ignored: there is no such conflict',),
    )
    assert make_plan(want, apply_plan(plan, before, itertools.repeat("n" * 16)), choices).changes == ()


def test_a_new_name_that_the_state_has_is_a_collision() -> None:
    others = state(entry(1, "me", profile("A", 9)), entry(2, None, profile("C", 8)))
    plan = make_plan(file(profile("A", 1)), others, Choices(rename={1: "C"}))
    assert kinds(plan) == [("rename-collision", "A", ("skip", "rename"), None)]
    assert plan.conflicts[0].message == 'the new name "C" is taken by an entry of this machine'


def test_a_new_name_that_the_file_has_is_a_collision_of_the_renamed_alone() -> None:
    plan = make_plan(
        file(profile("A", 1), profile("A", 2), profile("C", 3)), state(), Choices(rename={2: "C"})
    )
    assert [(one.kind, one.index) for one in plan.conflicts] == [
        ("duplicate-name", 1),
        ("rename-collision", 2),
    ]
    assert actions(plan) == [("create", "C", None)]


def test_two_renames_to_one_name_collide() -> None:
    plan = make_plan(file(profile("A", 1), profile("A", 2)), state(), Choices(rename={1: "X", 2: "X"}))
    assert [one.kind for one in plan.conflicts] == ["rename-collision"] * 2


def test_an_invalid_new_name_is_a_collision() -> None:
    plan = make_plan(file(profile("A", 1), profile("A", 2)), state(), Choices(rename={1: "#1"}))
    assert plan.conflicts[0].kind == "rename-collision"
    assert plan.conflicts[0].message.startswith("the new name must not be # with digits only")


def test_a_rename_with_a_name_of_its_own_is_done_in_any_case() -> None:
    desired = file(profile("A", 1))
    after = settled(desired, state(), Choices(rename={1: "Z"}))
    assert [(e.name, e.source) for e in after.entries] == [("Z", "A")]
    # Also of what is here already, with its id and the machine's own fields.
    own = state(entry(1, "team", profile("A", 1, notes="mine"), applied=profile("A", 1)))
    renamed = settled(desired, own, Choices(rename={1: "Z"}))
    assert [(e.id[-1], e.name, e.source, e.profile.notes) for e in renamed.entries] == [
        ("1", "Z", "A", "mine")
    ]
    again = make_plan(desired, renamed, Choices(rename={1: "Z"}))
    assert again.unused_choices == ('--rename "A": it is called "Z" here already',)
    assert make_plan(desired, renamed, Choices(rename={1: None})).unused_choices == again.unused_choices


def test_a_renamed_profile_keeps_the_entry_of_its_name_and_a_pruned_one_is_nobodys() -> None:
    before = state(
        entry(1, "team", profile("Old", 3)),
        entry(2, "team", profile("Mine", 1), applied=profile("Mine", 1), source="A"),
    )
    desired = file(profile("A", 3))
    for choices in (Choices(rename={1: "N"}, prune=True, force=True), Choices(prune=True, force=True)):
        plan = make_plan(desired, before, choices)
        name = "N" if choices.rename else "Mine"
        assert actions(plan) == [("update", name, "Mine"), ("delete", "Old", "Old")]
        assert [e.id[-1] for e in apply_plan(plan, before, ()).entries] == ["2"]


def test_of_namesakes_one_may_give_way_and_keep_its_name() -> None:
    before = state(
        entry(1, "team", profile("Mine", 1), applied=profile("Mine", 1), source="A"),
        entry(2, None, profile("A", 3)),
    )
    desired = file(profile("A", 2), profile("A", 3))
    plan = make_plan(desired, before, Choices(rename={2: None}))
    assert actions(plan) == [("update", "Mine", "Mine"), ("claim", "A", "A")]
    assert plan.unused_choices == ('--rename "A": ignored: there is no such conflict',)


def test_a_rename_can_be_changed_and_taken_back() -> None:
    before = state(
        entry(
            1,
            "team",
            profile("A (Imported)", 1, notes="mine"),
            applied=profile("A (Imported)", 1),
            source="A",
        )
    )
    desired = file(profile("A", 1))
    for name, source in (("Other", "A"), ("A", None)):
        plan = make_plan(desired, before, Choices(rename={1: name}))
        assert actions(plan) == [("update", name, "A (Imported)")]
        assert [(f.path, f.before, f.after) for f in plan.changes[0].fields] == [
            ("/name", "A (Imported)", name)
        ]
        after = settled(desired, before, Choices(rename={1: name}))
        assert [(e.id[-1], e.name, e.source, e.profile.notes) for e in after.entries] == [
            ("1", name, source, "mine")
        ]
    # A new name and a new port at once are still one update of the same entry.
    moved = settled(file(profile("A", 2)), before, Choices(rename={1: "Other"}))
    assert [(e.id[-1], e.name, e.profile.port) for e in moved.entries] == [("1", "Other", 2)]


def test_a_name_is_taken_back_only_where_it_is_free() -> None:
    renamed = entry(1, "team", profile("Mine", 1), applied=profile("Mine", 1), source="A")
    before = state(renamed, entry(2, None, profile("A", 9)))
    plan = make_plan(file(profile("A", 1)), before, Choices(rename={1: "A"}))
    assert kinds(plan) == [("rename-collision", "A", ("skip", "rename"), None)]
    assert plan.conflicts[0].remedies == (
        "mlxsm apply --rename 'A=A (Imported)'",
        "mlxsm apply",
        "mlxsm remove A",
    )
    assert [way.what for way in plan.conflicts[0].ways][1] == "keep its name"


def test_a_name_that_was_changed_on_the_machine_can_be_kept_by_a_rename() -> None:
    before = state(entry(1, "team", profile("Mine", 1), applied=profile("A", 1)))
    desired = file(profile("A", 1))
    assert [c.kind for c in make_plan(desired, before).conflicts] == ["drift"]
    after = settled(desired, before, Choices(rename={1: "Mine"}))
    assert [(e.name, e.source) for e in after.entries] == [("Mine", "A")]


def test_a_renamed_entry_that_drifted_is_in_conflict_about_that_alone() -> None:
    applied = profile("Mine", 1, notes="x")
    before = state(entry(1, "team", profile("Mine", 1, notes="here"), applied=applied, source="A"))
    (conflict,) = make_plan(file(profile("A", 1, notes="y")), before, Choices(rename={1: "A"})).conflicts
    assert (conflict.kind, conflict.message) == (
        "drift",
        "it was changed on this machine since it was applied: notes",
    )
    assert [(f.path, f.drifted) for f in conflict.fields] == [("/name", False), ("/notes", True)]


def test_a_rename_of_what_is_left_out_or_invalid_is_told() -> None:
    bad = Invalid(name="Bad", index=2, messages=("port is required",))
    document = file(profile("A", 1), owner=None).model_copy(invalid=(bad,))
    answers = Choices(rename={1: "X", 2: "Z"}, replace={2: None}, only=frozenset())
    assert make_plan(document, state(), answers).unused_choices == (
        '--rename "A": ignored: the profile was left out',
        '--rename "Bad": ignored: the profile is invalid',
        '--replace "Bad": ignored: the profile is invalid',
    )


def test_of_twins_the_way_out_is_to_skip_the_others() -> None:
    twins = file(profile("A", 1), profile("B", 1), profile("C", 1))
    conflicts = make_plan(twins, state()).conflicts
    assert [c.remedies for c in conflicts] == [
        ("mlxsm apply --skip '#2' --skip '#3'",),
        ("mlxsm apply --skip '#1' --skip '#3'",),
        ("mlxsm apply --skip '#1' --skip '#2'",),
    ]
    assert conflicts[0].message == "its model, host and port are also used by #2, #3 of the file"
    # Nothing is offered that would only lead to the next conflict.
    held = make_plan(twins, state(entry(1, "me", profile("Theirs", 1)))).conflicts
    assert [c.remedies for c in held] == [()] * 3


def test_what_is_in_the_way_and_cannot_be_replaced_can_be_removed() -> None:
    before = state(
        entry(1, None, profile("-x", 9)), entry(2, "team", profile("B", 2)), entry(3, "me", profile("T", 1))
    )
    (conflict,) = make_plan(file(profile("-x", 1)), before).conflicts
    assert (conflict.kind, conflict.remedies) == ("ambiguous-replace", ("mlxsm remove -- -x",))
    own = state(entry(1, "team", profile("A", 1)), entry(2, None, profile("B", 2)))
    assert make_plan(file(profile("A", 2)), own).conflicts[0].remedies == ("mlxsm remove B",)


def test_an_own_entry_in_anothers_way_is_told_apart_from_its_rival() -> None:
    drifted = entry(1, "team", profile("A", 1, notes="mine"), applied=profile("A", 1))
    before = state(drifted, entry(2, None, profile("B", 2)))
    (conflict,) = make_plan(file(profile("A", 2, notes="x")), before).conflicts
    assert conflict.own
    assert conflict.message.endswith("; it was also changed on this machine: notes")


def test_own_entry_with_a_rival_by_name_can_only_be_renamed_or_skipped() -> None:
    before = state(entry(1, "team", profile("A", 1)), entry(2, None, profile("B", 2)))
    desired = file(profile("B", 1))
    plan = make_plan(desired, before)
    assert kinds(plan) == [("name-taken", "B", ("skip", "rename"), None)]
    assert plan.conflicts[0].remedies == ("mlxsm apply --rename 'B=B (Imported)'", "mlxsm remove B")
    after = settled(desired, before, Choices(rename={1: "A"}))
    assert [(e.name, e.source, e.owner) for e in after.entries] == [("A", "B", "team"), ("B", None, None)]


def test_own_entry_with_a_rival_by_identity_can_only_be_skipped() -> None:
    before = state(entry(1, "team", profile("A", 1)), entry(2, None, profile("B", 2)))
    plan = make_plan(file(profile("A", 2)), before, Choices(replace={1: None}))
    assert kinds(plan) == [("identity-taken", "A", ("skip",), None)]
    assert plan.conflicts[0].rivals[0].matches == ("identity",)


def test_own_orphan_in_the_way_is_hinted_at_prune_which_clears_it() -> None:
    before = state(entry(1, "team", profile("A", 1)), entry(2, "team", profile("Old", 5)))
    moved = file(profile("A", 5))
    plan = make_plan(moved, before)
    assert [(c.kind, c.choices, c.remedies) for c in plan.conflicts] == [
        ("identity-taken", ("skip",), ("mlxsm apply --prune",))
    ]
    assert [orphan.name for orphan in plan.orphans] == ["Old"]
    pruned = make_plan(moved, before, Choices(prune=True))
    assert actions(pruned) == [("update", "A", "A"), ("delete", "Old", "Old")]


def test_a_list_that_moves_up_is_cleared_by_prune() -> None:
    before = state(*(entry(n, "team", profile(name, n)) for n, name in enumerate("ABC", start=1)))
    shifted = file(profile("A", 2), profile("B", 3))
    assert [c.remedies for c in make_plan(shifted, before).conflicts][1] == ("mlxsm apply --prune",)
    after = settled(shifted, before, Choices(prune=True))
    assert {e.name: e.profile.port for e in after.entries} == {"A": 2, "B": 3}


def test_the_name_of_a_pruned_orphan_is_free() -> None:
    before = state(entry(1, "team", profile("Old", 5)), entry(2, None, profile("A", 9)))
    choices = Choices(rename={1: "Old"}, prune=True)
    assert actions(make_plan(file(profile("A", 1)), before, choices)) == [
        ("create", "Old", None),
        ("delete", "Old", "Old"),
    ]
    kept = make_plan(file(profile("A", 1)), before, Choices(rename={1: "Old"}))
    assert kept.conflicts[0].remedies[-1] == "mlxsm apply --prune"


def test_what_file_and_machine_together_would_contradict_is_told() -> None:
    machine = entry(1, None, profile("A", 1, enableThinking=True))
    args = {"chatTemplateArgs": {"enable_thinking": False}}
    plan = make_plan(
        file(profile("A", 1, advancedLaunchOptions=args)), state(machine), Choices(replace={1: None})
    )
    assert plan.warnings[-1].message == (
        "with this machine's own fields, enableThinking contradicts chatTemplateArgs"
    )


def test_answers_about_orphans_that_change_nothing_are_told() -> None:
    before = state(entry(1, "team", profile("B", 2)))
    orphan = frozenset({"B"})
    for choices in (Choices(orphans_skip=orphan), Choices(only=frozenset(), orphans_only=orphan)):
        assert (
            "without --prune it stays anyway"
            in make_plan(file(profile("A", 1)), before, choices).unused_choices[0]
        )
    replaced = make_plan(file(profile("A", 1)), before, Choices(orphans_replace=orphan))
    assert replaced.unused_choices == ('--replace "B": the file no longer lists it; --prune deletes it',)
    skipped = make_plan(file(profile("A", 1)), before, Choices(orphans_skip=orphan, prune=True))
    assert skipped.unused_choices == ()


def test_a_name_with_an_equals_sign_is_told_by_its_number() -> None:
    plan = make_plan(file(profile("a=b", 1)), state(entry(1, None, profile("a=b", 9))))
    assert plan.conflicts[0].remedies == (
        "mlxsm apply --rename '#1=a=b (Imported)'",
        "mlxsm apply --replace '#1'",
    )


def test_own_entry_changed_on_the_machine_is_drift() -> None:
    before = state(entry(1, "team", profile("A", 1, notes="mine"), applied=profile("A", 1, notes="old")))
    desired = file(profile("A", 1, notes="new"))
    plan = make_plan(desired, before)
    assert kinds(plan) == [("drift", "A", ("skip", "replace"), "A")]
    assert [(f.path, f.before, f.after) for f in plan.conflicts[0].fields] == [("/notes", "mine", "new")]
    after = settled(desired, before, Choices(replace={1: None}))
    assert after.entries[0].profile.notes == "new"
    pinned_elsewhere = make_plan(desired, before, Choices(replace={1: "B"}))
    assert pinned_elsewhere.changes == ()
    assert pinned_elsewhere.unused_choices == ('--replace "A": "B" is not what it clashes with',)


def test_a_name_changed_on_the_machine_is_drift_but_not_where_the_name_is_the_machines() -> None:
    renamed = entry(1, "team", profile("Mine", 1), applied=profile("A", 1))
    assert [one.kind for one in make_plan(file(profile("A", 1)), state(renamed)).conflicts] == ["drift"]
    sourced = entry(1, "team", profile("Mine", 1), applied=profile("A (Imported)", 1), source="A")
    assert actions(make_plan(file(profile("A", 1)), state(sourced))) == [("claim", "Mine", "Mine")]


def test_own_entry_that_differs_is_updated_field_by_field() -> None:
    options = {"advancedLaunchOptions": {"defaultTopP": 0.5, "rawExtraArgs": ["-a", "-b"]}}
    newer = {"advancedLaunchOptions": {"defaultTopP": 0.9, "rawExtraArgs": ["-a", "-x", "-b"]}}
    plan = make_plan(file(profile("A", 1, **newer)), state(entry(1, "team", profile("A", 1, **options))))
    assert actions(plan) == [("update", "A", "A")]
    assert [(f.path, f.before, f.after) for f in plan.changes[0].fields] == [
        ("/advancedLaunchOptions/defaultTopP", 0.5, 0.9),
        ("/advancedLaunchOptions/rawExtraArgs/1", None, "-x"),
    ]


def test_a_field_no_longer_declared_is_unset_and_the_machines_own_are_kept() -> None:
    applied = profile("A", 1, enableThinking=True)
    before = state(entry(1, "team", applied | {"notes": "mine"}, applied=applied))
    after = settled(file(profile("A", 1)), before, Choices())
    assert after.entries[0].profile.enable_thinking is None
    assert after.entries[0].profile.notes == "mine"


def test_a_move_is_an_update_of_the_name() -> None:
    plan = make_plan(file(profile("B", 1)), state(entry(1, "team", profile("A", 1))))
    assert actions(plan) == [("update", "B", "A")]
    assert [field.path for field in plan.changes[0].fields] == ["/name"]


def test_names_can_be_swapped_and_endpoints_can_go_round() -> None:
    before = state(*(entry(n, "team", profile(name, n)) for n, name in enumerate("ABC", start=1)))
    swapped = file(*(profile(name, n) for n, name in enumerate("BCA", start=1)))
    after = settled(swapped, before, Choices())
    assert {e.name: e.profile.port for e in after.entries} == {"B": 1, "C": 2, "A": 3}


def test_a_skipped_profile_keeps_its_place_and_blocks_who_wanted_it() -> None:
    before = state(entry(1, "team", profile("A", 1)), entry(2, "team", profile("B", 2)))
    chain = file(profile("A", 2, modelID="m/2"), profile("B", 3))
    assert [a for a, *_ in actions(make_plan(chain, before))] == ["update", "update"]
    plan = make_plan(chain, before, Choices(skip=frozenset({2})))
    assert kinds(plan) == [("identity-taken", "A", ("skip",), None)]


def test_own_entry_equal_but_for_bookkeeping_is_claimed() -> None:
    before = state(entry(1, "team", profile("A", 1, notes="x"), applied=profile("A", 1)))
    plan = make_plan(file(profile("A", 1, notes="x")), before)
    assert actions(plan) == [("claim", "A", "A")]
    assert plan.changes[0].fields == ()


def test_own_entry_that_is_equal_is_unchanged_by_value() -> None:
    options = {"advancedLaunchOptions": {"defaultTopP": 1, "chatTemplateArgs": {"n": 1.0}}}
    same_values = {"advancedLaunchOptions": {"defaultTopP": 1.0, "chatTemplateArgs": {"n": 1}}}
    plan = make_plan(
        file(profile("A", 1, **same_values)), state(entry(1, "team", profile("A", 1, **options)))
    )
    assert (plan.changes, plan.conflicts, plan.unchanged) == ((), (), ("A",))
    other = {"advancedLaunchOptions": {"defaultTopP": 1, "chatTemplateArgs": {"n": True}}}
    assert make_plan(
        file(profile("A", 1, **other)), state(entry(1, "team", profile("A", 1, **options)))
    ).changes


def test_without_a_rival_it_is_created() -> None:
    plan = make_plan(file(profile("A", 1)), state(entry(1, None, profile("B", 2))))
    assert actions(plan) == [("create", "A", None)]
    assert (plan.changes[0].owner_before, plan.changes[0].owner_after) == (None, "team")


def test_several_rivals_are_never_replaced() -> None:
    before = state(entry(1, None, profile("A", 9)), entry(2, "me", profile("B", 1)))
    plan = make_plan(file(profile("A", 1)), before, Choices(replace={1: None}))
    assert kinds(plan) == [("ambiguous-replace", "A", ("skip",), None)]
    assert [(r.name, r.owner, r.matches) for r in plan.conflicts[0].rivals] == [
        ("A", None, ("name",)),
        ("B", "me", ("identity",)),
    ]


def test_pinned_replaces_that_clear_the_way_for_each_other_are_no_ambiguity() -> None:
    before = state(entry(1, None, profile("A", 1)), entry(2, None, profile("B", 2)))
    desired = file(profile("A", 2), profile("B", 1))
    assert [one.kind for one in make_plan(desired, before).conflicts] == ["ambiguous-replace"] * 2
    after = settled(desired, before, Choices(replace={1: "A", 2: "B"}))
    assert [(e.id[-1], e.name, e.profile.port) for e in after.entries] == [("1", "A", 2), ("2", "B", 1)]


def test_an_equal_entry_of_nobody_is_claimed() -> None:
    before = state(entry(1, None, profile("A", 1, notes="mine")))
    plan = make_plan(file(profile("A", 1)), before)
    assert actions(plan) == [("claim", "A", "A")]
    assert (plan.changes[0].owner_before, plan.changes[0].owner_after) == (None, "team")


def test_for_a_document_an_equal_entry_is_unchanged() -> None:
    before = state(entry(1, None, profile("A", 1)), entry(2, "team", profile("B", 2)))
    plan = make_plan(file(profile("A", 1), profile("B", 2), owner=None), before)
    assert (plan.changes, plan.conflicts, plan.unchanged) == ((), (), ("A", "B"))


def test_an_equal_entry_of_another_owner_is_left_to_it() -> None:
    before = state(entry(1, "me", profile("A", 1)), entry(2, "me", profile("B (Imported)", 2), source="B"))
    plan = make_plan(file(profile("A", 1), profile("B", 2)), before)
    assert (plan.changes, plan.conflicts, plan.unchanged) == ((), (), ("A", "B"))
    assert plan.warnings[0].message == (
        'held by "me", and already as this file wants it: left alone; '
        "mlxsm apply --take-from me takes it over"
    )


def test_what_another_owner_drifted_from_is_not_offered_to_be_taken() -> None:
    applied = profile("A (Imported)", 1, notes="then")
    theirs = entry(1, "me", profile("A (Imported)", 1, notes="now"), source="A", applied=applied)
    (warned,) = make_plan(file(profile("A", 1)), state(theirs)).warnings
    assert warned.message == 'held by "me", and already as this file wants it: left alone'


def test_a_rival_by_name_can_be_renamed_or_replaced() -> None:
    before = state(entry(1, None, profile("A", 9, notes="mine")))
    desired = file(profile("A", 1))
    conflict = make_plan(desired, before).conflicts[0]
    assert (conflict.kind, conflict.choices) == ("name-taken", ("skip", "rename", "replace"))
    assert (conflict.target, conflict.suggested_name) == ("A", "A (Imported)")
    assert conflict.remedies == ("mlxsm apply --rename 'A=A (Imported)'", "mlxsm apply --replace A")
    assert conflict.after is not None
    assert conflict.after.notes == "mine"
    renamed = settled(desired, before, Choices(rename={1: None}))
    assert [(e.name, e.source) for e in renamed.entries] == [("A", None), ("A (Imported)", "A")]
    replaced = settled(desired, before, Choices(replace={1: "A"}))
    assert [(e.id, e.owner, e.profile.notes) for e in replaced.entries] == [("0" * 15 + "1", "team", "mine")]


def test_a_rival_by_identity_can_only_be_replaced() -> None:
    before = state(entry(1, "me", profile("B", 1)))
    desired = file(profile("A", 1))
    assert kinds(make_plan(desired, before)) == [("identity-taken", "A", ("skip", "replace"), "B")]
    after = settled(desired, before, Choices(replace={1: None}))
    assert [(e.name, e.owner) for e in after.entries] == [("A", "team")]


def test_the_case_of_a_host_is_no_difference() -> None:
    before = state(entry(1, None, profile("B", 1, host="LOCALHOST")))
    assert make_plan(file(profile("A", 1, host="localhost")), before).conflicts[0].kind == "identity-taken"


def test_two_replaces_of_one_target_both_conflict() -> None:
    before = state(entry(1, None, profile("A", 2)))
    plan = make_plan(file(profile("A", 1), profile("B", 2)), before, Choices(replace={1: None, 2: None}))
    assert kinds(plan) == [
        ("duplicate-replace", "A", ("skip", "rename"), None),
        ("duplicate-replace", "B", ("skip",), None),
    ]


def test_an_imports_replace_leaves_the_owner_who_sees_drift() -> None:
    before = state(entry(1, "team", profile("A", 1, notes="x")))
    after = settled(file(profile("A", 1, notes="y"), owner=None), before, Choices(replace={1: None}))
    assert (after.entries[0].owner, after.entries[0].profile.notes) == ("team", "y")
    assert [c.kind for c in make_plan(file(profile("A", 1, notes="x")), after).conflicts] == ["drift"]


def test_orphans_are_kept_unless_pruned() -> None:
    before = state(
        entry(1, "team", profile("A", 1)), entry(2, "team", profile("B", 2)), entry(3, "me", profile("C", 3))
    )
    plan = make_plan(file(profile("A", 1)), before)
    assert [(o.name, o.from_, o.drifted) for o in plan.orphans] == [("B", HERE, False)]
    pruned = make_plan(file(profile("A", 1)), before, Choices(prune=True))
    assert actions(pruned) == [("delete", "B", "B")]
    assert pruned.orphans == ()


def test_orphans_of_another_file_need_a_word_of_their_own() -> None:
    before = state(
        entry(1, "team", profile("B", 2), from_="/other/profiles.yaml"),
        entry(2, "team", profile("C", 3), from_=None),
    )
    desired = file(profile("A", 1))
    assert [a for a, *_ in actions(make_plan(desired, before, Choices(prune=True)))] == ["create"]
    foreign = make_plan(desired, before, Choices(prune=True, prune_foreign=True))
    assert [a for a, *_ in actions(foreign)] == ["create", "delete", "delete"]


THERE = "/other/profiles.yaml"


def test_what_another_file_applied_is_not_overwritten() -> None:
    before = state(entry(1, "team", profile("A", 1), from_=THERE))
    desired = file(profile("A", 2))
    plan = make_plan(desired, before)
    assert kinds(plan) == [("other-file", "A", ("skip", "replace"), "A")]
    (conflict,) = plan.conflicts
    assert THERE in conflict.message
    assert "a collection of its own" in conflict.message
    assert conflict.remedies == ("mlxsm apply --replace A",)
    assert [(f.path, f.before, f.after) for f in conflict.fields][-1] == ("/port", 1, 2)
    after = settled(desired, before, Choices(replace={1: None}))
    assert [(e.id[-1], e.profile.port, e.from_) for e in after.entries] == [("1", 2, HERE)]
    # Now it is the other file that would change it.
    assert [c.kind for c in make_plan(at(THERE, profile("A", 1)), after).conflicts] == ["other-file"]


def test_what_another_file_applied_alike_is_left_as_it_is() -> None:
    declared = profile("A", 1)
    for before in (
        entry(1, "team", declared, from_=THERE),
        entry(1, "team", declared | {"notes": "x"}, applied=declared, from_=THERE),
        entry(1, "team", declared, applied=profile("A", 9), from_=THERE),
    ):
        plan = make_plan(file(declared), state(before))
        assert (plan.changes, plan.conflicts, plan.unchanged) == ((), (), ("A",))


def test_drift_comes_before_the_other_file() -> None:
    before = state(entry(1, "team", profile("A", 1, notes="mine"), applied=profile("A", 1), from_=THERE))
    assert [c.kind for c in make_plan(file(profile("A", 1, notes="x")), before).conflicts] == ["drift"]


def test_a_move_of_what_another_file_applied_is_a_conflict_too() -> None:
    before = state(entry(1, "team", profile("A", 1), from_=THERE))
    plan = make_plan(file(profile("B", 1)), before)
    assert kinds(plan) == [("other-file", "B", ("skip", "replace"), "A")]


@pytest.mark.parametrize("known", [{"gone": frozenset({THERE})}, {"aliases": frozenset({THERE})}])
def test_a_file_that_was_moved_is_the_same_file(known: dict[str, frozenset[str]]) -> None:
    origins = Origins(HERE, **known)
    before = state(
        entry(1, "team", profile("A", 1), from_=THERE), entry(2, "team", profile("B", 2), from_=THERE)
    )
    same = make_plan(file(profile("A", 1), profile("B", 2)), before, origins=origins)
    assert [(c.action, c.name, c.fields) for c in same.changes] == [("claim", "A", ()), ("claim", "B", ())]
    assert (same.counted, same.summary.claim) == ((), 2)
    after = apply_plan(same, before, ())
    assert {e.from_ for e in after.entries} == {HERE}
    assert make_plan(file(profile("A", 1), profile("B", 2)), after).changes == ()
    # The path is no effect: the digest is that of the plan where nothing is left to do.
    assert same.digest == make_plan(file(profile("A", 1), profile("B", 2)), after).digest
    newer = make_plan(file(profile("A", 7)), before, Choices(prune=True), origins=origins)
    assert actions(newer) == [("update", "A", "A"), ("delete", "B", "B")]


def test_a_change_that_only_json_tells_is_no_renewal_of_a_path() -> None:
    """Python takes `True` for `1`."""
    from mlxsm_sync.planning.changes import between

    was = profile("A", 1, advancedLaunchOptions={"chatTemplateArgs": {"a": 1}})
    now = profile("A", 1, advancedLaunchOptions={"chatTemplateArgs": {"a": True}})
    origins = Origins(HERE, gone=frozenset({THERE}))
    moved = state(entry(1, "team", was, from_=THERE))
    plan = make_plan(file(now), moved, origins=origins)
    assert [(c.action, c.moved_from) for c in plan.counted] == [("update", None)]
    claimed = state(entry(1, "team", now, applied=was, from_=THERE))
    assert [c.action for c in make_plan(file(now), claimed, origins=origins).counted] == ["claim"]
    assert actions(between(state(entry(1, "team", was)), state(entry(1, "team", now)))) == [
        ("update", "A", "A")
    ]


def test_what_came_from_nowhere_that_can_be_named_is_no_other_file() -> None:
    before = state(entry(1, "team", profile("A", 1), from_=None))
    assert actions(make_plan(file(profile("A", 2)), before)) == [("update", "A", "A")]
    assert make_plan(file(profile("A", 1)), before).changes == ()


def test_standard_input_cannot_be_shown_to_be_the_file() -> None:
    before = state(entry(1, "team", profile("A", 1)), entry(2, "team", profile("B", 2), from_="/gone"))
    origins = Origins(None, gone=frozenset({"/gone"}))
    plan = make_plan(at(None, profile("A", 7)), before, Choices(prune=True), origins=origins)
    assert [c.kind for c in plan.conflicts] == ["other-file"]
    assert [(o.name, o.foreign, o.came) for o in plan.orphans] == [("B", True, "/gone (gone)")]
    replaced = make_plan(at(None, profile("B", 3)), before, origins=origins)
    assert actions(replaced) == [("update", "B", "B")]


def test_orphans_in_the_way_are_told_the_command_that_deletes_them() -> None:
    wanted = file(profile("A", 5))
    here, there = entry(1, "team", profile("A", 1)), entry(2, "team", profile("Old", 5), from_=THERE)
    assert make_plan(wanted, state(here, there)).conflicts[0].remedies == ("mlxsm apply --prune-foreign",)
    mine = there.model_copy(from_=HERE)
    assert make_plan(wanted, state(here, mine)).conflicts[0].remedies == ("mlxsm apply --prune",)
    # Where a prune alone would not delete it, it is taken out by name.
    drifted = mine.model_copy(applied=profile("Old", 5, notes="x"))
    for entries, choices in (
        (state(here, drifted), Choices()),
        (state(here, mine), Choices(only=frozenset({1}))),
        (state(here, mine), Choices(orphans_skip=frozenset({"Old"}))),
    ):
        assert make_plan(wanted, entries, choices).conflicts[0].remedies == ("mlxsm remove Old",)


def test_a_drifted_orphan_is_deleted_only_when_named() -> None:
    drifted = entry(1, "team", profile("B", 2, notes="mine"), applied=profile("B", 2))
    changed = entry(2, "team", profile("C", 3), applied=profile("C", 4))
    plan = make_plan(file(profile("A", 1)), state(drifted, changed), Choices(prune=True))
    assert [(c.kind, c.name, c.index, c.choices) for c in plan.conflicts] == [
        ("drift", "C", None, ("skip", "replace"))
    ]
    named = make_plan(
        file(profile("A", 1)), state(changed), Choices(prune=True, orphans_replace=frozenset({"C"}))
    )
    assert [a for a, *_ in actions(named)] == ["create", "delete"]


def test_only_limits_profiles_and_prune_alike() -> None:
    before = state(entry(1, "team", profile("B", 2)), entry(2, "team", profile("C", 3)))
    desired = file(profile("A", 1), profile("D", 4))
    only = Choices(only=frozenset({1}), orphans_only=frozenset({"C"}), prune=True)
    plan = make_plan(desired, before, only)
    assert actions(plan) == [("create", "A", None), ("delete", "C", "C")]
    assert [(s.name, s.reason) for s in plan.skipped] == [("D", "not selected")]


def test_a_collection_can_be_renamed_by_taking_from_the_old_one() -> None:
    kept = entry(1, "old", profile("A", 1))
    drifted = entry(2, "old", profile("B", 2, notes="mine"), applied=profile("B", 2, notes="x"))
    same_anyway = entry(3, "old", profile("C", 3, notes="z"), applied=profile("C", 3, notes="x"))
    desired = file(profile("A", 1), profile("B", 2, notes="x"), profile("C", 3, notes="z"))
    plan = make_plan(desired, state(kept, drifted, same_anyway), Choices(take_from=frozenset({"old"})))
    assert actions(plan) == [("replace", "A", "A"), ("replace", "C", "C")]
    assert [(c.kind, c.name) for c in plan.conflicts] == [("identity-taken", "B")]
    gone = make_plan(desired, state(), Choices(take_from=frozenset({"old"})))
    assert gone.unused_choices == ('--take-from "old": ignored: nothing of it clashes',)


def test_deleting_much_needs_force() -> None:
    before = state(*(entry(n, "team", profile(f"P{n}", n)) for n in range(1, 11)))
    most = file(*(profile(f"P{n}", n) for n in range(1, 8)))
    assert make_plan(most, before, Choices(prune=True)).guard is None
    fewer = file(*(profile(f"P{n}", n) for n in range(1, 7)))
    guard = make_plan(fewer, before, Choices(prune=True)).guard
    assert guard is not None
    assert guard.message == "4 of the 10 entries of team would be deleted, more than 30 %"
    assert make_plan(fewer, before, Choices(prune=True, force=True)).guard is None


def test_emptying_the_file_needs_force() -> None:
    before = state(entry(1, "team", profile("A", 1)))
    guard = make_plan(file(), before, Choices(prune=True)).guard
    assert guard is not None
    assert guard.message == "the file is empty, and the only entry of team would be deleted"
    # One that stays, since it was changed here, does not let the others go.
    drifted = entry(3, "team", profile("C", 9), applied=profile("C", 3))
    more = state(*before.entries, entry(2, "team", profile("B", 2)), drifted)
    guard = make_plan(file(), more, Choices(prune=True)).guard
    assert guard is not None
    assert guard.message == "the file is empty, and 2 of the 3 entries of team would be deleted"


def test_answers_that_are_not_needed_are_told() -> None:
    plan = make_plan(
        file(profile("A", 1), profile("B", 2)), state(), Choices(rename={1: None}, replace={2: None})
    )
    assert plan.unused_choices == (
        '--rename "A": ignored: there is no such conflict',
        '--replace "B": ignored: there is no such conflict',
    )
    assert [a for a, *_ in actions(plan)] == ["create", "create"]


def test_suggestions_run_out_after_999() -> None:
    taken = ["A (Imported)", *(f"A (Imported {n})" for n in range(2, 1000))]
    before = state(
        entry(1, None, profile("A", 1)),
        *(entry(n, None, profile(name, n)) for n, name in enumerate(taken, start=2)),
    )
    desired = file(profile("A", 5000))
    conflict = make_plan(desired, before).conflicts[0]
    assert conflict.suggested_name is None
    assert conflict.remedies[0] == "mlxsm apply --rename 'A=NEW NAME'"
    collision = make_plan(desired, before, Choices(rename={1: None})).conflicts[0]
    assert collision.message == "all 999 suggested names are taken"


def test_a_suggestion_is_no_longer_than_a_name_may_be() -> None:
    name = "x" * 120
    conflict = make_plan(file(profile(name, 1)), state(entry(1, None, profile(name, 9)))).conflicts[0]
    assert conflict.suggested_name == "x" * 109 + " (Imported)"


def test_a_profile_in_conflict_keeps_its_entry_from_being_replaced() -> None:
    before = state(
        entry(1, "team", profile("A", 1, notes="mine"), applied=profile("A", 1, notes="x")),
    )
    plan = make_plan(file(profile("A", 1, notes="y"), profile("B", 5)), before, Choices(replace={2: "A"}))
    assert [c.kind for c in plan.conflicts] == ["drift"]


def test_whole_machine_warnings() -> None:
    before = state(entry(1, None, profile("other", 1, modelID="m/x", host="localhost")))
    plan = make_plan(file(profile("A", 1), profile("a", 2, modelID="/local", host="0.0.0.0")), before)
    assert [(w.name, w.message) for w in plan.warnings] == [
        ("a", "its host is not a loopback address: the server has no authentication"),
        ("a", "its modelID is a local path: it will not exist on another machine"),
        ("A", 'it shares its port with "other": only one of them can be up'),
        ("A", 'its name is easily confused with "a"'),
        ("a", 'its name is easily confused with "A"'),
    ]


def test_what_leads_from_one_state_to_another_is_a_plan() -> None:
    from mlxsm_sync.planning.changes import between, restored, without

    before = state(entry(1, "team", profile("A", 1)), entry(2, None, profile("B", 2)))
    after = without(before, {"A"})
    assert actions(between(before, after)) == [("delete", "A", "A")]
    assert after.serial == before.serial + 1
    again = restored(before, after)
    assert [(a, n) for a, n, _ in actions(between(after, again))] == [("create", "A")]
    claimed = state(entry(1, "other", profile("A", 1)), entry(2, None, profile("B", 3)))
    assert [a for a, *_ in actions(between(before, claimed))] == ["claim", "update"]


def test_a_plan_made_against_no_state_is_bound_to_none() -> None:
    from mlxsm_sync.planning.digest import done, unbound_digest

    early = make_plan(file(profile("A", 1)), State(lineage=None))
    later = make_plan(file(profile("A", 1)), state())
    assert early.digest != later.digest
    assert unbound_digest(later) == early.digest
    assert done(later.summary) == "1 created"


def test_a_way_out_continues_the_answers_so_far() -> None:
    from mlxsm_sync.planning.selectors import resolve

    before = state(entry(1, None, profile("B", 1)), entry(2, None, profile("C", 9)))
    desired = file(profile("A", 1), profile("A", 2), profile("C", 3))
    choices = resolve(desired, before, rename=["#1=X"], skip=["C"], take_from=["me"], prune=True)
    plan = make_plan(desired, before, choices)
    assert [c.remedies for c in plan.undecided] == [("mlxsm remove B",)]
    other = make_plan(
        desired, before, resolve(desired, before, rename=["#2=X"], skip=["C"], take_from=["me"])
    )
    assert [c.remedies for c in other.undecided] == [
        ("mlxsm apply --rename '#2=X' --skip C --take-from me --replace '#1'",)
    ]


def test_a_suggestion_is_not_what_somebody_chose_for_another_profile() -> None:
    desired = file(profile("A", 1), profile("A", 2), profile("A", 3))
    offered = {c.index: c.suggested_name for c in make_plan(desired, state()).conflicts}
    assert offered == {1: "A (Imported)", 2: "A (Imported 2)", 3: "A (Imported 3)"}
    own = make_plan(desired, state(), Choices(rename={1: "A (Imported)"}))
    assert {c.index: c.suggested_name for c in own.conflicts} == {2: "A (Imported 2)", 3: "A (Imported 3)"}
    others = make_plan(desired, state(), Choices(rename={3: "A (Imported)"}))
    assert {c.index: c.suggested_name for c in others.conflicts} == {1: "A (Imported 2)", 2: "A (Imported 3)"}


def test_a_rename_of_a_document_is_known_by_its_result() -> None:
    incoming = profile("A", 1)
    before = state(entry(1, None, profile("A", 9)))
    for name, given in (("A (Imported)", None), ("B", "B")):
        choices = Choices(rename={1: given})
        plan = make_plan(file(incoming, owner=None), before, choices)
        assert actions(plan) == [("create", name, None)]
        after = apply_plan(plan, before, (f"new{number:013d}" for number in itertools.count()))
        again = make_plan(file(incoming, owner=None), after, choices)
        assert (again.changes, again.conflicts, again.unchanged) == ((), (), ("A",))
        assert again.unused_choices == (f'--rename "A": it is called "{name}" here already',)
        left_out = make_plan(file(incoming, owner=None), after, choices.model_copy(skip=frozenset({1})))
        assert (left_out.changes, left_out.unchanged) == ((), ())
    # Another name, or another profile under the name, is a new question.
    newer = profile("A", 1, notes="new")
    for data, given, kind in ((incoming, "C", "identity-taken"), (newer, "B", "rename-collision")):
        (conflict,) = make_plan(file(data, owner=None), after, Choices(rename={1: given})).conflicts
        assert (conflict.kind, conflict.remedies[-1]) == (kind, "mlxsm remove B")

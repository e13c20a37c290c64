"""A plan as Markdown: one table in which text of others is only text, and never more than may be taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.planning.drift_only import only_drift
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Invalid
from mlxsm_sync.values.machines import Machine
from mlxsm_sync.values.plan import FieldChange, Orphan, Plan, Rival, Way
from mlxsm_sync.views.markdown import plan_markdown
from mlxsm_sync.views.plan import drift_headline
from mlxsm_sync.views.style import LEAST_BYTES, MOST_BYTES
from testing import plans
from testing.markdown import HOSTILE, Read, read
from testing.strategies import origins, worlds

PORT = "/port"


def rows(found: Read) -> dict[str, tuple[str, str]]:
    """Sign and text by the name."""
    (table,) = found.tables
    assert table[0] == ["", "Profile", "What"]
    return {name: (sign, what) for sign, name, what in table[1:]}


def world(choices: Choices | None = None) -> Plan:
    """One of everything that a plan of a file can hold."""
    kept, old, claimed = plans.profile("Kept", 1), plans.profile("Old", 2), plans.profile("Claimed", 3)
    drifted, taken, other = plans.profile("Drifted", 4), plans.profile("Taken", 5), plans.profile("Other", 6)
    state = plans.state(
        plans.entry(1, "team", kept),
        plans.entry(2, "team", old),
        plans.entry(3, None, claimed),
        plans.entry(4, "team", drifted | {"notes": "here"}, applied=drifted | {"notes": "old"}),
        plans.entry(5, "mine", taken),
        plans.entry(6, "mine", other),
        plans.entry(7, "team", plans.profile("here", 7), source="there"),
    )
    file = plans.file(
        kept | {"port": 21362, "modelID": "m/1"},
        plans.profile("New", 9, notes="a\nb", advancedLaunchOptions={"defaultTopP": 0.5}),
        claimed,
        drifted | {"notes": "new"},
        taken | {"port": 55},
        other | {"port": 66},
        plans.profile("Twin", 8),
        plans.profile("Twin 2", 8),
        plans.profile("there", 7, notes="x"),
    )
    return make_plan(file, state, choices)


def test_every_field_is_told_before_and_after_in_the_words_of_the_file() -> None:
    plan = world(Choices(replace={6: None}, skip=frozenset({5})))
    found = read(plan_markdown(plan))
    assert found.headings == [
        "Plan: 1 to create, 2 to update, 1 to replace, 1 to claim, 4 conflicts, 1 orphan"
    ]
    assert rows(found) == {
        "Kept": ("~", "update: port 1 -> 21362"),
        "New": ("+", "create: m/9 at 127.0.0.1:9, notes a\\u{a}b, defaultTopP 0.5"),
        "Claimed": ("=", "claim: now owner team"),
        "Other": ("±", "replace Other (owner mine): port 6 -> 66"),
        "here": ("~", "update (there in the file): notes (unset) -> x"),
        "Drifted": (
            "!",
            "conflict: it was changed on this machine; its own entry would change: notes here -> new (changed on this machine)",
        ),
        "Taken": (
            "!",
            "conflict: its name is taken; in its way: Taken (owner mine); a replace of Taken would change: port 5 -> 55; skipped, as you chose",
        ),
        "Twin": ("!", "conflict: the file has its model, host and port twice (profile #7)"),
        "Twin 2": ("!", "conflict: the file has its model, host and port twice (profile #8)"),
        "Old": ("?", "no longer in the file: stays, unless pruned"),
    }
    assert found.marker == {"collection": "team", "machine": None, "digest": plan.digest}
    assert "--expect-input sha256:" in found.text
    assert found.folded[0].startswith("Plan: 1 to create")


def test_in_short_there_are_no_fields_and_no_details() -> None:
    found = read(plan_markdown(world(), brief=True))
    assert found.folded == []
    told = rows(found)
    assert told["Kept"] == ("~", "update, 1 field")
    assert told["New"] == ("+", "create")
    assert told["Taken"] == ("!", "conflict, its name is taken")


def test_of_drift_there_is_nothing_to_apply() -> None:
    plan = only_drift(world())
    plan = plan.model_copy(machine=Machine(name="mini-*", from_="flag"))
    found = read(plan_markdown(plan, head=drift_headline(plan)))
    assert found.headings == ["Drift: 1 profile was changed on this machine, on mini-*"]
    assert list(rows(found)) == ["Drifted"]
    assert found.text == ""
    assert found.folded[0].startswith("Drift: 1 profile was changed on this machine\n")
    assert found.marker["machine"] == "mini-*"


def test_what_owners_become_is_told() -> None:
    mine, same = plans.profile("Mine", 1), plans.profile("Same", 2)
    state = plans.state(
        plans.entry(1, "old", mine),
        plans.entry(2, "team", same, applied=same | {"notes": "gone"}),
        plans.entry(3, "team", plans.profile("Gone", 3)),
    )
    choices = Choices(take_from=frozenset({"old"}), prune=True, force=True)
    told = rows(read(plan_markdown(make_plan(plans.file(mine, same), state, choices))))
    assert told["Mine"] == ("±", "replace Mine (owner old)")
    assert told["Same"] == ("=", "claim: what was applied is recorded")
    assert told["Gone"] == ("-", "delete (owner team)")


@pytest.mark.parametrize(
    ("after", "told"), [("@new", "update: owner old -> @new"), (None, "update: owner old -> nobody")]
)
def test_an_update_by_another_owner_says_so(after: str | None, told: str) -> None:
    """Only a rollback has one; what prints plans prints those as well."""
    kept = plans.profile("Kept", 1)
    whole = make_plan(plans.file(kept | {"notes": "x"}), plans.state(plans.entry(1, "team", kept)))
    (change,) = whole.changes
    plan = whole.model_copy(
        changes=(change.model_copy(owner_before="old", owner_after=after, fields=()),), input=None
    )
    found = read(plan_markdown(plan))
    assert rows(found)["Kept"] == ("~", told)
    assert found.text == ""


def test_a_drifted_orphan_and_one_of_another_file() -> None:
    gone = plans.profile("Gone", 1)
    state = plans.state(
        plans.entry(1, "team", gone | {"port": 9}, applied=gone),
        plans.entry(2, "team", plans.profile("Far", 2), from_="/other.yaml"),
    )
    plan = make_plan(plans.file(plans.profile("New", 3)), state, Choices(prune=True))
    (table,) = read(plan_markdown(plan)).tables
    assert ["!", "Gone", "conflict: it was changed on this machine; changed here: port"] in table
    assert ["?", "Gone", "no longer in the file: stays, unless pruned, changed on this machine"] in table
    assert ["?", "Far", "no longer in the file: stays, it came from another file"] in table


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_text(name: str) -> None:
    old = plans.profile("Kept", 2, notes="a\nb")
    state = plans.state(plans.entry(1, "team", old), plans.entry(2, name, plans.profile("Taken", 3)))
    new = plans.profile("x", 1)
    plan = make_plan(plans.file(new, old | {"notes": name}, plans.profile("Taken", 4)), state)
    (created, *others) = plan.changes
    hostile = plan.model_copy(changes=(created.model_copy(name=name), *others), owner=name)
    found, shown = read(plan_markdown(hostile)), visible(name)
    table = rows(found)
    assert table[shown][1] == "create (x in the file): m/1 at 127.0.0.1:1"
    assert table["Kept"][1] == f"update: notes a\\u{{a}}b -> {shown}"
    assert f"in its way: Taken (owner {shown})" in table["Taken"][1]
    assert len(table) == 3
    assert found.marker["collection"] == name


def test_a_secret_is_hidden_before_it_is_dressed() -> None:
    plan = world()
    told = plan_markdown(plan, shown=lambda text: text.replace("Old", "(hidden)"))
    assert "Old" not in told
    assert "| `?` | `(hidden)` |" in told


def many(count: int, change: Callable[[int], dict[str, Any]]) -> Plan:
    before = [plans.profile(f"Profile {number}", 1000 + number) for number in range(count)]
    state = plans.state(*(plans.entry(number, "team", one) for number, one in enumerate(before)))
    return make_plan(plans.file(*(one | change(number) for number, one in enumerate(before))), state)


def test_nine_hundred_profiles_fit_into_a_comment() -> None:
    text = plan_markdown(many(900, lambda number: {"port": 30000 + number, "notes": "é" * 30}))
    assert MOST_BYTES - 200 < len(text.encode()) <= MOST_BYTES
    found = read(text)
    shown = len(rows(found))
    assert 300 < shown < 900
    assert found.text == f"… and {900 - shown} more\nThe details are left out."
    whole = read(plan_markdown(many(900, lambda number: {"port": 30000 + number})))
    assert len(rows(whole)) == 900
    assert "more lines" in whole.text


texts = st.sampled_from(HOSTILE) | st.text(
    st.sampled_from("`|\\~<>@#:-![](){}*_$ \na1\u202eé😀"), min_size=1, max_size=120
)


@st.composite
def any_plans(draw: Callable[..., Any]) -> Plan:
    """A plan of a random world, with hostile text wherever others write text, and much of it."""
    want, state, choices = draw(worlds())
    plan = make_plan(want, state, choices, origins=origins(want))
    name, more = draw(texts), draw(st.lists(texts, min_size=1, max_size=5))
    fields = tuple(FieldChange(path=f"{PORT}/{one}", before=one, after=name, drifted=True) for one in more)
    rival = Rival(name=name, owner=more[0], model_id=name * 3, host=name, port=1, matches=())
    changes = tuple(one.model_copy(name=name, fields=fields, owner_before=more[-1]) for one in plan.changes)
    conflicts = tuple(
        one.model_copy(
            name=name, fields=fields, rivals=(rival,), message=name, ways=(Way(name, name, name),) * len(more)
        )
        for one in plan.conflicts
    )
    times = draw(st.sampled_from([1, 1, 10, 100]))
    return plan.model_copy(
        owner=draw(texts | st.just("<" * 120) | st.just("#" * 120)),
        changes=changes * times,
        conflicts=conflicts * times,
        invalid=(Invalid(name=name, index=1, messages=tuple(more)),) * draw(st.integers(0, 1)),
        orphans=(Orphan(name=name, from_=name, drifted=True, came=name),) * draw(st.integers(0, 2)),
    )


@given(
    any_plans(), st.integers(LEAST_BYTES, 20 * LEAST_BYTES), st.booleans(), st.sampled_from([None, "<" * 120])
)
def test_any_plan_fits_and_stays_whole_markdown(
    plan: Plan, most: int, brief: bool, machine: str | None
) -> None:
    plan = plan.model_copy(machine=Machine(name=machine, from_="flag") if machine is not None else None)
    text = plan_markdown(plan, most=most, brief=brief)
    assert len(text.encode()) <= most
    found = read(text)
    assert found.marker == {"collection": plan.owner, "machine": machine, "digest": plan.digest}
    assert len(found.headings) == 1
    shown = sum(len(table) - 1 for table in found.tables)
    all_ = len(plan.counted) + len(plan.conflicts) + len(plan.invalid) + len(plan.orphans)
    assert len(found.tables) == bool(shown)
    assert ("more" in found.text) or shown == all_

"""What a typed answer makes of the choices."""

from __future__ import annotations

from mlxsm_sync.planning.answers import answered
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.selectors import resolve
from mlxsm_sync.values.choices import Choices
from testing.plans import entry, file, profile, state

STATE = state(
    entry(1, None, profile("A", 9)), entry(2, "team", profile("Old", 5, notes="x"), applied=profile("Old", 5))
)
FILE = file(profile("A", 1))
(CONFLICT,) = make_plan(FILE, STATE).conflicts


def test_an_answer_takes_the_place_of_an_earlier_one_and_can_be_typed() -> None:
    choices = Choices()
    for way, name, words in (
        ("rename", "Mine", ["--rename", "#1=Mine"]),
        ("replace", None, ["--replace", "#1"]),
        ("skip", None, ["--skip", "#1"]),
        ("rename", None, ["--rename", "#1"]),
    ):
        choices = answered(choices, CONFLICT, way, name)
        assert choices.words() == words
        typed = resolve(FILE, STATE, **{words[0][2:]: [words[1]]})
        assert (choices.rename, choices.skip, [*choices.replace]) == (
            typed.rename,
            typed.skip,
            [*typed.replace],
        )


def test_an_orphan_is_answered_by_its_name() -> None:
    pruned = Choices(prune=True, force=True)
    changed = STATE.model_copy(
        entries=(STATE.entries[1].model_copy(applied=profile("Old", 5, notes="then")),)
    )
    (conflict,) = make_plan(FILE, changed, pruned).conflicts
    kept = answered(pruned, conflict, "skip")
    gone = answered(kept, conflict, "replace")
    assert (kept.orphans_skip, kept.orphans_replace) == ({"Old"}, set())
    assert (gone.orphans_skip, gone.orphans_replace) == (set(), {"Old"})
    assert [one.action for one in make_plan(FILE, changed, gone).changes] == ["create", "delete"]

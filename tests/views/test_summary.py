"""A plan in short: a line for each profile, without its fields."""

from __future__ import annotations

from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Invalid
from mlxsm_sync.views.style import Style
from mlxsm_sync.views.summary import summary_text
from testing import plans


def test_a_line_for_each_profile() -> None:
    gone, moved = plans.profile("Gone", 1), plans.profile("Moved", 2)
    state = plans.state(
        plans.entry(1, "team", gone | {"port": 9}, applied=gone),
        plans.entry(2, "team", moved),
        plans.entry(3, "mine", plans.profile("Taken", 3)),
        plans.entry(4, "mine", plans.profile("Old", 4)),
        plans.entry(5, None, plans.profile("Claimed", 5)),
        plans.entry(6, "team", plans.profile("Gone too", 6)),
    )
    file = plans.file(
        moved | {"notes": "a", "enableThinking": True},
        plans.profile("Taken", 33),
        plans.profile("Old", 44),
        plans.profile("Claimed", 5),
        plans.profile("Taken", 8),
    ).model_copy(invalid=(Invalid(name="Bad\u202e", index=6, messages=("a", "b")),))
    choices = Choices(rename={5: "Free"}, replace={3: None}, skip=frozenset({2}))
    assert (
        summary_text(make_plan(file, state, choices), Style(), "mlxsm.yaml")
        == """\
Plan: 1 to create (1 renamed), 1 to update, 1 to replace, 1 to claim, 1 conflict, 1 invalid, 2 orphans
Profile file: mlxsm.yaml
  ~ Moved: update, 2 fields
  ± Old: replace, 2 fields
  = Claimed: claim
  + Free: create under a new name
  ! Taken: conflict, its name is taken; skipped, as you chose
  ✗ Bad\\u{202e}: invalid, 2 problems
  ? Gone: no longer in the file, changed on this machine
  ? Gone too: no longer in the file
"""
    )


def test_a_head_of_ones_own_and_colours() -> None:
    plan = make_plan(plans.file(plans.profile("New", 1)), plans.state())
    told = summary_text(plan, Style(colour=True), head="Head")
    assert told == "\x1b[1mHead\x1b[0m\n  \x1b[38;5;64m+\x1b[0m \x1b[1mNew\x1b[0m: create\n"

"""A plan in short: a line for each profile, and no fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.plan import Change, Conflict, Plan
from mlxsm_sync.views.plan import CONFLICT_SIGN, INVALID_SIGN, ORPHAN_SIGN, ORPHANED, SIGNS, in_words, title
from mlxsm_sync.views.style import Style, plural


class Line(NamedTuple):
    """One profile of a plan in short."""

    sign: str
    name: str
    """As it was written by others."""
    what: str
    """What happens, in words of ours only."""


def summary_lines(plan: Plan) -> Iterator[Line]:
    """Every change, conflict, invalid profile and orphan, in the order of the plan's text."""
    for change in plan.counted:
        yield Line(SIGNS[change.action], change.name, _change(change))
    for conflict in plan.conflicts:
        yield Line(CONFLICT_SIGN, conflict.name, _conflict(conflict))
    for one in plan.invalid:
        yield Line(INVALID_SIGN, one.name, f"invalid, {plural(len(one.messages), 'problem')}")
    for orphan in plan.orphans:
        drifted = ", changed on this machine" if orphan.drifted else ""
        yield Line(ORPHAN_SIGN, orphan.name, f"{ORPHANED[orphan.reason]}{drifted}")


def summary_text(plan: Plan, style: Style, file: str | None = None, head: str | None = None) -> str:
    """The head of the plan's text, and a line for each profile."""
    lines = [title(plan, style, file, head)]
    for sign, name, what in summary_lines(plan):
        lines.append(f"  {style.paint(sign, sign)} {style.paint(visible(name), 'bold')}: {what}")
    return "\n".join(lines) + "\n"


def _change(change: Change) -> str:
    what = f"{change.action} under a new name" if change.renamed else change.action
    return f"{what}, {plural(len(change.fields), 'field')}" if change.fields else what


def _conflict(conflict: Conflict) -> str:
    return f"conflict, {in_words(conflict.kind)}{'; skipped, as you chose' if conflict.decided else ''}"

"""The counts of a plan in words."""

from __future__ import annotations

from typing import get_args

from mlxsm_sync.values.plan import Action, Summary
from mlxsm_sync.views.style import plural


def todo_of(summary: Summary) -> list[str]:
    """What a plan would do or has to leave: `2 to create`, `1 conflict`; nothing where all is in step."""
    counts = ((getattr(summary, action), action) for action in get_args(Action))
    todo = [f"{count} to {action}" for count, action in counts if count]
    if summary.rename and todo:
        todo[0] += f" ({summary.rename} renamed)"
    todo += [plural(summary.conflict, "conflict")] if summary.conflict else []
    todo += [f"{summary.invalid} invalid"] if summary.invalid else []
    return todo

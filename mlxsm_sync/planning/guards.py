"""What is not written, however it was asked for: too many deletions, and what a list cannot hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.plan import Change, Refusal
from mlxsm_sync.values.state import Entry, State

GUARDED_FROM = 10
"""An owner with fewer entries may lose any share of them."""
GUARDED_SHARE = 0.3


def too_many_deletions(
    desired: Desired, own: Collection[Entry], deleted: Collection[Entry], choices: Choices
) -> Refusal | None:
    """Why this many deletions need `--force`, else None."""
    going, all_ = len(deleted), len(own)
    hint = "look at the plan; if it is meant, add --force"
    if choices.force or not going:
        return None
    if not desired.profiles:
        which = (
            "the only entry"
            if all_ == 1
            else f"all {all_} entries"
            if going == all_
            else f"{going} of the {all_} entries"
        )
        message = f"the file is empty, and {which} of {desired.owner} would be deleted"
        return Refusal(message, hint)
    if all_ >= GUARDED_FROM and going > GUARDED_SHARE * all_:
        message = f"{going} of the {all_} entries of {desired.owner} would be deleted, more than 30 %"
        return Refusal(message, hint)
    return None


def not_to_be_held(changes: Sequence[Change], state: State) -> Refusal | None:
    """Why the state's own format cannot hold what would be written, else None."""
    growth = sum((one.action == "create") - (one.action == "delete") for one in changes)
    if state.rules.never_empty and state.entries and len(state.entries) + growth == 0:
        message = "this would empty the app's list, and the app would put a profile of its own there"
        return Refusal(message, "keep one profile, or delete the last one in the app")
    problems = [
        f'"{one.name}": {problem}'
        for one in changes
        if one.after is not None and one.action != "claim"
        for problem in state.rules.problems(one.after)
    ]
    if problems:
        return Refusal("; ".join(problems), "change the file, or leave the profile out with --skip NAME")
    return None

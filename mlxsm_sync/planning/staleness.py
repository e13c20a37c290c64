"""Why a plan is not the one that was shown, saved or expected: in words, with both digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mlxsm_sync.planning.digest import unbound_digest
from mlxsm_sync.values.plan import Plan
from mlxsm_sync.values.state import State

LOOK_AGAIN = "plan again and look at what it says now"
"""In words: whoever applies a saved plan may be where its profile file is not found."""


class Version(NamedTuple):
    """Which state a plan was made against."""

    lineage: str | None
    serial: int


def version_of(plan: Plan) -> Version:
    """The state that a plan was made against."""
    return Version(plan.lineage, plan.serial)


def fits(plan: Plan, digest: str) -> bool:
    """Whether a plan is the one of this digest, or was it before there was any state."""
    return digest in (plan.digest, unbound_digest(plan))


def not_as_shown(digest: str, then: Version, plan: Plan, now: State, where: str) -> str:
    """What to say where a plan that was shown or saved would be another one now."""
    return (
        f"stale plan: the state {where} is no longer as it was when this was planned: {_moved(then, now)}; "
        f"{digest} was shown, {plan.digest} is what it would be now"
    )


def not_as_expected(
    digest: str, plan: Plan, now: State, earlier: Iterable[State], planned: Callable[[State], Plan]
) -> str:
    """What to say where a plan is not the expected one: an earlier state may tell what has changed since."""
    message = f"stale plan: {digest} was expected, {plan.digest} is what it would be now"
    for state in earlier:
        if fits(planned(state), digest):
            return f"{message}: the state differs: {_moved(Version(state.lineage, state.serial), now)}"
    return (
        f"{message}: no state that is kept here gives that, so the file or the answers differ, "
        f"or it was planned on another machine; the state here is of lineage {now.lineage or '(none yet)'}"
    )


def _moved(then: Version, now: State) -> str:
    """What became of a state, as far as its own words tell."""
    by = f" by {now.written.command} at {now.written.at}" if now.written is not None else ""
    if then.lineage is None:
        return f"there was no state then, and now there is one, written{by} (serial {now.serial})"
    if then.lineage != now.lineage:
        return f"it is another state (lineage {now.lineage or 'none'}, then {then.lineage or 'none'})"
    if then.serial != now.serial:
        return f"it was written since{by} (it was serial {then.serial}, and is {now.serial} now)"
    return "it was changed by another program, or a file that profiles came from is gone or is back"

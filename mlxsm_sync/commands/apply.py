"""`mlxsm apply`: show the plan, ask, write exactly that."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

from mlxsm_sync.commands.invoked import invocation
from mlxsm_sync.commands.merge import Merge, applying
from mlxsm_sync.commands.next_step import tell_next_of_apply
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import StalePlan, UsageError
from mlxsm_sync.planning.digest import meaning
from mlxsm_sync.planning.selectors import resolve
from mlxsm_sync.planning.staleness import LOOK_AGAIN, Version, fits, not_as_expected, not_as_shown
from mlxsm_sync.views.plan import outcome_text

if TYPE_CHECKING:
    from mlxsm_sync.state.saved_plan import SavedPlan
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.plan import Plan


def apply(
    session: Session,
    /,
    saved: str | None,
    expect: str | None,
    expect_input: str | None,
    yes: bool,
    strict: bool,
    **answers: Any,
) -> int:
    """Bring this machine in line with the profile file, after showing how."""
    with applying():
        plan = _load(session, saved, answers) if saved is not None else None
        desired = plan.desired if plan is not None else session.desired()
    if plan is not None:
        choices = plan.choices
        if desired.machine is not None and desired.machine.from_ == "flag":
            session.machine = desired.machine.name  # the commands that are printed need it as well
    else:
        choices = resolve(desired, session.store.read(), **answers)
    if expect_input is not None:
        _require_input(desired, expect_input)
    again = invocation(session, "apply", desired)
    following = partial(tell_next_of_apply, session, again=again)
    merge = Merge(session, desired, choices, "apply", again, outcome_text, following)
    shown = merge.plan()
    if plan is not None:
        _require_saved(session, shown, plan)
    if expect is not None:
        _require(merge, shown, expect)
    ask = not yes and expect is None and plan is None
    return merge.run(shown, ask=ask, strict=strict, again=yes and expect is None and plan is None)


def _load(session: Session, saved: str, answers: dict[str, Any]) -> SavedPlan:
    from mlxsm_sync.state.saved_plan import NotAPlan, load_plan

    if any(answers.values()) or session.file_was_named or session.machine is not None:
        raise UsageError("a saved plan carries its own file and answers", "leave the other options out")
    session.tell_of_input(saved)
    try:
        plan = load_plan(saved)
    except NotAPlan as error:
        state = [] if session.state is None else ["--state", session.state]
        if error.holds == "profiles":
            error.hint = f"to apply a profile file: {shlex.join(['mlxsm', 'apply', '-f', saved, *state])}"
        elif error.holds == "document":
            error.hint = f"to import a document: {shlex.join(['mlxsm', 'import', saved, *state])}"
        raise
    session.store.read()
    if plan.fingerprint != session.store.fingerprint():
        raise StalePlan(
            f"stale plan: the list {session.store.path} was changed since this was planned", LOOK_AGAIN
        )
    return plan


def _require_saved(session: Session, shown: Plan, plan: SavedPlan) -> None:
    """Refuse to carry out a saved plan that is another one by now."""
    if not fits(shown, plan.digest):
        then, now = Version(plan.lineage, plan.serial), session.store.read()
        message = not_as_shown(plan.digest, then, shown, now, str(session.store.path))
        raise StalePlan(message, LOOK_AGAIN)


def _require(merge: Merge, shown: Plan, digest: str) -> None:
    """Refuse any plan but the reviewed one, except a plan that would change nothing."""
    if fits(shown, digest):
        return
    if not shown.counted and not shown.undecided:
        merge.session.output.note(
            "note: nothing is left to do; the expected plan may have been applied before"
        )
        return
    store = merge.session.store
    earlier = (one.state for one in store.earlier())
    raise StalePlan(not_as_expected(digest, shown, store.read(), earlier, merge.plan_against), LOOK_AGAIN)


def _require_input(desired: Desired, digest: str) -> None:
    """Refuse a file that does not mean what somebody reviewed, however either is laid out."""
    if (now := meaning(desired)) != digest:
        raise StalePlan(
            f"stale plan: {desired.input.path} does not say what was reviewed: {digest} was expected, "
            f"{now} is what it says now",
            "review it again; mlxsm plan --json has the digest as input.meaning",
        )

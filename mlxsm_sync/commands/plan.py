"""`mlxsm plan`: show what an apply would do."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from mlxsm_sync.commands.invoked import invocation
from mlxsm_sync.commands.left_running import of_plan, tell_left
from mlxsm_sync.commands.output import echo
from mlxsm_sync.commands.output_paths import STDOUT
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError, ToldAlready, UnsafePlan, UsageError
from mlxsm_sync.files.streams import is_stream
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.selectors import resolve
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.views.plan import headline, plan_text
from mlxsm_sync.views.reports import refused_plan

if TYPE_CHECKING:
    from mlxsm_sync.values.choices import Choices
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.plan import Plan

CHANGES, DECISIONS = 2, 3


def plan(
    session: Session,
    /,
    out: str | None,
    form: str,
    detailed_exitcode: bool,
    base: str | None = None,
    each_machine: bool = False,
    **answers: Any,
) -> int:
    """Show what an apply would change on this machine; change nothing."""
    if base is not None:
        return _against_base(session, base, out, form, detailed_exitcode, each_machine, answers)
    if each_machine:
        raise UsageError("--each-machine needs --base OLD", "mlxsm validate judges a file for every machine")
    session.output.stdout_is_taken = out == STDOUT
    if session.output.json and out == STDOUT:
        raise UsageError(
            "--out - and the JSON would both go to standard output",
            "--json-out PATH writes the JSON to a file",
        )
    desired = session.desired()
    state = session.store.read()
    choices = resolve(desired, state, **answers)
    again = invocation(session, "apply", desired)
    made = make_plan(desired, state, choices, invocation=again, origins=look(desired, state))
    if out is not None:
        _save(session, out, made, desired, choices)
    show(session, made, markdown=form == "markdown")
    refuse_guarded(session, made)
    tell_left(session, partial(of_plan, made))
    if not session.output.json and made.counted and not _is_gone(out):
        following = again.next(choices) if out is None else session.command("apply", out)
        session.output.note(f"Next: {following}")
    return _exit_code(made) if detailed_exitcode else 0


def _save(session: Session, out: str, made: Plan, desired: Desired, choices: Choices) -> None:
    """Write the plan for `apply`, or print it."""
    from mlxsm_sync.state.saved_plan import SavedPlan, save_plan, text_of  # most plans are only looked at

    saved = SavedPlan(
        digest=made.digest,
        desired=desired,
        choices=choices,
        lineage=made.lineage,
        serial=made.serial,
        fingerprint=session.store.fingerprint(),
    )
    if out == STDOUT:
        echo(text_of(saved), end="")
    else:
        save_plan(out, saved)


def _against_base(
    session: Session,
    base: str,
    out: str | None,
    form: str,
    detailed_exitcode: bool,
    each_machine: bool,
    answers: dict[str, Any],
) -> int:
    """Show what a new version of the file would change where the old one is applied."""
    from mlxsm_sync.commands.base_plan import base_plans  # most plans are of a machine

    if out is not None:
        raise UsageError(
            "--out saves a plan for a machine, and --base plans for none", "leave one of them out"
        )
    made = base_plans(session, base, each_machine=each_machine, **answers)
    for one in made.machines:
        show(session, one.plan, markdown=form == "markdown", with_json=not each_machine)
    if each_machine:
        session.output.data(made)
    return max((_exit_code(one.plan) for one in made.machines), default=0) if detailed_exitcode else 0


def _is_gone(out: str | None) -> bool:
    """Whether a saved plan went to a pipe: no command can name it again."""
    return out is not None and (out == STDOUT or is_stream(out))


def show(session: Session, made: Plan, *, markdown: bool = False, with_json: bool = True) -> None:
    """Print a plan in the form that was asked for, and what was answered in vain."""
    if markdown:
        from mlxsm_sync.views.markdown import plan_markdown

        session.output.print(plan_markdown(made))
    elif not session.output.json:
        style = session.output.style(sys.stdout)
        brief = session.output.quiet
        session.output.print(f"{headline(made)}\n" if brief else plan_text(made, style, session.unnamed))
    if with_json and made.guard is None:
        session.output.data(made)
    tell_unused_choices(session, made)


def tell_unused_choices(session: Session, made: Plan) -> None:
    """Say what was answered in vain."""
    for notice in made.unused_choices:
        session.output.note(f"note: {notice}")


def refuse_guarded(session: Session, made: Plan) -> None:
    """Stop where so much would be deleted that a person must say --force."""
    if made.guard is not None:
        refuse(session, made, UnsafePlan(made.guard.message, made.guard.hint))


def refuse(session: Session, made: Plan, error: MlxsmError) -> NoReturn:
    """Stop with this failure; as JSON, the plan that it is about comes with it."""
    if session.output.json:
        session.output.data(refused_plan(made, error))
        raise ToldAlready(error.exit_code)
    raise error


def _exit_code(made: Plan) -> int:
    if made.undecided or made.invalid:
        return DECISIONS
    return CHANGES if made.counted else 0

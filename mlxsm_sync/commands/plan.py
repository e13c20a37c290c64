"""`mlxsm plan`: show what an apply would do."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from mlxsm_sync.commands.invoked import invocation
from mlxsm_sync.commands.left_running import of_plan, tell_left
from mlxsm_sync.commands.output import echo
from mlxsm_sync.commands.output_paths import STDOUT
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import MlxsmError, ToldAlready, UnsafePlan, UsageError
from mlxsm_sync.files.streams import is_stream
from mlxsm_sync.planning.drift_only import only_drift
from mlxsm_sync.planning.planner import make_plan
from mlxsm_sync.planning.selectors import resolve
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.views.plan import drift_headline, headline, plan_text
from mlxsm_sync.views.reports import refused_plan
from mlxsm_sync.views.style import LEAST_BYTES, MOST_BYTES
from mlxsm_sync.views.summary import summary_text

if TYPE_CHECKING:
    from mlxsm_sync.values.choices import Choices
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.invocation import Invocation
    from mlxsm_sync.values.plan import Plan

CHANGES, DECISIONS = 2, 3
_HIDING_DRIFT = ("rename", "replace", "take_from")
"""The answers by which a profile that was changed here would be no conflict any more."""


class Shape(NamedTuple):
    """How a plan is to be shown."""

    markdown: bool = False
    most: int = MOST_BYTES
    """How many bytes its Markdown may take."""
    brief: bool = False
    """Whether a line for each profile is enough."""
    only_drift: bool = False
    """Whether the plan has nothing but drift."""


PLAIN = Shape()


def plan(
    session: Session,
    /,
    out: str | None,
    base: str | None,
    each_machine: bool,
    detailed_exitcode: bool,
    **given: Any,
) -> int:
    """Show what an apply would change on this machine; change nothing."""
    session.output.stdout_is_taken = out == STDOUT
    shape, answers = _shape(session, out, **given)
    if each_machine and base is None:
        raise UsageError("--each-machine needs --base OLD", "mlxsm validate judges a file for every machine")
    if base is not None:
        plans = _between(session, base, out, shape, each_machine=each_machine, **answers)
    elif shape.only_drift:
        made, _, _ = _made(session, answers)
        plans = [only_drift(made)]
        show(session, plans[0], shape)
    else:
        plans = [_here(session, out, shape, answers)]
    return max(map(_exit_code, plans), default=0) if detailed_exitcode else 0


def _here(session: Session, out: str | None, shape: Shape, answers: dict[str, Any]) -> Plan:
    """The plan for this machine: saved where that is wanted, and shown."""
    made, saved, again = _made(session, answers)
    if out is not None:
        _save(session, out, saved)
    show(session, made, shape)
    refuse_guarded(session, made)
    tell_left(session, partial(of_plan, made))
    if not session.output.json and made.counted and not _is_gone(out):
        following = again.next(saved.choices) if out is None else session.command("apply", out)
        session.output.note(f"Next: {following}")
    return made


def _made(session: Session, answers: dict[str, Any]) -> tuple[Plan, _Inputs, Invocation]:
    desired = session.desired()
    state = session.store.read()
    choices = resolve(desired, state, **answers)
    again = invocation(session, "apply", desired)
    made = make_plan(desired, state, choices, invocation=again, origins=look(desired, state))
    return made, _Inputs(made, desired, choices), again


class _Inputs(NamedTuple):
    """What a plan was made from, as far as it is saved with it."""

    made: Plan
    desired: Desired
    choices: Choices


def _save(session: Session, out: str, inputs: _Inputs) -> None:
    """Write the plan for `apply`, or print it."""
    from mlxsm_sync.state.saved_plan import SavedPlan, save_plan, text_of  # most plans are only looked at

    saved = SavedPlan(
        digest=inputs.made.digest,
        desired=inputs.desired,
        choices=inputs.choices,
        lineage=inputs.made.lineage,
        serial=inputs.made.serial,
        fingerprint=session.store.fingerprint(),
    )
    if out == STDOUT:
        echo(text_of(saved), end="")
    else:
        save_plan(out, saved)


def _between(
    session: Session, base: str, out: str | None, shape: Shape, *, each_machine: bool, **answers: Any
) -> list[Plan]:
    """Show what a new version of the file would change where the old one is applied."""
    from mlxsm_sync.commands.base_plan import base_plans  # most plans are of a machine

    if out is not None or shape.only_drift:
        option = "--out" if out is not None else "--drift-only"
        raise UsageError(
            f"{option} is about a machine, and --base plans for none", "leave out one of the two"
        )
    made = base_plans(session, base, each_machine=each_machine, **answers)
    plans = [one.plan for one in made.machines]
    # All of them are one comment.
    each = shape._replace(most=max(shape.most // max(len(plans), 1), LEAST_BYTES))
    for place, one in enumerate(plans):
        if place and not session.output.json:
            session.output.print("\n")
        show(session, one, each, with_json=not each_machine)
    if each_machine:
        session.output.data(made)
    return plans


def _shape(
    session: Session,
    out: str | None,
    *,
    form: str,
    max_bytes: int | None,
    summary: bool,
    drift_only: bool,
    **answers: Any,
) -> tuple[Shape, dict[str, Any]]:
    """How the plan is to be shown, and the answers; UsageError where the options contradict each other."""
    if session.output.json and out == STDOUT:
        raise UsageError(
            "--out - and the JSON would both go to standard output",
            "--json-out PATH writes the JSON to a file",
        )
    if max_bytes is not None and form != "markdown":
        raise UsageError("--max-bytes is for Markdown only", "add --format markdown, or leave it out")
    if drift_only and out is not None:
        raise UsageError("--drift-only shows nothing that could be applied", "leave out one of the two")
    for name in _HIDING_DRIFT if drift_only else ():
        if answers[name]:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"--drift-only shows drift, and {option} answers it", "leave out one of the two")
    return Shape(form == "markdown", max_bytes or MOST_BYTES, summary, drift_only), answers


def _is_gone(out: str | None) -> bool:
    """Whether a saved plan went to a pipe: no command can name it again."""
    return out is not None and (out == STDOUT or is_stream(out))


def show(session: Session, made: Plan, shape: Shape = PLAIN, *, with_json: bool = True) -> None:
    """Print a plan in the form that was asked for, and what was answered in vain."""
    if not session.output.json:
        session.output.print(_text(session, made, shape), wrap=not shape.markdown)
    if with_json and made.guard is None:
        session.output.data(made)
    tell_unused_choices(session, made)


def _text(session: Session, made: Plan, shape: Shape) -> str:
    head = drift_headline(made) if shape.only_drift else None
    if shape.markdown:
        from mlxsm_sync.views.markdown import plan_markdown  # most plans are for a terminal

        shown = session.output.redaction.text
        return plan_markdown(made, most=shape.most, head=head, brief=shape.brief, shown=shown)
    if session.output.quiet:
        return f"{head or headline(made)}\n"
    text = summary_text if shape.brief else plan_text
    return text(made, session.output.style(sys.stdout), session.unnamed, head)


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

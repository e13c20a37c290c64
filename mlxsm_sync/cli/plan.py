"""`mlxsm plan`: show what an apply would do."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.invoked import invocation
from mlxsm_sync.cli.left_running import of_plan, tell_left
from mlxsm_sync.cli.outputs import STDOUT
from mlxsm_sync.cli.session import Session
from mlxsm_sync.errors import Guard, MlxsmError, UsageError

if TYPE_CHECKING:
    from mlxsm_sync.values.plan import Plan

CHANGES, DECISIONS = 2, 3


@click.command(
    epilog="""\b
Examples:
  mlxsm plan                          what ./profiles.yaml would change here
  mlxsm plan --rename 'Qwen=My Qwen'  with an answer to a conflict
  mlxsm plan --replace '#3'           the third profile, whatever its name
  mlxsm plan --prune                  delete what the file no longer lists
  mlxsm plan --out plan.json && mlxsm apply plan.json
Next: mlxsm apply, with the same answers."""
)
@options.profile_file
@options.state
@options.choices
@click.option("--out", type=FileName("write"), metavar="PLAN", help="Save the plan, for mlxsm apply PLAN.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="How to print it; --json is --format json.",
)
@click.option("--detailed-exitcode", is_flag=True, help="2: there are changes, 3: decisions are left.")
@options.as_json
@click.pass_obj
def plan(session: Session, /, out: str | None, form: str, detailed_exitcode: bool, **answers: Any) -> int:
    """Show what an apply would change on this machine; change nothing."""
    from mlxsm_sync.planning.planner import make_plan
    from mlxsm_sync.planning.selectors import resolve
    from mlxsm_sync.profile_file.whereabouts import look

    session.output.json = session.output.json or form == "json"
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
        from mlxsm_sync.state.saved_plan import SavedPlan, save_plan, text_of

        seen = session.store.fingerprint()
        saved = SavedPlan(
            digest=made.digest,
            desired=desired,
            choices=choices,
            lineage=made.lineage,
            serial=made.serial,
            fingerprint=seen,
        )
        if out == STDOUT:
            click.echo(text_of(saved), nl=False)
        else:
            save_plan(out, saved)
    show(session, made, markdown=form == "markdown")
    refuse_guarded(session, made)
    tell_left(session, partial(of_plan, made))
    if not session.output.json and made.counted and not _is_gone(out):
        following = again.next(choices) if out is None else session.command("apply", out)
        session.output.say(f"Next: {following}")
    return _exit_code(made) if detailed_exitcode else 0


def _is_gone(out: str | None) -> bool:
    """Whether a saved plan went to a pipe: no command can name it again."""
    from mlxsm_sync.files.streams import is_stream

    return out is not None and (out == STDOUT or is_stream(out))


def show(session: Session, made: Plan, *, markdown: bool = False, with_json: bool = True) -> None:
    """Print a plan in the form that was asked for, and what was answered in vain."""
    if markdown:
        from mlxsm_sync.views.markdown import plan_markdown

        session.output.show(plan_markdown(made))
    elif not session.output.json:
        from mlxsm_sync.views.plan import headline, plan_text

        style = session.output.style(sys.stdout)
        brief = session.output.quiet
        session.output.show(f"{headline(made)}\n" if brief else plan_text(made, style, session.unnamed))
    if with_json and made.guard is None:
        session.output.data(made)
    tell_notices(session, made)


def tell_notices(session: Session, made: Plan) -> None:
    """Say what was answered in vain."""
    for notice in made.notices:
        session.output.say(f"note: {notice}")


def refuse_guarded(session: Session, made: Plan) -> None:
    """Stop where so much would be deleted that a person must say --force."""
    if made.guard is not None:
        refuse(session, made, Guard(made.guard.message, made.guard.hint))


def refuse(session: Session, made: Plan, error: MlxsmError) -> NoReturn:
    """Stop with this failure; as JSON, the plan that it is about comes with it."""
    if session.output.json:
        from mlxsm_sync.views.reports import refused_plan

        session.output.data(refused_plan(made, error))
        raise click.exceptions.Exit(error.exit_code)
    raise error


def _exit_code(made: Plan) -> int:
    if made.undecided or made.invalid:
        return DECISIONS
    return CHANGES if made.counted else 0

"""`mlxsm plan`: show what an apply would do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.errors import Guard, MlxsmError

if TYPE_CHECKING:
    from mlxsm_sync.changes import Plan

CHANGES, DECISIONS = 2, 3


@click.command(
    epilog="""\b
Examples:
  mlxsm plan                              what ./profiles.yaml would change here
  mlxsm plan --rename 'Qwen=My Qwen'      with an answer to a conflict
  mlxsm plan --replace '#3'               the third profile of the file, whatever its name
  mlxsm plan --prune                      delete what the file no longer lists
  mlxsm plan --out plan.json && mlxsm apply plan.json
Next: mlxsm apply, with the same answers."""
)
@options.profile_file
@options.state
@options.choices
@click.option("--out", metavar="PLAN", help="Save the plan, for mlxsm apply PLAN.")
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
def plan(shared: Shared, /, out: str | None, form: str, detailed_exitcode: bool, **answers: Any) -> int:
    """Show what an apply would change on this machine; change nothing."""
    from mlxsm_sync.plan import make_plan
    from mlxsm_sync.selectors import resolve

    shared.output.json = shared.output.json or form == "json"
    desired = shared.desired()
    state = shared.store.read()
    choices = resolve(desired, state, **answers)
    made = make_plan(desired, state, choices, command=shared.command("apply"))
    if out is not None:
        from mlxsm_sync.plan_file import SavedPlan, save_plan

        seen = shared.store.fingerprint()
        save_plan(out, SavedPlan(digest=made.digest, desired=desired, choices=choices, fingerprint=seen))
    show(shared, made, markdown=form == "markdown")
    refuse_guarded(shared, made)
    if not shared.output.json and made.changes:
        answered = choices.command(shared.command("apply"))
        shared.output.say(f"Next: {answered if out is None else shared.command('apply', out)}")
    return _exit_code(made) if detailed_exitcode else 0


def show(shared: Shared, made: Plan, *, markdown: bool = False, with_json: bool = True) -> None:
    """Print a plan in the form that was asked for, and what was answered in vain."""
    if markdown:
        from mlxsm_sync.render_markdown import plan_markdown

        shared.output.show(plan_markdown(made))
    elif not shared.output.json:
        from mlxsm_sync.render import headline, plan_text

        style = shared.output.style(sys.stdout)
        shared.output.show(f"{headline(made)}\n" if shared.output.quiet else plan_text(made, style))
    if with_json and made.guard is None:
        shared.output.data(made)
    tell_notices(shared, made)


def tell_notices(shared: Shared, made: Plan) -> None:
    """Say what was answered in vain."""
    for notice in made.notices:
        shared.output.say(f"note: {notice}")


def refuse_guarded(shared: Shared, made: Plan) -> None:
    """Stop where so much would be deleted that a person must say --force."""
    if made.guard is not None:
        refuse(shared, made, Guard(made.guard.message, made.guard.hint))


def refuse(shared: Shared, made: Plan, error: MlxsmError) -> NoReturn:
    """Stop with this failure; as JSON, the plan that it is about comes with it."""
    if shared.output.json:
        from mlxsm_sync.reports import refused_plan

        shared.output.data(refused_plan(made, error))
        raise click.exceptions.Exit(error.exit_code)
    raise error


def _exit_code(made: Plan) -> int:
    if made.undecided or made.invalid:
        return DECISIONS
    return CHANGES if made.changes else 0

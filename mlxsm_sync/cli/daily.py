"""The section `Daily`: what is planned, applied, listed and checked."""

from __future__ import annotations

from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.parameters import WholeNumber
from mlxsm_sync.commands.session import Session
from mlxsm_sync.views.style import LEAST_BYTES, MOST_BYTES


@click.command(
    epilog="""\b
Examples:
  mlxsm plan                          what ./profiles.yaml would change here
  mlxsm plan --rename 'Qwen=My Qwen'  with an answer to a conflict
  mlxsm plan --replace '#3'           the third profile, whatever its name
  mlxsm plan --prune                  delete what the file no longer lists
  mlxsm plan --out plan.json && mlxsm apply plan.json
  git show origin/main:profiles.yaml | mlxsm plan --base -
  mlxsm plan --drift-only             what was changed here, for a schedule
  mlxsm plan --format markdown        as a comment on a pull request
  git show main:profiles.yaml | mlxsm plan -f - --stdin-filename profiles.yaml
Next: mlxsm apply, with the same answers."""
)
@options.profile_file
@options.stdin_filename
@options.machine
@options.state
@options.choices
@click.option(
    "--base",
    type=FileName("read"),
    metavar="OLD",
    help="Compare with an older version of the file, - for standard input; read nothing of this machine.",
)
@click.option("--each-machine", is_flag=True, help="With --base: one plan for each machine of the file.")
@click.option("--out", type=FileName("write"), metavar="PLAN", help="Save the plan, for mlxsm apply PLAN.")
@options.printed_as(
    "text", "json", "markdown", default="text", help="How to print it; --json is --format json."
)
@click.option(
    "--max-bytes",
    type=WholeNumber(LEAST_BYTES),
    metavar="N",
    help=f"With --format markdown: the most that it may take.  [default: {MOST_BYTES}]",
)
@click.option("--summary", is_flag=True, help="One line for each profile, without its fields.")
@click.option(
    "--drift-only", is_flag=True, help="Only what was changed on this machine since it was applied."
)
@click.option("--detailed-exitcode", is_flag=True, help="2: there are changes, 3: decisions are left.")
@options.as_json
@click.pass_obj
def plan(session: Session, /, **given: Any) -> int:
    """Show what an apply would change on this machine; change nothing."""
    from mlxsm_sync.commands import plan as work

    return work.plan(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm apply                        show the plan, ask, write
  mlxsm apply --yes                  without the final question
  mlxsm apply --replace Qwen --yes   with an answer to a conflict
  mlxsm apply --state app            into the list of the Mac app
  mlxsm apply plan.json              exactly the plan that was saved
  mlxsm apply --expect sha256:4f0c…  only the plan that was reviewed
Next: mlxsm list; mlxsm rollback undoes it."""
)
@click.argument("saved", required=False, metavar="[PLAN]", type=FileName("read"))
@options.profile_file
@options.machine
@options.state
@options.lock
@options.choices
@click.option("--expect", metavar="DIGEST", help="Write only a plan of this digest, without asking.")
@click.option(
    "--expect-input",
    metavar="DIGEST",
    help="Go on only if the file means what was reviewed: input.meaning of plan --json.",
)
@options.yes
@options.strict
@options.while_app_runs
@options.as_json
@click.pass_obj
def apply(session: Session, /, **given: Any) -> int:
    """Bring this machine in line with the profile file, after showing how."""
    from mlxsm_sync.commands import apply as work

    return work.apply(session, **given)


@click.command(
    "list",
    epilog="""\b
Examples:
  mlxsm list                 every profile of this machine
  mlxsm list Qwen --json     one of them, for a script
Next: mlxsm plan shows what the file would change.""",
)
@options.names
@options.state
@options.as_list
@click.pass_obj
def list_(session: Session, /, **given: Any) -> None:
    """Show the profiles of this machine: model, endpoint, owner, drift."""
    from mlxsm_sync.commands import list_ as work

    work.list_(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm validate                         the profile file of this folder
  mlxsm validate a.yaml b.yaml --json    several, for CI
  mlxsm validate --format github         as annotations of GitHub Actions
  mlxsm validate --format sarif          for code scanning and editors
Next: mlxsm plan."""
)
@click.argument("files", nargs=-1, metavar="[FILE]...", type=FileName("read"))
@options.profile_file
@options.printed_as(
    "text", "json", "github", "sarif", default="text", help="How to print it; --json is --format json."
)
@options.as_json
@click.pass_obj
def validate(session: Session, /, **given: Any) -> int:
    """Check profile files and documents: every problem with file, line and column."""
    from mlxsm_sync.commands import validate as work

    return work.validate(session, **given)

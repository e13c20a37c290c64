"""The section `Many machines`: what a machine says of itself, and what is made of that."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.commands.session import Session


@click.command(
    epilog="""\b
Examples:
  mlxsm status                         file, state, plan, servers, memory
  mlxsm status --json                  for a script
  mlxsm status -o studio.json          for mlxsm report, on whichever machine
  mlxsm status --format openmetrics -o /srv/textfile/mlxsm.prom
Next: mlxsm ps, mlxsm plan."""
)
@options.printed_as(
    "text", "json", "openmetrics", default="text", show_default=True, help="How it is printed."
)
@click.option(
    "-o",
    "--out",
    type=FileName("write"),
    metavar="FILE",
    help="Write it to a file: JSON, or what --format says.",
)
@options.profile_file
@options.machine
@options.state
@options.as_json
@click.pass_obj
def status(session: Session, /, **given: Any) -> int:
    """Show what this machine says of itself: file, state, plan, servers, memory and versions.

    It starts, stops and changes nothing. Servers of ours are asked for their health only.
    """
    code: int = _runtime().status(session, **given)
    return code


@click.command(
    epilog="""\b
Examples:
  mlxsm report studio.json mini.json -o fleet.html
  mlxsm report statuses/*.json -o fleet.html --json
  mlxsm report -o here.html                  this machine alone
  ssh mini mlxsm status --json | mlxsm report - studio.json -o fleet.html
Next: open fleet.html in a browser."""
)
@click.argument("statuses", nargs=-1, type=FileName("read"), metavar="[STATUS]...")
@click.option(
    "-o",
    "--out",
    required=True,
    type=FileName("write"),
    metavar="FILE",
    help="The page, - for standard output; an older one is replaced.",
)
@options.profile_file
@options.machine
@options.state
@options.as_json
@click.pass_obj
def report(session: Session, /, statuses: tuple[str, ...], **given: Any) -> int:
    """Join what mlxsm status wrote on many machines into one HTML page, which loads and runs nothing.

    STATUS is a file of mlxsm status -o, - for standard input; without one, the page is about this machine.
    A file that cannot be used is named on the page, and the exit code is 3.
    """
    from mlxsm_sync.commands import report as work

    own = None if statuses else _runtime().look(session)
    return work.report(session, statuses, own=own, **given)


def _runtime() -> ModuleType:
    """What looks at this machine: the other half, only where it is asked for."""
    from mlxsm_sync.commands.servers import status

    return status

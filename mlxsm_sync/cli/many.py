"""The section `Many machines`: what a machine says of itself, and what is made of that."""

from __future__ import annotations

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
    from mlxsm_sync.commands.servers import status as work

    return work.status(session, **given)

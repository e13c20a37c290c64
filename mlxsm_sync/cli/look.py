"""The section `Look`: how servers are, what they write, and whether they fit."""

from __future__ import annotations

from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.parameters import Amount, LineCount, WholeNumber
from mlxsm_sync.commands.session import Session

DEFAULT_LINES = 100


@click.command(
    epilog="""\b
Examples:
  mlxsm ps                 every profile of this machine
  mlxsm ps --watch         again and again, until Ctrl-C
  mlxsm ps --check         exit code 1 unless all that was started is ready
  mlxsm ps --ask           whether each answers; health alone proves little
  mlxsm ps --json          for a script
Next: mlxsm logs NAME, mlxsm up, mlxsm down."""
)
@options.names
@click.option("--watch", is_flag=True, help="Show it again every two seconds.")
@click.option("--check", is_flag=True, help="Exit with 1 where a server that was started is not ready.")
@click.option("--ask", is_flag=True, help="Ask each server that looks ready for one token.")
@options.server_command
@options.profile_file
@options.state
@options.as_list
@click.pass_obj
def ps(session: Session, /, **given: Any) -> int:
    """Show the servers: state, process, endpoint, uptime, memory, CPU, and what a restart would change."""
    from mlxsm_sync.commands.servers import ps as work

    return work.ps(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm logs                  the last lines of every server of the file
  mlxsm logs Qwen             those of one of them
  mlxsm logs Qwen Coder -f    follow two of them
  mlxsm logs Qwen -n 1000     more
  mlxsm logs Qwen --previous  what it wrote before its last start
Next: mlxsm ps."""
)
@options.names
@click.option("-f", "--follow", is_flag=True, help="Show new lines as they come, until Ctrl-C.")
@click.option(
    "-n",
    "--tail",
    "lines",
    type=LineCount(),
    metavar="N",
    default=DEFAULT_LINES,
    show_default=True,
    help="How many lines, or all.",
)
@click.option("--previous", is_flag=True, help="Show the log before the last start.")
@options.state
@options.text_only
@click.pass_obj
def logs(session: Session, /, **given: Any) -> None:
    """Show what servers write, or follow it. Each start begins a new log."""
    from mlxsm_sync.commands.servers import logs as work

    work.logs(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm fit                      every profile of ./profiles.yaml
  mlxsm fit Qwen --context 8192  one of them, for shorter conversations
  mlxsm fit --memory 64GB        on another machine
  mlxsm fit --check              exit code 1 unless all are sure to fit
Next: mlxsm up."""
)
@options.names
@click.option(
    "--context",
    type=WholeNumber(1),
    metavar="N",
    help="Tokens of a conversation.  [default: the profile's context, else the model's, at most 32768]",
)
@click.option(
    "--conversations",
    type=WholeNumber(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Conversations at the same time.",
)
@click.option("--memory", type=Amount(), metavar="SIZE", help="Ask for a machine with this limit, as 96GB.")
@click.option("--check", is_flag=True, help="Exit with 1 unless all are sure to fit.")
@options.profile_file
@options.machine
@options.state
@options.as_list
@click.pass_obj
def fit(session: Session, /, **given: Any) -> int:
    """Show how much memory each profile needs, from the files of its model, and whether all fit.

    Nothing is loaded, started or downloaded. What cannot be told is said to be unknown, and is not counted.
    """
    from mlxsm_sync.commands.servers import fit as work

    return work.fit(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm doctor            everything, with what to do about it
  mlxsm doctor --json     for a bug report; nothing secret is in it
Next: mlxsm up."""
)
@options.server_command
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def doctor(session: Session, /, **given: Any) -> int:
    """Check server program, options, models, ports, folders, file and state; start and change nothing."""
    from mlxsm_sync.commands.servers import doctor as work

    return work.doctor(session, **given)

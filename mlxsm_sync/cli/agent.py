"""The commands `mlxsm agent`: a machine that follows a repository of git by itself."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.parameters import Seconds, Span
from mlxsm_sync.cli.subcommands import Subcommands
from mlxsm_sync.commands.session import Session


def _work() -> ModuleType:
    from mlxsm_sync.commands.servers import agent as work

    return work


@click.group(
    cls=Subcommands,
    epilog="""\b
Examples:
  mlxsm agent run --repo ~/fleet       fetch, apply and write the status, once
  mlxsm agent install --repo ~/fleet   do that every 30 minutes
  mlxsm agent status                   the unit, and what its last run did
  mlxsm agent uninstall                take the unit away
Next: see mlxsm agent install --help.""",
)
def agent() -> None:
    """Let this machine follow a repository of git: fetch, apply and write its status, now and then."""


_of_a_run = options.together(
    click.option(
        "--repo",
        type=FileName("read"),
        metavar="DIR",
        help="A checkout of git, or a folder in it.  [default: that of the unit, else the current folder]",
    ),
    click.option("--prune", is_flag=True, help="Delete entries of the file that it no longer lists."),
    click.option("--up", is_flag=True, help="Start the servers of the file."),
    click.option(
        "--verify-commits", is_flag=True, help="Move only where every new commit has a good signature."
    ),
    click.option(
        "--status-out",
        type=FileName("write"),
        metavar="FILE",
        help="Where to write the status.  [default: beside the state]",
    ),
    click.option(
        "--fetch-timeout",
        type=Seconds(min=0, max=86400, min_open=True),
        metavar="SECONDS",
        help="How long git may take to fetch.  [default: 120]",
    ),
    options.file_of_checkout,
    options.machine,
    options.state,
)


@agent.command(
    short_help="Fetch, apply and write the status once",
    epilog="""\b
Examples:
  mlxsm agent run                         in the checkout of the unit, or this one
  mlxsm agent run --repo ~/fleet          in this one
  mlxsm agent run --verify-commits --up   only signed commits; start servers
Exit code: 0 done; 1 not moved forward, or it failed; 3 decisions are left.
Next: mlxsm agent status, mlxsm plan, mlxsm agent install.""",
)
@_of_a_run
@options.lock
@options.as_json
@click.pass_obj
def run(session: Session, /, **given: Any) -> int:
    """Move a checkout forward to what its branch follows, apply the profile file in it, write the status.

    It only moves forward, and never over changes that are not committed: then it says so, and applies what
    is checked out. Conflicts are left for you. It asks nothing, and git is the only program it starts.
    """
    return int(_work().run(session, **given))


@agent.command(
    short_help="Run it now and then",
    epilog="""\b
Examples:
  mlxsm agent install --repo ~/fleet                    every 30 minutes
  mlxsm agent install --repo ~/fleet --every 2h --up    also start servers
  mlxsm agent install --repo ~/fleet --verify-commits   only signed commits
  mlxsm agent install --repo ~/fleet --print            show the unit, write nothing
Next: mlxsm agent status, mlxsm agent uninstall.""",
)
@click.option(
    "--every",
    type=Span(),
    default="30m",
    show_default=True,
    metavar="TIME",
    help="How often, such as 10m or 2h: what divides an hour or a day evenly.",
)
@click.option("--no-start", is_flag=True, help="Write the unit; it runs from the next login on.")
@click.option("--print", "show", is_flag=True, help="Show what would be written, and write nothing.")
@_of_a_run
@options.as_json
@click.pass_obj
def install(session: Session, /, **given: Any) -> int:
    """Let launchd or systemd run mlxsm agent run by the clock, and once now.

    What a machine misses while it sleeps is made up for. The unit holds the options that are typed here, and
    no secret; SSH_AUTH_SOCK is no part of it, so give git a key or a helper that needs no agent of ssh.
    """
    return int(_work().install(session, **given))


@agent.command(
    short_help="Show the unit, and what the last run did",
    epilog="""\b
Examples:
  mlxsm agent status          when it runs next, and how the last run went
  mlxsm agent status --json   for a script
Next: mlxsm agent run, mlxsm status.""",
)
@options.state
@options.as_list
@click.pass_obj
def status(session: Session, /) -> int:
    """Show whether the agent is installed, when it runs next, what it is told, and what the last run did."""
    return int(_work().status(session))


@agent.command(
    short_help="Take the unit away",
    epilog="""\b
Examples:
  mlxsm agent uninstall   stop it, and remove its files
Next: mlxsm agent run still runs it once.""",
)
@options.state
@options.as_json
@click.pass_obj
def uninstall(session: Session, /) -> int:
    """Stop the agent through its manager, and remove its unit. Checkout, state and servers stay."""
    return int(_work().uninstall(session))

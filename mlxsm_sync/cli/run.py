"""The section `Run`: servers are started, stopped and adopted."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.complete import profile_names
from mlxsm_sync.cli.parameters import Seconds, Span
from mlxsm_sync.commands.session import Session

DEFAULT_GRACE = 30
"""Seconds between a request to end and what --force does."""


def _up() -> ModuleType:
    from mlxsm_sync.commands.servers import up as work

    return work


@click.command(
    epilog="""\b
Examples:
  mlxsm up                         every profile of ./profiles.yaml
  mlxsm up Qwen Coder              two of them
  mlxsm up --recreate              restart servers whose options changed
  mlxsm up --instead Coder         in place of the one that has its port
  mlxsm up --dry-run               only print the command lines
  mlxsm up --allow-host 0.0.0.0    consent that no profile file can give
Next: mlxsm ps, mlxsm logs NAME -f, mlxsm connect NAME, mlxsm down."""
)
@options.file_names
@click.option("--recreate", is_flag=True, help="Restart servers whose options changed.")
@click.option("--instead", is_flag=True, help="Stop servers of ours that have its port.")
@click.option("--dry-run", is_flag=True, help="Print the command lines and start nothing.")
@options.as_compose_writes
@options.start_options
@options.profile_file
@options.machine
@options.state
@options.as_json
@click.pass_obj
def up(session: Session, /, **given: Any) -> int:
    """Start the servers of the profile file, and wait until each has loaded its model.

    What runs is what was reviewed and applied. A server that fails is ended, with the reason from its log.
    """
    return int(_up().up(session, **given))


@click.command(
    epilog="""\b
Examples:
  mlxsm run Qwen                         until Ctrl-C, or its server ends
  mlxsm run Qwen --stop-after-idle 30m   free its memory when it is not used
  mlxsm run Qwen --log-to-stdout         for a container
Exit code: 0 stopped, or given up; 1 another try may help; 78 none will.
Next: mlxsm ps, mlxsm logs NAME -f, mlxsm down NAME."""
)
@click.argument("name", metavar="NAME", shell_complete=profile_names)
@click.option(
    "--stop-after-idle",
    type=Span(),
    metavar="TIME",
    help="Stop after so long without use, such as 90s, 30m or 2h; no request starts it again.",
)
@click.option("--log-to-stdout", is_flag=True, help="Also print what the server writes.")
@click.option("--give-up-with-zero", is_flag=True, help="Exit with 0 instead of 78, for launchd.")
@options.start_options
@options.profile_file
@options.machine
@options.state
@options.text_only
@click.pass_obj
def run(session: Session, /, **given: Any) -> int:
    """Serve one profile in the foreground, and watch it: for launchd, systemd, a container or a terminal.

    NAME is that of the profile, or the ID of its entry. Nothing stands between clients and the server. One
    that dies, or whose health fails three times in a row, ends this command with 1. Five failed runs within
    ten minutes are given up.
    """
    from mlxsm_sync.commands.servers import run as work

    return work.run(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm down                    the servers of this profile file's collection
  mlxsm down Qwen               one of them
  mlxsm down --all              every server that mlxsm started here
  mlxsm down --grace 5 --force  kill what is still there after 5 seconds
Next: mlxsm ps."""
)
@options.names
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Every server that was started for this state, also of profiles that are gone.",
)
@click.option(
    "--grace",
    type=Seconds(min=0, max=options.MOST_SECONDS),
    default=DEFAULT_GRACE,
    show_default=True,
    metavar="SECONDS",
    help="How long a server may take to end.",
)
@click.option("--force", is_flag=True, help="Force-kill after --grace.")
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def down(session: Session, /, **given: Any) -> int:
    """Stop servers: ask each to end, and wait until it is gone and its port is free.

    Servers of profiles that were removed are stopped by the names that they had. Only processes that mlxsm
    started are ever signalled; in doubt none is.
    """
    from mlxsm_sync.commands.servers import down as work

    return work.down(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm restart Qwen       stop it and start it again
  mlxsm restart            every profile of ./profiles.yaml
Next: mlxsm ps."""
)
@options.names
@options.start_options
@options.profile_file
@options.machine
@options.state
@options.as_json
@click.pass_obj
def restart(session: Session, /, **given: Any) -> int:
    """Stop servers and start them again; those that do not run are started."""
    return int(_up().restart(session, **given))


@click.command(
    epilog="""\b
Examples:
  mlxsm adopt Qwen      use the server that already listens at Qwen's endpoint
Next: mlxsm ps, mlxsm connect Qwen; mlxsm forget Qwen forgets it."""
)
@options.some_names
@options.state
@options.as_json
@click.pass_obj
def adopt(session: Session, /, **given: Any) -> None:
    """Remember a running server that mlxsm did not start. It is never stopped, restarted or measured.

    One request asks what it is; it says what that proves, and what it does not.
    """
    from mlxsm_sync.commands.servers import adopt as work

    work.adopt(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm forget Qwen     forget what was adopted; the server goes on
Next: mlxsm ps."""
)
@options.some_names
@options.state
@options.as_json
@click.pass_obj
def forget(session: Session, /, **given: Any) -> None:
    """Forget an adopted server. The server itself is not touched."""
    from mlxsm_sync.commands.servers import adopt as work

    work.forget(session, **given)

"""The commands `mlxsm service`: servers that are started at login, and started again when they end."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.parameters import Span
from mlxsm_sync.cli.subcommands import Subcommands
from mlxsm_sync.commands.session import Session


def _work() -> ModuleType:
    from mlxsm_sync.commands.servers import service as work

    return work


@click.group(
    cls=Subcommands,
    epilog="""\b
Examples:
  mlxsm service install Qwen     start it now and at every login
  mlxsm service status           every service, with its server
  mlxsm service uninstall Qwen   stop it, and take the service away
Next: see mlxsm service install --help.""",
)
def service() -> None:
    """Let launchd or systemd start servers at login, and start them again when they end."""


@service.command(
    short_help="Start servers now and at every login",
    epilog="""\b
Examples:
  mlxsm service install Qwen                         start it now and at every login
  mlxsm service install --all                        every profile of ./profiles.yaml
  mlxsm service install Qwen --stop-after-idle 30m   free its memory when it is not used
  mlxsm service install Qwen --print                 show the unit, write nothing
  mlxsm service install Qwen --at boot               before anybody logs in
Next: mlxsm ps, mlxsm service status, mlxsm down NAME.""",
)
@options.file_names
@click.option("--all", "everything", is_flag=True, help="Every profile of the file.")
@click.option(
    "--at",
    type=click.Choice(["login", "boot"]),
    default="login",
    show_default=True,
    help="When they start; boot shows what needs the administrator, and does not do it.",
)
@click.option("--no-start", is_flag=True, help="Write the services, and start nothing now.")
@click.option("--print", "show", is_flag=True, help="Show what would be written, and write nothing.")
@click.option(
    "--stop-after-idle",
    type=Span(),
    metavar="TIME",
    help="Stop after so long without use, such as 90s, 30m or 2h; no request starts it again.",
)
@click.option("--log-to-stdout", is_flag=True, help="Write what the server writes to the journal, too.")
@options.start_options
@options.profile_file
@options.machine
@options.state
@options.as_json
@click.pass_obj
def install(session: Session, /, **given: Any) -> int:
    """Write a service for each profile, start it, and wait until its model is loaded.

    It holds the options that are typed here, the path of the server program, and no secret. A change of the
    profile needs no new service: apply it, then mlxsm restart NAME.
    """
    return int(_work().install(session, **given))


@service.command(
    short_help="Stop servers, and take their services away",
    epilog="""\b
Examples:
  mlxsm service uninstall Qwen    one of them
  mlxsm service uninstall --all   every service of this state
Next: mlxsm up NAME starts it without a service.""",
)
@options.names
@click.option("--all", "everything", is_flag=True, help="Every service of this state.")
@options.state
@options.as_json
@click.pass_obj
def uninstall(session: Session, /, **given: Any) -> int:
    """Stop services through their manager, and remove their files. Profiles and models stay.

    NAME is that of the profile, or the ID of its entry.
    """
    return int(_work().uninstall(session, **given))


@service.command(
    short_help="Show services, and how their servers are",
    epilog="""\b
Examples:
  mlxsm service status          all of them, and servers that run without one
  mlxsm service status --json   for a script
Next: mlxsm ps, mlxsm logs NAME.""",
)
@options.names
@options.state
@options.as_list
@click.pass_obj
def status(session: Session, /, **given: Any) -> int:
    """Show every service of ours, as its manager and as mlxsm ps see it."""
    return int(_work().status(session, **given))

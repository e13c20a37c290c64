"""The section `Get started`: a first profile file, its schema, and completion."""

from __future__ import annotations

from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.complete import machine_names
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.commands.session import Session
from mlxsm_sync.views.published import SCHEMAS


@click.command(
    epilog="""\b
Examples:
  mlxsm init                     a commented starter in ./profiles.yaml
  mlxsm init --from-state        the profiles of this machine, as a file
  mlxsm init --from-running      the servers that run now, started by hand
  mlxsm init --from-command 'mlx_lm.server --model org/name --port 8080'
  mlxsm init --from-file start.sh --from-file local.mlx.plist
  mlxsm init -f team.yaml        another name
Next: mlxsm plan; mlxsm schema profiles > profiles.schema.json for an editor."""
)
@click.option("--from-state", is_flag=True, help="Start from the profiles of this machine.")
@click.option(
    "--from-running",
    is_flag=True,
    help="Start from the mlx_lm.server processes of this user, by their command lines.",
)
@click.option(
    "--from-command",
    multiple=True,
    metavar="COMMAND",
    help="Start from a command line of mlx_lm.server, in quotes; may be repeated.",
)
@click.option(
    "--from-file",
    multiple=True,
    type=FileName("read"),
    metavar="FILE",
    help="Start from the commands in a shell script or launchd plist (- is standard input); repeatable.",
)
@options.profile_file
@options.state
@options.as_json
@click.pass_obj
def init(session: Session, /, from_running: bool, **given: Any) -> None:
    """Write a commented starter profile file; an existing file is never overwritten.

    A command becomes a profile: each option its key, others rawExtraArgs. The program, variables of the
    environment and secrets are left out and named. No command is run, and no running server is asked.
    """
    from mlxsm_sync.commands import init as work

    found = None
    if from_running:
        from mlxsm_sync.commands.servers.running import running  # the other half, only where it is asked for

        found = running(session)
    work.init(session, from_running=found, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm machine             its name, who says so, and what is for it
  mlxsm machine studio      keep the name in ~/.config/mlxsm/machine
  mlxsm machine --forget    go by the host name again
Next: mlxsm plan."""
)
@click.argument("name", required=False, metavar="[NAME]", shell_complete=machine_names)
@click.option("--forget", is_flag=True, help="Forget the name that was kept.")
@options.profile_file
@options.as_json
@click.pass_obj
def machine(session: Session, /, **given: Any) -> None:
    """Show or set what this machine is called, where a profile file has machines.

    --machine of other commands comes first, then MLXSM_MACHINE, the name that was kept, the host name.
    """
    from mlxsm_sync.commands import machine as work

    work.machine(session, **given)


@click.command(
    help=f"Print a JSON Schema (draft-07).\n\nNAME is {', '.join(SCHEMAS)}.",
    epilog="""\b
Examples:
  mlxsm schema profiles > profiles.schema.json     for your editor
  mlxsm schema plan                                what plan --json prints
Next: # yaml-language-server: $schema=./profiles.schema.json in line 1.""",
)
@click.argument("name", type=click.Choice([*SCHEMAS]), default="profiles", metavar="[NAME]")
def schema(**given: Any) -> None:
    """Print the schema of that name."""
    from mlxsm_sync.commands import schema as work

    work.schema(**given)


@click.command(
    epilog="""\b
Examples:
  mlxsm completion zsh > ~/.zfunc/_mlxsm       with ~/.zfunc in fpath
  mlxsm completion bash > ~/.mlxsm-completion  then source it; from bash 4.4
  mlxsm completion fish > ~/.config/fish/completions/mlxsm.fish"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    click.echo(completion_script(ctx.find_root().command, shell))


def completion_script(whole: click.Command, shell: str) -> str:
    """What a shell has to read once: `bash`, `zsh` or `fish`."""
    from click.shell_completion import ShellComplete, get_completion_class  # half as large as click

    kind = get_completion_class(shell)
    assert kind is not None  # click knows these three
    # Not kind.source: for bash, that starts bash to ask for its version.
    return ShellComplete.source(kind(whole, {}, "mlxsm", "_MLXSM_COMPLETE"))

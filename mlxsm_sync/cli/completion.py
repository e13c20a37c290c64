"""`mlxsm completion`: the script that a shell loads."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class


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
    kind = get_completion_class(shell)
    assert kind is not None  # click knows these three
    script = kind(ctx.find_root().command, {}, "mlxsm", "_MLXSM_COMPLETE")
    # Not kind.source: for bash, that starts bash to ask for its version.
    click.echo(ShellComplete.source(script))

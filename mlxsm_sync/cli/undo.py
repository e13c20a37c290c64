"""The section `Undo`: what takes a profile, a write or a loss back."""

from __future__ import annotations

from typing import Any

import click

from mlxsm_sync.cli import options
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.parameters import WholeNumber
from mlxsm_sync.commands.session import Session


@click.command(
    epilog="""\b
Examples:
  mlxsm remove Qwen          show it, ask, take it out of the state
  mlxsm remove A B --yes     without the question
Next: mlxsm rollback undoes it."""
)
@options.some_names
@options.state
@options.lock
@options.yes
@options.while_app_runs
@options.as_json
@click.pass_obj
def remove(session: Session, /, **given: Any) -> None:
    """Take profiles out of the state, whoever owns them. No server is stopped, no model deleted."""
    from mlxsm_sync.commands import remove as work

    work.remove(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm history              the current state and the earlier ones
  mlxsm history --graph      with what rollbacks have left
Next: mlxsm rollback SERIAL plans back to one and asks."""
)
@click.option("--graph", is_flag=True, help="Draw what rollbacks went back to, and left.")
@options.state
@options.as_list
@click.pass_obj
def history(session: Session, /, **given: Any) -> None:
    """Show the states that are kept, the current one first, and which command wrote each."""
    from mlxsm_sync.commands import history as work

    work.history(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm rollback             back to the state before the last write
  mlxsm rollback 7 --yes     back to state 7, without the question
Next: mlxsm rollback again undoes the rollback."""
)
@click.argument("serial", required=False, type=WholeNumber())
@options.state
@options.lock
@options.yes
@options.while_app_runs
@options.as_json
@click.pass_obj
def rollback(session: Session, /, **given: Any) -> None:
    """Go back to an earlier state, as a new write. No server is started or changed."""
    from mlxsm_sync.commands import rollback as work

    work.rollback(session, **given)


@click.command(
    epilog="""\b
Examples:
  mlxsm restore                       the newest version that can be read
  mlxsm restore 7                     that with this serial
  mlxsm restore backup/state.json     a file that is kept elsewhere
Next: mlxsm plan; mlxsm history lists the versions that are kept."""
)
@click.argument("version", required=False, metavar="[SERIAL|FILE]", type=FileName("read"))
@options.state
@options.lock
@options.yes
@options.while_app_runs
@options.as_json
@click.pass_obj
def restore(session: Session, /, **given: Any) -> None:
    """Put a kept state in the place of one that is lost.

    What stands there and cannot be read is kept beside it. A state that can be read is not touched:
    mlxsm rollback goes back to an earlier one. No server is started or changed.
    """
    from mlxsm_sync.commands import restore as work

    work.restore(session, **given)

"""`mlxsm pull`: write entries of the state into the profile file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlxsm_sync.characters import normal
from mlxsm_sync.cli import options
from mlxsm_sync.cli.complete import profile_names
from mlxsm_sync.cli.options import Shared
from mlxsm_sync.cli.output import shown, telling_of
from mlxsm_sync.errors import NotEditable, Usage

if TYPE_CHECKING:
    from mlxsm_sync.pull_file import Pulled
    from mlxsm_sync.pulling import Stuck


@click.command(
    epilog="""\b
Examples:
  mlxsm pull                 what was changed on this machine since it was applied
  mlxsm pull Qwen            one profile, also one that the file does not list yet
  mlxsm pull --all           everything that is of this file, or of nobody
Next: git diff; mlxsm plan says that nothing is left to do."""
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=profile_names)
@click.option("--all", "everything", is_flag=True, help="Every profile that is of this file, or of nobody.")
@options.profile_file
@options.state
@options.lock
@options.text_only
@click.pass_obj
def pull(shared: Shared, names: tuple[str, ...], everything: bool) -> None:
    """Write what this machine has into the profile file.

    Every other line stays as it is. It settles drift the machine's way, as apply --replace does the
    file's way.
    """
    from mlxsm_sync.pull_file import pull_into

    path = shared.path
    if path == "-":
        raise Usage("standard input cannot be written to", "-f FILE names the file to write")
    if names and everything:
        raise Usage("--all already means every profile", "leave out the names, or --all")
    wanted = [name if name.startswith("#") else normal(name) for name in names]
    try:
        done = pull_into(path, shared.store, wanted, shared.lock_timeout, everything=everything)
    except NotEditable as error:
        shared.output.show(_shown(error.patch))
        raise
    with telling_of(path if done.patch else "the state" if done.recorded else None):
        _tell(shared, path, done)


def _tell(shared: Shared, path: str, done: Pulled) -> None:
    for one in done.stuck:
        shared.output.say(_told(one))
    if done.patch:
        shared.output.show(_shown(done.patch))
        for warning in done.warnings:
            shared.output.say(f"warning: {warning.name}: {warning.message}")
        shared.output.say(f"wrote {path}")
    elif done.recorded:
        shared.output.say(f"{path} says so already; recorded as applied: {done.recorded}")
    elif not done.stuck:
        shared.output.say("nothing to pull: no profile of this file was changed on this machine")


def _shown(patch: str) -> str:
    """A patch for the screen: comments can hold anything."""
    return "".join(f"{shown(line)}\n" for line in patch.split("\n")[:-1])


def _told(one: Stuck) -> str:
    return f'note: "{one.name}" was left: {one.reason}; {one.hint}'

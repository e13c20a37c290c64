"""The options that several commands share, each explained once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlxsm_sync.cli.complete import entry_names, profile_names
from mlxsm_sync.cli.output import Output
from mlxsm_sync.errors import Usage

if TYPE_CHECKING:
    from mlxsm_sync.desired import Desired
    from mlxsm_sync.state_file import StateFile

Function = TypeVar("Function", bound=Callable[..., Any])
DEFAULT_LOCK_TIMEOUT = 10.0


@dataclass
class Shared:
    """What the shared options of one command line say."""

    output: Output = field(default_factory=Output)
    file: str | None = None
    state: str | None = None
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT

    @property
    def path(self) -> str:
        """The profile file, named or found."""
        from mlxsm_sync.places import find_profile_file

        return self.file if self.file is not None else find_profile_file(os.environ)

    @property
    def file_was_named(self) -> bool:
        """Whether `-f` stands on the command line; the environment names a file for all commands."""
        return self.file is not None and self.file != os.environ.get("MLXSM_FILE")

    def desired(self) -> Desired:
        """What the profile file wants."""
        from mlxsm_sync.profile_file import read_profile_file

        return read_profile_file(self.path)

    def state_file(self) -> StateFile:
        """The state; what is doubtful about its place is said at once."""
        from pathlib import Path

        from mlxsm_sync.places import default_state_path
        from mlxsm_sync.state_file import StateFile

        if self.state == "app" or (self.state or "").startswith("app:"):
            raise Usage(
                "the Mac app's own list cannot be used as a state yet", "leave --state out, or name a file"
            )
        file = StateFile(Path(self.state) if self.state else default_state_path(os.environ))
        for caution in file.cautions():
            self.output.say(f"warning: {caution}")
        return file

    def command(self, command: str, saved: str | None = None) -> str:
        """The command line that repeats what was named, for a remedy to continue.

        A saved plan knows its file.
        """
        import shlex

        words = ["mlxsm", command]
        if saved is not None:
            words.append(saved)
        elif self.file is not None and self.file_was_named:
            words += ["-f", self.file]
        if self.state is not None and self.state != os.environ.get("MLXSM_STATE"):
            words += ["--state", self.state]
        return shlex.join(words)


def _kept(*names: str, on: str = "", **settings: Any) -> Callable[[Function], Function]:
    """An option whose value goes into `Shared`, or into its output."""
    attribute = settings.pop("attribute")

    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value == "":
            raise click.BadParameter("must not be empty", ctx, parameter)
        if isinstance(value, float) and math.isnan(value):
            raise click.BadParameter("must be a number", ctx, parameter)
        shared = ctx.ensure_object(Shared)
        setattr(shared.output if on == "output" else shared, attribute, value)

    return click.option(*names, expose_value=False, callback=keep, **settings)


def _all(*decorators: Callable[[Function], Function]) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


profile_file = _kept(
    "-f",
    "--file",
    attribute="file",
    envvar="MLXSM_FILE",
    show_envvar=True,
    metavar="PATH",
    help="The profile file, - for standard input.  [default: profiles.yaml or mlxsm.yaml, here or in "
    "~/.config/mlxsm]",
)
state = _kept(
    "--state",
    attribute="state",
    envvar="MLXSM_STATE",
    show_envvar=True,
    metavar="PATH",
    help="The state.  [default: ~/.local/state/mlxsm/state.json]",
)
lock = _kept(
    "--lock-timeout",
    attribute="lock_timeout",
    type=click.FloatRange(min=0, max=86400),
    default=DEFAULT_LOCK_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another mlxsm.",
)
text_only = _all(
    _kept(
        "--color",
        attribute="color",
        on="output",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Colours; auto follows the terminal, NO_COLOR and FORCE_COLOR.",
    ),
    _kept("-q", "--quiet", attribute="quiet", on="output", is_flag=True, help="Say less."),
    _kept("-v", "--verbose", attribute="verbose", on="output", is_flag=True, help="Say more."),
)
as_json = _all(
    _kept("--json", attribute="json", on="output", is_flag=True, help="One JSON document, and nothing else."),
    _kept(
        "--json-out",
        attribute="json_out",
        on="output",
        metavar="PATH",
        help="The JSON into a file, the text to the screen.",
    ),
    text_only,
)
yes = click.option("-y", "--yes", is_flag=True, help="Answer the final question with yes.")
choices = _all(
    click.option(
        "--rename",
        multiple=True,
        metavar="NAME[=NEW]",
        shell_complete=profile_names,
        help="Give a profile another name here; without NEW, the suggested one.",
    ),
    click.option(
        "--replace",
        multiple=True,
        metavar="NAME[=TARGET]",
        shell_complete=profile_names,
        help="Let a profile replace the entry it clashes with.",
    ),
    click.option(
        "--skip", multiple=True, metavar="NAME", shell_complete=profile_names, help="Leave a profile out."
    ),
    click.option(
        "--only", multiple=True, metavar="NAME", shell_complete=profile_names, help="Leave all others out."
    ),
    click.option("--take-from", multiple=True, metavar="OWNER", help="Replace what clashes and is OWNER's."),
    click.option("--prune", is_flag=True, help="Delete entries of this file that it no longer lists."),
    click.option(
        "--prune-foreign", is_flag=True, help="With --prune: also those that came from another file."
    ),
    click.option("--force", is_flag=True, help="With --prune: delete however many."),
)
names = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=entry_names)
some_names = click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=entry_names)

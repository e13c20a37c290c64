"""The options that several commands share, each explained once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlxsm_sync.cli.complete import entry_names, profile_names
from mlxsm_sync.cli.output import Output
from mlxsm_sync.errors import Usage
from mlxsm_sync.secret_scan import looks_like

if TYPE_CHECKING:
    from pathlib import Path

    from mlxsm_sync.applying import Store
    from mlxsm_sync.desired import Desired

Function = TypeVar("Function", bound=Callable[..., Any])
DEFAULT_LOCK_TIMEOUT = 10.0
MOST_SECONDS = 7 * 86400


@dataclass
class Shared:
    """What the shared options of one command line say."""

    output: Output = field(default_factory=Output)
    file: str | None = None
    state: str | None = None
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT
    while_app_runs: bool = False

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

    @cached_property
    def store(self) -> Store:
        """Where the state is kept; what is doubtful about the place is said at once."""
        from pathlib import Path

        from mlxsm_sync.places import default_state_path

        store: Store
        if (path := self._app_list()) is not None:
            from mlxsm_sync.app_store import AppStore

            folder = default_state_path(os.environ).parent
            store = AppStore(path, folder, while_app_runs=self.while_app_runs)
        else:
            from mlxsm_sync.state_file import StateFile

            store = StateFile(Path(self.state) if self.state else default_state_path(os.environ))
        for caution in store.cautions():
            self.output.say(f"warning: {caution}")
        return store

    def _app_list(self) -> Path | None:
        """The Mac app's own list, where that is to be the state."""
        from pathlib import Path

        from mlxsm_sync.places import app_list_path

        if self.state == "app":
            return app_list_path()
        scheme, colon, path = (self.state or "").partition(":")
        if scheme != "app" or not colon:
            return None
        if not path:
            raise Usage("app: needs the path of a list", "app alone is the list of the app on this machine")
        return Path(os.path.expanduser(path))

    def command(self, command: str, *arguments: str) -> str:
        """The command line that repeats what was named, for a remedy to continue.

        What is given as arguments, a saved plan or a document, takes the place of the profile file.
        """
        import shlex

        words = ["mlxsm", command, *arguments]
        if not arguments and self.file is not None and self.file_was_named:
            words += ["-f", self.file]
        if self.state is not None and self.state != os.environ.get("MLXSM_STATE"):
            words += ["--state", self.state]
        return shlex.join(words)


class Seconds(click.FloatRange):
    """A time that a clock can wait; click's own ranges let through what is not a number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail("must be a number", param, ctx)
        return seconds


def _kept(*names: str, on: str = "", **settings: Any) -> Callable[[Function], Function]:
    """An option whose value goes into `Shared`, or into its output."""
    attribute = settings.pop("attribute")

    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value == "":
            raise click.BadParameter("must not be empty", ctx, parameter)
        if isinstance(value, str) and looks_like(value):  # what the environment says; words were looked at
            raise click.BadParameter("looks like a secret; nothing was done", ctx, parameter)
        shared = ctx.ensure_object(Shared)
        setattr(shared.output if on == "output" else shared, attribute, value)

    return click.option(*names, expose_value=False, callback=keep, **settings)


def together(*decorators: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """Several options as one."""

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
    help="The state; app or app:PATH is the list of the Mac app.  [default: ~/.local/state/mlxsm/state.json]",
)
lock = _kept(
    "--lock-timeout",
    attribute="lock_timeout",
    type=Seconds(min=0, max=86400),
    default=DEFAULT_LOCK_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another mlxsm.",
)
while_app_runs = _kept(
    "--while-app-runs",
    attribute="while_app_runs",
    is_flag=True,
    help="Write the Mac app's list although the app runs, and may overwrite it.",
)
text_only = together(
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
as_json = together(
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
answers = together(
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
)
strict = click.option("--strict", is_flag=True, help="Write nothing while anything is undecided.")
choices = together(
    answers,
    click.option("--take-from", multiple=True, metavar="OWNER", help="Replace what clashes and is OWNER's."),
    click.option("--prune", is_flag=True, help="Delete entries of this file that it no longer lists."),
    click.option(
        "--prune-foreign", is_flag=True, help="With --prune: also those that came from another file."
    ),
    click.option("--force", is_flag=True, help="With --prune: delete however many."),
)
server_command = click.option(
    "--server-command",
    envvar="MLXSM_SERVER",
    show_envvar=True,
    metavar="CMD",
    help="The server program.  [default: mlx_lm.server on PATH]",
)
names = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=entry_names)
file_names = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=profile_names)
some_names = click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=entry_names)

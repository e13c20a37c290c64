"""The options that several commands share, each explained once."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlxsm_sync.cli.complete import entry_names, profile_names
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.output import Output
from mlxsm_sync.cli.outputs import STDIN, Files
from mlxsm_sync.cli.parameters import Seconds
from mlxsm_sync.errors import FileTrouble, Usage
from mlxsm_sync.files.paths import path_in_environment
from mlxsm_sync.text.secret_scan import looks_like

if TYPE_CHECKING:
    from pathlib import Path

    from mlxsm_sync.state.store import Store
    from mlxsm_sync.text.json_value import Json
    from mlxsm_sync.values.desired import Desired

Function = TypeVar("Function", bound=Callable[..., Any])
DEFAULT_LOCK_TIMEOUT = 10
MOST_SECONDS = 7 * 86400
_STATELESS = ("validate", "schema", "completion")
"""Commands that have no `--state`."""


@dataclass
class Shared:
    """What the shared options of one command line say."""

    output: Output = field(default_factory=Output)
    file: str | None = None
    state: str | None = None
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT
    while_app_runs: bool = False
    files: Files = field(default_factory=Files)
    """What the command line names, so that no output is also an input."""
    unnamed: str | None = None
    """The profile file that was read, where neither the command line nor the usual name tells which."""

    @property
    def path(self) -> str:
        """The profile file, named or found; it is said where another one may have been meant."""
        return self.file if self.file is not None else self._found

    @cached_property
    def _found(self) -> str:
        from mlxsm_sync.files.paths import PROFILE_FILES, find_profile_file

        path = find_profile_file(os.environ)
        if path not in PROFILE_FILES:
            from mlxsm_sync.files.paths import instead_of, way_to

            if (other := instead_of(path)) is not None:
                self.output.say(f"note: {path} is used, not {other}: {way_to(other)}")
        return path

    @property
    def file_was_named(self) -> bool:
        """Whether `-f` stands on the command line; the environment names a file for all commands."""
        return self.file is not None and self.file != path_in_environment("MLXSM_FILE")

    def desired(self) -> Desired:
        """What the profile file wants."""
        from mlxsm_sync.files.paths import PROFILE_FILES
        from mlxsm_sync.profile_file.file import read_profile_file

        path = self.path
        self.tell_of_input(path)
        self.unnamed = None if self.file_was_named or path in (PROFILE_FILES[0], STDIN) else path
        return read_profile_file(path)

    def tell_of_input(self, path: str) -> None:
        """Say that standard input is awaited, where that is a terminal at which nobody may type."""
        if path == STDIN and sys.stdin is not None and sys.stdin.isatty():
            self.output.say("reading standard input until its end (Ctrl-D)")

    @cached_property
    def store(self) -> Store:
        """Where the state is kept; what is doubtful about the place is said at once."""
        from pathlib import Path

        from mlxsm_sync.files.paths import default_state_path

        store: Store
        if (path := self._app_list()) is not None:
            from mlxsm_sync.mac_app.list_store import AppStore

            folder = default_state_path(os.environ).parent
            store = AppStore(path, folder, while_app_runs=self.while_app_runs)
        else:
            from mlxsm_sync.state.state_file import StateFile

            store = StateFile(Path(self.state) if self.state else default_state_path(os.environ))
        self.output.kept = lambda: _content(store)
        for caution in store.cautions():
            self.output.say(f"warning: {caution}", always=True)
        return store

    def _app_list(self) -> Path | None:
        """The Mac app's own list, where that is to be the state."""
        from pathlib import Path

        from mlxsm_sync.files.paths import app_list_path, expanded

        if self.state == "app":
            return app_list_path()
        scheme, colon, path = (self.state or "").partition(":")
        if scheme != "app" or not colon:
            return None
        if not path:
            raise Usage("app: needs the path of a list", "app alone is the list of the app on this machine")
        return Path(expanded(path))

    def command(self, command: str, *arguments: str) -> str:
        """The command line that repeats what was named, for a remedy to continue.

        What is given as arguments, a saved plan or a document, takes the place of the profile file.
        """
        words = ["mlxsm", command, *arguments]
        if not arguments and self.file is not None and self.file_was_named:
            words += ["-f", self.file]
        return shlex.join([*words, *(() if command in _STATELESS else self.state_words)])

    def with_file(self, command: str) -> str:
        """The same for a command that needs the profile file; in words where none is found here."""
        from mlxsm_sync.files.paths import find_profile_file

        try:
            _ = self.file or find_profile_file(os.environ)
        except FileTrouble:
            return f"{command}, with -f FILE,"
        return self.command(command)

    @property
    def state_words(self) -> tuple[str, ...]:
        """The words that name the state, where it was named on the command line."""
        named = self.state is not None and self.state != path_in_environment("MLXSM_STATE")
        return ("--state", self.state) if named and self.state is not None else ()


def _content(store: Store) -> list[Json]:
    """All that a state says, and that an earlier one said."""
    states = [store.read(), *(one.state for one in store.earlier())]
    return [entry.dump() for state in states for entry in state.entries]


def _kept(*names: str, on: str = "", **settings: Any) -> Callable[[Function], Function]:
    """An option whose value goes into `Shared`, or into its output."""
    attribute = settings.pop("attribute")

    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value == "":
            raise click.BadParameter("must not be empty", ctx, parameter)
        if isinstance(value, str) and looks_like(value):  # what the environment says; words were looked at
            raise click.BadParameter("looks like a secret; nothing was done", ctx, parameter)
        shared = ctx.ensure_object(Shared)
        target = shared.output if on == "output" else shared
        if (attribute, value) == ("json_out", "-"):
            shared.output.json = True  # both go to standard output: the same as --json
        elif value is not False or not getattr(target, attribute):
            setattr(target, attribute, value)

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
    type=FileName("read"),
    envvar="MLXSM_FILE",
    show_envvar=True,
    metavar="PATH",
    help="The profile file, - for standard input.  [default: profiles.yaml or mlxsm.yaml, here or in "
    "~/.config/mlxsm]",
)
state = _kept(
    "--state",
    attribute="state",
    type=FileName("state"),
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
    _kept("--no-color", attribute="no_color", on="output", is_flag=True, hidden=True),
    _kept("-q", "--quiet", attribute="quiet", on="output", is_flag=True, help="Quiet output."),
    _kept("-v", "--verbose", attribute="verbose", on="output", is_flag=True, help="Verbose output."),
)
as_json = together(
    _kept("--json", attribute="json", on="output", is_flag=True, help="Print JSON."),
    _kept(
        "--json-out",
        attribute="json_out",
        on="output",
        type=FileName("write"),
        metavar="PATH",
        help="Also write JSON to a file.",
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
        "--only", multiple=True, metavar="NAME", shell_complete=profile_names, help="Only this profile."
    ),
)
strict = click.option("--strict", is_flag=True, help="Write nothing while anything is undecided.")
choices = together(
    answers,
    click.option(
        "--take-from", multiple=True, metavar="OWNER", help="Replace conflicting entries owned by OWNER."
    ),
    click.option("--prune", is_flag=True, help="Delete entries of this file that it no longer lists."),
    click.option(
        "--prune-foreign", is_flag=True, help="With --prune: also those that came from another file."
    ),
    click.option("--force", is_flag=True, help="With --prune: delete however many."),
)
as_compose_writes = together(
    *(
        click.option(*names, is_flag=True, expose_value=False, hidden=True)
        for names in (("-d", "--detach"), ("--wait",))
    )
)
"""What `up` does anyway: wait until the servers are ready, and leave them in the background."""
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

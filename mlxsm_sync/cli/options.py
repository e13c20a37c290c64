"""The options that several commands share, each explained once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlxsm_sync.cli.complete import entry_names, machine_names, profile_names
from mlxsm_sync.cli.file_names import FileName
from mlxsm_sync.cli.parameters import Seconds
from mlxsm_sync.commands.session import DEFAULT_LOCK_TIMEOUT, DEFAULT_START_TIMEOUT, Session
from mlxsm_sync.text.secret_scan import looks_like

if TYPE_CHECKING:
    pass

Function = TypeVar("Function", bound=Callable[..., Any])
MOST_SECONDS = 7 * 86400


def _kept(*names: str, on: str = "", **settings: Any) -> Callable[[Function], Function]:
    """An option whose value goes into `Session`, or into its output."""
    attribute = settings.pop("attribute")

    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value == "":
            raise click.BadParameter("must not be empty", ctx, parameter)
        if isinstance(value, str) and looks_like(value):  # what the environment says; words were looked at
            raise click.BadParameter("looks like a secret; nothing was done", ctx, parameter)
        session = ctx.ensure_object(Session)
        target = session.output if on == "output" else session
        if (attribute, value) == ("json_out", "-"):
            session.output.json = True  # both go to standard output: the same as --json
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
stdin_filename = _kept(
    "--stdin-filename",
    attribute="stdin_filename",
    type=FileName("read"),
    metavar="PATH",
    help="With -f -: where the file is going to be, as if it stood there already.",
)
file_of_checkout = _kept(
    "-f",
    "--file",
    attribute="file",
    type=FileName("read"),
    metavar="PATH",
    help="The profile file, in the checkout.  [default: profiles.yaml or mlxsm.yaml at its top]",
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
machine = _kept(
    "--machine",
    attribute="machine",
    metavar="NAME",
    shell_complete=machine_names,
    help="What this machine is called, where the file has machines.  [env var: MLXSM_MACHINE; default: what "
    "mlxsm machine says]",
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
        help="Colours; auto follows the terminal, NO_COLOR and FORCE_COLOR. --no-color is never.",
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


as_list = together(
    as_json,
    _kept(
        "--plain",
        attribute="plain",
        on="output",
        is_flag=True,
        help="Print one record a line, with tabs between its fields, for scripts.",
    ),
)


def printed_as(*forms: str, **settings: Any) -> Callable[[Function], Function]:
    """The option `--format`: how a result is printed. `json` is the same as --json."""

    def note(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        ctx.ensure_object(Session).output.json |= value == "json"
        return value

    return click.option("--format", "form", type=click.Choice(forms), callback=note, **settings)


no_input = _kept(
    "--no-input", attribute="no_input", is_flag=True, help="Ask nothing, and fail where something would be."
)
yes = together(
    click.option("-y", "--yes", is_flag=True, help="Answer the final question with yes."), no_input
)
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
start_options = together(
    click.option(
        "--timeout",
        type=Seconds(min=0, max=MOST_SECONDS, min_open=True),
        default=DEFAULT_START_TIMEOUT,
        show_default=True,
        metavar="SECONDS",
        help="How long a server may take; while its model is downloaded, since the last of it came.",
    ),
    click.option("--no-probe", is_flag=True, help="Wait for port and /health only; send no test request."),
    server_command,
    click.option(
        "--allow-host", multiple=True, metavar="HOST", help="Let servers listen on this host for others."
    ),
    click.option(
        "--allow-arg",
        multiple=True,
        metavar="FLAG",
        help="Allow this server option.",
    ),
    click.option(
        "--allow-cluster",
        multiple=True,
        metavar="NAME",
        help="Let the ranks of this profile's cluster talk to this machine.",
    ),
    click.option(
        "--allow-overcommit", is_flag=True, help="Start servers although their weights exceed the memory."
    ),
)
"""How servers are started, whichever command does it."""
names = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=entry_names)
file_names = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=profile_names)
some_names = click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=entry_names)

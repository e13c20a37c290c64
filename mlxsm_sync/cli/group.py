"""The table of the commands: what the help lists, and which file declares each."""

from __future__ import annotations

import importlib
import os
import shlex
from collections.abc import Sequence
from typing import NamedTuple

import click

from mlxsm_sync import __version__
from mlxsm_sync.cli.explaining import explanation, say
from mlxsm_sync.cli.habits import answer
from mlxsm_sync.cli.subcommands import Subcommands
from mlxsm_sync.cli.words import asks_for_help, refuse_unknown
from mlxsm_sync.errors import FileError, UsageError
from mlxsm_sync.files.paths import PROFILE_FILES, find_profile_file
from mlxsm_sync.text.suggest import slip_of
from mlxsm_sync.text.unicode import visible


class Section(NamedTuple):
    """Commands that the help lists together."""

    module: str
    """The file of this folder that declares them."""
    summaries: dict[str, str]
    """By verb, each of at most 64 letters, so that no terminal of 80 columns breaks or cuts it."""


SECTIONS = {
    "Daily": Section(
        "daily",
        {
            "plan": "Show what would change on this machine",
            "apply": "Bring this machine in line with the profile file",
            "list": "Show the profiles of this machine",
            "validate": "Check profile files and documents",
        },
    ),
    "Get started": Section(
        "begin",
        {
            "init": "Write a commented starter profile file",
            "machine": "Show or set what this machine is called",
            "schema": "Print a JSON Schema",
            "completion": "Print the completion script of a shell",
        },
    ),
    "Run": Section(
        "run",
        {
            "up": "Start servers, and wait until their models are loaded",
            "run": "Serve one profile in the foreground, for a service manager",
            "down": "Stop servers",
            "restart": "Stop servers and start them again",
            "service": "Start servers at login, and again when they end",
            "adopt": "Use a running server that mlxsm did not start",
            "forget": "Forget an adopted server",
        },
    ),
    "Many machines": Section(
        "many",
        {
            "status": "Show what this machine says of itself, for a fleet",
            "report": "Join the statuses of many machines into one HTML page",
            "agent": "Follow a repository of git: fetch, apply, write the status",
        },
    ),
    "Look": Section(
        "look",
        {
            "ps": "Show how the servers are",
            "logs": "Show what servers write, or follow it",
            "fit": "Show how much memory profiles need, and whether all fit",
            "doctor": "Check everything that could keep servers from running",
        },
    ),
    "Share": Section(
        "share",
        {
            "import": "Merge a document of the Mac app into this machine's profiles",
            "export": "Write profiles as a document or a profile file",
            "pull": "Write changes of this machine into the profile file",
            "connect": "Print what an OpenAI-compatible client needs",
        },
    ),
    "Undo": Section(
        "undo",
        {
            "remove": "Take profiles out of the state",
            "history": "Show earlier states, and which command wrote each",
            "rollback": "Go back to an earlier state",
            "restore": "Put a kept state in the place of one that is lost",
        },
    ),
}

_OTHER_FILES = {"agent": "agent", "service": "service"}
"""Commands that have commands of their own, and a file for them."""
COMMANDS = {
    verb: _OTHER_FILES.get(verb, section.module)
    for section in SECTIONS.values()
    for verb in section.summaries
}
"""By verb, the file that declares it."""
_FUNCTIONS = {"import": "import_", "list": "list_"}
"""Commands that Python keeps the names of for itself."""

RASH = ("down", "remove", "restart", "forget", "rollback", "restore")
"""Commands that stop or take away something: a slip is no reason to offer them."""


def every_command() -> dict[str, click.Command]:
    """All commands, those of another one by both words, as `service install`."""
    commands, ctx = Commands(), click.Context(Commands())
    found: dict[str, click.Command] = {}
    for verb in COMMANDS:
        command = commands.get_command(ctx, verb)
        if isinstance(command, Subcommands):
            found |= {f"{verb} {name}": one for name, one in command.commands.items()}
        elif command is not None:
            found[verb] = command
    return found


class Commands(click.Group):
    """Commands whose declarations are imported when they are called, and whose work when it is done."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mlxsm_sync.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, _FUNCTIONS.get(cmd_name, cmd_name))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if ctx.resilient_parsing:  # completion says nothing of what is wrong
            return super().resolve_command(ctx, args)
        word, *rest = args
        if word == "help":
            # `mlxsm help plan` is `mlxsm plan --help`.
            word, rest = next(iter(rest), "--help"), ["--help"]
        if word == "version":
            say(ctx, f"mlxsm {__version__}")
        if word.startswith("-"):
            say(ctx, ctx.get_help())
        command = self.get_command(ctx, word)
        if command is None:
            raise _no_such_command(word, rest)
        if isinstance(command, Subcommands):
            return word, command, rest
        if asks_for_help(command, rest):
            with command.make_context(word, [], parent=ctx, resilient_parsing=True) as own:
                say(ctx, explanation(own))
        refuse_unknown(command, word, rest)
        return word, command, rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(explanation(ctx))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([*section.summaries.items()])
        click.Command.format_options(self, ctx, formatter)


def _no_such_command(word: str, rest: Sequence[str]) -> UsageError:
    hint = answer(word, rest, file=_profile_file())
    hint = hint or slip_of(word, COMMANDS, rash=RASH) or "mlxsm --help shows the commands"
    return UsageError(f"there is no command {visible(word)}", hint)


def _profile_file() -> str:
    """The profile file as a shell takes it, or the name that a new one would have."""
    try:
        path = os.environ.get("MLXSM_FILE") or find_profile_file(os.environ)
    except FileError:
        path = PROFILE_FILES[0]
    return shlex.quote(path)

"""The door: read the command line, call one thing, print, exit."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from types import FrameType
from typing import cast

import click

from mlxsm_sync import __version__
from mlxsm_sync.characters import visible
from mlxsm_sync.cli.output import report_failure
from mlxsm_sync.errors import FileTrouble, MlxsmError, Usage
from mlxsm_sync.suggest import did_you_mean

_SECTIONS: dict[str, dict[str, str]] = {
    "Daily": {"plan": "plan", "apply": "apply", "list": "entries", "validate": "files"},
    "Begin": {"init": "files", "schema": "files", "completion": "completion"},
    "Run": {
        "up": "up",
        "down": "down",
        "restart": "up",
        "ps": "ps",
        "logs": "logs",
        "adopt": "adopt",
        "forget": "adopt",
        "doctor": "doctor",
    },
    "Share": {"import": "import_", "export": "export", "pull": "pull", "connect": "connect"},
    "Undo": {"remove": "entries", "history": "past", "rollback": "past"},
}
_FUNCTIONS = {"import": "import_", "list": "list_"}
"""Commands that Python keeps the names of for itself."""

_MODULES = {name: module for section in _SECTIONS.values() for name, module in section.items()}

_MORE = "mlxsm --help shows them all"

SIGNALLED = 128
"""Added to a signal's number, as shells do: 130 for an interrupt, 143 for a termination."""


class _Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*_MODULES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"mlxsm_sync.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, _FUNCTIONS.get(cmd_name, cmd_name))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[:1] == ["help"]:
            # `mlxsm help plan` is `mlxsm plan --help`.
            args = [*args[1:2], "--help"] if args[1:] else ["--help"]
            if args == ["--help"]:
                click.echo(ctx.get_help())
                ctx.exit(0)
        if args and args[0] not in _MODULES:
            raise Usage(f"there is no command {visible(args[0])}", did_you_mean(args[0], _MODULES) or _MORE)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section, names in _SECTIONS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(section):
                formatter.write_dl(
                    [(name, found.get_short_help_str(80)) for name, found in commands if found]
                )


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  mlxsm init             write a starter profiles.yaml
  mlxsm plan             show what would change; changes nothing
  mlxsm apply            show it, ask, write
  mlxsm up               run the servers
Next: mlxsm COMMAND --help tells more, with examples.""",
)
@click.version_option(__version__, "-V", "--version", prog_name="mlxsm", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Keep the profiles of local MLX model servers in git.

    plan shows what would change on this machine, apply changes it. Neither opens a connection nor
    touches a process. up runs the servers, down stops them.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    # A command lives shortly and makes no cycles worth collecting; looking for them takes a third of
    # the time of a large plan.
    gc.disable()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # Windows has no SIGHUP; what nohup or a shell has had ignored stays ignored.
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:
            signal.signal(getattr(signal, name), _stop)
    closed = _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        # What a terminal's encoding cannot say is said as an escape.
        cast(TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except OSError as error:
        code = _unheard(error, arguments)
    if closed and code == 0:
        trouble = FileTrouble(
            "standard output is closed: what was done could not be told",
            "mlxsm history tells of the state, mlxsm ps of servers",
        )
        code = report_failure(trouble, arguments)
    sys.exit(code)


def _stop(number: int, _frame: FrameType | None) -> None:
    """End at once. An exception could be swallowed by whatever runs; a state survives any end."""
    with suppress(OSError):
        os.write(2, b"\ninterrupted\n")
    os._exit(SIGNALLED + number)


def _open_what_is_closed() -> bool:
    """Give closed standard streams somewhere to go; say whether the output was among them."""
    closed = sys.stdout is None
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the end
    return closed


def _run(arguments: Sequence[str]) -> int:
    try:
        code = cli.main(args=list(arguments), prog_name="mlxsm", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.UsageError as error:
        where = f"{error.ctx.command_path} --help tells more" if error.ctx else None
        return report_failure(Usage(" ".join(error.format_message().split()), where), arguments)
    except MlxsmError as error:
        return report_failure(error, arguments)
    except OSError as error:
        if error.filename is None:
            return _unheard(error, arguments)
        return report_failure(FileTrouble(f"cannot use {error.filename}: {error.strerror}"), arguments)
    except UnicodeError:
        return report_failure(Usage("a name on the command line or of a file is no valid text"), arguments)
    except MemoryError:
        return report_failure(FileTrouble("there is not enough memory for this"), arguments)
    except Exception as error:
        trouble = MlxsmError(
            f"mlxsm failed by its own fault ({type(error).__name__}); nothing more was written"
        )
        return report_failure(trouble, arguments)


def _unheard(error: OSError, arguments: Sequence[str]) -> int:
    """What was printed did not arrive. A reader that has gone is told nothing more."""
    with suppress(OSError):
        # Or Python tries to write the rest at its exit, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 1
    return report_failure(FileTrouble(f"cannot write the output: {error.strerror}"), arguments)

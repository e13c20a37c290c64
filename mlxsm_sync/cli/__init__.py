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
from mlxsm_sync.cli.output import report_failure, silence_stdout
from mlxsm_sync.cli.outputs import refuse_inputs
from mlxsm_sync.errors import FileTrouble, MlxsmError, Usage
from mlxsm_sync.secret_scan import looks_like
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
    # Click would start a shell to ask for its version; `completion` prints the same without.
    asked = os.environ.get("_MLXSM_COMPLETE", "").partition("_")
    if asked[2] == "source":
        del os.environ["_MLXSM_COMPLETE"]
        arguments = ["completion", asked[0]]
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
    except MlxsmError as error:
        code = report_failure(error, arguments, heard=not closed)
    except OSError as error:
        code = _unheard(error, arguments)
    try:
        sys.stdout.flush()
    except OSError:  # which is what was told
        silence_stdout()
    if closed and code == 0:
        trouble = FileTrouble(
            "standard output is closed: what was done could not be told",
            "mlxsm history tells of the state, mlxsm ps of servers",
        )
        code = report_failure(trouble, (), heard=False)  # a file with the JSON has been written
    sys.exit(code)


def _stop(number: int, _frame: FrameType | None) -> None:
    """End at once. An exception could be swallowed by whatever runs; a state survives any end."""
    if (disk := sys.modules.get("mlxsm_sync.disk")) is not None:
        disk.drop_unfinished()
    with suppress(OSError):
        os.write(2, b"\ninterrupted\n")
    os._exit(SIGNALLED + number)


def _open_what_is_closed() -> bool:
    """Give closed standard streams somewhere to go; say whether the output was among them."""
    closed = sys.stdout is None
    # Or a file of ours would get the number of a stream, and what is said would go into it.
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the end
    return closed


def _refuse_secrets(arguments: Sequence[str]) -> None:
    """Usage where a word looks like a secret: words become names, paths and notes, and are repeated."""
    if any(map(looks_like, arguments)):
        raise Usage(
            "a word on the command line looks like a secret; nothing was done",
            "secrets never go into a profile, a path or an option: take it out, and revoke it if it was seen",
        )


def _run(arguments: Sequence[str]) -> int:
    """The exit code of a command; MlxsmError where it fails, OSError where its output does not arrive."""
    try:
        _refuse_secrets(arguments)
        refuse_inputs(arguments, os.environ)
        code = cli.main(args=list(arguments), prog_name="mlxsm", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.UsageError as error:
        where = f"{error.ctx.command_path} --help tells more" if error.ctx else None
        raise Usage(" ".join(error.format_message().split()), where) from None
    except MlxsmError:
        raise
    except OSError as error:
        if error.filename is None:
            raise
        raise FileTrouble(f"cannot use {error.filename}: {error.strerror}") from None
    except UnicodeError:
        raise Usage("a name on the command line or of a file is no valid text") from None
    except MemoryError:
        raise FileTrouble("there is not enough memory for this") from None
    except Exception as error:
        raise MlxsmError(
            f"mlxsm failed by its own fault ({type(error).__name__}); nothing more was written"
        ) from None


def _unheard(error: OSError, arguments: Sequence[str]) -> int:
    """What was printed did not arrive. A reader that has gone is told nothing more."""
    silence_stdout()
    if isinstance(error, BrokenPipeError):
        return 1
    trouble = FileTrouble(f"cannot write the output: {error.strerror}")
    return report_failure(trouble, arguments, heard=False)

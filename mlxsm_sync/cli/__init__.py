"""The door: read the command line, call one thing, print, exit."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import click

from mlxsm_sync import __version__
from mlxsm_sync.cli.output import report_failure
from mlxsm_sync.errors import MlxsmError, Usage

_SECTIONS: dict[str, dict[str, str]] = {
    "Daily": {"plan": "plan", "apply": "apply", "list": "entries", "validate": "files"},
    "Begin": {"init": "files", "schema": "files", "completion": "completion"},
    "Undo": {"remove": "entries", "history": "past", "rollback": "past"},
}
_MODULES = {name: module for section in _SECTIONS.values() for name, module in section.items()}

INTERRUPTED, TERMINATED = 130, 143


class _Commands(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*_MODULES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"mlxsm_sync.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("list", "list_"))
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
Next: mlxsm COMMAND --help tells more, with examples.""",
)
@click.version_option(__version__, "-V", "--version", prog_name="mlxsm", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Keep the profiles of local MLX model servers in git.

    plan shows what would change on this machine, apply changes it. Neither opens a connection nor
    touches a process.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    code = _run(arguments)
    sys.exit(_flushed(code, arguments))


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


def _run(arguments: Sequence[str]) -> int:
    try:
        code = cli.main(args=list(arguments), prog_name="mlxsm", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.UsageError as error:
        where = f"{error.ctx.command_path} --help tells more" if error.ctx else None
        return report_failure(Usage(error.format_message(), where), arguments)
    except MlxsmError as error:
        return report_failure(error, arguments)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\ninterrupted; nothing was written", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _silenced()


def _flushed(code: int, arguments: Sequence[str]) -> int:
    """The exit code, unless what was printed did not arrive."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _silenced()
    except (OSError, ValueError, AttributeError) as error:
        return report_failure(MlxsmError(f"cannot write the output: {error}"), arguments)
    return code


def _silenced() -> int:
    """The reader of our output is gone: say nothing more, to nobody."""
    sys.stdout = None  # or Python complains about the pipe at exit
    return 1

"""The door: read the command line, call one thing, print, exit."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from types import FrameType
from typing import NamedTuple, cast

import click

from mlxsm_sync import __version__
from mlxsm_sync.cli.group import Commands
from mlxsm_sync.cli.words import behind_the_command
from mlxsm_sync.cli.wrong_usage import as_usage
from mlxsm_sync.commands.output import report_failure, silence_stdout
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, MlxsmError, ToldAlready, UsageError
from mlxsm_sync.text.secret_scan import in_answer, looks_like

_ANSWERS = ("--rename", "--replace")
"""Options whose value is `NAME=NEW`."""
_COMMAND_LINE = "--from-command"
"""Takes a command line, of which `init` leaves out secrets, and repeats no value."""

SIGNALLED = 128
"""Added to a signal's number, as shells do: 130 for an interrupt, 143 for a termination."""


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  mlxsm init             write a starter profiles.yaml
  mlxsm plan             show what would change; changes nothing
  mlxsm apply            show it, ask, write
  mlxsm up               run the servers
Next: see mlxsm COMMAND --help for options and examples.""",
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
    session = Session()
    closed = _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        # What a terminal's encoding cannot say is said as an escape.
        cast(TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments, session)
        sys.stdout.flush()
    except MlxsmError as error:
        wish = _wish(arguments, session)
        code = report_failure(error, as_json=wish.as_json, heard=not closed, json_out=wish.path)
    except OSError as error:
        code = _unheard(error, _wish(arguments, session).path)
    try:
        sys.stdout.flush()
    except OSError:  # which is what was told
        silence_stdout()
    if closed and code == 0:
        trouble = FileError(
            "standard output is closed: what was done could not be told",
            "mlxsm history tells of the state, mlxsm ps of servers",
        )
        code = report_failure(trouble, heard=False)  # a file with the JSON has been written
    sys.exit(code)


def _stop(number: int, _frame: FrameType | None) -> None:
    """End at once. An exception could be swallowed by whatever runs; a state survives any end."""
    if (disk := sys.modules.get("mlxsm_sync.files.atomic")) is not None:
        getattr(disk, "drop_unfinished", int)()  # a module that is just being imported has nothing yet
    asking = getattr(sys.modules.get("mlxsm_sync.commands.prompts"), "waiting", False)
    with suppress(OSError):
        os.write(2, b"\ninterrupted; nothing was written\n" if asking else b"\ninterrupted\n")
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


def _looks_like(word: str, before: str) -> str | None:
    """What kind of secret is in a word of the command line, after the word before it."""
    option, joined, value = word.partition("=")
    if option in _ANSWERS and joined:
        return in_answer(value)
    return in_answer(word) if before in _ANSWERS else looks_like(word)


def _refuse_secrets(arguments: Sequence[str]) -> None:
    """UsageError where a word looks like a secret: words become names, paths and notes, and are repeated."""
    words = [*zip(arguments, ("", *arguments), strict=False)]
    if "init" in arguments:
        words = [pair for pair in words if _COMMAND_LINE not in (pair[1], pair[0].partition("=")[0])]
    if any(_looks_like(word, before) for word, before in words):
        raise UsageError(
            "a word on the command line looks like a secret; nothing was done",
            "secrets never go into a profile, a path or an option: take it out, and revoke it if it was seen",
        )


def _run(arguments: Sequence[str], session: Session) -> int:
    """The exit code of a command; MlxsmError where it fails, OSError where its output does not arrive."""
    try:
        _refuse_secrets(arguments)
        arguments = behind_the_command(arguments)
        code = cli.main(args=arguments, prog_name="mlxsm", standalone_mode=False, obj=session)
        return code if isinstance(code, int) else 0
    except (click.exceptions.Exit, ToldAlready) as end:
        return end.exit_code
    except click.UsageError as error:
        raise as_usage(error, arguments) from None
    except MlxsmError:
        raise
    except OSError as error:
        if error.filename is None and (isinstance(error, BrokenPipeError) or not _arrives()):
            raise
        what = f"cannot use {error.filename}" if error.filename is not None else "the system refused"
        raise FileError(f"{what}: {error.strerror}") from None
    except UnicodeError:
        raise UsageError("a name on the command line or of a file is no valid text") from None
    except MemoryError:
        raise FileError("there is not enough memory for this") from None
    except Exception as error:
        fault = f"{type(error).__name__} in {_where(error)}"
        raise MlxsmError(
            f"mlxsm failed by its own fault ({fault}); nothing more was written",
            "please report this line, with the command and mlxsm --version",
        ) from None


def _where(error: Exception) -> str:
    """The last line of ours that an error came from, as `planning/match.py:31`.

    The error's own words are left out: they may hold a value of a file, and so a secret.
    """
    found, at = "?", error.__traceback__
    while at is not None:
        _, ours, path = at.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/mlxsm_sync/")
        found = f"{path}:{at.tb_lineno}" if ours else found
        at = at.tb_next
    return found


class _Wish(NamedTuple):
    """How a command line wants to be told of its failure."""

    as_json: bool
    """On standard output."""
    path: str | None
    """The file that the JSON goes to as well; None where an output was refused."""


def _wish(arguments: Sequence[str], session: Session) -> _Wish:
    """What a command line asks for. Of one that makes no sense as a whole, click reads what it can."""
    refused, words, again = session.files.refused, behind_the_command(arguments), Session()
    whole = click.Context(cli, **cli.context_settings)
    command = cli.get_command(whole, words[0]) if words else None
    given = words[1:]
    if isinstance(command, click.Group):
        given = behind_the_command(given)
        command = command.get_command(whole, given[0]) if given else None
        given = given[1:]
    if command is not None:
        _read_what_makes_sense(command, given, whole, again)
    path = session.output.json_out or again.output.json_out
    refused = refused or again.files.refused
    return _Wish(session.output.json or _asks_for_json(words), None if refused else path)


def _asks_for_json(words: Sequence[str]) -> bool:
    """Whether `--json` or `--format json` stands there, also for a command that has neither."""
    form = click.Option(["--format"], is_flag=False, flag_value="")
    asking = click.Command("asking", params=[click.Option(["--json"], is_flag=True), form])
    read = _read_what_makes_sense(asking, words)
    return read is not None and (read.params["json"] or read.params["format"] == "json")


def _read_what_makes_sense(
    command: click.Command,
    words: Sequence[str],
    parent: click.Context | None = None,
    session: Session | None = None,
) -> click.Context | None:
    """The options of a command as far as click can read them; None if it can read none."""
    with suppress(MlxsmError, click.ClickException):
        return command.make_context(
            command.name,
            [*words],
            parent,
            obj=session,
            resilient_parsing=True,
            ignore_unknown_options=True,
            allow_extra_args=True,
        )
    return None


def _arrives() -> bool:
    """Whether what was printed could be written; a stream that failed still has it, and fails again."""
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except OSError:
        return False
    return True


def _unheard(error: OSError, json_out: str | None) -> int:
    """What was printed did not arrive. A reader that has gone is told nothing more."""
    silence_stdout()
    if isinstance(error, BrokenPipeError):
        return 1
    trouble = FileError(f"cannot write the output: {error.strerror}")
    return report_failure(trouble, heard=False, json_out=json_out)

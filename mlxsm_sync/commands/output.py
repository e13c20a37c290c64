"""What goes where: data to standard output, words to standard error, JSON alone where asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from mlxsm_sync.errors import FileError, MlxsmError, Problem
from mlxsm_sync.text.hyperlinks import hyperlink
from mlxsm_sync.text.redaction import Redaction, redacted, without_tokens
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.text.wrapping import wrapped, wrapped_lines

if TYPE_CHECKING:
    from mlxsm_sync.text.json_value import Json
    from mlxsm_sync.values.base import Value
    from mlxsm_sync.views.style import Style


def echo(text: str, *, end: str = "\n", err: bool = False) -> None:
    """Print finished text at once; OSError where nobody takes it."""
    stream = sys.stderr if err else sys.stdout
    stream.write(f"{text}{end}")
    stream.flush()


@dataclass
class Output:
    """How one run of a command speaks."""

    color: str = "auto"
    no_color: bool = False
    plain: bool = False
    json: bool = False
    json_out: str | None = None
    quiet: bool = False
    verbose: bool = False
    stdout_is_taken: bool = False
    """Whether a file is printed on standard output, so that the text for people goes to standard error."""
    redaction: Redaction = field(default_factory=Redaction)
    """The gate that everything passes."""

    def style(self, stream: TextIO) -> Style:
        """How text for a stream is dressed."""
        from mlxsm_sync.views.style import Style  # --help has no colours

        choice = "never" if self.no_color else self.color
        colour = wants_colour(choice, os.environ, stream)
        return Style(
            colour,
            self.verbose,
            width_of(stream),
            has_blocks(os.environ, stream),
            self.plain,
            wants_links(os.environ, stream) and not self.no_color and self.color != "never",
        )

    def print(self, text: str, *, wrap: bool = False) -> None:
        """Print finished text, unless only JSON is wanted; wrapped, its lines fit the terminal."""
        if not self.json:
            stream = sys.stderr if self.stdout_is_taken else sys.stdout
            shown = self.redaction.text(text)
            echo(wrapped_lines(shown, width_of(stream)) if wrap else shown, end="", err=self.stdout_is_taken)

    def data(self, value: Value) -> None:
        """Print a value as JSON where that is wanted, and write it to a file where that is."""
        if not (self.json or self.json_out):
            return
        text = self.redaction.json(value.model_dump())
        if self.json_out:
            from mlxsm_sync.files.atomic import write_whole

            write_whole(self.json_out, text + "\n")
        if self.json:
            echo(text)

    def print_json(self, data: Json) -> None:
        """Print JSON in a format of others, unless only ours is wanted."""
        if not self.json:
            echo(self.redaction.json(data))

    def print_prompt(self, text: str, *, wrap: bool = False) -> None:
        """Show finished text to the person at the terminal, however little was asked for."""
        shown = self.redaction.text(text)
        echo(wrapped_lines(shown, width_of(sys.stderr)) if wrap else shown, end="", err=True)

    def note(self, message: str, *, always: bool = False) -> None:
        """Print a message for the person at the terminal; where nobody takes it, the work goes on.

        One that is always said is too important for `--quiet`.
        """
        if always or not self.quiet:
            try:
                echo(wrapped(visible(self.redaction.text(message)), width_of(sys.stderr)), err=True)
            except OSError:
                silence_stderr()


@contextmanager
def telling_of(what: str | None) -> Iterator[None]:
    """Where something was written, an output that fails says so, also if its reader has gone."""
    try:
        yield
    except (OSError, FileError) as error:
        if what is None:
            raise
        why = error.strerror if isinstance(error, OSError) else error
        raise FileError(f"{what} was written, but not all of the output: {why}", applied=True) from None


def shown(text: str) -> str:
    """Text of others as one line for the screen: without secrets, and with everything in it visible."""
    return visible(redacted(text))


def sentence(text: str) -> str:
    """A sentence of ours as one line for the screen; a name in it is shown in full."""
    return visible(without_tokens(text))


def _without_secrets(error: MlxsmError) -> MlxsmError:
    """The failure as it can be told: names of files come from anywhere; the rest are our sentences."""
    error.message = without_tokens(error.message)
    error.hint = without_tokens(error.hint) if error.hint else None
    error.problems = tuple(
        one.model_copy(path=redacted(one.path), message=without_tokens(one.message)) for one in error.problems
    )
    return error


def _short(text: str, most: int = 2000) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def wants_colour(choice: str, environment: Mapping[str, str], stream: TextIO) -> bool:
    """The option decides, then FORCE_COLOR, NO_COLOR and the terminal; see https://no-color.org."""
    if choice != "auto":
        return choice == "always"
    if environment.get("FORCE_COLOR"):
        return True
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return stream.isatty()


def width_of(stream: TextIO) -> int | None:
    """The columns of a terminal, None for anything else."""
    if not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    with suppress(OSError, ValueError):
        count = int(columns) if columns.isdecimal() else os.get_terminal_size(stream.fileno()).columns
        return max(count, 20) if count else None
    return None


_LINKED = ("Apple_Terminal", "ghostty", "iTerm.app", "vscode", "WarpTerminal", "WezTerm")
"""Programs with links that say so by TERM_PROGRAM: https://github.com/Alhadis/OSC8-Adoption"""
_LINKED_BY = ("KITTY_WINDOW_ID", "KONSOLE_VERSION", "VTE_VERSION", "WT_SESSION")
"""What others with links set."""


def wants_links(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Whether a stream is a terminal known for links; FORCE_HYPERLINK and NO_HYPERLINKS come first."""
    if environment.get("FORCE_HYPERLINK", "") not in ("", "0"):
        return True
    if environment.get("NO_HYPERLINKS") or environment.get("CI") or environment.get("TERM") == "dumb":
        return False
    known = environment.get("TERM_PROGRAM") in _LINKED or any(environment.get(name) for name in _LINKED_BY)
    return known and stream.isatty()


def has_blocks(environment: Mapping[str, str], stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows blocks: one that says so, and takes their letters."""
    is_utf8 = (stream.encoding or "").lower().replace("-", "") == "utf8"
    return stream.isatty() and is_utf8 and environment.get("TERM", "dumb") != "dumb"


def silence_stdout() -> None:
    """Let what was not printed go nowhere, or Python tries again at its exit, and complains."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def silence_stderr() -> None:
    """Let what cannot be said go nowhere, or Python tries again at its exit, and fails."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def report_failure(
    error: MlxsmError, *, as_json: bool = False, heard: bool = True, json_out: str | None = None
) -> int:
    """Tell a failure, as JSON where the command line asked for that; return the exit code.

    Where standard output is not `heard`, the words for people go to standard error all the same. The
    JSON goes to the file `json_out` as well.
    """
    path = json_out if json_out is None or redacted(json_out) == json_out else None
    error = _without_secrets(error)
    try:
        _report_as_json(error, to_stdout=as_json and heard, path=path)
    except OSError:
        silence_stdout()
        heard = False
    except FileError:
        heard = False
    if not (as_json and heard):
        with suppress(OSError):  # where nobody listens, the exit code says it all
            _report_as_text(error)
    return error.exit_code


def _report_as_json(error: MlxsmError, *, to_stdout: bool, path: str | None) -> None:
    if to_stdout or path is not None:
        from mlxsm_sync.views.reports import error_report

        Output(json=to_stdout, json_out=path).data(error_report(error))


def with_link(text: str, problem: Problem) -> str:
    """The same; the place that it begins with leads to the file."""
    place = visible(problem.place)
    if problem.path == "-" or not text.startswith(place):
        return text
    return hyperlink(place, Path(os.path.abspath(problem.path)).as_uri()) + text[len(place) :]


def _report_as_text(error: MlxsmError) -> None:
    width = width_of(sys.stderr)
    links = wants_links(os.environ, sys.stderr)
    for problem in error.problems:
        text = wrapped(visible(str(problem)), width)
        echo(with_link(text, problem) if links else text, err=True)
        if problem.excerpt is not None:
            echo(problem.excerpt, err=True)
    echo(wrapped(f"error: {_short(visible(error.message))}", width), err=True)
    if error.hint:
        echo(wrapped(f"hint: {_short(visible(error.hint))}", width), err=True)

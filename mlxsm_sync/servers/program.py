"""The server program of this machine, and its release, found without starting it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers.command_line import Program
from mlxsm_sync.servers.interpreters import Interpreter, Missing, interpreter_of
from mlxsm_sync.servers.packages import package_in, release_of, source_in
from mlxsm_sync.servers.site_folders import environment_of, site_folders
from mlxsm_sync.text.program_words import program_places
from mlxsm_sync.text.secret_scan import looks_like

DEFAULT_COMMAND = "mlx_lm.server"
_OF_MLX_LM = (DEFAULT_COMMAND, "mlx_lm")
"""The programs that mlx-lm brings."""
_UPGRADES = {"uv/tools": "uv tool upgrade", "pipx/venvs": "pipx upgrade", "Cellar": "brew upgrade"}
"""Where programs are installed by a tool, and how that upgrades them."""

_PATHS = ("/", "./", "../", "~/")
"""What a word begins with that is meant as a path, wherever it stands."""


def find_program(command: str | None, environment: Mapping[str, str]) -> Program:
    """The program that `--server-command`, `MLXSM_SERVER` or PATH name; ServerError if none is found.

    The command may be a path, a name on PATH, or several words; no shell reads it. mlx-lm's own program is
    found beside ours, too, where PATH has none: both are often in one environment that is not activated.
    """
    words = _words(command or environment.get("MLXSM_SERVER") or DEFAULT_COMMAND)
    _refuse_secret(" ".join(words))
    words[0] = _found(words[0], environment)
    for place in program_places(words)[1:]:
        words[place] = os.path.abspath(_expanded(words[place])) if "/" in words[place] else words[place]
    words[1:] = map(_in_full, words[1:])
    _refuse_secret(" ".join(words))
    _refuse_missing(words, environment)
    return examine(tuple(words), environment)


def examine(command: tuple[str, ...], environment: Mapping[str, str]) -> Program:
    """The program of a command line, with the release that is installed now."""
    folders = _folders(command, environment)
    package = package_in(folders) if folders is not None else None
    return Program(command) if package is None else Program(command, package.version, package.options)


def release_beside(command: tuple[str, ...], package: str, environment: Mapping[str, str]) -> str | None:
    """The release of another package that the Python of a command imports; None where that is not noted."""
    folders = _folders(command, environment)
    return release_of(package, folders) if folders is not None else None


def source_of(command: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    """The folder `mlx_lm` that the Python of a command imports; None where that cannot be told."""
    folders = _folders(command, environment)
    return source_in(folders) if folders is not None else None


def _folders(command: tuple[str, ...], environment: Mapping[str, str]) -> list[str] | None:
    interpreter = interpreter_of(command, environment)
    return site_folders(interpreter) if isinstance(interpreter, Interpreter) else None


def upgrade_of(command: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """The command line that upgrades the mlx-lm of a command where it is installed."""
    interpreter = interpreter_of(command, environment)
    path = interpreter.path if isinstance(interpreter, Interpreter) else ""
    for place, words in _UPGRADES.items():
        if found := re.search(f"/{place}/([^/]+)/", os.path.realpath(os.path.dirname(path)) + "/"):
            return f"{words} {shlex.quote(found[1])}"
    if not path:
        return "pip install --upgrade mlx-lm"
    if (made := environment_of(path)) is not None and "uv" in made.settings:
        return f"uv pip install --python {shlex.quote(path)} --upgrade mlx-lm"
    return f"{shlex.quote(path)} -m pip install --upgrade mlx-lm"


def _found(word: str, environment: Mapping[str, str]) -> str:
    """A program's path; links are kept, as a virtual environment knows itself by them."""
    found = shutil.which(_expanded(word), path=environment.get("PATH"))
    if found is not None and not os.path.isabs(found) and "/" not in word:
        raise ServerError(
            f"the server program {word} is only found by way of the current folder",
            "take the empty or relative part out of PATH, or name the program by its path",
        )
    if found is None and word in _OF_MLX_LM:
        places = (shutil.which(os.path.join(folder, word)) for folder in _own_folders())
        found = next(filter(None, places), None)
    if found is None:
        raise ServerError(f"there is no server program {word}", _advice(word))
    return os.path.abspath(found)


def _advice(word: str) -> str:
    if os.path.isfile(_expanded(word)):
        return f"the file is not executable: chmod +x {shlex.quote(word)}"
    return "pip install mlx-lm brings mlx_lm.server; --server-command or MLXSM_SERVER name another one"


def _own_folders() -> list[str]:
    """Where programs of our own environment are: beside our Python, and beside the command that was typed."""
    typed = os.path.realpath(sys.argv[0]) if os.path.basename(sys.argv[0]) == "mlxsm" else ""
    folders = (os.path.dirname(one) for one in (sys.executable, typed))
    return [folder for folder in folders if os.path.isabs(folder)]


def _refuse_secret(command: str) -> None:
    if looks_like(command):
        raise ServerError(
            "the server command looks like a secret; it was not used",
            "every user can read a command line: give the server its secrets by environment variables",
        )


def _refuse_missing(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """ServerError where what runs the program is not there: an environment outlives its Python."""
    missing = interpreter_of(words, environment)
    if not isinstance(missing, Missing):
        return
    script, program = missing
    if "/" not in program:
        what = f"{script} is run by {program}, which is not on PATH"
    elif os.path.islink(program):
        what = f"{script} is run by {program}, which leads to {os.path.realpath(program)}: that is not there"
    else:
        what = f"{script} is run by {program}, which is not there"
    raise ServerError(
        what, "install mlx-lm again, or name another program by --server-command or MLXSM_SERVER"
    )


def _expanded(word: str) -> str:
    return os.path.expanduser(word) if word.startswith("~") else word


def _in_full(word: str) -> str:
    """A path that was typed as one, for a server that runs in another folder; also as the value of an option.

    All else is a name: a file of that name in the current folder, which may be anybody's, must
    not take the place of a module or an option.
    """
    option, has_value, value = word.partition("=") if word.startswith("-") else ("", "", word)
    if value in (".", "..") or value.startswith(_PATHS):
        full = os.path.abspath(_expanded(value))
        return option + has_value + full if os.path.exists(full) else word
    return word


def _words(command: str) -> list[str]:
    try:
        # One path with spaces in it; one that does not begin as a path could be anybody's folder here.
        is_one = command.startswith(_PATHS) and os.path.isfile(_expanded(command))
        words = [command] if is_one else shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise ServerError(f"the server command {command!r} cannot be split into words", "close its quotes")
    return words

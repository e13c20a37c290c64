"""The Python that a command runs in the end, found by reading scripts and never by running them.

A server runs in `/`, without the variables of Python that we have: so does what is looked for here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from mlxsm_sync.files.plain_files import read_plain
from mlxsm_sync.servers.scripts import SHELLS, first_line, shell_run
from mlxsm_sync.text.program_words import PythonRun, base, is_python, python_run, unwrapped

FOLDER = "/"
"""Where servers run."""
_LARGEST = 64 * 1024
"""Bytes of a script that are read."""
_ARCHIVE = "PK\x03\x04"
_MOST_STEPS = 10
"""Scripts that run scripts; the kernel itself allows four."""


class Interpreter(NamedTuple):
    """A Python, and how it is run."""

    path: str
    """As it is run. Links are kept: an environment's Python is one, and knows itself by its own place."""
    run: PythonRun
    environment: Mapping[str, str | None]
    """What it is given; None for a value that is not known."""
    is_script: bool = False
    """Whether a script that was not understood stands in its place."""


class Missing(NamedTuple):
    """A program that is to run a script, and is not there."""

    script: str
    program: str


class _Next(NamedTuple):
    """What a script runs instead of itself."""

    words: Sequence[str]
    environment: dict[str, str | None]


def interpreter_of(command: Sequence[str], environment: Mapping[str, str]) -> Interpreter | Missing | None:
    """The Python that a command runs, what is missing, or None where it cannot be told."""
    known: dict[str, str | None] = {
        name: value for name, value in environment.items() if not name.startswith("PYTHON")
    }
    words: Sequence[str] = command
    script = command[0]
    for _ in range(_MOST_STEPS):
        run = unwrapped(words)
        if run is None:
            return None
        known.update(run.variables)
        program = _find(run.words[0], known)
        if program is None:
            return None
        if is_missing(program):
            return Missing(script, program)
        step = _step(program, run.words[1:], known)
        if not isinstance(step, _Next):
            return step
        script = program
        words, known = step
    return None


def _step(program: str, arguments: Sequence[str], known: dict[str, str | None]) -> Interpreter | _Next | None:
    """The Python that a program is, or what it runs, and with which variables."""
    text = _text(program)
    shebang = first_line(text) if text is not None else None
    inner = _inner(shebang, text or "", program, arguments, known) if shebang else None
    if is_python(program):
        run = python_run(arguments)
        if inner is not None or run is None:
            return inner
        return Interpreter(program, run, known, is_script=shebang is not None)
    return inner


def _inner(
    shebang: Sequence[str], text: str, program: str, arguments: Sequence[str], known: dict[str, str | None]
) -> _Next | None:
    """What a script runs: the program of its first line, or what a shell makes of it."""
    line = unwrapped(shebang)
    if line is not None and base(line.words[0]) in SHELLS:
        folder = os.path.dirname(os.path.realpath(program))
        shell = shell_run(text, program, folder, {**known, **dict(line.variables)}, arguments)
        return _Next(shell.words, shell.environment) if shell is not None else None
    if text.partition("\n")[2].startswith(_ARCHIVE):
        return None  # it brings packages of its own
    return _Next((*shebang, program, *arguments), known)


def _find(word: str, environment: Mapping[str, str | None]) -> str | None:
    """The path of a program as its parent finds it; a name that is nowhere stays a name.

    None where the search path is not known.
    """
    if "/" in word:
        return os.path.join(FOLDER, word)
    path = environment.get("PATH", os.defpath)
    if path is None:
        return None
    for folder in path.split(os.pathsep):
        candidate = os.path.join(FOLDER, folder, word)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return word


def is_missing(program: str) -> bool:
    """Whether a file is missing for certain; one that we may not look at can exist."""
    if "/" not in program:
        return True
    try:
        os.stat(program)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _text(path: str) -> str | None:
    """The beginning of a script, in the encoding of file names; None if the file is no script."""
    with suppress(OSError, ValueError):
        if (text := read_plain(path, _LARGEST)).startswith(b"#!"):
            return os.fsdecode(text)
    return None

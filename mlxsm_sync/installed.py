"""The server program of this machine, and its release, found without starting it."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.errors import ServerTrouble
from mlxsm_sync.flags import NEWEST_KNOWN, parse_version
from mlxsm_sync.launch import Program
from mlxsm_sync.secret_scan import looks_like

DEFAULT_COMMAND = "mlx_lm.server"
_HEAD = 2048
"""Bytes of a script that are looked at for its interpreter."""


_PATHS = ("/", "./", "../")
"""What a word begins with that is meant as a path."""


def find_program(command: str | None, environment: Mapping[str, str]) -> Program:
    """The program that `--server-command`, `MLXSM_SERVER` or PATH name; ServerTrouble where there is none.

    The command may be a path, a name on PATH, or several words; no shell reads it.
    """
    words = _words(command or environment.get("MLXSM_SERVER") or DEFAULT_COMMAND)
    _refuse_secret(" ".join(words))
    found = shutil.which(os.path.expanduser(words[0]), path=environment.get("PATH"))
    if found is None:
        raise ServerTrouble(
            f"there is no server program {words[0]}",
            "pip install mlx-lm brings mlx_lm.server; --server-command or MLXSM_SERVER name another one",
        )
    if not os.path.isabs(found) and not words[0].startswith(_PATHS):
        raise ServerTrouble(
            f"the server program {words[0]} is only found by way of the current folder",
            "take the empty or relative part out of PATH, or name the program by its path",
        )
    # Links are kept: a virtual environment's python is one, and knows its environment by its own place.
    program = os.path.abspath(found)
    words[1:] = map(_in_full, words[1:])
    _refuse_secret(" ".join((program, *words[1:])))
    return examine((program, *words[1:]), environment)


def _refuse_secret(command: str) -> None:
    if looks_like(command):
        raise ServerTrouble(
            "the server command looks like a secret; it was not used",
            "every user can read a command line: give the server its secrets by environment variables",
        )


def examine(command: tuple[str, ...], environment: Mapping[str, str]) -> Program:
    """The program of a command line, with the release that is installed now."""
    script = next((word for word in command if word.endswith(DEFAULT_COMMAND)), command[0])
    packages = _package_folder(_interpreter(script, environment) or command[0])
    if packages is None:
        return Program(command)
    folder, version = packages
    newer = parse_version(version) > NEWEST_KNOWN
    return Program(command, version, _read_options(folder) if newer else None)


def _in_full(word: str) -> str:
    """A path that was typed as one, for a server that runs in another folder.

    All else is a name: a file of that name in the current folder, which may be anybody's, must
    not take the place of a program, a module or an option.
    """
    return os.path.abspath(word) if word.startswith(_PATHS) and os.path.exists(word) else word


def _words(command: str) -> list[str]:
    try:
        words = [command] if command.startswith(_PATHS) and os.path.exists(command) else shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise ServerTrouble(f"the server command {command!r} cannot be split into words", "close its quotes")
    return words


def _interpreter(script: str, environment: Mapping[str, str]) -> str | None:
    """The Python that a script's first line names; also in the form that pip uses for long paths."""
    with suppress(OSError, UnicodeDecodeError), open(script, "rb") as file:
        head = file.read(_HEAD)
        if not head.startswith(b"#!"):
            return None
        first, _, rest = head.partition(b"\n")
        words = first[2:].decode().split()
        if words and Path(words[0]).name == "env":
            named = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), "")
            return shutil.which(named, path=environment.get("PATH"))
        if words[:1] == ["/bin/sh"] and (found := re.match(rb"'''exec' (\"?)(/[^\n\"]+?)\1 \"\$0\"", rest)):
            return found[2].decode()
        return words[0] if words else None
    return None


def _package_folder(interpreter: str) -> tuple[Path, str] | None:
    """Where the interpreter finds mlx-lm, and its release."""
    for folder in _site_folders(Path(interpreter)):
        releases = [
            found[1]
            for name in _names(folder)
            if (found := re.fullmatch(r"mlx_lm-([0-9][^-]*)\.dist-info", name))
        ]
        if releases:
            return folder, max(releases, key=parse_version)
    return None


def _site_folders(interpreter: Path) -> Iterator[Path]:
    """The folders for packages beside an interpreter: of its environment, or of the system's Python."""
    for place in (interpreter, interpreter.resolve()):
        root = place.parent.parent
        for pattern in (
            "lib/python3*/site-packages",
            "lib/python3*/dist-packages",
            "lib/python3/dist-packages",
        ):
            yield from sorted(root.glob(pattern), reverse=True)
    yield from sorted(Path("/usr/local/lib").glob("python3*/*-packages"), reverse=True)
    with suppress(RuntimeError):
        yield from sorted(Path.home().glob(".local/lib/python3*/site-packages"), reverse=True)
        yield from sorted(Path.home().glob("Library/Python/3*/lib/python/site-packages"), reverse=True)


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read_options(folder: Path) -> frozenset[str] | None:
    """The options in the text of the server's own argument parser; None where that cannot be read."""
    try:
        text = (folder / "mlx_lm/server.py").read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None
    return options_in(tree) or None


def options_in(tree: ast.AST) -> frozenset[str]:
    """Every `--option` that a source adds to a parser."""
    return frozenset(
        word.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "add_argument"
        for word in call.args
        if isinstance(word, ast.Constant) and isinstance(word.value, str) and word.value.startswith("--")
    )

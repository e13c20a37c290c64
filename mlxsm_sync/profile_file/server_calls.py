"""Which commands start mlx_lm.server, whatever stands in front of it, and with which arguments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mlxsm_sync.profile_file.command_prefixes import Behind, behind_prefixes
from mlxsm_sync.syntax.shell import ShellCommand, Word, shell_commands
from mlxsm_sync.syntax.tree import Position, Problems
from mlxsm_sync.text.program_words import base, is_python, python_run

_PROGRAM = "mlx_lm.server"
_SHELLS = ("ash", "bash", "dash", "fish", "ksh", "runuser", "sh", "su", "zsh")
"""Programs that take commands behind `-c`."""
_RUNNERS = (
    "conda",
    "doppler",
    "hatch",
    "mamba",
    "micromamba",
    "op",
    "pdm",
    "pipx",
    "pixi",
    "poetry",
    "rye",
    "uv",
)
"""Programs whose `run` runs another one."""
_TERMINALS = ("screen", "tmux", "uvx")
"""Programs that run another one without such a word."""
_MOST_NESTED = 4
_NAMED = re.compile(r"mlx_lm(?:\.server| server)\b")
"""The server in a text."""


class ServerCall(NamedTuple):
    """One start of a server."""

    at: Position
    program: tuple[str, ...]
    """The words in front of its arguments."""
    arguments: tuple[Word, ...]
    variables: tuple[str, ...]
    """The names of what is set in its environment."""
    redirected: bool
    folder: str | None = None
    """Where it runs, where that is said."""


class Commands(NamedTuple):
    """What a text holds."""

    calls: list[ServerCall]
    others: list[ShellCommand]
    """Commands that start no server."""


def calls_in(text: str, problems: Problems, folder: str | None = None) -> Commands:
    """The starts of servers in lines for a shell that begins in a folder."""
    return _read(shell_commands(text, problems), problems.path, folder)


def lines_naming(commands: Iterable[ShellCommand]) -> list[int]:
    """The lines on which commands, or the data that they are given, name the server."""
    lines: dict[int, None] = {}
    for command in commands:
        words = [*command.words, *command.data]
        for one, following in pairwise([*words, words[-1]]):
            for found in _NAMED.finditer(one.text):
                lines[one.at.line + one.text.count("\n", 0, found.start())] = None
            if base(one.text) == "mlx_lm" and following.text == "server":
                lines[one.at.line] = None
    return sorted(lines)


def _read(commands: Iterable[ShellCommand], path: str, folder: str | None = None, depth: int = 0) -> Commands:
    """The starts among commands that begin in a folder."""
    calls: list[ServerCall] = []
    others: list[ShellCommand] = []
    for command in commands:
        found = [*_calls(command, path, folder, depth)]
        calls += found
        others += [] if found else [command]
        folder = _moved(command.words, folder)
    return Commands(calls, others)


def _moved(words: Sequence[Word], folder: str | None) -> str | None:
    """Where the next command runs; None where nobody says that."""
    found = behind_prefixes([word.text for word in words])
    inner = words[found.place :] if found is not None else words
    if inner[0].text not in ("cd", "chdir", "pushd"):
        return folder
    targets = [one for one in inner[1:] if not one.text.startswith("-") or one.text == "-"]
    if not targets:
        return "~"
    last = targets[-1]
    return None if last.unknown is not None or last.text == "-" else joined(folder, last.text)


def joined(folder: str | None, target: str) -> str:
    """A folder that is named in another one."""
    if folder is None or target.startswith(("/", "~")):
        return target
    tidy = posixpath.normpath(f"{folder}/{target}")
    # Above the home folder is what only the system knows.
    return tidy if tidy.startswith("~") == folder.startswith("~") else f"{folder}/{target}"


def call_of(words: Sequence[str], at: Word, places: Sequence[Position] = ()) -> ServerCall | None:
    """The start of a server by words that no shell takes apart, each at its place, or all where `at` is."""
    known = places if len(places) == len(words) else [at.at] * len(words)
    placed = tuple(at._replace(text=word, at=place) for word, place in zip(words, known, strict=True))
    behind = behind_prefixes(words)
    begin = _arguments_behind(words, behind)
    if behind is None or begin is None:
        return None
    variables = _assigned(words[:begin])
    return ServerCall(
        at.at, tuple(words[:begin]), placed[begin:], variables, redirected=False, folder=behind.folder
    )


def _calls(command: ShellCommand, path: str, folder: str | None, depth: int) -> Iterator[ServerCall]:
    words = [word.text for word in command.words]
    behind = behind_prefixes(words)
    if behind is not None and behind.folder is not None:
        folder = joined(folder, behind.folder)
    if (begin := _arguments_behind(words, behind)) is not None:
        outside = () if behind is not None and behind.is_cleared else command.variables
        variables = tuple(dict.fromkeys((*outside, *_assigned(words[:begin]))))
        program, arguments = tuple(words[:begin]), command.words[begin:]
        yield ServerCall(command.words[0].at, program, arguments, variables, command.redirected, folder)
        return
    inner = command.words[behind.place :] if behind is not None else command.words
    for script in _scripts(inner) if depth < _MOST_NESTED else ():
        commands = [
            one._replace(
                words=tuple(word._replace(at=script.at) for word in one.words),
                variables=(*command.variables, *one.variables),
                redirected=command.redirected or one.redirected,
            )
            for one in shell_commands(script.text, Problems(path))
        ]
        yield from _read(commands, path, folder, depth + 1).calls


def _scripts(inner: Sequence[Word]) -> Iterator[Word]:
    """Words that a shell reads as commands: behind its `-c`, for a new terminal, behind an alias."""
    if inner[0].text == "eval" and inner[1:]:
        yield inner[1]._replace(text=" ".join(one.text for one in inner[1:]))
    if inner[0].text == "alias":
        yield from (one._replace(text=one.text.partition("=")[2]) for one in inner[1:])
    if base(inner[0].text) in _TERMINALS:
        yield from (one for one in inner[1:] if " " in one.text)
    if base(inner[0].text) in _SHELLS:
        for option, script in pairwise(inner[1:]):
            if option.text.startswith("-") and option.text.endswith("c"):
                yield script
                return


def arguments_at(words: Sequence[str]) -> int | None:
    """Where the arguments of mlx_lm.server begin; None for a command that does not start it."""
    return _arguments_behind(words, behind_prefixes(words))


def _arguments_behind(words: Sequence[str], behind: Behind | None) -> int | None:
    if behind is None:
        return None
    inner = _behind_program(words[behind.place :])
    return behind.place + inner if inner is not None else None


def _behind_program(words: Sequence[str]) -> int | None:
    program, *rest = words
    name = base(program)
    if name == _PROGRAM:
        return 1
    if name == "mlx_lm" and rest[:1] == ["server"]:
        return 2
    if is_python(program):
        return _behind_python(rest)
    if name in _TERMINALS or name in _RUNNERS:
        for place in range(1, len(words)):
            told = name in _TERMINALS or "run" in words[1:place]
            named = is_python(words[place]) or base(words[place]) in (_PROGRAM, "mlx_lm")
            inner = _behind_program(words[place:]) if told and named else None
            if inner is not None:
                return place + inner
    return None


def _behind_python(arguments: Sequence[str]) -> int | None:
    run = python_run(arguments)
    if run is None:
        return None
    if run.script is not None:
        is_server = base(run.script) == _PROGRAM or run.script.endswith("mlx_lm/server.py")
        return run.place + 2 if is_server else None
    # The module may be in one word with -m; the package has a command of its own, `-m mlx_lm server`.
    _, _, joined = arguments[run.place].partition("m")
    module, behind = (joined, run.place + 2) if joined else (arguments[run.place + 1], run.place + 3)
    if module == _PROGRAM:
        return behind
    is_server = module == "mlx_lm" and [*arguments[behind - 1 :]][:1] == ["server"]
    return behind + 1 if is_server else None


def _assigned(words: Sequence[str]) -> tuple[str, ...]:
    """The names that `env` sets among these words."""
    named = (word.partition("=") for word in words)
    return tuple(name for name, equals, _ in named if equals and name.isidentifier())

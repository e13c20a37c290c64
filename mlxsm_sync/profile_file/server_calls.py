"""Which commands start mlx_lm.server, whatever stands in front of it, and with which arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mlxsm_sync.syntax.shell import ShellCommand, Word, shell_commands
from mlxsm_sync.syntax.tree import Position, Problems
from mlxsm_sync.text.program_words import base, is_python, python_run, unwrapped

_PROGRAM = "mlx_lm.server"
_BEFORE = (
    "exec",
    "command",
    "builtin",
    "sudo",
    "doas",
    "then",
    "do",
    "else",
    "if",
    "while",
    "!",
    "{",
    "$",
    "%",
)
"""Words of a shell, and signs of its prompt, after which a command stands."""
_SHELLS = ("ash", "bash", "dash", "fish", "ksh", "sh", "zsh")
_RUNNERS = ("conda", "hatch", "mamba", "micromamba", "pdm", "pipx", "pixi", "poetry", "rye", "uv")
"""Programs whose `run` runs another one."""
_TERMINALS = ("screen", "tmux", "uvx")
"""Programs that run another one without such a word."""
_MOST_NESTED = 4


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


def calls_in(text: str, problems: Problems) -> Commands:
    """The starts of servers in lines for a shell."""
    calls: list[ServerCall] = []
    others: list[ShellCommand] = []
    folder: str | None = None
    for command in shell_commands(text, problems):
        found = [one._replace(folder=folder) for one in _calls(command, problems)]
        calls += found
        others += [] if found else [command]
        name, *rest = command.words
        if name.text == "cd":
            folder = rest[-1].text if rest and rest[-1].unknown is None else None
    return Commands(calls, others)


def call_of(words: Sequence[str], at: Word) -> ServerCall | None:
    """The start of a server by words that no shell has to take apart; each is told to be where `at` is."""
    placed = tuple(at._replace(text=word) for word in words)
    begin = arguments_at(words)
    if begin is None:
        return None
    variables = _assigned(words[:begin])
    return ServerCall(at.at, tuple(words[:begin]), placed[begin:], variables, redirected=False)


def _calls(command: ShellCommand, problems: Problems, depth: int = 0) -> Iterator[ServerCall]:
    words = [word.text for word in command.words]
    if (begin := arguments_at(words)) is not None:
        variables = (*command.variables, *_assigned(words[:begin]))
        program, arguments = tuple(words[:begin]), command.words[begin:]
        yield ServerCall(command.words[0].at, program, arguments, variables, command.redirected)
        return
    for script in _scripts(command.words) if depth < _MOST_NESTED else ():
        for inner in shell_commands(script.text, Problems(problems.path)):
            placed = tuple(word._replace(at=script.at) for word in inner.words)
            outside = inner._replace(
                words=placed,
                variables=(*command.variables, *inner.variables),
                redirected=command.redirected or inner.redirected,
            )
            yield from _calls(outside, problems, depth + 1)


def _scripts(words: Sequence[Word]) -> Iterator[Word]:
    """Words that a shell reads as commands: behind its `-c`, for a new terminal, behind an alias."""
    run = unwrapped([word.text for word in words])
    inner = words[len(words) - len(run.words) :] if run is not None else words
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
    skipped = 0
    while skipped < len(words) and words[skipped] in _BEFORE:
        skipped += 1
    run = unwrapped(words[skipped:])
    if run is None or run.words != tuple(words[len(words) - len(run.words) :]):
        return None  # unknown, or `env -S`, which splits a word
    at = len(words) - len(run.words)
    inner = _behind_program(run.words)
    return at + inner if inner is not None else None


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

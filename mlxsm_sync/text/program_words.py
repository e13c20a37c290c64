"""What a command runs in the end, behind wrappers such as `env` and `nice`; and what a Python is told to run.

Pure reading. A word that is not known for certain makes the whole unknown, never a guess.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Wrapper(NamedTuple):
    """A program that runs another one, with its arguments."""

    flags: str = ""
    """Its options of one letter that take no value."""
    valued: str = ""
    """Its options of one letter that take a value."""
    words: tuple[str, ...] = ()
    """Its whole options that take no value."""
    with_value: tuple[str, ...] = ()
    """Its whole options that take the next word."""
    positional: int = 0
    """How many words of its own come before the program."""


WRAPPERS: Mapping[str, Wrapper] = {
    "arch": Wrapper(words=("-arm64", "-arm64e", "-x86_64", "-x86_64h"), with_value=("-arch",)),
    "caffeinate": Wrapper(flags="dimsu", valued="tw"),
    "chrt": Wrapper(flags="abfior", positional=1),
    "env": Wrapper(flags="v0", valued="u", words=("--debug", "--null"), with_value=("--unset",)),
    "ionice": Wrapper(flags="t", valued="cn", words=("--ignore",), with_value=("--class", "--classdata")),
    "nice": Wrapper(flags="0123456789", valued="n", with_value=("--adjustment",)),
    "nohup": Wrapper(),
    "setsid": Wrapper(flags="cfw", words=("--ctty", "--fork", "--wait")),
    "stdbuf": Wrapper(valued="ioe", with_value=("--input", "--output", "--error")),
    "taskpolicy": Wrapper(flags="bB", valued="cdgltQ"),
    "taskset": Wrapper(flags="ac", words=("--all-tasks", "--cpu-list"), positional=1),
    "time": Wrapper(flags="plv"),
}
"""Each by its name, with the options that it has on Linux or macOS."""

_PROJECT_OPTIONS = {
    "pdm": ("--project", "-p"),
    "pixi": ("--manifest-path",),
    "poetry": ("--directory", "--project", "-C", "-P"),
    "rye": ("--pyproject",),
    "uv": ("--project", "--directory", "--with", "--no-project", "--script"),
}
"""Programs whose `run` looks for a project from the folder in which it runs, and what spares them that."""

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PYTHON_FLAGS, _PYTHON_VALUED = "bBdEhiIOPqRsSuvVx", "cmWX"


class Run(NamedTuple):
    """The program that a command runs in the end."""

    words: tuple[str, ...]
    """The program and its arguments."""
    variables: tuple[tuple[str, str | None], ...] = ()
    """What is set in its environment, in order; None for what is taken out of it."""


class PythonRun(NamedTuple):
    """What a Python is told to run, and how it looks for packages."""

    script: str | None
    """A file; None for a module."""
    place: int
    """Which of its arguments that is."""
    flags: frozenset[str] = frozenset()
    """Its own options of one letter."""

    def has(self, *flags: str) -> bool:
        """Whether one of these options was given; -I stands for -E, -P and -s."""
        given = self.flags | ({"E", "P", "s"} if "I" in self.flags else set())
        return not given.isdisjoint(flags)


def base(word: str) -> str:
    """The name of a program without its folder."""
    return word.rpartition("/")[2]


def is_python(word: str) -> bool:
    """Whether a program is a Python, by its name."""
    return base(word).lower().startswith("python")


def unwrapped(words: Sequence[str]) -> Run | None:
    """What a command runs behind all its wrappers; None where that cannot be told."""
    variables: list[tuple[str, str | None]] = []
    rest = [*words]
    while rest and base(rest[0]) in WRAPPERS:
        inner = _env(rest) if base(rest[0]) == "env" else _inner(rest)
        if inner is None:
            return None
        rest = [*inner.words]
        variables += inner.variables
    return Run(tuple(rest), tuple(variables)) if rest else None


def python_run(arguments: Sequence[str]) -> PythonRun | None:
    """What the arguments of a Python make it run; None where that is neither a module nor a file."""
    flags: set[str] = set()
    waiting = enumerate(arguments)
    for place, word in waiting:
        if not word.startswith("-") or word == "-":
            return None if word == "-" else PythonRun(word, place, frozenset(flags))
        if word.startswith("--"):
            return None
        for at, letter in enumerate(word[1:], 2):
            if letter in _PYTHON_VALUED:
                module = word[at:] or next(waiting, (0, ""))[1]
                if letter == "m":
                    return PythonRun(None, place, frozenset(flags)) if module else None
                if letter == "c" or not module:
                    return None
                break
            if letter not in _PYTHON_FLAGS:
                return None
            flags.add(letter)
    return None


def program_places(words: Sequence[str]) -> list[int]:
    """Which words are programs or scripts: a relative one with a slash is a path, as in every shell."""
    places = [0]
    run = unwrapped(words)
    if run is None or run.words != tuple(words[len(words) - len(run.words) :]):
        return places
    at = len(words) - len(run.words)
    python = python_run(run.words[1:]) if is_python(run.words[0]) else None
    script = [at + 1 + python.place] if python is not None and python.script is not None else []
    return [*dict.fromkeys((*places, at, *script))]


def project_option(words: Sequence[str]) -> tuple[str, str] | None:
    """The runner of a command that looks for a project from where it runs, and the option that names one."""
    run = unwrapped(words)
    runner, *rest = run.words if run is not None else ("",)
    options = _PROJECT_OPTIONS.get(base(runner), ())
    plain = [word for word in rest if not word.startswith("-")]
    if not options or plain[:1] != ["run"] or any(word.partition("=")[0] in options for word in rest):
        return None
    return base(runner), options[0]


def _inner(words: Sequence[str]) -> Run | None:
    """What follows a wrapper's own words."""
    wrapper = WRAPPERS[base(words[0])]
    at = _after_options(words, wrapper)
    if at is None or len(words) <= at + wrapper.positional:
        return None
    return Run(tuple(words[at + wrapper.positional :]))


def _env(words: Sequence[str]) -> Run | None:
    """What `env` runs, and in which environment."""
    words = _split_string(words)
    at = _after_options(words, WRAPPERS["env"])
    if at is None:
        return None
    variables: list[tuple[str, str | None]] = [(name, None) for name in _taken_out(words[1:at])]
    while at < len(words) and _ASSIGNMENT.match(words[at]):
        name, _, value = words[at].partition("=")
        variables.append((name, value))
        at += 1
    return Run(tuple(words[at:]), tuple(variables)) if at < len(words) else None


def _split_string(words: Sequence[str]) -> list[str]:
    """The words of `env` with those that `-S` splits."""
    for at, word in enumerate(words[1:3], 1):
        found = re.fullmatch(r"-v?S(.*)|--split-string(?:=(.*))?", word, re.DOTALL)
        if found is not None:
            text = found[1] or found[2] or (words[at + 1] if at + 1 < len(words) else "")
            rest = words[at + 1 :] if found[1] or found[2] else words[at + 2 :]
            try:
                return [*words[:at], *shlex.split(text), *rest]
            except ValueError:
                return [*words[:1], "-?"]
    return [*words]


def _taken_out(options: Sequence[str]) -> list[str]:
    """The variables that options of `env` take away."""
    names = []
    for at, word in enumerate(options):
        if word in ("-u", "--unset"):
            names.append(options[at + 1])
        elif word.startswith("--unset="):
            names.append(word.partition("=")[2])
        elif word.startswith("-u"):
            names.append(word[2:])
    return names


def _after_options(words: Sequence[str], wrapper: Wrapper) -> int | None:
    """Where a wrapper's options end; None where one of them is not known."""
    at = 1
    while at < len(words) and words[at].startswith("-"):
        word = words[at]
        if word == "--":
            return at + 1
        name, has_value, _ = word.partition("=")
        if name in wrapper.with_value:
            at += 1 if has_value else 2
        elif word in wrapper.words:
            at += 1
        elif (length := _letters(word, wrapper)) is not None:
            at += length
        else:
            return None
    return at


def _letters(word: str, wrapper: Wrapper) -> int | None:
    """How many words a cluster of one-letter options is; None where a letter is not known."""
    for at, letter in enumerate(word[1:], 2):
        if letter in wrapper.valued:
            return 1 if word[at:] else 2
        if letter not in wrapper.flags:
            return None
    return 1 if len(word) > 1 else None

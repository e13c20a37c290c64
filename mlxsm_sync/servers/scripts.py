"""What a script's own text says of the program that runs it: its first line, and what a shell would then run.

Pure reading of text that somebody else wrote. A shell script is understood when each of its lines is; else it
is unknown what it runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

SHELLS = ("ash", "bash", "dash", "ksh", "sh", "zsh")

_ZERO = r'"(?:\$0|\$\{0\}|\$\{BASH_SOURCE(?:\[0\])?\})"'
_RESOLVED = re.compile(
    r'\$\(dirname -- "\$\(realpath -- "\$0"\)"\)'  # uv, where an environment can be moved
    rf'|\$\(dirname (?:-- )?"\$\((?:realpath|readlink -f) (?:-- )?{_ZERO}\)"\)'
)
"""How scripts write the folder that they are in, links followed."""
_NAMED = re.compile(
    rf'\$\(dirname (?:-- )?{_ZERO}\)|\$\(cd (?:-- )?"\$\(dirname (?:-- )?{_ZERO}\)" && pwd\)|\$\{{0%/\*\}}'
)
"""How scripts write the folder in which they were called, links kept."""
_HERE, _THERE = "mlxsm_folder_named", "mlxsm_folder_resolved"

_HARMLESS = re.compile(r"(?:set|umask|ulimit|shopt|:)(?:\s+[-+\w=]+)*")
_OPAQUE = re.compile(r"([A-Za-z_]\w*)=(?:(?!\$\()[^\s;&|<>()`])*")
"""An assignment of one word that may hold any expansion, and runs nothing."""
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_ARGUMENTS = re.compile(r'(?:"\$@"|\$@|\$\{1\+"\$@"\})(?=\s|$)')
_NAME = r"\$(?P<name>[A-Za-z_]\w*|0)|\$\{(?P<braced>[A-Za-z_]\w*|0)\}"
_PART = re.compile(
    r"'(?P<single>[^']*)'"
    r'|"(?P<double>(?:[^"\\]|\\.)*)"'
    rf"|\\(?P<escaped>.)|{_NAME}|(?P<plain>[^\s'\"\\$`;&|<>()*?\[\]{{}}~#!]+)"
)
_INSIDE = re.compile(rf'\\(?P<escaped>[$`"\\])|{_NAME}|(?P<plain>[^$`\\]+|\\)')


class ShellRun(NamedTuple):
    """What a shell script runs in the end."""

    words: tuple[str, ...]
    environment: dict[str, str | None]
    """What that is given; None for a value that is not known."""


class _Unknown(Exception):
    """A piece of shell that is not understood."""


class _Shell:
    """A shell as far as it has come in a script."""

    def __init__(self, environment: Mapping[str, str | None], arguments: Sequence[str]) -> None:
        self.known = dict(environment)
        self.exported = {*environment}
        self.arguments = arguments

    def value(self, name: str) -> str:
        if (value := self.known.get(name, "")) is None:
            raise _Unknown
        return value

    def assign(self, name: str, value: str | None, *, export: bool) -> None:
        self.known[name] = value
        self.exported |= {name} if export else set()

    @property
    def environment(self) -> dict[str, str | None]:
        return {name: self.known[name] for name in self.exported if name in self.known}


def first_line(head: str) -> tuple[str, ...] | None:
    """The words after `#!`; None for what is no script."""
    if not head.startswith("#!"):
        return None
    # Only these two part words for the kernel: a carriage return becomes part of the program's name.
    words = re.split("[ \t]+", head[2:].partition("\n")[0].strip(" \t"))
    return tuple(words) if words[0] else None


def shell_run(
    text: str, script: str, folder: str, environment: Mapping[str, str | None], arguments: Sequence[str]
) -> ShellRun | None:
    """What a shell runs for the script at this path, which really lies in this folder; None where unknown."""
    places = {"0": script, _HERE: script.rpartition("/")[0] or "/", _THERE: folder}
    shell = _Shell(environment, arguments)
    shell.known |= places
    lines = [line.strip() for line in text.replace("\\\n", " ").split("\n")[1:]]
    steps = [line for line in lines if line and not line.startswith("#")]
    for number, line in enumerate(steps, 1):
        plain = _NAMED.sub(f"${{{_HERE}}}", _RESOLVED.sub(f"${{{_THERE}}}", line))
        try:
            words = _step(plain, shell, last=number == len(steps))
        except _Unknown:
            return None
        if words:
            return ShellRun(words, shell.environment)
    return None


def _step(line: str, shell: _Shell, *, last: bool) -> tuple[str, ...] | None:
    """Do one line; the words that it runs, None where the script goes on."""
    if _HARMLESS.fullmatch(line):
        return None
    export = line.startswith(("export ", "export\t"))
    line = line[len("export ") :].strip() if export else line
    if (opaque := _OPAQUE.fullmatch(line)) and not _is_plain(line, shell):
        shell.assign(opaque[1], None, export=export)
        return None
    words = _words(line, shell)
    while words and (assigned := _ASSIGNED.fullmatch(words[0])):
        shell.assign(assigned[1], assigned[2], export=export or len(words) > 1)
        words = words[1:]
    if export:
        shell.exported.update(words)
        return None
    match words:
        case ["exec", *rest]:
            return _executed(rest)
        case ["unset", *names]:
            for name in names:
                shell.known.pop(name, None)
            return None
        case [] | ["echo" | "mkdir" | "sleep", *_]:
            return None
    if last and _ARGUMENTS.search(line):
        return tuple(words)
    raise _Unknown


def _is_plain(line: str, shell: _Shell) -> bool:
    try:
        return bool(_words(line, shell))
    except _Unknown:
        return False


def _executed(words: Sequence[str]) -> tuple[str, ...]:
    """What `exec` runs, behind its own options."""
    rest = [*words]
    while rest and rest[0] in ("-a", "-l", "--"):
        rest = rest[2:] if rest[0] == "-a" else rest[1:]
    if not rest or rest[0].startswith("-"):
        raise _Unknown
    return tuple(rest)


def _words(line: str, shell: _Shell) -> list[str]:
    """A line as words, expanded as a shell does; _Unknown where it holds anything else."""
    found: list[str] = []
    at = 0
    while True:
        while line[at : at + 1].isspace():
            at += 1
        if at == len(line) or line[at] == "#":
            return found
        if every := _ARGUMENTS.match(line, at):
            found += shell.arguments
            at = every.end()
            continue
        word, at = _word(line, at, shell)
        found.append(word)


def _word(line: str, at: int, shell: _Shell) -> tuple[str, int]:
    parts = []
    if line.startswith("~/", at):
        parts.append(shell.value("HOME"))
        at += 1
    while at < len(line) and not line[at].isspace():
        part = _PART.match(line, at)
        if part is None:
            raise _Unknown
        parts.append(_expanded(part, shell))
        at = part.end()
    return "".join(parts), at


def _expanded(part: re.Match[str], shell: _Shell) -> str:
    if part["double"] is not None:
        return _inside(part["double"], shell)
    if name := part["name"] or part["braced"]:
        value = shell.value(name)
        if re.search(r"[\s*?\[]", value) or not value:
            raise _Unknown  # a shell would split it, look for files, or drop the word
        return value
    return part["single"] or part["escaped"] or part["plain"] or ""


def _inside(text: str, shell: _Shell) -> str:
    """What stands in double quotes, expanded."""
    parts, at = [], 0
    while at < len(text):
        part = _INSIDE.match(text, at)
        if part is None:
            raise _Unknown
        name = part["name"] or part["braced"]
        parts.append(shell.value(name) if name else part["escaped"] or part["plain"])
        at = part.end()
    return "".join(parts)

"""Lines for a shell as commands: words with their place, quotes and continuations resolved, nothing run.

Only what stands in the text is known: a variable that it sets itself, and the home folder. A word that
depends on anything else says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mlxsm_sync.syntax.tree import Position, Problems

_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_END = re.compile(r"\n|;;?|&&|\|\||\|&?|&(?!>)|[()]")
"""What ends a command. The `&` of `2>&1` and `&>` is part of a redirection, which is looked for before."""
_REDIRECTION = re.compile(r"(?:[0-9]*(?:<<<|<<-?|<>|>>|>\||<|>)|&>>?)(?:&[0-9-]+)?")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_PART = re.compile(
    r"'(?P<single>[^']*)'"
    r"|\\(?:\r?\n|(?P<escaped>.))"
    r"|\$(?P<name>[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])"
    r"|\$\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?::?-(?P<default>[^}$`\"'\\]*))?\}"
    r"|(?P<plain>\$(?=\s|\Z)|[^\s'\"\\$`;&|<>()]+)",
    re.DOTALL,
)
_INSIDE = re.compile(
    r"\\(?:\r?\n|(?P<escaped>[$`\"\\]))"
    r"|\$(?P<name>[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])"
    r"|\$\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?::?-(?P<default>[^}$`\"'\\]*))?\}"
    r"|(?P<plain>[^\"$`\\]+|\\)"
)
_SUBSTITUTION = "something that only a shell can work out"


class Word(NamedTuple):
    """One word of a command, as a shell would give it to a program."""

    text: str
    at: Position
    unknown: str | None = None
    """What it depends on that the text does not tell, such as `$PORT`; then `text` is not all of it."""
    quoted: bool = False
    """Whether it begins with a quote, so that it is no assignment."""


class ShellCommand(NamedTuple):
    """One command: what runs, and what a shell sets for it alone."""

    words: tuple[Word, ...]
    variables: tuple[str, ...]
    """The names that are assigned in front of it."""
    redirected: bool
    """Whether its output goes into a file, or its input comes from one."""


def shell_commands(text: str, problems: Problems) -> list[ShellCommand]:
    """The commands of a text, in their order; a quote that is not closed is noted, and ends the reading."""
    return [*_Reader(text, problems).commands()]


class _Reader:
    """A shell's reader as far as it has come."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.text = text
        self.at = 0
        self.problems = problems
        self.known: dict[str, Word] = {"HOME": Word("~", Position(1, 1))}
        self._line, self._line_start, self._counted = 1, 0, 0

    def commands(self) -> Iterator[ShellCommand]:
        words: list[Word] = []
        redirected = False
        while self.at < len(self.text):
            if found := (_BLANK.match(self.text, self.at) or _COMMENT.match(self.text, self.at)):
                self.at = found.end()
            elif found := _REDIRECTION.match(self.text, self.at):
                self.at = found.end()
                redirected = True
                if "&" not in found.group().lstrip("&"):
                    self._target()
            elif found := _END.match(self.text, self.at):
                self.at = found.end()
                yield from self._finished(words, redirected=redirected)
                words, redirected = [], False
            elif (word := self._word()) is not None:
                words.append(word)
            else:
                return
        yield from self._finished(words, redirected=redirected)

    def _target(self) -> None:
        """Pass over the file of a redirection."""
        if found := _BLANK.match(self.text, self.at):
            self.at = found.end()
        if self.at < len(self.text) and not _END.match(self.text, self.at):
            self._word()

    def _finished(self, words: list[Word], *, redirected: bool) -> Iterator[ShellCommand]:
        """The command of these words; assignments alone are kept for those that follow."""
        variables = []
        while words and not words[0].quoted and (found := _ASSIGNMENT.match(words[0].text)):
            variables.append(words.pop(0))
        exported = words and words[0].text in ("export", "declare", "local", "readonly", "typeset")
        setting = words[1:] if exported else () if words else variables
        for one in setting:
            if found := _ASSIGNMENT.match(one.text):
                self.known[found[1]] = one._replace(text=one.text[found.end() :])
        if words and not exported:
            names = (one.text.partition("=")[0] for one in variables)
            yield ShellCommand(tuple(words), tuple(names), redirected)

    def _position(self, place: int) -> Position:
        # From the last place on, or a long line takes time by the square of its length.
        self._line += self.text.count("\n", self._counted, place)
        self._line_start = max(self.text.rfind("\n", self._counted, place) + 1, self._line_start)
        self._counted = place
        return Position(self._line, place - self._line_start + 1)

    def _word(self) -> Word | None:
        """The word that begins here; None after noting a quote that is not closed."""
        begin = self.at
        parts: list[str] = []
        unknown: str | None = None
        while self.at < len(self.text) and self.text[self.at] not in " \t\r\n\f\v;&|<>()":
            inside = self._double() if self.text[self.at] == '"' else self._part()
            if inside is None:
                self.problems.add(self._position(begin), "a quote is not closed: close it")
                return None
            parts.append(inside[0])
            unknown = unknown or inside[1]
        return Word("".join(parts), self._position(begin), unknown, self.text[begin] in "\"'\\")

    def _part(self) -> tuple[str, str | None] | None:
        """What stands outside double quotes, up to where that changes; None where a quote is not closed."""
        if (found := _PART.match(self.text, self.at)) is None:
            return None if self.text[self.at] == "'" else ("", self._substitution())
        self.at = found.end()
        if found["name"] or found["braced"]:
            return self._value(found)
        return found["single"] or found["escaped"] or found["plain"] or "", None

    def _double(self) -> tuple[str, str | None] | None:
        """What stands in double quotes; None where they are not closed."""
        self.at += 1
        parts: list[str] = []
        unknown: str | None = None
        while self.at < len(self.text) and self.text[self.at] != '"':
            if (found := _INSIDE.match(self.text, self.at)) is None:
                unknown = unknown or self._substitution()
                continue
            if found["name"] or found["braced"]:
                value, reason = self._value(found)
                parts.append(value)
                unknown = unknown or reason
            else:
                parts.append(found["escaped"] or found["plain"] or "")
            self.at = found.end()
        if self.at >= len(self.text):
            return None
        self.at += 1
        return "".join(parts), unknown

    def _value(self, found: re.Match[str]) -> tuple[str, str | None]:
        """The value of a variable, and what of it is not known."""
        name = found["name"] or found["braced"]
        if name in self.known:
            return self.known[name].text, self.known[name].unknown
        if found["default"] is not None:
            return found["default"], None
        return "", f"${name}"

    def _substitution(self) -> str:
        """Pass over what a shell would run or compute to get a text."""
        closing = (
            "`"
            if self.text[self.at] == "`"
            else {"(": ")", "{": "}"}.get(self.text[self.at + 1 : self.at + 2])
        )
        end = self.text.find(closing, self.at + 1) if closing is not None else self.at
        self.at = (end if end >= 0 else len(self.text) - 1) + 1
        return _SUBSTITUTION

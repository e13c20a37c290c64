"""Lines for a shell as commands: words with their place, quotes and continuations resolved, nothing run.

Only what stands in the text is known: a variable that it sets itself, and the home folder. A word that
depends on anything else says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mlxsm_sync.syntax.shell_variables import ASSIGNMENT, DECLARING, Variables, Word, assigned
from mlxsm_sync.syntax.tree import Position, Problems

__all__ = ["ShellCommand", "Word", "shell_commands"]

_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_END = re.compile(r"\n|;;?|&&|\|\||\|&?|&(?!>)|[()]")
"""What ends a command. The `&` of `2>&1` and `&>` is part of a redirection, which is looked for before."""
_REDIRECTION = re.compile(r"(?:[0-9]*(?:<<<|<<-?|<>|>>|>\||<|>)|&>>?)(?:&[0-9-]+)?")
_ARITHMETIC = re.compile(r"\(\([^\n]*?\)\)")
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


class ShellCommand(NamedTuple):
    """One command: what runs, and what a shell sets for it alone."""

    words: tuple[Word, ...]
    variables: tuple[str, ...]
    """The names that are exported before it, or assigned in front of it."""
    redirected: bool
    """Whether its output goes into a file, or its input comes from one."""
    data: tuple[Word, ...] = ()
    """What else it is given: variables in front, and here-documents, its own or of what it is joined with."""


def shell_commands(text: str, problems: Problems) -> list[ShellCommand]:
    """The commands of a text, in their order; a quote that is not closed is noted, and ends the reading."""
    return [*_Reader(text, problems).commands()]


class _Reader:
    """A shell's reader as far as it has come."""

    def __init__(self, text: str, problems: Problems) -> None:
        self.text = text
        self.at = 0
        self.problems = problems
        self.variables = Variables()
        self._awaited: list[tuple[str, str]] = []
        """What ends each here-document that is to come, and a pattern of what may stand before it."""
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
                    self._target(found.group().lstrip("0123456789"))
            elif not words and (found := _ARITHMETIC.match(self.text, self.at)):
                self.at = found.end()
            elif words and self.text[self.at] == "(" and (name := assigned(words[-1])) is not None:
                words[-1] = words[-1]._replace(unknown=f"${name}")
                self._list()
            elif found := _END.match(self.text, self.at):
                self.at = found.end()
                data = self._data() if found.group() == "\n" else ()
                yield from self._finished(words, redirected=redirected, data=data)
                words, redirected = [], False
            elif (more := self._words(whole=self._begins_assignment(words))) is not None:
                words += more
            else:
                return
        yield from self._finished(words, redirected=redirected)

    def _begins_assignment(self, words: list[Word]) -> bool:
        """Whether the next word is one that a shell does not split: it sets a variable."""
        may = all(assigned(one) for one in words) or words[0].text in DECLARING
        return may and ASSIGNMENT.match(self.text, self.at) is not None

    def _target(self, sign: str) -> None:
        """Pass over the file of a redirection, or remember what ends a here-document."""
        if found := _BLANK.match(self.text, self.at):
            self.at = found.end()
        if self.at < len(self.text) and not _END.match(self.text, self.at):
            begin = self.at
            if self._words(whole=True) is not None and sign in ("<<", "<<-"):
                ending = re.sub(r"[\\\"']", "", self.text[begin : self.at])
                self._awaited.append((ending, r"\t*" if sign == "<<-" else ""))

    def _data(self) -> tuple[Word, ...]:
        """Pass over the here-documents that begin on this line: data, and no commands."""
        found = []
        for ending, tabs in self._awaited:
            begin = self.at
            line = rf"^{tabs}{re.escape(ending)}\r?$\n?"
            end = re.compile(line, re.MULTILINE).search(self.text, begin)
            self.at = end.end() if end is not None else len(self.text)
            body = self.text[begin : end.start() if end is not None else self.at]
            found.append(Word(body, self._position(begin)))
        self._awaited.clear()
        return tuple(found)

    def _list(self) -> None:
        """Pass over the items of an array."""
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != ")":
            if found := (_BLANK.match(self.text, self.at) or _COMMENT.match(self.text, self.at)):
                self.at = found.end()
            elif self.text[self.at] in "\n;&|<>(":
                self.at += 1
            elif self._words(whole=True) is None:
                self.at = len(self.text)
        self.at += 1

    def _finished(
        self, words: list[Word], *, redirected: bool, data: tuple[Word, ...] = ()
    ) -> Iterator[ShellCommand]:
        """The command of these words; assignments alone are kept for those that follow."""
        variables = []
        while words and assigned(words[0]):
            variables.append(words.pop(0))
        declares = self.variables.take(words or variables)
        if words and not declares:
            names = dict.fromkeys((*self.variables.exported, *filter(None, map(assigned, variables))))
            yield ShellCommand(tuple(words), tuple(names), redirected, (*variables, *data))

    def _position(self, place: int) -> Position:
        # From the last place on, or a long line takes time by the square of its length.
        self._line += self.text.count("\n", self._counted, place)
        self._line_start = max(self.text.rfind("\n", self._counted, place) + 1, self._line_start)
        self._counted = place
        return Position(self._line, place - self._line_start + 1)

    def _words(self, *, whole: bool) -> list[Word] | None:
        """The word that begins here; None after noting a quote that is not closed.

        Several or none where the value of a variable stands in it without quotes, unless it is kept `whole`.
        """
        begin = self.at
        fields: list[str] = [""]
        unknown: str | None = None
        is_word = whole
        while self.at < len(self.text) and self.text[self.at] not in " \t\r\n\f\v;&|<>()":
            splits = not whole and self.text[self.at] == "$"
            inside = self._double() if self.text[self.at] == '"' else self._part()
            if inside is None:
                self.problems.add(self._position(begin), "a quote is not closed: close it")
                return None
            first, *more = re.split(r"[ \t\n]+", inside[0]) if splits else [inside[0]]
            fields[-1] += first
            fields += more
            unknown = unknown or inside[1]
            is_word = is_word or not splits
        at, quoted = self._position(begin), self.text[begin] in "\"'\\$"
        told = [one for one in fields if one or unknown or (is_word and len(fields) == 1)]
        return [Word(one, at, unknown, quoted) for one in told]

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
        return self.variables.value(found["name"] or found["braced"], found["default"])

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

"""The variables that lines for a shell set and export, as far as their text tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from mlxsm_sync.syntax.tree import Position

ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
DECLARING = ("export", "declare", "local", "readonly", "typeset")
"""Commands whose arguments set variables."""
_EXPORTS = re.compile(r"-[a-zA-Z]*x[a-zA-Z]*|--export")
"""The option by which those, and the `set` of fish, export what they set."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Word(NamedTuple):
    """One word of a command, as a shell would give it to a program."""

    text: str
    at: Position
    unknown: str | None = None
    """What it depends on that the text does not tell, such as `$PORT`; then `text` is not all of it."""
    quoted: bool = False
    """Whether it begins with a quote or a variable, so that it is no assignment."""


def assigned(word: Word) -> str | None:
    """The name that a word sets, if it sets one."""
    found = None if word.quoted else ASSIGNMENT.match(word.text)
    return found[1] if found is not None else None


class Variables:
    """The variables of a shell as far as its lines have been read."""

    def __init__(self) -> None:
        self._known: dict[str, Word] = {"HOME": Word("~", Position(1, 1))}
        self.exported: dict[str, None] = {}
        """The names of what every program is given that starts from now on."""

    def value(self, name: str, default: str | None) -> tuple[str, str | None]:
        """The value of a variable, and what of it is not known."""
        if name in self._known:
            return self._known[name].text, self._known[name].unknown
        return ("", f"${name}") if default is None else (default, None)

    def take(self, words: Sequence[Word]) -> bool:
        """Keep what a command sets and exports; whether it does nothing else."""
        declares = bool(words) and words[0].text in DECLARING
        for one in words:
            if declares or assigned(words[0]):
                self._set(one)
        if len(words) > 1:
            self._export(*(one.text for one in words))
        return declares

    def _set(self, word: Word) -> None:
        if (found := ASSIGNMENT.match(word.text)) is None:
            return
        name, value = found[1], word._replace(text=word.text[found.end() :])
        if found[2]:
            text, unknown = self.value(name, None)
            value = value._replace(text=text + value.text, unknown=unknown or value.unknown)
        self._known[name] = value

    def _export(self, verb: str, *arguments: str) -> None:
        """Keep the names that a command of any shell gives to all that follow, or takes from them."""
        exports = any(map(_EXPORTS.fullmatch, arguments))
        names = [found[0] for one in arguments if (found := _NAME.match(one))]
        if verb == "unset" or (verb == "export" and "-n" in arguments):
            self.exported = {name: None for name in self.exported if name not in names}
        elif verb == "export" or (verb in DECLARING and exports):
            self.exported |= dict.fromkeys(names)
        elif verb == "setenv" or (verb == "set" and exports):
            self.exported |= dict.fromkeys(names[:1])

"""What looks like a secret, or like a place on one machine, without ever showing it.

Known formats only (`secret_formats`): a secret that is encoded, split or of an unknown form passes.
A value is judged by its format, and by the words in it that announce a secret (`password: …`), where
it comes in. What goes out passes `redaction`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.secret_formats import PRIVATE_KEY, SURE, Format
from mlxsm_sync.text.secret_keys import key_reason
from mlxsm_sync.text.secret_words import ANNOUNCED
from mlxsm_sync.text.unicode import without_format

HIDDEN = "(looks like a secret)"
"""Stands for what nobody should see."""

WINDOW = 4096
"""Characters scanned at a time."""
OVERLAP = 1400
"""Characters that two windows share, more than any listed format needs to be recognised."""

_SHORTEST = len("pwd=") + 6
_REMEMBERED = 256
"""A text longer than that is hardly met twice."""
_LONG_WORD = 16
"""A token that begins with letters of its own is at least so long."""
_SPACE = re.compile(r"\s")
_RUN = re.compile("[a-z0-9]+")
_PART = "(?P<secret>"
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_OPTIONS = re.compile(r"\s*--?[A-Za-z]")
_OPTION = re.compile(r"(?:^|(?<=\s))--?[A-Za-z][^\s=]*")


class Finder:
    """Finds values of some formats, and looks only where one of them can begin."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self.formats = formats
        self.words: dict[str, list[int]] = {}
        self.beginnings: dict[str, list[int]] = {}
        self.anywhere: list[tuple[str, int]] = []
        for number, one in enumerate(formats):
            for head in one.heads.split():
                if head.startswith("~"):
                    self.anywhere.append((head[1:], number))
                elif head.endswith("+"):
                    self.beginnings.setdefault(head[:-1][:2], []).append(number)
                else:
                    self.words.setdefault(head, []).append(number)

    def found(self, text: str) -> Iterator[tuple[Format, re.Match[str]]]:
        """Every value of these formats in a text."""
        lower = text.lower()
        if len(lower) != len(text):  # some letters become two: places would not be the same
            lower = text.translate(_LOWER)
        for run in _RUN.finditer(lower) if self.words else ():
            for number in self._beginning_with(run.group()):
                if (value := self._pattern(number).match(text, run.start())) is not None:
                    yield self.formats[number], value
        for number in dict.fromkeys(number for part, number in self.anywhere if part in lower):
            for value in self._pattern(number).finditer(text):
                yield self.formats[number], value

    def _beginning_with(self, word: str) -> Iterable[int]:
        """The formats of which a value can begin with this word."""
        if (numbers := self.words.get(word)) is not None:
            return numbers
        if len(word) < _LONG_WORD:
            return ()
        return (*self.beginnings.get(word[:2], ()), *self.beginnings.get(word[:1], ()))

    @cache  # noqa: B019 - there are two finders, and they live as long as the program
    def _pattern(self, number: int) -> re.Pattern[str]:
        pattern = self.formats[number].pattern
        return re.compile(pattern if _PART in pattern else rf"(?<![A-Za-z0-9])(?:{pattern})")

    def places(self, text: str) -> list[tuple[int, int]] | None:
        """The start and end of each value of these formats; None where nothing of the text can be told."""
        places = []
        for one, value in self.found(text):
            if one.what == PRIVATE_KEY:
                return None
            start = value.start("secret") if _PART in one.pattern else value.start()
            places.append((start, _end_of_word(text, value.end())))
        return sorted(places)


def _end_of_word(text: str, at: int) -> int:
    """Of a token that goes on nothing is left."""
    space = _SPACE.search(text, at)
    return space.start() if space is not None else len(text)


SURE_FINDER, ANNOUNCED_FINDER = Finder(SURE), Finder(ANNOUNCED)
ALL_FINDERS = (SURE_FINDER, ANNOUNCED_FINDER)


def looks_like(text: str) -> str | None:
    """What kind of secret a value contains, in words, else None. Never returns any of the value."""
    return _remembered(text) if len(text) <= _REMEMBERED else first_found(text, ALL_FINDERS)


@lru_cache(maxsize=4096)
def _remembered(text: str) -> str | None:
    return first_found(text, ALL_FINDERS)


def first_found(text: str, finders: Sequence[Finder]) -> str | None:
    if len(text) < _SHORTEST:
        return None
    plain = without_format(text)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
    for start in range(0, len(plain), WINDOW - OVERLAP):
        window = plain[start : start + WINDOW]
        for finder in finders:
            for one, _ in finder.found(window):
                return one.what
    return None


def in_answer(answer: str) -> str | None:
    """What kind of secret an answer `NAME=NEW` contains; a profile may be called `Secret`."""
    name, _, new = answer.partition("=")
    return first_found(answer, (SURE_FINDER,)) or looks_like(name) or looks_like(new)


def value_reason(value: str) -> str | None:
    """Why a value is not acceptable, else None: it, or an option that it sets, looks like a secret."""
    if what := looks_like(value):
        return f"value looks like {what}: take it out, and revoke it if anybody has seen it"
    if _OPTIONS.match(value):
        for option in _OPTION.findall(value):
            if reason := key_reason(option):
                return f"option {reason}"
    return None


def reasons(value: Json) -> Iterator[str]:
    """Why a value that would be kept cannot be: what its texts and keys look like."""
    if isinstance(value, str) and (reason := value_reason(value)):
        yield reason
    for item in value if isinstance(value, list) else ():
        yield from reasons(item)
    for key, item in value.items() if isinstance(value, dict) else ():
        if what := looks_like(key):
            yield f"key looks like {what}"
        elif reason := key_reason(key):
            yield f"key {reason}"
        yield from reasons(item)

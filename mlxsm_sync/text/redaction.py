"""The one gate for what goes out: nothing that looks like a secret is printed, recorded or cut in two.

What other programs say passes `redacted`, which hides known formats and what is announced as a secret.
Our own sentences pass `without_tokens`, which hides known formats only: the values in them have been
judged where they came in, and a profile may be called `Secret`. Finished output passes `Redaction`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.secret_scan import (
    ALL_FINDERS,
    HIDDEN,
    SURE_FINDER,
    Finder,
    first_found,
    looks_like,
    reasons,
)

_SPACE = re.compile(r"(\s+)")
_DRESS = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;;[^\x1b]*\x1b\\|\\u\{[0-9a-f]+\}")
"""Colours, links, and what `visible` makes of the unseen: any could stand in the midst of a secret."""
_BLANKS = ("\\u{9}", "\\u{a}", "\\u{d}")


def redacted(text: str, longest: int | None = None) -> str:
    """What another program says, without what looks like a secret or is announced as one.

    It is shortened to `longest` characters after that: half a token looks like none.
    """
    message = _without(text, ALL_FINDERS)
    return message if longest is None or len(message) <= longest else f"{message[:longest]}…"


def without_tokens(text: str) -> str:
    """A sentence of ours, without what looks like a token by its format."""
    return _without(text, (SURE_FINDER,))


def _without(text: str, finders: Sequence[Finder]) -> str:
    """The text without values of these formats; nothing of it where they cannot be cut out."""
    if first_found(text, finders) is None:
        return text
    for finder in finders:
        if (places := finder.places(text)) is None:
            return HIDDEN
        text = _cut_out(text, places)
    # Hidden by characters that nobody sees, or in wide letters.
    text = "".join(HIDDEN if first_found(part, finders) else part for part in _SPACE.split(text))
    return HIDDEN if first_found(text, finders) else text


def _cut_out(text: str, places: Sequence[tuple[int, int]]) -> str:
    """The text with what stands at some places, in their order, replaced; they may overlap."""
    kept, end_before = "", 0
    for start, end in places:
        if start >= end_before:
            kept += text[end_before:start] + HIDDEN
        end_before = max(end_before, end)
    return kept + text[end_before:]


def _undressed(text: str) -> str:
    return _DRESS.sub(lambda found: " " if found[0] in _BLANKS else "", text)


@dataclass
class Redaction:
    """Hides secrets in what one command prints.

    No command takes a secret, but somebody can have written one into a state by hand. Words that announce
    a secret are looked for only then: else they are part of a name, or of a sentence of ours.
    """

    placeholder: str | None = None
    """What a command itself puts where a secret could stand."""
    kept: Callable[[], Json] | None = None
    """What the state holds: the one thing that is shown and was not judged on its way in."""

    def text(self, text: str) -> str:
        """A finished text as it can be shown; colours go where something is hidden."""
        if not self._has_secret(text):
            return text
        lines = text.splitlines(keepends=True)
        return "".join(self._hide(_undressed(line)) if self._has_secret(line) else line for line in lines)

    def json(self, data: Json) -> str:
        """A document as it can be printed, indented."""
        text = json.dumps(data, indent=2, ensure_ascii=True)
        # An escape could stand in the midst of a secret.
        plain = json.dumps(data, ensure_ascii=False) if "\\u" in text else text
        return json.dumps(self._value(data), indent=2, ensure_ascii=True) if self._has_secret(plain) else text

    def _value(self, data: Json) -> Json:
        if isinstance(data, str):
            return self._hide(data) if self._has_secret(data) else data
        if isinstance(data, list):
            return [self._value(item) for item in data]
        if isinstance(data, dict):
            return {self._hide(key): self._member(key, item) for key, item in data.items()}
        return data

    def _member(self, key: str, item: Json) -> Json:
        """A value that only its key makes a secret is one, too."""
        if isinstance(item, str) and self._has_secret(f"{key}: {item}"):
            return HIDDEN
        return self._value(item)

    def _has_secret(self, text: str) -> bool:
        text = _undressed(text)
        text = text.replace(self.placeholder, "") if self.placeholder else text
        return looks_like(text) is not None and self._hide(text) != text

    def _hide(self, text: str) -> str:
        return redacted(text) if self._unjudged else without_tokens(text)

    @cached_property
    def _unjudged(self) -> bool:
        """Whether the state holds what would have been refused on its way in."""
        if self.kept is None:
            return False
        return any(reasons(self.kept()))

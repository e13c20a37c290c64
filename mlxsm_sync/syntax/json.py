"""Strict JSON text as events of plain data: no repeated key, NaN or lone surrogate passes."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlxsm_sync.syntax.tree import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_SCALAR,
    MERGE_MARK,
    TOO_DEEP,
    UNREAD,
    UNRESOLVED,
    Event,
    Node,
    Position,
    Problems,
    build,
)
from mlxsm_sync.text.nesting import is_too_deep, place_beyond

if TYPE_CHECKING:
    from mlxsm_sync.text.json_value import Json

# Nothing is given back (`*+`): remembering where it could be takes 500 MiB on a text of escapes.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]|[^\s\[\]{},:"]++')
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\r\n]*")


def read_json(text: str, problems: Problems) -> Node:
    """The data of a JSON text; InvalidFile where it cannot be read to its end."""
    lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def position(offset: int) -> Position:
        line = bisect_right(lines, offset)
        return Position(line, offset - lines[line - 1] + 1)

    if is_too_deep(text):
        raise problems.stop(position(place_beyond(text, MAX_DEPTH)), TOO_DEEP)
    # The standard library judges the syntax; then the tokens of a valid text are easy to walk.
    try:
        json.loads(text, parse_int=lambda _: 0, parse_float=lambda _: 0.0)
    except json.JSONDecodeError as error:
        if found := MERGE_MARK.search(text):
            raise problems.stop(position(found.start()), UNRESOLVED) from None
        offset, message = _explained(error, text)
        raise problems.stop(position(offset), f"not valid JSON: {message}") from None
    tokens = ((position(found.start()), found.group()) for found in _TOKEN.finditer(text))
    return build(_events(tokens, problems), problems)


def _explained(error: json.JSONDecodeError, text: str) -> tuple[int, str]:
    """Where to look, and what is wrong in words of ours; those of the library change with its releases."""
    said, at = error.msg, error.pos
    before = text[:at].rstrip(" \t\r\n")
    if "trailing comma" in said or (text[at : at + 1] in ("]", "}") and before.endswith(",")):
        return text.rindex(",", 0, at + 1), "the last item has no comma behind it"
    if text.startswith(("//", "/*", "#"), at):
        return at, "JSON has no comments"
    if text.startswith("'", at):
        return at, "texts are in double quotes"
    if "escape" in said:
        return text.rindex("\\", 0, at + 1), r"this escape means nothing: write \\ for a backslash"
    if not text[at:].strip() and before:
        return len(before), "the text ends before all brackets are closed"
    return at, next(words for begin, words in _WORDS.items() if said.startswith(begin))


_WORDS = {
    "Expecting property name": "a key must be in double quotes",
    "Expecting ':'": "a colon is missing here",
    "Expecting ','": "a comma is missing here",
    "Unterminated": "this quote is never closed",
    "Invalid control": r"a text ends on its line: write \n for a line break",
    "Extra data": "nothing may follow the closing bracket",
    "": "a value is missing here, or lacks double quotes",
}


def _events(tokens: Iterator[tuple[Position, str]], problems: Problems) -> Iterator[Event]:
    for at, token in tokens:
        match token:
            case "[" | "]" | "{" | "}":
                yield Event(token, at)
            case _:
                yield Event("value", at, _scalar(token, at, problems))


def _scalar(token: str, at: Position, problems: Problems) -> Json:
    if token in ("NaN", "Infinity", "-Infinity"):
        problems.add(at, "a number must be finite")
        return UNREAD
    if token[0] != '"' and len(token.strip("-")) > MAX_DIGITS and token.strip("-").isdigit():
        problems.add(at, f"a number has at most {MAX_DIGITS} digits")
        return UNREAD
    value: Json = json.loads(token)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        problems.add(at, "a number must be finite")
        return UNREAD
    if isinstance(value, str):
        if _SURROGATE.search(value):
            problems.add(at, "half of a surrogate pair is no character")
            return UNREAD
        if "\0" in value:
            problems.add(at, "the character U+0000 is not allowed")
            return UNREAD
        if len(value) * 4 > MAX_SCALAR and len(value.encode()) > MAX_SCALAR:
            problems.add(at, f"this value is longer than {MAX_SCALAR // 1024} KiB")
            return UNREAD
    return value


def slices(text: str) -> Iterator[tuple[str | None, str]]:
    """The items of an array, or the members of an object with their keys, each to the letter.

    The text is one that `read_json` has read.
    """
    decoder = json.JSONDecoder()
    at = _after_space(text, 0)
    is_object = text[at] == "{"
    at = _after_space(text, at + 1)
    while text[at] not in "]}":
        key = None
        if is_object:
            key, at = decoder.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)
        _, end = decoder.raw_decode(text, at)
        yield key, text[at:end]
        at = _after_space(text, end)
        at = _after_space(text, at + 1) if text[at] == "," else at


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None  # it may be empty
    return found.end()

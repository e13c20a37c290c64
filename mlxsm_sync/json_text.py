"""Strict JSON text as events of plain data: no repeated key, NaN or lone surrogate passes."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlxsm_sync.nodes import (
    MAX_DIGITS,
    MAX_SCALAR,
    MERGE_MARK,
    UNRESOLVED,
    Event,
    Node,
    Position,
    Problems,
    build,
)

if TYPE_CHECKING:
    from mlxsm_sync.json_value import Json

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

    # The standard library judges the syntax; then the tokens of a valid text are easy to walk.
    try:
        json.loads(text, parse_int=lambda _: 0, parse_float=lambda _: 0.0)
    except json.JSONDecodeError as error:
        if found := MERGE_MARK.search(text):
            raise problems.stop(position(found.start()), UNRESOLVED) from None
        raise problems.stop(Position(error.lineno, error.colno), f"not valid JSON: {error.msg}") from None
    except RecursionError:
        raise problems.stop(None, "nested far too deep") from None
    tokens = ((position(found.start()), found.group()) for found in _TOKEN.finditer(text))
    return build(_events(tokens, problems), problems)


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
        return None
    if token[0] != '"' and len(token.strip("-")) > MAX_DIGITS and token.strip("-").isdigit():
        problems.add(at, f"a number has at most {MAX_DIGITS} digits")
        return None
    value: Json = json.loads(token)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        problems.add(at, "a number must be finite")
        return None
    if isinstance(value, str):
        if _SURROGATE.search(value):
            problems.add(at, "half of a surrogate pair is no character")
            return None
        if "\0" in value:
            problems.add(at, "the character U+0000 is not allowed")
            return None
        if len(value) * 4 > MAX_SCALAR and len(value.encode()) > MAX_SCALAR:
            problems.add(at, f"this value is longer than {MAX_SCALAR // 1024} KiB")
            return None
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

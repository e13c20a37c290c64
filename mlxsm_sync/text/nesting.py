"""How deep a JSON text is nested, found without a parser that goes as deep.

Since Python 3.12 the recursion limit is for Python code alone, so the standard library's own parser can
use up a small stack, which is a crash and no exception.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

DEEPEST = 200
"""More than anything of ours has, and what every stack has room for."""
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*+"?')
_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_OTHERS = bytes(code for code in range(256) if code not in b'"[]{}')
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class TooDeep(ValueError):
    """A JSON text is nested deeper than anything that we read."""


def loads(text: str | bytes, **hooks: Any) -> Any:
    """As `json.loads`; TooDeep where it is nested deeper than 200 levels."""
    if is_too_deep(text):
        raise TooDeep
    return json.loads(text, **hooks)


def is_too_deep(text: str | bytes) -> bool:
    """Whether brackets outside of strings are nested deeper than 200 levels, also in what is no JSON."""
    data = _bytes(text)
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return False
    # Quotes and brackets alone: a large text is not cut into as many pieces as it has strings.
    marks = (_ESCAPED.sub(b"", data) if b"\\" in data else data).translate(None, _OTHERS)
    brackets = _STRING.sub(b"", marks.replace(b'""', b""))
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > DEEPEST


def place_beyond(text: str, most: int) -> int:
    """Where the first bracket is, in characters, that is nested deeper than `most`."""
    data, depth = _bytes(text), 0
    for found in _BRACKET.finditer(data):
        depth += _STEPS.get(found.group()[0], 0)
        if depth > most:
            return len(data[: found.start()].decode(errors="surrogatepass"))
    return len(text)


def _bytes(text: str | bytes) -> bytes:
    return text.encode(errors="surrogatepass") if isinstance(text, str) else text

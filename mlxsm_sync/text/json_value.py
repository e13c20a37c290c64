"""JSON data: its type, compared by value, and written in one way only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # noqa: UP007 - recursive
else:
    Json = Any  # whoever reads annotations at run time would take a recursive type apart without end
JsonObject = dict[str, Json]


def same(a: Json, b: Json) -> bool:
    """Equal by value as JSON sees it: `1` equals `1.0`, `true` does not equal `1`."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def canonical(value: Json) -> str:
    """One text for one value: sorted keys, no spaces, whole floats as integers.

    Two values have the same text exactly where `same` holds.
    """
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _whole(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def texts(data: Json) -> Iterator[str]:
    """Every text in the data, keys and values."""
    if isinstance(data, str):
        yield data
    for item in data if isinstance(data, list) else ():
        yield from texts(item)
    for key, item in data.items() if isinstance(data, dict) else ():
        yield key
        yield from texts(item)


def digest(value: JsonObject) -> str:
    """The hash of a mapping's canonical text, made piece by piece: a whole plan as one text is large."""
    hashed = hashlib.sha256()
    for place, (key, item) in enumerate(sorted(value.items())):
        hashed.update(f"{',' if place else '{'}{canonical(key)}:".encode())
        if isinstance(item, list) and item:
            for number, one in enumerate(item):
                hashed.update(f"{',' if number else '['}{canonical(one)}".encode())
            hashed.update(b"]")
        else:
            hashed.update(canonical(item).encode())
    hashed.update(b"}" if value else b"{}")
    return f"sha256:{hashed.hexdigest()}"


def digest_bytes(data: bytes) -> str:
    """`sha256:` and the hash in hexadecimal."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"

"""The note in a lock: who holds it. It is how a lock of ours is told from somebody else's file."""

from __future__ import annotations

import json
import re

LENGTH = 4096
"""Bytes; no note is longer."""
_TEXT = r'(?:[^"\\\x00-\x1f]|\\["\\bfnrt]|\\u[0-9a-f]{4})*(?:\\(?:u[0-9a-f]{0,3})?\Z)?'
_PARTS = (
    ('{"pid": ', r"[0-9]{1,10}"),
    (', "host": "', _TEXT),
    ('", "command": "', _TEXT),
    ('", "since": "', _TEXT),
    ('"}', ""),
)
"""What a note is written of, in this order: a text of ours, then a value. All releases write it so."""


def note(pid: int, host: str, command: str, since: str) -> bytes:
    """The note of a holder, as bytes."""
    text = json.dumps({"pid": pid, "host": host[:255], "command": command[:255], "since": since})
    return text.encode()


def is_ours(content: bytes) -> bool:
    """Whether a lock file holds nothing, our note, or the beginning of one: a full disk cuts it off."""
    try:
        rest = content.decode("ascii")
    except UnicodeDecodeError:
        return False
    if len(rest) > LENGTH or (rest and not rest.startswith(_PARTS[0][0])):
        return False
    for text, value in _PARTS:
        if not rest.startswith(text):
            return text.startswith(rest)
        rest = rest[len(text) :]
        found = re.match(value, rest)
        if found is None:
            return not rest
        rest = rest[found.end() :]
    return not rest


def holder(content: bytes) -> str | None:
    """Who a note names, None where it names nobody."""
    try:
        said = json.loads(content) if is_ours(content) else {}
        return f"process {int(said['pid'])} on {said['host']} ({said['command']}, since {said['since']})"
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None

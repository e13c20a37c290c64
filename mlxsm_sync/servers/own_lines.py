"""Which lines of a server's log are about our own questions: notes of them, and what they made it say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mlxsm_sync.servers.log_blocks import is_probe

_STAMP = r"^(?:\d{4}-\d\d-\d\d[ T][\d:,.]+ - )?"
_KINDS = {
    "body": re.compile(_STAMP + r"DEBUG - Incoming Request Body: \{$"),
    "cache": re.compile(_STAMP + r"INFO - (?:Prompt Cache|- \w+): \d+ sequences"),
    "begin": re.compile(_STAMP + r"DEBUG - Starting (?:chat )?completion:"),
    "progress": re.compile(_STAMP + r"INFO - Prompt processing progress: (?P<done>\d+)/(?P<all>\d+)"),
    "answer": re.compile(_STAMP + r"DEBUG - Outgoing Response: \{$"),
    "debug": re.compile(_STAMP + r"DEBUG - "),
}
_BLOCKS = ("body", "answer")
_LONGEST_BLOCK = 400
_LONGEST_WAIT = 200
"""Lines that are held back until it is known whose they are."""
_ECHO = 60
"""Lines after a question of ours that its answer may take; those of clients come between them."""


class _Part(NamedTuple):
    """A line, or a block of JSON over several."""

    kind: str
    lines: list[str]


class OwnLines:
    """Leaves our own lines out of a log that is read piece by piece.

    A question is known by the note of its request, which comes after what it made the server say first:
    that is held back until then, or until `rest` is asked for.
    """

    def __init__(self) -> None:
        self._held: list[_Part] = []
        self._block: _Part | None = None
        self._echo = 0
        self._awaited: set[str] = set()
        self._out: list[str] = []

    def seen(self, lines: Iterable[str]) -> list[str]:
        """What can be shown by now, after these further lines."""
        for line in lines:
            self._take(line)
        return self._taken()

    def rest(self) -> list[str]:
        """What was held back, since nothing more comes for now."""
        if self._block is not None:
            self._held.append(self._block)
            self._block = None
        self._release()
        return self._taken()

    def _taken(self) -> list[str]:
        out, self._out = self._out, []
        return out

    def _take(self, line: str) -> None:
        if self._block is not None:
            self._block.lines.append(line)
            if line == "}" or len(self._block.lines) > _LONGEST_BLOCK:
                block, self._block = self._block, None
                self._settle(block)
            return
        part = _Part(_kind(line), [line])
        if part.kind in _BLOCKS:
            self._block = part
        else:
            self._settle(part)

    def _settle(self, part: _Part) -> None:
        """Show a part, leave it out, or hold it back."""
        if part.kind == "question":
            self._leave_out_what_led_to_it()
            self._echo, self._awaited = _ECHO, {"begin", "progress", "answer"}
        elif part.kind == "look" or (self._echo and self._is_echo(part)):
            pass
        elif self._held or self._may_be_ours(part):
            self._held.append(part)
            if sum(len(one.lines) for one in self._held) > _LONGEST_WAIT:
                self._release()
        else:
            self._out += part.lines

    def _may_be_ours(self, part: _Part) -> bool:
        return part.kind == "cache" or _is_our_body(part) or (self._echo > 0 and part.kind == "debug")

    def _leave_out_what_led_to_it(self) -> None:
        """The first body that is ours, and the last note of the cache."""
        body = next((at for at, part in enumerate(self._held) if _is_our_body(part)), None)
        last = max((at for at, part in enumerate(self._held) if part.kind == "cache"), default=None)
        first = last
        while first and self._held[first - 1].kind == "cache":
            first -= 1
        ours = {body} | (set(range(first, last + 1)) if first is not None and last is not None else set())
        self._held = [part for at, part in enumerate(self._held) if at not in ours]
        self._release()

    def _is_echo(self, part: _Part) -> bool:
        """Whether it is what a question of ours made the server say."""
        self._echo -= 1
        if part.kind not in self._awaited:
            return False
        if part.kind == "progress":
            found = _KINDS["progress"].search(part.lines[0])
            if found is not None and found["done"] == found["all"]:
                self._awaited.discard("progress")
            return True
        self._awaited.discard(part.kind)
        if part.kind == "begin":
            return True
        if any('"completion_tokens": 1,' in line for line in part.lines):
            if self._held and self._held[-1].kind == "debug":
                del self._held[-1]  # the token itself
            self._release()
            return True
        return False

    def _release(self) -> None:
        for part in self._held:
            self._out += part.lines
        self._held = []


def without_own(lines: Iterable[str]) -> list[str]:
    """A log, or the end of one, without our own lines."""
    own = OwnLines()
    return [*own.seen(lines), *own.rest()]


def _kind(line: str) -> str:
    if is_probe(line):
        return "question" if '"POST /v1/' in line else "look"
    return next((kind for kind, pattern in _KINDS.items() if pattern.search(line)), "")


def _is_our_body(part: _Part) -> bool:
    """Whether a request is worded as ours are."""
    said = [line.strip() for line in part.lines]
    return part.kind == "body" and '"content": "hi"' in said and '"max_tokens": 1' in said

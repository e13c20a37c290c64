"""What a file that must be refused is, and the words that it is refused with.

`zebra` stands for what somebody wrote: no message may ever repeat it.
"""

from __future__ import annotations

from typing import NamedTuple

GOOD = """\
schemaVersion: 1
profiles:
  - name: A
    modelID: m/a
    host: 127.0.0.1
    port: 1
"""
HEAD = "schemaVersion: 1\nprofiles:\n"
OPTIONS = "    advancedLaunchOptions: "
EMPTY = "schemaVersion: 1\nprofiles: []\n"

ANCHOR = "anchors (&) are not allowed: write the value out, or use defaults"
ALIAS = "aliases (*) are not allowed: write the value out, or use defaults"
TAG = "tags (!) are not allowed: write a plain or quoted value"
MERGE = "merge keys (<<) are not allowed: use defaults"
DIRECTIVE = "directives (%) are not allowed: drop the line"
SECOND = "a second document begins here: a profile file has one"
TWICE = "this key is here twice; keep one of the two"
NO_TEXT_KEY = "a key must be text: put it in quotes"
QUOTE = "ambiguous value: "
FINITE = "a number must be finite"
DIGITS = "a number has at most 18 digits: quote it if it is text"
LONG = "this value is longer than 16 KiB"
DEEP = "nested more than 16 levels deep"
NOT_UTF8 = "not UTF-8: save the file as UTF-8"
CONFLICT = "this is an unresolved git merge: resolve it"
NULL = "the character U+0000 is not allowed"


class Case(NamedTuple):
    """A file, and the problems that it has, each as `line:column: words`; the words may go on."""

    row: int
    data: bytes
    told: tuple[str, ...]


def case(row: int, text: str | bytes, *told: str) -> Case:
    return Case(row, text.encode() if isinstance(text, str) else text, told)


def notes(row: int, value: str, told: str, *more: str) -> Case:
    """A good file but for the value of its notes, which begins at 7:12."""
    return case(row, f"{GOOD}    notes: {value}\n", f"7:12: {told}", *more)

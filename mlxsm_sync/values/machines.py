"""Machines: how one is called, what a profile file says of it, and which patterns mean it.

Names are compared in lower case. A pattern has `*` for any letters and `?` for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Annotated, Literal

from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.fields import Constraint

Origin = Literal["flag", "environment", "file", "system"]
"""Where the name of this machine comes from."""

TAG = "@"
"""What a tag begins with in `on`."""
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
KEY_PATTERN = r"^[A-Za-z0-9*?][A-Za-z0-9._*?-]{0,62}$"
ON_PATTERN = r"^(?:@[A-Za-z0-9][A-Za-z0-9._-]{0,62}|[A-Za-z0-9*?][A-Za-z0-9._*?-]{0,62})$"
NAME_RULE = "a name has letters, digits, dots, dashes and underscores, at most 63 of them"
KEY_RULE = "must be a name, or a pattern of one with * and ?"
ON_RULE = 'must be a name, a pattern such as "mini-*", or a tag such as "@big"'
TAG_RULE = "must be a word of letters, digits, dots, dashes and underscores, without the @"
RULES = ((NAME_PATTERN, TAG_RULE), (ON_PATTERN, ON_RULE), (KEY_PATTERN, KEY_RULE))
"""Each pattern, with what is wrong with a text that it does not match."""


def _check_tag(text: str) -> str:
    if re.fullmatch(NAME_PATTERN, text) is None:
        raise ValueError(TAG_RULE)
    return text


Tag = Annotated[str, Constraint(after=_check_tag, schema={"pattern": NAME_PATTERN})]
On = Annotated[str, Constraint(schema={"pattern": ON_PATTERN})]


class Machine(Value):
    """The machine that a plan is for."""

    name: str
    """Its name, in lower case."""
    from_: Origin = Field(serialization_alias="from")
    """Where the name comes from: `--machine`, `MLXSM_MACHINE`, the file `machine`, or the host name."""
    tags: tuple[str, ...] = ()
    """What the profile file calls it besides."""
    place: str | None = Field(exclude=True, default=None)
    """The file or the option that has the name, where it is not the usual one."""

    @property
    def source(self) -> str:
        """Where the name comes from, for people."""
        known = {"flag": "--machine", "environment": "MLXSM_MACHINE", "system": "the host name"}
        return f"from {self.place or known.get(self.from_, 'a file')}"


def is_key(text: str) -> bool:
    """Whether it can be a key of `machines`."""
    return re.fullmatch(KEY_PATTERN, text) is not None


def is_on(text: str) -> bool:
    """Whether it can be an item of `on`."""
    return re.fullmatch(ON_PATTERN, text) is not None


def is_name(text: str) -> bool:
    """Whether a machine can be called so."""
    return re.fullmatch(NAME_PATTERN, text) is not None


def is_pattern(text: str) -> bool:
    """Whether a key or an item of `on` stands for several machines."""
    return "*" in text or "?" in text


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    begin, *others = (
        "".join("." if char == "?" else re.escape(char) for char in part)
        for part in pattern.lower().split("*")
    )
    # The first place of each part is as good as any later one; trying all of them could take for ever.
    inner = "".join(f"(?>.*?{part})" for part in others[:-1])
    return re.compile(f"{begin}{inner}.*{others[-1]}" if others else begin, re.DOTALL)


def matches(pattern: str, name: str) -> bool:
    """Whether a name, or a pattern, means the machine of this name."""
    return _compiled(pattern).fullmatch(name.lower()) is not None


def overlap(one: str, other: str) -> bool:
    """Whether some machine could be meant by both patterns."""
    if not is_pattern(one):
        return matches(other, one)
    if not is_pattern(other):
        return matches(one, other)
    return _overlap(one.lower(), other.lower())


def _overlap(one: str, other: str) -> bool:
    # A row for each letter of one: which beginnings of the other can be said together with it.
    row = [True]
    for char in other:
        row.append(row[-1] and char == "*")
    for left in one:
        following = [row[0] and left == "*"]
        for at, right in enumerate(other, start=1):
            if left == "*" or right == "*":
                reached = row[at] or following[at - 1] or row[at - 1]
            else:
                reached = row[at - 1] and (left == right or "?" in (left, right))
            following.append(reached)
        row = following
    return row[-1]


def keys_of(name: str, keys: Iterable[str]) -> list[str]:
    """The keys of `machines` that mean a machine: its exact name alone, else every pattern that matches."""
    known = [*keys]
    exact = [key for key in known if not is_pattern(key) and key.lower() == name.lower()]
    return exact or [key for key in known if is_pattern(key) and matches(key, name)]


def is_for(on: Sequence[str] | None, name: str, tags: Iterable[str]) -> bool:
    """Whether a profile is for a machine of this name and these tags; without `on` it is for every one."""
    if on is None:
        return True
    known = {f"{TAG}{tag}" for tag in tags}
    return any(one in known if one.startswith(TAG) else matches(one, name) for one in on)

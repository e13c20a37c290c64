"""A command line that somebody else wrote, as it can be shown: its options, without what they keep secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.text.secret_keys import key_kinds
from mlxsm_sync.text.secret_scan import HIDDEN
from mlxsm_sync.text.unicode import visible

_OPTION = re.compile(r"--?[A-Za-z]")
_ASSIGNED = re.compile(r"(?P<name>-{0,2}[A-Za-z_][\w.-]*)(?P<sign>[=:])(?P<value>.+)", re.DOTALL)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET = re.compile(r"\w*(?:pwd?|psk|passwd)|\w*(?<!by)(?<!com)pass|token|keys?")
"""Words that end the name of an option with a secret in programs that we know nothing of.

Of our own options and those of the server none is among them: `--max-tokens` has more than one token.
"""
_CUT = "\0"
"""Stands for what is hidden; no argument of a process can hold it."""
_USERS = ("-u", "-U", "--user", "--proxy-user")
"""Options whose value is a name, and behind a colon its password, as in curl."""


def shown_command(words: Sequence[str]) -> str:
    """The words in one line, each printable, without the values of options for secrets."""
    # What stands between those as a whole, too: what announces a secret may be another word than it.
    return HIDDEN.join(redacted(visible(part)) for part in " ".join(_shown(words)).split(_CUT))


def _shown(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for place, word in enumerate(words):
        joined = _ASSIGNED.fullmatch(word) if place else None
        if _OPTION.match(before) and not _OPTION.match(word) and _hides(before, word):
            yield _CUT
        elif joined is not None and _hides(joined["name"], joined["value"]):
            yield f"{joined['name']}{joined['sign']}{_CUT}"
        else:
            yield word
        before = word if place else ""


def _hides(name: str, value: str) -> bool:
    """Whether the value of an option is a secret, by the option's name."""
    if name in _USERS:
        return ":" in value
    last = [word.lower() for word in _WORDS.findall(name)][-1:]
    return "secret" in key_kinds(name) or any(map(_SECRET.fullmatch, last))

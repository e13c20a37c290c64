"""Where a fake secret has been: on the screen, in a file, whole or in part, however it is written there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from testing.fake_secrets.tokens import TOKENS
from testing.in_process import Result

_PART = 20
"""So much of a token is enough to tell that it was shown."""
_ESCAPES = re.compile(r"\\u\{([0-9a-f]+)\}|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})", re.I)
_HIDERS = "\u200b\u00ad\u2060"


def hidden(token: str) -> tuple[str, ...]:
    """A token, and how it would be hidden from a search: split by what nobody sees, or in wide letters."""
    half = len(token) // 2
    wide = "".join(
        chr(ord(char) + 0xFEE0) if "!" <= char <= "~" and char.isalnum() else char for char in token
    )
    return token, token[:half] + _HIDERS + token[half:], wide


def plain(text: str) -> str:
    """A text without escapes, invisible characters and wide letters."""
    text = _ESCAPES.sub(lambda found: chr(int(next(filter(None, found.groups())), 16)), text)
    return unicodedata.normalize("NFKC", "".join(char for char in text if char not in _HIDERS))


def parts(token: str) -> tuple[str, str]:
    """The beginning and the end of a token: a text that was cut off shows one of them."""
    token = plain(token)
    return token[:_PART], token[-_PART:]


def found_in(text: str, tokens: Iterable[str] = TOKENS.values()) -> list[str]:
    """The tokens that a text shows."""
    text = plain(text)
    return [token for token in tokens if any(part in text for part in parts(token))]


def found_below(folder: Path, tokens: Iterable[str] = TOKENS.values(), but: Iterable[Path] = ()) -> list[str]:
    """The tokens in files and their names below a folder, but for files that are input."""
    known = [*tokens]
    shown = []
    for path in folder.rglob("*"):
        said = str(path.relative_to(folder))
        if path.is_file() and path not in {*but}:
            said += "\n" + path.read_text(errors="replace")
        shown += [f"{path}: {token}" for token in found_in(said, known)]
    return shown


def assert_nothing_shown(result: Result, tokens: Iterable[str] = TOKENS.values()) -> None:
    shown = found_in(result.out + result.err, tokens)
    assert not shown, (shown[:3], result.code, result.out[:1500], result.err[:1500])

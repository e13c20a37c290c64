"""Which characters a reader can see, and how the others are shown."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Control characters, line and paragraph separators, lone surrogates, and all code points with the
# Unicode property Default_Ignorable_Code_Point (zero-width, bidi controls, fillers, tags, variation
# selectors): https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
_IGNORABLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff0-\ufff8"
)
UNSEEN_CLASS = _CONTROL + _IGNORABLE
"""The inside of a regular-expression class; Python and ECMAScript read it alike."""

UNSEEN_BEYOND_BMP = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
"""The same beyond the basic plane, as literal characters."""


@cache
def _unseen() -> re.Pattern[str]:
    return re.compile(f"[{UNSEEN_CLASS}{UNSEEN_BEYOND_BMP}]")


@cache
def _format() -> re.Pattern[str]:
    return re.compile(f"[{_IGNORABLE}{UNSEEN_BEYOND_BMP}]")


@cache
def _unquotable() -> re.Pattern[str]:
    # Two noncharacters may not stand in YAML either: https://yaml.org/spec/1.2.2/#51-character-set
    return re.compile(f"[{UNSEEN_CLASS}{UNSEEN_BEYOND_BMP}\ufffe\uffff]")


def unseen(text: str) -> str | None:
    """The first character of `text` that nobody can see, as `U+XXXX`, else None."""
    if text.isascii() and text.isprintable():
        return None
    found = _unseen().search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def without_format(text: str) -> str:
    """`text` without its zero-width characters, which could hide a token from a scan."""
    return text if text.isascii() else _format().sub("", text)


def visible(text: str) -> str:
    r"""`text` for a terminal: what cannot be seen is written as `\u{202e}`, on one line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char.isprintable() and not _unseen().match(char) else f"\\u{{{ord(char):x}}}" for char in text
    )


def quotable(text: str) -> str:
    """`text` with what is unseen or no character as an escape of double-quoted YAML, which editors keep."""
    return _unquotable().sub(lambda found: _yaml_escape(ord(found.group())), text)


def _yaml_escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def fold(text: str) -> str:
    """What two confusable names share: compatibility form and case are folded away."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def normal(text: str) -> str:
    """Trimmed and in NFC, the form in which names are stored and compared."""
    return unicodedata.normalize("NFC", text.strip())

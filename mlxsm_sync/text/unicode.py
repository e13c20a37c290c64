"""Which characters a reader can see, and how the others are shown."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Control characters, line and paragraph separators, lone surrogates, and all code points with the
# Unicode property Default_Ignorable_Code_Point (zero-width, bidi controls, fillers, tags, variation
# selectors): https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
# And the marks of interlinear annotation, which let a text hide between the lines.
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
_BETWEEN = r"\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f"
"""Control characters that separate no words."""
_IGNORABLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff0-\ufffb"
)
WHITE_CLASS = r"\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space, as the inside of a regular-expression class that Python and ECMAScript read alike."""

UNSEEN_CLASS = _CONTROL + _IGNORABLE
"""The inside of a regular-expression class; Python and ECMAScript read it alike."""

UNSEEN_BEYOND_BMP = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
"""The same beyond the basic plane, as literal characters."""


@cache
def _unseen() -> re.Pattern[str]:
    return re.compile(f"[{UNSEEN_CLASS}{UNSEEN_BEYOND_BMP}]")


@cache
def _format() -> re.Pattern[str]:
    # And the signs of category Cf that are seen, but hardly between two letters.
    signs = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001343f"
    return re.compile(f"[{_BETWEEN}{_IGNORABLE}{UNSEEN_BEYOND_BMP}{signs}]")


@cache
def _unquotable() -> re.Pattern[str]:
    # Two noncharacters may not stand in YAML either: https://yaml.org/spec/1.2.2/#51-character-set
    return re.compile(f"[{UNSEEN_CLASS}{UNSEEN_BEYOND_BMP}\ufffe\uffff]")


def unseen(text: str) -> str | None:
    """The first character of `text` that nobody can see, by its code point such as `U+200B`, else None."""
    if text.isascii() and text.isprintable():
        return None
    found = _unseen().search(text)
    return f"U+{ord(found.group()):04X}" if found else None


def without_format(text: str) -> str:
    """`text` without the characters that could hide a token from a scan: zero-width and control ones."""
    return text if text.isascii() and text.isprintable() else _format().sub("", text)


def visible(text: str) -> str:
    r"""`text` for a terminal: what cannot be seen is written as `\u{202e}`, on one line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char.isprintable() and not _unseen().match(char) else f"\\u{{{ord(char):x}}}" for char in text
    )


def quotable(text: str) -> str:
    """`text` with all that is unseen or no character as escapes of double-quoted YAML, which editors keep."""
    return _unquotable().sub(lambda found: _yaml_escape(ord(found.group())), text)


def escaped(text: str) -> str:
    """JSON text with everything unseen in its strings as an escape of JSON; its line breaks stay."""
    return _unseen().sub(
        lambda found: found.group() if found.group() == "\n" else _json_escape(found.group()), text
    )


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _yaml_escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def fold(text: str) -> str:
    """What two confusable names share: compatibility form and case are folded away."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def normal(text: str) -> str:
    """Trimmed and in NFC, the form in which names are stored and compared."""
    return unicodedata.normalize("NFC", text.strip())

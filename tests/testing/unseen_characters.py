"""Characters that a terminal obeys, hides or reorders: none of them may reach it."""

from __future__ import annotations

from testing.in_process import Result

CONTROL = [*range(0x20), 0x7F, *range(0x80, 0xA0)]
BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
SEPARATORS = [0x2028, 0x2029]
WIDTHLESS = [0x00AD, 0x034F, 0x17B4, 0x17B5, 0x180B, 0x180E, *range(0x200B, 0x200E), *range(0x2060, 0x2065)]
WIDTHLESS += [*range(0x206A, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC), 0x1BCA0, 0x1D173]
FILLERS = [0x115F, 0x1160, 0x3164, 0xFFA0]
SELECTORS = [0xFE00, 0xFE0E, 0xFE0F, 0xE0100, 0xE01EF]
TAGS = [0xE0001, 0xE0020, 0xE0041, 0xE007F]
CODE_POINTS = [*CONTROL, *BIDI, *SEPARATORS, *WIDTHLESS, *FILLERS, *SELECTORS, *TAGS]
CHARACTERS = [chr(code) for code in CODE_POINTS]
BYTES = [b"\x80", b"\x9b", b"\xff", b"\xed\xa0\x80"]
"""Parts of names that are no text; Python knows them as lone surrogates."""
SEQUENCES = [
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil\x1b\\x",
    "\x1b]52;c;eA==\x07",
    "\x9b31m",
    "a\rb",
]
NASTY = [*CHARACTERS, *SEQUENCES]
IN_NAMES = [char for char in NASTY if "\0" not in char]

_SEEN_BY_NOBODY = frozenset(CHARACTERS) - {"\n"}


def assert_clean(result: Result, *, as_json: bool = False) -> None:
    """Only printable characters and line breaks; JSON is ASCII."""
    for text in (result.out, result.err):
        bad = {f"U+{ord(char):04X}" for char in text if char in _SEEN_BY_NOBODY or _moves(char)}
        assert not bad, (bad, text[:3000])
    if as_json:
        assert result.out.isascii()
        assert result.json["formatVersion"] == 1


def _moves(char: str) -> bool:
    return not char.isprintable() and char != "\n"

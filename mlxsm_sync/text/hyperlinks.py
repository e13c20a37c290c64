"""Texts of a terminal that lead somewhere."""

from __future__ import annotations


def hyperlink(text: str, target: str) -> str:
    """`text` that leads to an address, as terminals are told.

    The sequence is OSC 8: https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda
    """
    return f"\x1b]8;;{target}\x1b\\{text}\x1b]8;;\x1b\\"

"""Amounts of bytes and of time, for people."""

from __future__ import annotations

import re
import time

from mlxsm_sync.text.times import to_seconds


def size(count: int) -> str:
    """Bytes as `512 MB` or `12.3 GB`, in powers of ten as a disk's label has them."""
    if count < 10**9:
        return f"{count / 10**6:.0f} MB"
    return f"{count / 10**9:.1f} GB"


_SIZE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?\s?(?:([kmgt])(i)?)?b?", re.IGNORECASE)


def read_size(text: str) -> int | None:
    """The bytes of `96GB`, `64GiB`, `1.5T` or plain digits; None for anything else."""
    told = _SIZE.fullmatch(text.strip())
    if told is None or not text.isascii():
        return None
    whole, part, unit, binary = told.groups()
    power = "kmgt".index(unit.lower()) + 1 if unit else 0
    digits = part or ""
    factor = (1024 if binary else 1000) ** power
    return int(whole + digits) * int(factor) // int(10 ** len(digits))


def part(count: int, whole: int | None) -> str:
    """Bytes out of so many, as `3.1 of 16.2 GB`; without the whole, where that is not known."""
    if whole is None:
        return size(count)
    unit, digits = (10**6, 0) if whole < 10**9 else (10**9, 1)
    return f"{count / unit:.{digits}f} of {size(whole)}"


def ago(moment: str | None) -> str | None:
    """How long ago a noted moment was, for people."""
    if moment is None:
        return None
    seconds = time.time() - to_seconds(moment)
    return f"{duration(max(seconds, 0))} ago"


def duration(seconds: float) -> str:
    """`12 s`, `5 min`, `3 h`, `2 d`."""
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds // 86400:.0f} d"

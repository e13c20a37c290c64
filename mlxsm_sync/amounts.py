"""Amounts for people."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes as `512 MB` or `12.3 GB`, in powers of ten as a disk's label has them."""
    if count < 10**9:
        return f"{count / 10**6:.0f} MB"
    return f"{count / 10**9:.1f} GB"

"""Moments as text: in UTC to whole seconds, as files hold them, and by the local clock for people."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The time, as files hold it: `2026-06-16T00:00:00Z`."""
    return _text(datetime.now(UTC))


def now_with_offset() -> str:
    """The time, as a lock's note holds it: `2026-06-16T00:00:00+00:00`."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def from_seconds(seconds: float) -> str:
    """The text of seconds since 1970; ValueError where no year of four digits has them."""
    try:
        return _text(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError):
        raise ValueError("is no time") from None


def in_utc(text: str) -> str:
    """A time in ISO 8601 as files hold it, in UTC if it names no zone; ValueError if the text is no time."""
    moment = datetime.fromisoformat(text)
    try:
        return _text((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))
    except OverflowError:
        raise ValueError("is no time") from None


def to_seconds(text: str) -> float:
    """Seconds since 1970 of a time in ISO 8601; ValueError if the text is no time."""
    return datetime.fromisoformat(text).timestamp()


def local(text: str) -> str:
    """A time of a file as a clock of this machine shows it; unchanged if the text is no time."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return text


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"

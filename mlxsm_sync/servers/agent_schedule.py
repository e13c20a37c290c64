"""How often the agent runs, as the calendars of both managers say it, there and back.

A calendar, not a stopwatch: what a sleeping Mac missed is made up for, which no interval is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_DAY = 24 * 60
DEFAULT = 30
"""Minutes."""
SPANS = tuple(count for count in range(1, _DAY + 1) if _DAY % count == 0)
"""The minutes that divide a day evenly; a calendar says no others."""
_MOST_DELAY = 15 * 60


def spelled(minutes: int) -> str:
    """As a command line has it: `30m`, `2h`."""
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def minutes_of(seconds: float) -> int | None:
    """A span in minutes; None where it does not divide a day."""
    return int(seconds / 60) if seconds / 60 in SPANS else None


def nearest(seconds: float) -> str:
    """The spans next to one that divides no day, as words; only those that people say."""
    said = [one for one in SPANS if 60 % one == 0 or one % 60 == 0]
    below = [one for one in said if one * 60 < seconds]
    above = [one for one in said if one * 60 > seconds]
    return " or ".join(spelled(one) for one in (*below[-1:], *above[:1]))


def delay_seconds(minutes: int) -> int:
    """For how long at most systemd puts a run off, so that many machines do not ask at one moment."""
    return min(minutes * 60 // 10, _MOST_DELAY)


def for_systemd(minutes: int) -> list[str]:
    """The values of `OnCalendar`, in the words of systemd.time(7)."""
    if minutes % 60 == 0:
        return ["*-*-* 00:00:00" if minutes == _DAY else f"*-*-* 00/{minutes // 60}:00:00"]
    if 60 % minutes == 0:
        return [f"*-*-* *:00/{minutes}:00"]
    return [f"*-*-* {at // 60:02}:{at % 60:02}:00" for at in range(0, _DAY, minutes)]


def of_systemd(values: Sequence[str]) -> int | None:
    """The minutes that `for_systemd` made these values of; None where it did not."""
    return next((one for one in SPANS if for_systemd(one) == [*values]), None)


def for_launchd(minutes: int, offset: int) -> list[dict[str, int]]:
    """The value of `StartCalendarInterval`: the moments of an hour where all are alike, else of a day.

    `offset` minutes later than on the hour: launchd itself puts nothing off.
    """
    offset %= minutes
    if 60 % minutes == 0:
        return [{"Minute": at} for at in range(offset, 60, minutes)]
    return [{"Hour": at // 60, "Minute": at % 60} for at in range(offset, _DAY, minutes)]


def of_launchd(entries: Sequence[Mapping[str, int]]) -> int | None:
    """The minutes that `for_launchd` made these entries of; None where it did not."""
    first = next(iter(entries), {})
    offset = first.get("Hour", 0) * 60 + first.get("Minute", 0)
    return next((one for one in SPANS if offset < one and for_launchd(one, offset) == [*entries]), None)

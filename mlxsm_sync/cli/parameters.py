"""The kinds of values that options take, each with its own sentence for what it does not take."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any

import click

from mlxsm_sync.text.amounts import read_size

_MOST_GIGABYTES = 10_000
"""No machine has more memory, so a larger number was meant in another unit."""


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases of click only
    """A time that a clock can wait, in seconds."""

    name = "seconds"

    def __init__(self, *, min: float, max: float, min_open: bool = False) -> None:  # noqa: A002 - click's words
        self.min, self.max, self.min_open = min, max, min_open

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = math.nan
        with suppress(ValueError):
            seconds = float(value)
        # What is not a number is neither below nor above another one.
        if (self.min < seconds if self.min_open else self.min <= seconds) and seconds <= self.max:
            return seconds
        low = f"above {self.min}" if self.min_open else f"of at least {self.min}"
        raise click.BadParameter(f"must be a number {low} and at most {self.max}", ctx, param)


class Span(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases of click only
    """A time with its unit, in seconds."""

    name = "time"
    most = 365 * 86400

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if found := re.fullmatch(r"([0-9]{1,9})([smh])", value):
            seconds = float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
            if 0 < seconds <= self.most:
                return seconds
        raise click.BadParameter("must be a time such as 90s, 30m or 2h", ctx, param)


class WholeNumber(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases of click only
    """A whole number that is not negative, or not below another one."""

    name = "number"

    def __init__(self, least: int = 0) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        # `int` also takes signs, spaces, and digits of other scripts.
        if not re.fullmatch("[0-9]{1,40}", value) or int(value) < self.least:
            raise click.BadParameter(f"must be a whole number of at least {self.least}", ctx, param)
        return int(value)


class Amount(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases of click only
    """A number of bytes with its unit: `96GB`, `64GiB`. A number alone is hardly meant to be bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        count = read_size(value) if isinstance(value, str) else value
        if isinstance(value, str) and count and re.fullmatch(r"[0-9.]+", value.strip()):
            meant = value.strip() if count < _MOST_GIGABYTES else "96"
            raise click.BadParameter(f"must have a unit: write {meant}GB, or {meant}GiB", ctx, param)
        if not count:
            raise click.BadParameter("must be an amount of memory, such as 96GB or 64GiB", ctx, param)
        return int(count)


class LineCount(WholeNumber):
    """A number of lines, or `all` of them."""

    most = 10**9

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return self.most if value == "all" else super().convert(value, param, ctx)

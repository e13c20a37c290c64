"""The values of options that have a shape of their own."""

from __future__ import annotations

import click
import pytest

from mlxsm_sync.cli.parameters import Span


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90.0), ("30m", 1800.0), ("2h", 7200.0), ("8760h", 365 * 86400.0)]
)
def test_a_time_with_its_unit(text: str, seconds: float) -> None:
    assert Span().convert(text, None, None) == seconds
    assert Span().convert(seconds, None, None) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "0s", "m", "-1m", "1.5h", "1d", " 1s", "1S", "8761h", "9" * 30 + "s"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="must be a time such as 90s, 30m or 2h"):
        Span().convert(text, None, None)

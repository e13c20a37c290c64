"""Amounts of bytes and of time, as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mlxsm_sync.text.amounts import ago, duration, size


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (119.9, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172799, "47 h"),
        (172800, "2 d"),
    ],
)
def test_a_duration_is_told_in_the_largest_unit_of_which_there_are_two(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_moment_is_told_by_how_long_ago_it_was() -> None:
    then = datetime.now(UTC) - timedelta(days=3, hours=1)
    assert ago(then.isoformat()) == "3 d ago"
    assert ago((then + timedelta(days=9)).isoformat()) == "0 s ago"  # a clock that was set back
    assert ago(None) is None


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 MB"), (4_400_000, "4 MB"), (999_000_000, "999 MB"), (12_340_000_000, "12.3 GB")],
)
def test_sizes_are_in_powers_of_ten(count: int, told: str) -> None:
    assert size(count) == told

"""Moments as text, and back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.text import times


@given(st.integers(-(10**9), 10**11))
def test_seconds_come_back_from_their_text(seconds: int) -> None:
    text = times.from_seconds(seconds)
    assert times.to_seconds(text) == seconds
    assert times.in_utc(text) == text


@pytest.mark.parametrize("seconds", [1e300, 10**18, -(10**15)])
def test_what_no_year_has_is_no_time(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"."):
        times.from_seconds(seconds)


def test_a_time_is_told_in_utc() -> None:
    assert times.from_seconds(0) == "1970-01-01T00:00:00Z"
    assert times.in_utc("2026-06-16T02:00:00+02:00") == "2026-06-16T00:00:00Z"
    assert times.in_utc("2026-06-16") == "2026-06-16T00:00:00Z"
    for text in ("soon", "0001-01-01T00:00:00+10:00"):
        with pytest.raises(ValueError, match=r"."):
            times.in_utc(text)


def test_now_has_two_spellings() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", times.now())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", times.now_with_offset())


def test_a_clock_shows_what_is_a_time() -> None:
    assert re.fullmatch(
        r"2026-06-1\d \d\d:00:00|2026-06-1\d \d\d:[34]\d:00", times.local("2026-06-16T12:00:00Z")
    )
    assert times.local("yesterday") == "yesterday"

"""Texts by the columns that they take on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.text.columns import columns, cut, padded


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("Qwen3", 5),
        ("通义千问", 8),
        ("ｱｲｳ", 3),
        ("Ｆｕｌｌ", 8),
        ("e\u0301t\u00e9", 3),
        ("🚀 go", 5),
        ("👩‍👩‍👧", 2),
        ("🇩🇪", 2),
        ("\u200b", 0),
        ("✗ …", 3),
        ("\x1b[1mab\x1b[0m", 2),
    ],
)
def test_the_width_of_a_text(text: str, width: int) -> None:
    assert columns(text) == width


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("short", 5, "short"),
        ("too long", 5, "too …"),
        ("通义千问", 8, "通义千问"),
        ("通义千问", 7, "通义千…"),
        ("通义千问", 6, "通义…"),
        ("通", 1, "…"),
        ("👩‍👩‍👧👩‍👩‍👧x", 4, "👩‍👩‍👧…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("abc", 0, ""),
    ],
)
def test_a_text_is_cut_to_fit(text: str, most: int, kept: str) -> None:
    assert cut(text, most) == kept


@given(st.text(), st.integers(0, 60))
def test_what_is_cut_fits_and_what_is_padded_fills(text: str, width: int) -> None:
    assert columns(cut(text, width)) <= width
    assert columns(padded(cut(text, width), width)) == width

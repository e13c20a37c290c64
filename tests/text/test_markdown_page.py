"""A page that is made to fit: details go first, then rows, and the marker never."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.text.markdown_page import Page, fitted
from mlxsm_sync.views.style import LEAST_BYTES
from testing.markdown import read


def page_of(rows: int, details: int, width: int = 40, note: str | None = "a note") -> Page:
    return Page(
        heading="### Plan",
        table_head=("| a | b |", "| --- | --- |"),
        rows=[f"| {number} | {'é' * width} |" for number in range(rows)],
        note=note,
        details=[f"line {number}" for number in range(details)],
        marker='<!-- mlxsm plan {"digest":"sha256:0"} -->',
    )


def test_what_fits_is_whole() -> None:
    found = read(fitted(page_of(3, 2), LEAST_BYTES))
    assert (len(found.tables[0]), found.folded, found.text) == (4, ["line 0\nline 1\n"], "a note")


def test_lines_of_the_details_go_first() -> None:
    text = fitted(page_of(3, 900), LEAST_BYTES)
    found = read(text)
    told = found.folded[0].splitlines()
    assert told == [f"line {number}" for number in range(len(told))]
    assert (len(found.tables[0]), found.text) == (4, f"a note\n… and {900 - len(told)} more lines")
    assert LEAST_BYTES - 10 < len(text.encode()) <= LEAST_BYTES


def test_then_the_details_go_as_a_whole() -> None:
    found = read(fitted(page_of(21, 900), LEAST_BYTES))
    assert (len(found.tables[0]), found.folded) == (22, [])
    assert found.text == "a note\nThe details are left out."


def test_then_rows_go_from_the_end_and_with_them_what_can_be_done_with_all() -> None:
    text = fitted(page_of(900, 900), LEAST_BYTES)
    found = read(text)
    (table,) = found.tables
    shown = [row[0] for row in table[1:]]
    assert shown == [str(number) for number in range(len(shown))]
    assert found.text == f"… and {900 - len(shown)} more\nThe details are left out."
    assert LEAST_BYTES - 100 < len(text.encode()) <= LEAST_BYTES


def test_a_row_that_is_too_long_is_counted() -> None:
    found = read(fitted(page_of(2, 0, width=LEAST_BYTES), LEAST_BYTES))
    assert (found.tables, found.text) == ([], "… and 2 more")


def test_the_page_counts_as_it_is_shown() -> None:
    text = fitted(page_of(20, 0), LEAST_BYTES, lambda text: text.replace("é", "(hidden)"))
    assert len(text.encode()) <= LEAST_BYTES
    assert "(hidden)" in text


@given(
    st.integers(0, 60),
    st.integers(0, 300),
    st.integers(1, 200),
    st.none() | st.just("a note"),
    st.integers(LEAST_BYTES, 3 * LEAST_BYTES),
)
def test_it_never_takes_more_than_it_may(
    rows: int, details: int, width: int, note: str | None, most: int
) -> None:
    text = fitted(page_of(rows, details, width, note), most)
    assert len(text.encode()) <= most
    found = read(text)
    assert len(found.tables) <= 1

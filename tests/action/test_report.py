"""The report and its comment: whole where it is cut, and never broken by what others wrote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlxsm_action.report import BODY_LIMIT, Marker, Report, code, comment_body, fenced, marker_of, shortened

PIECES = [
    "--",
    "-->",
    "<!--",
    " ",
    "\n",
    "\r",
    "`",
    "```",
    "file=",
    "é",
    "🦙",
    "%2D",
    "@team",
    "</details>",
    "a/b",
    "\udc80",
]
WORDS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=8).map("".join)
LINES = st.lists(
    st.sampled_from(["x" * 30, "```text", "```", "<details>", "</details>", "| a | é |", ""]), max_size=40
)


@given(WORDS.filter(bool), WORDS, WORDS)
def test_a_marker_is_one_line_that_is_read_back(file: str, machine: str, collection: str) -> None:
    marker = Marker(file, machine, collection)
    line = str(marker)
    assert line.isascii()
    assert "\n" not in line
    assert line.index("-->") == len(line) - 3
    assert "--" not in line[4:-3]
    assert marker_of(f"{line}\n\nmore") == marker_of(f"{line}\r\nmore") == marker
    assert marker_of(f" {line}") is marker_of(f"{line} {line}") is marker_of(f"a\n{line}") is None


def test_a_marker_of_another_file_or_machine_is_another() -> None:
    marker = Marker("a", "m", "c")
    assert marker.is_same(Marker("a", "m", ""))
    assert not marker.is_same(Marker("b", "m", "c"))
    assert not marker.is_same(Marker("a", "", "c"))
    assert not marker.is_same(None)


@given(LINES, st.integers(60, 400))
def test_what_is_shortened_fits_and_closes_what_it_opens(lines: list[str], most: int) -> None:
    text = "\n".join(lines)
    cut = shortened(text, most, "More is there.")
    assert len(cut.encode()) <= most
    if len(text.encode()) <= most:
        assert cut == text
        return
    kept = cut.removesuffix("\nMore is there.\n")
    assert kept != cut
    assert unclosed(kept) == (False, min(unclosed(kept)[1], 0))


def unclosed(text: str) -> tuple[bool, int]:
    """Whether a fence is open at the end, and how many folds are."""
    fence, folds = False, 0
    for line in text.splitlines():
        if line == "```" or (line == "```text" and not fence):
            fence = not fence
        elif not fence:
            folds += line.count("<details>") - line.count("</details>")
    return fence, folds


@given(WORDS)
def test_text_of_others_never_ends_its_fence(text: str) -> None:
    first, *between, last = fenced(text).split("\n")
    assert first == f"{last}text"
    assert last not in between
    word = code(text)
    assert "\n" not in word
    fence = word[: len(word) - len(word.lstrip("`"))]
    assert word.endswith(fence)


def test_a_comment_has_room_for_a_marker_of_any_length() -> None:
    marker = Marker("é" * 4000, "", "c")
    body = comment_body(marker, str(Report("f", "h", plan="| é |\n" * 50_000)), "More is there.")
    assert len(body.encode()) <= BODY_LIMIT
    assert body.endswith("More is there.\n")
    assert marker_of(body) == marker

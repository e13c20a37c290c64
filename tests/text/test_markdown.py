"""Text of others in Markdown: as code it is only text, and a comment is closed by nothing in it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mlxsm_sync.text.markdown import block, code, comment
from mlxsm_sync.text.unicode import visible
from testing.markdown import HOSTILE, READER, cell_text

texts = st.text(st.sampled_from("`|\\~<>@#:-![](){}*_/$& \na1.w\u202e\u00e9😀"), max_size=30)


def cells_of(page: str) -> list[str]:
    return [cell_text(token) for token in READER.parse(page) if token.type == "inline"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_read_as_it_was_written(text: str) -> None:
    assert cells_of(f"| a | b |\n| --- | --- |\n| {code(text)} | x |\n")[2:] == [visible(text), "x"]


@given(texts)
@example(" ")
@example(" x ")
@example("  ")
@example(" `")
@example("`" * 120)
def test_any_text_is_read_as_it_was_written(text: str) -> None:
    found = cells_of(f"| a | b |\n| --- | --- |\n| {code(text)} | x |\n")[2:]
    assert found == [visible(text) or " ", "x"]
    assert not re.search(r"##\w*\[", code(text))


def test_a_fence_is_no_longer_than_it_must_be() -> None:
    assert code("`" * 120).startswith("` `")
    assert code("a`b``c").startswith("```a")


@given(st.lists(texts.map(lambda text: text.replace("\n", "")), min_size=1))
@example(["````", "</details>", "::error::x", "  ::debug::y", "##[add-mask]z", "a::b", "## x"])
def test_a_block_of_code_holds_its_lines_and_no_command_for_a_log(lines: list[str]) -> None:
    page = "\n".join([*block(lines), "", "behind"])
    first, *rest = READER.parse(page)
    assert (first.type, rest[1].content) == ("fence", "behind")
    told = first.content.split("\n")[:-1]
    assert [one.replace(r"\u{3a}:", "::").replace(r"#\u{23}", "##") for one in told] == lines
    assert not any(line.strip().startswith("::") or re.search(r"##\w*\[", line) for line in told)


@given(st.dictionaries(texts, texts | st.none(), max_size=3))
@example(
    {"a": "--><script>", "b": "--!>", "c": "-" * 9, "d": "##[error]", "e": "<!--", "f": "->", "g": "\u2028"}
)
def test_nothing_can_close_a_comment(data: dict[str, str | None]) -> None:
    told = comment("label", dict(data))
    inside = told.removeprefix("<!-- label ").removesuffix(" -->")
    assert not re.search("--|[<>]|##|\n", inside)
    assert json.loads(inside) == data
    assert READER.parse(f"{told}\nbehind\n")[0].type == "html_block"

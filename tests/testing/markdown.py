"""Markdown as a forge reads it: with tables, and with links where text only looks like one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

READER = MarkdownIt("commonmark", {"linkify": True}).enable(["table", "strikethrough", "linkify"])
OPEN, CLOSE = "<details><summary>Details</summary>", "</details>"
_MARKER = re.compile(r"<!-- mlxsm plan (\{.*\}) -->")
_LOG_COMMAND = re.compile(r"\s*::|.*##\w*\[")
HOSTILE = [
    "a|b", "a\\|b", "`x`", "``", "x`", "` `", "<script>", "@team", "#1", "see #12", "](http://x)", "::error::x",
    "##[add-mask]x", "##vso[task.x]", "##teamcity[x]", "~~~", "~~x~~", "<!-- -->", "-->", "--!>", "www.x.org",
    "https://x.y/z", "user@host.org", "GH-12", "a" * 40, "0123456789" * 4, "[x](y)", "![x](y)", "<b>&amp;", "&#64;x",
    "*x*", "_x_", "$x$", ":smile:", "!12", "%3", "~label", "</details>", "```", "# x", "> x", "- x", "1. x", "x\\",
    "\\", "| --- |", "|", "\u202ex", "é\u200b", "😀", "a  b", "http://@x", "[[x]]", "{{x}}", "[^1]", "<x@y.org>",
]  # fmt: skip
"""What would be more than text, somewhere."""


class Read(NamedTuple):
    """What a page comes to."""

    headings: list[str]
    tables: list[list[list[str]]]
    """The text of each cell, row by row, the head first."""
    folded: list[str]
    """The text of each block of code."""
    text: str
    """The paragraphs outside of the table."""
    marker: Any


def read(page: str) -> Read:
    """A page as it would be shown; AssertionError where it holds what no page of ours has."""
    tokens = READER.parse(page)
    html = [token.content.strip() for token in tokens if token.type == "html_block"]
    (found,) = [one for one in map(_MARKER.fullmatch, html) if one is not None]
    assert html in ([found[0]], [OPEN, CLOSE, found[0]]), html
    assert page.endswith(f"{found[0]}\n")
    assert "--" not in found[1]
    fences = [token.content for token in tokens if token.type == "fence"]
    assert len(fences) == html.count(OPEN)
    for line in page.splitlines():
        assert not _LOG_COMMAND.match(line), line
    return Read(
        headings=[text for kind, text in _inline(tokens) if kind == "heading_open"],
        tables=[*_tables(tokens)],
        folded=fences,
        text="\n".join(text for kind, text in _inline(tokens) if kind == "paragraph_open"),
        marker=json.loads(found[1]),
    )


def _inline(tokens: list[Token]) -> Iterator[tuple[str, str]]:
    for before, token in pairwise(tokens):
        if token.type == "inline":
            yield before.type, cell_text(token)


def cell_text(token: Token) -> str:
    """The text of a line, in which there is nothing but text, code, and the comment that parts it."""
    for one in token.children or ():
        assert one.type in ("text", "text_special", "code_inline") or one.content == "<!-- -->", one
    return "".join(one.content for one in token.children or () if one.type != "html_inline")


def _tables(tokens: list[Token]) -> Iterator[list[list[str]]]:
    for token, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        if token.type == "table_open":
            table: list[list[str]] = []
        elif token.type == "tr_open":
            table.append([])
        elif token.type in ("th_open", "td_open"):
            table[-1].append(cell_text(after))
        elif token.type == "table_close":
            yield table

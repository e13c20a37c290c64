"""docs/where.md: what a person may want to change is in the file that the page names, under that name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from testing.paths import REPOSITORY

PAGE = (REPOSITORY / "docs/where.md").read_text()
ROWS = re.findall(r"^\| (.+) \| `([\w/]+\.py)` \| `([\w.]+)` \|$", PAGE, re.MULTILINE)
OUTSIDE = re.findall(r"^\| (.+) \| `([\w./-]+\.(?:yml|j2))` \| `([\w.]+)` \|$", PAGE, re.MULTILINE)


def defined(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """The names of classes, functions and constants, and of what is in the classes."""
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from defined(node.body, f"{node.name}.")
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (prefix + one.id for one in targets if isinstance(one, ast.Name))


def test_the_page_answers_for_at_least_twenty_things() -> None:
    assert len(ROWS) >= 20
    assert len(ROWS) + len(OUTSIDE) == len(re.findall(r"^\| .*`", PAGE, re.MULTILINE)), (
        "a row is not as the others are"
    )


@pytest.mark.parametrize(("what", "path", "name"), ROWS, ids=[row[0] for row in ROWS])
def test_the_file_defines_what_the_page_says(what: str, path: str, name: str) -> None:
    source = (REPOSITORY / "mlxsm_sync" / path).read_text()
    assert name in {*defined(ast.parse(source).body)}, what


@pytest.mark.parametrize(("what", "path", "name"), OUTSIDE, ids=[row[0] for row in OUTSIDE])
def test_the_file_outside_of_the_package_has_what_the_page_says(what: str, path: str, name: str) -> None:
    assert name in (REPOSITORY / path).read_text(), what


def test_what_is_only_used_is_not_taken_for_defined() -> None:
    body = ast.parse("from a import b\nc: int = b()\nclass D:\n    e = 1\n    def f(self): g = 1\n").body
    assert [*defined(body)] == ["c", "D", "D.e", "D.f"]

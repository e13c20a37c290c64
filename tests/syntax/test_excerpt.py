"""The line of a file with a caret, and nothing of a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.syntax.excerpt import excerpt
from mlxsm_sync.text.columns import columns
from mlxsm_sync.text.unicode import unseen
from testing.project import Project


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        ("name: a: b", 8, "  1 | name: a: b\n    |        ^"),
        ("name: 模型: b", 9, "  1 | name: 模型: b\n    |           ^"),
        ("a\tb: c", 2, "  1 | a\\u{9}b: c\n    |  ^"),
        ("\ta: b", 1, "  1 | <tab>a: b\n    | ^"),
        (" \ta: b", 4, "  1 |  <tab>a: b\n    |        ^"),
        ("a: \u202eb", 5, "  1 | a: \\u{202e}b\n    |            ^"),
        ("a: b\r", 5, "  1 | a: b\n    |     ^"),
        ("x" * 200, 100, f"  1 | …{'x' * 60}{'x' * 40}…\n    | {' ' * 61}^"),
        ("", 1, None),
        ("hf_" + "Ab1" * 12, 1, None),
        ("apiKey: abc: d", 12, None),
        ("a: b", 9, "  1 | a: b\n    |     ^"),
    ],
)  # fmt: skip
def test_a_line_and_a_caret(line: str, column: int, shown: str | None) -> None:
    assert excerpt(line, 1, column) == shown


def test_a_line_that_is_not_there_has_none() -> None:
    assert excerpt("a\n", 9, 1) is None


def test_a_key_of_many_lines_hides_the_whole_text() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc: [\n-----END RSA PRIVATE KEY-----\n"
    assert excerpt(key, 2, 5) is None


@given(st.text(max_size=150).filter(lambda text: "\n" not in text), st.integers(1, 160))
def test_the_caret_is_below_the_place_and_all_of_it_can_be_seen(line: str, column: int) -> None:
    shown = excerpt(line, 1, column)
    if shown is not None:
        source, caret = shown.split("\n")
        assert unseen(source) is None
        assert caret.endswith("^")
        assert caret.strip(" |") == "^"
        assert columns(caret) - 1 <= columns(source)


def test_the_command_shows_it_below_the_problem(project: Project) -> None:
    project.write("schemaVersion: 1\nprofiles:\n  - name: a: b\n")
    told = (
        'profiles.yaml:3:12: not valid YAML: a value cannot have ": " in it: put the value in quotes\n'
        "  3 |   - name: a: b\n"
        "    |            ^\n"
    )
    assert project.run("validate").out == told
    assert project.run("plan").err.startswith(told)
    (problem,) = project.run("plan", "--json").json["error"]["problems"]
    assert problem.keys() == {"path", "line", "column", "message"}

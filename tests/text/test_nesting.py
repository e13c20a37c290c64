"""How deep JSON is nested is known before a parser goes down there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.text.nesting import DEEPEST, TooDeep, is_too_deep, loads, place_beyond
from testing.paths import REPOSITORY
from testing.project import Project

PACKAGE = REPOSITORY / "mlxsm_sync"
OWN_DATA = {
    "mac_app/list_format.py": 2,  # slices of a text that `read_json` has read
    "planning/explain.py": 1,  # what was written a moment ago
    "planning/exportable.py": 1,  # the same as in list_format
    "syntax/json.py": 3,  # after the look, a single scalar, and the decoder of `slices`
    "state/lock_note.py": 1,  # a note of ours, which is flat
    "text/nesting.py": 1,
    "syntax/source.py": 1,  # after the look
    "views/schemas.py": 1,  # a schema of ours
}
"""Where the standard library's parser may be called: on what cannot be deep."""


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"a":[', '[{"\\"[":', '"x"[', "[[],"])
def test_what_is_nested_deeper_than_anything_of_ours_is_not_parsed(opening: str) -> None:
    for text in (opening * 300_000, opening * 300_000 + "]}" * 300_000):
        assert is_too_deep(text)
        assert is_too_deep(text.encode())
        with pytest.raises(TooDeep):
            loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEPEST + "]" * DEEPEST,
        json.dumps(["[" * 1000, '\\"' + "{" * 1000]),
        "[[]," * 0 + "[" + "[]," * 100_000 + "[]]",
        '"' + "[" * 5000,  # a string that nobody ends
        "é" * 10 + '"\\' + "[" * 5000,
        "]" * 5000 + "[" * DEEPEST,
        "",
    ],
)
def test_brackets_in_strings_and_side_by_side_are_not_deep(text: str) -> None:
    assert not is_too_deep(text)
    assert not is_too_deep(text.encode())


_json = st.recursive(
    st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=20
)


@given(_json, st.integers(1, 3))
def test_the_place_is_that_of_the_bracket(data: object, most: int) -> None:
    text = json.dumps(data, ensure_ascii=False)
    depth, place = 0, len(text)
    for at, char in enumerate(re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: "." * len(found[0]), text)):
        depth += (char == "[") - (char == "]")
        if depth > most:
            place = at
            break
    assert place_beyond(text, most) == place
    assert loads(text) == data


def test_texts_that_make_a_search_slow_are_looked_through_in_one_go() -> None:
    """A quadratic search would take hours here."""
    for text in ('"' + '\\"' * 4_000_000, '\\"[' * 2_000_000, '"' * 8_000_001, "[]" * 4_000_000):
        is_too_deep(text)


def test_nothing_else_parses_what_others_wrote() -> None:
    calls = {
        str(path.relative_to(PACKAGE)): len(
            re.findall(r"\bjson\.loads\(|\bJSONDecoder\(|\bjson\.load\(", path.read_text())
        )
        for path in PACKAGE.rglob("*.py")
    }
    assert {name: count for name, count in calls.items() if count} == OWN_DATA


def test_every_reader_says_it_in_one_line(project: Project) -> None:
    deep = '{"formatVersion": 1, "entries": ' + "[" * 300_000
    project.write(deep, "deep.json")
    project.write("schemaVersion: 1\nprofiles: []\n")
    for words, told in (
        ("validate deep.json", "nested more than 16 levels deep"),
        ("import deep.json --yes", "nested more than 16 levels deep"),
        ("plan -f deep.json", "nested more than 16 levels deep"),
        ("apply deep.json", "is not a saved plan"),
        ("list --state deep.json", "is nested too deep"),
        ("list --state app:deep.json", "nested more than 16 levels deep"),
    ):
        done = project.run(*words.split())
        assert done.code == 1, done
        assert told in done.out + done.err, done
    assert Path(project.folder / "deep.json").read_text() == deep

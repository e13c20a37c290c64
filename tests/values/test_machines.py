"""What a name, a pattern and a tag mean."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.values import machines
from mlxsm_sync.values.machines import (
    Machine,
    is_for,
    is_key,
    is_name,
    is_on,
    is_pattern,
    keys_of,
    matches,
    overlap,
)

ALPHABET = "ab"
patterns = st.text(f"{ALPHABET}*?", max_size=5)
words = st.text(ALPHABET, max_size=6)
EVERY_WORD = ["".join(letters) for length in range(9) for letters in product(ALPHABET, repeat=length)]


def naively(pattern: str, word: str) -> bool:
    """The rule as one would tell it: letter by letter, a star for any beginning of the rest."""
    if not pattern:
        return not word
    if pattern[0] == "*":
        return any(naively(pattern[1:], word[at:]) for at in range(len(word) + 1))
    return bool(word) and pattern[0] in ("?", word[0]) and naively(pattern[1:], word[1:])


@given(patterns, words)
def test_a_pattern_matches_what_it_matches_letter_by_letter(pattern: str, word: str) -> None:
    assert matches(pattern, word) == naively(pattern, word)


@given(patterns, patterns)
def test_patterns_overlap_exactly_where_some_word_matches_both(one: str, other: str) -> None:
    # Five letters each: where any word matches both, one of at most eight does.
    found = any(naively(one, word) and naively(other, word) for word in EVERY_WORD)
    assert overlap(one, other) == overlap(other, one) == found


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("studio", "studio", True),
        ("Studio", "sTUDIO", True),
        ("studio", "studio2", False),
        ("mini-*", "mini-", True),
        ("mini-*", "mini-12", True),
        ("mini-?", "mini-12", False),
        ("*", "anything", True),
        ("a.b", "axb", False),
        ("*-a-*", "x-a-a-y", True),
        ("*a", "ab", False),
    ],
)
def test_a_name_or_a_pattern_means_a_machine(pattern: str, name: str, meant: bool) -> None:
    assert matches(pattern, name) is meant
    assert overlap(pattern, name) is meant


def test_thirty_stars_are_matched_as_fast_as_one() -> None:
    """A search that goes back for each star would take longer than anybody lives."""
    hostile = f"{'*a' * 30}*b"
    assert is_key(hostile)
    assert not matches(hostile, "a" * 63)
    assert matches(hostile, "a" * 62 + "b")
    assert overlap(hostile, "a*" * 31)


def test_an_exact_name_stands_alone_and_patterns_add_up() -> None:
    keys = ["mini-*", "Mini-1", "*", "studio"]
    assert keys_of("mini-1", keys) == ["Mini-1"]
    assert keys_of("MINI-2", keys) == ["mini-*", "*"]
    assert keys_of("studio", keys) == ["studio"]
    assert keys_of("laptop", ["mini-*", "studio"]) == []
    assert keys_of("mini-*", keys) == ["mini-*", "*"], "a pattern stands for itself"


@pytest.mark.parametrize(
    ("on", "meant"),
    [
        (None, True),
        ([], False),
        (["studio"], True),
        (["STUDIO"], True),
        (["stud*"], True),
        (["laptop"], False),
        (["laptop", "@big"], True),
        (["@Big"], False),
        (["@studio"], False),
        (["big"], False),
        (["@b*"], False),
    ],
)
def test_on_names_machines_patterns_and_tags(on: list[str] | None, meant: bool) -> None:
    assert is_for(on, "studio", ["big", "here"]) is meant


@pytest.mark.parametrize("text", ["", "-a", ".a", "a b", "a\n", "a/b", "é", "a" * 64, "a:b", "\u202ea"])
def test_what_is_no_name(text: str) -> None:
    assert not is_name(text)
    assert not is_key(text)
    assert not is_on(text)
    assert not is_on(f"@{text}")


def test_a_key_may_be_a_pattern_and_an_item_a_tag() -> None:
    assert (is_name("mini-*"), is_key("mini-*"), is_on("mini-*"), is_pattern("mini-*")) == (
        False,
        True,
        True,
        True,
    )
    assert (is_key("@big"), is_on("@big"), is_on("@"), is_on("@b*")) == (False, True, False, False)
    assert is_name("a" * 63)
    assert is_on("@" + "a" * 63)
    assert not is_pattern("studio")


@pytest.mark.parametrize(
    ("machine", "told"),
    [
        (Machine(name="a", from_="flag"), "from --machine"),
        (Machine(name="a", from_="environment"), "from MLXSM_MACHINE"),
        (Machine(name="a", from_="system"), "from the host name"),
        (Machine(name="a", from_="file", place="/x/machine"), "from /x/machine"),
        (Machine(name="a", from_="file"), "from a file"),
    ],
)
def test_a_machine_says_who_named_it(machine: Machine, told: str) -> None:
    assert machine.source == told


@pytest.mark.parametrize("text", ["", "@big", "a b"])
def test_a_tag_is_a_word(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(machines.TAG_RULE)):
        machines._check_tag(text)

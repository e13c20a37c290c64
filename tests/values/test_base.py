"""The ground that all values stand on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlxsm_sync.planning.explain import _explain_flat, _explain_nested, explain
from mlxsm_sync.state.history import backups
from mlxsm_sync.text.json_value import canonical, same, texts
from mlxsm_sync.text.unicode import quotable, unseen, visible
from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.fields import aliases
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.profile import flat, from_fields, nested
from mlxsm_sync.values.validation import ValidationError

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, 1.0, 0.5, -0.0])
    | st.text("ab~/_1", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab~/_1", max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)
FREE = "/advancedLaunchOptions/chatTemplateArgs"


class Inner(Value):
    """A value in a value."""

    some_name: str = Field(serialization_alias="someID")
    secret: int = Field(exclude=True, default=1)


class Outer(Value):
    """A value."""

    inner: Inner
    more: tuple[int, ...] = ()


def test_a_value_is_immutable_and_compared_by_its_fields() -> None:
    value = Outer(inner=Inner(some_name="a"))
    with pytest.raises(AttributeError, match="immutable"):
        value.more = (1,)
    assert value == Outer(inner=Inner(some_name="a"))
    assert value != value.model_copy(more=(1,))
    assert hash(value) == hash(value.model_copy(more=(1,)))
    assert value != "a"
    assert "some_name" in repr(value)
    with pytest.raises(TypeError, match="needs inner"):
        Outer()
    with pytest.raises(TypeError, match="has no other"):
        Outer(inner=Inner(some_name="a"), other=1)


def test_a_value_goes_to_json_and_back_under_its_names_there() -> None:
    value = Outer(inner=Inner(some_name="a"), more=(1,))
    assert value.model_dump() == {"inner": {"someID": "a"}, "more": [1]}
    assert aliases(Inner) == {"some_name": "someID"}
    assert Outer.model_validate_json('{"inner": {"someID": "a"}, "more": [1]}') == value


def test_all_faults_are_told_at_once_without_their_values() -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate_json('{"inner": {"some_name": "hf_secret"}, "more": ["1", true]}')
    assert [(one.path, one.kind) for one in caught.value.issues] == [
        (("inner", "someID"), "missing"),
        (("inner", "some_name"), "unexpected_keyword_argument"),
        (("more", 0), "int_type"),
        (("more", 1), "int_type"),
    ]
    assert "hf_secret" not in repr(caught.value.issues)


def test_keys_that_no_value_has_are_dropped_where_that_is_wanted() -> None:
    text = '{"newest": null, "inner": {"someID": "a", "newer": {"x": []}}, "more": [1]}'
    with pytest.raises(ValidationError):
        Outer.model_validate_json(text)
    assert Outer.model_validate_json(text, extra="ignore") == Outer(inner=Inner(some_name="a"), more=(1,))
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate_json('{"newest": 1, "inner": {"someID": 1, "newer": 2}}', extra="ignore")
    assert [one.path for one in caught.value.issues] == [("inner", "someID")]


@given(json_values, json_values)
def test_two_values_are_the_same_where_their_canonical_texts_are(a: object, b: object) -> None:
    assert same(a, b) == (canonical(a) == canonical(b))
    assert same(a, a)


@given(json_values, json_values)
def test_a_difference_is_explained_where_there_is_one(a: object, b: object) -> None:
    changes = explain({FREE: a}, {FREE: b})
    assert bool(changes) == (not same(a, b))
    assert all(one.path.startswith(FREE) for one in changes)


scalars = (
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 0.5]) | st.text("ab", max_size=2)
)
flat_pairs = st.sampled_from(
    [st.lists(scalars, max_size=7), st.dictionaries(st.text("ab/~", max_size=2), scalars, max_size=5)]
).flatmap(lambda kind: st.tuples(kind, kind))


@settings(max_examples=600)
@given(flat_pairs)
def test_a_flat_value_is_explained_as_deepdiff_explains_it(pair: tuple[Any, Any]) -> None:
    by_us, by_deepdiff = (
        sorted(found(FREE, *pair), key=lambda one: (one.path, canonical(one.before), canonical(one.after)))
        for found in (_explain_flat, _explain_nested)
    )
    assert by_us == by_deepdiff


@given(json_values)
def test_what_an_explanation_names_is_there(a: object) -> None:
    for one in explain({FREE: a}, {FREE: {"k": a, "l": [a]}}):
        if one.path == FREE:
            assert one.before == a


@given(st.lists(st.sampled_from("abcdef"), max_size=6, unique=True), st.integers(0, 6))
def test_an_inserted_argument_is_one_insertion(arguments: list[str], place: int) -> None:
    longer = [*arguments[:place], "new", *arguments[place:]]
    (change,) = explain({FREE: [*arguments]}, {FREE: [*longer]})
    assert (change.before, change.after) == (None, "new")
    assert change.path == f"{FREE}/{longer.index('new')}"


def test_a_profile_laid_flat_comes_back() -> None:
    data = {
        "name": "A",
        "modelID": "m",
        "host": "h",
        "port": 1,
        "advancedLaunchOptions": {"rawExtraArgs": ["-a"]},
    }
    assert nested(flat(data)) == data
    assert from_fields(flat(data)).sparse == data


def test_an_address_of_ipv6_is_in_brackets() -> None:
    assert [endpoint("::1", 80), endpoint("localhost", 80)] == ["[::1]:80", "localhost:80"]


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\u202eb\x1b\u3164\u00a0é\U000e0041") == "a\\u{202e}b\\u{1b}\\u{3164}\\u{a0}é\\u{e0041}"
    assert quotable("a\u2028b\U000e0041é") == "a\\u2028b\\U000e0041é"
    assert unseen("plain") is None
    assert unseen("Qwen é") is None


def test_what_lies_beside_the_backups_is_left_alone(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path)) / "history"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert backups(folder.parent / "state.json") == []


def test_a_path_that_ends_early_is_found_where_it_ends() -> None:
    from mlxsm_sync.syntax.json import read_json
    from mlxsm_sync.syntax.tree import Problems

    root = read_json('{"a": {"b": 1}, "c": [2]}', Problems("p"))
    assert root.find(["a", "b", "x"])[0] == (1, 13)
    assert root.find(["a", 0])[0] == (1, 7)
    assert root.find(["c", 0])[0] == (1, 23)
    assert root.find(["c", "x"])[0] == (1, 22)


def test_every_text_of_some_data_is_found() -> None:
    assert [*texts({"a": ["b", {"c": 1, "d": None}], "e": "f"})] == ["a", "b", "c", "d", "e", "f"]

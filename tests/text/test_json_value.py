"""JSON data as one text, and the hash of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.text.json_value import JsonObject, canonical, digest, digest_bytes

_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), _DATA, max_size=4))
def test_the_hash_that_is_made_piece_by_piece_is_that_of_the_whole_text(value: JsonObject) -> None:
    assert digest(value) == digest_bytes(canonical(value).encode())

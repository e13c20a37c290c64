"""Documents that nobody would write: whatever stands where, all of it is told, and nothing gets further."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import InvalidDocument, MlxsmError
from mlxsm_sync.mac_app.document_file import read_document
from mlxsm_sync.mac_app.document_reader import Judged
from mlxsm_sync.syntax.tree import MAX_DEPTH, MAX_SCALAR
from mlxsm_sync.text.unicode import visible
from testing.fake_secrets.leaks import found_in
from testing.fake_secrets.tokens import EVERY_TOKEN
from testing.hostile_files.mutated_documents import mutated, valid_document, valid_profile

TOKENS = [*EVERY_TOKEN.values()]


def read(folder: Path, text: str | bytes) -> Judged | MlxsmError:
    """What a file of this text wants, or why it is of no use."""
    path = folder / "doc.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        return read_document(str(path))
    except MlxsmError as error:
        return error


def said(judged: Judged | MlxsmError) -> list[str]:
    """All that is said of it."""
    if isinstance(judged, MlxsmError):
        return [judged.message, judged.hint or "", *(one.message for one in judged.problems)]
    return [
        *(one.message for one in judged.desired.warnings),
        *(message for one in judged.desired.invalid for message in (one.name, *one.messages)),
    ]


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from([*TOKENS, "\u202e", "\x00", "\x1b[2J", "a\u200bb", "\ud800", "x" * (MAX_SCALAR + 1)])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@st.composite
def odd_documents(draw: Any) -> Any:
    """A valid document with any value at one place, or nothing but such a value."""
    content = valid_document()
    profile = draw(st.sampled_from(content["profiles"]))
    places = [content, profile, profile["advancedLaunchOptions"]]
    place = draw(st.sampled_from(places))
    key = draw(st.sampled_from([*place, "colour", "notes"]) | st.text(max_size=6) | st.sampled_from(TOKENS))
    place[key] = draw(values)
    return draw(st.sampled_from([content, content, content, content, place[key]]))


@given(odd_documents())
def test_any_value_at_any_place_is_told_and_hurts_nobody(tmp_path_factory: Any, content: Any) -> None:
    judged = read(tmp_path_factory.getbasetemp(), json.dumps(content))
    if isinstance(judged, Judged):
        desired = judged.desired
        indexes = [one.index for one in (*desired.profiles, *desired.invalid)]
        assert sorted(indexes) == [*range(1, judged.head.total + 1)]
        kept = json.dumps([one.model_dump() for one in desired.profiles])
        assert not found_in(kept, TOKENS)
    else:
        assert isinstance(judged, InvalidDocument)
        assert judged.problems
    text = "\n".join(said(judged))
    assert not found_in(text, TOKENS)
    assert all(line == visible(line) for line in said(judged)[3:] if line.isascii())


def broken(text: str, choose: random.Random) -> Iterator[bytes]:
    """The text cut off, with a byte changed, doubled or dropped, and what no JSON text may begin with."""
    data = text.encode()
    for _ in range(400):
        at = choose.randrange(len(data))
        yield data[:at]
        yield data[:at] + bytes([choose.randrange(256)]) + data[at + 1 :]
        yield data[:at] + data[at : at + 1] * 2 + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
    yield from (
        b"\xef\xbb\xbf" + data,
        b"\xff\xfe" + data,
        data + data,
        b"\x00" + data,
        data.replace(b" ", b"\xa0"),
    )


def test_a_text_that_is_broken_anywhere_is_told_with_its_place(tmp_path: Path) -> None:
    for data in broken(json.dumps(valid_document(), indent=1), random.Random(3)):
        judged = read(tmp_path, data)
        if not isinstance(judged, Judged):
            assert isinstance(judged, InvalidDocument), (data, judged)
            assert judged.problems


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2, MAX_DEPTH, 200, 100_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_deep_nesting_is_one_problem(tmp_path: Path, depth: int, brackets: str) -> None:
    inner = "[" * depth + "]" * depth if brackets == "[]" else '{"a":' * depth + "1" + "}" * depth
    for place in ('{"app": %s}', '{"schemaVersion": 1, "profiles": [{"name": "A", "x": %s}]}', "%s"):
        judged = read(tmp_path, place % inner)
        assert isinstance(judged, (InvalidDocument, Judged))
        assert len(said(judged)) < 12


@pytest.mark.parametrize(
    "text",
    [
        '{"schemaVersion": 1, "profiles": [], "profiles": []}',
        '{"schemaVersion": 1, "profiles": [{"name": "A", "name": "A"}]}',
        '{"schemaVersion": 1, "profiles": [{"advancedLaunchOptions": {"logLevel": "INFO", "logLevel": "INFO"}}]}',
        '{"schemaVersion": 1, "profiles": [{"x": {"a": 1, "\\u0061": 2}}]}',
    ],
)
def test_a_key_that_is_there_twice_blocks_the_document(tmp_path: Path, text: str) -> None:
    judged = read(tmp_path, text)
    assert isinstance(judged, InvalidDocument)
    assert [one.message for one in judged.problems] == ["this key is here twice; keep one of the two"]


def test_a_key_that_is_there_twice_inside_a_text_blocks_the_profile(tmp_path: Path) -> None:
    content = valid_document()
    content["profiles"][0]["advancedLaunchOptions"]["chatTemplateArgs"] = '{"a": 1, "a": 2}'
    judged = read(tmp_path, json.dumps(content))
    assert isinstance(judged, Judged)
    assert [one.messages for one in judged.desired.invalid] == [
        ("chatTemplateArgs: Chat Template Args must be valid JSON.",)
    ]


def test_very_many_profiles_and_faults_are_all_counted(tmp_path: Path) -> None:
    content = valid_document(3000)
    for number, profile in enumerate(content["profiles"]):
        if number % 3 == 0:
            profile["port"] = -number
        if number % 5 == 0:
            profile["advancedLaunchOptions"]["defaultTopP"] = "two"
    judged = read(tmp_path, json.dumps(content))
    assert isinstance(judged, Judged)
    messages = [message for one in judged.desired.invalid for message in one.messages]
    assert (messages.count("port: Port must be between 1 and 65535."), len(messages)) == (1000, 1600)
    assert len(judged.desired.profiles) == 3000 - len({*range(0, 3000, 3)} | {*range(0, 3000, 5)})


def test_every_fault_of_every_profile_is_told_where_the_document_is_refused(tmp_path: Path) -> None:
    """The head and the profiles at once: who mends one need not come back for the next."""
    for content in mutated(200, seed=7):
        content["schemaVersion"] = 2
        if not isinstance(content.get("profiles"), list):
            continue
        judged = read(tmp_path, json.dumps(content))
        assert isinstance(judged, InvalidDocument)
        alone = read(tmp_path, json.dumps(content | {"schemaVersion": 1}))
        assert isinstance(alone, Judged)
        told = {one.message for one in judged.problems}
        for one in alone.desired.invalid:
            assert {f"{one.name}: {message}" for message in one.messages} <= told


def test_a_token_in_a_document_is_told_for_what_it_is_at_every_place(tmp_path: Path) -> None:
    for number, token in enumerate(TOKENS):
        profile = valid_profile(1)
        places: list[Any] = [profile, profile["advancedLaunchOptions"]]
        place = places[number % 2]
        place[[*place][number % len(place)]] = token
        judged = read(tmp_path, json.dumps(valid_document(1) | {"profiles": [profile, valid_profile(2)]}))
        assert isinstance(judged, Judged)
        assert [one.index for one in judged.desired.profiles] == [2]
        assert not found_in("\n".join(said(judged)), [token])

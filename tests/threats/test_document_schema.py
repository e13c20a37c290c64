"""What the published schema says of a document counts: jsonschema judges, and our rules have the words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from mlxsm_sync.errors import InvalidDocument
from mlxsm_sync.mac_app.document_file import document_schema
from mlxsm_sync.mac_app.document_reader import Judged, judge_document
from mlxsm_sync.mac_app.options import read_option
from mlxsm_sync.syntax.json import read_json
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.values.desired import Input
from mlxsm_sync.values.json_schema import faults
from mlxsm_sync.views.schemas import published
from testing.hostile_files.mutated_documents import mutated, valid_document, valid_profile

MUTATED = 2000
SCHEMA = document_schema()
UNEXPECTED = "This cannot be part of a profile."


def judge(content: Any, found: Iterable[Any]) -> Judged | list[str]:
    """What a document wants, or why it is of no use as a whole."""
    problems = Problems("doc.json", InvalidDocument)
    try:
        root = read_json(json.dumps(content), problems)
        problems.raise_any()
        return judge_document(root, problems, found, Input(path="doc.json", digest=""))
    except InvalidDocument as error:
        return [one.message for one in error.problems]


def verdict(judged: Judged | list[str]) -> Any:
    """Whether a document, and each of its profiles, can be used."""
    return False if isinstance(judged, list) else [one.index for one in judged.desired.profiles]


def test_what_the_schema_refuses_is_refused_and_what_it_allows_the_engine_takes() -> None:
    changed = 0
    validator = Draft7Validator(published("document"))
    for content in mutated(MUTATED):
        places = [error.absolute_path for error in validator.iter_errors(content)]
        judged = judge(content, faults(SCHEMA, content))
        if isinstance(judged, Judged):
            bad = {place[1] for place in places if len(place) > 1 and place[0] == "profiles"}
            assert not {one.index - 1 for one in judged.desired.profiles} & bad, (content, places)
            told = " ".join(message for one in judged.desired.invalid for message in one.messages)
            assert UNEXPECTED not in told, (content, told)
            assert len(judged.desired.profiles) + len(judged.desired.invalid) == judged.head.total
        else:
            assert any(len(place) < 2 and not {"app", "exportedAt"} & {*place} for place in places)
        changed += verdict(judged) != verdict(judge(content, ()))
    assert changed > MUTATED // 20, changed


def test_every_fault_of_a_profile_is_told_with_its_field() -> None:
    for content in mutated(MUTATED // 8, seed=5):
        said = [tuple(path) for path, _ in faults(SCHEMA, content)]
        judged = judge(content, faults(SCHEMA, content))
        if not isinstance(judged, Judged):
            continue
        messages = {one.index - 1: one.messages for one in judged.desired.invalid}
        for path in said:
            if path[:1] == ("profiles",) and len(path) > 2:
                key = next(step for step in reversed(path) if isinstance(step, str))
                assert any(one.startswith(f"{key}: ") for one in messages[path[1]]), (path, messages)


texts = st.text(st.sampled_from("aZ09 -+.:/#[]\t\n\u00a0\u2028\u202e\u200be\u0301é日"), max_size=12)
numbers = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)


@given(texts, texts, texts, numbers | texts)
def test_the_schema_is_never_laxer_than_the_rules_of_a_profile(
    name: str, model: str, host: str, port: Any
) -> None:
    content = valid_document(1)
    content["profiles"] = [valid_profile(1) | {"name": name, "modelID": model, "host": host, "port": port}]
    judged = judge(content, faults(SCHEMA, content))
    assert isinstance(judged, Judged)
    assert UNEXPECTED not in str(judged.desired.invalid)


@given(
    st.sampled_from(
        ["defaultTemperature", "defaultTopK", "logLevel", "chatTemplateArgs", "promptCacheBytes"]
    ),
    st.text(st.sampled_from('0123456789+-.eE _x{}"a:'), max_size=8)
    | st.sampled_from(
        ["debug", "Info", " 5 ", "1.", "+.5", "-0", "-.0", "1e-1", "2e0", "1.000", "1.001", "00012"]
    )
    | st.sampled_from([None, True, [], {}, {"a": 1}])
    | numbers,
)
def test_the_schema_and_the_app_read_the_same_options(option: str, value: Any) -> None:
    """What the schema allows is what the reader of the app's own list takes, and nothing else."""
    content = valid_document(1)
    content["profiles"][0]["advancedLaunchOptions"] = {option: value}
    judged = judge(content, faults(SCHEMA, content))
    assert isinstance(judged, Judged)
    wanted = [one.declared[f"/advancedLaunchOptions/{option}"] for one in judged.desired.profiles]
    told = [message for one in judged.desired.invalid for message in one.messages]
    assert (wanted, told) == _read(option, value)


def _read(option: str, value: Any) -> tuple[list[Any], list[str]]:
    """The value that the app's own list would give, or its words."""
    try:
        return [read_option(option, value)], []
    except ValueError as error:
        return [], [f"{option}: {error}"]

"""The published schemas: fresh, and of one mind with the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import REPOSITORY, Project
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry
from test_profile_file import FIELDS, HEADS, OPTIONS, _with

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.profile import check_host, check_model_id, check_name, check_raw_argument
from mlxsm_sync.profile_file import read_profile_file
from mlxsm_sync.schema import main, published

NAMES = ("profiles", "document", "plan", "state", "error")


def validator(name: str) -> Any:
    """A validator that fetches nothing."""
    schema = published(name)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema, registry=Registry())


def check(name: str, document: Any) -> None:
    validator(name).validate(document)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_published_is_fresh(name: str) -> None:
    path = REPOSITORY / "schemas" / f"{name}.schema.json"
    assert json.loads(path.read_text()) == published(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_described(name: str) -> None:
    schema = published(name)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert schema["$id"] == f"urn:mlxsm:schema:{name}:1"
    for part in (schema, *schema.get("definitions", {}).values()):
        assert part["description"]
        assert all(field.get("description") for field in part["properties"].values())


def test_the_check_says_what_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlxsm_sync.schema.FOLDER", tmp_path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0


# Rules that no schema can say: about several profiles, about secrets, about the text of the YAML.
ACCEPTED = [
    "schemaVersion: 1\nprofiles: []",
    "schemaVersion: 1\ndefaults:\nprofiles: []",
    _with("port: 8080.0"),
    _with("host: ::1"),
    _with("host: fe80::1%en0"),
    _with("name: ' padded '"),
    _with("name: " + "x" * 120),
    _with("modelID: ~/models/x"),
    _with("enableThinking: null"),
    _with("notes: null"),
    _with("notes: ''"),
    _with("advancedLaunchOptions: null"),
    _with("advancedLaunchOptions: {}"),
    _with("advancedLaunchOptions: {defaultTemperature: 2, defaultTopK: 1, rawExtraArgs: []}"),
    _with("advancedLaunchOptions: {rawExtraArgs: ['--modelx', '--', '-m', --max-tokens]}"),
    _with("enableThinking: true\n    advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: true}}"),
    "schemaVersion: 1\ndefaults: {host: a, port: 1}\nprofiles: [{name: A, modelID: m}]",
    "schemaVersion: 1\ndefaults: {host: a}\nprofiles: [{name: A, modelID: m, port: 2}]",
]
REJECTED = [
    *(text for text in HEADS if text),
    *(_with(field) for field in FIELDS if "\\U" not in field),
    *(_with(f"advancedLaunchOptions: {{{option}}}") for option in OPTIONS),
    _with("extra: 1"),
    _with("advancedLaunchOptions: {extra: 1}"),
    _with("enableThinking: true\n    advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: false}}"),
    "schemaVersion: 1\nprofiles: [{name: A, modelID: m, host: a}]",
    "schemaVersion: 1\ndefaults: {port: 1}\nprofiles: [{name: A, modelID: m}]",
    "schemaVersion: 1\ndefaults: {host: null}\nprofiles: [{name: A, modelID: m, port: 1}]",
    "schemaVersion: 1\nextra: 1\nprofiles: []",
]


@pytest.mark.parametrize("text", [*ACCEPTED, *REJECTED], ids=lambda text: text[-40:])
def test_model_and_schema_give_the_same_verdict(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    try:
        read_profile_file(str(path))
        accepted = True
    except InvalidFile:
        accepted = False
    assert accepted == (text in ACCEPTED)
    assert validator("profiles").is_valid(yaml.safe_load(text)) == accepted


_SAMPLES = st.text(
    st.characters() | st.sampled_from("#- \t\n:/[]\u200b\u202e\u3164\U000e0041é")
) | st.sampled_from(
    ["--model", "--mo", "--host=1", "--p", "--x", "#1", "#", "-", "a:b", "::1", " ", "a\n", "\n"]
)


@pytest.mark.parametrize(
    ("field", "rule"),
    [("name", check_name), ("modelID", check_model_id), ("host", check_host), ("raw", check_raw_argument)],
)
@given(text=_SAMPLES)
def test_rules_and_patterns_agree(field: str, rule: Any, text: str) -> None:
    definitions = published("profiles")["definitions"]
    schema = definitions["Declaration"]["properties"].get(field)
    if schema is None:
        options = definitions["LaunchOptions"]["properties"]["rawExtraArgs"]["anyOf"]
        schema = next(one for one in options if one.get("type") == "array")["items"]
    if any(char in text for char in "\x1c\x1d\x1e\x1f\x85\ufeff"):
        return  # white space to Python and not to JSON Schema's regular expressions, or the reverse
    try:
        rule(text)
        accepted = True
    except ValueError:
        accepted = False
    assert jsonschema.Draft7Validator(schema).is_valid(text) == accepted


def test_the_example_is_valid_and_plans(project: Project) -> None:
    text = (REPOSITORY / "profiles.example.yaml").read_text()
    check("profiles", yaml.safe_load(text))
    project.write(text)
    assert project.run("validate").code == 0
    plan = project.run("plan", "--json").json
    assert plan["summary"]["create"] == len(plan["changes"]) >= 3


def test_every_option_is_in_the_example() -> None:
    text = (REPOSITORY / "profiles.example.yaml").read_text()
    for model in ("Declaration", "LaunchOptions", "Defaults"):
        for field in published("profiles")["definitions"][model]["properties"]:
            assert f"{field}:" in text


def test_what_commands_print_is_what_is_published(project: Project) -> None:
    project.apply("schemaVersion: 1\nprofiles: [{name: A, modelID: m, host: h, port: 1}]")
    check("state", project.state)
    project.write(
        "schemaVersion: 1\ncollection: team\nprofiles:\n"
        "- {name: A, modelID: other, host: h, port: 1}\n- {name: B, modelID: b, host: h, port: 2}"
    )
    check("plan", project.run("plan", "--json").json)
    check("plan", project.run("apply", "--yes", "--json").json)
    check("error", project.run("plan", "--skip", "nobody", "--json").json)
    project.write("schemaVersion: 1\nprofiles: []")
    guarded = project.run("plan", "--prune", "--json")
    check("plan", guarded.json)
    assert (guarded.code, guarded.json["error"]["kind"]) == (1, "guard")

"""The published schemas: fresh, and of one mind with the models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry

from mlxsm_sync.errors import InvalidFile
from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.values.hosts import host_fault
from mlxsm_sync.values.launch_options import check_raw_argument
from mlxsm_sync.values.model_ids import model_fault
from mlxsm_sync.values.profile import check_name
from mlxsm_sync.values.web_origins import origins_fault
from mlxsm_sync.views.published import SCHEMAS
from mlxsm_sync.views.schemas import EDITOR, main, published
from profile_file.test_reader import FIELDS, HEADS, OPTIONS, _with
from testing.paths import REPOSITORY
from testing.project import Project

NAMES = tuple(SCHEMAS)


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
    monkeypatch.setattr("mlxsm_sync.views.schemas.FOLDER", tmp_path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0


def _for_this(machines: str, on: str = "['*']") -> str:
    """A file whose machines may mean this one, whatever it is called."""
    profile = f"{{name: A, modelID: m, port: 1, 'on': {on}}}"
    return f"schemaVersion: 1\nmachines: {machines}\nprofiles: [{profile}]"


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
    _with("advancedLaunchOptions: {rawExtraArgs: ['--modelx', '--hosts=1', --max-tokens, '1', --temp, '1']}"),
    _with("host: LocalHost"),
    _with("host: null"),
    _with("enableThinking: true\n    advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: true}}"),
    "schemaVersion: 1\ndefaults: {host: a, port: 1}\nprofiles: [{name: A, modelID: m}]",
    "schemaVersion: 1\ndefaults: {host: a}\nprofiles: [{name: A, modelID: m, port: 2}]",
    "schemaVersion: 1\ndefaults: {port: 1}\nprofiles: [{name: A, modelID: m}]",
    "schemaVersion: 1\ndefaults: {host: null}\nprofiles: [{name: A, modelID: m, port: 1}]",
    "schemaVersion: 1\nmachines:\nprofiles: []",
    _with("'on': []"),
    *(
        _for_this(f"{{'*': {machine}}}")
        for machine in ("", "{}", "{tags: []}", "{tags: [a.b]}", "{defaults: }")
    ),
    *(_for_this("{'*': {tags: [big]}, a: , 'b?': }", on) for on in ("[]", "[a, B1, 'b*', '@big', '*']")),
    _for_this("{'*': {defaults: {host: a, port: null, advancedLaunchOptions: {logLevel: INFO}}}}"),
    "schemaVersion: 1\nmachines: {'*': {defaults: {port: 1}}}\nprofiles: [{name: A, modelID: m}]",
]
REJECTED = [
    *(text for text in HEADS if text),
    *(_with(field) for field in FIELDS if "\\U" not in field),
    *(_with(f"advancedLaunchOptions: {{{option}}}") for option in OPTIONS),
    _with("extra: 1"),
    _with("advancedLaunchOptions: {extra: 1}"),
    _with("enableThinking: true\n    advancedLaunchOptions: {chatTemplateArgs: {enable_thinking: false}}"),
    "schemaVersion: 1\nprofiles: [{name: A, modelID: m, host: a}]",
    "schemaVersion: 1\ndefaults: {port: null}\nprofiles: [{name: A, modelID: m}]",
    "schemaVersion: 1\ncollection:\nprofiles: []",
    _with("notes: " + "x" * 16385),
    _with("advancedLaunchOptions: {rawExtraArgs: ['--kv-bits 8']}"),
    _with("advancedLaunchOptions: {allowedOrigins: 'http://a/'}"),
    _with("modelID: https://huggingface.co/o/m"),
    "schemaVersion: 1\ndefaults: {host: '*'}\nprofiles: []",
    "schemaVersion: 1\nextra: 1\nprofiles: []",
    *(
        _for_this(machines)
        for machines in ("[]", "7", "a", "{'@a': , '*': }", "{a b: , '*': }", "{'': , '*': }")
    ),
    *(_for_this(f"{{'*': {machine}}}") for machine in ("[]", "7", "{tags: }", "{tags: a}", "{tags: ['@a']}")),
    *(
        _for_this(f"{{'*': {machine}}}")
        for machine in ("{tag: []}", "{defaults: []}", "{defaults: {name: A}}")
    ),
    *(
        _for_this(f"{{'*': {{defaults: {{{one}}}}}}}")
        for one in ("port: 0", "host: '*'", "host: 7", "tags: []")
    ),
    *(
        _for_this("{'*': {tags: [a]}}", on)
        for on in ("", "a", "{}", "[7]", "[null]", "['@']", "['@a*']", "[a b]")
    ),
    "schemaVersion: 1\nmachines: {'*': {defaults: {port: null}}}\nprofiles: [{name: A, modelID: m}]",
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
    [
        "--model",
        "--mo",
        "--host=1",
        "--p",
        "--x",
        "#1",
        "#",
        "-",
        "a:b",
        "::1",
        " ",
        "a\n",
        "\n",
        "--a b",
        "--a=b c",
        "--a\n",
        "a/b",
        "./a",
        "~/a",
        "http://a",
        "http://a, b://c",
        "*",
        "127.0.0.1",
    ]
)


def _breaks(rule: Any, text: str) -> bool:
    try:
        return rule(text) is not None and rule not in _RAISING
    except ValueError:
        return True


_RAISING = (check_name, check_raw_argument)


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        ("name", [check_name]),
        ("modelID", [model_fault]),
        ("host", [host_fault]),
        ("allowedOrigins", [origins_fault]),
        ("rawExtraArgs", [check_raw_argument]),
    ],
)
@given(text=_SAMPLES)
def test_rules_and_patterns_agree(field: str, rules: list[Any], text: str) -> None:
    definitions = published("profiles")["definitions"]
    schema = definitions["Declaration"]["properties"].get(field)
    if schema is None:
        options = definitions["LaunchOptions"]["properties"][field]["anyOf"]
        schema = next((one["items"] for one in options if one.get("type") == "array"), options[0])
    if any(char in text for char in "\x1c\x1d\x1e\x1f\x85\ufeff"):
        return  # white space to Python and not to JSON Schema's regular expressions, or the reverse
    accepted = not any(_breaks(rule, text) for rule in rules)
    if field == "rawExtraArgs" and text.startswith("--") and re.match(r"--[^\s=]*\s", text):
        accepted = False  # told of the list as a whole
    assert jsonschema.Draft7Validator(schema).is_valid(text) == accepted


_UNSET = object()
_SWITCH = (_UNSET, None, True, False)
_TEMPLATE = (_UNSET, None, {}, {"enable_thinking": True}, {"enable_thinking": False})


def _without(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not _UNSET}


@pytest.mark.parametrize("inherited", _SWITCH)
@pytest.mark.parametrize("own", _SWITCH)
def test_every_contradiction_is_one_for_the_editor_as_well(tmp_path: Path, inherited: Any, own: Any) -> None:
    """Thinking and template, each unset, null or said, in defaults and in the profile: 4 x 4 x 5 x 6 files."""
    judge = validator("profiles")
    for below in _TEMPLATE:
        for above in (*_TEMPLATE, "no options"):
            options: Any = None if above == "no options" else _without(chatTemplateArgs=above)
            defaults = _without(
                enableThinking=inherited, advancedLaunchOptions=_without(chatTemplateArgs=below), port=1
            )
            profile = _without(name="A", modelID="m", enableThinking=own, advancedLaunchOptions=options)
            file = {
                "schemaVersion": 1,
                "defaults": defaults,
                "profiles": [{"name": "B", "modelID": "b"}, profile],
            }
            if inherited not in (_UNSET, None) and below not in (_UNSET, None, {}):
                file["profiles"].pop(0)
            path = tmp_path / "p.json"
            path.write_text(json.dumps(file))
            try:
                read_profile_file(str(path))
                accepted = True
            except InvalidFile:
                accepted = False
            assert judge.is_valid(file) == accepted, file


def _subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, but not what `const`, `enum` and `default` hold."""
    if isinstance(schema, dict):
        yield schema
        for key, inner in schema.items():
            if key in ("properties", "definitions"):
                for one in inner.values():
                    yield from _subschemas(one)
            elif key not in ("const", "enum", "default", "defaultSnippets"):
                yield from _subschemas(inner)
    for inner in schema if isinstance(schema, list) else ():
        yield from _subschemas(inner)


@pytest.mark.parametrize("name", [one for one in SCHEMAS if one != EDITOR])
def test_strict_readers_of_schemas_take_them(name: str) -> None:
    """ajv refuses a schema where a keyword stands without its type, or with one that it does not know."""
    known = {
        "$schema",
        "$id",
        "$ref",
        "title",
        "description",
        "definitions",
        "type",
        "properties",
        "required",
    }
    known |= {
        "additionalProperties",
        "propertyNames",
        "uniqueItems",
        "items",
        "contains",
        "anyOf",
        "allOf",
        "oneOf",
        "not",
        "const",
        "enum",
    }
    known |= {"pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "format"}
    for one in _subschemas(published(name)):
        assert one.keys() <= known, one.keys() - known
        if {"items", "contains"} & one.keys():
            assert one["type"] == "array", one
        if {"properties", "additionalProperties"} & one.keys():
            assert one["type"] == "object", one
        if "required" in one:
            assert {*one["required"]} <= one["properties"].keys(), one
        if {"pattern", "maxLength"} & one.keys() and "type" not in one:
            assert {*one} == {"pattern"}, one


def test_an_editor_has_words_for_each_rule_and_something_to_fill_in() -> None:
    schema = published(EDITOR)
    jsonschema.Draft7Validator.check_schema(schema)
    patterns = [one for one in _subschemas(schema) if "pattern" in one]
    assert len(patterns) >= 10
    assert all(one["patternErrorMessage"] for one in patterns)
    declaration = schema["definitions"]["Declaration"]
    assert (declaration["title"], declaration["properties"]["port"]["default"]) == ("profile", 8080)
    judge = jsonschema.Draft7Validator(published("profiles"), registry=Registry())
    machine = schema["definitions"]["MachineSettings"]
    assert machine["title"] == "machine"
    told = [
        declaration["properties"]["on"],
        schema["properties"]["machines"],
        *machine["properties"].values(),
    ]
    assert all(one["description"] for one in told)
    (snippet,) = schema["defaultSnippets"]
    assert judge.is_valid(
        json.loads(json.dumps(snippet["body"]).replace("$1", "A").replace("$2", "m").replace("$3", "c"))
    )


@pytest.mark.parametrize("text", [*ACCEPTED, *REJECTED], ids=lambda text: text[-40:])
def test_an_editor_gives_the_same_verdict(text: str) -> None:
    data = yaml.safe_load(text)
    assert validator(EDITOR).is_valid(data) == validator("profiles").is_valid(data)


def test_the_order_of_keys_makes_no_schema_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlxsm_sync.views.schemas.FOLDER", tmp_path)
    assert main([]) == 0
    for path in tmp_path.iterdir():
        path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert main(["--check"]) == 0
    (tmp_path / "profiles.schema.json").write_text("{}")
    assert main(["--check"]) == 1


def test_the_example_is_valid_and_plans(project: Project) -> None:
    text = (REPOSITORY / "profiles.example.yaml").read_text()
    check("profiles", yaml.safe_load(text))
    project.write(text)
    assert project.run("validate").code == 0
    plan = project.run("plan", "--json").json
    assert plan["summary"]["create"] == len(plan["changes"]) >= 3


def test_every_option_is_in_the_example() -> None:
    text = (REPOSITORY / "profiles.example.yaml").read_text()
    for model in ("Declaration", "LaunchOptions", "Defaults", "MachineSettings", "Cluster", "Rank"):
        for field in published("profiles")["definitions"][model]["properties"]:
            assert f"{field}:" in text.replace('"', "")


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


def test_what_only_the_apps_list_can_hold_is_printed_as_its_schema_says(project: Project) -> None:
    """The app takes any host and port; what a profile file may say is no rule for what a list holds."""
    entry = {**dict.fromkeys(("family", "localName", "notes", "quantization"), ""), "enableThinking": False}
    odd = [
        {"displayName": "n" * 200, "modelID": "-x", "host": "a b/c", "serverPort": 99999},
        {"displayName": "#3", "modelID": "org/a", "host": "", "serverPort": -1},
        {"displayName": "a\u202eb", "modelID": "org/b", "host": "[::1]:80", "serverPort": 0},
    ]
    project.write(json.dumps([entry | one for one in odd]), "models.json")
    listed = project.run("list", "--json", "--state", "app:models.json").json
    assert [one["port"] for one in listed["entries"]] == [99999, -1, 0]
    for name in ("list", "plan"):
        text = json.dumps(published(name)["definitions"]["Profile"])
        assert not any(f'"{rule}"' in text for rule in ("pattern", "minimum", "maximum"))
    assert '"pattern"' in json.dumps(published("state")["definitions"]["Profile"])
    check("list", listed)


def test_the_entry_for_the_schema_store_names_files_that_are_ours_alone() -> None:
    """https://www.schemastore.org takes no name as common as profiles.yaml; the URL is that of a file here."""
    entry = json.loads((REPOSITORY / "docs/recipes/schemastore.json").read_text())
    assert set(entry) == {"name", "description", "fileMatch", "url"}
    hook = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())[0]["files"]
    for pattern in entry["fileMatch"]:
        assert re.search(hook, pattern.replace("*", "team")), pattern
        assert "mlxsm" in pattern
    assert (REPOSITORY / entry["url"].partition("/main/")[2]).is_file()

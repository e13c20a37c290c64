"""What the schema of a profile file says beyond its models: shapes, rules across fields, words."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from mlxsm_sync.syntax.tree import MAX_SCALAR
from mlxsm_sync.values import cluster, hosts, machines, model_ids, web_origins
from mlxsm_sync.values.launch_options import OWN_FLAG_RULE
from mlxsm_sync.values.profile import HOST_RULES, NAME_RULES, OPTIONS

Schema = dict[str, Any]

_ONE_ARGUMENT = r"^(?!--[^\s=]*\s)"
_SHAPES = {
    ("Declaration", "modelID"): (model_ids.PATTERN, f"must be {model_ids.SHAPE}"),
    ("Declaration", "host"): (hosts.PATTERN, "must be an IP address or a host name, such as 127.0.0.1"),
    ("Defaults", "host"): (hosts.PATTERN, "must be an IP address or a host name, such as 127.0.0.1"),
    ("LaunchOptions", "allowedOrigins"): (
        web_origins.PATTERN,
        "must be origins as browsers name them, with commas between, such as http://localhost:3000",
    ),
}
"""Texts that have one shape in a profile file; elsewhere the models allow more."""
_TITLES = {
    "Declaration": "profile",
    "Defaults": "defaults",
    "MachineSettings": "machine",
    "LaunchOptions": "launch options",
    "Cluster": "cluster",
    "Rank": "rank",
}
_DEFAULTS = {"schemaVersion": 1, "port": 8080, "host": hosts.DEFAULT}
"""What an editor fills in."""
_PROFILE = {"name": "$1", "modelID": "$2", "port": 8080}


def refine(schema: Schema, definitions: Schema) -> None:
    """Say what the models of a profile file cannot."""
    for (definition, key), (pattern, _) in _SHAPES.items():
        for text in _texts(definitions[definition]["properties"][key]):
            text.pop("allOf", None)
            text["pattern"] = pattern
    arguments = definitions["LaunchOptions"]["properties"]["rawExtraArgs"]
    for argument in _texts(arguments):
        argument["allOf"] = [{"pattern": argument.pop("pattern")}, {"pattern": _ONE_ARGUMENT}]
    for definition in definitions.values():
        for text in _texts(definition):
            text.setdefault("maxLength", MAX_SCALAR)
    _named(schema["properties"]["machines"])["propertyNames"] = {
        "type": "string",
        "pattern": machines.KEY_PATTERN,
    }
    # The defaults of a machine may settle what those of the file contradict.
    of_machines = {"type": "object", "properties": {"machines": {}}, "required": ["machines"]}
    consistent = {"anyOf": [of_machines, {"not": {"anyOf": [*_contradictions()]}}]}
    schema["allOf"] = [_port_is_given(), consistent]
    definitions["Declaration"]["not"] = {"anyOf": [_thinking(True, False), _thinking(False, True)]}


def _named(schema: Schema) -> Schema:
    """The form of a value that is a mapping with keys of people's own."""
    form: Schema = next(one for one in schema["anyOf"] if one.get("type") == "object")
    return form


def _texts(schema: Any) -> Iterator[Schema]:
    """Every schema of a text inside, of values and not of conditions."""
    if isinstance(schema, dict):
        if schema.get("type") == "string" and "enum" not in schema:
            yield schema
        for inner in schema.values():
            yield from _texts(inner)
    for inner in schema if isinstance(schema, list) else ():
        yield from _texts(inner)


def _object(properties: Schema, *required: str) -> Schema:
    """An object that has these, with all that a strict reader of schemas asks for."""
    return {"type": "object", "properties": properties, "required": [*(required or properties)]}


def _port_is_given() -> Schema:
    """A port in each profile, in defaults, or in those of a machine."""
    port = _object({"port": {"type": "integer"}})
    given = {"type": "object", "properties": {"profiles": {"type": "array", "items": port}}}
    # Which machine a profile is for is more than a schema can say; mlxsm validate looks at each.
    none = {"type": "object", "additionalProperties": {"not": _object({"defaults": port})}}
    machines = {"type": "object", "not": none}
    return {"anyOf": [given, _object({"defaults": port}), _object({"machines": machines})]}


def _template(in_template: bool) -> Schema:
    arguments = _object({"enable_thinking": {"const": in_template}})
    return _object({OPTIONS: _object({"chatTemplateArgs": arguments})})


def _thinking(asked: bool, in_template: bool) -> Schema:
    """One profile that asks for one thing and tells the template another."""
    both = {"enableThinking": {"const": asked}, **_template(in_template)["properties"]}
    return _object(both)


def _contradictions() -> Iterator[Schema]:
    """A profile that contradicts what it inherits, or inherits a contradiction."""
    no_thinking = {
        "type": "object",
        "not": {"type": "object", "properties": {"enableThinking": {}}, "required": ["enableThinking"]},
    }
    own = _object(
        {
            OPTIONS: {
                "type": "object",
                "properties": {"chatTemplateArgs": {}},
                "required": ["chatTemplateArgs"],
            }
        }
    )
    no_options = _object({OPTIONS: {"type": "null"}})
    no_template = {"type": "object", "not": {"anyOf": [own, no_options]}}
    for asked in (True, False):
        thinking = _object({"enableThinking": {"const": asked}})
        template = _template(not asked)
        yield _some_profile(thinking, {"allOf": [no_thinking, template]})
        yield _some_profile(template, {"allOf": [no_template, thinking]})
        yield _some_profile({"allOf": [thinking, template]}, {"allOf": [no_thinking, no_template]})


def _some_profile(defaults: Schema, profile: Schema) -> Schema:
    return _object({"defaults": defaults, "profiles": {"type": "array", "contains": profile}})


def for_editor(schema: Schema) -> Schema:
    """The schema of a profile file with what only editors read: words, titles, what to fill in.

    https://github.com/redhat-developer/yaml-language-server and VS Code know `patternErrorMessage` and
    `defaultSnippets`; a strict reader of schemas refuses both, so they stand in a schema of their own.
    """
    schema = copy.deepcopy(schema)
    schema["$id"] = "urn:mlxsm:schema:profiles-editor:1"
    words = pattern_words()
    for part in _parts(schema):
        if isinstance(part.get("pattern"), str):
            part["patternErrorMessage"] = words[part["pattern"]]
        for key, value in part.get("properties", {}).items() if part.get("type") == "object" else ():
            value.update({"title": key} | ({"default": _DEFAULTS[key]} if key in _DEFAULTS else {}))
    for name, title in _TITLES.items():
        schema["definitions"][name]["title"] = title
    # An editor would offer what only strict readers need to see here.
    schema["allOf"][0]["anyOf"][0] = {"properties": {"profiles": {"items": {"required": ["port"]}}}}
    snippet = {"label": "profile", "description": "One server", "body": _PROFILE}
    schema["definitions"]["Declaration"]["defaultSnippets"] = [snippet]
    whole = {"schemaVersion": 1, "collection": "$3", "profiles": [_PROFILE]}
    schema["defaultSnippets"] = [{"label": "profile file", "description": "A whole file", "body": whole}]
    return schema


def pattern_words() -> dict[str, str]:
    """What is wrong with a text that a pattern does not match."""
    rules = (*NAME_RULES, *HOST_RULES, OWN_FLAG_RULE, *_SHAPES.values(), *machines.RULES, *cluster.RULES)
    return dict(rules) | {_ONE_ARGUMENT: 'must be one item for each argument, such as --kv-bits, "8"'}


def _parts(schema: Any) -> Iterator[Schema]:
    """Every mapping inside a schema, the outermost first."""
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from _parts(inner)
    for inner in schema if isinstance(schema, list) else ():
        yield from _parts(inner)

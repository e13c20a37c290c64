"""JSON Schema, draft-07, since that is what editors read: made from a model, and held against data."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, Literal

from pydantic.json_schema import GenerateJsonSchema

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.values.base import Derived, Value
from mlxsm_sync.values.core_schemas import core_schema_of
from mlxsm_sync.values.fields import aliases, cached, models_in
from mlxsm_sync.values.launch_options import LaunchOptions
from mlxsm_sync.values.profile import Profile

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
"""What is read, or what is written."""

_DRAFT = "http://json-schema.org/draft-07/schema#"


def made_from(model: type[Value], mode: Mode) -> tuple[Schema, Schema]:
    """The schema of a model, and the definitions that it refers to."""
    generator = GenerateJsonSchema(by_alias=True, ref_template="#/definitions/{model}")
    schema = generator.generate(core_schema_of(model), mode=mode)
    definitions = schema.pop("$defs", {})
    schema = definitions.pop(model.__name__, schema)
    for known in models_in(model):
        _describe(schema if known is model else definitions[known.__name__], known, mode)
    if mode == "serialization":
        for profiles in (Profile.__name__, LaunchOptions.__name__):
            definitions |= (
                {profiles: _without_rules(definitions[profiles])} if profiles in definitions else {}
            )
    return schema, definitions


def whole(name: str, schema: Schema, definitions: Schema) -> Schema:
    """A schema as it is published under a name."""
    head: Schema = {"$schema": _DRAFT, "$id": f"urn:mlxsm:schema:{name}:1", "title": f"mlxsm {name}"}
    head |= _tidy(schema)
    if definitions:
        head["definitions"] = _tidy(definitions)
    return head


_RULES = ("pattern", "minimum", "maximum", "exclusiveMinimum")


def _without_rules(schema: Any) -> Any:
    """The types of a profile's fields only: the Mac app's list may hold what no profile file may say."""
    if isinstance(schema, list):
        return [_without_rules(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    of_patterns = all("pattern" in one for one in schema.get("allOf", ()))
    left_out = (*_RULES, "allOf") if of_patterns else _RULES
    return {key: _without_rules(value) for key, value in schema.items() if key not in left_out}


def faults(schema: Schema, data: Json) -> Iterator[tuple[list[str | int], str]]:
    """What a schema does not allow: where, and in words that repeat no value.

    The registry is empty, so that no reference is ever fetched.
    """
    from jsonschema import Draft7Validator
    from referencing import Registry

    validator = Draft7Validator(schema, registry=Registry())
    found = (inner for error in validator.iter_errors(data) for inner in _innermost(error))
    for error in sorted(found, key=lambda one: [str(step) for step in one.absolute_path]):
        path = list(error.absolute_path)
        if error.validator == "required":
            missing = (key for key in error.validator_value if key not in error.instance)
            yield from (([*path, key], f"{key} is required") for key in missing)
        else:
            called = next((step for step in reversed(path) if isinstance(step, str)), "this")
            rule = error.schema.get("description") or f"must be {error.validator_value}"
            yield path, f"{called} is not as it should be: {rule}"


def _innermost(error: Any) -> list[Any]:
    """The faults inside a value of several forms, where its form itself is one that is allowed."""
    by_form: dict[Any, list[Any]] = {}
    for inner in error.context or ():
        by_form.setdefault(inner.relative_schema_path[0], []).append(inner)
    for inner in by_form.values():
        if all(one.relative_path or one.validator == "required" for one in inner):
            return [deepest for one in inner for deepest in _innermost(one)]
    return [error]


def _describe(schema: Schema, model: type[Value], mode: Mode) -> None:
    """Put the docstrings of a model and its fields into its schema; what is written is complete."""
    schema["description"] = " ".join((model.__doc__ or "").split())
    written = aliases(model)
    for name, alias in written.items():
        text = next((docs[name] for one in model.__mro__ if name in (docs := _docstrings(one))), None)
        schema["properties"][alias]["description"] = text
    for alias in schema["properties"].keys() - written.values():
        del schema["properties"][alias]
    if mode == "serialization":
        # What is written is complete, and may have more fields one day.
        schema["required"] = [*written.values()]
    else:
        schema["additionalProperties"] = model.open_to_unknown


@cached
def _docstrings(model: type) -> dict[str, str]:
    """The text under each field of a class."""
    derived = (
        {
            one.name: one.metadata["facts"].description
            for one in dataclasses.fields(model)
            if isinstance(one.metadata.get("facts"), Derived)
        }
        if dataclasses.is_dataclass(model)
        else {}
    )
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return derived | {
        field.target.id: " ".join(text.value.value.split())
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _tidy(schema: Any, *, names: bool = False) -> Any:
    """Without made-up titles and defaults; `$ref` alone, as draft-07 ignores what stands beside it."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _tidy(value, names=key in ("properties", "definitions"))
        for key, value in schema.items()
        if names or key not in ("title", "default")
    }
    if "$ref" in kept and len(kept) > 1 and not names:
        kept = {"allOf": [{"$ref": kept.pop("$ref")}], **kept}
    return kept

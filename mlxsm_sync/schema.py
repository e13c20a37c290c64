"""The published JSON Schemas: made from the models, written and checked by this module.

`python -m mlxsm_sync.schema` writes them to `schemas/`, `--check` says whether they are fresh.
Draft-07, since that is what editors read.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic.json_schema import GenerateJsonSchema

from mlxsm_sync.app_document import Document
from mlxsm_sync.changes import Outcome
from mlxsm_sync.desired import ProfileFile
from mlxsm_sync.engine import core_schema_of, models_in, remembered, wire_names
from mlxsm_sync.json_value import Json
from mlxsm_sync.model import Model
from mlxsm_sync.reports import ErrorReport
from mlxsm_sync.state import State

Schema = dict[str, Any]

FOLDER = Path(__file__).parent.parent / "schemas"
_DRAFT = "http://json-schema.org/draft-07/schema#"
_PUBLISHED: dict[str, tuple[type[Model], Literal["validation", "serialization"]]] = {
    "profiles": (ProfileFile, "validation"),
    "document": (Document, "validation"),
    "plan": (Outcome, "serialization"),
    "state": (State, "validation"),
    "error": (ErrorReport, "serialization"),
}
_ONLY_AFTER_APPLY = ("applied", "skipped")


def published(name: str) -> Schema:
    """One of the schemas: profiles, document, plan, state or error."""
    model, mode = _PUBLISHED[name]
    generator = GenerateJsonSchema(by_alias=True, ref_template="#/definitions/{model}")
    schema = generator.generate(core_schema_of(model), mode=mode)
    definitions = schema.pop("$defs", {})
    schema = definitions.pop(model.__name__, schema)
    for known in models_in(model):
        _describe(schema if known is model else definitions[known.__name__], known, mode)
    if name == "profiles":
        _say_what_models_cannot(schema, definitions)
    if name == "plan":
        schema["required"] = [key for key in schema["required"] if key not in _ONLY_AFTER_APPLY]
        schema["properties"]["error"] = published("error")["definitions"]["Failure"]
        definitions["Problem"] = published("error")["definitions"]["Problem"]
    head: Schema = {"$schema": _DRAFT, "$id": f"urn:mlxsm:schema:{name}:1", "title": f"mlxsm {name}"}
    head |= _tidy(schema)
    if definitions:
        head["definitions"] = _tidy(definitions)
    return head


def faults(name: str, data: Json) -> Iterator[tuple[list[str | int], str]]:
    """What a published schema does not allow: where, and in words that repeat no value.

    The registry is empty, so that no reference is ever fetched.
    """
    for error in sorted(_validator(name).iter_errors(data), key=lambda one: [str(step) for step in one.path]):
        path = list(error.absolute_path)
        if error.validator == "required":
            missing = (key for key in error.validator_value if key not in error.instance)
            yield from (([*path, key], f"{key} is required") for key in missing)
        else:
            called = next((step for step in reversed(path) if isinstance(step, str)), "this")
            rule = error.schema.get("description") or f"must be {error.validator_value}"
            yield path, f"{called} is not as it should be: {rule}"


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft7Validator
    from referencing import Registry

    return Draft7Validator(published(name), registry=Registry())


def _say_what_models_cannot(schema: Schema, definitions: Schema) -> None:
    """Rules across fields: what may come from defaults, and what contradicts."""
    for key in ("host", "port"):
        given = {"properties": {"profiles": {"items": {"required": [key]}}}}
        given_there = {"type": "object", "properties": {key: {"not": {"type": "null"}}}, "required": [key]}
        inherited = {"properties": {"defaults": given_there}, "required": ["defaults"]}
        schema.setdefault("allOf", []).append({"anyOf": [given, inherited]})
    definitions["Declaration"]["not"] = {"anyOf": [_thinking(True, False), _thinking(False, True)]}


def _thinking(asked: bool, told: bool) -> Schema:
    arguments = {
        "type": "object",
        "properties": {"enable_thinking": {"const": told}},
        "required": ["enable_thinking"],
    }
    options = {
        "type": "object",
        "properties": {"chatTemplateArgs": arguments},
        "required": ["chatTemplateArgs"],
    }
    return {
        "properties": {"enableThinking": {"const": asked}, "advancedLaunchOptions": options},
        "required": ["enableThinking", "advancedLaunchOptions"],
    }


def _describe(schema: Schema, model: type[Model], mode: str) -> None:
    """Put the docstrings of a model and its fields into its schema; what is written is complete."""
    schema["description"] = " ".join((model.__doc__ or "").split())
    written = wire_names(model)
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


@remembered
def _docstrings(model: type) -> dict[str, str]:
    """The text under each field of a class."""
    if model.__module__.partition(".")[0] != __package__:
        return {}
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
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


def main(arguments: Sequence[str]) -> int:
    """Write `schemas/`, or with `--check` name what is not fresh."""
    stale = []
    for name in _PUBLISHED:
        path = FOLDER / f"{name}.schema.json"
        text = json.dumps(published(name), indent=2, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    verb = "stale" if "--check" in arguments else "written"
    sys.stdout.write(f"schemas {verb}: {', '.join(stale) or 'none'}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

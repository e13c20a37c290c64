"""pydantic's engine, built from the annotations of a dataclass.

pydantic's own classes are not used: defining a single one of them takes longer than all the rest of
a plan (docs/decisions/0006). Only the forms of annotation that our values have are known here.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from mlxsm_sync.text.json_value import JsonObject

if TYPE_CHECKING:
    from pydantic_core import CoreConfig, CoreSchema, SchemaSerializer, SchemaValidator

Function = TypeVar("Function", bound=Callable[..., Any])


_CONFIG: CoreConfig = {"strict": True, "allow_inf_nan": False, "hide_input_in_errors": True}


@dataclasses.dataclass(frozen=True, eq=False)
class Constraint:
    """A rule beside a type: limits, functions of ours, and what JSON Schema says of them.

    `after` and `before` take a value and give one; ValueError says which rule it breaks.
    """

    limits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    before: Callable[[Any], Any] | None = None
    after: Callable[[Any], Any] | None = None
    schema: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def cached(function: Function) -> Function:
    """`functools.cache`; mypy takes the hash of a class for that of its values, and so objects to it."""
    return cast(Function, cache(function))


class Issue(NamedTuple):
    """One broken rule, without the value that broke it."""

    path: tuple[str | int, ...]
    """The keys and places that lead to it."""
    kind: str
    """https://docs.pydantic.dev/latest/errors/validation_errors/"""
    context: Mapping[str, Any]
    """The limit, the allowed values or the error of a check of ours."""


class ValidationError(ValueError):
    """What came from outside is not the value that it should be."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__(f"{len(issues)} issues")
        self.issues = issues


def validate_json(model: type[Any], text: str | bytes) -> Any:
    """The checked value of a JSON text; ValidationError with every issue if it breaks a rule."""
    import pydantic_core

    try:
        return _validator(model).validate_json(text)
    except pydantic_core.ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise ValidationError([Issue(one["loc"], one["type"], one.get("ctx", {})) for one in found]) from None


def to_jsonable(value: Any, *, exclude_none: bool) -> JsonObject:
    """The JSON data of a value, under its names there."""
    data: JsonObject = _serializer(type(value)).to_python(
        value, mode="json", by_alias=True, exclude_none=exclude_none
    )
    return data


@cached
def aliases(model: type[Any]) -> dict[str, str]:
    """The fields that are written, by attribute: their names in JSON."""
    return {one.name: _alias(one) for one in _fields(model) if not one.metadata.get("exclude")}


def _fields(model: type[Any]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(model)


def _alias(one: dataclasses.Field[Any]) -> str:
    first, *rest = one.name.split("_")
    return one.metadata.get("alias") or first + "".join(map(str.capitalize, rest))


def models_in(model: type[Any]) -> list[type[Any]]:
    """The model and every model inside it."""
    found = [model]
    for known in found:
        for one in _fields(known):
            if not one.metadata.get("exclude"):
                found += [inner for inner in _models_of(_annotations(known)[one.name]) if inner not in found]
    return found


def _models_of(hint: Any) -> Iterator[type[Any]]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    else:
        for one in _inner(get_origin(hint), get_args(hint)):
            yield from _models_of(one)


@cached
def core_schema_of(model: type[Any]) -> CoreSchema:
    """What pydantic's engine is built from: the model and every model inside it."""
    from pydantic_core import core_schema

    definitions: dict[str, CoreSchema] = {}
    reference = _model_schema(model, definitions)
    return core_schema.definitions_schema(reference, [*definitions.values()])


@cached
def _validator(model: type[Any]) -> SchemaValidator:
    from pydantic_core import SchemaValidator

    return SchemaValidator(core_schema_of(model), _CONFIG)


@cached
def _serializer(model: type[Any]) -> SchemaSerializer:
    from pydantic_core import SchemaSerializer

    return SchemaSerializer(core_schema_of(model))


def _model_schema(model: type[Any], definitions: dict[str, CoreSchema]) -> CoreSchema:
    from pydantic_core import core_schema

    name = model.__name__
    if name not in definitions:
        definitions[name] = {"type": "any"}  # so that a model inside itself is a reference
        written = _fields(model)
        arguments = core_schema.dataclass_args_schema(
            name,
            [_field_schema(model, one, definitions) for one in written],
            extra_behavior="allow" if model.open_to_unknown else "forbid",
        )
        schema = core_schema.dataclass_schema(
            model, arguments, [one.name for one in written], frozen=True, config=_CONFIG
        )
        definitions[name] = core_schema.no_info_after_validator_function(_checked, schema, ref=name)
    return core_schema.definition_reference_schema(name)


def _checked(value: Any) -> Any:
    value.check()
    return value


def _field_schema(model: type[Any], one: dataclasses.Field[Any], definitions: dict[str, CoreSchema]) -> Any:
    from pydantic_core import core_schema

    internal = bool(one.metadata.get("exclude"))
    hint = Any if internal else _annotations(model)[one.name]
    schema = _type_schema(hint, definitions)
    if one.default is not dataclasses.MISSING:
        schema = core_schema.with_default_schema(schema, default=one.default)
    elif one.default_factory is not dataclasses.MISSING:
        schema = core_schema.with_default_schema(schema, default_factory=one.default_factory)
    return core_schema.dataclass_field(
        one.name,
        schema,
        kw_only=True,
        validation_alias=_alias(one),
        serialization_alias=_alias(one),
        serialization_exclude=internal or None,
    )


@cached
def _annotations(model: type[Any]) -> dict[str, Any]:
    """By field, its type."""
    return get_type_hints(model, include_extras=True)


_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", type(None): "none"}


def _type_schema(hint: Any, definitions: dict[str, CoreSchema]) -> Any:
    """The engine's schema for one annotation; the few forms that our models use."""
    from pydantic_core import core_schema

    if hint is Any:
        return core_schema.any_schema()
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _model_schema(hint, definitions)
    origin, arguments = get_origin(hint), get_args(hint)
    inner = [_type_schema(one, definitions) for one in _inner(origin, arguments)]
    if origin is Annotated:
        return _with_check(inner[0], arguments[1])
    if origin is Literal:
        literal = core_schema.literal_schema(list(arguments))
        return core_schema.no_info_before_validator_function(_no_boolean, literal)
    if origin is tuple:
        # Of a list of values the first bad one is told: a hundred thousand would take a gigabyte to tell.
        values = dataclasses.is_dataclass(arguments[0])
        return core_schema.tuple_schema(inner, variadic_item_index=0, fail_fast=values)
    if origin is frozenset:
        return core_schema.frozenset_schema(inner[0])
    if origin is dict:
        return core_schema.dict_schema(*inner)
    some = [schema for schema in inner if schema["type"] != "none"]
    union = some[0] if len(some) == 1 else core_schema.union_schema(some)
    return core_schema.nullable_schema(union) if len(some) < len(inner) else union


def _inner(origin: Any, arguments: tuple[Any, ...]) -> Iterator[Any]:
    """The types inside an annotation."""
    if origin is Annotated:
        yield arguments[0]
    elif origin in (tuple, frozenset, dict, types.UnionType, Union):
        yield from (one for one in arguments if one is not ...)


def _no_boolean(value: Any) -> Any:
    """The engine takes `true` for the literal 1, as Python does."""
    if isinstance(value, bool):
        raise ValueError("must not be true or false")  # noqa: TRY004 - the engine tells ValueErrors
    return value


def _with_check(schema: Any, check: Constraint) -> Any:
    from pydantic_core import core_schema

    schema = schema | dict(check.limits)
    if check.before is not None:
        schema = core_schema.no_info_before_validator_function(check.before, schema)
    if check.after is not None:
        schema = core_schema.no_info_after_validator_function(check.after, schema)
    if check.schema:
        schema = schema | {"metadata": {"pydantic_js_updates": dict(check.schema)}}
    return schema

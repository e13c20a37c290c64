"""What pydantic's engine is built from: the annotations of a dataclass as a core schema.

pydantic's own classes are not used: defining a single one of them takes longer than all the rest of
a plan (docs/decisions/0006). Only the forms of annotation that our values have are known here.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic_core import CoreConfig, CoreSchema, SchemaSerializer, SchemaValidator, core_schema

from mlxsm_sync.values.fields import Constraint, alias_of, annotations_of, cached, fields_of, inner_types

_CONFIG: CoreConfig = {"strict": True, "allow_inf_nan": False, "hide_input_in_errors": True}


@cached
def core_schema_of(model: type[Any]) -> CoreSchema:
    """What pydantic's engine is built from: the model and every model inside it."""
    definitions: dict[str, CoreSchema] = {}
    reference = _model_schema(model, definitions)
    return core_schema.definitions_schema(reference, [*definitions.values()])


@cached
def validator_of(model: type[Any]) -> SchemaValidator:
    return SchemaValidator(core_schema_of(model), _CONFIG)


@cached
def tolerant_validator_of(model: type[Any]) -> SchemaValidator:
    """The same, but unknown keys are dropped instead of refused."""
    return SchemaValidator(_ignoring_unknown(core_schema_of(model)), _CONFIG)


def _ignoring_unknown(schema: Any) -> Any:
    # Not the argument `extra` of a validation: not every release of the engine that we take has that.
    if isinstance(schema, dict):
        dropped = schema.get("extra_behavior") == "forbid"
        inner = {key: _ignoring_unknown(value) for key, value in schema.items()}
        return inner | {"extra_behavior": "ignore"} if dropped else inner
    return [*map(_ignoring_unknown, schema)] if isinstance(schema, list) else schema


@cached
def serializer_of(model: type[Any]) -> SchemaSerializer:
    return SchemaSerializer(core_schema_of(model))


def _model_schema(model: type[Any], definitions: dict[str, CoreSchema]) -> CoreSchema:
    name = model.__name__
    if name not in definitions:
        definitions[name] = {"type": "any"}  # so that a model inside itself is a reference
        written = fields_of(model)
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
    internal = bool(one.metadata.get("exclude"))
    hint = Any if internal else annotations_of(model)[one.name]
    schema = _type_schema(hint, definitions)
    if one.default is not dataclasses.MISSING:
        schema = core_schema.with_default_schema(schema, default=one.default)
    elif one.default_factory is not dataclasses.MISSING:
        schema = core_schema.with_default_schema(schema, default_factory=one.default_factory)
    return core_schema.dataclass_field(
        one.name,
        schema,
        kw_only=True,
        validation_alias=alias_of(one),
        serialization_alias=alias_of(one),
        serialization_exclude=internal or None,
    )


_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", type(None): "none"}


def _type_schema(hint: Any, definitions: dict[str, CoreSchema]) -> Any:
    """The engine's schema for one annotation; the few forms that our models use."""
    if hint is Any:
        return core_schema.any_schema()
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _model_schema(hint, definitions)
    origin, arguments = get_origin(hint), get_args(hint)
    inner = [_type_schema(one, definitions) for one in inner_types(origin, arguments)]
    if origin is Annotated:
        return _constrained(inner[0], arguments[1])
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


def _no_boolean(value: Any) -> Any:
    """The engine takes `true` for the literal 1, as Python does."""
    if isinstance(value, bool):
        raise ValueError("must not be true or false")  # noqa: TRY004 - the engine tells ValueErrors
    return value


def _constrained(schema: Any, constraint: Constraint) -> Any:
    schema = schema | dict(constraint.limits)
    if constraint.before is not None:
        schema = core_schema.no_info_before_validator_function(constraint.before, schema)
    if constraint.after is not None:
        schema = core_schema.no_info_after_validator_function(constraint.after, schema)
    if constraint.schema:
        schema = schema | {"metadata": {"pydantic_js_updates": dict(constraint.schema)}}
    return schema

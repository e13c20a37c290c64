"""The strict, frozen base of every value that crosses a boundary.

A value is a dataclass; pydantic's engine checks it on the way in and writes it on the way out. The
engine is built from the annotations when a class is first read or written, and without pydantic's
own classes: defining a single one of those takes longer than all the rest of a plan.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    cast,
    dataclass_transform,
    get_args,
    get_origin,
)

if TYPE_CHECKING:
    from pydantic_core import CoreConfig, CoreSchema, SchemaSerializer, SchemaValidator

Json = Union[None, bool, int, float, str, list["Json"], dict[str, "Json"]]  # noqa: UP007 - recursive
JsonObject = dict[str, Json]
Function = TypeVar("Function", bound=Callable[..., Any])


class Fault(NamedTuple):
    """One broken rule, without the value that broke it."""

    path: tuple[str | int, ...]
    """The keys and places that lead to it."""
    kind: str
    """https://docs.pydantic.dev/latest/errors/validation_errors/"""
    context: Mapping[str, Any]
    """The limit, the allowed values or the error of a check of ours."""


class Rejected(ValueError):
    """What came from outside is not the value that it should be."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


_CONFIG: CoreConfig = {"strict": True, "allow_inf_nan": False, "hide_input_in_errors": True}


def field(*, wire: str | None = None, internal: bool = False, **settings: Any) -> Any:
    """A field with its name in JSON where camelCase is not it; an internal one is never written."""
    return dataclasses.field(**settings, metadata={"wire": wire, "internal": internal})


@dataclasses.dataclass(frozen=True, eq=False)
class Check:
    """A rule beside a type: limits, functions of ours, and what JSON Schema says of them.

    `after` and `before` take a value and give one; ValueError says which rule it breaks.
    """

    limits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    before: Callable[[Any], Any] | None = None
    after: Callable[[Any], Any] | None = None
    schema: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Model:
    """Strict, immutable, closed to unknown keys, camelCase in JSON.

    The constructor trusts its arguments: it is for values that have been checked. What comes from
    outside enters through `from_json`.
    """

    open_to_unknown = False

    def __init_subclass__(cls) -> None:
        # Methods that dataclasses generates cost a millisecond a class, so all are inherited.
        dataclasses.dataclass(kw_only=True, init=False, eq=False, repr=False, match_args=False)(cls)

    def __init__(self, **values: Any) -> None:
        known = type(self).__dataclass_fields__  # type: ignore[attr-defined]  # every subclass is a dataclass
        for name, one in known.items():
            if name in values:
                self.__dict__[name] = values.pop(name)
            elif one.default is not dataclasses.MISSING:
                self.__dict__[name] = one.default
            elif one.default_factory is not dataclasses.MISSING:
                self.__dict__[name] = one.default_factory()
            else:
                raise TypeError(f"{type(self).__name__} needs {name}")
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _values(self) == _values(other)

    def __hash__(self) -> int:
        # Equal values must share a hash, and some fields are mappings, which have none.
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{_values(self)}"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The checked value of a JSON text; Rejected with every fault where it breaks a rule."""
        from pydantic_core import ValidationError

        try:
            value: Self = _validator(cls).validate_json(text)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            raise Rejected([Fault(one["loc"], one["type"], one.get("ctx", {})) for one in faults]) from None
        return value

    def dump(self, *, exclude_none: bool = False) -> JsonObject:
        """As plain JSON data; absent values are null, or left out."""
        data: JsonObject = _serializer(type(self)).to_python(
            self, mode="json", by_alias=True, exclude_none=exclude_none
        )
        return data

    def copy(self, **changes: Any) -> Self:
        """The same value but for these fields."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]  # every subclass is one

    def check(self) -> None:
        """Rules across fields; ValueError says which one is broken."""


def remembered(function: Function) -> Function:
    """`functools.cache`; mypy takes the hash of a class for that of its values, and so objects to it."""
    return cast(Function, cache(function))


@remembered
def wire_names(model: type[Model]) -> dict[str, str]:
    """The fields that are written, by attribute: their names in JSON."""
    return {one.name: _wire_name(one) for one in _fields(model) if not one.metadata.get("internal")}


def _fields(model: type[Model]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(model)  # type: ignore[arg-type]  # every subclass is a dataclass


def _values(value: Model) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in _fields(type(value))}


def _wire_name(one: dataclasses.Field[Any]) -> str:
    first, *rest = one.name.split("_")
    return one.metadata.get("wire") or first + "".join(map(str.capitalize, rest))


def models_in(model: type[Model]) -> list[type[Model]]:
    """The model and every model inside it."""
    found = [model]
    for known in found:
        for one in _fields(known):
            if not one.metadata.get("internal"):
                found += [inner for inner in _models_of(_annotation(known, one)) if inner not in found]
    return found


def _models_of(hint: Any) -> Iterator[type[Model]]:
    if isinstance(hint, type) and issubclass(hint, Model):
        yield hint
    elif hint is not Json:
        for one in _inner(get_origin(hint), get_args(hint)):
            yield from _models_of(one)


@remembered
def core_schema_of(model: type[Model]) -> CoreSchema:
    """What pydantic's engine is built from: the model and every model inside it."""
    from pydantic_core import core_schema

    definitions: dict[str, CoreSchema] = {}
    reference = _model_schema(model, definitions)
    return core_schema.definitions_schema(reference, [*definitions.values()])


@remembered
def _validator(model: type[Model]) -> SchemaValidator:
    from pydantic_core import SchemaValidator

    return SchemaValidator(core_schema_of(model), _CONFIG)


@remembered
def _serializer(model: type[Model]) -> SchemaSerializer:
    from pydantic_core import SchemaSerializer

    return SchemaSerializer(core_schema_of(model))


def _model_schema(model: type[Model], definitions: dict[str, CoreSchema]) -> CoreSchema:
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


def _checked(value: Model) -> Model:
    value.check()
    return value


def _field_schema(model: type[Model], one: dataclasses.Field[Any], definitions: dict[str, CoreSchema]) -> Any:
    from pydantic_core import core_schema

    internal = bool(one.metadata.get("internal"))
    schema = core_schema.any_schema() if internal else _type_schema(_annotation(model, one), definitions)
    if one.default is not dataclasses.MISSING:
        schema = core_schema.with_default_schema(schema, default=one.default)
    elif one.default_factory is not dataclasses.MISSING:
        schema = core_schema.with_default_schema(schema, default_factory=one.default_factory)
    return core_schema.dataclass_field(
        one.name,
        schema,
        kw_only=True,
        validation_alias=_wire_name(one),
        serialization_alias=_wire_name(one),
        serialization_exclude=internal or None,
    )


def _annotation(model: type[Model], one: dataclasses.Field[Any]) -> Any:
    """The annotation as it stands in the module of the class that declares it."""
    for known in model.__mro__:
        if (text := inspect.get_annotations(known).get(one.name)) is not None:
            return eval(text, vars(sys.modules[known.__module__]))  # noqa: S307 - our own source
    raise AssertionError(one.name)


_PLAIN = {str: "str", int: "int", float: "float", bool: "bool", type(None): "none"}


def _type_schema(hint: Any, definitions: dict[str, CoreSchema]) -> Any:
    """The engine's schema for one annotation; the few forms that our models use."""
    from pydantic_core import core_schema

    if hint is Json:
        return core_schema.any_schema()
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if isinstance(hint, type) and issubclass(hint, Model):
        return _model_schema(hint, definitions)
    origin, arguments = get_origin(hint), get_args(hint)
    inner = [_type_schema(one, definitions) for one in _inner(origin, arguments)]
    if origin is Annotated:
        return _with_check(inner[0], arguments[1])
    if origin is Literal:
        literal = core_schema.literal_schema(list(arguments))
        return core_schema.no_info_before_validator_function(_no_boolean, literal)
    if origin is tuple:
        return core_schema.tuple_schema(inner, variadic_item_index=0)
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


def _with_check(schema: Any, check: Check) -> Any:
    from pydantic_core import core_schema

    schema = schema | dict(check.limits)
    if check.before is not None:
        schema = core_schema.no_info_before_validator_function(check.before, schema)
    if check.after is not None:
        schema = core_schema.no_info_after_validator_function(check.after, schema)
    if check.schema:
        schema = schema | {"metadata": {"pydantic_js_updates": dict(check.schema)}}
    return schema

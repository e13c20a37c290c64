"""The fields of a value, as its class declares them: their types, their names in JSON, the values inside."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Function = TypeVar("Function", bound=Callable[..., Any])


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


def fields_of(model: type[Any]) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(model)


@cached
def aliases(model: type[Any]) -> dict[str, str]:
    """The fields that are written, by attribute: their names in JSON."""
    return {one.name: alias_of(one) for one in fields_of(model) if not one.metadata.get("exclude")}


def alias_of(one: dataclasses.Field[Any]) -> str:
    first, *rest = one.name.split("_")
    return one.metadata.get("alias") or first + "".join(map(str.capitalize, rest))


@cached
def annotations_of(model: type[Any]) -> dict[str, Any]:
    """By field, its type."""
    return get_type_hints(model, include_extras=True)


def inner_types(origin: Any, arguments: tuple[Any, ...]) -> Iterator[Any]:
    """The types inside an annotation."""
    if origin is Annotated:
        yield arguments[0]
    elif origin in (tuple, frozenset, dict, types.UnionType, Union):
        yield from (one for one in arguments if one is not ...)


def models_in(model: type[Any]) -> list[type[Any]]:
    """The model and every model inside it."""
    found = [model]
    for known in found:
        for one in fields_of(known):
            if not one.metadata.get("exclude"):
                found += [
                    inner for inner in _models_of(annotations_of(known)[one.name]) if inner not in found
                ]
    return found


def _models_of(hint: Any) -> Iterator[type[Any]]:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        yield hint
    else:
        for one in inner_types(get_origin(hint), get_args(hint)):
            yield from _models_of(one)

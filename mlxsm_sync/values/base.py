"""The strict, frozen base of every value that crosses a boundary.

A value is a dataclass; pydantic's engine checks it on the way in and writes it on the way out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self, dataclass_transform

from mlxsm_sync.text.json_value import JsonObject
from mlxsm_sync.values.validation import to_jsonable, validate_json


def Field(  # noqa: N802 - as pydantic calls it
    *, serialization_alias: str | None = None, exclude: bool = False, facts: object = None, **settings: Any
) -> Any:
    """A field of a value. `exclude` keeps it out of JSON.

    `serialization_alias` is its name in JSON, both ways, if that is not its own name in camelCase: a plain
    `alias` would be its name in the constructor (PEP 681). `facts` are what else is known of the field, for
    whoever derives something from the model.
    """
    known = {"alias": serialization_alias, "exclude": exclude, "facts": facts}
    return dataclasses.field(**settings, metadata=known)


class Derived(NamedTuple):
    """A field that no class body declares."""

    annotation: str
    """As it would stand in the class, in the words of its module."""
    description: str


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class Value:
    """Strict, immutable, closed to unknown keys, camelCase in JSON.

    The constructor trusts its arguments: it is for values that have been checked. What comes from
    outside enters through `model_validate_json`.
    """

    open_to_unknown = False

    def __init_subclass__(cls, derived: Mapping[str, Derived] | None = None) -> None:
        """`derived` are fields that another model decides on; they have to be none by default."""
        if derived is not None:
            cls.__annotations__ = {name: one.annotation for name, one in derived.items()}
            for name, one in derived.items():
                setattr(cls, name, Field(default=None, facts=one))
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
    def model_validate_json(cls, text: str | bytes, *, extra: Literal["forbid", "ignore"] = "forbid") -> Self:
        """The checked value of a JSON text; ValidationError with every issue if it breaks a rule.

        With `extra="ignore"`, keys that the value does not have are dropped, wherever they stand: another
        release may have written them.
        """
        value: Self = validate_json(cls, text, extra=extra)
        return value

    def model_dump(self, *, exclude_none: bool = False) -> JsonObject:
        """As plain JSON data; absent values are null, or left out."""
        return to_jsonable(self, exclude_none=exclude_none)

    def model_copy(self, **changes: Any) -> Self:
        """The same value but for these fields."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]  # every subclass is one

    def check(self) -> None:
        """Rules across fields; ValueError says which one is broken."""


def _values(value: Value) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}  # type: ignore[arg-type]  # as above

"""Values checked on their way in, and written on their way out, by pydantic's engine.

The words are pydantic's. The engine itself is imported when the first value is checked: most of what
`--help` or a completion needs are only classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from mlxsm_sync.text.json_value import JsonObject


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


def validate_json(
    model: type[Any], text: str | bytes, *, extra: Literal["forbid", "ignore"] = "forbid"
) -> Any:
    """The checked value of a JSON text; ValidationError with every issue if it breaks a rule."""
    import pydantic_core

    from mlxsm_sync.values.core_schemas import tolerant_validator_of, validator_of

    validator = validator_of(model) if extra == "forbid" else tolerant_validator_of(model)
    try:
        return validator.validate_json(text)
    except pydantic_core.ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise ValidationError([Issue(one["loc"], one["type"], one.get("ctx", {})) for one in found]) from None


def to_jsonable(value: Any, *, exclude_none: bool) -> JsonObject:
    """The JSON data of a value, under its names there."""
    from mlxsm_sync.values.core_schemas import serializer_of

    data: JsonObject = serializer_of(type(value)).to_python(
        value, mode="json", by_alias=True, exclude_none=exclude_none
    )
    return data

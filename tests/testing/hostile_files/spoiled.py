"""Good JSON data with one thing in it spoiled, at every place."""

from __future__ import annotations

from collections.abc import Iterator

from mlxsm_sync.text.json_value import Json

SPOILED: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    10**400,
    "",
    "x",
    "\n",
    [],
    {},
    ["x"],
    {"x": 1},
)


def spoiled(value: Json) -> Iterator[Json]:
    """The value with one thing in it changed, left out or added, at every place."""
    yield from SPOILED
    if isinstance(value, dict):
        yield value | {"surplus": 1}
        for key, inner in value.items():
            yield {name: one for name, one in value.items() if name != key}
            yield from (value | {key: other} for other in spoiled(inner))
    elif isinstance(value, list) and value:
        yield value + value[:1]
        yield from ([other, *value[1:]] for other in spoiled(value[0]))

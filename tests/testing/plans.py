"""Files and states as values, to be planned with."""

from __future__ import annotations

from typing import Any

from mlxsm_sync.values.desired import Desired, DesiredProfile, Input
from mlxsm_sync.values.profile import flat, from_fields
from mlxsm_sync.values.state import Entry, State

HERE = "/repo/profiles.yaml"


def profile(name: str, port: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "modelID": f"m/{port}", "host": "127.0.0.1", "port": port} | more


def entry(number: int, owner: str | None, data: dict[str, Any], **more: Any) -> Entry:
    """An entry as it was applied, unless `applied` says otherwise."""
    about: dict[str, Any] = {
        "source": None,
        "applied": data if owner else None,
        "from_": HERE if owner else None,
    }
    return Entry(id=f"{number:016d}", profile=from_fields(flat(data)), owner=owner, **(about | more))


def state(*entries: Entry) -> State:
    return State(lineage="here", serial=4, entries=entries)


def file(*profiles: dict[str, Any], owner: str | None = "team") -> Desired:
    wanted = tuple(
        DesiredProfile(
            index=index, profile=(made := from_fields(flat(data))), declared=made.fields, line=index
        )
        for index, data in enumerate(profiles, start=1)
    )
    return Desired(
        owner=owner, input=Input(path="profiles.yaml", digest="sha256:0"), from_=HERE, profiles=wanted
    )


def at(path: str | None, *profiles: dict[str, Any]) -> Desired:
    """The same file at another place; None for standard input."""
    return file(*profiles).model_copy(from_=path)

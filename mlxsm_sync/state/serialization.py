"""The state as bytes, and back: read strictly, written so that the bytes read back the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from mlxsm_sync.errors import UnreadableState
from mlxsm_sync.text.json_value import Json, JsonObject
from mlxsm_sync.text.nesting import TooDeep, loads
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.state import Entry, State
from mlxsm_sync.values.validation import ValidationError

FORMAT_VERSION = 1

M = TypeVar("M", bound=Value)


class _Refused(ValueError):
    """JSON that is valid for others, but not for us."""


def read_state(data: bytes, path: Path) -> State:
    """The state in these bytes; UnreadableState says why they are no state.

    Entries are checked one by one: read as a whole, a large state takes twice the memory of all the rest.
    """
    raw = _parsed(data, path, "state")
    try:
        return _by_entries(raw)
    except ValueError:  # told by the text as it stands, with its own lines
        return _checked_as(State, data, path, "state")


def _by_entries(raw: JsonObject) -> State:
    """The state of these members, which are used up; ValueError if they break a rule."""
    entries = raw.get("entries")
    if not isinstance(entries, list):
        return State.model_validate_json(json.dumps(raw))
    state = State.model_validate_json(json.dumps(raw | {"entries": []}))
    checked = []
    for place, entry in enumerate(entries):
        entries[place] = None
        checked.append(Entry.model_validate_json(json.dumps(entry)))
    state = state.model_copy(entries=tuple(checked))
    state.check()
    return state


def write_state(state: State) -> bytes:
    """The bytes of a state; reading them back gives the same state, or this fails."""
    data = state.model_copy(entries=()).model_dump()
    data["entries"] = [entry.model_dump() | {"profile": entry.profile.sparse} for entry in state.entries]
    return _checked(state, data)


def write_text(value: Value) -> bytes:
    """The bytes of a versioned value; reading them back gives the same, or this fails."""
    return _checked(value, value.model_dump())


def read_model(model: type[M], data: bytes, path: Path, what: str) -> M:
    """The versioned value in these bytes; UnreadableState says why they are no such value."""
    _parsed(data, path, what)
    return _checked_as(model, data, path, what)


def _parsed(data: bytes, path: Path, what: str) -> JsonObject:
    """The members of a versioned JSON object that this mlxsm can read, and that no reader reads otherwise."""
    try:
        raw = loads(data.decode("utf-8"), object_pairs_hook=_unrepeated, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        why = "is empty" if not data.strip() else f"is truncated or not valid JSON (line {error.lineno})"
        raise _unreadable(what, path, why) from None
    except _Refused as error:
        raise _unreadable(what, path, str(error)) from None
    except TooDeep:
        raise _unreadable(what, path, "is nested too deep") from None
    except ValueError:
        raise _unreadable(what, path, "is not valid UTF-8 or not valid JSON") from None
    if not isinstance(raw, dict) or "formatVersion" not in raw:
        raise _unreadable(what, path, f"is not a {what} of mlxsm")
    _refuse_version(raw["formatVersion"], what, path)
    return raw


def _checked_as(model: type[M], data: bytes, path: Path, what: str) -> M:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise _unreadable(what, path, _first_issue(error)) from None


def _refuse_version(version: Json, what: str, path: Path) -> None:
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT_VERSION:
        message = f" (format version {version})" if version < 1000 else ""
        error = _unreadable(what, path, f"was written by a newer mlxsm{message}")
        error.newer, error.hint = True, "upgrade mlxsm on this machine"
        raise error
    if version is True or version != FORMAT_VERSION:
        raise _unreadable(what, path, "has an unknown format version")


def _checked(value: Value, data: JsonObject) -> bytes:
    written = (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()
    if read_model(type(value), written, Path(), "state") != value:
        raise AssertionError("the state does not survive being written")
    return written


def _unreadable(what: str, path: Path, why: str) -> UnreadableState:
    return UnreadableState(f"the {what} {path} {why}; it was not touched")


def _first_issue(error: ValidationError) -> str:
    """Where the state is invalid; only our own keys are named, no values."""
    first = error.issues[0]
    # An unknown key is somebody else's, so what it is in is named.
    path = first.path[:-1] if first.kind == "unexpected_keyword_argument" else first.path
    where = "/".join(map(str, path))
    why = first.context.get("error", first.kind)
    return f"is invalid at {where or 'its top level'} ({why})"


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Refused("has a key twice")
    return members


def _no_constant(name: str) -> Json:
    raise _Refused(f"contains {name}, which is not valid JSON")

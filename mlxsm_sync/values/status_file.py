"""The status of a machine as text, read from a file that another mlxsm may have written."""

from __future__ import annotations

from mlxsm_sync.text.json_value import Json
from mlxsm_sync.text.nesting import is_too_deep, loads
from mlxsm_sync.text.times import in_utc
from mlxsm_sync.values.status import MachineStatus
from mlxsm_sync.values.validation import Issue, ValidationError

MOST_PARTS = 200_000
"""So many values a status may have; the largest that is real has some hundreds for each server."""
_NO_STATUS = "is no status of a machine; mlxsm status -o FILE writes one"


class NotAStatus(ValueError):
    """Why a text is no status that can be read, as what is said of it: `is empty`."""


def read_status(text: str) -> MachineStatus:
    """The status in a JSON text; keys that a newer mlxsm may have added are passed over.

    NotAStatus says why the text is none.
    """
    # A few MiB of brackets alone would take half a gigabyte in memory.
    if sum(map(text.count, "[{,")) > MOST_PARTS:
        raise NotAStatus("has more parts than any status of a machine")
    if is_too_deep(text):
        raise NotAStatus("is nested deeper than any status of a machine")
    try:
        status = MachineStatus.model_validate_json(text, extra="ignore")
    except ValidationError as error:
        raise NotAStatus(_why(text, error.issues[0])) from None
    try:
        return status.model_copy(at=in_utc(status.at))
    except ValueError:
        raise NotAStatus("has no time at `at`") from None


def _why(text: str, issue: Issue) -> str:
    """Why a text is no status. Only keys of ours are named, since no others are looked at."""
    if not text.strip():
        return "is empty"
    if issue.kind == "json_invalid":
        return f"is not valid JSON ({issue.context['error']})"
    version = _format_version(text)
    if version is None:
        return _NO_STATUS
    if version > 1:
        return "is of a newer format than this mlxsm reads; upgrade mlxsm on this machine"
    where = "/".join(map(str, issue.path))
    if issue.kind == "missing":
        return f"has no {where}: it {_NO_STATUS}" if len(issue.path) == 1 else f"has no {where}"
    if issue.kind == "literal_error":
        return f"says at {where} what this mlxsm does not know; if a newer one wrote it, upgrade mlxsm here"
    return f"is invalid at {where} ({issue.kind})"


def _format_version(text: str) -> int | None:
    """The version of the format, None where the text does not say one."""
    data: Json = loads(text)
    version = data.get("formatVersion") if isinstance(data, dict) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None

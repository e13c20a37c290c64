"""A saved plan: what was wanted, what was answered, and the digest of what was shown."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Literal

from mlxsm_sync.errors import FileError, InvalidFile
from mlxsm_sync.files import atomic
from mlxsm_sync.syntax.tree import MAX_BYTES, Problems
from mlxsm_sync.text.json_value import texts
from mlxsm_sync.text.nesting import loads
from mlxsm_sync.text.secret_scan import in_answer, looks_like
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.choices import Choices
from mlxsm_sync.values.desired import Desired
from mlxsm_sync.values.validation import ValidationError

STDIN = "-"
# A plan carries everything twice, as a profile and as what it declares.
MAX_PLAN_BYTES = 8 * MAX_BYTES


class SavedPlan(Value):
    """`plan --out`: enough to plan again, and to refuse where the result would differ."""

    format_version: Literal[1] = 1
    """The version of this format."""
    digest: str
    """The digest of the plan that was shown; only a plan of the same digest is applied."""
    desired: Desired
    """What the profile file wanted."""
    choices: Choices
    """What was answered."""
    lineage: str | None = None
    """Which state it was planned against, null where there was none."""
    serial: int = 0
    """The serial of that state."""
    fingerprint: str | None = None
    """What the Mac app's list was like, null for a state of ours."""


def save_plan(path: str, saved: SavedPlan) -> None:
    """Write a plan for `apply`; it belongs to this machine, and only its owner can read it."""
    atomic.write_whole(path, text_of(saved))


def text_of(saved: SavedPlan) -> str:
    """A saved plan as `apply` reads it."""
    return json.dumps(saved.model_dump(), indent=1) + "\n"


class NotAPlan(InvalidFile):
    """A file that no `plan --out` of ours has written."""

    holds: Literal["profiles", "document"] | None = None
    """What it looks like, where that can be told."""


def load_plan(path: str) -> SavedPlan:
    """Read a saved plan, from standard input for `-`; NotAPlan if it is something else."""
    data = _read(path)
    if len(data) > MAX_PLAN_BYTES:
        raise InvalidFile(f"{path} is too large for a saved plan")
    try:
        raw = loads(data)
        saved = SavedPlan.model_validate_json(data)
    except ValidationError as error:
        if _is_newer(raw):
            newer = Problems(path, NotAPlan).stop(None, "this plan was saved by a newer mlxsm")
            newer.hint = "apply it with that mlxsm, or upgrade this one"
            raise newer from error
        raise _not_saved_by_us(path, "is not a saved plan, or was changed", _kind_of(raw)) from error
    except ValueError:
        raise _not_saved_by_us(path, "is not a saved plan", _kind_of_text(path, data)) from None
    if reason := _doubtful(saved):
        raise _not_saved_by_us(path, reason)
    return saved


def _read(path: str) -> bytes:
    try:
        if path == STDIN:
            if sys.stdin is None:
                raise FileError("standard input is closed", "name a file")
            return sys.stdin.buffer.read(MAX_PLAN_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_PLAN_BYTES + 1)
    except OSError as error:
        raise atomic.refused(f"cannot read {path}", error) from None


def _is_newer(raw: object) -> bool:
    version = raw.get("formatVersion") if isinstance(raw, dict) else None
    return isinstance(version, int) and not isinstance(version, bool) and version > 1


def _kind_of(raw: object) -> Literal["profiles", "document"] | None:
    if not isinstance(raw, dict) or "profiles" not in raw:
        return None
    return "document" if {"app", "exportedAt"} & raw.keys() else "profiles"


def _kind_of_text(path: str, data: bytes) -> Literal["profiles"] | None:
    is_yaml = path.endswith((".yaml", ".yml")) or re.search(
        rb"^(schemaVersion|profiles)\s*:", data, re.MULTILINE
    )
    return "profiles" if is_yaml else None


def _not_saved_by_us(
    path: str, what: str, holds: Literal["profiles", "document"] | None = None
) -> InvalidFile:
    error = Problems(path, NotAPlan).stop(None, f"this {what}")
    error.hint = f"create it again by plan, with {shlex.join(['--out', path])}"
    assert isinstance(error, NotAPlan)
    error.holds = holds
    return error


def _doubtful(saved: SavedPlan) -> str | None:
    """Why no plan of ours can be like this: its file was judged, so all that it says was, too."""
    indexes = [one.index for one in saved.desired.profiles]
    if len(set(indexes)) < len(indexes) or any(
        one.declared != one.profile.fields for one in saved.desired.profiles
    ):
        return "was changed since it was saved"
    content = saved.model_copy(choices=saved.choices.model_copy(given=()))
    answers = (word for given in saved.choices.given for word in given.words)
    if any(map(looks_like, texts(content.model_dump()))) or any(map(in_answer, answers)):
        return "contains what looks like a secret"
    return None

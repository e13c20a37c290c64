"""A saved plan: what was wanted, what was answered, and the digest of what was shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from mlxsm_sync import disk
from mlxsm_sync.choices import Choices
from mlxsm_sync.desired import Desired
from mlxsm_sync.engine import Rejected
from mlxsm_sync.errors import FileTrouble, InvalidFile
from mlxsm_sync.json_value import texts
from mlxsm_sync.model import Model
from mlxsm_sync.nodes import MAX_BYTES, Problems
from mlxsm_sync.secret_scan import looks_like

# A plan carries everything twice, as a profile and as what it declares.
MAX_PLAN_BYTES = 8 * MAX_BYTES


class SavedPlan(Model):
    """`plan --out`: enough to plan again, and to refuse where the result would differ."""

    format_version: Literal[1] = 1
    digest: str
    desired: Desired
    choices: Choices
    fingerprint: str | None = None


def save_plan(path: str, saved: SavedPlan) -> None:
    """Write a plan for `apply`; it belongs to this machine, and only its owner can read it."""
    disk.write_whole(path, json.dumps(saved.dump(), indent=1) + "\n")


def load_plan(path: str) -> SavedPlan:
    """Read a saved plan; InvalidFile where it is none."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_PLAN_BYTES + 1)
    except OSError as error:
        raise FileTrouble(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_PLAN_BYTES:
        raise InvalidFile(f"{path} is too large for a saved plan")
    try:
        json.loads(data)
        saved = SavedPlan.from_json(data)
    except (ValueError, RecursionError) as error:
        what = "breaks the format of a saved plan" if isinstance(error, Rejected) else "is no JSON"
        raise _not_saved_by_us(path, what) from None
    if reason := _doubtful(saved):
        raise _not_saved_by_us(path, reason)
    return saved


def _not_saved_by_us(path: str, what: str) -> InvalidFile:
    return Problems(path).stop(None, f"this {what}: make it anew with mlxsm plan --out")


def _doubtful(saved: SavedPlan) -> str | None:
    """Why no plan of ours can be like this: its file was judged, so all that it says was, too."""
    indexes = [one.index for one in saved.desired.profiles]
    if len(set(indexes)) < len(indexes) or any(
        one.declared != one.profile.fields for one in saved.desired.profiles
    ):
        return "was changed since it was saved"
    if any(map(looks_like, texts(saved.dump()))):
        return "contains what looks like a secret"
    return None

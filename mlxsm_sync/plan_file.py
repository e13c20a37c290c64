"""A saved plan: what was wanted, what was answered, and the digest of what was shown."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

from mlxsm_sync.choices import Choices
from mlxsm_sync.desired import Desired
from mlxsm_sync.engine import Rejected
from mlxsm_sync.errors import FileTrouble, InvalidFile
from mlxsm_sync.model import Model
from mlxsm_sync.nodes import MAX_BYTES, Problems

# A plan carries everything twice, as a profile and as what it declares.
MAX_PLAN_BYTES = 8 * MAX_BYTES


class SavedPlan(Model):
    """`plan --out`: enough to plan again, and to refuse where the result would differ."""

    format_version: Literal[1] = 1
    digest: str
    desired: Desired
    choices: Choices


def save_plan(path: str, saved: SavedPlan) -> None:
    """Write a plan for `apply`; it belongs to this machine, and only its owner can read it."""
    data = json.dumps(saved.dump(), indent=1).encode() + b"\n"
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
    except OSError as error:
        raise FileTrouble(f"cannot write {path}: {error.strerror}") from None


def load_plan(path: str) -> SavedPlan:
    """Read a saved plan; InvalidFile where it is none."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_PLAN_BYTES + 1)
    except OSError as error:
        raise FileTrouble(f"cannot read {path}: {error.strerror}") from None
    try:
        if len(data) <= MAX_PLAN_BYTES:
            json.loads(data)
            return SavedPlan.from_json(data)
    except (ValueError, RecursionError) as error:
        what = "breaks the format of a saved plan" if isinstance(error, Rejected) else "is no JSON"
        problems = Problems(path)
        raise problems.stop(None, f"this {what}: make it anew with mlxsm plan --out") from None
    raise InvalidFile(f"{path} is too large for a saved plan")

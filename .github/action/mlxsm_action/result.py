"""What the step `plan` found out; the later steps read it from a file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple


class Result(NamedTuple):
    """One file, checked and planned."""

    file: str
    machine: str
    """The one that was asked for by name, else empty."""
    collection: str
    """Empty where it cannot be known."""
    valid: bool
    """False also where no plan could be made of it."""
    planned: bool
    changes: int
    conflicts: int
    deletes: int
    digest: str
    """Empty without a plan."""
    markdown: str
    """The path of the report."""
    gone: bool = False
    """Whether the file was deleted."""

    @property
    def noteworthy(self) -> bool:
        """Whether it is worth a first comment."""
        return not self.valid or self.gone or bool(self.changes or self.conflicts)


class Counts(NamedTuple):
    """What a plan, or the plans of several machines, come to."""

    collection: str
    changes: int
    conflicts: int
    deletes: int
    digest: str


def counts(printed: Mapping[str, Any]) -> Counts:
    """Of what `mlxsm plan --json` prints, with `--each-machine` or without."""
    named = printed.get("machines") or [{"name": None, "plan": printed}]
    plans = [one["plan"] for one in named]
    sums = [plan["summary"] for plan in plans]
    changed = ("create", "update", "replace", "claim", "delete")
    return Counts(
        collection=next((plan["owner"] for plan in plans if plan["owner"]), ""),
        changes=sum(one[kind] for one in sums for kind in changed),
        conflicts=sum(one[kind] for one in sums for kind in ("conflict", "invalid")),
        deletes=sum(one["delete"] for one in sums),
        digest=_digest([(one["name"], one["plan"]["digest"]) for one in named]),
    )


def _digest(named: list[tuple[str | None, str]]) -> str:
    """The plan's own; of several, one of all."""
    if len(named) == 1:
        return named[0][1]
    return f"sha256:{hashlib.sha256(json.dumps(named).encode()).hexdigest()}"


def save(result: Result, path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(result._asdict(), file)


def load(environ: Mapping[str, str] = os.environ) -> Result:
    """What the earlier step found."""
    with open(environ["MLXSM_ACTION_RESULT"], encoding="utf-8") as file:
        return Result(**json.load(file))

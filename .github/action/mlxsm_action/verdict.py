"""The last step: fail the run for what the input `fail-on` names."""

from __future__ import annotations

import os

from mlxsm_action import result
from mlxsm_action.inputs import FAIL_ON, one_of
from mlxsm_action.runner import say, tell


def main() -> int:
    """1 where the run fails, 0 else."""
    found = result.load()
    reasons = failures(found, one_of(os.environ, "fail-on", FAIL_ON))
    if not reasons:
        say("Nothing here fails the run.")
        return 0
    tell("error", f"{found.file}: {', '.join(reasons)}; the summary of the run has the report")
    return 1


def failures(found: result.Result, fail_on: str) -> list[str]:
    """What was found of that kind, or of one that it includes, in words."""
    kinds = FAIL_ON[: FAIL_ON.index(fail_on) + 1]
    told = {
        "invalid": "the file is invalid, or no plan could be made of it" if not found.valid else "",
        "conflicts": f"conflicts: {found.conflicts}" if found.conflicts else "",
        "changes": f"changes: {found.changes}"
        if found.changes
        else "the file is deleted"
        if found.gone
        else "",
    }
    return [told[kind] for kind in kinds if told.get(kind)]

"""How `mlxsm run` ends, as the exit code by which service managers decide whether to start it again."""

from __future__ import annotations

import re
from typing import Literal

Outcome = Literal[
    "stopped",  # Somebody asked it to end, and its server is gone.
    "idle",  # Its server had nothing to do for long enough.
    "gave-up",  # It failed too often in too short a time.
    "failed",  # It failed, and another try may not.
    "held",  # Another run has the server of the same entry, and goes on.
    "alone",  # Other ranks of its cluster are gone; a start waits for them.
    "left",  # Somebody asked it to end, and its server is still there.
    "hopeless",  # It failed, and every other try will, until somebody changes something.
]
Unusable = Literal["model", "options"]
"""What a server itself called unusable."""
HOPELESS = 78
"""EX_CONFIG of sysexits.h: `RestartPreventExitStatus=78` of systemd."""
UNHEALTHY = 3
"""So many bad looks in a row at a server end it."""
_GONE = re.compile(
    r"Repository ?Not ?Found|(?i:gated ?repo)|Entry ?Not ?Found|\b40[134] Client Error|not a valid model"
)
"""The words of the Hub for a model that is not there, or not for everybody."""


def exit_code(outcome: Outcome, *, zero: bool) -> int:
    """The exit code; `zero` gives up with 0, for a manager that starts whatever fails again."""
    if outcome == "hopeless":
        return 0 if zero else HOPELESS
    return 1 if outcome in ("failed", "held", "alone", "left") else 0


def after_failed_start(
    unusable: Unusable | None, message: str, *, complete: bool, offline: bool
) -> Literal["failed", "hopeless"]:
    """Whether a start that failed is worth another one.

    `complete` says that the model is whole on this disk: else a download may have broken off, which the next
    start goes on with.
    """
    if unusable != "model":
        return "failed" if unusable is None else "hopeless"
    return "hopeless" if complete or offline or _GONE.search(message) else "failed"


def bad_looks(before: int, status: str) -> int:
    """How many looks in a row were bad, after this one."""
    return 0 if status in ("ready", "joined") else before + 1

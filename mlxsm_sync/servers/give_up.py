"""When `mlxsm run` gives up: launchd has no limit of its own, and starts what fails again for ever."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from mlxsm_sync.errors import FileError
from mlxsm_sync.files import atomic
from mlxsm_sync.servers.outcomes import Outcome
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.text.amounts import duration
from mlxsm_sync.text.nesting import loads

MOST = 5
"""The failed run that is one too many."""
WITHIN = 600.0
"""Seconds in which so many are too many."""


def failures(earlier: Sequence[float], now: float) -> list[float]:
    """The failed runs that count, with the one of now; one of a time to come shows that a clock was set."""
    return [*(at for at in earlier if 0 <= now - at < WITHIN), now][-MOST:]


def is_enough(failed: Sequence[float]) -> bool:
    """Whether to give up: once so many failed in so short a time, nothing is tried until somebody asks."""
    return len(failed) >= MOST and failed[-1] - failed[-MOST] < WITHIN


def earlier(files: RunFiles, entry_id: str) -> list[float]:
    """When the last runs of an entry failed, in seconds since 1970; none where that cannot be read."""
    match _noted(files, entry_id):
        case {"failedAt": [*times]}:
            # What is later than now shows that a clock was set, or somebody's hand.
            return [float(at) for at in times if isinstance(at, int | float) and 0 <= at <= time.time()]
    return []


def reason(files: RunFiles, entry_id: str, service: str | None = None) -> str | None:
    """Why the last run of an entry did not come to serve; None where it did, or nobody noted that.

    With `service`, only what the run of that service noted: not what somebody tried by hand meanwhile.
    """
    match _noted(files, entry_id):
        case {"reason": str(words), **rest} if service is None or rest.get("service") == service:
            return words
    return None


def _noted(files: RunFiles, entry_id: str) -> object:
    with suppress(FileError, ValueError, RecursionError):
        return loads(atomic.read_own(files.failures_path(entry_id)) or b"{}")
    return None


def _write(files: RunFiles, entry_id: str, known: Mapping[str, object]) -> None:
    with suppress(FileError, OSError):
        path = files.failures_path(entry_id)
        data = json.dumps(known).encode()
        files.prepare()
        atomic.put_in_place(atomic.write_beside(path, data, lasting=False), path)


def note_reason(files: RunFiles, entry_id: str, why: str, service: str | None) -> None:
    """Remember why a run does not come to serve, for whoever asked a manager to start it.

    `service` is what the run is to that manager, None where it was started by hand.
    """
    known = {"failedAt": earlier(files, entry_id), "reason": why, "service": service}
    _write(files, entry_id, known)


def note(files: RunFiles, entry_id: str, now: float) -> bool:
    """Count a failed run; say whether that was one too many."""
    failed = failures(earlier(files, entry_id), now)
    before = _noted(files, entry_id)
    _write(files, entry_id, (before if isinstance(before, dict) else {}) | {"failedAt": failed})
    return is_enough(failed)


def forget(files: RunFiles, entry_id: str) -> None:
    """Begin anew, since somebody asks for the server."""
    with suppress(OSError):
        files.failures_path(entry_id).unlink()


def has_given_up(files: RunFiles, entry_id: str) -> bool:
    """Whether nothing is tried for an entry until somebody asks for it."""
    return is_enough(earlier(files, entry_id))


def settled(files: RunFiles, entry_id: str, outcome: Outcome, say: Callable[[str], None]) -> Outcome:
    """What came of a run, once its failures are counted."""
    if outcome != "failed" or not note(files, entry_id, time.time()):
        return outcome
    say(f"gave up: {MOST} runs failed within {duration(WITHIN)}; mlxsm up or mlxsm restart tries again")
    return "gave-up"

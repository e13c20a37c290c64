"""A full, failing, read-only or refusing disk: errors injected at every system call of a write, and real ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

import pytest

from testing.ledger import THOROUGH, Tally
from testing.tracing import Call, Traced
from testing.write_scenes import SCENES, Scene

pytestmark = pytest.mark.linux("errors by strace")

ALL = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "EACCES", "EMFILE", "ENOLCK", "EINTR")
# What the manual pages of Linux say of each call. By day each place gets one of them, taken in turns over all
# places of a call and all scenes; the whole product with all errors is for the night.
ERRORS = {
    "openat": ("ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE"),
    "flock": ("ENOLCK", "EIO", "EINTR"),
    "write": ("ENOSPC", "EIO", "EDQUOT"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("ENOSPC", "EIO", "EROFS", "EACCES"),
    "link": ("ENOSPC", "EROFS", "EACCES"),
    "unlink": ("EIO", "EROFS"),
    "close": ("EIO",),
    "ftruncate": ("EIO", "EPERM"),
    "fchmod": ("EIO", "EROFS"),
    "mkdir": ("ENOSPC", "EROFS", "EACCES"),
}


def errors_at(scene: Scene) -> Iterator[tuple[Call, str]]:
    first = SCENES.index(scene.name)
    turns = {name: islice(cycle(errors), first, None) for name, errors in ERRORS.items()}
    for call in scene.points:
        for error in ALL if THOROUGH else islice(turns[call.name], 1):
            yield call, error


@pytest.mark.threat(18)
@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_an_error_at_any_system_call_is_one_line_and_loses_nothing(scene: Scene, tally: Tally) -> None:
    refused, wrong = 0, []
    for call, error in errors_at(scene):
        scene.set()
        done = scene.run_with(call, f"error={error}")
        assert len(done.injected) == 1, (call, error)
        tally.add(errors=1)
        refused += done.code != 0
        wrong += [f"{error} at {call.line}: {what}: {done.err}" for what in faults(scene, call, done)]
    assert not wrong, "\n".join(wrong)
    assert refused > 5


def faults(scene: Scene, call: Call, done: Traced) -> Iterator[str]:
    """What is not as it must be after an error."""
    now = scene.seen()
    if not scene.is_between(now):
        yield "torn"
    if scene.left_over() and call.name != "unlink":
        yield f"left over: {scene.left_over()}"
    if done.code == 0:
        if now != scene.after:
            yield "said to be done, and is not"
        return
    if done.code != 1 or [line[:7] for line in done.err.splitlines()].count("error: ") != 1:
        yield f"not one error: exit code {done.code}"
    if "Traceback" in done.err or "own fault" in done.err:
        yield "a fault of ours"
    if ("was written" in done.err) != (now != scene.before):
        yield "what was written is not told"

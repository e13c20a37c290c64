"""`kill -9`, Ctrl-C, TERM and HUP at every system call that a write is made of."""

from __future__ import annotations

import pytest
from ledger import Tally
from writes import SCENES, Scene

REPEATED = pytest.mark.parametrize("scene", SCENES, indirect=True)


def assert_it_goes_on(scene: Scene) -> None:
    """The next run needs no cleaning up: it ends what was begun, and leaves nothing lying about."""
    again = scene.project.run(*scene.words)
    assert again.code == 0, again.err
    assert scene.seen() == scene.after
    assert scene.left_over() == []


@REPEATED
def test_t16_a_kill_at_any_system_call_leaves_the_old_or_the_new(scene: Scene, tally: Tally) -> None:
    found, trees = set(), set()
    assert {"openat", "write", "fsync", "rename", "close"} <= {call.name for call in scene.points}
    for call in scene.points:
        scene.set()
        done = scene.run_with(call, "signal=SIGKILL")
        assert done.was_killed, (call, done)
        now = scene.seen()
        assert scene.is_between(now), call
        if scene.told in (done.out + done.err).splitlines():
            assert now == scene.after
        found.add(now)
        if (tree := scene.tree()) not in trees:
            trees.add(tree)  # what the next run does, it does for all that find the same
            assert_it_goes_on(scene)
        tally.add(kills=1)
    assert {scene.before, scene.after} <= found

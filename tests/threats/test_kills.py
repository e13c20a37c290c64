"""`kill -9`, Ctrl-C, TERM and HUP at every system call that a write is made of, and while it waits."""

from __future__ import annotations

import fcntl
import signal
from itertools import cycle, islice
from pathlib import Path

import pexpect
import pytest

from testing.ledger import THOROUGH, Tally
from testing.project import Project
from testing.waiting import wait_for
from testing.write_scenes import SCENES, Scene

pytestmark = pytest.mark.linux("kills by strace")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REPEATED = pytest.mark.parametrize("scene", SCENES, indirect=True)


def assert_it_goes_on(scene: Scene) -> None:
    """The next run needs no cleaning up: it ends what was begun, and leaves nothing lying about."""
    again = scene.project.run(*scene.words)
    assert again.code == 0, again.err
    assert scene.seen() == scene.after
    assert scene.left_over() == []


@pytest.mark.threat(16)
@REPEATED
def test_a_kill_at_any_system_call_leaves_the_old_or_the_new(scene: Scene, tally: Tally) -> None:
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


@pytest.mark.threat(36)
@pytest.mark.parametrize("scene", SCENES if THOROUGH else ["apply state"], indirect=True)
def test_an_interrupt_at_any_system_call_leaves_the_old_or_the_new(scene: Scene, tally: Tally) -> None:
    turn = cycle(SIGNALS)
    for call in scene.points:
        for number in SIGNALS if THOROUGH else islice(turn, 1):
            scene.set()
            done = scene.run_with(call, f"signal={number.name}")
            assert done.code == 128 + number, (call, done)
            assert scene.is_between(scene.seen()), call
            assert "Traceback" not in done.err
            assert "interrupted" in done.err
            tally.add(interrupts=1)
            assert is_free(scene.project.state_path.parent)
    assert_it_goes_on(scene)


def is_free(folder: Path) -> bool:
    """Whether nobody holds a lock there."""
    for path in folder.glob("*.lock"):
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


@pytest.mark.threat(36)
@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_while_it_waits_ends_it_and_writes_nothing(
    project: Project, number: signal.Signals, tally: Tally
) -> None:
    project.apply("schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: h, port: 1}]\n")
    project.write("schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: h, port: 2}]\n")
    before = project.state_path.read_bytes()
    lock = project.state_path.with_name("state.json.lock")
    with lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = project.start("apply", "--yes", "--lock-timeout", "600")
        assert waiting.stdout is not None
        while "port" not in waiting.stdout.readline():  # the plan is shown before the lock is taken
            pass
        slept = _sleeps(waiting.pid)
        wait_for(lambda: _sleeps(waiting.pid) > slept + 3)  # it tries again and again
        waiting.send_signal(number)
        out, err = waiting.communicate(timeout=120)
    tally.add(waits=1)
    assert waiting.returncode == 128 + number
    assert "interrupted" in err
    assert "Applied" not in out
    assert project.state_path.read_bytes() == before
    assert project.run("apply", "--yes").code == 0


@pytest.mark.threat(36)
@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_at_a_question_writes_nothing(
    project: Project, number: signal.Signals, tally: Tally
) -> None:
    project.write("schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: h, port: 1}]\n")
    asked = project.on_terminal("apply")
    asked.expect("Type yes to apply")
    if number == signal.SIGINT:
        asked.sendintr()  # as the terminal does it
    else:
        asked.kill(number)
    asked.expect(pexpect.EOF)
    asked.close()
    tally.add(questions=1)
    assert asked.exitstatus == 128 + number
    assert not project.state_path.exists()


def _sleeps(pid: int) -> int:
    """How often a process gave up the processor by itself."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

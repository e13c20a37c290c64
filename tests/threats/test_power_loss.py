"""A loss of power after every system call of a write, on a model of the disk that is fed by a real run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from testing import mutants
from testing.ledger import Tally
from testing.power_loss import WRITTEN, data, disk_of
from testing.write_scenes import CALLS, SCENES, Scene

pytestmark = pytest.mark.linux("traces by strace")


def losses(scene: Scene, **environment: str) -> Iterator[tuple[str, str | None]]:
    """Run the command; for each disk that a loss of power can leave, the call before it and what is wrong."""
    scene.set()
    disk = disk_of(scene.project.folder)
    scene.project.environment.update(environment)
    done = scene.run("-y", "-s", "1000000", "-xx", "-e", f"trace={CALLS}")
    assert done.code == 0, done.err
    told = False
    seen = set()
    for call in done.calls():
        disk.take(call.line)
        found = WRITTEN.search(call.line)
        told = told or (found is not None and scene.told.encode() in data(found[3]))
        for content in disk.after_a_loss_of_power():
            if (key := (told, *content.items())) not in seen:
                seen.add(key)
                fill(scene.project.folder, content)
                yield call.line, what_is_wrong(scene, told=told)


def fill(folder: Path, content: Mapping[str, bytes | None]) -> None:
    """Make a folder hold just this."""
    shutil.rmtree(folder)
    for path in sorted(content, key=len):
        if content[path] is None:
            Path(path).mkdir()
    for path, text in content.items():
        if text is not None:
            Path(path).write_bytes(text)


def what_is_wrong(scene: Scene, *, told: bool) -> str | None:
    """Why a disk is none that may be found after a loss of power; None where it is one."""
    try:
        now = scene.seen()
    except (Exception, AssertionError) as error:
        return f"torn: {error}"
    if not scene.is_between(now):
        return f"neither old nor new: {now}"
    if told and now != scene.after:
        return "it was told, and is lost"
    kept = [one.name for one in scene.project.state_path.parent.glob("history/*.json")]
    if now.state == scene.after.state != scene.before.state and not kept:
        return "the version that was replaced is lost"
    return None


@pytest.mark.threat(17)
@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_a_loss_of_power_leaves_the_old_or_the_new(scene: Scene, tally: Tally) -> None:
    wrong = []
    for line, what in losses(scene):
        tally.add(disks=1)
        wrong += [f"after {line[:200]}: {what}"] if what else []
    assert not wrong, "\n".join(wrong)


@pytest.mark.threat(17)
@pytest.mark.parametrize("scene", ["first state", "apply state"], indirect=True)
@pytest.mark.parametrize("bug", ["no fsync of the file", "no fsync of the folder", "written in place"])
def test_the_model_finds_planted_bugs(scene: Scene, bug: str, tmp_path: Path, tally: Tally) -> None:
    planted = mutants.plant(bug, tmp_path / "planted")
    wrong = [what for _, what in losses(scene, PYTHONPATH=str(planted)) if what]
    assert wrong, "the planted bug went unnoticed"
    tally.add(planted_bugs=1)

"""The agent under kills and failing disks: checkout and state are the old or the new, and the next run heals."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence

import pytest

from testing.checkouts import Fleet, profiles
from testing.ledger import THOROUGH, Tally
from testing.paths import MLXSM
from testing.tracing import KILLED, strace
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("faults by strace")

CALLS = "openat,write,fsync,rename,unlink,mkdir,fchmod,vfork,clone,clone3"
OLD, NEW = {"One": 21801}, {"One": 21900}


def traced(fleet: Fleet, *options: str) -> subprocess.CompletedProcess[str]:
    words = ("agent", "run", "--repo", str(fleet.checkout), "--json")
    command = [strace(), "-qq", "-y", "-o", str(fleet.project.folder / "trace"), *options, str(MLXSM), *words]
    environment = fleet.project.environment
    return subprocess.run(
        command, cwd=fleet.project.folder, env=environment, capture_output=True, text=True, check=False
    )


def points(fleet: Fleet) -> Iterator[tuple[str, int]]:
    """Where a run touches what it keeps, or starts git: a call, and the how-manieth of its name it is."""
    counts: dict[str, int] = {}
    for line in (fleet.project.folder / "trace").read_text(errors="replace").splitlines():
        if call := re.match(r"(\w+)\(", line):
            counts[call[1]] = counts.get(call[1], 0) + 1
            if "/.local/state" in line or call[1] in ("vfork", "clone", "clone3"):
                yield call[1], counts[call[1]]


def some(found: Sequence[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    """All of them where there is a night to spend, else a few from the first to the last."""
    return found if THOROUGH else found[:: max(len(found) // 12, 1)]


class Scene:
    """A machine that is one commit behind."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet, self._kept = fleet, fleet.project.folder / "kept"
        fleet.told()
        shutil.copytree(fleet.project.state_path.parent, self._kept)
        self.before, self.after = fleet.head(), fleet.push(profiles("One", port=21900))

    def reset(self) -> None:
        shutil.rmtree(self._fleet.project.state_path.parent)
        shutil.copytree(self._kept, self._fleet.project.state_path.parent)
        self._fleet.git(self._fleet.checkout, "reset", "--quiet", "--hard", self.before)


@pytest.mark.threat(16)
def test_a_kill_of_a_run_leaves_all_whole_and_the_next_heals(fleet: Fleet, tally: Tally) -> None:
    scene = Scene(fleet)
    assert traced(fleet, "-e", f"trace={CALLS}").returncode == 0
    found = [*points(fleet)]
    assert {"openat", "rename", "vfork"} <= {name for name, _ in found}
    for name, number in some(found):
        scene.reset()
        done = traced(fleet, "-e", f"inject={name}:signal=SIGKILL:when={number}")
        assert done.returncode in KILLED, (name, number, done)
        assert fleet.ports in (OLD, NEW)
        record = fleet.folder / "last-run.json"
        assert json.loads(record.read_text())["formatVersion"] == 1
        # git is a process of its own, and may still be at it.
        wait_for(lambda: fleet.told()["exit"] == 0)
        assert (fleet.head(), fleet.ports) == (scene.after, NEW)
        assert fleet.git(fleet.checkout, "status", "--porcelain") == ""
        assert not [*fleet.folder.glob(".last-run*")]
        tally.add(kills=1)


@pytest.mark.threat(18)
def test_a_disk_that_takes_nothing_is_told_and_loses_nothing(fleet: Fleet, tally: Tally) -> None:
    scene = Scene(fleet)
    assert traced(fleet, "-e", f"trace={CALLS}").returncode == 0
    found = [one for one in points(fleet) if one[0] in ("openat", "write", "fsync", "rename")]
    for (name, number), error in zip(some(found), ("ENOSPC", "EIO", "EROFS", "EACCES") * 99, strict=False):
        scene.reset()
        done = traced(fleet, "-e", f"inject={name}:error={error}:when={number}")
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 1), (name, number, error, done)
        assert fleet.ports in (OLD, NEW)
        if done.returncode == 1:
            assert "error" in done.stderr + done.stdout
        assert fleet.told()["exit"] == 0
        assert (fleet.head(), fleet.ports) == (scene.after, NEW)
        tally.add(errors=1)


@pytest.mark.threat(14)
@pytest.mark.parametrize("kind", ["link", "folder", "garbage"])
@pytest.mark.parametrize("name", ["last-run.json", "agent.lock", "agent.log", "status.json"])
def test_what_is_none_of_ours_is_not_followed_and_not_written_over(
    fleet: Fleet, tally: Tally, kind: str, name: str
) -> None:
    fleet.told()
    precious, path = fleet.project.folder / "precious", fleet.folder / name
    precious.write_text("precious")
    path.unlink()
    if kind == "link":
        path.symlink_to(precious)
    elif kind == "folder":
        path.mkdir()
        (path / "precious").write_text("precious")
    else:
        path.write_bytes(b"\xff\0{" * 99)
    done = fleet.run()
    assert done.code in (0, 1)
    assert fleet.project.run("agent", "status").code == 0
    if kind == "folder":
        assert (path / "precious").read_text() == "precious"
    if (kind, name) == ("garbage", "agent.lock"):
        assert (done.code, path.read_bytes()) == (1, b"\xff\0{" * 99)
    assert precious.read_text() == "precious"
    tally.add(files=1)

"""Services under kills, failing disks and forged files: a unit is whole or not there, and only ours is asked to end."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from testing.ledger import THOROUGH, Tally
from testing.paths import MLXSM
from testing.ports import is_free
from testing.services import Serviced
from testing.tracing import KILLED, strace
from testing.waiting import wait_for

pytestmark = pytest.mark.linux("namespaces, and faults by strace")

CALLS = "openat,write,fsync,rename,renameat,renameat2,unlink,unlinkat,close,fchmod,mkdir,vfork,clone,clone3"


class Point:
    """A system call of an undisturbed run: the how-manieth of its name in the first process."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number = name, number


def traced(serviced: Serviced, words: Sequence[str], *options: str) -> subprocess.CompletedProcess[str]:
    log = serviced.folder / "trace"
    inside = serviced.session.program(
        serviced.folder, strace(), "-qq", "-y", "-o", log, *options, MLXSM, *words
    )
    return subprocess.run(inside, env=serviced.environment, capture_output=True, text=True, check=False)


def points(serviced: Serviced, words: Sequence[str]) -> list[Point]:
    """Where a command touches units, or asks the manager for something."""
    assert traced(serviced, words, "-e", f"trace={CALLS}").returncode == 0
    counts: dict[str, int] = {}
    found = []
    for line in (serviced.folder / "trace").read_text(errors="replace").splitlines():
        if call := re.match(r"(\w+)\(", line):
            counts[call[1]] = counts.get(call[1], 0) + 1
            if "/.config/systemd" in line or call[1] in ("vfork", "clone", "clone3"):
                found.append(Point(call[1], counts[call[1]]))
    return found


def some(found: list[Point]) -> Iterator[Point]:
    """All of them where there is a night to spend, else the first of every three."""
    yield from found if THOROUGH else found[::3]


def forget(serviced: Serviced) -> None:
    """A home as before the first service of all."""
    shutil.rmtree(Path(serviced.environment["HOME"]) / ".config")
    serviced.systemctl("daemon-reload")


def unit(serviced: Serviced) -> bytes | None:
    path = serviced.unit_path("A")
    return path.read_bytes() if path.exists() else None


def enabled(serviced: Serviced) -> str:
    return serviced.systemctl("is-enabled", serviced.unit_path("A").name).stdout.strip()


@pytest.mark.threat(16)
def test_a_kill_of_install_leaves_no_unit_or_a_whole_one_and_the_next_heals(
    serviced: Serviced, tally: Tally
) -> None:
    serviced.declare(A="test/load-0")
    words = ("service", "install", "A", "--no-start")
    serviced.run(*words)
    forget(serviced)  # what is beside the state is there from now on, and no call is counted for it
    found = points(serviced, words)
    whole = unit(serviced)
    assert {"openat", "rename", "fsync"} <= {one.name for one in found}
    for point in some(found):
        forget(serviced)
        done = traced(serviced, words, "-e", f"inject={point.name}:signal=SIGKILL:when={point.number}")
        assert done.returncode in KILLED, (point.name, point.number, done)
        assert unit(serviced) in (None, whole)
        (again,) = serviced.install("A", "--no-start")["services"]
        assert again["result"] in ("installed", "unchanged")
        assert (unit(serviced), enabled(serviced)) == (whole, "enabled")
        name = serviced.unit_path("A").name
        assert serviced.left() == [f"user/default.target.wants/{name}", f"user/{name}"]
        tally.add(kills=1)


@pytest.mark.threat(16)
def test_a_kill_of_uninstall_is_healed_by_the_next(serviced: Serviced, tally: Tally) -> None:
    port = serviced.declare(A="test/load-0")["A"]
    install = ("service", "install", "A", "--no-start")
    serviced.run(*install)
    words = ("service", "uninstall", "A")
    for point in some(points(serviced, words)):
        serviced.run(*install)
        assert serviced.up("A")["A"]["result"] == "started"
        done = traced(serviced, words, "-e", f"inject={point.name}:signal=SIGKILL:when={point.number}")
        assert done.returncode in KILLED
        assert serviced.run(*words).code == 0
        assert serviced.left() == []
        assert is_free(port)
        assert serviced.run("down", "A").code == 0
        tally.add(kills=1)


@pytest.mark.threat(18)
def test_a_disk_that_takes_no_unit_is_told(serviced: Serviced, tally: Tally) -> None:
    serviced.declare(A="test/load-0")
    words = ("service", "install", "A", "--no-start", "--json")
    found = [one for one in points(serviced, words) if one.name in ("openat", "write", "fsync", "rename")]
    for point, error in zip(found, ("ENOSPC", "EIO", "EROFS", "EACCES") * len(found), strict=False):
        assert serviced.run("service", "uninstall", "A").code == 0
        done = traced(serviced, words, "-e", f"inject={point.name}:error={error}:when={point.number}")
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 1)
        if done.returncode:
            assert "failed" in done.stdout or "error" in done.stdout, done
            assert unit(serviced) is None or point.name != "write"
        tally.add(errors=1)


@pytest.mark.threat(27)
def test_a_record_that_names_the_service_of_another_stops_only_its_own(
    serviced: Serviced, tally: Tally
) -> None:
    serviced.declare(A="test/load-0", B="test/load-0")
    serviced.install("--all")
    b = serviced.seen("B")["pid"]
    for forged in (
        serviced.record("B")["manager"],
        "systemd:sshd.service",
        7,
    ):
        serviced.edit_record("A", manager=forged)
        serviced.run("down", "A")
        serviced.run("ps", "--json")
        assert serviced.seen("B")["pid"] == b
        assert serviced.status()["B"]["state"] == "running"
        tally.add(forged_records=1)
        serviced.record_path("A").unlink(missing_ok=True)
        serviced.run("down", "A")
        serviced.up("A")
        wait_for(lambda: serviced.seen("A")["status"] == "ready")


@pytest.mark.threat(14)
@pytest.mark.parametrize("kind", ["link", "folder", "garbage", "other"])
def test_what_is_no_unit_of_ours_is_not_followed_and_not_believed(
    serviced: Serviced, tally: Tally, kind: str
) -> None:
    serviced.declare(A="test/load-0")
    path, precious = serviced.unit_path("A"), serviced.write("precious", "precious")
    path.parent.mkdir(parents=True)
    put: dict[str, Any] = {
        "link": lambda: path.symlink_to(precious),
        "folder": path.mkdir,
        "garbage": lambda: path.write_bytes(b"\xff\0ExecStart=\n" * 99),
        "other": lambda: path.write_text("[Service]\nExecStart=/bin/true\n"),
    }
    put[kind]()
    (one,) = serviced.install("A", "--no-start")["services"]
    assert one["result"] == ("updated" if kind == "garbage" else "failed"), one
    assert kind == "garbage" or str(path) in one["message"]
    assert serviced.run("ps", "A").code == 0
    assert serviced.run("service", "status").code == 0
    assert serviced.run("down", "A").code == 0
    serviced.run("service", "uninstall", "A")
    assert precious.read_text() == "precious"
    tally.add(files=1)

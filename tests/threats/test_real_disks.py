"""Disks that are really full or really read-only: small file systems in a mount namespace of their own."""

from __future__ import annotations

import json
import resource
import subprocess

import pytest

from testing.ledger import Tally
from testing.project import Project
from testing.tracing import needed

pytestmark = pytest.mark.linux("mounts in a namespace of its own")

ONE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: 1}]\n"
MANY = json.dumps(
    {
        "schemaVersion": 1,
        "profiles": [
            {"name": f"P{n}", "modelID": "m", "host": "h", "port": n, "notes": "x" * 200}
            for n in range(1, 20)
        ],
    }
)
SCRIPT = """
mkdir -p disk && mount -t tmpfs -o size={size} none disk && cd disk || exit 90
mlxsm apply -f ../one.yaml --yes --state state.json > ../first.out 2>&1; echo $? > ../first
cp state.json ../before 2> /dev/null
{between}
mlxsm apply -f ../many.json --yes --state state.json > ../second.out 2>&1; echo $? > ../second
cp state.json ../after 2> /dev/null
ls -A > ../left
mlxsm list --json --state state.json > ../list 2> ../list.err; echo $? > ../listed
"""


def on_a_disk(project: Project, size: str, between: str = ":") -> dict[str, str]:
    """A first and a second apply on a file system of this size; what they left, by name."""
    project.write(ONE, "one.yaml")
    project.write(MANY, "many.json")
    done = subprocess.run(
        [needed("unshare", "util-linux"), "-rm", "sh", "-c", SCRIPT.format(size=size, between=between)],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = ("first", "first.out", "before", "second", "second.out", "after", "left", "listed", "list")
    return {name: path.read_text() for name in names if (path := project.folder / name).exists()}


@pytest.mark.threat(18)
@pytest.mark.parametrize("size", ["4k", "8k", "12k", "16k", "20k", "24k"])
def test_a_disk_that_is_full_keeps_what_it_has(project: Project, size: str, tally: Tally) -> None:
    left = on_a_disk(project, size)
    tally.add(full_disks=1)
    assert int(left["second"]) == 1
    assert "No space left on device" in left["second.out"]
    assert left["second.out"].count("error: ") == 1
    assert left.get("after") == left.get("before")
    assert ".tmp" not in left["left"]
    assert ("before" in left) == (int(left["first"]) == 0)
    assert int(left["listed"]) == 0
    entries = json.loads(left["list"])["entries"]
    assert [one["name"] for one in entries] == (["A"] if int(left["first"]) == 0 else [])


@pytest.mark.threat(18)
def test_some_disks_hold_the_first_state_and_some_do_not(project: Project, tally: Tally) -> None:
    """The sizes above are on both sides of what the first state needs, and of what both need."""
    assert int(on_a_disk(project, "4k")["first"]) == 1
    assert int(on_a_disk(project, "24k")["first"]) == 0
    assert int(on_a_disk(project, "1m")["second"]) == 0
    tally.add(full_disks=2)


@pytest.mark.threat(18)
def test_a_disk_that_is_read_only_is_read(project: Project, tally: Tally) -> None:
    left = on_a_disk(project, "1m", "mount -o remount,ro none .")
    tally.add(read_only_disks=1)
    assert int(left["first"]) == 0
    assert int(left["second"]) == 1
    assert "Read-only file system" in left["second.out"]
    assert left["after"] == left["before"]
    assert [one["name"] for one in json.loads(left["list"])["entries"]] == ["A"]


@pytest.mark.threat(18)
@pytest.mark.parametrize("most", [0, 100, 1000])
def test_a_file_that_may_not_grow_is_not_begun(project: Project, most: int, tally: Tally) -> None:
    project.apply(ONE)
    before = project.state_path.read_bytes()
    project.write(MANY)
    done = subprocess.run(
        project.command("apply", "--yes"),
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        check=False,
    )
    tally.add(limits=1)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert project.state_path.read_bytes() == before
    assert [*project.state_path.parent.glob(".*.tmp")] == []

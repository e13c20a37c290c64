"""Folders that machines share, and file systems without locks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxsm_sync.state.location_warnings import copies, network_kind
from mlxsm_sync.state.state_file import StateFile
from testing.ledger import Tally
from testing.project import Project
from testing.tracing import trace

FILE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
SYNCED = (
    "Dropbox/state.json",
    "Library/Mobile Documents/com~apple~CloudDocs/mlxsm/state.json",
    "OneDrive/mlxsm/state.json",
    "Google Drive/My Drive/state.json",
    "iCloud Drive/state.json",
    "OneDrive - Contoso/state.json",
    "Dropbox (Personal)/state.json",
    "Library/CloudStorage/GoogleDrive-me@example.org/My Drive/state.json",
)
COPIES = (
    "state 2.json",
    "state (1).json",
    "state (Ann's conflicted copy 2026-01-01).json",
    "state.sync-conflict-20260101-120000-ABCDEFG.json",
)
MOUNTS = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw - proc proc rw
40 22 0:40 / /home rw,relatime shared:9 - nfs4 files:/home rw,vers=4.2
41 40 8:2 / /home/me/fast rw,relatime - xfs /dev/sdb1 rw
42 22 0:42 / /mnt/my\040share rw - cifs //nas/share rw
43 22 0:43 / /mnt/far rw master:3 propagate_from:2 - fuse.sshfs me@far: rw
44 22 0:44 / /over rw - nfs files:/over rw
45 22 0:45 / /over rw - tmpfs none rw
a line that is cut off
"""


@pytest.mark.threat(24)
@pytest.mark.parametrize("place", SYNCED)
def test_a_synchronised_folder_is_told(project: Project, place: str, tally: Tally) -> None:
    path = project.folder / place
    project.write(FILE % 1)
    done = project.run("apply", "--yes", "--state", str(path))
    tally.add(folders=1)
    assert done.code == 0
    assert "warning: " in done.err
    assert "synchronised folder: a state belongs to one machine" in done.err


@pytest.mark.threat(24)
def test_a_copy_that_could_not_be_joined_is_named(project: Project, tally: Tally) -> None:
    project.apply(FILE % 1)
    for name in (*COPIES, "stately.json", "state.json.lock", "estate 2.json", "state 2.yaml"):
        (project.state_path.parent / name).touch()
    done = project.run("plan")
    for name in COPIES:
        assert f"{name} looks like a copy that a synchronised folder made" in done.err
        tally.add(copies=1)
    assert done.err.count("looks like a copy") == len(COPIES)
    assert copies(project.folder / "nowhere/state.json") == []


@pytest.mark.threat(24)
@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me/.local/state", "nfs4"),
        ("/home/me/fast/state", None),
        ("/homes", None),
        ("/mnt/my share/mlxsm", "cifs"),
        ("/mnt/far", "fuse.sshfs"),
        ("/over/x", None),
        ("/var/tmp", None),
    ],
)
def test_a_network_file_system_is_known(folder: str, kind: str | None, tally: Tally) -> None:
    assert network_kind(MOUNTS, Path(folder)) == kind
    tally.add(mounts=1)


@pytest.mark.threat(24)
def test_a_network_file_system_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / {tmp_path} rw - nfs4 files:/ rw\n")
    monkeypatch.setattr("mlxsm_sync.state.location_warnings.MOUNTS", mounts)
    (warning,) = StateFile(tmp_path / "state.json").location_warnings()
    assert "network file system (nfs4)" in warning
    mounts.unlink()
    assert StateFile(tmp_path / "state.json").location_warnings() == []


@pytest.mark.threat(24)
def test_a_folder_that_others_can_write_to_is_told(project: Project) -> None:
    project.apply(FILE % 1)
    project.state_path.parent.chmod(0o777)
    assert "warning: others can write to" in project.run("plan").err


@pytest.mark.threat(24)
@pytest.mark.linux("faults by strace")
@pytest.mark.parametrize("error", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
@pytest.mark.parametrize("state", ["state.json", "app:models.json"])
@pytest.mark.usefixtures("no_app")
def test_without_locks_nothing_is_written(project: Project, error: str, state: str, tally: Tally) -> None:
    project.environment["MLXSM_STATE"] = state
    project.apply(FILE % 1)
    written = project.folder / state.removeprefix("app:")
    before = written.read_bytes()
    project.write(FILE % 2)
    done = trace(
        project.command("apply", "--yes", "--while-app-runs"),
        project.folder,
        project.environment,
        *("-e", "trace=flock", "-e", f"inject=flock:error={error}"),
        log=project.folder / "trace.log",
    )
    assert done.injected
    tally.add(refusals=1)
    assert done.code == 1
    assert "lock" in done.err
    assert done.err.count("error: ") == 1
    assert written.read_bytes() == before

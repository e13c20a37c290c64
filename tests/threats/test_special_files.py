"""Links, pipes, folders, sockets and strangers' files in the place of ours."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.ledger import Tally
from testing.project import Project

FILE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
PRECIOUS = b"precious\n"


def _socket(path: Path, _victim: Path) -> None:
    # The name of a socket is short, and that of a test's folder is not.
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


def _of_somebody_else(path: Path, victim: Path) -> None:
    shutil.copy(victim, path)
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)


KINDS: dict[str, Callable[[Path, Path], object]] = {
    "a link to a file": lambda path, victim: path.symlink_to(victim),
    "a link to nowhere": lambda path, victim: path.symlink_to(victim.with_name("nowhere")),
    "a link to itself": lambda path, _: path.symlink_to(path),
    "a link to a device": lambda path, _: path.symlink_to("/dev/zero"),
    "a hard link": lambda path, victim: path.hardlink_to(victim),
    "a pipe": lambda path, _: os.mkfifo(path),
    "a folder": lambda path, _: path.mkdir(),
    "a socket": _socket,
    "a file of somebody else": _of_somebody_else,
}
PLACES = {
    "state": "state.json",
    "lock": "state.json.lock",
    "temporary file": ".state.json.1.aaaaaaaaaaaa.tmp",
    "history": "history",
    "backup": "history/state.json.00000002.json",
}
APPLY, ROLLBACK = ["apply", "--yes"], ["rollback", "1", "--yes"]
COMMANDS = {
    "state": [["plan"], ["list"], APPLY],
    "lock": [APPLY, ROLLBACK],
    "temporary file": [APPLY],
    "history": [["history"], APPLY],
    "backup": [APPLY, ROLLBACK],
}


@pytest.mark.threat(14)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_of_ours_is_refused_or_left_alone(
    project: Project, kind: str, place: str, tally: Tally
) -> None:
    project.apply(FILE % 1)
    project.apply(FILE % 2)
    victim = project.folder / "victim"
    victim.write_bytes(PRECIOUS)
    victim.chmod(0o644)
    folder = project.state_path.parent
    path = folder / PLACES[place]
    if path.is_dir():
        path.rename(path.with_name("moved"))
    else:
        path.unlink(missing_ok=True)
    KINDS[kind](path, victim)
    project.write(FILE % 3)
    before = project.state_path.read_bytes() if place != "state" else None
    for arguments in COMMANDS[place]:
        done = project.run(*arguments)
        tally.add(commands=1)
        assert done.code in (0, 1), done
        assert "own fault" not in done.err, done
        assert done.err.count("error: ") == (done.code != 0)
        if place == "lock" or (place == "state" and kind != "a link to nowhere"):
            assert done.code == 1, done
    assert (victim.read_bytes(), victim.stat().st_mode & 0o777) == (PRECIOUS, 0o644)
    if before is not None and project.state_path.read_bytes() == before:
        assert path.exists() or path.is_symlink()


@pytest.mark.threat(14)
@pytest.mark.usefixtures("no_app")
def test_a_link_in_the_place_of_a_record_is_not_followed(project: Project, tally: Tally) -> None:
    """The record of the app's list says who owns what: another one must not be slipped in."""
    project.environment["MLXSM_STATE"] = "app:models.json"
    project.apply(FILE % 1)
    (record,) = project.state_path.parent.glob("app-*.json")
    elsewhere = project.folder / "elsewhere.json"
    record.rename(elsewhere)
    record.symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    for arguments in (["list"], ["plan"], ["apply", "--yes", "--while-app-runs"]):
        done = project.run(*arguments)
        tally.add(commands=1)
        assert done.code == 1, done
        assert "Too many levels of symbolic links" in done.err
    assert elsewhere.read_bytes() == before

"""Links that another user made, or could have made: nothing is written through them."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing import in_process
from testing.ledger import Tally
from testing.project import Project

FILE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
ROOT, ME, STRANGER = 0, 12345, 12346
MODES = (0o755, 0o777, 0o1755, 0o1777)
POSITIONS = ("the file", "its folder", "a folder further up", "behind a link of ours", "a folder behind ours")
COMMANDS = (
    "plan --out {path}",
    "plan --json-out {path}",
    "list --json-out {path}",
    "export -y -o {path}",
    "apply --yes --state {path}",
    "pull --all --whole --yes -f {path}",
    "import document.json --yes --while-app-runs --state app:{path}",
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def new_project(folder: Path) -> Project:
    """A folder with a home, a profile file and a document."""
    (folder / "home").mkdir()
    environment = {"HOME": str(folder / "home"), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    project = Project(folder, environment)
    project.write(FILE % 1)
    imported = {"name": "B", "modelID": "m/b", "host": "127.0.0.1", "port": 2}
    document = {"app": "MLXServerManager", "schemaVersion": 1, "profiles": [imported]}
    project.write(json.dumps(document), "document.json")
    return project


@pytest.fixture
def mine(no_app: None, tmp_path: Path) -> Iterator[Project]:  # noqa: ARG001 - asked for before it is another user
    """A project of a user who is not root, in a folder that every user can reach."""
    warm = new_project(tmp_path)  # what Python loads may be readable for root alone
    for words in ("apply --yes", *COMMANDS):
        prepare(warm, words)
        in_process.run(warm, *words.format(path=warm.folder / "home/dotfiles/victim").split())
    project = new_project(folder := Path(tempfile.mkdtemp()))
    folder.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, ME, ME)
    os.setegid(ME)
    os.seteuid(ME)
    try:
        assert in_process.run(project, "apply", "--yes").code == 0
        yield project
    finally:
        os.seteuid(0)
        os.setegid(0)
        shutil.rmtree(folder)


def plant(folder: Path, position: str, owner: int, mode: int, victim: Path) -> Path:
    """A way to the victim by a link of this owner in a folder of this mode; what is not asked for is ours."""
    shared = folder / "shared"
    path = {
        "the file": shared / "out",
        "its folder": shared / "way" / victim.name,
        "a folder further up": shared / "way" / victim.parent.name / victim.name,
        "behind a link of ours": folder / "first",
        "a folder behind ours": folder / "first" / victim.name,
    }[position]
    target = {"its folder": victim.parent, "a folder further up": victim.parent.parent}.get(position, victim)
    target = victim.parent if position == "a folder behind ours" else target
    os.seteuid(0)
    shutil.rmtree(shared, ignore_errors=True)
    (folder / "first").unlink(missing_ok=True)
    shared.mkdir()
    shared.chmod(mode)
    link = shared / ("way" if "folder" in position else "out")
    link.symlink_to(target)
    os.chown(link, owner, owner, follow_symlinks=False)
    if "ours" in position:
        (folder / "first").symlink_to(link)
        os.chown(folder / "first", ME, ME, follow_symlinks=False)
    os.seteuid(ME)
    return path


def prepare(project: Project, command: str) -> Path:
    """The file that a link leads to: of ours, and such that the command would change it."""
    victim = project.folder / "home/dotfiles/victim"
    shutil.rmtree(victim.parent, ignore_errors=True)
    victim.parent.mkdir(parents=True)
    if command.startswith("pull"):
        victim.write_text("# precious\n" + FILE % 7)
    elif "app:" in command:
        victim.write_text("[]")
    elif "--state" in command:
        shutil.copy(project.state_path, victim)
        victim.write_text(victim.read_text().replace('"m/a"', '"m/precious"'))
    else:
        victim.write_text("precious")
    return victim


@as_root
@pytest.mark.parametrize("command", COMMANDS)
def test_only_a_link_that_nobody_else_can_have_made_is_followed(
    mine: Project, command: str, tally: Tally
) -> None:
    for owner, mode, position in itertools.product((ROOT, ME, STRANGER), MODES, POSITIONS):
        victim = prepare(mine, command)
        before = victim.read_bytes()
        path = plant(mine.folder, position, owner, mode, victim)
        done = in_process.run(mine, *command.format(path=path).split())
        where = f"{command}: {owner=} {mode=:o} {position}: {done}"
        tally.add(links=1)
        if owner == STRANGER or mode == 0o1777:
            assert done.code == 1, where
            assert "link that another user could have made" in done.err or "Permission denied" in done.err, (
                where
            )
            assert done.err.count("error: ") == 1, where
            assert victim.read_bytes() == before, where
            assert [*victim.parent.iterdir()] == [victim], where
        else:
            assert done.code == 0, where
            assert victim.read_bytes() != before, where
            assert path.exists(), where


@as_root
def test_who_calls_sudo_follows_links_of_their_own(mine: Project) -> None:
    victim = prepare(mine, "plan")
    path = plant(mine.folder, "the file", ME, 0o755, victim)
    os.seteuid(0)
    assert in_process.run(mine, "plan", "--json-out", str(path), "--state", "none.json").code == 1
    assert (
        in_process.run(mine, "plan", "--json-out", str(path), "--state", "none.json", SUDO_UID="x").code == 1
    )
    done = in_process.run(mine, "plan", "--json-out", str(path), "--state", "none.json", SUDO_UID=str(ME))
    assert done.code == 0, done
    assert (victim.stat().st_uid, json.loads(victim.read_text())["serial"]) == (ME, 0)

"""What an earlier `sudo` made root's: the command that is printed for it makes it ours again."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from testing.project import Project

ONE = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, port: 8080}\n"
_USERS = {"a user with a name": pwd.getpwnam("nobody").pw_uid, "a user of a number": 12345}

pytestmark = [
    pytest.mark.linux("another user by setpriv"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others"),
]


@pytest.fixture(params=_USERS.values(), ids=_USERS.keys())
def theirs(project: Project, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A project of another user, with a `sudo` for the shell of this test, which root runs."""
    user = int(request.param)
    folder = Path(
        mkdtemp(prefix="it's a home ", dir="/tmp")
    )  # others may not look into the folder of the tests
    (folder / "home").mkdir()
    (folder / "bin").mkdir()
    (folder / "bin/sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (folder / "bin/sudo").chmod(0o755)
    environment = project.environment | {"HOME": str(folder / "home")}
    environment["PATH"] = f"{folder / 'bin'}:{environment['PATH']}"
    found = Project(folder, environment, project.program)
    found.write(ONE)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)
    found.program = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *project.program)
    yield found
    shutil.rmtree(folder)


def roots(path: Path) -> None:
    """Make a place root's, as it would be after a command under sudo."""
    subprocess.run(["chown", "-R", "root:root", str(path)], check=True)


WHAT = {
    "the folder of the state": "",
    "the state": "state.json",
    "the history": "history",
}


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_the_command_that_is_printed_makes_it_ours(theirs: Project, what: str, mode: int) -> None:
    assert theirs.run("apply", "--yes").code == 0
    theirs.write(ONE.replace("8080", "8081"))
    assert theirs.run("apply", "--yes").code == 0
    path = theirs.state_path.parent / WHAT[what]
    if path.is_dir():
        path.chmod(mode)
    else:
        path.chmod(0o600)
    roots(path)
    theirs.write(ONE.replace("8080", "8082"))
    refused = theirs.run("apply", "--yes")
    assert refused.code == 1
    (hint,) = (line for line in refused.err.splitlines() if line.startswith("hint: "))
    command = hint.partition("to make it yours: ")[2]
    assert command.startswith("sudo chown ")
    done = theirs.shell(command)
    assert (done.code, done.err) == (0, "")
    assert theirs.run("apply", "--yes").code == 0
    assert "8082" in theirs.run("list").out

"""The worst files, in processes that may have little memory, little stack and little time."""

from __future__ import annotations

import errno
import json
import resource
import subprocess
import sys

import pytest

from testing.hostile_files.worst_files import CAP, FILES, JSON_FILES, WRONG_PROFILES
from testing.in_process import Result
from testing.ledger import Tally
from testing.project import Project

MEMORY, STACK, SECONDS = 600 * 1024 * 1024, 1024 * 1024, 20


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_STACK, STACK),
        (resource.RLIMIT_CPU, SECONDS),
    ):
        resource.setrlimit(what, (most, most))


def _limited(project: Project, command: list[str]) -> Result:
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=project.environment,
        preexec_fn=_limit,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def _refused(project: Project, name: str, text: str, told: str, *words: str) -> None:
    """One answer of the installed command: a place, a reason and an end, and nothing is written."""
    path = project.write(text, name)
    assert path.stat().st_size <= CAP + 1
    done = _limited(project, project.command(*words, name))
    assert (done.code, done.out) == (1, ""), done.err[-500:]
    first, *_, last = done.err.splitlines()
    assert first.startswith(f"{name}:")
    assert told in done.err
    assert last.startswith(("error: ", "hint: "))
    assert "own fault" not in done.err
    assert "panicked" not in done.err
    assert not project.state_path.exists()


@pytest.mark.threat(2)
@pytest.mark.parametrize("what", FILES)
def test_the_worst_yaml_is_answered_under_limits(project: Project, what: str, tally: Tally) -> None:
    _refused(project, "p.yaml", *FILES[what], "apply", "--yes", "-f")
    tally.add(files_under_limits=1)


@pytest.mark.threat(2)
@pytest.mark.parametrize("what", JSON_FILES)
def test_the_worst_json_is_answered_under_limits(project: Project, what: str, tally: Tally) -> None:
    _refused(project, "d.json", *JSON_FILES[what], "import", "--yes")
    tally.add(files_under_limits=1)


@pytest.mark.threat(2)
def test_thousands_of_wrong_profiles_are_told_in_time(project: Project, tally: Tally) -> None:
    project.write(WRONG_PROFILES, "d.json")
    done = _limited(project, project.command("import", "--yes", "--json", "d.json"))
    answer = json.loads(done.out)
    assert (done.code, answer["applied"], len(answer["invalid"])) == (3, False, 8001)
    tally.add(files_under_limits=1)


# The system lets arguments have a quarter of the stack.
_LONG_ARGUMENTS = """
import os, sys
try:
    os.execvp("true", ["true"] + ["x" * 100_000] * 5)
except OSError as error:
    sys.exit(error.errno)
"""


@pytest.mark.threat(2)
@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("bytearray(700 * 2**20)", 1),
        (_LONG_ARGUMENTS, errno.E2BIG),
        ("import resource, sys; sys.exit(resource.getrlimit(resource.RLIMIT_CPU)[1])", SECONDS),
    ],
    ids=["memory", "stack", "time"],
)
def test_the_limits_are_real(project: Project, tally: Tally, code: str, how: int) -> None:
    done = _limited(project, [sys.executable, "-c", code])
    assert done.code == how
    tally.add(controls=1)


@pytest.mark.threat(2)
def test_a_file_of_exactly_the_size_is_read(project: Project, tally: Tally) -> None:
    good = "schemaVersion: 1\nprofiles: []\n"
    path = project.write(good + "#" * (CAP - len(good)))
    assert path.stat().st_size == CAP
    assert _limited(project, project.command("apply", "--yes")).code == 0
    tally.add(files_under_limits=1)

"""Faults injected for real: commands under strace, which kills or fails them at chosen system calls.

There is strace on Linux only, as there are unshare and faketime: a test that needs one of them is marked
`linux`, with the reason, and does not run elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

KILLED = {-9, 137}
is_for_linux = False
"""Whether the test that runs now is marked as one for Linux alone."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what only Linux can show; `needed` fails a test that should have said so."""
    mark = item.get_closest_marker("linux")
    global is_for_linux  # noqa: PLW0603 - of the test that runs, and there is one at a time
    is_for_linux = mark is not None
    if mark is not None and sys.platform != "linux":
        pytest.skip(f"only on Linux: {mark.args[0]}")


def needed(program: str, package: str) -> str:
    """Where a program is that there is only on Linux, for a test that is marked so."""
    about = os.environ.get("PYTEST_CURRENT_TEST", "")
    assert is_for_linux, f"{about} needs {program}: mark it with pytest.mark.linux"
    found = shutil.which(program)
    assert found, f"{about} needs {program}: apt-get install {package}"
    return found


def strace() -> str:
    """The tracer; there is none but on Linux."""
    return needed("strace", "strace")


class Call(NamedTuple):
    """One system call of a trace: its name, its how-manieth of that name in its process, and its line."""

    name: str
    number: int
    line: str
    pid: str


class Traced(NamedTuple):
    """How a traced command ended, and its log."""

    code: int
    out: str
    err: str
    log: Path

    @property
    def was_killed(self) -> bool:
        return self.code in KILLED

    @property
    def lines(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()

    @property
    def injected(self) -> list[str]:
        """The calls that were failed."""
        return [line for line in self.lines if "(INJECTED)" in line]

    def calls(self) -> Iterator[Call]:
        """Every call, counted by name as strace counts them."""
        counts: dict[tuple[str, str], int] = {}
        for line in self.lines:
            if found := re.match(r"(\d+)\s+(\w+)\(", line):
                pid, name = found.groups()
                counts[pid, name] = counts.get((pid, name), 0) + 1
                yield Call(name, counts[pid, name], line, pid)


def trace(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *options: str,
    log: Path | None = None,
    stdin: str | None = None,
) -> Traced:
    """Run a command under strace with these options, to its end."""
    log = log or folder.parent / f"{folder.name}.trace"
    # The filter makes it twice as fast, but loses signals that are to be injected.
    faster = [] if any(":signal=" in option for option in options) else ["--seccomp-bpf"]
    done = subprocess.run(
        [strace(), "-f", *faster, "-qq", "-o", str(log), *options, *command],
        cwd=folder,
        env=dict(environment),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Traced(done.returncode, done.stdout, done.stderr, log)


def points(clean: Traced, wanted: Callable[[Call], bool]) -> list[Call]:
    """The calls of an undisturbed run at which a fault is worth it."""
    return [call for call in clean.calls() if wanted(call)]

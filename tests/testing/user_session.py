"""A manager of services for one test, in namespaces of its own: a real one of systemd, or the stand-in of launchd."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from testing.paths import PROGRAMS

RUNTIME = f"/run/user/{os.getuid()}"
INSIDE = ("--mount", "--pid", "--cgroup")


class Namespace:
    """Processes, mounts and control groups of their own, with a first process that says when it is ready."""

    def __init__(self, home: Path, program: str) -> None:
        words = ["unshare", *INSIDE, "--fork", "--mount-proc", "--kill-child"]
        self._process = subprocess.Popen(
            [*words, sys.executable, str(PROGRAMS / program), str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def program(self, folder: Path, *command: object) -> tuple[str, ...]:
        """The words that run a command inside, in a folder."""
        (first,) = _children(self._process.pid)
        inside = ("nsenter", "--target", str(first), *INSIDE)
        return (*inside, "--", "env", "-C", str(folder), *map(str, command))

    def close(self) -> None:
        """End everything inside."""
        self._process.kill()
        self._process.communicate()

    def say(self, word: str) -> None:
        """Let the first process do something, and wait until it has."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        self.is_done()

    def is_done(self) -> None:
        """Wait until the first process has done what it was told."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n"


class UserSession(Namespace):
    """The session of a user who is logged in with systemd, or not."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, "user_session.py")
        self.log_in()

    def log_in(self) -> None:
        """Start the manager, with all that is enabled at login."""
        self.say("start")

    def log_out(self) -> None:
        """End the manager, and all that it started."""
        self.say("end")


class ScreenSession(Namespace):
    """The session of a user who is logged in at the screen of a Mac, as a stand-in plays it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, "launchd.py")
        self.is_done()


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

"""A real user manager of systemd for one test: with a mount table, processes and control groups of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from testing.paths import PROGRAMS

RUNTIME = f"/run/user/{os.getuid()}"


class UserSession:
    """The session of a user who is logged in, or not."""

    def __init__(self, home: Path) -> None:
        words = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--cgroup", "--kill-child"]
        self._process = subprocess.Popen(
            [*words, sys.executable, str(PROGRAMS / "user_session.py"), str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.log_in()
        (self._first,) = _children(self._process.pid)

    def log_in(self) -> None:
        """Start the manager, with all that is enabled at login."""
        self._say("start")

    def log_out(self) -> None:
        """End the manager, and all that it started."""
        self._say("end")

    def program(self, folder: Path, command: Path) -> tuple[str, ...]:
        """The words that run a command inside, in a folder."""
        inside = ("nsenter", "--target", str(self._first), "--mount", "--pid", "--cgroup")
        return (*inside, "--", "env", "-C", str(folder), str(command))

    def close(self) -> None:
        """End everything inside."""
        self._process.kill()
        self._process.communicate()

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

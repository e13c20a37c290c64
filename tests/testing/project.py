"""A project in an empty home, whose commands run in this process or as the installed one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pexpect
import pytest

from testing import in_process, json_contract
from testing.in_process import Result
from testing.paths import BIN, LIKE_DARWIN, MLXSM


@dataclass
class Project:
    """A folder and a home of its own, and the command."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (str(MLXSM),)
    installed: bool = True
    """Whether every command is a process of its own; else those for metadata run in that of the test."""

    @property
    def state_path(self) -> Path:
        return self.folder / "home/.local/state/mlxsm/state.json"

    @property
    def uses_the_apps_list(self) -> bool:
        return self.environment.get("MLXSM_STATE", "").startswith("app")

    @property
    def state(self) -> Any:
        return json.loads(self.state_path.read_text())

    def write(self, text: str, name: str = "profiles.yaml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def command(self, *arguments: str) -> list[str]:
        return [*self.program, *arguments]

    def run(self, *arguments: str, stdin: str | None = None, **environment: str) -> Result:
        """How a command ends; in the process of the test, where it could not tell and `installed` does not ask."""
        if not self.installed and in_process.can_run(arguments, self.environment | environment):
            return in_process.call(arguments, self.folder, self.environment | environment, stdin or "")
        return self.run_installed(*arguments, stdin=stdin, **environment)

    def run_installed(self, *arguments: str, stdin: str | None = None, **environment: str) -> Result:
        """How the installed command ends, in a process of its own."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment | environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        json_contract.hold(arguments, done.stdout, self.folder, done.returncode)
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """A command that goes on while the test does."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def on_terminal(self, *arguments: str, **options: Any) -> pexpect.spawn[str]:
        """A command at a terminal, to be typed to."""
        program, *words = self.command(*arguments)
        settings: dict[str, Any] = {"env": self.environment, "timeout": 120} | options
        return pexpect.spawn(program, words, cwd=str(self.folder), encoding="utf-8", **settings)

    def shell(self, line: str) -> Result:
        """Run a line as a person would type it."""
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def apply(self, text: str, *arguments: str) -> Result:
        self.write(text)
        result = self.run("apply", "--yes", *arguments)
        assert result.code == 0, result.err
        return result

    def edit_state(self, change: Callable[[Any], None]) -> None:
        """Change the state as somebody else would, behind the command's back."""
        state = self.state
        change(state)
        self.state_path.write_text(json.dumps(state))


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    """A project; the tests of the promises and of the door get the installed command alone."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", "COLUMNS": "100"}
    # By PYTHONPATH another copy of the package is tested, such as one with a planted bug.
    environment |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    found = Project(tmp_path, environment)
    of_promises = request.node.path.parent.name in ("threats", "e2e")
    found.installed = of_promises or request.node.get_closest_marker("installed") is not None
    if request.config.getoption("--like-darwin"):
        found.program, found.installed = (sys.executable, str(LIKE_DARWIN)), True
    return found

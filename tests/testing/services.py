"""What the tests of services share: a project in the session of a user, with a real manager of systemd."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testing.paths import MLXSM, STAND_IN
from testing.project import Project
from testing.servers import Servers
from testing.user_session import RUNTIME, UserSession


class Serviced(Servers):
    """A project whose commands run in the session of a user."""

    session: UserSession

    def install(self, *arguments: str, **environment: str) -> Any:
        return self.run("service", "install", "--json", *arguments, **environment).json

    def status(self, *arguments: str) -> dict[str, Any]:
        found = self.run("service", "status", "--json", *arguments).json["services"]
        return {one["name"]: one for one in found}

    def unit_path(self, name: str) -> Path:
        return (
            Path(self.environment["HOME"])
            / f".config/systemd/user/mlxsm-{self.record_path(name).stem}.service"
        )

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = self.session.program(self.folder, Path("/usr/bin/systemctl"))
        return subprocess.run(
            [*program, "--user", *words], env=self.environment, capture_output=True, text=True, check=False
        )

    def run_inside(self, *words: str) -> subprocess.CompletedProcess[str]:
        program = self.session.program(self.folder, Path(words[0]))
        return subprocess.run(
            [*program, *words[1:]], env=self.environment, capture_output=True, text=True, check=False
        )

    def left(self) -> list[str]:
        """What there is of services in the home."""
        config = Path(self.environment["HOME"]) / ".config/systemd"
        return sorted(str(path.relative_to(config)) for path in config.rglob("*") if not path.is_dir())


@pytest.fixture
def serviced(project: Project) -> Iterator[Serviced]:
    environment = project.environment | {"MLXSM_SERVER": str(STAND_IN), "XDG_RUNTIME_DIR": RUNTIME}
    session = UserSession(Path(environment["HOME"]))
    found = Serviced(project.folder, environment, session.program(project.folder, MLXSM))
    found.session = session
    yield found
    session.close()

"""A bare repository that somebody pushes profile files to, and checkouts of it, by the real git."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from testing.in_process import Result
from testing.project import Project

AUTHOR = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
AUTHOR |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1"}
MODEL = "mlx-community/Qwen3-0.6B-4bit"


def profiles(*names: str, port: int = 21801, **fields: Any) -> str:
    """A profile file with these profiles, each at a port of its own."""
    listed = [
        {"name": name, "modelID": MODEL, "host": "127.0.0.1", "port": port + place} | fields
        for place, name in enumerate(names)
    ]
    return json.dumps({"schemaVersion": 1, "collection": "fleet", "profiles": listed}, indent=1)


@dataclass
class Fleet:
    """Machines that follow one branch: each has a home, a checkout and a state of its own."""

    project: Project
    upstream: Path
    author: Path
    checkout: Path
    """That of the one machine of most tests."""
    environment: dict[str, str] = field(default_factory=dict)

    def git(self, folder: Path, *words: str, **environment: str) -> str:
        """What git prints, run as the author; it must not fail."""
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (words, done)
        return done.stdout.strip()

    def commit(self, text: str, name: str = "profiles.yaml", *options: str) -> str:
        """Commit a file as the author; what the commit is called."""
        path = self.author / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git(self.author, "add", "--force", "--", name)
        self.git(self.author, "commit", "--quiet", "-m", f"change {name}", *options)
        return self.git(self.author, "rev-parse", "HEAD")

    def push(self, text: str, name: str = "profiles.yaml", *options: str) -> str:
        """The same, and push it."""
        made = self.commit(text, name, *options)
        self.git(self.author, "push", "--quiet", "--force", "origin", "HEAD:main")
        return made

    def clone(self, place: Path) -> Path:
        """A new checkout."""
        place.parent.mkdir(parents=True, exist_ok=True)
        self.git(self.upstream, "clone", "--quiet", str(self.upstream), str(place))
        return place

    def head(self, checkout: Path | None = None) -> str:
        return self.git(checkout or self.checkout, "rev-parse", "HEAD")

    def run(self, *options: str, **environment: str) -> Result:
        """`mlxsm agent run` in the checkout."""
        return self.project.run("agent", "run", "--repo", str(self.checkout), *options, **environment)

    def told(self, *options: str, **environment: str) -> dict[str, Any]:
        """What it says with --json."""
        done = self.run("--json", *options, **environment)
        assert done.out.startswith("{"), done
        assert done.json["exit"] == done.code
        return dict(done.json)

    @property
    def ports(self) -> dict[str, int]:
        """The profiles of the machine's state."""
        entries = self.project.state["entries"] if self.project.state_path.exists() else []
        return {one["profile"]["name"]: one["profile"]["port"] for one in entries}

    @property
    def folder(self) -> Path:
        """Where the agent keeps its own."""
        return self.project.state_path.parent / "agent"


@pytest.fixture
def fleet(project: Project) -> Fleet:
    environment = project.environment | AUTHOR
    project.environment["GIT_CONFIG_NOSYSTEM"] = "1"
    upstream, author = project.folder / "upstream.git", project.folder / "author"
    found = Fleet(project, upstream, author, project.folder / "checkout", environment)
    found.git(project.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(upstream))
    found.clone(author)
    found.push(profiles("One"))
    found.clone(found.checkout)
    return found

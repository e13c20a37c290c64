"""Every kind of write to a state or a profile file, as scenes that can be set again and again.

A scene is a folder with a home, in which one command is about to write. What it is about to change is
told by `seen`: the value before, or the value after, and nothing between.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

from mlxsm_sync.mac_app.list_store import AppStore
from mlxsm_sync.state.state_file import StateFile
from testing.ledger import THOROUGH
from testing.project import Project
from testing.tracing import Call, Traced, points, trace

CALLS = (
    "openat,flock,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,close,"
    "fchmod,mkdir,mkdirat,ftruncate"
)
"""What a write is made of."""
APP = "app:models.json"
ONE = "{name: A, modelID: m/a, host: 127.0.0.1, port: %d}"
DOCUMENT = {
    "schemaVersion": 1,
    "app": "MLXServerManager",
    "exportedAt": "2026-06-16T00:00:00Z",
    "profiles": [{"name": "B", "modelID": "m/b", "host": "127.0.0.1", "port": 9}],
}


class Seen(NamedTuple):
    """What a scene is about."""

    state: tuple[tuple[object, ...], ...]
    """Each entry: name, port, owner, applied."""
    file: bytes
    """The profile file."""


class Scene:
    """A folder in which one command is about to write."""

    def __init__(self, name: str, project: Project, words: Sequence[str]) -> None:
        self.name = name
        self.project = project
        # How many calls it takes to look for the app changes with what else runs.
        quiet = ["--while-app-runs"] if project.uses_the_apps_list and words[0] != "pull" else []
        self.words = [*words, *quiet]
        self._kept = project.folder.parent / f"{project.folder.name}.kept"
        shutil.copytree(project.folder, self._kept, symlinks=True)
        self.before = self.seen()
        self.project.run(*self.words)  # what Python compiles is compiled from here on
        self.set()
        self.clean = self.run("-y", "-e", f"trace={CALLS}")
        assert self.clean.code == 0, self.clean.err
        self.after = self.seen()
        assert self.after != self.before, "the scene changes nothing"
        self.told = (self.clean.out + self.clean.err).rstrip().rpartition("\n")[2]
        """The last line, which says that it was done."""
        self.points = points(self.clean, self.is_ours)
        self.set()

    def set(self) -> None:
        """Put everything back as it was before the command."""
        shutil.rmtree(self.project.folder)
        shutil.copytree(self._kept, self.project.folder, symlinks=True)

    def run(self, *options: str) -> Traced:
        """The command under strace."""
        return trace(
            self.project.command(*self.words), self.project.folder, self.project.environment, *options
        )

    def run_with(self, call: Call, fault: str) -> Traced:
        """The command, disturbed at one of its calls."""
        return self.run("-e", f"trace={call.name}", "-e", f"inject={call.name}:{fault}:when={call.number}")

    def is_ours(self, call: Call) -> bool:
        """Whether a call touches what belongs to the scene, or the output; not what Python loads."""
        names = re.sub(r"AT_FDCWD<[^>]*>", "", call.line)
        return str(self.project.folder) + "/" in names or re.search(r"\bwrite\([12]<", names) is not None

    def seen(self) -> Seen:
        """What is there now; it fails where anything is torn."""
        project = self.project
        if project.uses_the_apps_list:
            store: AppStore | StateFile = AppStore(project.folder / "models.json", project.state_path.parent)
        else:
            store = StateFile(project.state_path)
        entries = store.read().entries
        for one in store.earlier():
            assert one.state is not None
        told = tuple(
            (one.name, one.profile.port, one.owner, json.dumps(one.applied, sort_keys=True))
            for one in entries
        )
        return Seen(told, (project.folder / "profiles.yaml").read_bytes())

    def is_between(self, now: Seen) -> bool:
        """Whether it is the old or the new, whole; a file that is pulled comes before its record."""
        return now in (self.before, self.after) or now == Seen(self.before.state, self.after.file)

    def tree(self) -> frozenset[tuple[str, bytes]]:
        """All that the next command finds; what is random or of one process is left out."""
        found = set()
        for path in self.project.folder.rglob("*"):
            name = re.sub(r"\.[0-9]+\.[0-9a-f]{12}\.tmp$", ".tmp", str(path.relative_to(self.project.folder)))
            data = path.read_bytes() if path.is_file() and not name.endswith(".lock") else b""
            found.add((name, re.sub(rb'"at": "[^"]*"|"id": "[^"]*"|"lineage": "[^"]*"', b"", data)))
        return frozenset(found)

    def left_over(self) -> list[str]:
        """Temporary files that nobody needs any more."""
        return [path.name for path in self.project.folder.rglob(".*.tmp")]


def _applied(project: Project) -> None:
    project.apply(f"schemaVersion: 1\nprofiles:\n- {ONE % 1}\n")


def _to_be_applied(project: Project) -> Sequence[str]:
    _applied(project)
    project.write(f"schemaVersion: 1\nprofiles:\n- {ONE % 2}\n")
    return ["apply", "--yes"]


def _first(project: Project) -> Sequence[str]:
    project.write(f"schemaVersion: 1\nprofiles:\n- {ONE % 2}\n")
    return ["apply", "--yes"]


def _to_be_imported(project: Project) -> Sequence[str]:
    _applied(project)
    project.write(json.dumps(DOCUMENT), "document.json")
    return ["import", "document.json", "--yes"]


def _to_be_rolled_back(project: Project) -> Sequence[str]:
    assert project.run(*_to_be_applied(project)).code == 0
    return ["rollback", "1", "--yes"]


def _to_be_pulled(project: Project) -> Sequence[str]:
    _applied(project)
    if project.uses_the_apps_list:
        path = project.folder / "models.json"
        path.write_text(path.read_text().replace('"serverPort" : 1', '"serverPort" : 3'))
    else:
        project.edit_state(lambda state: state["entries"][0]["profile"].update(port=3))
    return ["pull", "--all", "--yes"]


MAKERS: dict[str, Callable[[Project], Sequence[str]]] = {
    "first": _first,
    "apply": _to_be_applied,
    "import": _to_be_imported,
    "rollback": _to_be_rolled_back,
    "pull": _to_be_pulled,
}
SCENES = [f"{kind} {state}" for state in ("state", "app") for kind in MAKERS]
if not THOROUGH:
    # They write as `apply app` does.
    SCENES = [name for name in SCENES if name not in ("first app", "import app", "rollback app")]


@pytest.fixture
def scene(project: Project, no_app: None, request: pytest.FixtureRequest) -> Scene:  # noqa: ARG001 - waits until none runs
    """One of the scenes by name; the tests are parametrised with them."""
    kind, state = request.param.split()
    if state == "app":
        project.environment["MLXSM_STATE"] = APP
    folder = project.folder / "work"
    folder.mkdir()
    (project.folder / "home").rename(folder / "home")
    work = Project(folder, project.environment | {"HOME": str(folder / "home")})
    words = MAKERS[kind](work)
    return Scene(request.param, work, words)

"""A name is never a path: what is made on the disk is named by ids, below the folder of the state."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from testing.fake_secrets.places import file_of
from testing.ledger import Tally
from testing.project import Project
from testing.servers import Servers
from testing.tracing import Traced, trace

NAMES = [
    "../x",
    "/etc/x",
    "..",
    ".",
    "CON",
    "n" * 120,
    "-rf",
    "--help",
    ".hidden",
    "$HOME",
    "*",
    "~root",
    "a/../../b",
]
NAMES += [
    "%2e%2e%2fx",
    "C:\\x",
    "x;touch y",
    "$(touch y)",
    "`touch y`",
    "nul.json",
    "state.json",
    "history",
    "| y",
]
OTHERS = [f"{name}+"[-120:] for name in NAMES]
_MAKING = {"mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"}
_MAKING |= {"symlink", "symlinkat", "truncate", "chmod", "fchmodat", "mknod", "mknodat", "rmdir", "creat"}
_OPEN_TO_WRITE = re.compile(r"O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


def profiles(port: int, names: list[str] = NAMES) -> str:
    return file_of(
        [
            {"name": name, "modelID": f"m/{n}", "host": "127.0.0.1", "port": port + n}
            for n, name in enumerate(names)
        ]
    )


def written(traced: Traced) -> list[str]:
    """Every path that was made, changed or taken away."""
    found = []
    for call in traced.calls():
        making = call.name in _MAKING or (call.name.startswith("open") and _OPEN_TO_WRITE.search(call.line))
        if making and " = -1 " not in call.line:
            found += _QUOTED.findall(call.line.partition("(")[2].rpartition(") =")[0])
    return found


def assert_only_below(traced: Traced, allowed: list[Path], names: list[str]) -> int:
    """Everything that was written is in these places, and no path of any call is made of a name."""
    made = [path for path in written(traced) if path != "/dev/null"]
    assert made, "nothing was written at all"
    for path in made:
        assert any(Path(path).is_relative_to(place) for place in allowed), path
        assert ".." not in Path(path).parts
    paths = {path for line in traced.lines if "execve(" not in line for path in _QUOTED.findall(line)}
    steps = {step for path in paths for step in Path(path).parts[1:]}
    odd = {name for name in names if name not in ("..", ".", "state.json", "history")}
    assert not odd & (paths | steps)
    assert not [path for path in paths for name in odd if len(name) > 3 and name in path]
    return len(made)


@pytest.mark.threat(13)
@pytest.mark.linux("a trace by strace")
@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize("state", ["state.json", "app"])
def test_no_name_becomes_a_path(project: Project, state: str, tally: Tally) -> None:
    allowed: list[Path] = [project.state_path.parent]
    extra: list[str] = []
    project.state_path.parent.parent.mkdir(parents=True)
    if state == "app":
        project.environment["MLXSM_STATE"] = "app:list/models.json"
        (project.folder / "list").mkdir()
        allowed, extra = [*allowed, project.folder / "list"], ["--while-app-runs"]
    document = {
        "app": "x",
        "schemaVersion": 1,
        "profiles": json.loads(profiles(3000, OTHERS))["profiles"],
    }
    for one in document["profiles"]:
        one["modelID"] += "d"
    project.write(json.dumps(document), "document.json")
    project.write(profiles(2000))
    steps = [["apply"], ["import", "document.json"], ["apply"], ["remove", "--", *NAMES[:-1]], ["rollback"]]
    for number, step in enumerate(steps):
        if number == 2:
            project.write(profiles(4000))
        head = [step[0], "--yes", *extra, *step[1:]]
        traced = trace(project.command(*head), project.folder, project.environment, "-e", "trace=%file")
        assert traced.code == 0, traced.err
        made = assert_only_below(traced, allowed, [*NAMES, *OTHERS])
        tally.add(names=2 * len(NAMES), paths=made)


@pytest.mark.threat(13)
@pytest.mark.linux("a trace by strace")
def test_no_name_becomes_the_path_of_a_record_or_log(servers: Servers, tally: Tally) -> None:
    names = [name for name in NAMES if name not in (".", "..", "state.json", "history")][:3]
    ports = servers.declare(**dict.fromkeys(names, "test/load-0"))
    assert len(ports) == len(names)
    allowed = [servers.state_path.parent, Path(servers.environment["HOME"]) / ".cache"]
    for command in (["up", "--", *names], ["ps"], ["logs", "--", *names], ["down", "--", *names]):
        traced = trace(
            servers.command(*command),
            servers.folder,
            servers.environment,
            "-e",
            "trace=%file",
            "-b",
            "execve",
        )
        assert traced.code == 0, (command, traced.out, traced.err)
        if command[0] in ("up", "down"):
            tally.add(names=len(names), paths=assert_only_below(traced, allowed, names))

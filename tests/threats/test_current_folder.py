"""Nothing of the current folder is run or read but the files that a command names; a file's text stays text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from testing.ledger import Tally
from testing.metadata_commands import STORY, prepare
from testing.paths import BIN
from testing.project import Project
from testing.servers import Servers

MODULES = (
    "sitecustomize",
    "usercustomize",
    "yaml",
    "click",
    "json",
    "pydantic_core",
    "psutil",
    "socket",
    "mlx_lm",
)
SETTINGS = {
    ".env": "MLXSM_STATE=evil.json\nMLXSM_FILE=evil.yaml\nPYTHONPATH=.\n",
    "pyproject.toml": "[tool.mlxsm]\nfile = 'evil.yaml'\nstate = 'evil.json'\n",
    "setup.cfg": "[mlxsm]\nfile = evil.yaml\n",
    ".mlxsm.yaml": "file: evil.yaml\nstate: evil.json\n",
    "mlxsm.toml": "file = 'evil.yaml'\n",
    "evil.yaml": "schemaVersion: 1\nprofiles: [{name: Evil, modelID: m/evil, host: h, port: 6}]\n",
}
TRAP = "import os\nopen(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'SPRUNG'), 'a').write(__name__)\n"


def set_traps(folder: Path) -> None:
    """Everything that a careless program would run or obey, only because it lies there."""
    package = folder / "mlxsm_sync"
    package.mkdir()
    for path in (
        *(folder / f"{name}.py" for name in MODULES),
        package / "__init__.py",
        package / "__main__.py",
    ):
        path.write_text(TRAP)
    for name in ("mlx_lm.server", "mlxsm", "sh", "env"):
        program = folder / name
        program.write_text('#!/bin/sh\necho "$0" >>"$(dirname "$0")/SPRUNG"\n')
        program.chmod(0o755)
    for name, text in SETTINGS.items():
        (folder / name).write_text(text)


def assert_not_sprung(folder: Path) -> None:
    assert [*folder.rglob("SPRUNG")] == []
    assert not (folder / "evil.json").exists()


@pytest.mark.threat(35)
@pytest.mark.usefixtures("no_app")
def test_no_metadata_command_runs_what_lies_in_the_current_folder(project: Project, tally: Tally) -> None:
    set_traps(project.folder)
    prepare(project)
    for step in STORY:
        result = project.run(*step.words)
        assert result.code == step.code, (step, result)
        assert "Evil" not in result.out + result.err
        assert_not_sprung(project.folder)
        tally.add(commands=1, traps=len(MODULES) + len(SETTINGS) + 6)
    assert "Evil" not in project.state_path.read_text()


@pytest.mark.threat(35)
def test_no_runtime_command_runs_what_lies_in_the_current_folder(servers: Servers, tally: Tally) -> None:
    set_traps(servers.folder)
    servers.declare(A="test/load-0")
    for words, code in (
        (["doctor"], 0),
        (["up", "--dry-run"], 0),
        (["up"], 0),
        (["ps"], 0),
        (["logs", "A"], 0),
        (["restart", "A"], 0),
        (["adopt", "A"], 1),
        (["forget", "A"], 64),
        (["down"], 0),
    ):
        result = servers.run(*words)
        assert result.code == code, (words, result)
        assert_not_sprung(servers.folder)
        tally.add(commands=1, traps=len(MODULES) + len(SETTINGS) + 6)
    without = {name: value for name, value in servers.environment.items() if name != "MLXSM_SERVER"}
    servers.environment = without | {"PATH": "/usr/bin:/bin"}
    # The program beside our own is found without PATH; the one of this folder never is.
    assert servers.run("up", "--dry-run").out.startswith(f"{BIN}/mlx_lm.server --model=test/load-0 ")
    assert_not_sprung(servers.folder)
    servers.environment |= {"MLXSM_SERVER": "sh-of-nobody"}
    assert "there is no server program sh-of-nobody" in servers.run("up").out
    assert_not_sprung(servers.folder)


@pytest.mark.threat(35)
def test_python_dash_m_is_as_safe_with_dash_p(project: Project, tally: Tally) -> None:
    set_traps(project.folder)
    prepare(project)

    def python(*options: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, *options, "-m", "mlxsm_sync", "plan"]
        return subprocess.run(
            words, cwd=project.folder, env=project.environment, capture_output=True, text=True, check=False
        )

    safe = python("-P")
    assert (safe.returncode, "Plan: 2 to create" in safe.stdout) == (0, True), safe
    assert_not_sprung(project.folder)
    # Without it, Python itself looks into the current folder first: the traps do work.
    python()
    assert [*project.folder.rglob("SPRUNG")] != []
    tally.add(commands=2)


TEXTS = [
    "${HOME}",
    "$HOME",
    "$(touch SPRUNG)",
    "`touch SPRUNG`",
    "~",
    "~root/x",
    "{{ env.HOME }}",
    "%(HOME)s",
    "@profiles.yaml",
]
TEXTS += [
    "include: evil.yaml",
    "!include evil.yaml",
    "file:///etc/passwd",
    "; touch SPRUNG",
    "| touch SPRUNG",
    "%HOME%",
]


@pytest.mark.threat(35)
@pytest.mark.parametrize("kind", ["profile file", "document"])
def test_what_other_tools_would_expand_stays_text(project: Project, kind: str, tally: Tally) -> None:
    profiles = [
        {
            "name": f"{text} {number}",
            "modelID": f"m/{text}" if kind == "document" else "m/a",
            "host": "127.0.0.1",
            "port": 2000 + number,
            "advancedLaunchOptions": {"chatTemplateArgs": {"a": text}},
        }
        # A document has no notes; a profile file with such a model or origin is refused.
        | ({} if kind == "document" else {"notes": text})
        for number, text in enumerate(TEXTS)
    ]
    if kind == "document":
        project.write(json.dumps({"app": "x", "schemaVersion": 1, "profiles": profiles}), "document.json")
        result = project.run("import", "document.json", "--yes", "--allow-local-paths")
    else:
        project.write(json.dumps({"schemaVersion": 1, "profiles": profiles}))
        result = project.run("apply", "--yes")
    assert result.code == 0, result.out
    kept = [entry["profile"] for entry in project.run("list", "--json").json["entries"]]
    for entry, written in zip(kept, profiles, strict=True):
        options = entry["advancedLaunchOptions"]
        told = {key: options[key] for key in written["advancedLaunchOptions"]}
        assert [entry["name"], entry["modelID"], entry["notes"], told] == [
            written["name"],
            written["modelID"],
            written.get("notes"),
            written["advancedLaunchOptions"],
        ]
        tally.add(texts=3)
    assert not (project.folder / "SPRUNG").exists()


@pytest.mark.threat(35)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("!include evil.yaml", "1:1"),
        ("schemaVersion: 1\nprofiles: !include evil.yaml\n", "2:11"),
        ("schemaVersion: 1\ninclude: evil.yaml\nprofiles: []\n", "2:1"),
        ("schemaVersion: 1\nincludes: [evil.yaml]\nprofiles: []\n", "2:1"),
        ("schemaVersion: 1\nextends: evil.yaml\nprofiles: []\n", "2:1"),
        ("schemaVersion: 1\nprofiles:\n- include: evil.yaml\n", "3:3"),
        ("schemaVersion: 1\nprofiles:\n- !!python/object/apply:os.system ['touch SPRUNG']\n", "3:3"),
        ("schemaVersion: 1\n$ref: evil.yaml\nprofiles: []\n", "2:1"),
    ],
)
def test_no_file_brings_another_one_in(project: Project, text: str, told: str, tally: Tally) -> None:
    set_traps(project.folder)
    project.write(text)
    result = project.run("apply", "--yes")
    assert result.code == 1
    assert f"profiles.yaml:{told}: " in result.err
    assert "Evil" not in result.out + result.err
    assert_not_sprung(project.folder)
    assert not project.state_path.exists()
    tally.add(texts=1)

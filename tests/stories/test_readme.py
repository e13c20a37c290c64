"""Every command block of the README, run as it stands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testing.paths import REPOSITORY
from testing.ports import new_port
from testing.processes import processes_of
from testing.project import Project
from testing.servers import Servers

README = (REPOSITORY / "README.md").read_text()


def block(mark: str) -> str:
    """The code block after an HTML comment."""
    found = re.search(rf"<!-- {mark} -->\n```bash\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1].strip()


def consoles() -> list[tuple[str, str]]:
    """Each command that the README shows, with its output."""
    shown = re.findall(r"```console\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
    assert len(shown) == 2
    return shown


def profiles_yaml() -> str:
    found = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_the_first_plan_is_what_the_example_gives(project: Project) -> None:
    shutil.copy(REPOSITORY / "profiles.example.yaml", project.folder)
    command, shown = consoles()[0]
    told = project.run(*shlex.split(command)[1:]).out
    assert told.startswith(shown.rstrip("\n"))


def test_the_profiles_yaml_is_short_and_the_conflict_is_as_shown(project: Project) -> None:
    assert len(profiles_yaml().splitlines()) == 12
    project.apply(profiles_yaml())
    project.write(
        "schemaVersion: 1\ncollection: team\nprofiles:\n"
        "- {name: Qwen3 4B, modelID: mlx-community/Qwen3-4B-4bit, host: 127.0.0.1, port: 9090}\n",
        "team.yaml",
    )
    command, shown = consoles()[1]
    told = project.run(*command.split()[1:])
    assert told.out == shown


def test_the_remedies_that_the_readme_shows_work(project: Project) -> None:
    project.apply(profiles_yaml())
    project.write(
        "schemaVersion: 1\ncollection: team\nprofiles:\n"
        "- {name: Qwen3 4B, modelID: mlx-community/Qwen3-4B-4bit, host: 127.0.0.1, port: 9090}\n",
        "team.yaml",
    )
    for remedy in re.findall(r"^      [23]\. .*: (mlxsm .*)$", consoles()[1][1], re.MULTILINE):
        done = project.shell(f"{remedy} --yes")
        assert done.code == 0, done.err
        assert project.run("rollback", "--yes").code == 0


def test_every_command_that_the_readme_names_exists(project: Project) -> None:
    for command in set(re.findall(r"`mlxsm (\w+)", README)):
        assert project.run(command, "--help").code == 0


@pytest.mark.slow
def test_the_quick_tour_works_with_the_real_server(servers: Servers, model: Path) -> None:
    """The README's file and commands as they stand, but for the models, which cannot be downloaded here."""
    text = re.sub(r"modelID: \S+", f"modelID: {model}", profiles_yaml())
    tour = block("tour")
    for port in ("8080", "8081"):
        new = str(new_port())
        text, tour = text.replace(port, new), tour.replace(port, new)
    servers.write(text)
    servers.environment |= {"HF_HUB_OFFLINE": "1"}
    del servers.environment["MLXSM_SERVER"]
    assert "mlxsm down" in tour
    done = servers.shell(f"set -eu\n{tour}")
    assert done.code == 0, done.out + done.err
    assert '{"object": "list", "data": [{"id": "' in done.out
    assert "+ Qwen3 4B: started at http://127.0.0.1:" in done.out
    assert re.search(r"^Qwen3 Coder +ready ", done.out, re.MULTILINE)
    assert 'GET /v1/models HTTP/1.1" 200' in done.out
    assert "- Qwen3 4B: stopped" in done.out
    assert processes_of(servers.environment["HOME"]) == []


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (REPOSITORY / target).exists(), target


@pytest.mark.slow
def test_the_first_command_sets_everything_up(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    for name in filter(None, names):
        if (REPOSITORY / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, clone / name)
    environment = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "http"))
    }
    done = subprocess.run(
        ["/bin/bash", "-c", block("try")],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Applied: 3 created." in done.stdout
    assert done.stdout.rstrip().splitlines()[-1] != ""
    assert "Plan: nothing to do (3 unchanged, 1 for other machines)" in done.stdout


def test_ci_runs_the_readmes_test_command() -> None:
    assert "tests/check" in block("tests")
    assert "<!-- tests -->" in (REPOSITORY / ".ci/run").read_text()

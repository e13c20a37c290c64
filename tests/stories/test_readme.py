"""Every command block of the README, run as it stands."""

from __future__ import annotations

import os
import re
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


def profiles_yaml() -> str:
    found = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_the_profiles_yaml_is_short_and_plain(project: Project) -> None:
    assert len(profiles_yaml().splitlines()) == 12
    project.apply(profiles_yaml())
    assert project.run("plan").out.startswith("Plan: nothing to do (2 unchanged)")


def test_the_pictures_are_there_for_light_and_dark() -> None:
    names = re.findall(r"docs/pictures/([a-z]+)-(dark|light)\.svg", README)
    assert sorted(names) == [(name, theme) for name in ("fit", "plan") for theme in ("dark", "light")]


def test_every_command_that_the_readme_names_exists(project: Project) -> None:
    named = set(re.findall(r"`mlxsm (\w+)", README))
    for row in re.findall(r"^\| (`.*?) \|", README, re.MULTILINE):
        named |= {one.split()[0] for one in re.findall(r"`([^`]+)`", row)}
    assert named >= {"plan", "apply", "up", "service", "connect"}
    for command in named:
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
    assert re.search(r"^Qwen3 4B +ready ", done.out, re.MULTILINE)
    assert re.search(r"^Qwen3 Coder +stopped ", done.out, re.MULTILINE)
    assert 'GET /v1/models HTTP/1.1" 200' in done.out
    assert 'POST /v1/chat/completions HTTP/1.1" 200' in done.out
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
    assert "Plan: nothing to do (3 unchanged, 2 for other machines)" in done.stdout


def test_ci_runs_the_readmes_test_command() -> None:
    assert "tests/check" in block("tests")
    assert "<!-- tests -->" in (REPOSITORY / ".ci/run").read_text()

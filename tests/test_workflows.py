"""The workflows of GitHub Actions, judged by zizmor: pinned actions, few permissions, no injected text."""

from __future__ import annotations

import subprocess

import pytest

from testing.paths import BIN, REPOSITORY


def judged(folder: str) -> subprocess.CompletedProcess[str]:
    words = [str(BIN / "zizmor"), "--offline", "--no-progress", "--no-config", folder]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_workflows_are_without_findings() -> None:
    done = judged(str(REPOSITORY / ".github"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_careless_workflow_would_be_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("careless") / ".github/workflows"
    folder.mkdir(parents=True)
    steps = "    steps: [{uses: a/b@main}, {run: 'echo ${{ github.event.issue.title }}'}]\n"
    (folder / "x.yml").write_text(f"on: issues\njobs:\n  x:\n    runs-on: ubuntu-latest\n{steps}")
    assert judged(str(folder)).returncode != 0

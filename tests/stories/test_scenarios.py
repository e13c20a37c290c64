"""Stories: a folder of files, commands, their exact output, and the state after.

`pytest tests/stories --update` writes what the commands print now; the diff is to be read.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from testing.project import Project

pytestmark = pytest.mark.installed

STORIES = Path(__file__).parent / "scenarios"
PROMPT = "$ "


@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize("story", sorted(p.name for p in STORIES.iterdir() if (p / "story.txt").exists()))
def test_story(story: str, project: Project, request: pytest.FixtureRequest) -> None:
    folder = STORIES / story
    shutil.copytree(folder, project.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*expected*"))
    project.environment["PATH"] = f"{STORIES / 'bin'}:{project.environment['PATH']}"
    told = (folder / "story.txt").read_text()
    head = told[: told.index(PROMPT)]
    commands = [line[len(PROMPT) :] for line in told.splitlines() if line.startswith(PROMPT)]
    happened = head + "".join(f"{PROMPT}{command}\n{_run(project, command)}\n" for command in commands)
    happened = happened.rstrip("\n") + "\n"
    after = _state(project)
    if request.config.getoption("--update"):
        (folder / "story.txt").write_text(happened)
        (folder / "state.expected.json").write_text(after)
    assert happened == told
    assert after == (folder / "state.expected.json").read_text()


def _run(project: Project, command: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    code = f"[exit {done.returncode}]\n" if done.returncode else ""
    return _timeless(done.stdout, project) + code


def _timeless(text: str, project: Project) -> str:
    text = text.replace(str(project.folder), "WORK")
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?", "TIME", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "LINEAGE", text)
    return re.sub(r"sha256:[0-9a-f]{64}", "sha256:DIGEST", text)


def _state(project: Project) -> str:
    if not project.state_path.exists():
        return "none\n"
    text = project.state_path.read_text()
    for number, entry in enumerate(json.loads(text)["entries"], start=1):
        text = text.replace(entry["id"], f"id-{number}")
    return _timeless(text, project)

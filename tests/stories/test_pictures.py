"""The pictures of the documentation: drawn from what the commands print now. `--update` draws them anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.models import put_into_cache
from testing.paths import MLXSM, REPOSITORY
from testing.pictures import THEMES, shown, svg
from testing.project import Project

PICTURES = REPOSITORY / "docs/pictures"
COLUMNS = 84
BEFORE = """\
schemaVersion: 1
collection: team
defaults: {host: 127.0.0.1}
profiles:
  - name: Qwen3 4B
    modelID: mlx-community/Qwen3-4B-4bit
    port: 8080
  - name: Gemma
    modelID: mlx-community/gemma-3-12b-it-4bit
    port: 8081
"""
AFTER = """\
schemaVersion: 1
collection: team
defaults: {host: 127.0.0.1}
profiles:
  - name: Qwen3 4B
    modelID: mlx-community/Qwen3-4B-4bit
    port: 8080
    advancedLaunchOptions: {defaultTemperature: 0.2}
  - name: Coder
    modelID: mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit
    port: 8082
    context: 65536
    advancedLaunchOptions: {promptCacheBytes: 4000000000}
  - name: Gemma
    modelID: mlx-community/gemma-3-12b-it-4bit
    port: 8081
"""


def plan(project: Project) -> list[str]:
    project.write(BEFORE)
    assert project.run("apply", "--yes").code == 0
    project.write(AFTER)
    return ["plan"]


def fit(project: Project) -> list[str]:
    project.write(AFTER)
    assert project.run("apply", "--yes").code == 0
    put_into_cache(Path(project.environment["HOME"]))
    return ["fit", "--memory", "48GB"]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("scene", [plan, fit])
def test_a_picture_is_what_the_command_prints(
    project: Project, request: pytest.FixtureRequest, scene: Callable[[Project], list[str]], theme: str
) -> None:
    words = scene(project)
    out = shown([str(MLXSM), *words], project.folder, project.environment, COLUMNS)
    drawn = svg(f"$ \x1b[1mmlxsm {' '.join(words)}\x1b[0m\n{out}", COLUMNS, theme)
    path = PICTURES / f"{scene.__name__}-{theme}.svg"
    if request.config.getoption("--update"):
        path.write_text(drawn)
    assert path.read_text() == drawn


@pytest.mark.parametrize("path", sorted(PICTURES.glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_fetches_nothing(path: Path) -> None:
    text = path.read_text()
    assert "@font-face" not in text
    assert not re.findall(r"https?://(?!www\.w3\.org/)", text)

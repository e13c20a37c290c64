"""The pictures of the documentation: drawn from what the commands print now. `--update` draws them anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from testing.models import model_folder
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
MODELS = {
    "Qwen3-4B-4bit": (
        2_263_030_784,
        {
            "model_type": "qwen3",
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "hidden_size": 2560,
            "max_position_embeddings": 40960,
        },
    ),
    "Qwen3-Coder-30B-A3B-Instruct-4bit": (
        17_181_093_888,
        {
            "model_type": "qwen3_moe",
            "num_hidden_layers": 48,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
            "head_dim": 128,
            "hidden_size": 2048,
            "max_position_embeddings": 262144,
        },
    ),
    "gemma-3-12b-it-4bit": (
        8_068_000_000,
        {
            "model_type": "gemma3_text",
            "num_hidden_layers": 48,
            "num_attention_heads": 16,
            "num_key_value_heads": 8,
            "head_dim": 256,
            "hidden_size": 3840,
            "sliding_window": 1024,
            "sliding_window_pattern": 6,
            "max_position_embeddings": 131072,
        },
    ),
}
"""As large as the models of these names; of the weights there is only the header, over a hole in the file."""


def plan(project: Project) -> list[str]:
    project.write(BEFORE)
    assert project.run("apply", "--yes").code == 0
    project.write(AFTER)
    return ["plan"]


def fit(project: Project) -> list[str]:
    project.write(AFTER)
    assert project.run("apply", "--yes").code == 0
    hub = Path(project.environment["HOME"]) / ".cache/huggingface/hub"
    for name, (weights, config) in MODELS.items():
        repository = hub / f"models--mlx-community--{name}"
        model_folder(repository / "snapshots/0123", weights, config)
        (repository / "refs").mkdir()
        (repository / "refs/main").write_text("0123")
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

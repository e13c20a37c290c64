"""The packages as people install them: what is in them, and that each way of installing leads to the command."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from testing.paths import BIN, REPOSITORY

pytestmark = pytest.mark.slow

SHARED = {
    "share/man/man1/mlxsm.1",
    "share/bash-completion/completions/mlxsm",
    "share/zsh/site-functions/_mlxsm",
    "share/fish/vendor_completions.d/mlxsm.fish",
}
"""What a shell and `man` look for below a prefix."""


def call(*words: object, folder: Path, **environment: str) -> str:
    """What a program says; its home is in the folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("LANG", "PATH") or name.startswith(("PIP_", "UV_", "SSL_", "REQUESTS_", "http"))
    }
    done = subprocess.run(
        [*map(str, words)],
        cwd=folder,
        env=kept | {"HOME": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution of this tree, and the wheel that is made of it."""
    folder = tmp_path_factory.mktemp("built")
    # Without isolation: the build backend is in the extra that brings the tests.
    call(sys.executable, "-m", "build", "--no-isolation", "-o", folder, REPOSITORY, folder=folder)
    (source,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return source, wheel


def names_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_index_takes_them(built: tuple[Path, Path], tmp_path: Path) -> None:
    told = call(sys.executable, "-m", "twine", "check", "--strict", *built, folder=tmp_path)
    assert told.count("PASSED") == 2


def test_the_wheel_of_the_source_is_the_wheel_of_the_tree(built: tuple[Path, Path], tmp_path: Path) -> None:
    """Nothing that a build needs is left out, and nothing comes in that lies about."""
    call(sys.executable, "-m", "build", "--no-isolation", "-w", "-o", tmp_path, REPOSITORY, folder=tmp_path)
    (other,) = tmp_path.glob("*.whl")
    names = names_of(built[1])
    assert names == names_of(other)
    data = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert data == SHARED
    package = {name for name in names if name.startswith("mlxsm_sync/")}
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "mlxsm_sync"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert package == {name for name in tracked if (REPOSITORY / name).exists()}


def test_the_source_has_what_a_build_and_a_test_need(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "docs/mlxsm.1",
        "tests/conftest.py",
        "tests/check",
    } <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".whl")]


def test_pip_installs_the_command_with_its_page_and_completions(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    place = tmp_path / "venv"
    venv.create(place, with_pip=True)
    call(place / "bin/pip", "install", "-q", built[1], folder=tmp_path)
    assert call(place / "bin/mlxsm", "--version", folder=tmp_path).startswith("mlxsm ")
    assert '"$id": "urn:mlxsm:schema:profiles:1"' in call(place / "bin/mlxsm", "schema", folder=tmp_path)
    call(place / "bin/mlxsm", "report", "-o", "fleet.html", folder=tmp_path)  # by a template that is no code
    assert "</html>" in (tmp_path / "fleet.html").read_text()
    for name in SHARED:
        assert (place / name).stat().st_size > 500, name
    for shell, name in (
        ("bash", "share/bash-completion/completions/mlxsm"),
        ("zsh", "share/zsh/site-functions/_mlxsm"),
    ):
        assert call(place / "bin/mlxsm", "completion", shell, folder=tmp_path) == (place / name).read_text()


def test_uv_and_pipx_install_the_command(built: tuple[Path, Path], tmp_path: Path) -> None:
    uv = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    call(BIN / "uv", "tool", "install", "-q", "--python", sys.executable, built[1], folder=tmp_path, **uv)
    assert call(tmp_path / "bin/mlxsm", "--version", folder=tmp_path).startswith("mlxsm ")
    pipx = {
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_BIN_DIR": str(tmp_path / "pipx-bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
    }
    call(sys.executable, "-m", "pipx", "install", built[1], folder=tmp_path, **pipx)
    assert call(tmp_path / "pipx-bin/mlxsm", "--version", folder=tmp_path).startswith("mlxsm ")
    assert (tmp_path / "man/man1/mlxsm.1").exists()


def test_uvx_runs_it_and_installs_nothing(built: tuple[Path, Path], tmp_path: Path) -> None:
    words = ("tool", "run", "-q", "--python", sys.executable, "--from", built[1], "mlxsm", "--version")
    assert call(BIN / "uv", *words, folder=tmp_path).startswith("mlxsm ")
    assert not (tmp_path / ".local/bin").exists()


HOMEBREW = REPOSITORY / "docs/recipes/homebrew"


def libraries(name: str, found: set[str]) -> set[str]:
    """All that an installed package needs on this system, by normal names."""
    for line in metadata.requires(name) or ():
        one = Requirement(line)
        wanted = one.marker is None or one.marker.evaluate({"extra": ""})
        if wanted and (normal := canonicalize_name(one.name)) not in found:
            found.add(normal)
            libraries(one.name, found)
    return found


def test_the_formula_is_what_its_lock_says(tmp_path: Path) -> None:
    """Every library that an installed mlxsm needs is a resource, by the hash of its source."""
    call(sys.executable, HOMEBREW / "formula.py", "--check", folder=tmp_path)
    text = (HOMEBREW / "mlxsm.rb").read_text()
    resources = set(re.findall(r'^  resource "([^"]+)" do$', text, re.MULTILINE))
    assert libraries("mlxsm", set()) <= resources
    assert len(re.findall(r'^    sha256 "[0-9a-f]{64}"$', text, re.MULTILINE)) == len(resources)
    ruby = shutil.which("ruby")
    assert ruby is not None, "install ruby, which reads formulas"
    assert call(ruby, "-c", HOMEBREW / "mlxsm.rb", folder=tmp_path) == "Syntax OK\n"


def test_a_release_is_in_its_formula_by_its_hash(built: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("formula.py", "pylock.toml"):
        shutil.copy(HOMEBREW / name, tmp_path)
    call(sys.executable, tmp_path / "formula.py", "--sdist", built[0], folder=tmp_path)
    digest = hashlib.sha256(built[0].read_bytes()).hexdigest()
    assert f'mlxsm/{built[0].name}"\n  sha256 "{digest}"\n' in (tmp_path / "mlxsm.rb").read_text()

"""The hook for pre-commit, by the real pre-commit: it installs mlxsm from here, and tells what is wrong and where."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from testing.paths import BIN, REPOSITORY

MANIFEST = ".pre-commit-hooks.yaml"
PACKAGE = (MANIFEST, "pyproject.toml", "README.md", "LICENSE", "docs/mlxsm.1", "mlxsm_sync")
"""What an installation takes from the repository."""
PRE_COMMIT = str(BIN / "pre-commit")
GOOD = "schemaVersion: 1\nprofiles:\n- {name: A, modelID: m/a, host: 127.0.0.1, port: 1}\n"
BAD = GOOD.replace("port: 1", "port: 1, colour: red")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of the tests, with an empty home; pip may need what it says of mirrors and certificates."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "PRE_COMMIT", "XDG_"))
    }
    who = {
        f"GIT_{role}_{what}": "nobody@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    home = {"HOME": str(tmp_path / "home"), "PRE_COMMIT_HOME": str(tmp_path / "home/pre-commit")}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    (tmp_path / "home").mkdir()
    return kept | who | home | alone


def committed(folder: Path, environment: dict[str, str]) -> Path:
    """The folder as a repository in which all of it is committed."""
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "All of it"]):
        subprocess.run(["git", *words], cwd=folder, env=environment, check=True)
    return folder


@pytest.fixture
def hooks(tmp_path: Path, environment: dict[str, str]) -> Path:
    """A repository with what is here now, committed or not."""
    folder = tmp_path / "mlxsm"
    for name in PACKAGE:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(REPOSITORY / name, folder / name)
    return committed(folder, environment)


@pytest.fixture
def profiles(tmp_path: Path, environment: dict[str, str]) -> Path:
    """Somebody's repository: what the hook is for, and what it leaves alone."""
    folder = tmp_path / "dotfiles"
    files = {"profiles.yaml": GOOD, "a/mlxsm.yml": GOOD, "-b.mlxsm.yaml": GOOD, "bad/profiles.yaml": BAD}
    for name, text in (files | {"other.yaml": "a: b\n", "my-profiles.yaml": "a: b\n"}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return committed(folder, environment)


def test_the_manifest_is_valid(environment: dict[str, str]) -> None:
    words = [PRE_COMMIT, "validate-manifest", MANIFEST]
    done = subprocess.run(words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done


@pytest.mark.slow
@pytest.mark.parametrize("bad", [False, True])
def test_the_hook_judges_the_profile_files_of_a_repository(
    hooks: Path, profiles: Path, environment: dict[str, str], bad: bool
) -> None:
    names = ["profiles.yaml", "a/mlxsm.yml", "other.yaml", "my-profiles.yaml"]
    names += ["bad/profiles.yaml"] if bad else ["./-b.mlxsm.yaml"]  # pre-commit takes the ./ away again
    words = [PRE_COMMIT, "try-repo", str(hooks), "mlxsm-validate", "--color", "never", "--files", *names]
    done = subprocess.run(words, cwd=profiles, env=environment, capture_output=True, text=True, check=False)
    _, _, told = done.stdout.partition("\nmlxsm validate...")
    assert told, done
    outcome, *lines = told.strip(".").splitlines()
    assert outcome == ("Failed" if bad else "Passed"), done
    assert done.returncode == bad
    problems = [line for line in lines if ":" in line and not line.startswith("-")]
    assert [line[:46] for line in problems] == ['bad/profiles.yaml:3:53: the key "colour" is un'] * bad

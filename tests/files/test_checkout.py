"""The commit of a checkout, read from git's own files, beside git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.files.checkout import commit_of

ME = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *ME, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "dotfiles"
    (folder / "deep/er").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "profiles.yaml").write_text("a: 1\n")
    (folder / "deep/er/other.yaml").write_text("a: 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


def same(folder: Path, name: str = "profiles.yaml") -> bool:
    return commit_of(str(folder / name)) == git(folder, "rev-parse", "HEAD")


def test_a_branch_loose_and_packed_and_no_branch(repository: Path) -> None:
    assert same(repository)
    assert same(repository, "deep/er/other.yaml")
    git(repository, "checkout", "-qb", "topic/deep")
    git(repository, "commit", "-q", "--allow-empty", "-m", "two")
    assert same(repository)
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git/refs/heads/topic/deep").exists()
    assert same(repository)
    git(repository, "checkout", "-q", "--detach", "main")
    assert same(repository)
    git(repository, "symbolic-ref", "refs/heads/alias", "refs/heads/topic/deep")
    git(repository, "symbolic-ref", "HEAD", "refs/heads/alias")
    assert same(repository)


def test_worktrees_submodules_and_links(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-qb", "side", str(tmp_path / "side"))
    git(tmp_path / "side", "commit", "-q", "--allow-empty", "-m", "two")
    assert same(tmp_path / "side")
    assert commit_of(str(tmp_path / "side/profiles.yaml")) != commit_of(str(repository / "profiles.yaml"))
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repository), "inner")
    assert same(outer / "inner")
    (tmp_path / "linked.yaml").symlink_to(repository / "profiles.yaml")
    assert commit_of(str(tmp_path / "linked.yaml")) == git(repository, "rev-parse", "HEAD")


def test_a_repository_of_long_hashes(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    assert same(tmp_path)
    assert len(commit_of(str(tmp_path / "profiles.yaml")) or "") == 64


@pytest.mark.parametrize(
    ("head", "others"),
    [
        ("", {}),
        ("ref: refs/heads/none", {}),
        ("ref: refs/heads/main", {"refs/heads/main": "ref: refs/heads/main"}),
        ("ref: ../../outside", {}),
        ("ref: refs/../../outside", {}),
        ("no hash", {}),
        ("a" * 39, {}),
    ],
)
def test_what_is_no_commit_is_none(tmp_path: Path, head: str, others: dict[str, str]) -> None:
    (tmp_path / "outside").write_text("a" * 40)
    inside = tmp_path / "here/.git"
    (inside / "refs/heads").mkdir(parents=True)
    (inside / "HEAD").write_text(head)
    for name, text in others.items():
        (inside / name).write_text(text)
    assert commit_of(str(tmp_path / "here/profiles.yaml")) is None


def test_what_is_no_repository_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/.git").write_text("something else\n")
    assert commit_of(str(tmp_path / "a/profiles.yaml")) is None
    (tmp_path / "b/.git").mkdir(parents=True)
    assert commit_of(str(tmp_path / "b/profiles.yaml")) is None
    assert commit_of("\0") is None


@given(st.binary(max_size=200))
def test_whatever_stands_in_head_nothing_fails(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / ".git").mkdir()
    (folder / ".git/HEAD").write_bytes(data)
    found = commit_of(str(folder / "profiles.yaml"))
    assert found is None or (len(found) in (40, 64) and found.encode() in data)

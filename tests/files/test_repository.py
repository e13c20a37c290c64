"""The name of a file in the repository of the current folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlxsm_sync.files.repository import name_in_repository


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, with the folder `a/b` as the current one."""
    top = tmp_path.resolve() / "repository"
    (top / "a/b").mkdir(parents=True)
    (top / ".git").write_text("gitdir: elsewhere")  # a file, as in a worktree
    monkeypatch.chdir(top / "a/b")
    return top


def test_names_begin_at_the_top_of_the_repository(top: Path) -> None:
    assert name_in_repository("x.yaml") == "a/b/x.yaml"
    assert name_in_repository("./c/./x.yaml") == "a/b/c/x.yaml"
    assert name_in_repository("../x.yaml") == "a/x.yaml"
    assert name_in_repository(f"{top}/x.yaml") == "x.yaml"
    assert name_in_repository("../..") == "."


def test_what_is_outside_has_its_whole_name(top: Path) -> None:
    assert name_in_repository("/etc/hosts") == "/etc/hosts"
    assert name_in_repository("../../../x.yaml") == f"{top.parent}/x.yaml"
    assert name_in_repository(f"{top}2/x.yaml") == f"{top}2/x.yaml"


def test_a_link_to_a_file_is_a_file_of_the_repository(top: Path) -> None:
    (top / "a/b/x.yaml").symlink_to("/etc/hosts")
    assert name_in_repository("x.yaml") == "a/b/x.yaml"


def test_links_of_folders_are_followed_where_the_name_needs_it(top: Path) -> None:
    (top.parent / "elsewhere/inside").mkdir(parents=True)
    (top / "a/b/away").symlink_to(top.parent / "elsewhere/inside")
    (top.parent / "to the top").symlink_to(top)
    assert name_in_repository("away/x.yaml") == "a/b/away/x.yaml"
    assert name_in_repository("away/../x.yaml") == f"{top.parent}/elsewhere/x.yaml"
    assert name_in_repository(f"{top.parent}/to the top/x.yaml") == "x.yaml"


def test_without_a_repository_the_current_folder_is_one(top: Path) -> None:
    (top / ".git").unlink()
    assert name_in_repository("x.yaml") == "x.yaml"
    assert name_in_repository("../x.yaml") == f"{top}/a/x.yaml"


def test_where_the_current_folder_is_gone_a_path_is_as_it_was_named(top: Path) -> None:
    (top / "a/b").rmdir()
    assert name_in_repository("x.yaml") == "x.yaml"
    assert name_in_repository("/etc/hosts") == "/etc/hosts"

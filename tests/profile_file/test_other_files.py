"""An entry that another file of the collection lists is no orphan in the folder of this one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlxsm_sync.profile_file.file import read_profile_file
from mlxsm_sync.profile_file.other_files import kept_elsewhere
from mlxsm_sync.state.state_file import StateFile
from testing.project import Project

PROFILES = "schemaVersion: 1\ncollection: team\nprofiles:\n- {{name: {0}, modelID: org/{0}, port: {1}}}\n"


@pytest.fixture
def two_files(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """B was applied from m.yaml, and A from profiles.yaml after it."""
    monkeypatch.chdir(project.folder)
    project.write(PROFILES.format("B", 5302), "m.yaml")
    assert project.run("apply", "--yes", "-f", "m.yaml").code == 0
    project.apply(PROFILES.format("A", 5301))
    return project


def kept(project: Project, file: str = "profiles.yaml") -> list[str]:
    """The names of the entries that another file than this one keeps."""
    state = StateFile(project.state_path).read()
    ids = [entry.id for entry in state.entries if entry.name == "B"]
    found = kept_elsewhere(read_profile_file(file), state, ids, None)
    return [state.by_id[one].name for one in found]


def test_the_other_file_keeps_what_it_lists(two_files: Project) -> None:
    assert kept(two_files) == ["B"]


def test_the_other_file_keeps_nothing_that_it_lists_no_more(two_files: Project) -> None:
    two_files.write(PROFILES.format("C", 5303), "m.yaml")
    assert kept(two_files) == []


def test_a_file_that_is_gone_or_is_this_one_keeps_nothing(two_files: Project) -> None:
    assert kept(two_files, "m.yaml") == []
    (two_files.folder / "m.yaml").unlink()
    assert kept(two_files) == []


@pytest.mark.parametrize("content", ["profiles: [", ""])
def test_a_file_that_cannot_be_used_may_list_it(two_files: Project, content: str) -> None:
    two_files.write(content, "m.yaml")
    assert kept(two_files) == ["B"]


def test_nothing_waits_for_a_pipe_in_its_place(two_files: Project) -> None:
    other = Path(two_files.folder / "m.yaml")
    other.unlink()
    os.mkfifo(other)
    assert kept(two_files) == ["B"]


def test_of_no_entries_none_is_kept(two_files: Project) -> None:
    state = StateFile(two_files.state_path).read()
    assert kept_elsewhere(read_profile_file("profiles.yaml"), state, [], None) == set()

"""Folders that can be used or made, and what is told of others."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mlxsm_sync.files.folders import folder_trouble, others_can_write


def test_a_folder_that_is_there_or_can_be_made(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "a", tmp_path / "a/b/c"):
        assert folder_trouble(folder, writing=True) is None
        assert folder_trouble(folder, writing=False) is None


def test_a_file_in_the_way(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    remedy = f"move it away: mv '{file}' '{file}'.old"
    assert folder_trouble(file, writing=True) == (f"{file} is no folder", remedy)
    for below in (file / "a", file / "a/b"):
        assert folder_trouble(below, writing=True) == (f"{below} cannot be made: {file} is no folder", remedy)


@pytest.mark.parametrize(
    ("mode", "read", "write", "made"),
    [
        (
            0o555,
            None,
            "{folder} cannot be written to",
            "{folder}/new/a cannot be made: {folder} cannot be written to",
        ),
        (
            0o600,
            "{folder} cannot be read",
            "{folder} cannot be written to",
            "{folder} cannot be looked into: Permission denied",
        ),
        (
            0,
            "{folder} cannot be read",
            "{folder} cannot be written to",
            "{folder} cannot be looked into: Permission denied",
        ),
    ],
)
def test_what_the_system_refuses(mode: int, read: str | None, write: str, made: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name) / "a folder"
        folder.mkdir()
        Path(name).chmod(0o755)
        folder.chmod(mode)
        if is_root := os.geteuid() == 0:
            os.chown(folder, 12345, 12345)
            os.setresuid(12345, 12345, 0)
        try:
            found = [folder_trouble(folder, writing=False), folder_trouble(folder, writing=True)]
            found.append(folder_trouble(folder / "new/a", writing=True))
        finally:
            if is_root:
                os.setresuid(0, 0, 0)
        folder.chmod(0o700)
    told = [one and one.message for one in found]
    assert told == [text and text.format(folder=folder) for text in (read, write, made)]
    assert [one and one.remedy for one in found[1:]] == [f"chmod u+rwx '{folder}'"] * 2


def test_who_else_can_write(tmp_path: Path) -> None:
    for mode, told in ((0o700, False), (0o755, False), (0o770, True), (0o702, True)):
        tmp_path.chmod(mode)
        assert others_can_write(tmp_path) == told

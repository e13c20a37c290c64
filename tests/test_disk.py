"""Files for people, written whole."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from mlxsm_sync import disk
from mlxsm_sync.errors import FileTrouble


def test_a_file_is_new_or_takes_the_place_and_the_mode_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "out"
    disk.write_whole(str(path), "one")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("one", 0o600)
    path.chmod(0o644)
    link = tmp_path / "link"
    link.symlink_to(path)
    disk.write_whole(str(link), "two", private=False)
    assert link.is_symlink()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("two", 0o644)
    mask = os.umask(0o027)
    try:
        disk.write_whole(str(tmp_path / "open"), "three", private=False)
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "open", "out"]


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(path.read_text()))
    reader.start()
    disk.write_whole(str(path), "through")
    reader.join()
    assert got == ["through"]


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileTrouble, match="cannot write"):
        disk.write_whole(str(tmp_path / "no/where"), "x")

"""Files for people, written whole."""

from __future__ import annotations

import errno
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


def test_a_new_file_takes_the_place_of_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError("not here")

    path = tmp_path / "new"
    disk.write_whole(str(path), "one", private=False, new=True)
    with pytest.raises(FileTrouble, match="exists already"):
        disk.write_whole(str(path), "two", new=True)
    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileTrouble, match="cannot write"):
        disk.write_whole(str(path), "two", new=True)
    disk.write_whole(str(tmp_path / "other"), "three", new=True)
    assert (path.read_text(), (tmp_path / "other").read_text()) == ("one", "three")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new", "other"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_link_to_a_file_of_somebody_else_is_not_followed(tmp_path: Path) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / "link"
    theirs.write_text("theirs")
    os.chown(theirs, 12345, 12345)
    link.symlink_to(theirs)
    with pytest.raises(FileTrouble, match="a file of another user"):
        disk.write_whole(str(link), "mine")
    assert theirs.read_text() == "theirs"


def test_what_is_unfinished_is_dropped_at_an_end(tmp_path: Path) -> None:
    beside = disk.write_beside(tmp_path / "a", b"x")
    disk.put_in_place(disk.write_beside(tmp_path / "b", b"y"), tmp_path / "b")
    disk.drop_unfinished()
    disk.drop_unfinished()
    assert not beside.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def test_only_what_killed_writers_leave_is_swept(tmp_path: Path) -> None:
    for name in (".a.json.1.0123456789ab.tmp", ".a.json.autosave.tmp", ".a.b.json.1.0123456789ab.tmp"):
        (tmp_path / name).touch()
    disk.sweep(tmp_path / "a.json")
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        ".a.b.json.1.0123456789ab.tmp",
        ".a.json.autosave.tmp",
    ]


def test_a_file_that_windows_holds_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Held(PermissionError):
        winerror = 32

    replace, refusals = os.replace, [Held(), Held()]

    def held(old: Path, new: Path) -> None:
        if refusals:
            raise refusals.pop()
        replace(old, new)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(disk, "_PAUSE", 0)
    disk.write_whole(str(tmp_path / "a"), "x")
    assert (tmp_path / "a").read_text() == "x"
    refusals += [Held() for _ in range(disk._TRIES)]
    with pytest.raises(FileTrouble):
        disk.write_whole(str(tmp_path / "a"), "y")
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_folder_that_cannot_be_forced_is_none_where_the_system_knows_no_such_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(disk, "_sync", refuse)
    if number == errno.EINVAL:
        disk.sync_folder(tmp_path)
    else:
        with pytest.raises(OSError, match="no"):
            disk.sync_folder(tmp_path)

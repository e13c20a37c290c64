"""Files for people, written whole."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import threading
from pathlib import Path

import pytest

from mlxsm_sync.errors import FileError
from mlxsm_sync.files import atomic, streams


def test_a_file_is_new_or_takes_the_place_and_the_mode_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "out"
    atomic.write_whole(str(path), "one")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("one", 0o600)
    path.chmod(0o644)
    link = tmp_path / "link"
    link.symlink_to(path)
    atomic.write_whole(str(link), "two", private=False)
    assert link.is_symlink()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("two", 0o644)
    mask = os.umask(0o027)
    try:
        atomic.write_whole(str(tmp_path / "open"), "three", private=False)
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
    atomic.write_whole(str(path), "through")
    reader.join()
    assert got == ["through"]


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot write"):
        atomic.write_whole(str(tmp_path / "no/where"), "x")


def test_a_new_file_takes_the_place_of_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError("not here")

    path = tmp_path / "new"
    atomic.write_whole(str(path), "one", private=False, new=True)
    with pytest.raises(FileError, match="exists already"):
        atomic.write_whole(str(path), "two", new=True)
    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileError, match="cannot write"):
        atomic.write_whole(str(path), "two", new=True)
    atomic.write_whole(str(tmp_path / "other"), "three", new=True)
    assert (path.read_text(), (tmp_path / "other").read_text()) == ("one", "three")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["new", "other"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_link_to_a_file_of_somebody_else_is_not_followed(tmp_path: Path) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / "link"
    theirs.write_text("theirs")
    os.chown(theirs, 12345, 12345)
    link.symlink_to(theirs)
    with pytest.raises(FileError, match="a file of another user"):
        atomic.write_whole(str(link), "mine")
    assert theirs.read_text() == "theirs"


def test_what_is_unfinished_is_dropped_at_an_end(tmp_path: Path) -> None:
    beside = atomic.write_beside(tmp_path / "a", b"x")
    atomic.put_in_place(atomic.write_beside(tmp_path / "b", b"y"), tmp_path / "b")
    atomic.drop_unfinished()
    atomic.drop_unfinished()
    assert not beside.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def test_only_what_killed_writers_leave_is_swept(tmp_path: Path) -> None:
    for name in (".a.json.1.0123456789ab.tmp", ".a.json.autosave.tmp", ".a.b.json.1.0123456789ab.tmp"):
        (tmp_path / name).touch()
    atomic.sweep(tmp_path / "a.json")
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
    monkeypatch.setattr(atomic, "_PAUSE", 0)
    atomic.write_whole(str(tmp_path / "a"), "x")
    assert (tmp_path / "a").read_text() == "x"
    refusals += [Held() for _ in range(atomic._TRIES)]
    with pytest.raises(FileError):
        atomic.write_whole(str(tmp_path / "a"), "y")
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_folder_that_cannot_be_forced_is_none_where_the_system_knows_no_such_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(atomic, "_sync", refuse)
    if number == errno.EINVAL:
        atomic.sync_folder(tmp_path)
    else:
        with pytest.raises(OSError, match="no"):
            atomic.sync_folder(tmp_path)


@pytest.mark.parametrize(
    "place", ["/dev/shm/{}", "/proc/self/cwd/{}", "/dev/../dev/shm/./{}", "/dev/fd/../{}"]
)
def test_a_file_below_dev_or_proc_is_a_file(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(place.format(f"mlxsm-test-{os.getpid()}"))
    if path.parent.name == "..":  # where that leads, nobody may make files
        with pytest.raises(FileError, match="cannot write"):
            atomic.write_whole(str(path), "one")
        return
    try:
        atomic.write_whole(str(path), "one")
        first = path.stat()
        atomic.write_whole(str(path), "two")
        assert (path.read_text(), stat.S_IMODE(first.st_mode)) == ("two", 0o600)
        assert path.stat().st_ino != first.st_ino  # replaced, not edited
        assert [one.name for one in path.parent.iterdir() if path.name in one.name] == [path.name]
    finally:
        path.unlink()


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/thread-self/fd/{}", "link"])
def test_what_is_open_is_written_to_where_it_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Path("caught").open("w") as caught:
        caught.write("first ")
        caught.flush()
        path = name.format(caught.fileno())
        if name == "link":
            Path(path).symlink_to(f"/dev/fd/{caught.fileno()}")
        atomic.write_whole(path, "second ", new=True)
        caught.write("third")
    assert Path("caught").read_text() == "first second third"
    with pytest.raises(FileError, match="Bad file descriptor"):
        atomic.write_whole("/dev/fd/987", "x")


def test_devices_are_written_to_and_what_is_neither_file_nor_stream_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic.write_whole("/dev/null", "x")
    with pytest.raises(FileError, match="No space left on device"):
        atomic.write_whole("/dev/full", "x")
    with pytest.raises(FileError, match="Is a directory"):
        atomic.write_whole(str(tmp_path), "x")
    with socket.socket(socket.AF_UNIX) as one:
        monkeypatch.chdir(tmp_path)  # the name of a socket is short
        one.bind("socket")
    with pytest.raises(FileError, match="it is no file"):
        atomic.write_whole(str(tmp_path / "socket"), "x")
    assert [streams.is_stream(one) for one in ("/dev/null", tmp_path, tmp_path / "new", "/dev/fd/0")] == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_pipe_gets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    os.chown(path, 12345, 12345)
    with pytest.raises(FileError, match="another user's pipe"):
        atomic.write_whole(str(path), "secret")


@pytest.mark.parametrize("private", [True, False])
def test_what_is_beside_the_content_stays(tmp_path: Path, private: bool) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    assert not atomic.write_whole(str(path), "one", private=private)
    os.setxattr(path, "user.tag", b"red")
    assert not atomic.write_whole(str(path), "two", private=private)
    assert os.getxattr(path, "user.tag") == b"red"
    other.hardlink_to(path)
    assert atomic.write_whole(str(path), "three", private=private)
    assert (path.read_text(), other.read_text()) == ("three", "two")


def test_who_else_may_read_is_kept_where_the_file_is_not_private(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    path.chmod(0o640)
    # struct posix_acl_xattr: user 12345 may read, https://github.com/torvalds/linux (posix_acl_xattr.h)
    entries = ((1, 6, -1), (2, 4, 12345), (4, 4, -1), (16, 4, -1), (32, 0, -1))
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *one) for one in entries)
    os.setxattr(path, "system.posix_acl_access", acl)
    atomic.write_whole(str(path), "two", private=False)
    assert os.getxattr(path, "system.posix_acl_access") == acl
    atomic.write_whole(str(path), "three")
    assert "system.posix_acl_access" not in os.listxattr(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_a_file_to_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("one")
    os.chown(path, 12345, 12346)
    atomic.write_whole(str(path), "two", private=False)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)
    monkeypatch.setenv("SUDO_UID", "12345")
    atomic.write_whole(str(path), "three")
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (12345, 0o600)
    monkeypatch.delenv("SUDO_UID")
    atomic.write_whole(str(path), "four")  # nobody but root is to read it now
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (0, 0o600)


def test_a_refusal_says_whose_the_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "remedy", lambda path: (f"{path} belongs to root", "sudo chown me"))
    told = atomic.refused("cannot write", PermissionError(errno.EACCES, "Permission denied", "/x"))
    assert (told.message, told.hint) == (
        "cannot write: Permission denied: /x belongs to root",
        "sudo chown me",
    )


def test_a_refusal_says_more_only_where_there_is_more_to_say(tmp_path: Path) -> None:
    path = tmp_path / "own"
    path.touch()
    refusal = atomic.refused("cannot read it", PermissionError(errno.EACCES, "Permission denied", str(path)))
    assert (refusal.message, refusal.hint) == ("cannot read it: Permission denied", None)

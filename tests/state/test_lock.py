"""The lock: its note is written into an empty file or over a note of ours, and into nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.errors import FileError
from mlxsm_sync.state import lock_note
from mlxsm_sync.state.lock import locked


def note_of(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_bytes())
    return found


def test_an_empty_file_and_notes_of_ours_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    whole = lock_note.note(4711, 'ö"\\\n', "mlxsm apply", "2026-01-01T00:00:00+00:00")
    old = b'{"pid": 99, "host": "mac.local", "command": "mlxsm up", "since": "2026-01-01T00:00:00+00:00"}'
    for content in (b"", old, *(whole[:end] for end in range(len('{"pid": '), len(whole) + 1))):
        path.write_bytes(content)
        with locked(path, 5, "mlxsm test"):
            assert note_of(path) == {**note_of(path), "pid": os.getpid(), "command": "mlxsm test"}


@given(
    st.binary(min_size=1)
    | st.text(min_size=1).map(str.encode)
    | st.from_regex(rb'\{"pid": \d+, "h.*', fullmatch=True)
)
def test_whatever_else_is_in_it_stays(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.lock"
    path.write_bytes(content)
    try:
        with locked(path, 5, "mlxsm test"):
            assert lock_note.is_ours(content)
    except FileError:
        assert path.read_bytes() == content
    else:
        assert content.startswith(b'{"pid": ')


def test_what_takes_its_place_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the lock another program writes its file."""
    import filelock

    path = tmp_path / "x.lock"
    acquire = filelock.FileLock.acquire

    def late(self: filelock.FileLock) -> object:
        done = acquire(self)
        path.write_text("theirs")
        return done

    monkeypatch.setattr(filelock.FileLock, "acquire", late)
    with pytest.raises(FileError, match="is no lock of mlxsm"), locked(path, 5, "mlxsm test"):
        pass
    assert path.read_text() == "theirs"
    monkeypatch.undo()
    path.write_text("")
    with locked(path, 0, "mlxsm test"):  # and it was let go
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_lock_of_another_user_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.touch()
    os.chown(path, 12345, 12345)
    with (
        pytest.raises(FileError, match="belongs to another user, user 12345"),
        locked(path, 5, "mlxsm test"),
    ):
        pass

"""What this machine is called: four places in order, and the file that keeps a name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mlxsm_sync.errors import FileError, UsageError
from mlxsm_sync.files import machine_name
from mlxsm_sync.files.machine_name import forget, host_name, keep, place, this_machine
from testing.fake_secrets.leaks import found_in
from testing.fake_secrets.tokens import TOKENS

TOKEN = next(iter(TOKENS.values()))


def environment(home: Path, **others: str) -> dict[str, str]:
    return {"HOME": str(home), **others}


def kept(home: Path, content: bytes) -> Path:
    path = place(environment(home))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_the_first_of_four_places_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = kept(tmp_path, b"Kept\n")
    said = environment(tmp_path, MLXSM_MACHINE="Said")
    flag = this_machine("Flag", said)
    assert (flag.name, flag.from_, flag.source) == ("flag", "flag", "from --machine")
    one = this_machine(None, said)
    assert (one.name, one.from_, one.source) == ("said", "environment", "from MLXSM_MACHINE")
    one = this_machine(None, environment(tmp_path))
    assert (one.name, one.from_, one.source) == ("kept", "file", f"from {path}")
    path.unlink()
    one = this_machine(None, environment(tmp_path))
    assert (one.name, one.from_, one.source) == (host_name(), "system", "from the host name")
    assert host_name() == os.uname().nodename.partition(".")[0].lower()


def test_an_empty_variable_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    kept(tmp_path, b"kept")
    assert this_machine(None, environment(tmp_path, MLXSM_MACHINE="")).name == "kept"


def test_a_name_is_kept_for_its_user_alone_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    here = environment(tmp_path)
    path = keep("studio", here)
    assert (path, path.read_text()) == (place(here), "studio\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    keep("mini", here)
    assert path.read_text() == "mini\n"
    assert [one.name for one in path.parent.iterdir()] == ["machine"]
    assert (forget(here), forget(here)) == (path, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"a b",
        b"a\nb",
        b"mini-*",
        b"@big",
        b"\xff",
        b"a" * 64,
        b"a" * 2_000_000,
        b"\0",
        TOKEN.encode(),
    ],
)
def test_a_file_without_a_name_is_told_and_not_shown(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = kept(tmp_path, content)
    with pytest.raises(FileError) as caught:
        this_machine(None, environment(tmp_path))
    assert caught.value.message == (
        f"{path} has no name of a machine: a name has letters, digits, dots, dashes and underscores, "
        "at most 63 of them"
    )
    assert caught.value.hint == "mlxsm machine NAME writes it anew"


@pytest.mark.parametrize("content", [b"  Studio \r\n", b"\xef\xbb\xbfstudio", b"STUDIO"])
def test_space_and_case_around_a_name_are_nothing(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    kept(tmp_path, content)
    assert this_machine(None, environment(tmp_path)).name == "studio"


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    here = environment(tmp_path)
    path = kept(tmp_path, b"")
    path.unlink()
    path.mkdir()
    for attempt in (lambda: this_machine(None, here), lambda: forget(here), lambda: keep("a", here)):
        with pytest.raises(FileError, match="machine"):
            attempt()
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(FileError, match="has no name of a machine"):
        this_machine(None, here)
    writer = os.open(path, os.O_RDWR)
    try:
        with pytest.raises(FileError, match="has no name of a machine"):
            this_machine(None, here)
    finally:
        os.close(writer)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(FileError, match="cannot read"):
        this_machine(None, here)


def test_a_link_is_followed_and_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dotfiles are links into a repository."""
    monkeypatch.setenv("HOME", str(tmp_path))
    here = environment(tmp_path)
    path = kept(tmp_path, b"")
    path.unlink()
    target = tmp_path / "dotfiles"
    target.write_text("studio\n")
    path.symlink_to(target)
    assert this_machine(None, here).name == "studio"
    keep("mini", here)
    assert this_machine(None, here).name == "mini"


def test_a_folder_that_is_a_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config").write_text("")
    assert this_machine(None, environment(tmp_path)).from_ == "system"
    with pytest.raises(FileError, match="cannot write"):
        keep("a", environment(tmp_path))


@pytest.mark.parametrize("where", ["--machine", "MLXSM_MACHINE"])
@pytest.mark.parametrize("name", ["a b", "mini-*", "@big", " a", "a\u202eb", "x" * 64])
def test_what_is_no_name_is_refused_where_it_stands(tmp_path: Path, where: str, name: str) -> None:
    flag = name if where == "--machine" else None
    with pytest.raises(UsageError) as caught:
        this_machine(flag, environment(tmp_path, MLXSM_MACHINE=name))
    assert "cannot name a machine: a name has letters" in caught.value.message
    assert "\u202e" not in caught.value.message


def test_what_looks_like_a_secret_is_refused_and_not_shown(tmp_path: Path) -> None:
    for flag in (TOKEN, None):
        with pytest.raises(UsageError) as caught:
            this_machine(flag, environment(tmp_path, MLXSM_MACHINE=TOKEN))
        assert caught.value.message.endswith("looks like a secret; nothing was done")
        assert found_in(caught.value.message) == []
    assert machine_name.checked("Studio", "x") == "studio"

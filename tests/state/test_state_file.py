"""The state on disk: read strictly, written privately, kept when replaced, never lost."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.errors import FileError, StalePlan, StateLocked, UnreadableState
from mlxsm_sync.files import atomic
from mlxsm_sync.files.atomic import put_in_place
from mlxsm_sync.state.history import KEPT, backups, earlier
from mlxsm_sync.state.serialization import read_model, read_state, write_state
from mlxsm_sync.state.state_file import StateFile
from mlxsm_sync.values.profile import from_fields
from mlxsm_sync.values.state import Entry, State, Write
from testing.hostile_files.broken_states import UNREADABLE
from testing.hostile_files.spoiled import spoiled
from testing.project import Project

WRITTEN = Write(at="2026-01-01T00:00:00Z", command="apply", owner="team", summary="1 created")


def entry(number: int, **more: Any) -> Entry:
    profile = from_fields({"/name": f"P{number}", "/modelID": "m", "/host": "h", "/port": number})
    return Entry(id=f"{number:016d}", profile=profile, owner=None, **more)


def put(file: StateFile, *entries: Entry) -> State:
    with file.locked(5, "test") as state:
        following = State(lineage=state.lineage, serial=state.serial + 1, entries=entries)
        return file.replace(following, WRITTEN, "lineage-1")


@pytest.fixture
def file(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "deep/er/state.json")


def test_no_file_is_an_empty_state(file: StateFile) -> None:
    assert file.read() == State(lineage=None)
    assert (file.folder, file.label) == (file.path.parent, file.path.stem)
    assert not file.path.parent.exists()


def test_what_is_written_is_read_and_the_one_before_is_kept(file: StateFile) -> None:
    first = put(file, entry(1))
    assert (first.lineage, first.serial) == ("lineage-1", 1)
    second = put(file, entry(1), entry(2))
    assert StateFile(file.path).read() == second
    assert file.fingerprint() is None
    kept = file.earlier()
    assert [one.state.serial for one in kept] == [1, 0]
    assert kept[0].state == first
    assert kept[1].state.entries == ()
    assert earlier(file.path, "another", read_state) == []


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o022])
def test_only_the_owner_can_read(file: StateFile, mask: int) -> None:
    before = os.umask(mask)
    try:
        put(file, entry(1))
    finally:
        os.umask(before)
    for path in file.path.parent.parent.rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_history_has_an_end(file: StateFile) -> None:
    for _ in range(KEPT + 3):
        put(file, entry(1))
    assert len(backups(file.path)) == KEPT
    assert backups(file.path)[0].name == f"state.json.{KEPT + 2:08d}.json"


def test_two_states_of_one_serial_are_both_kept(file: StateFile) -> None:
    put(file, entry(1))
    before = file.path.read_bytes()
    put(file, entry(2))
    file.path.write_bytes(before.replace(b"P1", b"Q1"))
    put(file, entry(3))
    kept = [one.state.entries[0].name for one in file.earlier() if one.state.serial == 1]
    assert sorted(kept) == ["P1", "Q1"]
    file.path.write_bytes(before)
    put(file, entry(4))
    assert len(backups(file.path)) == 3


def test_a_link_is_followed_once_and_stays(file: StateFile, tmp_path: Path) -> None:
    put(file, entry(1))
    link = tmp_path / "link.json"
    link.symlink_to(file.path)
    put(StateFile(link), entry(2))
    assert link.is_symlink()
    assert StateFile(file.path).read().entries[0].name == "P2"


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder"):
        with pytest.raises(FileError, match=r"not a regular file|Is a directory"):
            StateFile(tmp_path / name).read()


def test_a_lock_that_is_no_regular_file_is_refused(file: StateFile, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    file.path.parent.mkdir(parents=True)
    lock = file.path.with_name("state.json.lock")
    for make in (lambda: lock.symlink_to(victim), lambda: os.mkfifo(lock), lock.mkdir):
        make()
        with pytest.raises(FileError, match="not a regular file"):
            put(file, entry(1))
        lock.rmdir() if lock.is_dir() and not lock.is_symlink() else lock.unlink()
    assert victim.read_text() == "precious"


def test_a_state_that_is_too_large_is_refused(file: StateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    put(file, entry(1))
    monkeypatch.setattr(atomic, "MAX_BYTES", 10)
    with pytest.raises(FileError, match="larger than"):
        file.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_state_of_somebody_else_is_refused(file: StateFile) -> None:
    put(file, entry(1))
    os.chown(file.path, 12345, 12345)
    with pytest.raises(FileError, match="belongs to another user"):
        file.read()


def test_leftovers_of_killed_writers_are_swept(file: StateFile) -> None:
    put(file, entry(1))
    leftover = file.path.with_name(".state.json.99.aaaaaaaaaaaa.tmp")
    leftover.write_text("half")
    put(file, entry(2))
    assert not leftover.exists()


def test_a_writer_without_our_lock_is_noticed(file: StateFile) -> None:
    put(file, entry(1))
    with file.locked(5, "test") as state:
        file.path.write_bytes(file.path.read_bytes() + b" ")
        with pytest.raises(StalePlan, match="changed by another program"):
            file.replace(state.model_copy(serial=2), WRITTEN, "x")
    assert file.path.read_bytes().endswith(b" ")
    assert [p.name for p in file.path.parent.iterdir() if p.name.endswith(".tmp")] == []


def test_the_holder_of_the_lock_is_named(file: StateFile) -> None:
    code = (
        "import sys, time; from pathlib import Path; from mlxsm_sync.state.lock import locked\n"
        "with locked(Path(sys.argv[1]), 5, 'mlxsm apply'): print('held', flush=True); time.sleep(600)"
    )
    file.path.parent.mkdir(parents=True)
    lock = file.path.with_name("state.json.lock")
    with subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StateLocked) as caught:
            put_within(file, 0.2)
        assert f"process {holder.pid} on " in caught.value.message
        assert "(mlxsm apply, since 20" in caught.value.message
        lock.write_text('{"pid": ')
        with pytest.raises(StateLocked, match="another process"):
            put_within(file, 0)
        holder.kill()
    put_within(file, 0)


def put_within(file: StateFile, timeout: float) -> None:
    with file.locked(timeout, "test"):
        pass


@pytest.mark.threat(23)
@pytest.mark.parametrize("what", UNREADABLE)
def test_a_state_that_cannot_be_read_is_explained_and_never_overwritten(file: StateFile, what: str) -> None:
    put(file, entry(1))
    put(file, entry(2))
    file.path.write_bytes(UNREADABLE[what])
    with pytest.raises(UnreadableState) as caught:
        put(file, entry(3))
    assert str(file.path) in caught.value.message
    told = "upgrade mlxsm on this machine" if "newer" in what else "state.json.00000001.json"
    assert told in str(caught.value.hint)
    assert file.path.read_bytes() == UNREADABLE[what]


def test_without_a_backup_the_hint_says_so(file: StateFile) -> None:
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"{}")
    with pytest.raises(UnreadableState) as caught:
        file.read()
    assert caught.value.hint == "there is no readable backup; move the file away to start again"


def test_an_unreadable_backup_is_passed_over(file: StateFile) -> None:
    put(file, entry(1))
    put(file, entry(2))
    backups(file.path)[0].write_text("half")
    assert [one.state.serial for one in file.earlier()] == [0]
    file.path.write_text("")
    with pytest.raises(UnreadableState) as caught:
        file.read()
    assert "state.json.00000000.json" in str(caught.value.hint)


def test_a_backup_is_a_copy_that_no_edit_in_place_reaches(
    file: StateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a writer was stopped after the backup and before the rename."""

    def stopped(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    put(file, entry(1))
    before = file.path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(
            atomic,
            "put_in_place",
            lambda *given: stopped() if given[1] == file.path else put_in_place(*given),
        )
        with pytest.raises(FileError):
            put(file, entry(2))
    (backup, _) = backups(file.path)
    assert not backup.samefile(file.path)
    with file.path.open("r+b") as edited:
        edited.write(b"#" * len(before))
    assert backup.read_bytes() == before


def test_the_whole_command_never_overwrites_an_unreadable_state(project: Project) -> None:
    project.apply("schemaVersion: 1\nprofiles: [{name: A, modelID: m, host: h, port: 1}]")
    project.state_path.write_text('{"formatVersion": 9}')
    for arguments in (
        ["plan"],
        ["apply", "--yes"],
        ["list"],
        ["history"],
        ["rollback", "--yes"],
        ["remove", "A", "-y"],
    ):
        result = project.run(*arguments)
        assert result.code == 1
        assert "was written by a newer mlxsm (format version 9)" in result.err
        assert "hint: upgrade mlxsm on this machine" in result.err
    assert project.state_path.read_text() == '{"formatVersion": 9}'
    failure = project.run("plan", "--json").json["error"]
    assert failure["kind"] == "unreadable-state"


def failing(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_write_that_fails_leaves_nothing_behind(file: StateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    before = put(file, entry(1))
    monkeypatch.setattr(atomic, "_sync", failing)
    with pytest.raises(FileError, match="the state is as it was: Input/output error"):
        put(file, entry(2))
    assert file.read() == before
    assert [path.name for path in file.path.parent.iterdir() if path.name.endswith(".tmp")] == []


def test_a_write_that_the_disk_does_not_confirm_says_that_it_was_made(
    file: StateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(file, entry(1))
    sync = atomic.sync_folder

    def only_history(path: Path) -> None:
        sync(path) if path.name == "history" else failing()

    monkeypatch.setattr(atomic, "sync_folder", only_history)
    with pytest.raises(FileError, match="the disk did not confirm it") as caught:
        put(file, entry(2))
    assert caught.value.applied
    assert file.read().entries[0].name == "P2"


@pytest.mark.parametrize("supported", [True, False])
def test_on_macos_the_drive_is_flushed_too(
    file: StateFile, monkeypatch: pytest.MonkeyPatch, supported: bool
) -> None:
    import fcntl

    # A command that Linux has stands for the one that it has not.
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", fcntl.F_GETFD if supported else -1, raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert put(file, entry(1)).serial == 1


def test_where_folders_cannot_be_forced_to_the_disk_they_are_not(
    file: StateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "POSIX", False)
    assert put(file, entry(1)).serial == 1


def test_what_is_no_file_beside_the_state_is_left_alone(file: StateFile) -> None:
    put(file, entry(1))
    history = file.path.parent / "history"
    os.mkfifo(history / "state.json.00000009.json")
    (history / "state.json.00000001.json").mkdir()
    file.path.with_name(".state.json.1.aaaaaaaaaaaa.tmp").mkdir()
    put(file, entry(2))
    assert [one.state.serial for one in file.earlier()] == [1, 0]


def test_two_states_in_one_folder_keep_their_own_history(tmp_path: Path) -> None:
    first, second = StateFile(tmp_path / "a.json"), StateFile(tmp_path / "a.yaml")
    put(first, entry(1))
    put(second, entry(1))
    assert len(backups(first.path)) == len(backups(second.path)) == 1


def test_a_state_that_would_read_back_as_another_is_not_written(file: StateFile) -> None:
    before = put(file, entry(1))
    # The constructor trusts its caller; only a mistake of ours makes a name that is not composed.
    uncomposed = entry(2).model_copy(profile=entry(2).profile.model_copy(name="Cafe\u0301"))
    with pytest.raises(AssertionError, match="does not survive"):
        put(file, uncomposed)
    assert file.read() == before


def test_a_new_beginning_has_a_history_of_its_own(file: StateFile) -> None:
    for _ in range(KEPT + 5):
        put(file, entry(1))
    file.path.unlink()
    for number in range(1, 4):
        with file.locked(5, "test") as state:
            following = State(lineage=state.lineage, serial=state.serial + 1, entries=(entry(number),))
            file.replace(following, WRITTEN, "lineage-2")
    assert [one.state.serial for one in file.earlier()] == [2, 1, 0]
    assert len(backups(file.path)) == KEPT + 3


def test_a_backup_is_private_though_the_state_was_not(file: StateFile) -> None:
    put(file, entry(1))
    file.path.chmod(0o644)
    put(file, entry(2))
    assert stat.S_IMODE(backups(file.path)[0].stat().st_mode) == 0o600


def test_a_backup_without_a_lineage_is_of_another(file: StateFile) -> None:
    put(file, entry(1))
    for serial in range(100, 100 + KEPT):
        (file.path.parent / f"history/state.json.{serial:08d}.json").write_text("half")
    put(file, entry(2))
    assert [one.state.serial for one in file.earlier()] == [1, 0]


def test_a_rollback_goes_to_the_state_before_the_last_write(project: Project) -> None:
    def port() -> int:
        found: int = project.state["entries"][0]["profile"]["port"]
        return found

    def apply(number: int) -> None:
        project.apply(f"schemaVersion: 1\nprofiles: [{{name: A, modelID: m, host: h, port: {number}}}]\n")

    for number in (1, 2, 3, 4):
        apply(number)
    history = project.state_path.parent / "history"
    # A write that failed in its last step has kept the state that is still the current one.
    os.link(project.state_path, history / "state.json.00000004.json")
    assert project.run("rollback", "--yes").code == 0
    assert port() == 3
    # An older state was put back by hand: what came after it is another future.
    project.state_path.write_bytes((history / "state.json.00000001.json").read_bytes())
    for number in (8, 9):
        apply(number)
    assert project.run("rollback", "--yes").code == 0
    assert port() == 8
    assert project.run("rollback", "--yes").code == 0
    assert port() == 9


def test_a_rollback_needs_an_earlier_state(project: Project) -> None:
    assert project.run("rollback", "--yes").code == 64
    project.apply("schemaVersion: 1\nprofiles: [{name: A, modelID: m, host: h, port: 1}]\n")
    project.edit_state(lambda state: state.update(serial=0))
    done = project.run("rollback", "--yes")
    assert (done.code, "no earlier state to go back to" in done.err) == (64, True)
    assert "no earlier state 7" in project.run("rollback", "7", "--yes").err


def test_states_of_one_folder_are_told_apart(tmp_path: Path) -> None:
    names = ("state.json", "prod.json", "prod.one", "prod.two")
    labels = [StateFile(tmp_path / name).label for name in names]
    assert labels == ["state", "prod", "prod.one", "prod.two"]


def test_a_path_that_ends_in_no_name_is_refused() -> None:
    with pytest.raises(FileError, match="is a folder"):
        StateFile(Path("/"))


def test_a_backup_that_goes_while_it_is_looked_for_is_none(
    file: StateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(file, entry(1))
    file.path.write_text("")
    monkeypatch.setattr(atomic, "read_own", lambda path: None if "history" in str(path) else b"")
    with pytest.raises(UnreadableState) as caught:
        file.read()
    assert "no readable backup" in str(caught.value.hint)


def test_a_place_that_others_can_write_to_is_doubtful(file: StateFile) -> None:
    put(file, entry(1))
    assert file.location_warnings() == []
    file.folder.chmod(0o777)
    (told,) = file.location_warnings()
    assert told.startswith("others can write to")


def test_a_history_of_any_length_is_trimmed_in_one_go(file: StateFile) -> None:
    """By a search of each in all others, this would take minutes."""
    put(file, entry(1))
    folder = file.path.parent / "history"
    for serial in range(1000, 21_000):
        (folder / f"state.json.{serial:08d}.json").write_text('{"lineage": "other"}')
    put(file, entry(2))
    assert len(backups(file.path)) == KEPT + 2
    assert [one.state.serial for one in file.earlier()] == [1, 0]


@pytest.mark.parametrize("home", ["", "relative", "./x"])
def test_a_home_that_is_no_place_is_told(project: Project, home: str) -> None:
    project.write("schemaVersion: 1\nprofiles: []\n")
    for words in (
        ["list"],
        ["plan"],
        ["apply", "--yes"],
        ["list", "--state", "app"],
        ["plan", "-f", "~/p.yaml"],
    ):
        done = project.run(*words, HOME=home)
        assert done.code == 1
        assert "HOME is empty" in done.err if not home else "HOME is not an absolute path" in done.err
        assert "hint: set HOME to your home folder" in done.err
    assert project.run("list", HOME=home, XDG_STATE_HOME=str(project.folder)).code == 0
    assert project.run("validate", HOME=home).code == 0
    assert not Path("/.local/state/mlxsm").exists()


def test_a_lost_state_is_told_and_what_is_kept_of_it_can_be_named(file: StateFile) -> None:
    assert (file.lost(), file.location_warnings()) == (None, [])
    put(file, entry(1))
    assert file.lost() is None
    file.path.unlink()
    assert file.location_warnings() == []  # nothing but the empty beginning is kept
    put(file, entry(1))
    put(file, entry(2))
    file.path.unlink()
    (told,) = file.location_warnings()
    assert told == (
        f"{file.path} is gone, and earlier versions of it are kept; to put the newest back: "
        f"mlxsm restore --state {file.path}"
    )
    lost = file.lost()
    assert lost is not None
    assert (lost.reason, lost.lineage) == (f"there is no state {file.path}", None)


def test_entries_read_one_by_one_are_judged_as_the_whole_is() -> None:
    """A large state is read so; what is wrong is told in the same words, with the same place."""
    written = write_state(State(lineage="l", serial=1, written=WRITTEN, entries=(entry(1), entry(2))))
    good = json.loads(written)
    texts = [json.dumps(one) for one in (good, *spoiled(good))]
    texts += [json.dumps(good).replace("null", odd, 1) for odd in ("1e999", "1.0", '"\\ud800"', "[" * 300)]
    for text in texts:
        assert verdict(read_state, text) == verdict(partial(read_model, State, what="state"), text), text


def verdict(read: Callable[..., State], text: str) -> State | str:
    try:
        return read(text.encode(), path=Path("/state.json"))
    except UnreadableState as error:
        return error.message

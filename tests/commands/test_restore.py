"""A state that is gone or cannot be read: what is kept of it is listed, and put back."""

from __future__ import annotations

import fcntl
import json
import os
import re
from pathlib import Path

import pytest

from mlxsm_sync.errors import StalePlan
from mlxsm_sync.mac_app.list_store import AppStore
from mlxsm_sync.state.history import Earlier
from mlxsm_sync.state.state_file import StateFile
from mlxsm_sync.values.state import State, Write
from testing.hostile_files.broken_states import UNREADABLE
from testing.project import Project

ONE = "schemaVersion: 1\nprofiles: [{name: A, modelID: m/a, host: 127.0.0.1, port: %d}]\n"
OLDER = [what for what in UNREADABLE if "newer" not in what]


@pytest.fixture
def kept(project: Project) -> Project:
    """A machine with a state of three writes, of which two are kept."""
    for port in (1, 2, 3):
        project.apply(ONE % port)
    return project


def ports(project: Project, *words: str) -> list[int]:
    done = project.run("list", "--json", *words)
    assert done.code == 0, done
    return [one["port"] for one in done.json["entries"]]


def test_history_begins_with_the_current_state(kept: Project) -> None:
    entries = kept.run("history", "--json").json["entries"]
    assert [(one["serial"], one["current"]) for one in entries] == [
        (3, True),
        (2, False),
        (1, False),
        (0, False),
    ]
    assert [one["command"] for one in entries] == ["apply", "apply", "apply", "none"]
    first, second, *_ = kept.run("history").out.splitlines()[1:]
    assert first.startswith("3 (current)  ")
    assert second.startswith("2 ")
    # A write that failed in its last step has kept the state that is still the current one.
    os.link(kept.state_path, kept.state_path.parent / "history/state.json.00000003.json")
    assert [one["serial"] for one in kept.run("history", "--json").json["entries"]] == [3, 2, 1, 0]


@pytest.mark.installed("the time zone is that of a process")
def test_times_are_local_in_the_text_and_utc_in_json(kept: Project) -> None:
    kept.edit_state(lambda state: state["written"].update(at="2026-06-16T20:00:00Z"))
    assert kept.run("history", "--json").json["entries"][0]["writtenAt"] == "2026-06-16T20:00:00Z"
    assert "3 (current)  2026-06-17 01:30:00  apply" in kept.run("history", TZ="IST-5:30").out
    for at in ("soon", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        kept.edit_state(lambda state, at=at: state["written"].update(at=at))
        for zone in ("IST-5:30", "EST5"):
            assert kept.run("history", TZ=zone).code == 0


def test_a_state_that_is_gone_is_told_and_put_back(kept: Project) -> None:
    ids = [entry["id"] for entry in kept.state["entries"]]
    kept.state_path.unlink()
    plan = kept.run("plan")
    assert plan.code == 0
    assert "is gone, and earlier versions of it are kept; to put the newest back: mlxsm restore\n" in plan.err
    assert [one["serial"] for one in kept.run("history", "--json").json["entries"]] == [2, 1, 0]
    back = kept.run("rollback", "--yes")
    assert (back.code, "to put a kept version back: mlxsm restore" in back.err) == (64, True)
    done = kept.run("restore", "--yes", "--json")
    assert done.code == 0, done
    told = done.json
    assert (told["restored"]["serial"], told["serial"], told["profiles"], told["aside"]) == (2, 4, 1, [])
    assert ports(kept) == [2]
    assert [entry["id"] for entry in kept.state["entries"]] == ids
    assert kept.state["written"]["command"] == "restore"
    assert kept.run("apply", "--yes").code == 0
    assert ports(kept) == [3]
    assert [one["serial"] for one in kept.run("history", "--json").json["entries"]] == [5, 4, 2, 1, 0]


@pytest.mark.parametrize("what", OLDER)
def test_what_cannot_be_read_is_kept_beside_what_is_put_back(kept: Project, what: str) -> None:
    kept.state_path.write_bytes(UNREADABLE[what])
    history = kept.run("history")
    assert (history.code, "2  " in history.out, "to put it back: mlxsm restore\n" in history.err) == (
        1,
        True,
        True,
    )
    done = kept.run("restore", "--yes")
    assert done.code == 0, done
    (aside,) = kept.state_path.parent.glob("state.json.unreadable-*")
    assert re.fullmatch(r"state\.json\.unreadable-[0-9]{8}T[0-9]{6}Z", aside.name)
    assert aside.read_bytes() == UNREADABLE[what]
    assert f"What could not be read is kept as {aside}." in done.out
    assert ports(kept) == [2]
    assert kept.run("doctor", "--json").code in (0, 1)


@pytest.mark.parametrize("what", [what for what in UNREADABLE if what not in OLDER])
def test_a_state_of_a_newer_mlxsm_is_not_replaced(kept: Project, what: str) -> None:
    kept.state_path.write_bytes(UNREADABLE[what])
    for words in (["restore", "--yes"], ["restore", "1", "--yes"], ["history"], ["plan"]):
        done = kept.run(*words)
        assert (done.code, "hint: upgrade mlxsm" in done.err) == (1, True)
    assert kept.state_path.read_bytes() == UNREADABLE[what]


def test_no_restore_takes_the_serial_of_another_and_each_says_what_is_missing(kept: Project) -> None:
    serials = []
    for lose in (lambda: kept.state_path.write_text("{"), kept.state_path.unlink) * 2:
        lose()
        done = kept.run("restore", "--yes")
        assert (done.code, done.err.splitlines()[-1]) == (0, "Next: mlxsm plan")
        assert "What was written after that version is not in it." in done.out
        serials.append(kept.state["serial"])
    assert serials == sorted({*serials}), "two states have one number"
    assert serials[0] > 3


@pytest.mark.usefixtures("no_app")
def test_no_restore_of_a_list_takes_the_serial_of_another(project: Project) -> None:
    project.environment["MLXSM_STATE"] = "app:models.json"
    for port in (1, 2):
        project.apply(ONE % port)
    serials = []
    for _ in range(3):
        (record,) = project.state_path.parent.glob("app-*.json")
        record.write_text("{")
        assert project.run("restore", "--yes").code == 0
        serials.append(json.loads(record.read_text())["serial"])
    assert serials == sorted({*serials}), "two states have one number"
    assert ports(project) in ([1], [2])


def test_a_state_that_can_be_read_is_not_replaced(kept: Project, tmp_path: Path) -> None:
    before = kept.state_path.read_bytes()
    for words in (["restore"], ["restore", "1"], ["restore", str(kept.state_path)]):
        done = kept.run(*words, "--yes")
        assert (done.code, "hint: mlxsm history lists its earlier versions" in done.err) == (
            64,
            True,
        )
    done = kept.run("restore", "--state", "new.json", "--yes")
    assert (done.code, "is not lost" in done.err) == (64, True)
    assert kept.state_path.read_bytes() == before
    assert not (tmp_path / "new.json").exists()


def test_a_state_that_was_begun_after_a_loss_hides_no_version(kept: Project) -> None:
    kept.state_path.unlink()
    warned = kept.run("apply", "--yes", "--quiet")
    assert "is gone, and earlier versions of it are kept" in warned.err
    refused = kept.run("restore", "--yes")
    assert "those of a state that was here before are kept, too" in refused.err
    kept.state_path.rename(kept.folder / "away.json")
    assert kept.run("restore", "2", "--yes").code == 0
    assert ports(kept) == [2]


def test_a_version_is_chosen_by_its_serial_or_by_its_file(kept: Project) -> None:
    folder = kept.state_path.parent
    elsewhere = kept.folder / "7"
    elsewhere.write_bytes(kept.state_path.read_bytes())
    for version, port in (("1", 1), ("./7", 3), ("~/.local/state/mlxsm/history/state.json.00000002.json", 2)):
        kept.state_path.write_text("half")
        done = kept.run("restore", version, "--yes")
        assert done.code == 0, done
        assert ports(kept) == [port]
    kept.state_path.write_text("half")
    kept.write("junk", "junk.json")
    for version, code, told in (
        ("77", 64, "there is no version 77"),
        ("nowhere.json", 1, "there is no file nowhere.json"),
        ("junk.json", 1, "is truncated or not valid JSON"),
        ("profiles.yaml", 1, "is truncated or not valid JSON"),
        (str(folder), 1, "Is a directory"),
    ):
        done = kept.run("restore", version, "--yes")
        assert (done.code, told in done.err) == (code, True), done
    assert kept.state_path.read_text() == "half"


def test_of_several_lives_of_a_state_the_own_one_comes_first(kept: Project) -> None:
    kept.state_path.unlink()
    kept.apply(ONE % 7)
    kept.apply(ONE % 8)
    broken = kept.state_path.read_text()[:300]
    kept.state_path.write_text(broken)
    assert kept.run("restore", "--yes").code == 0
    assert ports(kept) == [7]
    kept.state_path.write_text("half")  # nothing says which life it was
    done = kept.run("restore", "1", "--yes")
    assert (done.code, "2 versions have the serial 1" in done.err) == (64, True)


def test_nobody_is_overruled(kept: Project) -> None:
    kept.state_path.write_text("half")
    done = kept.run("restore")
    assert (done.code, "nothing was written" in done.err) == (1, True)
    assert kept.run("restore", "--json").json["error"]["kind"] == "no-terminal"
    with kept.state_path.with_name("state.json.lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = kept.run("restore", "--yes", "--lock-timeout", "0")
    assert (done.code, "is locked by" in done.err) == (1, True)
    assert kept.state_path.read_text() == "half"
    assert [*kept.state_path.parent.glob("*.unreadable-*")] == []


def test_without_anything_kept_there_is_nothing_to_restore(project: Project) -> None:
    project.write("half", "state.json")
    done = project.run("restore", "--state", "state.json", "--yes")
    assert (done.code, "there is no version that can be read" in done.err) == (64, True)


@pytest.mark.usefixtures("no_app")
@pytest.mark.parametrize(
    "lost", ["list is gone", "list is broken", "record is gone", "record is broken", "both"]
)
def test_the_list_of_the_app_and_our_record_are_put_back(project: Project, lost: str) -> None:
    project.environment["MLXSM_STATE"] = "app:models.json"
    words = ("--state", "app:models.json", "--while-app-runs")
    for port in (1, 2, 3):
        project.apply(ONE % port, *words)
    listed = project.folder / "models.json"
    (record,) = project.state_path.parent.glob("app-*[0-9a-f].json")
    before = listed.read_bytes()
    broken = []
    if lost in ("list is gone", "both"):
        listed.unlink()
    if lost == "list is broken":
        listed.write_text("[{")
        broken.append("[{")
    if lost == "record is gone":
        record.unlink()
    if lost in ("record is broken", "both"):
        record.write_text("half")
        broken.append("half")
    told = project.run("plan", *words[:2]).err
    assert "mlxsm restore --state app:" in told
    done = project.run("restore", "--yes", "--json", *words)
    assert done.code == 0, done
    assert [Path(path).read_text() for path in done.json["aside"]] == broken
    assert ports(project) == ([3] if lost.startswith("record") else [2])
    assert (listed.read_bytes() == before) == lost.startswith("record")
    (entry,) = project.run("list", "--json").json["entries"]
    assert entry["owner"] == "default"
    assert project.run("apply", "--yes", *words).code in (0, 3)
    assert json.loads(record.read_text())["serial"] > 3


NOTE = Write(at="2026-01-01T00:00:00Z", command="restore", owner=None, summary="")


def test_a_state_that_can_be_read_again_is_left(project: Project) -> None:
    project.apply(ONE % 1)
    before = project.state_path.read_bytes()
    with pytest.raises(StalePlan, match="can be read again"):
        StateFile(project.state_path).restore(Earlier(project.folder, State(lineage=None)), NOTE, 1)
    assert project.state_path.read_bytes() == before


@pytest.mark.usefixtures("no_app")
def test_a_list_that_can_be_read_again_is_left(project: Project) -> None:
    project.environment["MLXSM_STATE"] = "app:models.json"
    project.apply(ONE % 1)
    store = AppStore(project.folder / "models.json", project.state_path.parent)
    kept = store.read_kept(store.record_path)
    assert kept.path == store.record_path
    before = store.path.read_bytes()
    with pytest.raises(StalePlan, match="can be read again"):
        store.restore(kept, NOTE, 1)
    assert store.path.read_bytes() == before

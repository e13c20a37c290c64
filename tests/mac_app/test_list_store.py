"""The app's list and our record of it on disk: two files that change as one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlxsm_sync.errors import FileError, StalePlan, UnreadableState, UnsafePlan
from mlxsm_sync.files import atomic
from mlxsm_sync.mac_app import list_store
from mlxsm_sync.mac_app.list_format import RULES
from mlxsm_sync.mac_app.list_store import AppStore
from mlxsm_sync.values.profile import from_fields
from mlxsm_sync.values.state import Entry, State, Write
from testing.ledger import Tally

WRITTEN = Write(at="2026-06-16T00:00:00Z", command="apply", owner="team", summary="1 created")
pytestmark = pytest.mark.usefixtures("no_app")


def entry(number: int, **fields: Any) -> Entry:
    own = {"/name": f"P{number}", "/modelID": f"org/m{number}", "/host": "127.0.0.1", "/port": number}
    profile = from_fields(own | {f"/{key}": value for key, value in fields.items()})
    return Entry(
        id=f"{number:016d}",
        profile=profile,
        owner="team",
        applied=profile.sparse,
        from_="/repo/profiles.yaml",
    )


@pytest.fixture
def store(tmp_path: Path) -> AppStore:
    (tmp_path / "app").mkdir()
    return AppStore(tmp_path / "app/models.json", tmp_path / "state")


def put(store: AppStore, *entries: Entry) -> State:
    with store.locked(1, "test") as state:
        return store.replace(state.next(entries), WRITTEN, "lineage-1")


def names(store: AppStore) -> list[str]:
    return [one["displayName"] for one in json.loads(store.path.read_text())]


def again(store: AppStore) -> AppStore:
    """The same list and record, as another command finds them."""
    return AppStore(store.path, store.record_path.parent)


def left_behind(store: AppStore) -> list[str]:
    folders = (store.path.parent, store.record_path.parent)
    return [path.name for folder in folders for path in folder.iterdir() if path.name.endswith(".tmp")]


def test_what_is_written_is_read_and_the_one_before_is_kept(store: AppStore) -> None:
    empty = store.read()
    assert (empty.lineage, empty.serial, empty.entries, empty.rules) == (None, 0, (), RULES)
    assert store.fingerprint() is None
    assert (store.folder, store.label) == (store.record_path.parent, store.record_path.stem)
    first = put(store, entry(1))
    put(store, *again(store).read().entries, entry(2))
    found = again(store).read()
    assert (found.lineage, found.serial, found.written) == ("lineage-1", 2, WRITTEN)
    assert [(one.id, one.name, one.owner) for one in found.entries] == [
        ("0000000000000001", "P1", "team"),
        ("0000000000000002", "P2", "team"),
    ]
    assert found.entries[0].applied == entry(1).applied
    kept = again(store).earlier()
    assert [(one.state.serial, len(one.state.entries)) for one in kept] == [(1, 1), (0, 0)]
    assert kept[0].state.entries[0].name == first.entries[0].name
    assert (store.location_warnings(), left_behind(store)) == ([], [])


def test_the_folder_of_the_app_must_be_there(tmp_path: Path) -> None:
    store = AppStore(tmp_path / "no/models.json", tmp_path / "state")
    with pytest.raises(FileError, match="there is no folder"):
        put(store, entry(1))


@pytest.mark.threat(21)
def test_a_list_that_changed_since_it_was_read_is_stale(store: AppStore, tally: Tally) -> None:
    put(store, entry(1))
    store.read()
    store.path.write_text(store.path.read_text().replace("Imported", "Mine", 1))
    with pytest.raises(StalePlan, match="was changed meanwhile"), store.locked(1, "test"):
        pytest.fail("it was given")  # pragma: no cover - that is the point
    with store.locked(1, "test") as state:
        store.path.write_text(store.path.read_text().replace("Mine", "Again", 1))
        with pytest.raises(StalePlan):
            store.replace(state.next([*state.entries, entry(2)]), WRITTEN, "")
    assert "Again" in store.path.read_text()
    tally.add(stale_plans=2)


@pytest.mark.threat(22)
def test_a_list_that_changes_at_the_last_moment_is_stale_and_the_record_as_it_was(
    store: AppStore, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    put(store, entry(1))
    write = atomic.write_beside

    def and_the_app_writes(path: Path, data: bytes, mode: int = 0o600) -> Path:
        if path == store.path:
            path.write_text(path.read_text().replace("Imported", "Mine", 1))
        return write(path, data, mode)

    monkeypatch.setattr(atomic, "write_beside", and_the_app_writes)
    with store.locked(1, "test") as state, pytest.raises(StalePlan):
        store.replace(state.next([*state.entries, entry(2)]), WRITTEN, "")
    assert names(store) == ["P1"]
    assert json.loads(store.record_path.read_text())["pending"] is None
    assert left_behind(store) == []
    tally.add(foreign_writes=1)


def fail_at(path: Path, times: int = 1) -> Callable[..., None]:
    """A replacement that the system refuses, from the given time on, where it would be of this path."""
    done: list[Path] = []
    replace = os.replace

    def failing(source: Path, target: Path) -> None:
        if Path(target) == path:
            done.append(Path(target))
            if len(done) >= times:
                raise OSError(5, "Input/output error")
        replace(source, target)

    return failing


def test_a_stop_before_the_list_leaves_everything_as_it_was(
    store: AppStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, entry(1))
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail_at(store.path))
        with pytest.raises(FileError, match="it is as it was") as caught:
            put(store, entry(1), entry(2))
    assert not caught.value.applied
    assert [one.name for one in again(store).read().entries] == ["P1"]
    again(store).recover(1)
    assert json.loads(store.record_path.read_text())["pending"] is None
    assert left_behind(store) == []


def test_a_stop_after_the_list_is_mended(store: AppStore, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, entry(1))
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail_at(store.record_path, times=2))
        with pytest.raises(FileError, match="the disk did not confirm it") as caught:
            put(store, entry(1), entry(2))
    assert caught.value.applied
    found = again(store).read()
    assert ([(one.name, one.owner) for one in found.entries], found.serial) == (
        [("P1", "team"), ("P2", "team")],
        2,
    )
    again(store).recover(1)
    record = json.loads(store.record_path.read_text())
    assert (record["pending"], record["serial"]) == (None, 2)
    again(store).recover(1)
    assert left_behind(store) == []


def test_a_record_that_the_system_refuses_at_the_very_end_was_written(
    store: AppStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with store.locked(1, "test") as state:
        monkeypatch.setattr(atomic, "put_in_place", failing)
        with pytest.raises(FileError, match="it is as it was"):
            store.replace(state.next([entry(1)]), WRITTEN, "lineage")
    assert not store.path.exists()


def test_a_list_and_a_record_that_cannot_be_read(store: AppStore) -> None:
    put(store, entry(1))
    good = store.path.read_bytes()
    for data in (b"\xff", b"{}", b"["):
        store.path.write_bytes(data)
        with pytest.raises(UnreadableState, match="it was not touched"):
            again(store).read()
    apart = AppStore(store.path, store.record_path.parent / "elsewhere")
    with pytest.raises(UnreadableState) as told:
        apart.read()
    assert "listText" not in (told.value.hint or "")
    store.path.write_bytes(good)
    kept = store.record_path.parent / "history" / f"{store.record_path.name}.00000001.json"
    put(store, entry(1, port=9))
    broken = json.loads(kept.read_text()) | {"listText": "{}"}
    kept.write_text(json.dumps(broken))
    assert [one.state.serial for one in again(store).earlier()] == [0]
    store.record_path.write_text("{}")
    with pytest.raises(UnreadableState, match="is not a record of the app's list of mlxsm"):
        again(store).read()


def test_what_would_not_be_read_back_is_not_written(store: AppStore) -> None:
    put(store, entry(1))
    before = store.path.read_bytes()
    two = entry(2).model_copy(profile=entry(2).profile.model_copy(name=" blanks around "))
    with store.locked(1, "test") as state, pytest.raises(AssertionError, match="do not survive"):
        store.replace(state.next([*state.entries, two]), WRITTEN, "")
    assert store.path.read_bytes() == before


def test_the_app_is_asked_for_only_where_the_list_would_change(
    store: AppStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, entry(1))
    monkeypatch.setattr(list_store, "is_running", lambda _: True)
    with store.locked(1, "test") as state:
        claimed = [one.model_copy(owner="me") for one in state.entries]
        assert store.replace(state.next(claimed), WRITTEN, "").serial == 2
    with store.locked(1, "test") as state, pytest.raises(UnsafePlan):
        store.replace(state.next([*state.entries, entry(2)]), WRITTEN, "")
    willing = AppStore(store.path, store.record_path.parent, while_app_runs=True)
    put(willing, *willing.read().entries, entry(2))
    assert names(store) == ["P1", "P2"]

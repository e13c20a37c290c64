"""Put an earlier version of the Mac app's list, or our record of it, in the place of what is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError, StalePlan, UnreadableState
from mlxsm_sync.files import atomic
from mlxsm_sync.files.attributes import has_other_names
from mlxsm_sync.mac_app.list_record import ListRecord
from mlxsm_sync.mac_app.list_versions import listed_in, read_record, read_version, record_in
from mlxsm_sync.state.history import Earlier, backups, lineage_in
from mlxsm_sync.state.lost import Lost, Restored, keep_restored, next_serial, set_aside, told_gone
from mlxsm_sync.state.serialization import write_text
from mlxsm_sync.text.json_value import digest_bytes
from mlxsm_sync.values.state import Write

NEW_LIST_MODE = 0o644  # the app's own, for a list that is not there yet


class _Part(NamedTuple):
    """The list or the record as it stands, and what is wrong with it."""

    path: Path
    data: bytes | None
    wrong: str | None


class Parts(NamedTuple):
    """Both files, as they were looked at."""

    listed: _Part
    record: _Part

    @property
    def lost(self) -> Lost | None:
        """Why they cannot be used; None where they can, or where nothing is kept of them."""
        wrong = [one.wrong for one in self if one.wrong is not None]
        if not wrong or not backups(self.record.path):
            return None
        return Lost("; ".join(wrong), lineage_in(self.record.data or b""))


def list_warnings(list_path: Path, record_path: Path, command: str) -> Iterator[str]:
    """What a person should know of both before anything is done; `command` is the one that restores."""
    gone = [one for path in (list_path, record_path) for one in told_gone(path, record_path, command)]
    yield from gone
    if not gone and not os.path.lexists(list_path):
        yield f"there is no list {list_path} yet: apply makes it, as MLX Server Manager makes its own"
    if has_other_names(list_path):
        yield f"{list_path} has other names (hard links), which keep the old content when it is written"


def look(list_path: Path, record_path: Path) -> Parts:
    """Both files as they are; UnreadableState where a newer mlxsm wrote the record."""
    return Parts(
        _part(list_path, "list", listed_in),
        _part(record_path, "record of the list", record_in),
    )


def _part(path: Path, what: str, read: Callable[[bytes | None, Path], object]) -> _Part:
    data = atomic.read_own(path)
    wrong = f"there is no {what} {path}" if data is None else None
    try:
        read(data, path)
    except UnreadableState as error:
        if error.newer:
            raise
        wrong = error.message
    return _Part(path, data, wrong)


def restore(parts: Parts, goal: Earlier, written: Write, refuse_to_write: Callable[[], None]) -> Restored:
    """Write what is lost of the two, holding the lock; a stop in between is mended by the next command."""
    kept = read_record(goal.path)
    serial = next_serial(parts.record.path, goal.state, parts.record.data)
    record = kept.model_copy(list_text=None, pending=None, serial=serial, written=written)
    aside: list[Path] = []
    with atomic.system_errors(f"cannot write {parts.listed.path}"):
        if parts.listed.wrong is None:
            record = record.model_copy(list_digest=digest_bytes(parts.listed.data or b""))
            _put(parts.record, write_text(record), aside, written.at)
        else:
            data = _list_of(kept, parts.listed.path)
            refuse_to_write()
            record = record.model_copy(list_digest=digest_bytes(data))
            _put(parts.record, write_text(_pending(parts, record)), aside, written.at)
            _put(parts.listed, data, aside, written.at, mode=NEW_LIST_MODE)
            now = parts.record._replace(data=atomic.read_own(parts.record.path), wrong=None)
            _put(now, write_text(record), aside, written.at)
    version = write_text(record.model_copy(list_text=kept.list_text))
    keep_restored(parts.record.path, serial, version)
    return Restored(read_version(version, goal.path), tuple(aside))


def _list_of(kept: ListRecord, path: Path) -> bytes:
    if kept.list_text is None:
        raise FileError("there was no list yet in that version", "mlxsm history lists the others")
    if not path.parent.is_dir():
        raise FileError(f"there is no folder {path.parent}", "start MLX Server Manager once")
    return kept.list_text.encode()


def _pending(parts: Parts, record: ListRecord) -> ListRecord:
    """The record while the list is being written: the one that stands, where it can be read."""
    before = record.model_copy(serial=record.serial - 1)
    with suppress(UnreadableState):
        if parts.record.data is not None:
            before = record_in(parts.record.data, parts.record.path)
    digest = None if parts.listed.data is None else digest_bytes(parts.listed.data)
    return before.model_copy(pending=record, list_digest=digest)


def _put(part: _Part, data: bytes, aside: list[Path], at: str, mode: int = atomic.PRIVATE) -> None:
    """Replace one file; what cannot be read is kept beside it."""
    atomic.sweep(part.path)
    if part.data is not None and mode != atomic.PRIVATE:
        mode = part.path.stat().st_mode & 0o777
    beside = atomic.write_beside(part.path, data, mode)
    if part.wrong is not None and part.data is not None:
        aside.append(set_aside(part.path, at))
    mark = atomic.mark(part.path)

    def unchanged() -> None:
        if atomic.read_own(part.path) != part.data or atomic.mark(part.path) != mark:
            raise StalePlan(
                f"{part.path} was changed by another program meanwhile", "run mlxsm restore again"
            )

    atomic.put_in_place(beside, part.path, unchanged)
    atomic.sync_folder(part.path.parent)

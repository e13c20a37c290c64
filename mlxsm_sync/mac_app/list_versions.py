"""The versions of the Mac app's list that we know of: the record as it is, and those that are kept."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from mlxsm_sync.errors import InvalidFile, Problem, UnreadableState
from mlxsm_sync.files import atomic
from mlxsm_sync.files.file_identity import fold_of
from mlxsm_sync.mac_app.list_format import ListItem, read_list
from mlxsm_sync.mac_app.list_record import ListRecord, joined
from mlxsm_sync.state.serialization import read_model
from mlxsm_sync.syntax.tree import Problems
from mlxsm_sync.text.json_value import digest_bytes
from mlxsm_sync.values.state import State


def record_of_list(path: Path, named: Path, folder: Path) -> Path:
    """Where the record of a list is: one for each list, however its path is spelled.

    `path` is as its folders list it, `named` as it was typed: earlier releases kept a record for each
    spelling, and one that is there goes on being used.
    """
    composed = unicodedata.normalize("NFC", str(path))
    one_form = fold_of(str(path.parent))(composed) == fold_of(str(path.parent))(str(path))
    texts = (composed if one_form else str(path), str(path), str(named))
    marks = (digest_bytes(text.encode()).removeprefix("sha256:")[:12] for text in texts)
    places = [folder / f"app-{mark}.json" for mark in marks]
    return next((place for place in places if place.exists()), places[0])


def read_record(path: Path) -> ListRecord:
    """The record of a list, empty if it was never written; UnreadableState if it is no record."""
    return record_in(atomic.read_own(path), path)


def record_in(data: bytes | None, path: Path) -> ListRecord:
    """The record in these bytes of a file."""
    return ListRecord() if data is None else read_model(ListRecord, data, path, "record of the app's list")


def listed_in(data: bytes | None, path: Path) -> list[ListItem]:
    """The entries of a list in these bytes of a file; UnreadableState where they are none."""
    if data is None:
        return []
    try:
        return read_list(data.decode("utf-8"), Problems(str(path)))
    except UnicodeDecodeError:
        raise _unreadable(path, "is not UTF-8") from None
    except InvalidFile as error:
        raise _unreadable(path, "cannot be read", error.problems) from None


def read_version(data: bytes, path: Path) -> State:
    """The state that is kept in these bytes of a file."""
    record = record_in(data, path)
    text = record.list_text
    return joined(listed_in(None if text is None else text.encode("utf-8", "surrogatepass"), path), record)


def _unreadable(path: Path, what: str, problems: Sequence[Problem] = ()) -> UnreadableState:
    return UnreadableState(
        f"the list {path} {what}; it was not touched",
        "repair it before you change anything in the app, which would overwrite it with its defaults",
        problems,
    )

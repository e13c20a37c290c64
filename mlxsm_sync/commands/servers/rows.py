"""The profiles that are to be served: of the profile file, or where there is none, of the state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, UsageError
from mlxsm_sync.planning.declared import Declared, Remedies, declared
from mlxsm_sync.planning.selectors import entries_named, resolve
from mlxsm_sync.profile_file.whereabouts import look
from mlxsm_sync.values.desired import DesiredProfile

if TYPE_CHECKING:
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.state import Entry

_ID = re.compile("[a-z0-9]{16}")


def declared_rows(session: Session, names: Sequence[str], desired: Desired | None = None) -> list[Declared]:
    """The profiles that are meant, and what may be served of them."""
    desired = session.desired() if desired is None else desired
    state = session.store.read()
    choices = resolve(desired, state, only=names)
    if choices.orphans_only:
        name = min(choices.orphans_only)
        refuse_elsewhere(desired, name)
        raise UsageError(f'there is no profile "{name}" in the file', "up takes its names")
    remedies = Remedies(session.command("apply"), session.command("pull"))
    return declared(desired, state, choices.only, remedies, look(desired, state))


def refuse_elsewhere(desired: Desired, name: str) -> None:
    """UsageError where a profile of the file is for other machines."""
    if any(one.name == name for one in desired.elsewhere):
        raise UsageError(
            f'the profile "{name}" is not for this machine', "mlxsm machine shows which profiles are"
        )


def is_entry_id(word: str) -> bool:
    """Whether a word has the form of an entry's ID."""
    return _ID.fullmatch(word) is not None


def has_file(session: Session) -> bool:
    """Whether there is a profile file, named or found; one that is named is there as far as is known here."""
    try:
        return bool(session.path)
    except FileError:
        return False


def rows_of(session: Session, names: Sequence[str]) -> list[Declared]:
    """The profiles of these names or IDs, all where none is named; without a file those of the state."""
    if not has_file(session):
        state = session.store.read()
        entries = entries_named(state, names) if names else state.entries
        return [_row(place, entry) for place, entry in enumerate(entries, start=1)]
    rows: list[Declared] = []
    for name in names:
        rows += [row for row in _rows_called(session, name) if row not in rows]
    return rows if names else declared_rows(session, ())


def row_of(session: Session, name: str) -> Declared | None:
    """The profile of a name, or of the ID of its entry; None for an ID that nothing has."""
    if is_entry_id(name) and not has_file(session):
        entry = session.store.read().by_id.get(name)
        return _row(1, entry) if entry is not None else None
    return next(iter(_rows_called(session, name)), None)


def _rows_called(session: Session, name: str) -> list[Declared]:
    try:
        return declared_rows(session, (name,))
    except UsageError:
        if not is_entry_id(name):
            raise
        rows, entry = declared_rows(session, ()), session.store.read().by_id.get(name)
        if found := [one for one in rows if one.entry_id == name]:
            return found
        # One that is not applied as the file has it is refused by its row, with the reason.
        return [one for one in rows if one.entry is None and entry is not None and one.name == entry.key]


def _row(place: int, entry: Entry) -> Declared:
    """An entry as it is applied: nothing says that it should be otherwise."""
    return Declared(DesiredProfile(index=place, profile=entry.profile, declared={}), entry)

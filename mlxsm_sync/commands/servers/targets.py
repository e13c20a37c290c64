"""What the commands for running servers share: where their files are, and which servers are meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mlxsm_sync.commands.left_running import tell_left
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, MlxsmError, UsageError
from mlxsm_sync.planning.prune import NO_FILE, listed_entries
from mlxsm_sync.planning.selectors import LISTED
from mlxsm_sync.profile_file.other_files import kept_elsewhere
from mlxsm_sync.profile_file.selection import owner_of
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.unrecorded import unrecorded
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.text.suggest import did_you_mean
from mlxsm_sync.text.unicode import normal, visible
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.state import State

if TYPE_CHECKING:
    from mlxsm_sync.planning.prune import ListedEntries
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.values.run import RunRecord
    from mlxsm_sync.values.state import Entry, State


def run_files(session: Session) -> RunFiles:
    """The files that tell of running servers, beside the state."""
    return RunFiles(session.store.folder, session.store.label, session.state_words)


class Known(NamedTuple):
    """The servers that were started or adopted here."""

    names: dict[str, str]
    """By the id of the entry, what it was called then; the id where nothing tells the name."""
    lost: list[RunRecord]
    """Those that run and have no record; what is known of them."""


def known_servers(files: RunFiles, *, lost: bool = True) -> Known:
    """What the files tell of servers; with `lost`, also what processes without a record tell."""
    found: list[RunRecord] = []
    if lost:
        found = unrecorded(files)
    names = {one.id: one.id for one in found}
    names |= {entry_id: one.name for entry_id, one in files.all_adopted().items()}
    for entry_id, record in files.records().items():
        names[entry_id] = record.name if isinstance(record, RunRecord) else entry_id
    return Known(names, found)


def read_state(session: Session, known: Known) -> State:
    """The state; where it is lost, an empty one, since what is known of servers needs none."""
    try:
        state = session.store.read()
        trouble = _lost(session)
    except MlxsmError as error:
        if not known.names:
            raise
        state, trouble = State(lineage=None), error.message
    if trouble is not None and known.names:
        session.output.note(f"warning: {trouble}; going by the run records")
    return state


def tells_of_profiles(session: Session) -> bool:
    """Whether the state can say which profiles are gone; one that is lost cannot."""
    try:
        return _lost(session) is None
    except MlxsmError:
        return False


def _lost(session: Session) -> str | None:
    """Why the state cannot be used, though versions of it are kept; how to restore it is told before."""
    lost = session.store.lost()
    return lost.reason if lost is not None else None


def owner_of_file(session: Session, files: RunFiles) -> str | None:
    """The collection of the profile file; None if this folder has no file."""
    with suppress(FileError):
        session.file = session.path
    if session.file is None:
        return None
    try:
        return owner_of(session.declared())
    except MlxsmError as error:
        error.hint = (
            f"{files.command('down', options=['--all'])} stops every server that mlxsm started here; "
            "with its name instead of --all, it stops one: both without the file"
        )
        raise


def listing(session: Session, state: State) -> ListedEntries:
    """What the profile file lists; nothing if it is missing or cannot be used.

    What it does not list is no orphan as long as the other file that it was applied from does.
    """
    with suppress(MlxsmError):
        desired = session.desired()
        found = listed_entries(desired, state)
        kept = kept_elsewhere(desired, state, found.orphans, session.machine)
        return found._replace(orphans=found.orphans - kept)
    return NO_FILE


def tell_left_running(session: Session, files: RunFiles) -> None:
    """Name the servers that run for profiles that are gone."""
    tell_left(session, lambda state: listing(session, state).orphans, partial(is_running, files))


def is_running(files: RunFiles, entry_id: str) -> bool:
    """Whether the server of a record lives."""
    record = files.record(entry_id)
    if not isinstance(record, RunRecord):
        return False
    with found(record) as server:
        return server.handle is not None


class Meant(NamedTuple):
    """The servers that are meant."""

    entries: Sequence[Entry]
    """Those of these entries."""
    gone: Collection[str]
    """Those that were started for these ids, which are no entries."""


def meant(state: State, known: Known, names: Iterable[str]) -> Meant:
    """The servers of these names; all where none is named. UsageError for a name that nothing has."""
    wanted, here = [*names], state.by_id
    if not wanted:
        return Meant(state.entries, [one for one in known.names if one not in here])
    ids: set[str] = set()
    for name in wanted:
        if not (found := _called(name, state, known)):
            called = {*(entry.name for entry in state.entries), *known.names.values()}
            hint = did_you_mean(name, called) or LISTED
            raise UsageError(f'there is no profile "{visible(name)}" on this machine', hint)
        ids |= found
    entries = [entry for entry in state.entries if entry.id in ids]
    return Meant(entries, [one for one in known.names if one in ids and one not in here])


def _called(name: str, state: State, known: Known) -> set[str]:
    """The ids that a name means: of an entry, and of servers whose entry is gone.

    Else what a server was called when it was started, else an id itself.
    """
    here, text = state.by_id, normal(name)
    entries = {entry.id for entry in state.entries if entry.name == text}
    once = {one for one, called in known.names.items() if called == text}
    return entries | (once - here.keys()) or once or {name} & {*here, *known.names}

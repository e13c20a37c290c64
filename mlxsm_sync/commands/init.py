"""`mlxsm init`: write a starter profile file, and never over another file."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import telling_of
from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError, UsageError
from mlxsm_sync.files.atomic import write_whole
from mlxsm_sync.files.paths import PROFILE_FILES, expanded, look_alikes, project_name, way_to
from mlxsm_sync.planning.exportable import select
from mlxsm_sync.profile_file.from_commands import of_a_command, of_a_file, profiles_of
from mlxsm_sync.profile_file.writer import has_schema_beside, proposed_collection, starter
from mlxsm_sync.syntax.source import read_bytes
from mlxsm_sync.values.file_reports import InitReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlxsm_sync.profile_file.from_commands import Source
    from mlxsm_sync.values.profile import Profile

_RUN_ON = (
    "The servers run on and keep their ports: after mlxsm apply, mlxsm adopt NAME takes one as it is; "
    "or stop it as you started it, then mlxsm up starts it anew."
)


def init(
    session: Session,
    from_state: bool,
    from_command: tuple[str, ...],
    from_file: tuple[str, ...],
    from_running: Sequence[Source] | None,
) -> None:
    """Write a commented starter profile file; an existing file is never overwritten."""
    path = session.file or PROFILE_FILES[0]
    if session.file is None:
        _refuse_a_second(PROFILE_FILES)
    session.files.make(path)
    if sum((from_state, bool(from_command or from_file), from_running is not None)) > 1:
        raise UsageError("give one of --from-state, --from-running, and commands", "make two files of them")
    if from_state:
        profiles, notes = _profiles_of_the_state(session)
    else:
        sources = [*(from_running or ()), *_given(session, from_command, from_file)]
        profiles, notes = profiles_of(sources, _home())
    for note in notes:
        session.output.note(f"note: {note}")
    text = starter(profiles, proposed_collection(project_name(path)), schema=has_schema_beside(path))
    if path == "-":
        session.output.data(InitReport(path=None, text=text, notes=tuple(notes)))
        session.output.print(text)
        return
    if os.path.lexists(path):
        raise FileError(f"{path} exists already; it was not touched", "-f FILE writes another one")
    write_whole(path, text, private=False, new=True)
    with telling_of(path):
        session.output.data(InitReport(path=path, text=None, notes=tuple(notes)))
        session.output.note(f"wrote {path}")
        session.output.note(f"Next: edit it, then {session.command('plan')}")
        if from_running is not None:
            session.output.note(_RUN_ON)


def _refuse_a_second(names: Sequence[str]) -> None:
    """FileError where the folder has a profile file, or what somebody takes for one."""
    for found in filter(os.path.exists, names):
        raise FileError(f"{found} exists already; it was not touched", "-f FILE writes another one")
    for found in look_alikes():
        hint = f"to use it, {way_to(found)}; -f {names[0]} writes another one"
        raise FileError(f"{found} exists already; it was not touched", hint)


def _profiles_of_the_state(session: Session) -> tuple[list[Profile], list[str]]:
    """The profiles, and what was left out of them."""
    selection = select(session.store.read().entries, local_paths=True)
    notes = [f'"{one.name}" was left out: {one.reason}' for one in selection.left_out]
    return [entry.profile for entry in selection.entries], notes


def _given(session: Session, commands: Sequence[str], files: Sequence[str]) -> Iterator[Source]:
    """The commands of the command line, and those of files."""
    for number, command in enumerate(commands, start=1):
        yield of_a_command(command, "--from-command" if len(commands) == 1 else f"--from-command[{number}]")
    for path in files:
        session.tell_of_input(path)
        yield of_a_file(read_bytes(path), path)


def _home() -> str | None:
    """The home folder, where there is one."""
    with suppress(FileError):
        return expanded("~")
    return None

"""How the command at work was called, for the commands that it prints."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.commands.session import Session
from mlxsm_sync.errors import FileError
from mlxsm_sync.files.paths import find_profile_file
from mlxsm_sync.profile_file.whereabouts import named_path
from mlxsm_sync.values.invocation import Invocation

if TYPE_CHECKING:
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.invocation import Invocation


def invocation(session: Session, command: str, desired: Desired, *source: str) -> Invocation:
    """How a command on this input is called, for remedies to continue; `source` names a document."""
    path = desired.input.path
    piped = path == "-" or path.startswith(("/dev/", "/proc/"))
    piped = piped or (os.path.exists(path) and not os.path.isfile(path))
    return Invocation(
        command, source or (*_source(session, desired), *session.machine_words), session.state_words, piped
    )


def _source(session: Session, desired: Desired) -> tuple[str, ...]:
    """The words that name the profile file: none, where it is found unnamed."""
    path = desired.input.path
    if path == session.file:
        return ("-f", path) if session.file_was_named else ()
    if desired.from_ is not None and named_path(path) != desired.from_:
        path = desired.from_  # a saved plan, read in another folder
    with suppress(FileError):
        if path == find_profile_file(os.environ):
            return ()
    return ("-f", path)

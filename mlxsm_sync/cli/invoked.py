"""How the command at work was called, for the commands that it prints."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from mlxsm_sync.cli.options import Shared
from mlxsm_sync.errors import FileTrouble

if TYPE_CHECKING:
    from mlxsm_sync.values.desired import Desired
    from mlxsm_sync.values.invocation import Invocation


def invocation(shared: Shared, command: str, desired: Desired, *source: str) -> Invocation:
    """How a command on this input is called, for remedies to continue; `source` names a document."""
    from mlxsm_sync.values.invocation import Invocation

    path = desired.input.path
    piped = path == "-" or path.startswith(("/dev/", "/proc/"))
    piped = piped or (os.path.exists(path) and not os.path.isfile(path))
    return Invocation(command, source or _source(shared, desired), shared.state_words, piped)


def _source(shared: Shared, desired: Desired) -> tuple[str, ...]:
    """The words that name the profile file: none, where it is found unnamed."""
    from mlxsm_sync.files.paths import find_profile_file
    from mlxsm_sync.profile_file.whereabouts import named_path

    path = desired.input.path
    if path == shared.file:
        return ("-f", path) if shared.file_was_named else ()
    if desired.from_ is not None and named_path(path) != desired.from_:
        path = desired.from_  # a saved plan, read in another folder
    with suppress(FileTrouble):
        if path == find_profile_file(os.environ):
            return ()
    return ("-f", path)

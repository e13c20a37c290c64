"""One command line at work: where it reads and writes, and what its shared options say."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlxsm_sync.commands.output import Output
from mlxsm_sync.commands.output_paths import STDIN, Files
from mlxsm_sync.errors import FileError, MlxsmError, UsageError
from mlxsm_sync.files.paths import (
    PROFILE_FILES,
    app_list_path,
    default_state_path,
    expanded,
    find_profile_file,
    instead_of,
    path_in_environment,
    way_to,
)

if TYPE_CHECKING:
    from mlxsm_sync.profile_file.selection import DeclaredFile
    from mlxsm_sync.state.store import Store
    from mlxsm_sync.text.json_value import Json
    from mlxsm_sync.values.desired import Desired

DEFAULT_LOCK_TIMEOUT = 10
DEFAULT_START_TIMEOUT = 600
"""Seconds until a server that shows no life counts as one that will never be ready."""
_STATELESS = ("validate", "schema", "completion", "machine")
"""Commands that have no `--state`."""
_FOR_A_MACHINE = (
    "plan",
    "apply",
    "pull",
    "up",
    "run",
    "restart",
    "service install",
    "agent install",
    "agent run",
)
"""Commands that have `--machine`."""


@dataclass
class Session:
    """What the shared options of one command line say."""

    output: Output = field(default_factory=Output)
    file: str | None = None
    state: str | None = None
    lock_timeout: float = DEFAULT_LOCK_TIMEOUT
    while_app_runs: bool = False
    no_input: bool = False
    """Whether nobody is to be asked, even at a terminal."""
    stdin_filename: str | None = None
    """Where the profile file that comes by standard input is going to be."""
    machine: str | None = None
    """The name of this machine, where the command line says it."""
    files: Files = field(default_factory=Files)
    """What the command line names, so that no output is also an input."""
    unnamed: str | None = None
    """The profile file that was read, where neither the command line nor the usual name tells which."""

    @property
    def path(self) -> str:
        """The profile file, named or found; it is said where another one may have been meant."""
        return self.file if self.file is not None else self._found

    @cached_property
    def _found(self) -> str:
        path = find_profile_file(os.environ)
        if path not in PROFILE_FILES and (other := instead_of(path)) is not None:
            self.output.note(f"note: {path} is used, not {other}: {way_to(other)}")
        return path

    @property
    def file_was_named(self) -> bool:
        """Whether `-f` stands on the command line; the environment names a file for all commands."""
        return self.file is not None and self.file != path_in_environment("MLXSM_FILE")

    def desired(self) -> Desired:
        """What the profile file wants on this machine."""
        from mlxsm_sync.profile_file.file import explained, wanted_here  # --help reads no file

        declared = self.declared()
        with explained(self.path):
            return wanted_here(declared, self.machine)

    def declared(self) -> DeclaredFile:
        """What the profile file declares for every machine."""
        from mlxsm_sync.profile_file.file import declared_at, explained  # as above

        path = self.path
        if self.stdin_filename is not None and path != STDIN:
            raise UsageError("--stdin-filename is for standard input", "add -f -, or leave it out")
        self.tell_of_input(path)
        self.unnamed = None if self.file_was_named or path in (PROFILE_FILES[0], STDIN) else path
        with explained(path):
            return declared_at(path, self.stdin_filename)

    def tell_of_input(self, path: str) -> None:
        """Say that standard input is awaited, where that is a terminal at which nobody may type."""
        if path == STDIN and sys.stdin is not None and sys.stdin.isatty():
            self.output.note("reading standard input until its end (Ctrl-D)")

    @cached_property
    def store(self) -> Store:
        """Where the state is kept; what is list_warnings about the place is said at once."""
        store: Store
        if (path := self._app_list()) is not None:
            from mlxsm_sync.mac_app.list_store import AppStore

            folder = default_state_path(os.environ).parent
            store = AppStore(path, folder, while_app_runs=self.while_app_runs)
        else:
            from mlxsm_sync.state.state_file import StateFile  # nor does it need a state

            store = StateFile(Path(self.state) if self.state else default_state_path(os.environ))
        self.output.redaction.kept = lambda: _content(store)
        for warning in store.location_warnings():
            self.output.note(f"warning: {warning}", always=True)
        return store

    def _app_list(self) -> Path | None:
        """The Mac app's own list, where that is to be the state."""
        if self.state == "app":
            return app_list_path()
        scheme, colon, path = (self.state or "").partition(":")
        if scheme != "app" or not colon:
            return None
        if not path:
            raise UsageError(
                "app: needs the path of a list", "app alone is the list of the app on this machine"
            )
        return Path(expanded(path))

    def command(self, command: str, *arguments: str) -> str:
        """The command line that repeats what was named, for a remedy to continue.

        What is given as arguments, a saved plan or a document, takes the place of the profile file.
        """
        words = ["mlxsm", *command.split(), *arguments]
        if not arguments and self.file is not None and self.file_was_named:
            words += ["-f", self.file]
        if command in _FOR_A_MACHINE and not (command == "apply" and arguments):
            words += self.machine_words  # a saved plan carries its own
        return shlex.join([*words, *(() if command in _STATELESS else self.state_words)])

    def with_file(self, command: str) -> str:
        """The same for a command that needs the profile file; in words where none is found here."""
        try:
            _ = self.file or find_profile_file(os.environ)
        except FileError:
            return f"{command}, with -f FILE,"
        return self.command(command)

    @property
    def machine_words(self) -> tuple[str, ...]:
        """The words that name this machine, where the command line does."""
        return ("--machine", self.machine) if self.machine is not None else ()

    @property
    def state_words(self) -> tuple[str, ...]:
        """The words that name the state, where it was named on the command line."""
        named = self.state is not None and self.state != path_in_environment("MLXSM_STATE")
        return ("--state", self.state) if named and self.state is not None else ()


def _content(store: Store) -> list[Json]:
    """All that a state says, and that an earlier one said; nothing where it cannot be read."""
    with suppress(MlxsmError, OSError):
        states = [store.read(), *(one.state for one in store.earlier())]
        return [entry.model_dump() for state in states for entry in state.entries]
    return []

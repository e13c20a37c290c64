"""No output takes the place of what a command reads, or of what belongs to a state.

Files are compared as they are named on a command line, so before any of them is read or written.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError, UsageError
from mlxsm_sync.files.paths import app_list_path, default_state_path, expanded, places_of_profile_files

STDIN = STDOUT = "-"


class _Output(NamedTuple):
    """One file that the command line says to write."""

    path: str
    option: str
    may_be_profiles: bool


class Files:
    """What one command line reads and writes; each file is compared with those named before it."""

    def __init__(self) -> None:
        self._inputs: list[str] = []
        self._states: list[str] = []
        self._outputs: list[_Output] = []
        self.refused = False
        """Whether an output was refused: nothing is to be written any more, not even why."""

    def read(self, path: str) -> None:
        """A file is going to be read; UsageError where it is an output, too."""
        self._inputs.append(path)
        for out in self._outputs:
            self._refuse_input(out, path)

    def use_state(self, state: str) -> None:
        """A state, or `app` or `app:PATH`, is going to be used; UsageError where an output belongs to it."""
        self._states.append(state)
        for out in self._outputs:
            self._refuse_state(out, state)

    def write(self, path: str, option: str, *, may_be_profiles: bool = False) -> None:
        """A file is going to be written; UsageError where it is read, of a state, or written twice.

        `may_be_profiles`: it may take the place of a profile file that the command does not read.
        """
        out = _Output(path, option, may_be_profiles)
        if _is_stream(path):
            return
        for other in self._outputs:
            self._refuse_twice(out, other)
        for state in (*self._states, os.environ.get("MLXSM_STATE", ""), "", "app"):
            self._refuse_state(out, state)
        for one in self._inputs:
            self._refuse_input(out, one)
        for one in () if may_be_profiles else _profile_files():
            self._refuse_input(out, one)
        self._outputs.append(out)

    def make(self, path: str) -> None:
        """A new profile file is going to be written; UsageError where it would belong to a state."""
        for state in (*self._states, os.environ.get("MLXSM_STATE", ""), "", "app"):
            self._refuse_state(_Output(path, "-f", may_be_profiles=True), state)

    def _refuse_twice(self, out: _Output, other: _Output) -> None:
        from mlxsm_sync.files.file_identity import same_file  # only where there is an output

        if same_file(out.path, other.path):
            self.refused = True
            raise UsageError(
                f"{other.option} and {out.option} name one file, {out.path}", "give each of them its own"
            )

    def _refuse_state(self, out: _Output, state: str) -> None:
        with suppress(FileError):
            if _belongs_to(out.path, state):
                self._refuse(out)

    def _refuse_input(self, out: _Output, path: str) -> None:
        from mlxsm_sync.files.file_identity import identity

        if path == STDIN:
            with suppress(OSError, AttributeError, ValueError):
                about, found = os.fstat(sys.stdin.fileno()), identity(out.path)
                if (about.st_dev, about.st_ino, ()) == found:
                    self._refuse(out)
        elif identity(path) == identity(out.path):
            self._refuse(out)

    def _refuse(self, out: _Output) -> None:
        self.refused = True
        raise UsageError(f"{out.path} is what this command reads, or belongs to it", "name another file")


def _is_stream(path: str) -> bool:
    """Whether a path stands for no file: what is written to it takes the place of nothing."""
    if path == STDOUT:
        return True
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _profile_files() -> Iterator[str]:
    """The profile files that are used where none is named, also those that are not there yet."""
    named = os.environ.get("MLXSM_FILE", "")
    with suppress(FileError):
        yield from [expanded(named)] if named else []
    yield from places_of_profile_files(os.environ)


def _folders_in(folder: Path) -> list[Path]:
    """The folders of a folder: a file in one of them can have another name elsewhere."""
    with suppress(OSError), os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir()]
    return []


def _belongs_to(out: str, state: str) -> bool:
    """Whether an output is a state, its lock, or in one of the folders beside it."""
    from mlxsm_sync.files.file_identity import as_listed, is_inside, same_file

    if state == "app" or state.startswith("app:"):
        path = state.removeprefix("app:")
        return same_file(out, app_list_path() if state == "app" else expanded(path)) if path else False
    if not state:
        own = default_state_path(os.environ).parent  # nothing else stands there
        return any(is_inside(out, folder) for folder in (own, *_folders_in(own)))
    place = as_listed(Path(os.path.realpath(expanded(state))))
    label = place.stem if place.suffix == ".json" else place.name
    mark = "" if label == "state" else f"-{label}"
    if same_file(out, place) or same_file(out, place.with_name(f"{place.name}.lock")):
        return True
    return any(
        is_inside(out, place.with_name(name))
        for name in ("history", f"run{mark}", f"logs{mark}", f"agent{mark}")
    )

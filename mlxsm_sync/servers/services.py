"""The services of ours on this machine: their files, and the manager that keeps them."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from mlxsm_sync.errors import FileError, ServerError
from mlxsm_sync.files import atomic
from mlxsm_sync.servers import launchd_plist, systemd_unit
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.service_units import HeldOptions, Service, held_by, is_of, state_in
from mlxsm_sync.state import run_names
from mlxsm_sync.system.managers import full_name, service_manager
from mlxsm_sync.values.run import RunRecord

_ID = "[a-z0-9]{16}"
_END_SECONDS = 75.0
"""For a manager to end a service: it kills after sixty."""
_PAUSE = 0.1
_MODE = 0o644
"""Of a unit's file: managers warn about one that is executable, and nothing in it is secret."""


class Format(NamedTuple):
    """How a manager's files are written and read."""

    written: Callable[[Service], bytes]
    read: Callable[[bytes], list[str] | None]


_FORMATS = {
    "launchd": Format(launchd_plist.written, launchd_plist.read),
    "systemd": Format(systemd_unit.written, systemd_unit.read),
}


class UnitFile(NamedTuple):
    """What is in the place where the file of a service is, or would be."""

    kind: Literal[
        "absent",  # Nothing.
        "ours",  # A service of this state.
        "another",  # A service of another state: a copy of a state has the same entries.
        "foreign",  # What mlxsm did not write.
        "damaged",  # What was emptied or cut off, and holds no command.
        "blocked",  # A link, a folder, or what cannot be read: no file of ours goes there.
    ]
    trouble: str = ""
    """What is wrong with it, with its path; empty for one of ours."""
    held: HeldOptions | None = None
    """What a service of ours holds, of whichever state."""
    interpreter: str = ""
    """The Python that it starts."""
    state: str | None = None
    """Of which state a service of ours is."""

    @property
    def is_somebody_elses(self) -> bool:
        """Whether it is neither written nor removed for this state."""
        return self.kind in ("another", "foreign")


class Services:
    """The services of one state, in the folder of its user's manager."""

    def __init__(self, environment: Mapping[str, str], state: str) -> None:
        """`state` names the state as a service does: by its whole path, or `app`."""
        self.manager = service_manager(environment)
        self.state = state
        self._format = _FORMATS[self.manager.kind]

    def text(self, service: Service) -> bytes:
        """The file of a service."""
        return self._format.written(service)

    def path(self, entry_id: str) -> Path:
        """Where the file of a service is, or would be."""
        return self.manager.folder() / self.manager.file_name(entry_id)

    def name(self, entry_id: str) -> str:
        """What the service of an entry is called in records and reports."""
        return full_name(self.manager, entry_id)

    def unit_file(self, entry_id: str) -> UnitFile:
        """What is in the place of the file of an entry's service."""
        path = self.path(entry_id)
        if os.path.islink(path):
            return UnitFile("blocked", f"{path} is a link, and no service of mlxsm is one")
        if os.path.isdir(path):
            return UnitFile("blocked", f"{path} is a folder")
        try:
            data = atomic.read_own(path)
        except FileError as error:
            return UnitFile("blocked", ": ".join(filter(None, (error.message, error.hint))))
        if data is None:
            return UnitFile("absent", f"{path} is not there")
        words = self._format.read(data)
        if words is None:
            return UnitFile("damaged", f"{path} is damaged: it holds no command")
        if not is_of(words, entry_id):
            return UnitFile("foreign", f"{path} is no service of mlxsm, and is left as it is")
        held = held_by(words, entry_id)
        state = held.state if held is not None else state_in(words)
        if state is not None and state != self.state:
            return UnitFile("another", self._of_another(entry_id, state), held, words[0], state)
        if held is None:
            return UnitFile("damaged", f"{path} is damaged, or of another release of mlxsm")
        return UnitFile("ours", "", held, words[0], state)

    def _of_another(self, entry_id: str, state: str) -> str:
        away = run_names.command("service uninstall", entry_id, state=("--state", state))
        return f"{self.path(entry_id)} is of another state, and is left as it is: {away} takes it away"

    def held_here(self, entry_id: str) -> HeldOptions | None:
        """What the service of an entry holds; None where this state has none of it that can be read."""
        found = self.unit_file(entry_id)
        return found.held if found.kind == "ours" else None

    def is_recorded(self, entry_id: str, files: RunFiles) -> bool:
        """Whether the last server of an entry was one of its service, which so is of this state."""
        record = files.record(entry_id)
        return isinstance(record, RunRecord) and record.manager == self.name(entry_id)

    def is_there(self, entry_id: str, files: RunFiles, *, ask: bool) -> bool:
        """Whether anything of a service is there: its file, what starts it at login, or what runs.

        `ask` says that its manager may be asked; else the record of its server tells.
        """
        if os.path.lexists(self.path(entry_id)) or self._links(entry_id):
            return True
        if ask:
            return self.manager.state(entry_id).state != "absent"
        return self.is_recorded(entry_id, files)

    def refuse_unknown(self, entry_id: str, files: RunFiles, *, ask: bool) -> None:
        """ServerError where a service is not this state's to change, for all that can be known of it."""
        found = self.unit_file(entry_id)
        if found.is_somebody_elses:
            raise ServerError(found.trouble)
        if found.kind == "absent" and ask:
            self.manager.check(self.path(entry_id))
        if found.kind == "ours" or self.is_recorded(entry_id, files):
            return
        if ask and self.manager.state(entry_id).is_busy:
            name = self.manager.unit(entry_id)
            raise ServerError(
                f"{found.trouble}; {self.manager.kind} runs {name}, and nothing tells of which state it is",
                f"{self.manager.stop_command(entry_id)} ends it",
            )

    def manager_of(self, entry_id: str, files: RunFiles) -> str | None:
        """The service that holds the server of an entry, or would start it; None where there is none."""
        record = files.record(entry_id)
        if isinstance(record, RunRecord) and record.manager is not None:
            return record.manager
        return self.name(entry_id) if self.held_here(entry_id) is not None else None

    def ids(self) -> list[str]:
        """The entries, of any state, that a file of ours is there for, whatever is in it."""
        pattern = re.compile(re.escape(self.manager.file_name("\0")).replace(re.escape("\0"), f"({_ID})"))
        with suppress(OSError):
            folder = self.manager.folder()
            names = sorted({path.name for path in (*folder.iterdir(), *folder.glob("*.wants/*"))})
            return [found[1] for name in names if (found := pattern.fullmatch(name))]
        return []

    def _links(self, entry_id: str) -> list[Path]:
        """What starts a service at login, beside its file."""
        path = self.path(entry_id)
        return [*path.parent.glob(f"*.wants/{path.name}")]

    def stop(self, entry_id: str) -> bool:
        """Let the manager end a service, and wait until it has; False where it does not in its own time."""
        until = time.monotonic() + _END_SECONDS
        if self.manager.state(entry_id).is_busy:
            self.manager.stop(entry_id)
        while self.manager.state(entry_id).is_busy:
            if time.monotonic() > until:
                return False
            time.sleep(_PAUSE)
        return True

    def changes(self, service: Service) -> bool:
        """Whether a file has to be written: it is not there already, byte by byte. FileError."""
        return atomic.read_own(self.path(service.entry_id)) != self.text(service)

    def write(self, service: Service) -> None:
        """Put the file of a service in its place; FileError where the system refuses."""
        path, text = self.path(service.entry_id), self.text(service)
        with atomic.system_errors(f"cannot write {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic.sweep(path)
            atomic.put_in_place(atomic.write_beside(path, text, _MODE), path)

    def remove(self, entry_id: str, *, ask: bool) -> None:
        """Remove the file of a service that has ended, and what starts it at login; ServerError, OSError.

        `ask` says that its manager can be told.
        """
        path = self.path(entry_id)
        if ask:
            self.manager.release(entry_id)
        for link in self._links(entry_id):
            link.unlink(missing_ok=True)
        is_folder = os.path.isdir(path) and not os.path.islink(path)
        if not is_folder:
            path.unlink(missing_ok=True)
        if ask:
            self.manager.forget(entry_id)
        if is_folder:
            raise ServerError(f"{path} is a folder, and is left as it is", "remove it")

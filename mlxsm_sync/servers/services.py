"""The services of ours on this machine: their files, and the manager that keeps them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.errors import FileError
from mlxsm_sync.files import atomic
from mlxsm_sync.servers import launchd_plist, systemd_unit
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.service_units import HeldOptions, Service, held_by
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

    def held(self, entry_id: str) -> HeldOptions | None:
        """What the service of an entry holds; None where it has none of ours that can be read."""
        with suppress(FileError):
            data = atomic.read_own(self.path(entry_id))
            return held_by(self._format.read(data), entry_id) if data is not None else None
        return None

    def held_here(self, entry_id: str) -> HeldOptions | None:
        """The same, where the service is of this state: copies of a state have the same ids."""
        held = self.held(entry_id)
        return held if held is not None and held.state == self.state else None

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
            names = sorted(path.name for path in self.manager.folder().iterdir())
            return [found[1] for name in names if (found := pattern.fullmatch(name))]
        return []

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

    def remove(self, entry_id: str) -> None:
        """Remove the file of a service, and what starts it at login, where no manager can be asked."""
        path = self.path(entry_id)
        for one in (*path.parent.glob(f"*.wants/{path.name}"), path):
            one.unlink(missing_ok=True)

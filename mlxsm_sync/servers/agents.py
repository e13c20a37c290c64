"""The agent of one state on this machine: the files of its unit, and the manager that runs it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mlxsm_sync.errors import FileError, ServerError
from mlxsm_sync.files import atomic
from mlxsm_sync.files.paths import default_state_path
from mlxsm_sync.servers import agent_units, launchd_plist, systemd_unit
from mlxsm_sync.servers.agent_options import AgentOptions, held_by
from mlxsm_sync.servers.agent_units import AgentUnit
from mlxsm_sync.system.timers import timer_manager

_MODE = 0o644
"""As that of any unit: nothing in it is secret."""
_END_SECONDS = 75.0
_PAUSE = 0.1


class Agents:
    """The agent of a state, in the folder of its user's manager."""

    def __init__(self, environment: Mapping[str, str], state: str) -> None:
        """`state` names the state as a unit does: by its whole path, or `app`."""
        self.manager = timer_manager(environment)
        self.state = state
        self.key = key_of(state)
        folder = self.manager.folder()
        self.paths = tuple(folder / name for name in self.manager.file_names(self.key))

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return f"{self.manager.kind}:{self.manager.timer_name(self.key)}"

    def texts(self, unit: AgentUnit) -> dict[Path, bytes]:
        """The files of a unit."""
        if self.manager.kind == "launchd":
            return dict.fromkeys(self.paths, agent_units.plist(unit))
        return dict(zip(self.paths, (agent_units.timer(unit), agent_units.service(unit)), strict=True))

    def is_there(self) -> bool:
        """Whether one of the files is there, whatever is in it."""
        return any(map(os.path.lexists, self.paths))

    def held(self) -> AgentOptions | None:
        """What the unit holds; None where there is none of ours that can be read."""
        with suppress(FileError):
            data = atomic.read_own(self.paths[-1])
            read = launchd_plist.read if self.manager.kind == "launchd" else systemd_unit.read
            return held_by(read(data)) if data is not None else None
        return None

    def held_here(self) -> AgentOptions | None:
        """The same, where it is of this state."""
        held = self.held()
        return held if held is not None and held.state == self.state else None

    def minutes(self) -> int | None:
        """The minutes between two runs; None where no file of ours tells."""
        with suppress(FileError):
            data = atomic.read_own(self.paths[0])
            read = agent_units.read_plist if self.manager.kind == "launchd" else agent_units.read_timer
            return read(data) if data is not None else None
        return None

    def changes(self, texts: Mapping[Path, bytes]) -> bool:
        """Whether files have to be written: they are not there already, byte by byte.

        FileError where one of them is somebody else's.
        """
        there = {path: atomic.read_own(path) for path in texts}
        self.refuse_others()
        return there != texts

    def refuse_others(self) -> None:
        """FileError where one of the files is none of ours."""
        first, last = self.paths[0], self.paths[-1]
        for path, known in ((first, self.minutes()), (last, self.held())):
            if os.path.lexists(path) and known is None:
                raise FileError(
                    f"{path} is there, and mlxsm agent install did not write it; it was not touched",
                    "look at it, and move it away where nobody needs it",
                )

    def write(self, texts: Mapping[Path, bytes]) -> None:
        """Put the files in their places; FileError where the system refuses."""
        for path, text in [*texts.items()][::-1]:  # what is run is there before what runs it
            with atomic.system_errors(f"cannot write {path}"):
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic.sweep(path)
                atomic.put_in_place(atomic.write_beside(path, text, _MODE), path)

    def end(self) -> None:
        """Let no run begin, and end one that goes on; ServerError where it does not end."""
        self.manager.stop_timer(self.key)
        until = time.monotonic() + _END_SECONDS
        if self.manager.timer_state(self.key).unit.state != "absent":
            self.manager.stop(self.key)
        while self.manager.timer_state(self.key).unit.is_busy:
            if time.monotonic() > until:
                raise ServerError(f"{self.manager.kind} does not end the run that goes on")
            time.sleep(_PAUSE)

    def remove(self) -> None:
        """Remove the files, and what starts it at login, where no manager can be asked."""
        for path in self.paths:
            for one in (*path.parent.glob(f"*.wants/{path.name}"), path):
                one.unlink(missing_ok=True)


def key_of(state: str) -> str:
    """What the names of the units are made of: no two states share it, and the usual one has a plain name."""
    if state == os.path.realpath(default_state_path({})):
        return "agent"
    return f"agent-{hashlib.sha256(os.fsencode(state)).hexdigest()[:8]}"

"""systemd as the manager of this user's services, asked by `systemctl --user`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from mlxsm_sync.errors import ServerError
from mlxsm_sync.system.service_states import UnitState
from mlxsm_sync.system.spawn import Answer, ask
from mlxsm_sync.values.services import ServiceState

_STATES: Mapping[str, ServiceState] = {
    "active": "running",
    "reloading": "running",
    "activating": "starting",
    "deactivating": "stopping",
    "failed": "failed",
    "inactive": "stopped",
}


_ESCAPES = re.compile("[\"'\\\\]")
"""Where a list of folders has any of these, it has to be seen afterwards whether a file was read."""
_UNREAD = (
    "systemctl --user show --property=UnitPath lists the folders that it reads; "
    "is XDG_CONFIG_HOME of this shell another one than at login?"
)


class Systemd:
    """The user manager of systemd."""

    kind = "systemd"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        runtime = f"/run/user/{os.getuid()}"
        if "XDG_RUNTIME_DIR" not in environment and os.path.isdir(runtime):
            # What a login sets; a shell that came otherwise, as by `su`, has the same manager without it.
            self._environment["XDG_RUNTIME_DIR"] = runtime

    def folder(self) -> Path:
        """Where its user puts units."""
        config = self._environment.get("XDG_CONFIG_HOME", "")
        base = Path(config) if os.path.isabs(config) else Path(os.path.expanduser("~/.config"))
        return base / "systemd/user"

    def unit(self, entry_id: str) -> str:
        """What it calls the service of an entry."""
        return f"mlxsm-{entry_id}.service"

    def file_name(self, entry_id: str) -> str:
        """The name of a unit's file."""
        return self.unit(entry_id)

    def trouble(self) -> str | None:
        """Why it cannot be asked for anything; None where it can."""
        try:
            answer = self._ask("show", "--property=Version")
        except ServerError as error:
            return error.message
        if answer.code == 0:
            return None
        return f"systemd manages no services of this user here: {answer.reason}"

    def put(self, entry_id: str, path: Path, *, anew: bool) -> None:  # noqa: ARG002 - launchd asks
        """Take over a file that is new, or was written anew, and start it at login; ServerError."""
        unit = self.unit(entry_id)
        self._need("daemon-reload")
        found = self._need("show", unit, "--property=FragmentPath").out.strip().partition("=")[2]
        if not (os.path.exists(found) and os.path.samefile(found, path)):
            raise ServerError(f"systemd does not read {path}", _UNREAD)
        self._need("enable", "--quiet", unit)

    def start(self, entry_id: str, path: Path) -> None:  # noqa: ARG002 - launchd wants the path
        """Begin to start it, however often it has failed before; ServerError."""
        unit = self.unit(entry_id)
        self._ask("reset-failed", unit)
        self._need("start", "--no-block", unit)

    def stop(self, entry_id: str) -> bool:
        """Ask it to end, and to stay so until the next login; False where it cannot be asked."""
        try:
            return self._ask("stop", "--no-block", self.unit(entry_id)).code == 0
        except ServerError:
            return False

    def stop_command(self, entry_id: str) -> str:
        """What a person types to end it."""
        return f"systemctl --user stop {self.unit(entry_id)}"

    def check(self, path: Path) -> None:
        """ServerError where it would not read a file at this place, as far as that can be told before."""
        listed = self._need("show", "--property=UnitPath").out.strip().partition("=")[2]
        if not _ESCAPES.search(listed) and f" {path.parent} " not in f" {listed} ":
            raise ServerError(f"systemd does not read {path.parent}", _UNREAD)

    def release(self, entry_id: str) -> None:
        """Let go of a service whose file is to be removed; ServerError where it cannot be asked."""
        self._ask("disable", "--quiet", self.unit(entry_id))  # it refuses one whose file is gone already

    def forget(self, entry_id: str) -> None:
        """Take note that the file of a service was removed; ServerError."""
        self._need("daemon-reload")
        self._ask("reset-failed", self.unit(entry_id))

    def state(self, entry_id: str) -> UnitState:
        """How it is."""
        answer = self._ask(
            "show", self.unit(entry_id), "--property=LoadState,ActiveState,SubState,StatusText,NRestarts"
        )
        values = dict(line.partition("=")[::2] for line in answer.out.splitlines())
        state: ServiceState = _STATES.get(values.get("ActiveState", ""), "unknown")
        # One that runs goes on when its file is removed, emptied or masked.
        if answer.code != 0 or (values.get("LoadState") != "loaded" and state in ("stopped", "unknown")):
            return UnitState("absent")
        if values.get("SubState") == "auto-restart":
            state = "waiting"
        restarts = values.get("NRestarts", "")
        return UnitState(
            state,
            values.get("StatusText") or None,
            int(restarts) if restarts.isdecimal() else 0,
        )

    def _need(self, *words: str) -> Answer:
        answer = self._ask(*words)
        if answer.code != 0:
            raise ServerError(f"systemctl --user {' '.join(words)} failed: {answer.reason}")
        return answer

    def _ask(self, *words: str) -> Answer:
        return ask(["systemctl", "--user", *words], self._environment)


def is_unit_of_this_process(unit: str) -> bool:
    """Whether this process runs in a unit, by its control group, which only a manager puts it into."""
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(line.rpartition("/")[2] == unit for line in groups.splitlines())

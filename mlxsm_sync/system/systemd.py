"""systemd as the manager of this user's services, asked by `systemctl --user`."""

from __future__ import annotations

import os
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
            raise ServerError(
                f"systemd does not read {path}", "see systemctl --user show --property=UnitPath"
            )
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

    def remove(self, entry_id: str, path: Path) -> None:
        """Forget a service that has ended, and remove its file; ServerError, OSError."""
        unit = self.unit(entry_id)
        self._need("disable", "--quiet", unit)
        path.unlink(missing_ok=True)
        self._need("daemon-reload")
        self._ask("reset-failed", unit)

    def state(self, entry_id: str) -> UnitState:
        """How it is."""
        answer = self._ask(
            "show", self.unit(entry_id), "--property=LoadState,ActiveState,SubState,StatusText,NRestarts"
        )
        values = dict(line.partition("=")[::2] for line in answer.out.splitlines())
        if answer.code != 0 or values.get("LoadState") != "loaded":
            return UnitState("absent")
        state: ServiceState = _STATES.get(values.get("ActiveState", ""), "unknown")
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

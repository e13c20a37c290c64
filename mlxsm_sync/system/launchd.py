"""launchd as the manager of this user's services, asked by `launchctl`.

Its behaviour is read in public code and threads, and rehearsed: `bootout` returns before its service is gone,
`bootstrap` fails with 5 where one is still there, and what `launchctl list` says of the last exit is not
to be believed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from mlxsm_sync.errors import ServerError
from mlxsm_sync.system.service_states import UnitState
from mlxsm_sync.system.spawn import Answer, ask
from mlxsm_sync.values.services import ServiceState

GONE_SECONDS = 75.0
"""For a service to be gone: launchd kills it a minute after it asked."""
_PAUSE = 0.2
_STATE = re.compile(r"^\s*state = (.+?)\s*$", re.MULTILINE)
_STATES: Mapping[str, ServiceState] = {
    "running": "running",
    "waiting": "waiting",
    "spawn scheduled": "waiting",
    "spawning": "starting",
    "not running": "stopped",
    "exited": "stopped",
}
_NOT_NOW = 5
"""EIO: what `bootstrap` says where the service is there already, or still."""
_IN_PROGRESS = 36
"""EINPROGRESS: what `bootout` says while the service takes its time."""


class Launchd:
    """launchd, in the session of a user who is logged in at the screen."""

    kind = "launchd"

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._domain = f"gui/{os.getuid()}"

    def folder(self) -> Path:
        """Where its user puts property lists."""
        return Path(os.path.expanduser("~/Library/LaunchAgents"))

    def unit(self, entry_id: str) -> str:
        """What it calls the service of an entry: its label."""
        return f"com.mlxsm.{entry_id}"

    def file_name(self, entry_id: str) -> str:
        """The name of a property list's file."""
        return f"{self.unit(entry_id)}.plist"

    def trouble(self) -> str | None:
        """Why it cannot be asked for anything; None where it can."""
        try:
            answer = self._ask("print", self._domain)
        except ServerError as error:
            return error.message
        if answer.code == 0:
            return None
        return f"this user has no session at the screen, and launchd needs one: {answer.reason}"

    def put(self, entry_id: str, path: Path, *, anew: bool) -> None:  # noqa: ARG002 - systemd wants the path
        """Let a file that is new, or was written `anew`, be read at the next start; ServerError."""
        if anew and self._is_loaded(entry_id):
            self._bootout(entry_id)

    def start(self, entry_id: str, path: Path) -> None:
        """Begin to start it; ServerError. What runs already goes on."""
        if not self._is_loaded(entry_id):
            self._bootstrap(entry_id, path)
        # Without -k, which would kill the one that runs.
        answer = self._ask("kickstart", self._target(entry_id))
        if answer.code != 0:
            raise ServerError(f"launchctl kickstart {self._target(entry_id)} failed: {answer.reason}")

    def stop(self, entry_id: str) -> bool:
        """Ask it to end, and to stay so until the next login; False where it cannot be asked."""
        try:
            # `kill` would race with KeepAlive; what is booted out is not kept alive.
            return self._ask("bootout", self._target(entry_id)).code in (0, _IN_PROGRESS)
        except ServerError:
            return False

    def stop_command(self, entry_id: str) -> str:
        """What a person types to end it."""
        return f"launchctl bootout {self._target(entry_id)}"

    def check(self, path: Path) -> None:
        """It is told of each file, wherever that is."""

    def release(self, entry_id: str) -> None:
        """Let go of a service whose file is to be removed; ServerError."""
        if self._is_loaded(entry_id):
            self._bootout(entry_id)

    def forget(self, entry_id: str) -> None:
        """It has forgotten a service as soon as it has let go of it."""

    def state(self, entry_id: str) -> UnitState:
        """How it is."""
        answer = self._ask("print", self._target(entry_id))
        if answer.code != 0:
            return UnitState("absent")
        found = _STATE.search(answer.out)
        return UnitState(_STATES.get(found[1], "unknown") if found else "unknown")

    def _is_loaded(self, entry_id: str) -> bool:
        return self._ask("print", self._target(entry_id)).code == 0

    def _bootstrap(self, entry_id: str, path: Path) -> None:
        """Load it; ServerError where launchd does not take it."""
        self._ask("enable", self._target(entry_id))  # somebody may have disabled it once
        answer = self._ask("bootstrap", self._domain, str(path))
        if answer.code == _NOT_NOW:
            self._bootout(entry_id)
            answer = self._ask("bootstrap", self._domain, str(path))
        if answer.code != 0:
            raise ServerError(f"launchctl bootstrap {self._domain} {path} failed: {answer.reason}")

    def _bootout(self, entry_id: str) -> None:
        """Unload it, and wait until it is gone; ServerError where it stays."""
        self._ask("bootout", self._target(entry_id))
        until = time.monotonic() + GONE_SECONDS
        while self._is_loaded(entry_id):
            if time.monotonic() > until:
                raise ServerError(
                    f"launchd still has {self.unit(entry_id)} {GONE_SECONDS:g} s after it was asked to end it"
                )
            time.sleep(_PAUSE)

    def _target(self, entry_id: str) -> str:
        return f"{self._domain}/{self.unit(entry_id)}"

    def _ask(self, *words: str) -> Answer:
        return ask(["launchctl", *words], self._environment)


def is_service_of_this_process(label: str, environment: Mapping[str, str]) -> bool:
    """Whether launchd started this process as a service: it is its parent, and says so."""
    return os.getppid() == 1 and environment.get("XPC_SERVICE_NAME") == label

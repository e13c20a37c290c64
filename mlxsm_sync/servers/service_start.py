"""A start through the manager of services: it starts `mlxsm run`, and that is waited for by its records."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from threading import Event

from mlxsm_sync.errors import ServerError
from mlxsm_sync.servers import give_up
from mlxsm_sync.servers.attempt import Outcome
from mlxsm_sync.servers.ranks import missing, waits_for
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.services import Services
from mlxsm_sync.servers.start_steps import Ready, Step, Stopped, Waiting
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.system.service_states import UnitState
from mlxsm_sync.values.run import RunRecord
from mlxsm_sync.values.state import Entry

FAILED = "failed: "
"""How a `run` begins to tell its manager why it serves nothing."""
_PAUSE = 0.1
_LOOK_SECONDS = 0.5
"""Between two questions to the manager, each of which is a program."""
_SETTLE_SECONDS = 20.0
"""For a `run` to end that has said why it failed."""
_IDLE_LOOKS = 3
"""So often a manager has nothing to do for a service before that counts as its end."""


class ServiceStart:
    """One start, in the place of an `Attempt` whose process this one would begin itself."""

    def __init__(
        self, entry: Entry, files: RunFiles, services: Services, stop: Event, tell: Callable[[Step], None]
    ) -> None:
        self._entry, self._files, self._stop, self._tell = entry, files, stop, tell
        self._services, self._manager = services, services.manager
        self._name = services.name(entry.id)
        before = files.record(entry.id)
        self._before = before.run_id if isinstance(before, RunRecord) else None

    def finish(self, how: Waiting) -> Outcome:
        """Start it and wait until its `run` calls it ready, or says why not; Stopped ends it.

        How its `run` waits is what the service holds: for other ranks of a cluster without end. Here they
        are waited for for as long as `how` says.
        """
        if (trouble := self._manager.trouble()) is not None:
            away = self._files.command("service uninstall", self._entry.name)
            raise ServerError(f"its service cannot be started: {trouble}; {away} takes that away")
        self._tell(Step("starting"))
        restarts = self._begin()
        idle, next_look = 0, time.monotonic()
        until = next_look + how.timeout
        while True:
            if self._stop.wait(_PAUSE):
                self._manager.stop(self._entry.id)
                raise Stopped
            if (ready := self._ready()) is not None:
                return ready
            if (reason := give_up.reason(self._files, self._entry.id, self._name)) is not None:
                return self._failed(reason, self._settled())
            if time.monotonic() < next_look:
                continue
            if time.monotonic() > until and (awaited := self._awaited()) is not None:
                return Outcome(failure=f"{awaited}; its service goes on waiting", waiting=True)
            next_look = time.monotonic() + _LOOK_SECONDS
            state = self._manager.state(self._entry.id)
            idle = 0 if state.is_busy else idle + 1
            if idle >= _IDLE_LOOKS or state.restarts > restarts:
                return self._failed(self._why(state), state)
            if state.status:
                self._tell(Step(state.status))

    def _begin(self) -> int:
        """Start it anew; how often its manager has started it again before that."""
        entry_id = self._entry.id
        if self._manager.state(entry_id).state == "waiting":
            # It would only be waited for, and that counts as one start more.
            self._services.stop(entry_id)
        give_up.forget(self._files, entry_id)
        self._manager.start(entry_id, self._services.path(entry_id))
        return self._manager.state(entry_id).restarts

    def _why(self, state: UnitState) -> str:
        """Why it ended, where its `run` has noted nothing."""
        if state.status is not None and state.status.startswith(FAILED):
            return state.status.removeprefix(FAILED)
        if state.state in ("stopped", "absent"):
            return "it was stopped before it was ready"
        return f"it ended before it was ready: {self._where()}"

    def _ready(self) -> Outcome | None:
        record = self._files.record(self._entry.id)
        if not isinstance(record, RunRecord) or record.run_id == self._before or record.ready is None:
            return None
        with found(record) as server:
            if server.handle is None:
                return None
        return Outcome(Ready(record.ready, record.fingerprint), record.ready_seconds, pid=record.pid)

    def _awaited(self) -> str | None:
        """Which other ranks of its cluster have not come yet."""
        record = self._files.record(self._entry.id)
        if not isinstance(record, RunRecord) or record.cluster is None or record.pid is None:
            return None
        others = missing(record, record.pid)
        return waits_for(record.cluster, others) if others else None

    def _settled(self) -> UnitState:
        """How the service is when its `run`, which has said that it failed, has ended."""
        until = time.monotonic() + _SETTLE_SECONDS
        while (state := self._manager.state(self._entry.id)).state in ("running", "starting", "stopping"):
            if time.monotonic() > until or self._stop.wait(_PAUSE):
                break
        return state

    def _where(self) -> str:
        """Where the manager keeps what a service says."""
        if self._manager.kind == "launchd":
            return f"tail {shlex.quote(str(self._files.service_log_path(self._entry.id)))} tells why"
        return f"journalctl --user -u {self._manager.unit(self._entry.id)} tells why"

    def _failed(self, reason: str, state: UnitState) -> Outcome:
        if not state.is_busy:
            return Outcome(failure=reason)
        stop = self._files.command("down", self._entry.name)
        return Outcome(
            failure=f"{reason}\n{self._manager.kind} starts it again soon: {stop} keeps it from that"
        )

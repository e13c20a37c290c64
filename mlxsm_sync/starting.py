"""Start one server, wait until it is ready, and leave nothing behind where it will never be."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from mlxsm_sync import log_files, preflight, spawn, stopping
from mlxsm_sync.digest import digest_bytes
from mlxsm_sync.errors import MlxsmError, ServerTrouble
from mlxsm_sync.json_value import canonical
from mlxsm_sync.launch import Program, changed_program, changes
from mlxsm_sync.observing import ending_text, look
from mlxsm_sync.processes import Handle, boot_id, facts, hold, identify, run_mark
from mlxsm_sync.processes import found as identified
from mlxsm_sync.profile import Profile, endpoint
from mlxsm_sync.readiness import NotReady, Ready, Stopped, Wait
from mlxsm_sync.run_files import Damaged, RunFiles
from mlxsm_sync.server import Record, UpResult, UpServer

END_SECONDS = 10.0
"""Between TERM and KILL for a server of ours whose start failed."""
_ENDING_SECONDS = 1.0
"""For the keeper to note how a server ended."""

Tell = Callable[[str, str, int | None], None]
"""An entry's id, what its start is doing, and its process."""


class Settings(NamedTuple):
    """How to start."""

    program: Program
    environment: Mapping[str, str]
    timeout: float
    asking: bool = True
    """Whether a server must answer before it counts as ready."""
    recreate: bool = False
    """Whether one that runs with other options is started anew."""
    restart: bool = False
    """Whether one that runs is started anew in any case."""


class Start:
    """One start of one server; `stop` ends the waiting."""

    def __init__(
        self, one: preflight.Checked, files: RunFiles, settings: Settings, stop: Event, tell: Tell
    ) -> None:
        self.entry = one.entry
        self.begun: Record | None = None
        """The run that was begun here, and so is ours to end."""
        self._keeper: spawn.Keeper | None = None
        self._launch = one.launch
        self._files = files
        self._settings = settings
        self._stop = stop
        self._tell = tell

    def run(self) -> UpServer:
        """Start it and say how that went, whatever happens."""
        try:
            return self._run()
        except Stopped:
            return self.told("failed", message="interrupted")
        except MlxsmError as error:
            return self._abandon(error.message)
        except OSError as error:
            return self._abandon(f"the system refused: {error.strerror or error}")
        except Exception as error:
            return self._abandon(f"mlxsm failed by its own fault ({type(error).__name__})")

    def told(self, result: UpResult, **known: Any) -> UpServer:
        """What came of it."""
        where = endpoint(self.entry.profile.host, self.entry.profile.port)
        return UpServer(id=self.entry.id, name=self.entry.name, result=result, endpoint=where, **known)

    def _abandon(self, reason: str) -> UpServer:
        """Give up a start that something else than the server spoiled."""
        if (record := self.begun) is not None:
            ended = stopping.stop_all([(record.name, record)], self._files, force=True, grace=END_SECONDS)
            if ended[0].result == "failed":
                reason = f"{reason}; and its process {record.pid} cannot be ended: {ended[0].message}"
        return self.told("failed", message=reason)

    def _run(self) -> UpServer:
        """Begin under the lock, wait without it: whoever wants to stop the server meanwhile can."""
        result: UpResult = "started"
        with self._files.start_lock(self.entry.id):
            running = self._running()
            if running is not None:
                differences = self._differences(running)
                anew = self._settings.restart or (differences and self._settings.recreate)
                if differences and not anew:
                    message = f"{'; '.join(differences)}: restart needed (mlxsm up --recreate)"
                    return self.told("stale", pid=running.pid, message=message)
                seen = look(running)
                if not anew and seen.status == "ready":
                    return self.told("running", pid=running.pid)
                if not anew and seen.status == "dead-thread" and not seen.certain:
                    message = f"it runs, but {seen.last_error}: mlxsm restart starts it anew"
                    return self.told("failed", pid=running.pid, message=message)
                if anew or seen.status in ("dead-thread", "no-socket"):
                    result = "recreated" if anew else "started"
                    self._make_way(running)
                    running = None
            record = running or self._spawn()
        return self._finish(record, result if running is None else "running")

    def _running(self) -> Record | None:
        """The record of a server that runs; ServerTrouble where that cannot be told."""
        record = self._files.record(self.entry.id)
        if isinstance(record, Damaged):
            raise ServerTrouble(
                f"{record.reason}: it cannot be told whether a server runs; remove it if none does"
            )
        if record is None:
            return None
        found = identify(record)
        if found.doubt is not None:
            raise ServerTrouble(f"{found.doubt}; nothing was started")
        if found.handle is None:
            return None
        found.handle.close()
        return record.copy(pid=found.handle.pid)

    def _differences(self, running: Record) -> tuple[str, ...]:
        program = self._settings.program
        return (
            *changed_program(running.command, running.server_version, program),
            *changes(running.arguments, self._launch.arguments),
        )

    def _make_way(self, running: Record) -> None:
        """Stop a server that is to be started anew."""
        (ended,) = stopping.stop_all(
            [(running.name, running)], self._files, holding_lock=True, hurry=self._stop
        )
        if self._stop.is_set():
            raise Stopped
        if ended.result == "failed":
            raise ServerTrouble(f"the old one cannot be stopped: {ended.message}")

    def _spawn(self) -> Record:
        """Start the process. Its mark is on the disk before it lives, so it can be found whatever happens."""
        profile = self.entry.profile
        others = [record for record in self._files.records().values() if isinstance(record, Record)]
        if problem := preflight.port_problem(profile.host, profile.port, others):
            raise ServerTrouble(problem)
        log_files.rotate(self._files.log_path(self.entry.id))
        record = self._record()
        self._files.forget_run(self.entry.id)
        self._files.write(record)
        try:
            started = self._start_process(record)
        except BaseException:
            self._files.forget_run(self.entry.id)
            raise
        about = facts(started.pid)
        record = record.copy(pid=started.pid, start_mark=about.start_mark if about else "gone")
        self.begun, self._keeper = record, started.keeper
        self._files.write(record)
        self._tell(self.entry.id, "starting", started.pid)
        return record

    def _start_process(self, record: Record) -> spawn.Started:
        descriptor = log_files.open_new(Path(record.log))
        try:
            return spawn.start(
                (*record.command, *record.arguments),
                self._settings.environment,
                descriptor,
                self._files.ending_path(record.id),
                run_mark(record),
                Path("/"),
            )
        finally:
            os.close(descriptor)

    def _record(self) -> Record:
        from secrets import token_hex

        entry, program = self.entry, self._settings.program
        return Record(
            id=entry.id,
            name=entry.name,
            owner=entry.owner,
            host=entry.profile.host,
            port=entry.profile.port,
            nonce=token_hex(16),
            boot_id=boot_id(),
            command=program.command,
            arguments=self._launch.arguments,
            server_version=program.version,
            profile_digest=profile_digest(entry.profile),
            log=str(self._files.log_path(entry.id)),
            started_at=datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
        )

    def _finish(self, record: Record, result: UpResult) -> UpServer:
        """Wait until it is ready, and note that; a server that fails is ended."""
        began = time.monotonic()
        found = identify(record)
        if found.doubt is not None:
            return self._disown(record, found.doubt)
        if found.handle is None:
            self._end(record, None)
            return self.told("failed", message=self._how_it_ended(record))
        try:
            ready = self._wait(record, found.handle)
        except NotReady as error:
            return self._fail(record, found.handle, error)
        except Stopped:
            self._end(record, found.handle)
            raise
        finally:
            found.handle.close()
        with identified(record) as again:
            if again.doubt is not None:  # its command can have cleared the environment since
                return self._disown(record, again.doubt)
        seconds = round(time.monotonic() - began, 3)
        self._note(record, ready=ready.proof, fingerprint=ready.fingerprint, ready_seconds=seconds)
        return self.told(result, pid=record.pid, ready_seconds=seconds)

    def _disown(self, record: Record, doubt: str) -> UpServer:
        """A process that hides its mark could never be stopped again; its own parent still knows it."""
        if self.begun is None or self._keeper is None or self._keeper.poll() is not None:
            return self.told("failed", message=f"{doubt}; it was left alone")
        with hold(record.pid) as handle:
            if handle is not None and self._end(record, handle):
                self._files.forget_run(record.id)
        return self.told("failed", message=f"{doubt}: does its command clear the environment? It was ended")

    def _wait(self, record: Record, handle: Handle) -> Ready:
        wait = Wait(
            handle,
            record,
            log_files.Reader(Path(record.log)),
            timeout=self._settings.timeout,
            stop=self._stop,
            tell=lambda phase: self._tell(self.entry.id, phase, record.pid),
        )
        return wait.until_ready(asking=self._settings.asking)

    def _how_it_ended(self, record: Record) -> str:
        """An exit, with its code and the last thing that it said."""
        until = time.monotonic() + _ENDING_SECONDS
        while (ending := self._files.ending(record)) is None and time.monotonic() < until:
            time.sleep(0.01)
        if ending is None and self._files.record(record.id) is None:
            return "it was stopped by another mlxsm meanwhile"
        return ending_text(ending, log_files.text(Path(record.log)))

    def _fail(self, record: Record, handle: Handle, error: NotReady) -> UpServer:
        """Leave no process behind, and remember why. What was begun elsewhere is left as it is."""
        if self.begun is None and not error.ended:
            return self.told("failed", pid=record.pid, message=f"{error}; it was started before, and left")
        gone = self._end(record, handle)
        if error.ended:
            return self.told("failed", message=self._how_it_ended(record))
        reason = str(error) if gone else f"{error}; and its process {handle.pid} cannot be ended"
        self._note(record, failure=reason)
        return self.told("failed", message=reason)

    def _end(self, record: Record, handle: Handle | None) -> bool:
        """End what was begun here, with all that it started; say whether it is gone."""
        if self.begun is None:
            return False
        leaving = stopping.Leaving(record, handle, thorough=True)
        for number in (signal.SIGTERM, signal.SIGKILL):
            leaving.signal(number)
            until = time.monotonic() + END_SECONDS
            while time.monotonic() < until:
                if leaving.is_gone():
                    return True
                time.sleep(0.01)
        return False

    def _note(self, record: Record, **known: object) -> None:
        """Add to the record what is known now, unless another run has taken its place."""
        with self._files.start_lock(record.id):
            there = self._files.record(record.id)
            if isinstance(there, Record) and there.nonce == record.nonce:
                self._files.write(there.copy(**known))


def profile_digest(profile: Profile) -> str:
    """The hash of all that a profile says."""
    return digest_bytes(canonical(profile.sparse).encode())

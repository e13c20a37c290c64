"""Start servers side by side, and say of each how it went; one failure hides none of the others."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from mlxsm_sync import log_files, preflight, spawn, stopping
from mlxsm_sync.digest import digest_bytes
from mlxsm_sync.errors import MlxsmError, ServerTrouble
from mlxsm_sync.json_value import canonical
from mlxsm_sync.launch import Program, changed_program, changes
from mlxsm_sync.model_files import make_cache_folder
from mlxsm_sync.processes import Handle, boot_id, facts, identify, run_mark
from mlxsm_sync.profile import Profile, endpoint
from mlxsm_sync.readiness import NotReady, Ready, Stopped, Wait
from mlxsm_sync.run_files import Damaged, RunFiles
from mlxsm_sync.server import Record, UpResult, UpServer

_END_SECONDS = 10.0
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


class Starter:
    """One run of `up`: a thread for each server, and one word that stops them all."""

    def __init__(self, files: RunFiles, settings: Settings, tell: Tell) -> None:
        self._files = files
        self._settings = settings
        self._tell = tell
        self._stop = threading.Event()
        self._results: dict[str, UpServer] = {}
        self._begun: dict[str, Record] = {}
        self._threads: list[threading.Thread] = []
        self._done = threading.Event()
        self._left = 0
        self._counting = threading.Lock()

    def begin(self, wanted: Sequence[preflight.Checked]) -> None:
        """Start all of them; come back at once."""
        self._files.prepare()
        make_cache_folder(self._settings.environment)
        self._left = len(wanted)
        if not wanted:
            self._done.set()
        self._threads = [threading.Thread(target=self._run, args=(one,), daemon=True) for one in wanted]
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for them, at most so long; say whether all are done."""
        return self._done.wait(seconds)

    def stop(self) -> None:
        """Stop what this run has started, and nothing else; come back when it is gone."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        begun = ((record.name, record) for record in self._begun.values())
        stopping.stop_all(begun, self._files, force=True, grace=_END_SECONDS)

    @property
    def results(self) -> dict[str, UpServer]:
        """What came of each, by entry."""
        return self._results

    def _run(self, one: preflight.Checked) -> None:
        try:
            result = self._start(one)
        except Stopped:
            result = _told(one, "failed", message="interrupted")
        except MlxsmError as error:
            result = self._abandon(one, error.message)
        except OSError as error:
            result = self._abandon(one, f"the system refused: {error.strerror or error}")
        except Exception as error:
            result = self._abandon(one, f"mlxsm failed by its own fault ({type(error).__name__})")
        with self._counting:
            self._results[one.entry.id] = result
            self._left -= 1
            if self._left == 0:
                self._done.set()

    def _abandon(self, one: preflight.Checked, reason: str) -> UpServer:
        """Give up a start that something else than the server spoiled; what was started is ended."""
        record = self._begun.get(one.entry.id)
        if record is not None:
            ended = stopping.stop_all([(record.name, record)], self._files, force=True, grace=_END_SECONDS)
            if ended[0].result == "failed":
                reason = f"{reason}; and its process {record.pid} cannot be ended: {ended[0].message}"
        return _told(one, "failed", message=reason)

    def _start(self, one: preflight.Checked) -> UpServer:
        """Begin under the lock, wait without it: whoever wants to stop the server meanwhile can."""
        result: UpResult = "started"
        with self._files.start_lock(one.entry.id):
            running = self._running(one)
            if running is not None:
                told = self._changes(one, running)
                anew = self._settings.restart or (told and self._settings.recreate)
                if told and not anew:
                    message = f"{'; '.join(told)}: restart needed (mlxsm up --recreate)"
                    return _told(one, "stale", pid=running.pid, message=message)
                if not anew and running.ready is not None and self._is_well(running):
                    return _told(one, "running", pid=running.pid)
                if anew or self._is_broken(running):
                    result = "recreated" if anew else "started"
                    self._make_way(running)
                    running = None
            record = running or self._spawn(one)
        return self._finish(one, record, result if running is None else "running")

    def _running(self, one: preflight.Checked) -> Record | None:
        """The record of a server that runs; ServerTrouble where that cannot be told."""
        record = self._files.record(one.entry.id)
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

    def _changes(self, one: preflight.Checked, running: Record) -> tuple[str, ...]:
        program = self._settings.program
        return (
            *changed_program(running.command, running.server_version, program),
            *changes(running.arguments, one.launch.arguments),
        )

    def _is_well(self, running: Record) -> bool:
        from mlxsm_sync.observing import look

        return look(running).status == "ready"

    def _is_broken(self, running: Record) -> bool:
        from mlxsm_sync.observing import look

        return look(running).status in ("dead-thread", "no-socket")

    def _make_way(self, running: Record) -> None:
        """Stop a server that is to be started anew."""
        (ended,) = stopping.stop_all([(running.name, running)], self._files, holding_lock=True)
        if ended.result == "failed":
            raise ServerTrouble(f"the old one cannot be stopped: {ended.message}")

    def _spawn(self, one: preflight.Checked) -> Record:
        """Start the process. Its mark is on the disk before it lives, so it can be found whatever happens."""
        entry, program = one.entry, self._settings.program
        others = [record for record in self._files.records().values() if isinstance(record, Record)]
        if problem := preflight.port_problem(entry.profile.host, entry.profile.port, others):
            raise ServerTrouble(problem)
        log = self._files.log_path(entry.id)
        log_files.rotate(log)
        record = _record(one, program, str(log))
        self._files.forget_run(entry.id)
        self._files.write(record)
        try:
            started = self._start_process(record)
        except BaseException:
            self._files.forget_run(entry.id)
            raise
        about = facts(started.pid)
        record = record.copy(pid=started.pid, start_mark=about.start_mark if about else "gone")
        self._begun[entry.id] = record
        self._files.write(record)
        self._tell(entry.id, "starting", started.pid)
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

    def _finish(self, one: preflight.Checked, record: Record, result: UpResult) -> UpServer:
        """Wait until it is ready, and note that; a server that fails is ended."""
        began = time.monotonic()
        found = identify(record)
        if found.doubt is not None:
            return _told(one, "failed", message=f"{found.doubt}; it was left alone")
        if found.handle is None:
            return _told(one, "failed", message=self._how_it_ended(record))
        try:
            ready = self._wait(one, record, found.handle)
        except NotReady as error:
            if error.ended:
                self._end(found.handle, record)
                return _told(one, "failed", message=self._how_it_ended(record))
            return self._fail(one, record, str(error), found.handle)
        except Stopped:
            self._end(found.handle, record)
            raise
        finally:
            found.handle.close()
        seconds = round(time.monotonic() - began, 3)
        note = {"ready": ready.proof, "fingerprint": ready.fingerprint, "ready_seconds": seconds}
        self._note(record, **note)
        return _told(one, result, pid=record.pid, ready_seconds=seconds)

    def _wait(self, one: preflight.Checked, record: Record, handle: Handle) -> Ready:
        wait = Wait(
            handle,
            record,
            log_files.Reader(Path(record.log)),
            timeout=self._settings.timeout,
            stop=self._stop,
            tell=lambda phase: self._tell(one.entry.id, phase, record.pid),
        )
        return wait.until_ready(asking=self._settings.asking)

    def _how_it_ended(self, record: Record) -> str:
        """An exit, with its code and the last thing that it said."""
        from mlxsm_sync.observing import ending_text

        until = time.monotonic() + _ENDING_SECONDS
        while (ending := self._files.ending(record)) is None and time.monotonic() < until:
            time.sleep(0.01)
        return ending_text(ending, log_files.text(Path(record.log)))

    def _fail(self, one: preflight.Checked, record: Record, reason: str, handle: Handle) -> UpServer:
        """Leave no process behind, and remember why."""
        if not self._end(handle, record):
            reason = f"{reason}; and its process {handle.pid} cannot be ended"
        self._note(record, failure=reason)
        return _told(one, "failed", message=reason)

    def _end(self, handle: Handle, record: Record) -> bool:
        """End a server whose start failed, with all that it started; say whether it is gone."""
        leaving = stopping.Leaving(record, handle)
        for number in (signal.SIGTERM, signal.SIGKILL):
            leaving.signal(number)
            until = time.monotonic() + _END_SECONDS
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


def _record(one: preflight.Checked, program: Program, log: str) -> Record:
    from secrets import token_hex

    entry = one.entry
    return Record(
        id=entry.id,
        name=entry.name,
        owner=entry.owner,
        host=entry.profile.host,
        port=entry.profile.port,
        nonce=token_hex(16),
        boot_id=boot_id(),
        command=program.command,
        arguments=one.launch.arguments,
        server_version=program.version,
        profile_digest=profile_digest(entry.profile),
        log=log,
        started_at=datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z",
    )


def profile_digest(profile: Profile) -> str:
    """The hash of all that a profile says."""
    return digest_bytes(canonical(profile.sparse).encode())


def _told(one: preflight.Checked, result: UpResult, **known: Any) -> UpServer:
    profile = one.entry.profile
    where = endpoint(profile.host, profile.port)
    return UpServer(id=one.entry.id, name=one.entry.name, result=result, endpoint=where, **known)

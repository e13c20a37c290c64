"""One run of a server, from its process on until it is ready, or gone with all that it started."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import NamedTuple

from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.servers import log_messages, logs, stopping
from mlxsm_sync.servers.downloads import Downloads
from mlxsm_sync.servers.endings import ending_of
from mlxsm_sync.servers.explaining import exit_reason
from mlxsm_sync.servers.outcomes import Unusable
from mlxsm_sync.servers.ranks import called_in_vain
from mlxsm_sync.servers.readiness import ReadinessWait
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.start_steps import NotReady, Ready, Step, Stopped, Waiting
from mlxsm_sync.system import spawn
from mlxsm_sync.system.process import Handle
from mlxsm_sync.system.process_identity import found as identified
from mlxsm_sync.system.process_identity import hold, identify
from mlxsm_sync.values.endings import ending_text
from mlxsm_sync.values.run import RunRecord

END_SECONDS = 10.0
"""Between TERM and KILL for a server of ours whose start failed."""
_BAD_USAGE = 2
"""The exit code of a program that cannot read its options."""
_ENDING_SECONDS = 30.0
"""For a shim that lives to note how its server ended: a busy machine, or a slow disk, takes its time."""


class Outcome(NamedTuple):
    """What came of a run."""

    ready: Ready | None = None
    """None where it failed."""
    seconds: float | None = None
    """How long it took until it was ready."""
    failure: str | None = None
    pid: int | None = None
    """The process, where there still is one."""
    refused: frozenset[str] = frozenset()
    """The options that its program did not know, where it ended at once for that."""
    unusable: Unusable | None = None
    """What another try would not mend, where that made it fail."""
    waiting: bool = False
    """Whether other ranks of its cluster were still awaited when it failed."""


class Attempt:
    """A run that is waited for; `shim` is its parent where it was begun here, and so is ours to end."""

    def __init__(
        self,
        record: RunRecord,
        files: RunFiles,
        stop: Event,
        tell: Callable[[Step], None],
        shim: spawn.Shim | spawn.Child | None,
    ) -> None:
        self.record = record
        self._files = files
        self._stop = stop
        self._tell = tell
        self._shim = shim

    def finish(self, how: Waiting) -> Outcome:
        """Wait until it is ready, and note that; a server that was begun here and fails is ended."""
        began = time.monotonic()
        self._tell(Step("starting" if self._shim else "waiting", self.record.pid))
        found = identify(self.record)
        if found.doubt is not None:
            return self._disown(found.doubt)
        if found.handle is None:
            self._end(None)
            return self._ended(None)
        wait = ReadinessWait(
            found.handle,
            self.record,
            Downloads(self.record.arguments, how.environment),
            timeout=how.timeout,
            stop=self._stop,
            tell=self._tell,
            patient=how.patient,
        )
        try:
            ready = wait.until_ready(asking=how.asking)
        except NotReady as error:
            return self._fail(found.handle, error, wait)
        except Stopped:
            self._end(found.handle)
            raise
        finally:
            found.handle.close()
        with identified(self.record) as again:
            if again.doubt is not None:  # its command can have cleared the environment since
                return self._disown(again.doubt)
        seconds = round(time.monotonic() - began, 3)
        self._note(
            ready=ready.proof,
            fingerprint=ready.fingerprint,
            server_version=ready.release or self.record.server_version,
            ready_seconds=seconds,
            own_log_bytes=wait.own,
        )
        return Outcome(ready, seconds, pid=self.record.pid)

    def _disown(self, doubt: str) -> Outcome:
        """A process that hides its mark could never be stopped again; its own parent still knows it."""
        if self._shim is None or self._shim.poll() is not None:
            return Outcome(failure=f"{doubt}; it was left alone")
        with hold(self.record.pid) as handle:
            if handle is not None and self._end(handle):
                self._files.forget_run(self.record.id)
        return Outcome(failure=f"{doubt}: does its command clear the environment? It was ended")

    def _fail(self, handle: Handle, error: NotReady, wait: ReadinessWait) -> Outcome:
        """Leave no process behind, and remember why. What was begun elsewhere is left as it is."""
        if self._shim is None and not error.ended:
            return Outcome(failure=f"{error}; it was started before, and left", pid=self.record.pid)
        gone = self._end(handle)
        if error.ended:
            ended = self._ended(wait)
            if wait.awaited is None or self._was_stopped() or not called_in_vain(self._said()):
                return ended
            return ended._replace(failure=f"{wait.awaited}: {ended.failure}", waiting=True)
        reason = str(error) if gone else f"{error}; and its process {handle.pid} cannot be ended"
        self._note(failure=reason, own_log_bytes=wait.own)
        unusable: Unusable | None = "model" if error.unusable else None
        return Outcome(failure=reason, unusable=unusable, waiting=error.waiting)

    def _ended(self, wait: ReadinessWait | None) -> Outcome:
        """An exit, with its code and the last thing that it said."""
        log = Path(self.record.log)
        ending = ending_of(self.record, self._files, _ENDING_SECONDS)
        if ending is None and self._files.record(self.record.id) is None:
            return Outcome(failure="it was stopped by another mlxsm meanwhile")
        alone = wait is not None and not wait.listened
        alone = alone or (wait is None and self._shim is not None)
        own = logs.size(log) if alone else wait.own if wait is not None else None
        with suppress(MlxsmError):  # whoever holds the lock knows more of it by now
            self._note(own_log_bytes=own)
        code = ending.code if ending is not None else None
        reason = ending_text(code, exit_reason(log, own, code))
        refused = log_messages.refused_options(logs.part(log)) if alone and code else frozenset()
        return Outcome(
            failure=reason, refused=refused, unusable="options" if alone and code == _BAD_USAGE else None
        )

    def _said(self) -> str:
        return logs.part(Path(self.record.log))

    def _was_stopped(self) -> bool:
        """Whether somebody else has asked it to end."""
        return self._files.record(self.record.id) is None or self._files.asked(self.record) is not None

    def _end(self, handle: Handle | None) -> bool:
        """End what was begun here, with all that it started; say whether it is gone."""
        if self._shim is None:
            return False
        shutdown = stopping.Shutdown(self.record, handle)
        for number in (signal.SIGTERM, signal.SIGKILL):
            shutdown.signal(number)
            until = time.monotonic() + END_SECONDS
            while time.monotonic() < until:
                if shutdown.is_gone():
                    return True
                time.sleep(0.01)
        return False

    def _note(self, **known: object) -> None:
        """Add to the record what is known now, unless another run has taken its place."""
        with self._files.start_lock(self.record.id):
            there = self._files.record(self.record.id)
            if isinstance(there, RunRecord) and there.run_id == self.record.run_id:
                self._files.write(there.model_copy(**known))

"""The parent of one server, which watches it until one of them ends.

`mlxsm run` becomes this program when its server is ready: the same process, still the parent, without all
that only a start needs. So it holds less than thirty megabytes.

    python -P -m mlxsm_sync.servers.lean FD
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.servers import give_up, logs
from mlxsm_sync.servers.endings import note_ending
from mlxsm_sync.servers.explaining import exit_reason
from mlxsm_sync.servers.idle import IdleClock, Observer
from mlxsm_sync.servers.log_echo import LogEcho
from mlxsm_sync.servers.observing import look
from mlxsm_sync.servers.outcomes import UNHEALTHY, Outcome, bad_looks, exit_code
from mlxsm_sync.servers.plan import Observation
from mlxsm_sync.servers.ranks import has_lost_its_peer, peer_left
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.servers.run_settings import Settings
from mlxsm_sync.servers.stopping import Shutdown
from mlxsm_sync.system.notify import Notifier
from mlxsm_sync.system.process_identity import hold
from mlxsm_sync.system.signals import Wakeups, let_through
from mlxsm_sync.system.spawn import Child
from mlxsm_sync.text.amounts import duration
from mlxsm_sync.text.unicode import visible
from mlxsm_sync.values.endings import ending_text
from mlxsm_sync.values.run import RunRecord

_PAUSE = 0.05
_ECHO_SECONDS = 0.25


class Watch:
    """One server, watched by its parent."""

    def __init__(self, files: RunFiles, settings: Settings, wakeups: Wakeups) -> None:
        record = settings.record
        assert record.pid is not None
        self._record, self._files, self._pace = record, files, settings.pace
        self._wakeups, self._say = wakeups, teller(record.name, quiet=settings.quiet)
        self._child, self._notifier = Child(record.pid), Notifier(os.environ)
        log = Path(record.log)
        self._echo = LogEcho(log, settings.echo_from) if settings.echo_from is not None else None
        self._limit = settings.stop_after_idle
        self._observer = Observer(record) if self._limit is not None else None
        now = time.monotonic()
        self._clock = IdleClock(self._observer.look(now)) if self._observer is not None else None
        self._next_look, self._next_sign = now + self._pace.look, now
        self._bad, self._status = 0, "ready"
        self._told = 0

    def until_end(self) -> Outcome:
        """Watch it; how that ended."""
        self._notifier.tell("READY=1", "STATUS=ready")
        while True:
            self._give_sign()
            self._wakeups.wait(self._until_next())
            if self._echo is not None:
                self._echo.step()
            if self._wakeups.asked:
                return self._stop()
            if self._child.reap() is not None:
                return self._has_ended()
            if time.monotonic() >= self._next_look:
                self._next_look = time.monotonic() + self._pace.look
                if (outcome := self._look()) is not None:
                    return outcome

    def finish(self) -> None:
        """Say the last of what its server said."""
        if self._echo is not None:
            self._echo.finish()

    def _until_next(self) -> float:
        soon = self._next_look - time.monotonic()
        if self._notifier.watchdog is not None:
            soon = min(soon, self._next_sign - time.monotonic())
        return soon if self._echo is None else min(soon, _ECHO_SECONDS)

    def _give_sign(self) -> None:
        pause = self._notifier.watchdog
        if pause is not None and time.monotonic() >= self._next_sign:
            self._next_sign = time.monotonic() + pause
            self._notifier.tell("WATCHDOG=1")

    # A look.

    def _look(self) -> Outcome | None:
        """Whether it has nothing to do, and whether it works; what is done about that, if anything."""
        self._shorten_log()
        if self._clock is not None and self._observer is not None:
            # Before it is asked anything, so that nothing of ours is seen.
            idle = self._clock.seen(self._observer.look(time.monotonic()))
            if self._limit is not None and idle >= self._limit:
                return self._stop_idle(idle)
        seen = _seen(self._record)
        self._bad = bad_looks(self._bad, seen.status)
        why = f"{seen.status}: {seen.last_error or 'it does not work'}"
        if seen.status != self._status or self._bad:
            self._tell(f"{why} ({self._bad} of {UNHEALTHY})" if self._bad else "ready again")
        self._status = seen.status
        if self._child.reap() is not None:
            return self._has_ended()
        return self._end_unhealthy(seen.last_error or seen.status) if self._bad >= UNHEALTHY else None

    def _shorten_log(self) -> None:
        log = Path(self._record.log)
        if logs.size(log) <= self._pace.log_limit:
            return
        with suppress(MlxsmError, OSError):
            self._note(own_log_bytes=0)  # what it wrote alone is in the log before
            if self._echo is not None:
                self._echo.step()
            if logs.shorten(log, self._pace.log_limit):
                for reader in (self._echo, self._observer):
                    if reader is not None:
                        reader.begin_anew()
                if self._clock is not None:
                    # A request may have been written since the last look; a log so long was of use anyway.
                    self._clock.use(time.monotonic())

    def _note(self, **known: object) -> None:
        self._record = self._record.model_copy(**known)
        with self._files.start_lock(self._record.id):
            there = self._files.record(self._record.id)
            if isinstance(there, RunRecord) and self._is_of_this_run(there):
                self._files.write(there.model_copy(**known))

    def _is_of_this_run(self, there: object) -> bool:
        return isinstance(there, RunRecord) and there.run_id == self._record.run_id

    # Ends.

    def _has_ended(self) -> Outcome:
        """It has ended by itself, or by what somebody else did; what it started is ended with it."""
        code = self._child.code
        there = self._files.record(self._record.id)
        asked = self._files.asked(self._record) is not None or not self._is_of_this_run(there)
        self._note_ending()
        self._end((signal.SIGTERM, self._pace.kill), (signal.SIGKILL, self._pace.kill))
        if asked:
            self._tell("stopped by another mlxsm")
            return "stopped"
        log, rank = Path(self._record.log), self._record.cluster
        if rank is not None and has_lost_its_peer(self._record, code, logs.part(log)):
            self._tell(peer_left(rank))
            return "alone"
        self._tell(ending_text(code, exit_reason(log, self._record.own_log_bytes, code)))
        return "failed"

    def _stop(self) -> Outcome:
        """Somebody asks for the end of both. Who asked by way of our files looks after them, too."""
        elsewhere = self._files.asked(self._record) is not None
        self._files.note_asked(self._record)
        self._tell("stopping")
        if not self._end((signal.SIGTERM, self._pace.grace)):
            return self._leave()
        with suppress(MlxsmError):
            if not elsewhere:
                self._forget()
        self._tell("stopped")
        return "stopped"

    def _stop_idle(self, seconds: float) -> Outcome:
        words = f"idle for {duration(seconds)}"
        self._tell(f"{words}: stopping")
        if not self._end((signal.SIGTERM, self._pace.grace), idle=seconds):
            return self._leave()
        self._tell(f"stopped, {words}")
        return "idle"

    def _end_unhealthy(self, reason: str) -> Outcome:
        self._tell(f"it does not work: ending it: {reason}")
        steps = (signal.SIGTERM, self._pace.kill), (signal.SIGKILL, self._pace.kill)
        gone = self._end(*steps, reason=reason)
        self._tell("ended" if gone else "it cannot be ended")
        return "failed" if self._record.cluster is None else "alone"

    def _leave(self) -> Outcome:
        kills = self._files.command("down", self._record.name, options=["--force"])
        self._tell(f"still running {self._pace.grace:g} s after TERM, and left; {kills} kills it")
        return "left"

    def _end(self, *steps: tuple[signal.Signals, float], **why: Any) -> bool:
        """Ask for its end, with all that it started, and wait; say whether it is gone."""
        self._notifier.tell("STOPPING=1")
        self._told = len(self._wakeups.asked)
        with hold(self._record.pid if self._child.code is None else None) as handle:
            shutdown = Shutdown(self._record, handle)
            for number, seconds in steps:
                shutdown.signal(number)
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    if _is_gone(shutdown):
                        self._child.reap()
                        self._note_ending(**why)
                        return True
                    self._wakeups.wait(_PAUSE)
                    self._give_sign()
                    self._tell_what_is_awaited()
        return False

    def _note_ending(self, **why: Any) -> None:
        if self._child.code is not None and self._is_of_this_run(self._files.record(self._record.id)):
            note_ending(self._record, self._files, self._child.code, **why)

    def _forget(self) -> None:
        with self._files.start_lock(self._record.id):
            if self._is_of_this_run(self._files.record(self._record.id)):
                self._files.forget_run(self._record.id)

    def _tell_what_is_awaited(self) -> None:
        """Whoever asks again is told why it takes so long."""
        if len(self._wakeups.asked) > self._told:
            self._told = len(self._wakeups.asked)
            kills = self._files.command("down", self._record.name, options=["--force"])
            self._tell(f"waiting for process {self._record.pid} to end; {kills} kills it")

    def _tell(self, words: str) -> None:
        self._say(words)
        self._notifier.tell(f"STATUS={words}")


def _seen(record: RunRecord) -> Observation:
    """How it is; one that cannot be looked at has no good look."""
    try:
        return look(record)
    except OSError as error:
        return Observation("dead-thread", last_error=f"it cannot be looked at: {error.strerror or error}")


def _is_gone(shutdown: Shutdown) -> bool:
    with suppress(OSError):  # nobody can tell for now
        return shutdown.is_gone()
    return False


def teller(name: str, *, quiet: bool = False) -> Callable[[str], None]:
    """Says something of a server on standard error; where nobody listens, the work goes on."""

    def say(words: str) -> None:
        if not quiet:
            with suppress(OSError):
                sys.stderr.write(f"{visible(f'{name}: {words}')}\n")
                sys.stderr.flush()

    return say


def main(number: str) -> int:
    """Watch the server that this process is the parent of; the exit code.

    The settings are in a file without a name, by its number: no other user sees the mark of the run in it.
    """
    with os.fdopen(int(number), encoding="utf-8") as file:
        settings, wakeups = Settings.read(file.read()), Wakeups()
    let_through()
    files = RunFiles(Path(settings.beside), settings.state, settings.named)
    watch = Watch(files, settings, wakeups)
    outcome = watch.until_end()
    watch.finish()
    say = teller(settings.record.name, quiet=settings.quiet)
    outcome = give_up.settled(files, settings.record.id, outcome, say)
    return exit_code(outcome, zero=settings.zero)

"""`mlxsm run`: serve one profile in the foreground, as the parent of its server."""

from __future__ import annotations

import os
import sys
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from mlxsm_sync.commands.servers.bring_up import remedy_for
from mlxsm_sync.commands.servers.progress import Progress
from mlxsm_sync.commands.servers.run_order import order_or_outcome
from mlxsm_sync.commands.servers.run_reports import show, show_failed
from mlxsm_sync.commands.servers.service_means import UpOptions
from mlxsm_sync.commands.servers.targets import run_files
from mlxsm_sync.servers import give_up, model_files, stopping
from mlxsm_sync.servers.attempt import END_SECONDS
from mlxsm_sync.servers.endings import note_ending
from mlxsm_sync.servers.foreground import teller
from mlxsm_sync.servers.log_echo import LogEcho
from mlxsm_sync.servers.moves import Moves
from mlxsm_sync.servers.outcomes import after_failed_start, exit_code
from mlxsm_sync.servers.run_settings import Pace, Settings
from mlxsm_sync.servers.starting import Start, StartPolicy
from mlxsm_sync.system.notify import Notifier
from mlxsm_sync.system.process_identity import found
from mlxsm_sync.system.runners import held_runner
from mlxsm_sync.system.signals import Wakeups, hold_back, let_through
from mlxsm_sync.system.spawn import Child, become
from mlxsm_sync.values.run import RunRecord, UpServer

if TYPE_CHECKING:
    from mlxsm_sync.commands.session import Session
    from mlxsm_sync.servers.orders import Order
    from mlxsm_sync.servers.outcomes import Outcome
    from mlxsm_sync.servers.records import RunFiles
    from mlxsm_sync.servers.start_steps import Step

PACE = Pace()
"""How often a server is looked at, and how long its end may take."""
_STEP = 0.1
_MORE_TIME = "EXTEND_TIMEOUT_USEC=60000000"
"""For a service manager, again and again while a model is loaded."""


class Wishes(NamedTuple):
    """What is asked of a run, beside how its server is started."""

    stop_after_idle: float | None
    log_to_stdout: bool
    give_up_with_zero: bool


def run(session: Session, /, name: str, timeout: float, no_probe: bool, **given: Any) -> int:
    """Start the server of a profile, and be its parent until one of them ends."""
    wishes = Wishes(*(given.pop(field) for field in Wishes._fields))
    how = UpOptions(timeout, no_probe, **given)
    files = run_files(session)
    order = order_or_outcome(session, files, name, how)
    if isinstance(order, str):
        return exit_code(order, zero=wishes.give_up_with_zero)
    say = teller(order.entry.name, quiet=session.output.quiet)
    if give_up.has_given_up(files, order.entry.id):
        again = remedy_for(session)("up", order.entry.name)
        say(f"nothing was started: its runs failed too often; {again} tries again")
        return exit_code("gave-up", zero=False)
    outcome = _Foreground(session, files, order, how, wishes).outcome()
    return exit_code(give_up.settled(files, order.entry.id, outcome, say), zero=wishes.give_up_with_zero)


class _Foreground:
    """One start of one server, whose parent this process is."""

    def __init__(
        self, session: Session, files: RunFiles, order: Order, how: UpOptions, wishes: Wishes
    ) -> None:
        self._session, self._files, self._order, self._wishes = session, files, order, wishes
        self._say = teller(order.entry.name, quiet=session.output.quiet)
        self._wakeups, self._notifier = Wakeups(), Notifier(os.environ)
        self._progress = Progress(session.output, {order.entry.id: order.entry.name})
        remedy = remedy_for(session)
        self._policy = StartPolicy(os.environ, how.timeout, remedy, not how.no_probe, foreground=True)
        self._stop = Event()
        self._start = self._new_start()
        self._result: UpServer | None = None
        self._echo: LogEcho | None = None
        self._threads: list[Thread] = []
        self._told = 0

    def outcome(self) -> Outcome:
        """What came of it, where it did not become ready; else this process goes on as its parent."""
        self._files.prepare()
        model_files.make_cache_folder(os.environ)
        entry = self._order.entry
        if (running := self._running()) is not None:
            # No failure of this entry: its server works, and its service may still have to heal it.
            show(self._session, self._start.report("failed", pid=running.pid, message=self._why(running)))
            return "held"
        self._wait_for(self._begin)
        if self._wakeups.asked or self._progress.hung_up:
            return self._interrupted()
        server = self._result
        assert server is not None
        if server.result != "started":
            if server.result != "failed":
                message = "another mlxsm has just started it"
                show(self._session, server.model_copy(result="failed", message=message))
                return "held"
            show_failed(self._session, self._files, entry.id, server)
            files = model_files.model_of(entry, os.environ)
            return after_failed_start(
                self._start.unusable,
                server.message or "",
                complete=files.kind != "not cached",
                offline=model_files.is_offline(os.environ),
            )
        show(self._session, server)
        hold_back()
        if not self._wakeups.asked:
            self._watch()
        let_through()
        return self._interrupted()

    # What runs already.

    def _running(self) -> RunRecord | None:
        """The run that keeps this one from starting; one that only its own parent has left is ended."""
        record = self._files.record(self._order.entry.id)
        if not isinstance(record, RunRecord):
            return None
        with found(record) as server:
            if server.handle is None:
                return None
            record = record.model_copy(pid=server.handle.pid)
        runner = held_runner(record)
        if runner is not None:
            runner.close()
        if runner is not None or record.runner is None:
            return record
        self._say("the mlxsm run that watched it is gone: stopping the server that it left")
        (ended,) = stopping.stop_all([(record.name, record)], self._files)
        return record if ended.result == "failed" else None

    def _why(self, running: RunRecord) -> str:
        whose = f"mlxsm run, process {running.runner}," if running.runner is not None else "mlxsm up"
        stop = self._files.command("down", self._order.entry.name)
        return f"it runs already, started by {whose} as process {running.pid}: {stop} stops it"

    # The start.

    def _new_start(self) -> Start:
        return Start(self._order, self._files, self._policy, Moves(1), self._stop, self._tell)

    def _begin(self) -> None:
        """Start it; a rank that others do not join in time is started again, without end."""
        self._result = self._start.run()
        while self._start.waited and not self._stop.is_set():
            self._start = self._new_start()
            self._result = self._start.run()

    def _tell(self, entry_id: str, step: Step) -> None:
        self._progress.note(entry_id, step)
        self._notifier.tell(f"STATUS={step.phase}", _MORE_TIME)

    def _wait_for(self, work: Any, *, ends: bool = False) -> None:
        """Let a thread work, and do meanwhile what only this one can; `ends` says that it ends the server."""
        thread = Thread(target=work, daemon=True)
        thread.start()
        self._threads.append(thread)
        ticks = 0
        while thread.is_alive():
            self._wakeups.wait(_STEP)
            self._reap()
            self._repeat()
            ticks += 1
            if ticks % 100 == 0:
                self._notifier.tell(_MORE_TIME)
            if ends:
                self._tell_what_is_awaited()
            elif self._wakeups.asked or self._progress.hung_up:
                return
            else:
                self._progress.draw({})
        thread.join()
        self._reap()
        self._repeat()
        self._progress.clear()

    def _reap(self) -> None:
        """Ask how the server ended, as its parent, and note that."""
        child, record = self._start.parent, self._start.begun
        if not isinstance(child, Child) or record is None or record.pid != child.pid:
            return  # it is just being started, or started anew
        if child.code is None and (code := child.reap()) is not None and self._files.record(record.id):
            note_ending(record, self._files, code)

    def _repeat(self) -> None:
        if self._wishes.log_to_stdout and self._start.begun is not None:
            self._echo = self._echo or LogEcho(self._files.log_path(self._order.entry.id))
            self._echo.step()

    # Ends.

    def _interrupted(self) -> Outcome:
        """Somebody asks for the end before it was ready: nobody uses it yet."""
        self._progress.clear()
        self._told = len(self._wakeups.asked)
        self._notifier.tell("STOPPING=1")
        self._say("stopping")
        gone: list[bool] = []
        self._wait_for(lambda: gone.append(self._end()), ends=True)
        self._say("stopped" if gone == [True] else "it is still there, and left")
        return "stopped" if gone == [True] else "left"

    def _end(self) -> bool:
        self._stop.set()
        self._threads[0].join()
        begun = self._start.begun
        if begun is None:
            return True
        records = [(begun.name, begun)]
        (ended,) = stopping.stop_all(records, self._files, force=True, grace=END_SECONDS)
        return ended.result != "failed"

    def _tell_what_is_awaited(self) -> None:
        if len(self._wakeups.asked) > self._told and self._start.begun is not None:
            self._told = len(self._wakeups.asked)
            self._say(f"waiting for process {self._start.begun.pid} to end; it is killed if it does not")

    def _noted(self) -> RunRecord:
        """The run as it was begun here, with what its file tells of its becoming ready, and nothing else."""
        begun = self._start.begun
        assert begun is not None
        there = self._files.record(begun.id)
        if not isinstance(there, RunRecord) or there.run_id != begun.run_id:
            return begun.model_copy(ready="listening")
        known = ("ready", "ready_seconds", "fingerprint", "server_version", "own_log_bytes")
        return begun.model_copy(**{field: getattr(there, field) for field in known})

    def _watch(self) -> None:
        """Become the program that watches the server, with the same number and the same child.

        Comes back only where the system refuses that.
        """
        record = self._noted()
        if self._echo is not None:
            self._echo.finish()
        store = self._session.store
        settings = Settings(
            beside=str(store.folder.absolute()),
            state=store.label,
            named=self._session.state_words,
            record=record,
            pace=PACE,
            stop_after_idle=self._wishes.stop_after_idle,
            echo_from=self._echo.at if self._echo is not None else None,
            zero=self._wishes.give_up_with_zero,
            quiet=self._session.output.quiet,
        )
        sys.stdout.flush()
        sys.stderr.flush()
        program = [sys.executable, "-P", "-m", "mlxsm_sync.servers.lean"]
        try:
            become(program, settings.words())
        except OSError as error:
            self._say(f"it cannot be watched: {error.strerror or error}")

"""Stop servers that we started: proof, TERM, patience; stopped is only what is gone, with its port free."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from threading import Event

from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.servers.records import RunFiles
from mlxsm_sync.system import ports
from mlxsm_sync.system.managers import stop_service
from mlxsm_sync.system.process import Handle, group_members
from mlxsm_sync.system.process_identity import belongs_to, held, identify, left_behind
from mlxsm_sync.system.runners import held_runner
from mlxsm_sync.values.hosts import endpoint
from mlxsm_sync.values.run import DownResult, DownServer, RunRecord

GRACE = 30.0
"""Seconds between TERM and giving up; a large model takes its time."""
_KILL_SECONDS = 10.0
_PAUSE = 0.01
_RUNNER_SECONDS = 2.0
"""For a `run` to end, whose server is gone."""
_MANAGER_SECONDS = 5.0
"""For a manager to end what a `run` has left that waited as long as a server is given."""
_LOOK_SECONDS = 0.25
"""Between looks at all processes for what a server left behind."""


class Shutdown:
    """Ends what is left of one run: the server with its group, and whatever else it started."""

    def __init__(self, record: RunRecord, handle: Handle | None) -> None:
        self._record, self._handle = record, handle
        self._number = signal.SIGTERM
        self._signalled: set[int] = set()
        self._left: list[int] = []
        self._next_look = 0.0

    def signal(self, number: signal.Signals) -> None:
        """Signal the server and its group; what stays behind is signalled when it is found."""
        self._number, self._signalled, self._next_look = number, set(), 0.0
        if self._handle is not None:
            self._handle.signal_group(number)
            self._handle.signal_group(signal.SIGCONT)  # one that is stopped would wait with its end for that

    def is_gone(self) -> bool:
        """Gone is the process, everybody in its group, and all that carries the mark of the run."""
        if self._handle is not None and not self._handle.is_gone():
            return False
        strays = _strays(self._record) or self._left_behind()
        for pid in {*strays} - self._signalled:
            with held(pid, self._record) as stray:
                if stray is not None:
                    stray.signal_alone(self._number)
                    stray.signal_alone(signal.SIGCONT)
            self._signalled.add(pid)
        return not strays

    def _left_behind(self) -> list[int]:
        """To ask every process is dear, so it is not done each time that there was somebody."""
        if not self._left or time.monotonic() >= self._next_look:
            self._left = left_behind(self._record)
            self._next_look = time.monotonic() + _LOOK_SECONDS
        return self._left


def _strays(record: RunRecord) -> list[int]:
    """What the server started, by the mark of the run: its group, and who has its port."""
    known = () if record.pid is None else (record.pid,)
    pids = {one.pid for one in ports.holders(record.host, record.port, known)}
    pids.update(*map(group_members, known))
    return [pid for pid in pids if pid is not None and pid not in known and belongs_to(pid, record)]


class Stop:
    """One server on its way down."""

    def __init__(self, record: RunRecord, name: str) -> None:
        self.record, self.name = record, name
        self.result: DownResult | None = None
        self.message: str | None = None
        self.killed = False
        self._handle: Handle | None = None
        self._runner: Handle | None = None
        self._shutdown = Shutdown(record, None)
        self.patience = 0.0
        """Seconds more than a server itself is given: its manager kills what its `run` leaves."""

    def begin(self, files: RunFiles) -> None:
        """Find the process for certain, and ask it to end."""
        found = identify(self.record)
        self._handle = found.handle
        self._shutdown = Shutdown(self.record, found.handle)
        if found.doubt is not None:
            self.result, self.message = "failed", f"{found.doubt}; nothing was signalled"
        elif found.rebooted:
            self.result, self.message = "not-running", "this machine was rebooted since"
        elif found.handle is None and self._shutdown.is_gone():
            earlier = files.asked(self.record) is not None
            ended = "it exited after an earlier request to stop" if earlier else "it had already exited"
            self.result, self.message = "not-running", ended
            self._stop_service()  # which may be about to start it again
        else:
            files.note_asked(self.record)
            self._ask()

    def _stop_service(self) -> bool:
        """Ask the manager of its service to end it; False where it has none, or that cannot be asked."""
        return stop_service(self.record.manager, self.record.id, os.environ)

    def _ask(self) -> None:
        """Ask its service to end; else the `run` that is its parent; else the server itself."""
        self._runner = held_runner(self.record)
        if self._stop_service():
            self.patience = _MANAGER_SECONDS
            return
        if self._runner is None:
            self._shutdown.signal(signal.SIGTERM)
        else:
            self._runner.signal_alone(signal.SIGTERM)
            self._runner.signal_alone(signal.SIGCONT)

    def is_done(self) -> bool:
        """Whether the wait is over. A `run` that ended without its server leaves that to us."""
        if self.result is None and self._runner is not None and self._runner.is_gone():
            self._runner.close()
            self._runner = None
            self._shutdown.signal(signal.SIGKILL if self.killed else signal.SIGTERM)
        if self.result is None and self._shutdown.is_gone():
            if self._runner is not None:
                self._runner.wait(_RUNNER_SECONDS)
            self.result = "killed" if self.killed else "stopped"
        return self.result is not None

    def kill(self) -> None:
        """End it, ready or not."""
        self.killed = True
        self._shutdown.signal(signal.SIGKILL)

    def fail(self, why: str) -> None:
        """It is still there, or nobody knows."""
        self.result, self.message = "failed", why

    def report(self) -> DownServer:
        """How it ended."""
        pid = self.record.pid
        if self._handle is not None:
            pid = self._handle.pid
            self._handle.close()
        if self._runner is not None:
            self._runner.close()
        message = self.message
        if self.result in ("stopped", "killed"):
            message = _who_has_the_port(self.record)
        return DownServer(
            id=self.record.id,
            name=self.name,
            result=self.result or "failed",
            pid=pid,
            endpoint=endpoint(self.record.host, self.record.port),
            message=message,
        )


def _who_has_the_port(record: RunRecord) -> str | None:
    """Somebody else may have been waiting for the port."""
    if not record.serves:
        return None
    holders = ports.holders(record.host, record.port)
    return f"port {record.port} is now held by {ports.describe(holders)}" if holders else None


def stop_all(
    wanted: Iterable[tuple[str, RunRecord]],
    files: RunFiles,
    *,
    grace: float = GRACE,
    force: bool = False,
    holding_lock: bool = False,
    hurry: Event | None = None,
    way_out: str | None = None,
) -> list[DownServer]:
    """Stop the servers of these records, each with its name, side by side; one failure hides no other.

    `force` kills what is left after `grace` seconds; `holding_lock` says that nobody else can start them;
    `hurry` ends the waiting; `way_out` says what to do about one that does not end, where no command does.
    """
    stops = [Stop(record if holding_lock else _noted(record, files), name) for name, record in wanted]
    for one in stops:
        _tried(one, partial(one.begin, files))
    _wait(stops, grace, hurry)
    left = [one for one in stops if not _is_done(one)]
    if force:
        for one in left:
            _tried(one, one.kill)
        _wait(left, _KILL_SECONDS)
    for one in stops:
        if not _is_done(one):
            message = way_out or f"{files.command('down', one.name, options=['--force'])} kills it"
            one.fail(f"still running {grace:g} s after TERM; {message}{price_of_a_kill(one.record)}")
    return [_forgotten(one.report(), one.record, files, holding_lock=holding_lock) for one in stops]


def price_of_a_kill(record: RunRecord) -> str:
    """What it costs to kill a rank whose memory is wired for RDMA (mlx#3910, #4278); empty where nothing."""
    if record.cluster is None or record.cluster.backend != "jaccl":
        return ""
    return ", and may leave wired memory and a protection domain behind until this Mac is restarted"


def _tried(one: Stop, step: Callable[[], object]) -> None:
    """Do one step; what the system refuses for one server is told of that one."""
    try:
        step()
    except OSError as error:
        one.fail(f"the system refused: {error.strerror or error}")


def _is_done(one: Stop) -> bool:
    _tried(one, one.is_done)
    return one.result is not None


def _noted(record: RunRecord, files: RunFiles) -> RunRecord:
    """The record with its process; of a start that is just being made, only its maker knows that yet."""
    if record.pid is not None:
        return record
    with suppress(MlxsmError), files.start_lock(record.id):
        now = files.record(record.id)
        if isinstance(now, RunRecord) and now.run_id == record.run_id:
            return now
    return record


def _wait(stops: Sequence[Stop], seconds: float, hurry: Event | None = None) -> None:
    until = time.monotonic() + seconds
    waiting = [*stops]
    while waiting := [one for one in waiting if not _is_done(one)]:
        if time.monotonic() >= until + max(one.patience for one in waiting):
            return
        if hurry is not None and hurry.is_set():
            return
        time.sleep(_PAUSE)


def _forgotten(report: DownServer, record: RunRecord, files: RunFiles, *, holding_lock: bool) -> DownServer:
    """Drop the record of what is gone, unless it was started again meanwhile.

    What carries the mark of a run can only be found by its record, which stays as long as that lives.
    """
    if report.result == "failed":
        return report
    if left := left_behind(record):
        which = f"process {left[0]}" if len(left) == 1 else f"processes {', '.join(map(str, left))}"
        return report.model_copy(
            result="failed", message=f"{which} of it still runs; its record is still there"
        )
    try:
        with nullcontext() if holding_lock else files.start_lock(record.id):
            now = files.record(record.id)
            if isinstance(now, RunRecord) and now.run_id == record.run_id:
                files.forget_run(record.id)
    except MlxsmError as error:
        return report.model_copy(message=f"{error.message}; its record is still there")
    return report

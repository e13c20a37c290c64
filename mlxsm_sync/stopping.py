"""Stop servers that we started: proof, TERM, patience; stopped is only what is gone, with its port free."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext

from mlxsm_sync import ports
from mlxsm_sync.errors import MlxsmError
from mlxsm_sync.processes import Found, Handle, belongs_to, group_members, held, identify
from mlxsm_sync.profile import endpoint
from mlxsm_sync.run_files import Damaged, RunFiles
from mlxsm_sync.server import DownResult, DownServer, Record

GRACE = 30.0
"""Seconds between TERM and giving up; a large model takes its time."""
_KILL_SECONDS = 10.0
_PAUSE = 0.01


def signal_run(handle: Handle, record: Record, number: signal.Signals) -> None:
    """Signal a server and its group, and whatever else it started that has its port."""
    handle.signal_group(number)
    _signal_strays(record, number)


def _signal_strays(record: Record, number: signal.Signals) -> None:
    for pid in _strays(record):
        with held(pid, record) as stray:
            if stray is not None:
                stray.signal_alone(number)


def is_gone(handle: Handle, record: Record) -> bool:
    """Gone is the process, everybody in its group, and whatever else it started that has its port."""
    return handle.is_gone() and not _strays(record)


def _strays(record: Record) -> list[int]:
    """What the server started, by the mark of the run: its group, and who has its port."""
    known = () if record.pid is None else (record.pid,)
    pids = {one.pid for one in ports.holders(record.host, record.port, known)}
    pids.update(*map(group_members, known))
    return [pid for pid in pids if pid is not None and pid not in known and belongs_to(pid, record)]


class Stop:
    """One server on its way down."""

    def __init__(self, record: Record, name: str) -> None:
        self.record, self.name = record, name
        self.handle: Handle | None = None
        self.result: DownResult | None = None
        self.message: str | None = None
        self.killed = False
        self.left_behind = False
        """Whether the server is gone, but something that it started still has its port."""

    def begin(self) -> None:
        """Find the process for certain, and ask it to end."""
        found = identify(self.record)
        self.handle = found.handle
        if found.handle is None:
            self._settle_unfound(found)
        else:
            signal_run(found.handle, self.record, signal.SIGTERM)
        if self.left_behind:
            _signal_strays(self.record, signal.SIGTERM)

    def _settle_unfound(self, found: Found) -> None:
        if found.doubt is not None:
            self.result, self.message = "failed", f"{found.doubt}; nothing was signalled"
        elif not found.rebooted and _strays(self.record):
            self.left_behind = True
        else:
            self.result = "not-running"
            self.message = (
                "this machine was started anew since" if found.rebooted else "it had ended by itself"
            )

    def is_done(self) -> bool:
        """Whether there is nothing more to wait for."""
        if self.result is None and self._is_gone():
            self.result = "killed" if self.killed else "stopped"
        return self.result is not None

    def _is_gone(self) -> bool:
        if self.handle is None:
            return self.left_behind and not _strays(self.record)
        return is_gone(self.handle, self.record)

    def kill(self) -> None:
        """End it, ready or not."""
        self.killed = True
        if self.handle is not None:
            signal_run(self.handle, self.record, signal.SIGKILL)
        else:
            _signal_strays(self.record, signal.SIGKILL)

    def give_up(self, seconds: float) -> None:
        """It is still there after all this time."""
        self.result = "failed"
        self.message = f"still running {seconds:g} s after TERM; --force kills it, --grace waits longer"

    def told(self) -> DownServer:
        """How it ended."""
        if self.handle is not None:
            self.handle.close()
        message = self.message
        if self.result in ("stopped", "killed"):
            message = _who_has_the_port(self.record)
        return DownServer(
            id=self.record.id,
            name=self.name,
            result=self.result or "failed",
            pid=self.record.pid,
            endpoint=endpoint(self.record.host, self.record.port),
            message=message,
        )


def _who_has_the_port(record: Record) -> str | None:
    """Somebody else may have been waiting for the port."""
    holders = ports.holders(record.host, record.port)
    return f"port {record.port} is now held by {ports.describe(holders)}" if holders else None


def stop_all(
    wanted: Iterable[tuple[str, Record]],
    files: RunFiles,
    *,
    grace: float = GRACE,
    force: bool = False,
    holding_lock: bool = False,
) -> list[DownServer]:
    """Stop the servers of these records, each with its name, side by side; one failure hides no other.

    `force` kills what is left after `grace` seconds; `holding_lock` says that nobody else can start them.
    """
    stops = [Stop(record, name) for name, record in wanted]
    for one in stops:
        one.begin()
    _wait(stops, grace)
    left = [one for one in stops if not one.is_done()]
    if force:
        for one in left:
            one.kill()
        _wait(left, _KILL_SECONDS)
    for one in stops:
        if not one.is_done():
            one.give_up(grace)
    return [_forgotten(one.told(), one.record, files, holding_lock=holding_lock) for one in stops]


def _wait(stops: Sequence[Stop], seconds: float) -> None:
    until = time.monotonic() + seconds
    waiting = [*stops]
    while (waiting := [one for one in waiting if not one.is_done()]) and time.monotonic() < until:
        time.sleep(_PAUSE)


def _forgotten(told: DownServer, record: Record, files: RunFiles, *, holding_lock: bool) -> DownServer:
    """Drop the record of what is gone, unless it was started again meanwhile."""
    if told.result == "failed":
        return told
    try:
        with nullcontext() if holding_lock else files.start_lock(record.id):
            now = files.record(record.id)
            if not isinstance(now, Damaged) and now is not None and now.nonce == record.nonce:
                files.forget_run(record.id)
    except MlxsmError as error:
        return told.copy(message=f"{error.message}; its record is still there")
    return told

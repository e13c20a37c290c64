"""Processes that we started, told from all others: a handle first, then the proof, then a signal."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.procfs import Facts
from mlxsm_sync.server import Record

if sys.platform == "linux":
    from mlxsm_sync import procfs as system
else:
    from mlxsm_sync import psutil_facts as system

RUN_VARIABLE = "MLXSM_RUN"
"""In the environment of every server that we start: the entry's id and the nonce of the run."""

KEEPER = str(Path(__file__).with_name("keeper.py"))
"""The program that is the parent of a server, and carries its mark, too."""

_TICK = 0.02
_NEWBORN_SECONDS = 0.5
_WHOLE_GROUP = 4  # PIDFD_SIGNAL_PROCESS_GROUP of <linux/pidfd.h>, since Linux 6.9

boot_id = system.boot_id
facts = system.facts
age = system.age
command_line = system.command_line
working_folder = system.working_folder
listeners = system.listeners


class Handle:
    """One living process, held so that its number cannot come to mean another one (Linux), or watched."""

    def __init__(self, pid: int, descriptor: int | None) -> None:
        self.pid = pid
        self._descriptor = descriptor

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_gone(self) -> bool:
        """Whether it has ended; a zombie has."""
        if self._descriptor is not None:
            return bool(select.select([self._descriptor], [], [], 0)[0])
        about = facts(self.pid)
        return about is None or about.dead

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended, at most so long; say whether it has."""
        if self._descriptor is not None:
            return bool(select.select([self._descriptor], [], [], max(seconds, 0))[0])
        until = time.monotonic() + seconds
        while not self.is_gone():
            if time.monotonic() >= until:
                return False
            time.sleep(_TICK)
        return True

    def signal_alone(self, number: signal.Signals) -> None:
        """Signal the process alone; no error where it is gone."""
        with suppress(ProcessLookupError):
            if self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, number)
            else:
                os.kill(self.pid, number)

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process and its group, of which it is the leader; no error where it is gone."""
        with suppress(ProcessLookupError):
            if self._descriptor is not None:
                # By the handle: a process that took over the number is not hit.
                try:
                    signal.pidfd_send_signal(self._descriptor, number, None, _WHOLE_GROUP)
                except OSError:
                    # A kernel before 6.9, or a process that has left its group.
                    self.signal_alone(number)
                return
            about = facts(self.pid)
            if about is not None and about.group == self.pid:
                os.killpg(self.pid, number)
            else:
                self.signal_alone(number)


def group_members(group: int) -> list[int]:
    """The living processes of a group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    except PermissionError:
        pass
    return by_group().get(group, [])


def by_group() -> dict[int, list[int]]:
    """All living processes, by their group."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for pid in system.all_pids():
        about = facts(pid)
        if about is not None and not about.dead:
            groups[about.group].append(pid)
    return groups


class Found(NamedTuple):
    """What became of the process of a record."""

    handle: Handle | None
    """It lives, and this is it."""
    doubt: str | None = None
    """Why it cannot be told whether it lives; nothing may be signalled then."""
    rebooted: bool = False
    """The machine was started anew since."""


@contextmanager
def found(record: Record) -> Iterator[Found]:
    """The process of a record, if it is certain; the handle is open inside."""
    result = identify(record)
    try:
        yield result
    finally:
        if result.handle is not None:
            result.handle.close()


def identify(record: Record) -> Found:
    """Hold the process that a record names, and only then look whether it is the one."""
    if record.boot_id != boot_id():
        return Found(None, rebooted=True)
    pid = record.pid if record.pid is not None else _by_run(record)
    if pid is None:
        return Found(None)
    handle = _hold(pid)
    if handle is None:
        return Found(None)
    about = facts(pid)
    if about is not None and about.dead and not handle.is_gone():
        about = about._replace(dead=False)  # its first thread has ended, and others live
    verdict = _doubt(record, pid, about)
    if verdict is None and about is not None and not about.dead and not handle.is_gone():
        return Found(handle)
    handle.close()
    return Found(None, doubt=verdict or None)


def _doubt(record: Record, pid: int, about: Facts | None) -> str | None:
    """Nothing where it is the process of the record, an empty text where it is surely not."""
    if about is None or about.dead:
        return ""
    if record.start_mark is not None and about.start_mark != record.start_mark:
        return ""
    if about.user != os.geteuid():
        return f"process {pid} belongs to another user"
    if not _carries_mark(pid, record):
        return f"process {pid} does not carry the mark of this run"
    return None


def _carries_mark(pid: int, record: Record) -> bool:
    """Whether it has the mark; for a moment after its start a process has no environment to look into."""
    until = time.monotonic() + _NEWBORN_SECONDS
    while not belongs_to(pid, record):
        if system.has_environment(pid) or time.monotonic() > until:
            return belongs_to(pid, record)
        time.sleep(_TICK / 10)
    return True


def belongs_to(pid: int, record: Record) -> bool:
    """Whether a process carries the mark of a run, as the server and all that it starts do."""
    if system.variable(pid, RUN_VARIABLE) != run_mark(record):
        return False
    about = facts(pid)  # root sees the marks of everybody, and anybody can set one
    return about is not None and about.user == os.geteuid()


def is_ours(pid: int | None, record: Record) -> bool:
    """Whether a process is the server of a run, of its group, or started by it."""
    if pid is None or record.pid is None:
        return False
    about = facts(pid)
    in_group = about is not None and about.group == record.pid
    return pid == record.pid or in_group or belongs_to(pid, record)


@contextmanager
def hold(pid: int | None) -> Iterator[Handle | None]:
    """A process that is known from elsewhere to be ours, held; None where it is gone."""
    handle = _hold(pid) if pid is not None else None
    try:
        yield handle
    finally:
        if handle is not None:
            handle.close()


@contextmanager
def held(pid: int, record: Record) -> Iterator[Handle | None]:
    """A process that a server started, held and then proved to be that; None where it is not."""
    handle = _hold(pid)
    try:
        yield handle if handle is not None and belongs_to(pid, record) else None
    finally:
        if handle is not None:
            handle.close()


def left_behind(record: Record) -> list[int]:
    """All that a server started and that lives, wherever it went; to look takes some milliseconds."""
    found = []
    for pid in system.all_pids():
        if pid != record.pid and belongs_to(pid, record) and KEEPER not in command_line(pid):
            about = facts(pid)
            if about is not None and not about.dead:
                found.append(pid)
    return found


def run_mark(record: Record) -> str:
    """What stands in the environment of the server of a record."""
    return f"{record.id}.{record.nonce}"


def _by_run(record: Record) -> int | None:
    """The process that carries the mark of a run whose start was cut off before its number was noted."""
    marked = [pid for pid in system.all_pids() if belongs_to(pid, record)]
    # The keeper carries it, too; the server leads a group inside the keeper's session.
    inner = [pid for pid in marked if pid != _session(pid) and _leads_a_group(pid)]
    return inner[0] if len(inner) == 1 else None


def _session(pid: int) -> int | None:
    with suppress(OSError):
        return os.getsid(pid)
    return None


def _leads_a_group(pid: int) -> bool:
    about = facts(pid)
    return about is not None and about.group == pid and not about.dead


def marked_for(pid: int) -> str | None:
    """The id of the entry that a process was started for by us; None where it was not."""
    mark = system.variable(pid, RUN_VARIABLE)
    return mark.partition(".")[0] if mark else None


def _hold(pid: int) -> Handle | None:
    if sys.platform == "linux":
        try:
            return Handle(pid, os.pidfd_open(pid))
        except ProcessLookupError:
            return None
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise
            # A kernel before 5.3, a sandbox, or a thread: watched by its number instead.
    return Handle(pid, None) if facts(pid) is not None else None

"""Processes that we started, told from all others: a handle first, then the proof, then a signal.

Proof is this boot, this user, and the run's own ID in the environment. Where the system shows no
environment, the session is the second proof: only the parent that we started can have made it. Anything
else that differs is a doubt, and a doubt is never a no: a record is kept until its process is surely gone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from mlxsm_sync.system import current, process
from mlxsm_sync.system.current import boot_id, command_line, facts, pid_space
from mlxsm_sync.system.process import Handle
from mlxsm_sync.system.run_marks import carries
from mlxsm_sync.values.run import BY_CLOCK, Facts, RunRecord

SHIM = str(Path(__file__).with_name("shim.py"))
"""The program that is the parent of a server, and carries its mark, too."""
_SHIM_NAMES = ("shim.py", "keeper.py")
"""What that is called, and was in versions before 0.2."""

_TICK = 0.002
_BECOMING_SECONDS = 0.5
"""For a process to become another program, and so to show its environment."""
_LOOKS = 20
"""At an environment that has no mark: it may be that of the program before, of which half is read."""


class Found(NamedTuple):
    """What became of the process of a record."""

    handle: Handle | None
    """It lives, and this is it."""
    doubt: str | None = None
    """Why it cannot be told whether it lives; nothing may be signalled then."""
    rebooted: bool = False
    """The machine was rebooted since."""


@contextmanager
def found(record: RunRecord) -> Iterator[Found]:
    """The process of a record, if it is certain; the handle is open inside."""
    result = identify(record)
    try:
        yield result
    finally:
        if result.handle is not None:
            result.handle.close()


def identify(record: RunRecord) -> Found:
    """Hold the process that a record names, and only then look whether it is the one.

    Where it is not, the mark of the run is looked for in all others.
    """
    try:
        same_boot, same_space = _is_same_boot(record), record.pid_space in (None, pid_space())
        if same_boot and same_space and record.pid is not None:
            result = _examine(record, record.pid)
            if result.handle is not None or result.doubt is not None:
                return result
        result = _by_run(record)
    except OSError as error:
        return Found(None, doubt=f"its process cannot be looked at: {error.strerror or error}")
    if not same_boot:
        return _of_another_boot(result)
    if not same_space and result == Found(None):
        return Found(None, doubt="it was started in a container or PID namespace that is not to be seen here")
    return result


def _is_same_boot(record: RunRecord) -> bool:
    """Whether a record is of this boot. A name made of the time of a boot moves with the clock: no proof."""
    then, now = record.boot_id.lower(), boot_id().lower()
    return then == now or then.startswith(BY_CLOCK) or now.startswith(BY_CLOCK)


def _of_another_boot(result: Found) -> Found:
    """Nothing of another boot can live: where something seems to, nobody knows what is true."""
    if result.handle is None:
        return result if result.doubt is not None else Found(None, rebooted=True)
    result.handle.close()
    return Found(
        None, doubt=f"its record is of another boot, but process {result.handle.pid} carries its mark"
    )


def _examine(record: RunRecord, pid: int) -> Found:
    handle = process.hold(pid, lambda: _verdict(record, pid, facts(pid)) is None)
    if handle is None:
        return Found(None)
    about = facts(pid)
    if about is not None and about.dead and not handle.is_gone():
        about = about._replace(dead=False)  # its first thread has ended, and others live
    verdict = _verdict(record, pid, about)
    gone = handle.is_gone()
    if verdict is None and not gone:
        return Found(handle)
    handle.close()
    return Found(None, doubt=None if gone else verdict or None)


def _verdict(record: RunRecord, pid: int, about: Facts | None) -> str | None:
    """Nothing where it is the process of the record, an empty text where it is surely not."""
    if about is None or about.dead:
        return ""
    began_then = record.start_mark is None or _began(about, record.start_mark)
    if about.user != os.geteuid():
        return f"process {pid} belongs to another user" if began_then else ""
    if belongs_to(pid, record):
        return "" if is_shim(pid) else None
    if not began_then and about.session != record.shim:
        return ""
    shown = _shown_at_last(pid, record)
    if shown is None:
        return f"process {pid} shows no environment, and so no mark of this run"
    if shown:
        return None
    return f"process {pid} does not carry the mark of this run" if began_then else ""


def _shown_at_last(pid: int, record: RunRecord) -> bool | None:
    """Whether a process carries the mark of a run; None where it shows no environment for long.

    While it becomes another program it shows none, and half of one where it is read meanwhile.
    """
    until = time.monotonic() + _BECOMING_SECONDS
    looks = 0
    while not (shown := carries(pid, record)):
        looks += shown is False
        if looks == _LOOKS or time.monotonic() > until or facts(pid) is None:
            break
        time.sleep(_TICK)
    return shown


def belongs_to(pid: int, record: RunRecord) -> bool:
    """Whether a process is of a run: by its mark, as the server and all that it starts carry it.

    Where no environment is to be seen, by its session, which is that of the run's shim.
    """
    with suppress(OSError):
        is_marked = carries(pid, record)
        if is_marked is False and os.getsid(pid) == record.shim:
            is_marked = _shown_at_last(pid, record)
        if not is_marked and (is_marked is False or _is_elsewhere(pid, record)):
            return False
        about = facts(pid)
        # Root sees the marks of everybody, and anybody can set one.
        if about is None or about.user != os.geteuid():
            return False
        return bool(is_marked) or is_child_of_runner(about, record) or _is_in_session(pid, about, record)
    return False


def _is_elsewhere(pid: int, record: RunRecord) -> bool:
    """Whether it is surely not in the session of the run: a cheap question."""
    return record.shim is not None and os.getsid(pid) != record.shim


def _is_in_session(pid: int, about: Facts, record: RunRecord) -> bool:
    """Whether its session is the one that the run's shim made."""
    leader = about.session
    if leader == pid:
        return False
    if carries(leader, record):
        return True
    if leader != record.shim or not _is_same_boot(record) or record.pid_space not in (None, pid_space()):
        return False
    shim = facts(leader)
    if shim is None:
        # Nobody is given the number of a session before all have left it; the start tells that nobody was.
        return pid == record.pid and _began(about, record.start_mark)
    return _began(shim, record.shim_mark)


def _began(about: Facts, mark: str | None) -> bool:
    """Whether a process began when it was noted to."""
    return mark is not None and mark in (about.start_mark, about.older_mark)


def is_ours(pid: int | None, record: RunRecord) -> bool:
    """Whether a process is the server of a run, of its group, or started by it."""
    if pid is None or record.pid is None:
        return False
    with suppress(OSError):
        about = facts(pid)
        in_group = about is not None and about.group == record.pid
        return pid == record.pid or in_group or belongs_to(pid, record)
    return False


@contextmanager
def hold(pid: int | None) -> Iterator[Handle | None]:
    """A process that is known from elsewhere to be ours, held; None where it is gone."""
    handle = process.hold(pid) if pid is not None else None
    try:
        yield handle
    finally:
        if handle is not None:
            handle.close()


@contextmanager
def held(pid: int, record: RunRecord) -> Iterator[Handle | None]:
    """A process that a server started, held and then proved to be that; None where it is not."""
    handle = process.hold(pid, lambda: belongs_to(pid, record))
    try:
        yield handle if handle is not None and belongs_to(pid, record) else None
    finally:
        if handle is not None:
            handle.close()


def left_behind(record: RunRecord) -> list[int]:
    """All that a server started and that lives, wherever it went; to look takes some milliseconds."""
    return [pid for pid in _of_run(record) if pid != record.pid]


def _of_run(record: RunRecord) -> list[int]:
    """All living processes of a run but its shim."""
    found = []
    # A shim that is just ending shows no command line any more, so its number is asked first.
    shim = record.shim if _is_same_boot(record) and record.pid_space in (None, pid_space()) else None
    for pid in current.all_pids():
        if pid != shim and belongs_to(pid, record) and not is_shim(pid):
            about = facts(pid)
            if about is not None and not about.dead:
                found.append(pid)
    return found


def is_shim(pid: int) -> bool:
    """Whether a process is the parent of a server, of this version or an earlier one."""
    return shim_words(pid) is not None


def shim_words(pid: int) -> list[str] | None:
    """What the parent of a server was called with: where the ending goes, a number, the server's command."""
    words = command_line(pid)
    called = words[1:3] == ["-I", "-S"] and len(words) > 5 and os.path.basename(words[3]) in _SHIM_NAMES
    with suppress(OSError):
        about = facts(pid)
        return words[4:] if called and about is not None and about.session == pid else None
    return None


def noted(record: RunRecord, pid: int, shim: int) -> RunRecord:
    """The record with its process and the parent of that, as they are right after the start."""
    known = {"pid": pid, "start_mark": _start_mark(pid), "pid_space": pid_space()}
    return record.model_copy(shim=shim, shim_mark=_start_mark(shim), **known)


def noted_runner(record: RunRecord) -> RunRecord:
    """The record of a server whose parent this process is going to be."""
    runner = os.getpid()
    return record.model_copy(runner=runner, runner_mark=_start_mark(runner), pid_space=pid_space())


def noted_child(record: RunRecord, pid: int) -> RunRecord:
    """The record with its process, of which this one is the parent."""
    return record.model_copy(pid=pid, start_mark=_start_mark(pid))


def is_child_of_runner(about: Facts, record: RunRecord) -> bool:
    """Whether a process has the `mlxsm run` of a record for its parent, which starts nothing else."""
    if record.runner is None or about.parent != record.runner or about.user != os.geteuid():
        return False
    if not _is_same_boot(record) or record.pid_space not in (None, pid_space()):
        return False
    runner = facts(record.runner)
    return runner is not None and not runner.dead and _began(runner, record.runner_mark)


def _start_mark(pid: int) -> str | None:
    with suppress(OSError):
        about = facts(pid)
        return about.start_mark if about is not None else "gone"
    return None


def _by_run(record: RunRecord) -> Found:
    """The process that carries the mark of a run, where its number is not known, or is another's."""
    leaders = []
    for pid in _of_run(record):
        about = facts(pid)
        # The shim leads the session; the server leads a group inside of it.
        if about is not None and about.group == pid != about.session:
            leaders.append((pid, about))
    # What the server made leaders of groups has another parent.
    first = [pid for pid, about in leaders if about.parent == about.session] or [pid for pid, _ in leaders]
    if len(first) > 1:
        return Found(None, doubt=f"processes {', '.join(map(str, first))} all carry the mark of this run")
    return _examine(record.model_copy(start_mark=None), first[0]) if first else Found(None)

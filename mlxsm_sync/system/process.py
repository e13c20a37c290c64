"""A living process, held so that a signal reaches it and nobody else."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from mlxsm_sync.system.current import all_pids, facts

_TICK = 0.02
_WHOLE_GROUP = 4  # PIDFD_SIGNAL_PROCESS_GROUP of <linux/pidfd.h>, since Linux 6.9


class Handle:
    """One living process: by a descriptor that no other process can take over (Linux), else by its number.

    A number is looked at anew right before each signal: `proof` says whether it still is the one.
    """

    def __init__(
        self, pid: int, descriptor: int | None, proof: Callable[[], bool] = lambda: True, mark: str = ""
    ) -> None:
        self.pid = pid
        self._descriptor = descriptor
        self._proof = proof
        self._mark = mark

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_gone(self) -> bool:
        """Whether it has ended; a zombie has. A number that is another process now has no proof."""
        if self._descriptor is not None:
            return bool(select.select([self._descriptor], [], [], 0)[0])
        try:
            about = facts(self.pid)
        except OSError:
            return False  # it is there, and may not be looked at
        if about is None or about.dead:
            return True
        is_another = bool(self._mark) and about.start_mark != self._mark
        return is_another and not self._proof()

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
        """Signal the process alone; no error where it is gone, or no longer ours to signal."""
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "linux" and self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, number)
            elif self._is_proved():
                os.kill(self.pid, number)

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the process and its group, of which it is the leader; no error where it is gone."""
        if sys.platform == "linux" and self._descriptor is not None:
            # By the handle: a process that took over the number is not hit.
            try:
                signal.pidfd_send_signal(self._descriptor, number, None, _WHOLE_GROUP)
            except OSError:
                # A kernel before 6.9, or a process that has left its group.
                self.signal_alone(number)
            return
        about = facts(self.pid)
        if about is None or about.group != self.pid or not self._is_proved():
            self.signal_alone(number)
            return
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            # macOS says so of a group in which everybody has just died.
            self.signal_alone(number)

    def _is_proved(self) -> bool:
        return not self.is_gone() and self._proof()


def hold(pid: int, proof: Callable[[], bool] = lambda: True) -> Handle | None:
    """Hold a process; None if no process has that number."""
    if sys.platform == "linux":
        try:
            return Handle(pid, os.pidfd_open(pid))
        except ProcessLookupError:
            return None
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise
            # A kernel before 5.3, a sandbox, or a thread: watched by its number instead.
    about = facts(pid)
    return Handle(pid, None, proof, about.start_mark) if about is not None else None


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
    """All living processes that are to be seen, by their group."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for pid in all_pids():
        with suppress(OSError):
            about = facts(pid)
            if about is not None and not about.dead:
                groups[about.group].append(pid)
    return groups

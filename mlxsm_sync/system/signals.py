"""Signals as something that a loop can wait for."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Collection
from contextlib import suppress
from types import FrameType

ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a process to end. Who wants it to outlive its terminal has had SIGHUP ignored."""


class Wakeups:
    """Ends a wait where somebody asks this process to end, or a child of it has ended."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        """The signals that asked for an end, oldest first."""
        self._reading, writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in ASKING:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)

    def wait(self, seconds: float) -> None:
        """Wait at most so long; a signal ends it at once."""
        select.select([self._reading], [], [], max(seconds, 0))
        with suppress(BlockingIOError):
            os.read(self._reading, 4096)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.asked.append(number)


def let_through(numbers: Collection[signal.Signals] = ASKING) -> None:
    """Take signals again that were held back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def hold_back(numbers: Collection[signal.Signals] = ASKING) -> None:
    """Let signals wait."""
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)

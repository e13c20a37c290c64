"""Signals that ask a command to end while it changes servers: what is begun is finished or undone first."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def caught() -> Iterator[list[int]]:
    """The signals that came meanwhile; the first is left to the caller, a second one ends at once."""
    numbers: list[int] = []
    let_go = catch_signals(numbers.append)
    try:
        yield numbers
    finally:
        let_go()


def catch_signals(note: Callable[[int], None]) -> Callable[[], None]:
    """Let the first signal be handled with care; a second one ends at once, as it does elsewhere.

    What is returned puts things back as they were.
    """
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.getsignal(name) for name in names}

    def let_go() -> None:
        for name, handler in before.items():
            signal.signal(name, handler)

    def handle(number: int, _frame: FrameType | None) -> None:
        let_go()
        note(number)

    for name in names:
        if before[name] != signal.SIG_IGN:
            signal.signal(name, handle)
    return let_go

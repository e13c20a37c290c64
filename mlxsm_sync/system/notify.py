"""What a service manager is told of this process, where it has left a socket for that: see sd_notify(3)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

_SECONDS = 1
"""For a manager that is busy; one word less harms nobody."""


class Notifier:
    """Tells a service manager; where there is none, or it does not listen, nobody is told."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        place = environment.get("NOTIFY_SOCKET", "")
        self._place = "\0" + place[1:] if place.startswith("@") else place
        self.watchdog = watchdog_pause(environment, os.getpid())
        """The seconds between two signs of life that it wants; None where it wants none."""

    def tell(self, *words: str) -> None:
        """Tell it these assignments, such as `READY=1`."""
        if self._place:
            text = "\n".join(word.replace("\n", " ") for word in words)
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
                door.settimeout(_SECONDS)
                door.sendto(text.encode(errors="replace"), self._place)


def watchdog_pause(environment: Mapping[str, str], pid: int) -> float | None:
    """Half of the time after which a silent process counts as dead; None where it never does."""
    meant = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not meant or not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    return int(microseconds) / 2_000_000

"""Whether an app of this user runs, by the names of processes; nothing is started, asked or signalled."""

from __future__ import annotations

import os
from collections.abc import Collection


def is_running(names: Collection[str]) -> bool:
    """Whether a process of one of these names runs for this user."""
    if not hasattr(os, "geteuid"):
        return False  # Windows, where there is no such app
    import psutil

    # By number: to look up a user's name may ask a service of the system over a socket.
    me = os.geteuid()
    processes = psutil.process_iter(["name", "uids"])
    return any(one.info["name"] in names and one.info["uids"].effective == me for one in processes)

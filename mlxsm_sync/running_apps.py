"""Whether an app runs, by the names of the running processes; nothing is started, asked or signalled."""

from __future__ import annotations

from collections.abc import Collection


def is_running(names: Collection[str]) -> bool:
    """Whether a process of one of these names runs."""
    import psutil

    return any(process.info["name"] in names for process in psutil.process_iter(["name"]))

"""Ports for tests that run side by side."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

_PORTS = iter(range(20000, 32000))
"""Below those that the system gives to clients."""


@cache
def _taken() -> int:
    """A file of which each byte stands for a port; what a process holds of it, no other one does."""
    path = Path(tempfile.gettempdir()) / f"mlxsm-test-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def new_port() -> int:
    """A port that no other test uses, whichever worker, or other run of the tests on this machine, it is of."""
    for port in _PORTS:
        with suppress(BlockingIOError), socket.socket() as trial:
            fcntl.lockf(_taken(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            if trial.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise AssertionError("there are no ports left")


def is_free(port: int) -> bool:
    """Whether nobody takes connections there."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0

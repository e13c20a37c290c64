"""A process that notes every signal it gets, listens on a port, and has a second thread.

Without a port it takes any. It says its number and that of the thread when it is ready, and each signal on its standard error; one that
cannot be noted ends it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from types import FrameType


def note(number: int, _frame: FrameType | None) -> None:
    os.write(2, f"{signal.Signals(number).name}\n".encode())


for one in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(one, note)


def serve(server: socket.socket) -> None:
    """Take every connection, and say nothing."""
    while True:
        server.accept()[0].close()


listening = socket.create_server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0))
thread = threading.Thread(target=serve, args=(listening,), daemon=True)
thread.start()
print(os.getpid(), thread.native_id, flush=True)  # noqa: T201 - what a program says
while True:
    signal.pause()

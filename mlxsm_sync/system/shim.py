"""The parent of one server: starts it, waits for it, and notes how it ended. Runs as a program.

Only a parent is ever told how a process ended, and the command that starts a server is gone by then.
It imports nothing but builtins (`_signal` is one, `signal` is not), so that it starts in a few
milliseconds and stays small.

    python -I -S shim.py ENDING FD COMMAND...

FD is a pipe: the server's process number goes there, or `!` and an error number. The mark of the run is in
the environment, which no other user can read.
"""

import _signal as signal  # type: ignore[import-not-found]  # typeshed knows it as signal only
import os
import sys
import time

STOPPING = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""Meant for the server, when somebody sends them to all processes with its name in their command line."""
RESET = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
"""Whoever calls mlxsm may ignore or block any; a server that ignores TERM could not be stopped."""


def main(ending: str, pipe: int, command: list[str]) -> None:
    """Start the command as the leader of a group of its own; wait; write the ending beside its record."""
    os.set_inheritable(pipe, False)
    # Where it is ignored, the system forgets how a child ended before anybody can ask.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    try:
        pid = os.posix_spawn(
            command[0], command, os.environ, setpgroup=0, setsigmask=(), setsigdef=sorted(RESET)
        )
    except OSError as error:
        os.write(pipe, b"!%d\n" % (error.errno or 0))
        return
    try:  # noqa: SIM105 - contextlib is no builtin
        os.write(pipe, b"%d\n" % pid)
    except OSError:
        pass  # whoever started it is gone already
    os.close(pipe)
    _, status = os.waitpid(pid, 0)
    try:  # noqa: SIM105 - contextlib is no builtin
        note(ending, os.waitstatus_to_exitcode(status))
    except OSError:
        pass  # its folder is gone, or the disk is full; a traceback would go into the server's log


def note(ending: str, code: int) -> None:
    """Write how it ended; nobody sees half of it."""
    run_id = os.environ["MLXSM_RUN"].partition(".")[2]
    text = f'{{"nonce": "{run_id}", "code": {code}, "at": {time.time()}}}\n'
    folder, _, name = ending.rpartition("/")
    beside = f"{folder}/.{name}.{os.getpid()}.tmp"
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, text.encode())
    os.close(fd)
    os.replace(beside, ending)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])

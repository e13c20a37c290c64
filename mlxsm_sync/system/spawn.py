"""Start a server's process: no shell, no terminal, a clean environment, a log that nobody else pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType
from typing import NamedTuple, NoReturn

from mlxsm_sync.errors import ServerError
from mlxsm_sync.system.process_identity import SHIM
from mlxsm_sync.system.run_marks import RECORD_VARIABLE, RUN_VARIABLE

_DROPPED = ("PYTHON", "LD_", "DYLD_")
_NO_BARS = "HF_HUB_DISABLE_PROGRESS_BARS"
"""Bars are for a terminal; in a log each redraw is another line. Whoever sets it otherwise gets them."""
_OF_A_RANK = ("MLX_RANK", "MLX_HOSTFILE", "MLX_IBV_DEVICES", "MLX_JACCL_COORDINATOR", "MLX_JACCL_RING")
"""What makes a server one of several ranks: only a cluster of ours says it."""
_DROPPED_NAMES = (*_OF_A_RANK, "__PYVENV_LAUNCHER__")
_OF_THE_SUPERVISOR = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID")
"""What a service manager says to `mlxsm run` alone."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TIDY_SECONDS = 5.0
"""For a program to end by itself, and to leave no half of anything."""


Shim = subprocess.Popen[bytes]
"""The parent of a server."""


class Started(NamedTuple):
    """A server's process, and its parent, which waits for it."""

    pid: int
    shim: Shim


class Child:
    """A server whose parent this process is itself."""

    def __init__(self, pid: int, process: Shim | None = None) -> None:
        self.pid = pid
        self.code: int | None = None
        """How it ended; None as long as that was not asked for."""
        self._process = process

    def poll(self) -> int | None:
        """How it ended, as far as that is known."""
        return self.code

    def reap(self) -> int | None:
        """How it ended, asked of the system; None while it lives."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                if self._process is not None:
                    self._process.returncode = self.code
        return self.code


def child_environment(
    environment: Mapping[str, str], mark: str, record: Path, own: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Ours without what changes how programs load, or makes a server one of several ranks.

    `own` are the variables of this server alone.
    """
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith(_DROPPED) and name not in (*_DROPPED_NAMES, *_OF_THE_SUPERVISOR)
    }
    ours = {RUN_VARIABLE: mark, RECORD_VARIABLE: str(record)}
    return {_NO_BARS: "1"} | kept | {**(own or {})} | ours


def start(
    argv: Sequence[str],
    environment: Mapping[str, str],
    log: int,
    ending: Path,
    mark: str,
    folder: Path,
    own: Mapping[str, str] | None = None,
) -> Started:
    """Start a server in a session of its own; ServerError where the system refuses.

    `log` is a descriptor that its output goes to, `ending` where its parent notes how it ended, `own` are
    the variables of this server alone.
    """
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", SHIM, str(ending), str(writing), *argv]
    try:
        shim = subprocess.Popen(  # noqa: S603 - starting what the user named is its job
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment(environment, mark, ending.with_suffix(".json"), own),
            cwd=folder,
            pass_fds=(writing,),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        os.close(reading)
        raise ServerError(f"cannot start {argv[0]}: {_reason(error)}") from None
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.readline().strip()
    if said.isdigit():
        return Started(int(said), shim)
    shim.wait()
    number = said.removeprefix(b"!")
    reason = os.strerror(int(number)) if number.isdigit() else "its parent process ended at once"
    raise ServerError(f"cannot start {argv[0]}: {reason}")


def start_child(
    argv: Sequence[str],
    environment: Mapping[str, str],
    log: int,
    record: Path,
    mark: str,
    folder: Path,
    own: Mapping[str, str] | None = None,
) -> Child:
    """Start a server as a child of this process, in a group of its own; ServerError where that is refused.

    What a terminal sends to its foreground is not sent to the server. Whoever calls this handles INT and
    TERM, so that the server does not ignore them, whatever mlxsm was called with.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    try:
        process = subprocess.Popen(  # noqa: S603 - starting what the user named is its job
            [*argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment(environment, mark, record, own),
            cwd=folder,
            process_group=0,
        )
    except (OSError, ValueError) as error:
        raise ServerError(f"cannot start {argv[0]}: {_reason(error)}") from None
    return Child(process.pid, process)


class Answer(NamedTuple):
    """What a program of this system said."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """Why it failed, in its own words, on one line."""
        words = " ".join((self.err.strip() or self.out.strip()).split())
        return words or f"it ended with {self.code}"


def ask(argv: Sequence[str], environment: Mapping[str, str], seconds: float = 90.0) -> Answer:
    """Run a program of this system to its end; ServerError where it is not there, or takes too long."""
    try:
        done = subprocess.run(  # noqa: S603 - the words are ours
            [*argv],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError:
        raise ServerError(f"there is no {argv[0]} on this machine") from None
    except subprocess.TimeoutExpired:
        raise ServerError(f"{' '.join(argv)} did not end within {seconds:g} s") from None
    except OSError as error:
        raise ServerError(f"cannot run {argv[0]}: {_reason(error)}") from None
    return Answer(done.returncode, done.stdout, done.stderr)


def ask_apart(
    argv: Sequence[str], environment: Mapping[str, str], seconds: float, folder: str | None = None
) -> Answer:
    """Run a program that starts others, in a session of its own, where it finds no terminal to ask at.

    All of them are ended where it takes too long, which is told as ServerError, and where a signal ends this
    process. Names of files that are no text are given as `os.fsdecode` does.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - the words are ours
            [*argv],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=True,
        )
    except FileNotFoundError:
        if folder is not None and not os.path.isdir(folder):
            raise ServerError(f"there is no folder {folder}") from None
        raise ServerError(f"there is no {argv[0]} on this machine") from None
    except OSError as error:
        raise ServerError(f"cannot run {argv[0]}: {_reason(error)}") from None
    with _ended_by_signals(process):
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end_group(process)
            raise ServerError(f"{argv[0]} did not end within {seconds:g} s") from None
    return Answer(process.returncode, out, err)


@contextmanager
def _ended_by_signals(process: subprocess.Popen[str]) -> Iterator[None]:
    """Whatever ends this process ends that one first, as it would in one session."""
    before = {number: signal.getsignal(number) for number in _ENDING}

    def handle(number: int, frame: FrameType | None) -> None:
        _end_group(process)
        known = before[signal.Signals(number)]
        if callable(known):
            known(number, frame)

    for number, known in before.items():
        if callable(known):
            signal.signal(number, handle)
    try:
        yield
    finally:
        for number, known in before.items():
            if callable(known):
                signal.signal(number, known)


def _end_group(process: subprocess.Popen[str]) -> None:
    """Ask a session to end, so that it can remove its locks, and kill what is left of it."""
    for number, seconds in ((signal.SIGTERM, _TIDY_SECONDS), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)


def become(argv: Sequence[str], words: str) -> NoReturn:
    """Go on as another program, still the parent of what was started; signals that are held back wait.

    The number of a file with these words is added to the command line, which every user can see.
    """
    with TemporaryFile() as file:
        file.write(words.encode())
        file.seek(0)
        os.set_inheritable(file.fileno(), True)
        argv = (*argv, str(file.fileno()))
        os.execv(argv[0], [*argv])  # noqa: S606 - no shell is wanted


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)

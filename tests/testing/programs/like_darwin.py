"""`mlxsm` in a Python that is like that of macOS: run it in the place of the installed command.

    python like_darwin.py COMMAND...

The kernel's own calls are stand-ins where Linux has none of that name; everything above them is the real
code. What this kernel does otherwise is done as xnu does it: a zombie has no group, a group of zombies
cannot be signalled, a protected program shows no environment. More can be asked for by the environment:

    LIKE_DARWIN_SIP=all            no process shows its environment (else only programs of the system)
    LIKE_DARWIN_NEWBORN=SECONDS    a process that is younger can be looked into by nobody
    LIKE_DARWIN_MARKS_MOVE=SECONDS from so long after its own start on, every start of a process is another
    LIKE_DARWIN_CLOCK_STEP=SECONDS the clock was set by so much since all processes began
    LIKE_DARWIN_DIES_FIRST=1       a group dies in the moment before it is signalled
    LIKE_DARWIN_SYNCS=FILE         what is forced through the drive is noted there
    LIKE_DARWIN_WIRED=MB           what the setting iogpu.wired_limit_mb says; else there is none
    LIKE_DARWIN_METAL=BYTES        what Metal recommends, 0 for a Metal without devices; else there is no Metal
    LIKE_DARWIN_APFS=1             names of files are found whatever their case and form
    LIKE_DARWIN_PYTHON=FILE        the Python that this one takes itself for: a program that runs this file

As that Python it takes `-P -m MODULE ARGUMENTS...`; with any other options the real one goes on.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import errno
import fcntl
import io
import os
import runpy
import signal
import socket
import subprocess  # noqa: F401 - it must not find out on what system it is
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click  # noqa: F401 - the same
import filelock  # noqa: F401 - the same
import psutil

BEGUN = time.monotonic()
SIP = os.environ.get("LIKE_DARWIN_SIP", "")
NEWBORN = float(os.environ.get("LIKE_DARWIN_NEWBORN") or 0)
MARKS_MOVE = float(os.environ.get("LIKE_DARWIN_MARKS_MOVE") or 0)
CLOCK_STEP = float(os.environ.get("LIKE_DARWIN_CLOCK_STEP") or 0)
WIRED = os.environ.get("LIKE_DARWIN_WIRED")
METAL = os.environ.get("LIKE_DARWIN_METAL")
PROTECTED = ("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/")
F_GETPATH, F_FULLFSYNC = 50, 51
NUMER, DENOM = 125, 3
"""Nanoseconds in so many ticks, as on Apple's own processors."""
FOOTPRINT_AT, START_AT = 72, 80
"""In `struct rusage_info_v0` of <sys/resource.h>."""

_real_environ = psutil.Process.environ
_real_create_time = psutil.Process.create_time


def status(pid: int) -> str | None:
    """The letter that tells how a process is; None where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def moved() -> float:
    """By how many seconds starts of processes are told wrong by now."""
    return 3.0 if MARKS_MOVE and time.monotonic() - BEGUN > MARKS_MOVE else 0.0


def look_into(process: psutil.Process) -> None:
    """AccessDenied for a process that was started a moment ago."""
    if not NEWBORN:
        return
    # By the kernel's ticks: psutil counts from a boot that is told in whole seconds.
    with contextlib.suppress(OSError):
        ticks = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
        if time.clock_gettime(_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK") < NEWBORN:
            raise psutil.AccessDenied(process.pid)


def environ(self: psutil.Process) -> dict[str, str]:
    """What `sysctl` shows: for protected programs no variables at all."""
    look_into(self)
    program = self.exe()
    name = program.rpartition("/")[2]
    if SIP == "all" or (program.startswith(PROTECTED) and not name.startswith("python")):
        return {}
    return _real_environ(self)


def create_time(self: psutil.Process) -> float:
    """psutil adds to it by how much the clock was set, from version 7.1 on."""
    return _real_create_time(self) + CLOCK_STEP + moved()


class Libc:
    """What the code calls of libSystem."""

    @staticmethod
    def sysctlbyname(name: bytes, text: Any, *_: Any) -> int:
        if name == b"iogpu.wired_limit_mb" and WIRED is not None:
            text._obj.value = int(WIRED)
            return 0
        if name != b"kern.bootsessionuuid":
            return -1
        text.value = Path("/proc/sys/kernel/random/boot_id").read_text().strip().upper().encode()
        return 0

    @staticmethod
    def proc_pid_rusage(pid: int, flavour: int, buffer: Any) -> int:
        assert flavour == 0
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        except OSError:
            return -1
        start = (int(stat[19]) / os.sysconf("SC_CLK_TCK") + moved()) * 10**9
        ticks = int(start * DENOM / NUMER)
        buffer[FOOTPRINT_AT : FOOTPRINT_AT + 8] = resident.to_bytes(8, sys.byteorder)
        buffer[START_AT : START_AT + 8] = ticks.to_bytes(8, sys.byteorder)
        return 0

    class _Now:
        restype: Any = None

        def __call__(self) -> int:
            return time.clock_gettime_ns(_BOOTTIME) * DENOM // NUMER

    mach_absolute_time = _Now()

    @staticmethod
    def mach_timebase_info(info: Any) -> int:
        (ctypes.c_uint32 * 2).from_address(ctypes.addressof(info._obj))[:] = [NUMER, DENOM]
        return 0


def _message(to: int, selector: int, _place: int) -> int:
    """What an array of devices and a device answer, by the selector's own text."""
    name = ctypes.string_at(selector)
    if name == b"count":
        return int(to == DEVICES and METAL != "0")
    assert (to, name) in ((DEVICES, b"objectAtIndex:"), (DEVICE, b"recommendedMaxWorkingSetSize"))
    return DEVICE if name == b"objectAtIndex:" else int(METAL or 0)


DEVICES, DEVICE = 0x1000, 0x2000
_MESSAGE = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64)(_message)
_COPY = ctypes.CFUNCTYPE(ctypes.c_void_p)(lambda: DEVICES)
_selectors: dict[bytes, ctypes.Array[ctypes.c_char]] = {}


def _register(name: bytes) -> int:
    return ctypes.addressof(_selectors.setdefault(name, ctypes.create_string_buffer(name)))


class Metal:
    """What the code calls of Metal, with one device, and of the library of Objective-C."""

    MTLCopyAllDevices = _COPY
    objc_msgSend = _MESSAGE  # noqa: N815 - its name
    sel_registerName = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)(_register)  # noqa: N815 - its name


_BOOTTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_real_cdll = ctypes.CDLL


def cdll(name: str | None, *rest: Any, **named: Any) -> Any:
    """Libraries as ever, but for that of the system."""
    if name is not None and ("/Metal.framework/" in name or "/libobjc." in name):
        if METAL is None:
            raise OSError(errno.ENOENT, name)
        return Metal
    return Libc() if name is None else _real_cdll(name, *rest, **named)


_getpgid, _getsid, _killpg = os.getpgid, os.getsid, os.killpg


def of_the_living(real: Callable[[int], int]) -> Callable[[int], int]:
    """A zombie has no group and no session."""

    def answer(pid: int) -> int:
        if status(pid) == "Z":
            raise ProcessLookupError(errno.ESRCH, "No such process")
        return real(pid)

    return answer


def killpg(group: int, number: int) -> None:
    """Zombies are left out of a group, and that nobody is left is EPERM."""
    members = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    members = [pid for pid in members if _group(pid) == group]
    if os.environ.get("LIKE_DARWIN_DIES_FIRST") and number:
        _killpg(group, signal.SIGKILL)
        while any(status(pid) not in (None, "Z") for pid in members):
            time.sleep(0.005)
    if members and all(status(pid) in (None, "Z") for pid in members):
        raise PermissionError(errno.EPERM, "Operation not permitted")
    _killpg(group, number)


def _group(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return _getpgid(pid)
    return None


_fcntl = fcntl.fcntl


def fcntl_(descriptor: Any, command: int, argument: Any = 0) -> Any:
    """As ever, and what only Darwin has."""
    if command == F_FULLFSYNC:
        if noted := os.environ.get("LIKE_DARWIN_SYNCS"):
            with open(noted, "a") as file:
                file.write(os.readlink(f"/proc/self/fd/{descriptor}") + "\n")
        os.fsync(descriptor if isinstance(descriptor, int) else descriptor.fileno())
        return 0
    if command == F_GETPATH:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        return os.readlink(f"/proc/self/fd/{number}").encode().ljust(1024, b"\0")
    return _fcntl(descriptor, command, argument)


# A file system that finds names whatever their case and form, and keeps them as they were made.


def folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


_stat, _lstat, _listdir = os.stat, os.lstat, os.listdir


def real_spelling(path: Any) -> Any:
    """The path with each name as it stands on the disk, where it stands there at all."""
    if not isinstance(path, str | bytes | os.PathLike):
        return path
    given = os.fspath(path)
    text = os.fsdecode(given)
    if not text or "\0" in text or text.startswith(("/proc/", "/dev/")):
        return path
    found = "/" if text.startswith("/") else ""
    for name in text.split("/"):
        if not name:
            continue
        place = found + name
        if name not in (".", "..") and not _is_there(place):
            with contextlib.suppress(OSError):
                twins = [one for one in _listdir(found or ".") if folded(one) == folded(name)]
                place = found + (twins[0] if twins else name)
        found = place + "/"
    found = found if text.endswith("/") or found == "/" else found.rstrip("/")
    return os.fsencode(found) if isinstance(given, bytes) else found


def _is_there(place: str) -> bool:
    with contextlib.suppress(OSError):
        _lstat(place)
        return True
    return False


def spelled(real: Callable[..., Any], paths: int = 1) -> Callable[..., Any]:
    """A call whose first arguments are paths."""

    def call(*arguments: Any, **named: Any) -> Any:
        if named.get("dir_fd") is None and named.get("src_dir_fd") is None:
            arguments = (*map(real_spelling, arguments[:paths]), *arguments[paths:])
            for name in ("path", "src", "dst", "file"):
                if name in named:
                    named[name] = real_spelling(named[name])
        return real(*arguments, **named)

    return call


ONE_PATH: tuple[str, ...] = (
    "stat",
    "lstat",
    "open",
    "unlink",
    "remove",
    "mkdir",
    "rmdir",
    "listdir",
    "scandir",
    "chmod",
)
ONE_PATH += (
    "readlink",
    "access",
    "utime",
    "chdir",
    "truncate",
    "getxattr",
    "listxattr",
    "setxattr",
    "mkfifo",
)
TWO_PATHS = ("rename", "replace", "link")


def find_names_as_apfs_does() -> None:
    for name in ONE_PATH:
        setattr(os, name, spelled(getattr(os, name)))
    for name in TWO_PATHS:
        setattr(os, name, spelled(getattr(os, name), 2))
    # The second path of a link is where it is made; the first is only text.
    symlink = os.symlink
    os.symlink = lambda source, place, *rest, **named: symlink(source, real_spelling(place), *rest, **named)
    builtins.open = io.open = spelled(open)


def pretend() -> None:
    """From here on, this Python is one of macOS."""
    stand_ins: tuple[tuple[object, str, object], ...] = (
        (psutil.Process, "environ", environ),
        (psutil.Process, "create_time", create_time),
        (ctypes, "CDLL", cdll),
        (os, "getpgid", of_the_living(_getpgid)),
        (os, "getsid", of_the_living(_getsid)),
        (os, "killpg", killpg),
        (fcntl, "F_FULLFSYNC", F_FULLFSYNC),
        (fcntl, "F_GETPATH", F_GETPATH),
        (fcntl, "fcntl", fcntl_),
    )
    for owner, name, stand_in in stand_ins:
        setattr(owner, name, stand_in)
    for module, names in {
        os: ("pidfd_open", "waitid"),
        signal: ("pidfd_send_signal",),
        socket: ("AF_NETLINK",),
        time: ("CLOCK_BOOTTIME",),
    }.items():
        for name in names:
            with contextlib.suppress(AttributeError):
                delattr(module, name)
    if os.environ.get("LIKE_DARWIN_APFS"):
        find_names_as_apfs_does()
    sys.platform = "darwin"
    sys.executable = os.environ.get("LIKE_DARWIN_PYTHON") or sys.executable


def main() -> NoReturn:
    sys.path[0:1] = []  # the folder of the tests
    if sys.argv[1:2] == ["-I"]:
        os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
    pretend()
    if sys.argv[1:3] == ["-P", "-m"]:
        module, sys.argv = sys.argv[3], ["", *sys.argv[4:]]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        raise SystemExit
    from mlxsm_sync.__main__ import main as mlxsm

    mlxsm()
    raise SystemExit


if __name__ == "__main__":
    main()

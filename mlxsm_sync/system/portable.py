"""Facts about processes and ports by psutil: all of them where there is no `/proc`, and memory and CPU.

On macOS the start of a process is the kernel's count of ticks then, which no change of the clock moves.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from threading import Lock
from typing import NamedTuple

import psutil

from mlxsm_sync.values.run import BY_CLOCK, Facts, Listener


def boot_id() -> str:
    """A name for this boot of the machine: the kernel's, since the time of the boot moves with the clock."""
    libc = ctypes.CDLL(None)
    text = ctypes.create_string_buffer(64)
    length = ctypes.c_size_t(len(text))
    if libc.sysctlbyname(b"kern.bootsessionuuid", text, ctypes.byref(length), None, ctypes.c_size_t(0)) != 0:
        return f"{BY_CLOCK}{psutil.boot_time():.0f}"
    return text.value.decode()


def pid_space() -> str | None:
    """Nothing: numbers of processes mean the same everywhere on one machine."""
    return None


def facts(pid: int) -> Facts | None:
    """What a process is. None if no process has that number, OSError if we may not look at it."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            dead = process.status() == psutil.STATUS_ZOMBIE
            older, user, parent = repr(process.create_time()), process.uids().effective, process.ppid()
            ticks = _start_ticks(pid)
            mark = older if ticks is None else f"ticks {ticks}"
            return Facts(mark, dead, os.getpgid(pid), user, os.getsid(pid), parent, older)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None
    except psutil.AccessDenied:
        raise PermissionError(errno.EACCES, "it may not be looked at") from None


def age(pid: int) -> float | None:
    """The seconds since a process began; None if it is gone.

    By the wall clock, and at least as long as this machine has been awake since, whatever was done to the
    clock.
    """
    with suppress(psutil.Error, OSError):
        by_clock = time.time() - psutil.Process(pid).create_time()
        ticks = _start_ticks(pid)
        return by_clock if ticks is None else max(by_clock, _awake_since(ticks))
    return None


def variable(pid: int, name: str) -> str | None:
    """A variable of the environment that a process was started with, `""` where that has none of the name.

    None where no environment is to be seen, as for a moment while a process becomes another program. macOS
    shows none of programs that System Integrity Protection protects, such as its own shells.
    """
    with suppress(psutil.Error, OSError):
        shown = psutil.Process(pid).environ()
        return shown.get(name, "") if shown else None
    return None


def environment(pid: int) -> dict[str, str]:
    """All variables of a process; empty if the system does not show them."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ()
    return {}


def command_line(pid: int) -> list[str]:
    """The command line of a process; empty if the system does not show it."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).cmdline()
    return []


def working_folder(pid: int) -> str | None:
    """The working folder of a process; None if the system does not show it."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).cwd()
    return None


def all_pids() -> list[int]:
    """Every process that is to be seen."""
    return psutil.pids()


def listeners(port: int, likely: Collection[int] = ()) -> list[Listener]:
    """Everybody who listens on a port. Without special rights macOS shows only this user's.

    To ask every process is dear, so one look serves all questions of a second; `likely` processes, and who
    was seen there, are asked anew each time.
    """
    with _ASKING:
        now = time.monotonic()
        if now - _seen.at < _FRESH_SECONDS:
            pids = dict.fromkeys([*likely, *_seen.by_port.get(port, ())])
            if found := [one for pid in pids for one in _listening(pid) if one.port == port]:
                return found
        everybody = [one for pid in all_pids() for one in _listening(pid)]
        _seen.at, _seen.by_port = now, {}
        for one in everybody:
            if one.pid is not None:
                _seen.by_port.setdefault(one.port, []).append(one.pid)
        return [one for one in everybody if one.port == port]


def _listening(pid: int) -> list[Listener]:
    found: list[Listener] = []
    with suppress(psutil.Error, OSError):
        for one in psutil.Process(pid).net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr:
                found.append(Listener(one.laddr.ip, one.laddr.port, pid))
    return found


def is_connected(port: int, pids: Collection[int]) -> bool:
    """Whether anybody has a connection to this port of these processes."""
    for pid in pids:
        with suppress(psutil.Error, OSError):
            for one in psutil.Process(pid).net_connections(kind="tcp"):
                if one.status == psutil.CONN_ESTABLISHED and one.laddr and one.laddr.port == port:
                    return True
    return False


class Connection(NamedTuple):
    """One end of a TCP connection that is there."""

    port: int
    """On our side."""
    address: str
    """Of the other side."""
    other_port: int


def connections(pids: Collection[int]) -> list[Connection]:
    """The TCP connections of these processes; none of one that is gone, or that may not be looked at."""
    found = []
    for pid in pids:
        with suppress(psutil.Error, OSError):
            found += [
                Connection(one.laddr.port, one.raddr.ip, one.raddr.port)
                for one in psutil.Process(pid).net_connections(kind="tcp")
                if one.status == psutil.CONN_ESTABLISHED and one.laddr and one.raddr
            ]
    return found


def own_addresses() -> dict[str, str]:
    """The addresses of this machine, each with the name of its interface."""
    listed = psutil.net_if_addrs()
    return {address.address.partition("%")[0]: name for name, those in listed.items() for address in those}


def is_up(interface: str) -> bool:
    """Whether an interface is there, is up and has its cable."""
    about = psutil.net_if_stats().get(interface)
    return about is not None and bool(about.isup)


def is_suspended(pid: int) -> bool:
    """Whether a process was stopped by a signal, and waits to be continued."""
    with suppress(psutil.Error, OSError):
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False


class _Seen:
    """Which processes listened on which ports at the last look at all of them."""

    at = float("-inf")
    by_port: dict[int, list[int]] = {}  # noqa: RUF012 - there is one of it


_seen = _Seen()
_ASKING = Lock()
_FRESH_SECONDS = 1.0


def memory(pid: int) -> int | None:
    """The bytes that the system charges a process with.

    On macOS the physical footprint, as Activity Monitor shows it: the resident size leaves out what
    Metal holds. None where there is no such process.
    """
    if sys.platform == "darwin" and (footprint := _footprint(pid)) is not None:
        return footprint
    with suppress(psutil.Error, OSError):
        return int(psutil.Process(pid).memory_info().rss)
    return None


def cpu_seconds(pid: int) -> float | None:
    """The processor time that a process has had; None if it is gone."""
    with suppress(psutil.Error, OSError):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return None


def machine_memory() -> int:
    """The bytes of memory that this machine has."""
    return int(psutil.virtual_memory().total)


_RUSAGE_INFO_V0 = 0
_FOOTPRINT_AT = 16 + 7 * 8
_START_AT = 16 + 8 * 8
"""Where `ri_phys_footprint` and `ri_proc_start_abstime` are in `struct rusage_info_v0` of <sys/resource.h>:
an id of 16 bytes, then 64-bit numbers."""


def system_name() -> str:
    """The system and its release: `macOS 26.1`, `Linux 6.12.10`."""
    if sys.platform == "darwin" and (release := _sysctl(b"kern.osproductversion")):
        return f"macOS {release}"
    about = os.uname()
    return f"{about.sysname} {about.release}"


def _sysctl(name: bytes) -> str:
    """A text that the kernel of a Mac tells; empty where it does not, or there is none."""
    value, length = ctypes.create_string_buffer(256), ctypes.c_size_t(256)
    with suppress(OSError, AttributeError):
        if ctypes.CDLL(None).sysctlbyname(name, value, ctypes.byref(length), None, ctypes.c_size_t(0)) == 0:
            return value.value.decode(errors="replace")
    return ""


def _footprint(pid: int) -> int | None:
    return _usage(pid, _FOOTPRINT_AT)


def _start_ticks(pid: int) -> int | None:
    """The kernel's ticks when a process began, kept across an exec; None where it does not tell."""
    return _usage(pid, _START_AT) if sys.platform == "darwin" else None


def _awake_since(ticks: int) -> float:
    """The seconds since then in which this machine was awake: see <mach/mach_time.h>."""
    libc = ctypes.CDLL(None)
    now = libc.mach_absolute_time
    now.restype = ctypes.c_uint64
    rate = (ctypes.c_uint32 * 2)()
    libc.mach_timebase_info(ctypes.byref(rate))
    return (int(now()) - ticks) * int(rate[0]) / int(rate[1]) / 1e9


def _usage(pid: int, at: int) -> int | None:
    """A number that `proc_pid_rusage` of <libproc.h> gives; None where it gives none."""
    buffer = ctypes.create_string_buffer(512)
    try:
        if ctypes.CDLL(None).proc_pid_rusage(pid, _RUSAGE_INFO_V0, buffer) != 0:
            return None
    except (OSError, AttributeError):
        return None
    return int.from_bytes(buffer.raw[at : at + 8], sys.byteorder)

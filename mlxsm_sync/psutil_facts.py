"""Facts about processes and ports by psutil: all of them where there is no `/proc`, and memory and CPU.

On macOS the start of a process is what the kernel noted then, which no change of the clock moves.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Collection
from contextlib import suppress

import psutil

from mlxsm_sync.procfs import Facts
from mlxsm_sync.server import Listener


def boot_id() -> str:
    """A name for this boot of the machine: the kernel's, since the time of the boot moves with the clock."""
    libc = ctypes.CDLL(None)
    text = ctypes.create_string_buffer(64)
    length = ctypes.c_size_t(len(text))
    if libc.sysctlbyname(b"kern.bootsessionuuid", text, ctypes.byref(length), None, ctypes.c_size_t(0)) != 0:
        return f"booted at {psutil.boot_time():.0f}"
    return text.value.decode()


def facts(pid: int) -> Facts | None:
    """What a process is; None where there is none of that number."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            dead = process.status() == psutil.STATUS_ZOMBIE
            return Facts(repr(process.create_time()), dead, os.getpgid(pid), process.uids().effective)
    except (psutil.Error, OSError):
        return None


def age(start_mark: str) -> float:
    """The seconds since a process began."""
    return time.time() - float(start_mark)


def variable(pid: int, name: str) -> str | None:
    """A variable in the environment that a process was started with; None where it is not to be seen."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).environ().get(name)
    return None


def has_environment(pid: int) -> bool:
    """Whether there is an environment to look into; a process that is just being started has none yet."""
    with suppress(psutil.Error, OSError):
        return bool(psutil.Process(pid).environ())
    return True


def command_line(pid: int) -> list[str]:
    """The words of a process; empty where they are not to be seen."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).cmdline()
    return []


def working_folder(pid: int) -> str | None:
    """Where a process is; None where that is not to be seen."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).cwd()
    return None


def all_pids() -> list[int]:
    """Every process that is to be seen."""
    return psutil.pids()


def listeners(port: int, likely: Collection[int] = ()) -> list[Listener]:
    """Everybody who listens on a port. Without special rights macOS shows only this user's."""
    pids = [*likely, *(pid for pid in all_pids() if pid not in likely)]
    found: list[Listener] = []
    for pid in pids:
        with suppress(psutil.Error, OSError):
            for one in psutil.Process(pid).net_connections(kind="tcp"):
                if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port:
                    found.append(Listener(one.laddr.ip, port, pid))
    return found


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
    """The processor time that a process has had; None where there is no such process."""
    with suppress(psutil.Error, OSError):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return None


def machine_memory() -> int:
    """The bytes of memory that this machine has."""
    return int(psutil.virtual_memory().total)


_RUSAGE_INFO_V0 = 0
_FOOTPRINT_AT = 16 + 7 * 8
"""Where `ri_phys_footprint` is in `struct rusage_info_v0` of <sys/resource.h>: an id, then 64-bit numbers."""


def _footprint(pid: int) -> int | None:
    """`proc_pid_rusage` of <libproc.h>."""
    buffer = ctypes.create_string_buffer(512)
    try:
        if ctypes.CDLL(None).proc_pid_rusage(pid, _RUSAGE_INFO_V0, buffer) != 0:
            return None
    except (OSError, AttributeError):
        return None
    return int.from_bytes(buffer.raw[_FOOTPRINT_AT : _FOOTPRINT_AT + 8], sys.byteorder)

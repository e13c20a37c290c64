"""How much memory models may take on this machine: never what is free, which changes from moment to moment.

On macOS the kernel lets Metal wire a part of the RAM only; elsewhere all of it counts.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from functools import cache

from mlxsm_sync.system.portable import machine_memory
from mlxsm_sync.values.fit import MemoryLimit

_METAL = "/System/Library/Frameworks/Metal.framework/Metal"
_OBJC = "/usr/lib/libobjc.A.dylib"
_SMALL = 36 * 2**30
"""Up to this RAM two thirds are assumed, above it three quarters; 0.66 to 0.84 were seen."""


@cache
def memory_limit() -> MemoryLimit:
    """What this machine allows, from the surest source that answers; it is asked once."""
    total = machine_memory()
    if sys.platform != "darwin":
        return MemoryLimit(nbytes=total, from_="ram")
    if set_by_hand := _wired_limit():
        return MemoryLimit(nbytes=set_by_hand, from_="iogpu.wired_limit_mb")
    if recommended := _recommended():
        return MemoryLimit(nbytes=recommended, from_="metal")
    return MemoryLimit(nbytes=assumed(total), from_="assumed")


def assumed(total: int) -> int:
    """The share of a Mac's RAM that Metal is taken to recommend."""
    return total * 2 // 3 if total <= _SMALL else total * 3 // 4


def _wired_limit() -> int:
    """The bytes of `iogpu.wired_limit_mb`; 0 where it is not set, or there is none."""
    value, length = ctypes.c_uint64(0), ctypes.c_size_t(8)
    with suppress(OSError, AttributeError):
        if ctypes.CDLL(None).sysctlbyname(
            b"iogpu.wired_limit_mb", ctypes.byref(value), ctypes.byref(length), None, ctypes.c_size_t(0)
        ):
            return 0
    return int(value.value) * 2**20


def _recommended() -> int:
    """`recommendedMaxWorkingSetSize` of the first device; 0 where there is none.

    `MTLCreateSystemDefaultDevice` gives none to command-line programs from macOS 14 on, so all are asked for.
    """
    with suppress(OSError, AttributeError):
        metal, objc = ctypes.CDLL(_METAL), ctypes.CDLL(_OBJC)
        metal.MTLCopyAllDevices.restype = ctypes.c_void_p
        objc.sel_registerName.restype = ctypes.c_void_p
        devices = metal.MTLCopyAllDevices()
        # A message needs the types of its method: on arm64 those of a variadic function would not do.
        numbers = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p)
        items = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64)
        send = ctypes.cast(objc.objc_msgSend, ctypes.c_void_p).value or 0
        count, item = numbers(send), items(send)
        if not devices or not count(devices, objc.sel_registerName(b"count")):
            return 0
        first = item(devices, objc.sel_registerName(b"objectAtIndex:"), 0)
        return int(count(first, objc.sel_registerName(b"recommendedMaxWorkingSetSize")))
    return 0

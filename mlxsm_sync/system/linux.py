"""Facts about processes and ports on Linux, from `/proc`: cheap, and without a look at the clock.

psutil gives start times as wall-clock seconds, which move when the clock is set (psutil#2526); the
kernel's own ticks do not. See proc(5).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from mlxsm_sync.system.netlink import connected, listening
from mlxsm_sync.values.run import Facts, Listener

_ESTABLISHED, _LISTEN = b"01", b"0A"
_ROOT = 0
if sys.platform == "linux":
    _SINCE_BOOT = time.CLOCK_BOOTTIME
else:
    _SINCE_BOOT = time.CLOCK_MONOTONIC


def boot_id() -> str:
    """A name for this boot of the machine."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def pid_space() -> str | None:
    """The PID namespace that process numbers belong to here; None if the system does not show it."""
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return None


def facts(pid: int) -> Facts | None:
    """What a process is. None if no process has that number, OSError if we may not look at it.

    A start is noted as the ticks between it and the boot.
    """
    try:
        user = os.stat(f"/proc/{pid}").st_uid
        # The name is in brackets and may hold anything; the numbers come after the last one.
        _, _, rest = _read(f"/proc/{pid}/stat").rpartition(b")")
        if user == _ROOT != os.geteuid():
            user = _effective_user(pid)
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent, group, session, *more = rest.split()
    return Facts(more[15].decode(), state in (b"Z", b"X"), int(group), user, int(session), int(parent))


def _effective_user(pid: int) -> int:
    """The files of a process that may not be traced belong to root, whoever runs it."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    return _ROOT


def age(pid: int) -> float | None:
    """The seconds since a process began, even if the clock was set since; None if it is gone."""
    about = facts(pid)
    if about is None:
        return None
    return time.clock_gettime(_SINCE_BOOT) - int(about.start_mark) / os.sysconf("SC_CLK_TCK")


def variable(pid: int, name: str) -> str | None:
    """A variable of the environment that a process was started with, `""` where that has none of the name.

    None where no environment is to be seen, as for a moment while a process becomes another program.
    """
    prefix = f"{name}=".encode()
    with suppress(OSError):
        shown = _read(f"/proc/{pid}/environ")
        named = (word[len(prefix) :] for word in shown.split(b"\0") if word.startswith(prefix))
        return next(named, b"").decode(errors="replace") if shown else None
    return None


def environment(pid: int) -> dict[str, str]:
    """All variables of a process; empty if the system does not show them."""
    with suppress(OSError):
        words = _read(f"/proc/{pid}/environ").decode(errors="replace").split("\0")
        return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}
    return {}


def command_line(pid: int) -> list[str]:
    """The command line of a process; empty if the system does not show it."""
    try:
        words = _read(f"/proc/{pid}/cmdline").split(b"\0")
    except OSError:
        return []
    return [word.decode(errors="replace") for word in words[:-1]]


def working_folder(pid: int) -> str | None:
    """The working folder of a process; None if the system does not show it."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return None


def all_pids() -> list[int]:
    """Every process that is to be seen."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def listeners(port: int, likely: Collection[int] = ()) -> list[Listener]:
    """Everybody who listens on a port; `likely` processes are looked at first."""
    inodes = dict(_listening(port))
    if not inodes:
        return []
    owners = _owners({*inodes}, likely)
    return [Listener(address, port, owners.get(inode)) for inode, address in inodes.items()]


def _listening(port: int) -> Iterator[tuple[bytes, str]]:
    """The sockets that listen on a port: inode and address."""
    try:
        found = listening()
    except OSError:
        yield from _listening_by_table(port)
        return
    yield from ((b"%d" % one.inode, one.address) for one in found if one.port == port)


def is_connected(port: int, pids: Collection[int]) -> bool:  # noqa: ARG001 - the table tells of all
    """Whether anybody has a connection to this port of ours."""
    try:
        return any(one.port == port for one in connected())
    except OSError:
        return any(_in_table(port, _ESTABLISHED))


def _listening_by_table(port: int) -> Iterator[tuple[bytes, str]]:
    for words in _in_table(port, _LISTEN):
        yield words[9], _address(words[1].partition(b":")[0].decode())


def _in_table(port: int, state: bytes) -> Iterator[list[bytes]]:
    ending = f":{port:04X}".encode()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in _read(f"/proc/net/{table}").splitlines()[1:]:
                words = line.split()
                if words[3] == state and words[1].endswith(ending):
                    yield words


def _address(text: str) -> str:
    """An address from the kernel's hexadecimal words, each in the machine's own byte order."""
    raw = b"".join(bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    return str(IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw))


def _owners(inodes: set[bytes], likely: Collection[int]) -> dict[bytes, int]:
    """Which process has which socket, as far as that is to be seen."""
    owners: dict[bytes, int] = {}
    for pids in (likely, all_pids()):
        for pid in pids:
            for inode in _sockets(pid) & inodes:
                owners.setdefault(inode, pid)
        if owners.keys() >= inodes:
            break
    return owners


def _sockets(pid: int) -> set[bytes]:
    found: set[bytes] = set()
    with suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd".encode()):
            with suppress(OSError):
                target = os.readlink(entry.path)
                if target.startswith(b"socket:["):
                    found.add(target[8:-1])
    return found


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()

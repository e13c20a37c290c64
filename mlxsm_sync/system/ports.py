"""Whether a port is free, and who has it where it is not. Nothing is ever sent."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Collection, Sequence
from typing import NamedTuple

from mlxsm_sync.system.current import command_line, listeners
from mlxsm_sync.text.columns import cut
from mlxsm_sync.text.command_lines import shown_command
from mlxsm_sync.values.hosts import EVERYWHERE, LOOPBACK_ADDRESSES, endpoint, overlap
from mlxsm_sync.values.run import Listener

_CONNECT_SECONDS = 0.25
_SHOWN = 100
"""How many columns of a command line say whose process it is."""
_AIRPLAY_PORTS = (5000, 7000)
_AIRPLAY = ("AirPlayXPCHelper", "ControlCenter")
"""The programs of macOS that listen there, where this Mac is an AirPlay receiver."""
_AIRPLAY_ADVICE = (
    "AirPlay Receiver, which System Settings > General > AirDrop & Handoff turns off; or choose another port"
)


class Address(NamedTuple):
    """Where a host name leads: the first address that it has, as the server takes it."""

    family: int
    host: str
    port: int


def resolve(host: str, port: int) -> Address:
    """The address that the server would bind; OSError if the host has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (UnicodeError, OverflowError):
        raise OSError(errno.EINVAL, "it is no host name") from None
    family, _, _, _, address = found[0]
    return Address(family, str(address[0]), port)


def reachable(address: Address) -> tuple[str, int]:
    """Where to connect to, to reach a server that is bound there."""
    if address.host in EVERYWHERE:
        return LOOPBACK_ADDRESSES[address.family == socket.AF_INET6], address.port
    return address.host, address.port


def problem(host: str, port: int) -> str | None:
    """Why a server cannot be started there, with whoever is in the way; None where it can."""
    try:
        address = resolve(host, port)
    except OSError as error:
        return f"the host {host} cannot be found: {error.strerror or error}"
    # On macOS one address can be bound beside every address, and `localhost` may lead a client to either
    # of the loopback addresses: a connection finds out.
    near = _near(address.host)
    taken = any(_answers(one, port) for one in near)
    refusal = _cannot_bind(address, reuse=False)
    if not taken and refusal is None:
        return None
    held = in_the_way(host, port)
    if held:
        return f"port {port} is held by {describe(held)}"
    if refusal is not None and refusal.errno == errno.EADDRINUSE:
        # Connections that a server closed a moment ago keep the port for a minute; nobody listens there.
        refusal = _cannot_bind(address, reuse=True)
    if refusal is not None:
        return _why(refusal, host, port)
    return _unseen(port) if taken else None


def in_the_way(host: str, port: int) -> list[Listener]:
    """Everybody who holds a port where a server would take it, or a client look for it."""
    try:
        address = resolve(host, port)
    except OSError:
        return []
    near = _near(address.host)
    places = (address.host, *near)
    return [one for one in listeners(port) if any(overlap(one.address, place) for place in places)]


def _near(host: str) -> tuple[str, ...]:
    """Where else a client of a server on this address may look for it."""
    return LOOPBACK_ADDRESSES if host in (*LOOPBACK_ADDRESSES, *EVERYWHERE) else ()


def answers(place: tuple[str, int]) -> bool:
    """Whether somebody takes connections there."""
    return _answers(*place)


def holders(host: str, port: int, likely: Collection[int] = ()) -> list[Listener]:
    """Everybody who takes connections where a client of this endpoint would connect to."""
    try:
        address = resolve(host, port)
    except OSError:
        return []
    if _refuses(*reachable(address)):
        return []  # to look into the system's tables takes a hundred times longer
    return [one for one in listeners(port, likely) if overlap(one.address, address.host)]


def rivals(ours: Collection[Listener], others: Collection[Listener], host: str, port: int) -> list[Listener]:
    """Those of the others that a client of this endpoint could reach instead of ours."""
    near = {reachable(resolve(host, port))[0], *(one.address for one in ours)}
    return [one for one in others if one.address in near]


def describe(held: Collection[Listener]) -> str:
    """Who holds a port, for people."""
    notes = []
    for one in held:
        if one.pid is None:
            notes.append("a process of another user")
            continue
        words = command_line(one.pid)
        line = shown_command(words) or "a process that cannot be looked at"
        airplay = f": {_AIRPLAY_ADVICE}" if _is_airplay(one.port, words) else ""
        notes.append(f"process {one.pid} ({cut(line, _SHOWN)}){airplay}")
    return " and ".join(dict.fromkeys(notes))


def _is_airplay(port: int, words: Sequence[str]) -> bool:
    """Whether the holder of a port is macOS's own receiver, by its program."""
    return port in _AIRPLAY_PORTS and bool(words) and words[0].rpartition("/")[2] in _AIRPLAY


def _unseen(port: int) -> str:
    """A holder that is not in the system's tables, as far as we may read them."""
    often = (
        f": on macOS often {_AIRPLAY_ADVICE}" if port in _AIRPLAY_PORTS and sys.platform == "darwin" else ""
    )
    return f"port {port} is held by a process that cannot be seen{often}"


def _cannot_bind(address: Address, *, reuse: bool) -> OSError | None:
    with socket.socket(address.family, socket.SOCK_STREAM) as trial:
        if reuse:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address.host, address.port))
        except OverflowError:  # a list of another program can hold any number
            return OSError(errno.EINVAL, "there is no such port")
        except OSError as error:
            return error
    return None


def _answers(host: str, port: int) -> bool:
    """Whether a connection is taken there. On macOS one address can be bound beside every address."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
            return True
    except (OSError, OverflowError):
        return False


def _refuses(host: str, port: int) -> bool:
    """Whether nobody listens there for certain; who is busy may let a connection wait."""
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_SECONDS):
            return False
    except TimeoutError:
        return False
    except (OSError, OverflowError):
        return True


def _why(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return _unseen(port)
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine"
        case errno.EACCES:
            return f"port {port} needs special rights: choose one above 1023"
    return f"{endpoint(host, port)} cannot be bound: {error.strerror}"

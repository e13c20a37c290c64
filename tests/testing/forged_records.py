"""Records of running servers as they should never be; test_forged_records.py lets commands meet them.

Each begins as a record that is right in everything for a process that is not ours: its number, its start, its
user, its port. Only the mark of the run, which that process does not carry, is not to be forged.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mlxsm_sync.system.current import facts

DAMAGED, DOUBTED, GONE, REBOOTED = (
    "nothing was signalled",
    "nothing was signalled",
    "had already exited",
    "rebooted since",
)

Data = dict[str, Any]


def start_mark(pid: int) -> str:
    """When a process started, as run records note it."""
    about = facts(pid)
    assert about is not None
    return about.start_mark


class Scene(NamedTuple):
    """Who is there."""

    record: Data
    """A record of a process that is not ours."""
    others: Path
    """A record that is not at its place."""
    thread: int
    """A thread of that process."""
    us: int
    """The process that runs the tests."""
    system: int
    """A process of another user, or ours again where we may not make one."""


class Forgery(NamedTuple):
    """One way to put a record there, and what `down` says of it."""

    name: str
    place: Callable[[Path, Scene], object]
    told: str


def fields(name: str, told: str, /, **changed: Any) -> Forgery:
    return Forgery(name, lambda path, scene: path.write_text(json.dumps(scene.record | changed)), told)


def raw(name: str, make: Callable[[str], str | bytes], told: str = DAMAGED) -> Forgery:
    def place(path: Path, scene: Scene) -> None:
        data = make(json.dumps(scene.record))
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    return Forgery(name, place, told)


def of_process(name: str, who: Callable[[Scene], int], told: str = DOUBTED) -> Forgery:
    def place(path: Path, scene: Scene) -> None:
        pid = who(scene)
        path.write_text(json.dumps(scene.record | {"pid": pid, "startMark": start_mark(pid)}))

    return Forgery(name, place, told)


def of_session(name: str, *, ours: bool) -> Forgery:
    """With the session of that process as the parent's, which proves nothing where an environment is shown."""

    def place(path: Path, scene: Scene) -> None:
        leader = os.getsid(scene.record["pid"])
        start = start_mark(leader) if ours else None
        path.write_text(json.dumps(scene.record | {"keeper": leader, "keeperMark": start}))

    return Forgery(name, place, DOUBTED)


def without(name: str) -> Forgery:
    def make(text: str) -> str:
        data = json.loads(text)
        del data[name]
        return json.dumps(data)

    return raw(f"no {name}", make)


def of_a_stranger(path: Path, scene: Scene) -> None:
    path.write_text(json.dumps(scene.record))
    os.chown(path, 12345, 12345)


def listening(path: Path, _scene: Scene) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)
        server.bind(path.name)
        os.chdir(here)


PIDS: list[Any] = [0, 1, -1, -2, 2**31, 2**32 + 2, 2**63, 2**64, 10**30, "1", "", True, False, 1.5, [], {}]

FORGERIES = [
    *(fields(f"pid {pid!r}", DAMAGED, pid=pid) for pid in PIDS),
    fields("pid null", GONE, pid=None),
    fields("pid null, no start", GONE, pid=None, startMark=None),
    fields("a number that nobody has", GONE, pid=2**31 - 1),
    fields("a number that no kernel gives", GONE, pid=2**22 + 1),
    fields("right but for the mark", DOUBTED),
    fields("any start", DOUBTED, startMark=None),
    of_session("the session of somebody else", ours=True),
    of_session("a session, and no start", ours=False),
    fields("a namespace that is not here", DOUBTED, pidSpace="pid:[1]"),
    fields("a namespace as a number", DAMAGED, pidSpace=1),
    fields("a parent that no kernel gives", DAMAGED, keeper=2**31),
    fields("a parent that is a group", DAMAGED, keeper=-1),
    of_process("ourselves", lambda scene: scene.us),
    of_process("a process of another user", lambda scene: scene.system),
    of_process("a thread", lambda scene: scene.thread),
    fields("another start", GONE, startMark="1"),
    fields("a start before the boot", GONE, startMark="-1"),
    fields("a start in words", GONE, startMark="yesterday"),
    fields("a start as a number", DAMAGED, startMark=1),
    fields("another boot", REBOOTED, bootId="0b5e6f4c-0000-4000-8000-000000000000"),
    fields("no boot", REBOOTED, bootId=""),
    fields("a boot as a number", DAMAGED, bootId=1),
    fields("an empty nonce", DOUBTED, nonce=""),
    fields("a nonce with a newline", DOUBTED, nonce="a\nb"),
    fields("a nonce as a number", DAMAGED, nonce=1),
    fields("the id of another entry", DAMAGED, id="b" * 16),
    fields("an id with a path", DAMAGED, id="../../../etc/passwd"),
    fields("an empty id", DAMAGED, id=""),
    fields("a port of all", DAMAGED, port=0),
    fields("a port below all", DAMAGED, port=-1),
    fields("a port above all", DAMAGED, port=65536),
    fields("a port as text", DAMAGED, port="8080"),
    fields("a host as a number", DAMAGED, host=1),
    fields("a host with a NUL", GONE, host="a\0b", startMark="1"),
    fields("a host that is too long", GONE, host="a" * 300, startMark="1"),
    fields("a host that cannot be encoded", GONE, host="\u00e4..b", startMark="1"),
    fields("an empty host", GONE, host="", startMark="1"),
    fields("arguments as text", DAMAGED, arguments="--port=1"),
    fields("arguments of numbers", DAMAGED, arguments=[1]),
    fields("a command as text", DAMAGED, command="/bin/sh -c"),
    fields("no command", DOUBTED, command=[]),
    fields("a log that is a folder", GONE, log="/", startMark="1"),
    fields("a log with a NUL", GONE, log="a\0b", startMark="1"),
    fields("a log without end", GONE, log="/dev/zero", startMark="1"),
    fields("a time in words", GONE, startedAt="yesterday", startMark="1"),
    fields("a name that commands a terminal", DOUBTED, name="\x1b[2J\u202e\n!"),
    fields("a proof of another kind", DAMAGED, ready="sure"),
    fields("seconds as text", DAMAGED, readySeconds="1"),
    fields("a key too many", DAMAGED, kill="all"),
    fields("a newer format", DAMAGED, formatVersion=2),
    fields("a format that is true", DAMAGED, formatVersion=True),
    *(without(name) for name in ("formatVersion", "id", "nonce", "bootId", "command", "port")),
    raw("nothing", lambda _: ""),
    raw("half of it", lambda text: text[: len(text) // 2]),
    raw("twice", lambda text: text * 2),
    raw("a key twice", lambda text: text.replace("{", '{"pid": 1, ', 1)),
    raw("NaN", lambda text: text.replace('"port":', '"readySeconds": NaN, "port":')),
    raw("too large a number", lambda text: text.replace('"port":', '"readySeconds": 1e999, "port":')),
    raw("5,000 digits", lambda text: text.replace('"pid": ', '"pid": ' + "9" * 5000)),
    raw("a list", lambda text: f"[{text}]"),
    raw("null", lambda _: "null"),
    raw("100,000 lists", lambda _: "[" * 100_000),
    raw("NULs", lambda _: "\0" * 100),
    raw("no UTF-8", lambda _: b"\xff\xfe{}"),
    raw("UTF-16", lambda text: text.encode("utf-16")),
    raw("a mark of byte order", lambda text: b"\xef\xbb\xbf" + text.encode()),
    raw("a half surrogate", lambda text: text.replace('"nonce": "', '"nonce": "\\ud800')),
    raw("65 MiB", lambda text: text + " " * (65 * 2**20)),
    Forgery("a link to a record", lambda path, scene: path.symlink_to(scene.others), DAMAGED),
    Forgery("a link to nothing", lambda path, _: path.symlink_to("/nowhere"), DAMAGED),
    Forgery("a link to itself", lambda path, _: path.symlink_to(path), DAMAGED),
    Forgery("a pipe", lambda path, _: os.mkfifo(path), DAMAGED),
    Forgery("a socket", listening, DAMAGED),
    Forgery("a folder", lambda path, _: path.mkdir(), DAMAGED),
]
if os.geteuid() == 0:
    FORGERIES.append(Forgery("a file of another user", of_a_stranger, DAMAGED))

# Of a server that runs, with a record that is right in all that identifies it.
EDITS = [
    fields("no command", "", command=[]),
    fields("an empty command", "", command=["", "\0"]),
    fields("a command that is a folder", "", command=["/"]),
    fields("other arguments", "", arguments=["--x=\x1b[2J", "", "="]),
    fields("a log that is a folder", "", log="/"),
    fields("a log without end", "", log="/dev/zero"),
    fields("a log with a NUL", "", log="a\0b"),
    fields("a time in words", "", startedAt="yesterday"),
    fields("a time with a NUL", "", startedAt="\0"),
    fields("a name that commands a terminal", "", name="\x1b[2J\u202e\n!"),
    fields("a release of digits", "", serverVersion="9" * 5000),
    fields("a release in words", "", serverVersion="\x1b[2J"),
    fields("seconds below nothing", "", readySeconds=-1),
    fields("never ready", "", ready=None),
    fields("a failure that commands a terminal", "", failure="\x1b[2J\nx", ready=None),
    fields("another profile", "", profileDigest="x"),
    fields("another owner", "", owner="\x1b[2J"),
    fields("another fingerprint", "", fingerprint="\x1b[2J"),
]

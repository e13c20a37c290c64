"""Who is who, and who listens: facts about processes of this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlxsm_sync.system import linux, netlink, portable, ports
from mlxsm_sync.system.process import Handle
from mlxsm_sync.system.process_identity import identify, is_ours
from mlxsm_sync.system.run_marks import Mark, mark_of
from mlxsm_sync.values import hosts
from mlxsm_sync.values.run import Listener, RunRecord
from testing.waiting import wait_for

MARK = "a" * 16 + ".nonce"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env=os.environ | {"MLXSM_RUN": MARK},
        start_new_session=True,
    )
    wait_for(lambda: (portable.memory(process.pid) or 0) > 5 * 10**6)  # it has become Python
    yield process
    process.kill()
    process.wait()


def record(pid: int | None, **fields: object) -> RunRecord:
    known: dict[str, object] = {
        "id": "a" * 16,
        "name": "A",
        "owner": None,
        "host": "127.0.0.1",
        "port": 1,
        "run_id": "nonce",
        "boot_id": linux.boot_id(),
        "pid": pid,
        "command": ("/s",),
        "arguments": (),
        "server_version": None,
        "profile_digest": "",
        "log": "/l",
        "started_at": "2026-06-16T00:00:00Z",
    }
    return RunRecord(**(known | fields))


@pytest.mark.parametrize("system", [linux, portable])
def test_facts(system: object, child: subprocess.Popen[bytes]) -> None:
    """Both sources know the same."""
    source: linux = system
    about = source.facts(child.pid)
    assert about is not None
    assert (about.dead, about.group, about.user) == (False, child.pid, os.geteuid())
    assert 0 <= (source.age(child.pid) or -1) < 300
    assert source.facts(child.pid) == about
    assert source.variable(child.pid, "MLXSM_RUN") == MARK
    assert source.variable(child.pid, "NO_SUCH") == ""
    assert source.command_line(child.pid)[1:] == ["-c", "import time; time.sleep(60)"]
    assert source.working_folder(child.pid) == os.getcwd()
    assert child.pid in source.all_pids()
    child.kill()
    child.wait()
    assert source.facts(child.pid) is None
    assert source.variable(child.pid, "MLXSM_RUN") is None
    assert source.command_line(child.pid) == []
    assert source.working_folder(child.pid) is None


def test_memory_and_time(child: subprocess.Popen[bytes]) -> None:
    assert (portable.memory(os.getpid()) or 0) > 10**6
    spent = portable.cpu_seconds(child.pid)
    assert spent is not None
    assert 0 <= spent < 5
    assert portable.machine_memory() > 10**8
    child.kill()
    child.wait()
    assert portable.memory(child.pid) is None
    assert portable.cpu_seconds(child.pid) is None


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, "0.0.0.0"),
        (socket.AF_INET6, "::1"),
        (socket.AF_INET6, "::"),
    ],
)
def test_who_listens(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as server:
        server.bind((address, 0))
        port = server.getsockname()[1]
        assert linux.listeners(port) == []
        server.listen()
        expected = [Listener(address, port, os.getpid())]
        for system in (linux, portable):
            assert system.listeners(port) == system.listeners(port, (os.getpid(),)) == expected
        assert [one.inode for one in netlink.listening() if one.port == port] == [
            int(inode) for inode, _ in linux._listening_by_table(port)
        ]
        assert ports.holders(address, port) == expected
        told = ports.problem(address, port)
        assert told is not None
        assert told.startswith(f"port {port} is held by process {os.getpid()} (")


def test_the_table_is_read_where_the_kernel_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[netlink.Listening]:
        raise OSError("no")

    monkeypatch.setattr(linux, "listening", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert linux.listeners(port) == [Listener("127.0.0.1", port, os.getpid())]


def test_a_port_that_closed_connections_keep_is_free() -> None:
    """A server that closed connections a moment ago leaves its port in TIME_WAIT."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            taken, _ = server.accept()
            taken.close()
    with socket.socket() as trial, pytest.raises(OSError, match="in use"):
        trial.bind(("127.0.0.1", port))
    assert ports.problem("127.0.0.1", port) is None


def test_hosts_that_cannot_be_bound() -> None:
    assert ports.problem("no.such.host.invalid", 8080) is not None
    assert ports.problem("192.0.2.1", 8080) == "192.0.2.1 is no address of this machine"
    assert ports.holders("no.such.host.invalid", 1) == []


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("0.0.0.0", "127.0.0.1", True),
        ("::", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::1", "127.0.0.1", False),
        ("fe80::1%lo", "fe80::1", True),
        ("odd", "127.0.0.1", False),
    ],
)
def test_addresses_that_are_one_place(a: str, b: str, meet: bool) -> None:
    assert hosts.overlap(a, b) == hosts.overlap(b, a) == meet


def test_a_process_is_identified_by_all_that_it_must_be(child: subprocess.Popen[bytes]) -> None:
    about = linux.facts(child.pid)
    assert about is not None
    good = record(child.pid, start_mark=about.start_mark)
    found = identify(good)
    assert found.handle is not None
    assert not found.handle.is_gone()
    assert is_ours(child.pid, good)
    assert mark_of(child.pid) == Mark("a" * 16, "nonce")
    assert identify(record(child.pid, boot_id="other")).rebooted
    otherwise = identify(record(child.pid, start_mark="1")).handle  # a doubt beside the mark is no no
    assert otherwise is not None
    otherwise.close()
    assert identify(record(child.pid, start_mark="1", run_id="other")) == (None, None, False)
    assert identify(record(None)).handle is None  # a leader of a session is a shim, not a server
    doubt = identify(record(child.pid, start_mark=about.start_mark, run_id="other")).doubt
    assert doubt == f"process {child.pid} does not carry the mark of this run"
    assert not is_ours(os.getpid(), good)
    assert not is_ours(None, good)
    found.handle.signal_group(signal.SIGTERM)
    assert found.handle.wait(5)
    child.wait()
    found.handle.signal_group(signal.SIGTERM)
    found.handle.signal_alone(signal.SIGTERM)
    found.handle.close()
    found.handle.close()
    assert identify(good) == (None, None, False)


@pytest.mark.parametrize("others", [{}, {f"FILLER_{number}": "x" * 2000 for number in range(20)}])
def test_a_process_that_becomes_another_program_is_known_at_every_moment(
    tmp_path: Path, others: dict[str, str]
) -> None:
    """A script that runs a program in its own place shows no environment then, or half of a long one."""
    chain = tmp_path / "chain.sh"
    chain.write_text('#!/bin/sh\n[ "$1" -gt 0 ] || exit 0\nexec "$0" "$(( $1 - 1 ))"\n')
    chain.chmod(0o755)
    given = {"PATH": os.environ["PATH"], "MLXSM_RUN": MARK} | others
    process = subprocess.Popen([chain, "400"], env=given, start_new_session=True)
    about = linux.facts(process.pid)
    assert about is not None
    told = set()
    while process.poll() is None:
        seen = identify(record(process.pid, start_mark=about.start_mark))
        told.add(seen.doubt)
        if seen.handle is not None:
            seen.handle.close()
    assert told == {None}


def test_a_process_that_is_only_watched(child: subprocess.Popen[bytes]) -> None:
    """Where the system has no handles for processes."""
    handle = Handle(child.pid, None)
    assert not handle.is_gone()
    begun = time.monotonic()
    assert not handle.wait(0.1)
    assert time.monotonic() - begun >= 0.1
    handle.signal_alone(signal.SIGCONT)
    handle.signal_group(signal.SIGTERM)
    assert handle.wait(5)  # a zombie has ended
    child.wait()
    assert handle.is_gone()
    handle.signal_group(signal.SIGTERM)
    handle.close()


def test_a_connection_is_seen_while_it_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for source in (linux, portable):
            assert not source.is_connected(port, [os.getpid()])
        with socket.create_connection(("127.0.0.1", port)):
            taken, _ = server.accept()
            with taken:
                for source in (linux, portable):
                    assert source.is_connected(port, [os.getpid()])


def test_a_connection_is_seen_where_the_kernel_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[netlink.Listening]:
        raise OSError("no")

    monkeypatch.setattr(linux, "connected", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not linux.is_connected(port, [])
        with socket.create_connection(("127.0.0.1", port)):
            assert linux.is_connected(port, [])

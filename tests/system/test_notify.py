"""What a service manager is told, at a real socket."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mlxsm_sync.system.notify import Notifier, watchdog_pause


@pytest.mark.parametrize(
    ("environment", "pause"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "often"}, None),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7"}, 1),
        ({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "8"}, None),
    ],
)
def test_half_of_what_the_manager_waits(environment: dict[str, str], pause: float | None) -> None:
    assert watchdog_pause(environment, 7) == pause


def test_words_come_as_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("n")
        Notifier({"NOTIFY_SOCKET": "n"}).tell("READY=1", "STATUS=a\nb")
        assert manager.recv(100) == b"READY=1\nSTATUS=a b"


@pytest.mark.parametrize("place", ["", "nowhere", "@mlxsm-nobody-listens", "x" * 200])
def test_where_nobody_listens_nobody_is_told(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Notifier({"NOTIFY_SOCKET": place}).tell("READY=1")

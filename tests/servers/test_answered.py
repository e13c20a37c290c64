"""When a server last answered, by its log."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mlxsm_sync.servers.answered import answered_at
from mlxsm_sync.text.times import from_seconds
from mlxsm_sync.values.run import Proof, RunRecord

BEGAN = 1_790_000_000
"""In September 2026."""


def record(log: Path, ready: Proof | None = None) -> RunRecord:
    return RunRecord(
        id="a" * 16,
        name="A",
        owner=None,
        host="127.0.0.1",
        port=8080,
        run_id="r",
        boot_id="b",
        command=("mlx_lm.server",),
        arguments=(),
        server_version=None,
        profile_digest="d",
        log=str(log),
        started_at=from_seconds(BEGAN),
        ready=ready,
        ready_seconds=3.2 if ready else None,
    )


def line(seconds: int, what: str = "POST /v1/chat/completions HTTP/1.1", code: int = 200) -> str:
    at = time.localtime(BEGAN + seconds)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[
        at.tm_mon - 1
    ]
    return f'127.0.0.1 - - [{at.tm_mday:02d}/{month}/{at.tm_year} {time.strftime("%H:%M:%S", at)}] "{what}" {code} -\n'


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        (line(10), 10),
        (line(10) + line(20), 20),
        (line(10) + line(20, "GET /health HTTP/1.0"), 10),
        (line(10) + line(20, code=404) + line(30, "GET /v1/models HTTP/1.1"), 10),
        (line(10, "POST /v1/completions HTTP/1.0") + line(20, "POST /v1/other HTTP/1.1"), 10),
        (line(10, "POST /chat/completions HTTP/1.1"), 10),
        (line(-100), None),
        (line(10).replace("Sep", "Foo"), None),
        (line(10).replace(":", ";"), None),
        (line(10) + "x" * 1_200_000 + "\n", 10),
        ("x" * 262_100 + "\n" + line(10) + "y" * 262_100, 10),
    ],
)
def test_the_last_answer_that_began(tmp_path: Path, text: str, seconds: int | None) -> None:
    log = tmp_path / "a.log"
    log.write_text(text)
    expected = from_seconds(BEGAN + seconds) if seconds is not None else None
    assert answered_at(record(log)) == expected


@pytest.mark.parametrize("at", range(262_000, 262_300, 7))
def test_a_line_that_two_blocks_share_is_found(tmp_path: Path, at: int) -> None:
    log = tmp_path / "a.log"
    log.write_text("\n" + line(10) + "y" * (at - 50))
    assert answered_at(record(log)) == from_seconds(BEGAN + 10)


def test_what_was_moved_away_and_the_first_answer_count_too(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert answered_at(record(log)) is None
    assert answered_at(record(log, "listening")) is None
    assert answered_at(record(log, "answered")) == from_seconds(BEGAN + 3)
    log.write_text("")
    log.with_name("a.log.1").write_text(line(40))
    assert answered_at(record(log)) == from_seconds(BEGAN + 40)
    os.utime(log.with_name("a.log.1"), (BEGAN - 5, BEGAN - 5))  # of a run before
    assert answered_at(record(log)) is None
    os.unlink(log)
    os.mkfifo(log)
    assert answered_at(record(log, "answered")) == from_seconds(BEGAN + 3)

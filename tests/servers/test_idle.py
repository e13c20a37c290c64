"""For how long a server has had nothing to do, from what is seen of it."""

from __future__ import annotations

import pytest

from mlxsm_sync.servers.idle import Activity, IdleClock, has_others, is_busy

LOOK = '127.0.0.1 - - [27/Nov/2026 10:00:00] "GET /health HTTP/1.0" 200 -'
ASKED = '127.0.0.1 - - [27/Nov/2026 10:00:00] "POST /v1/chat/completions HTTP/1.1" 200 -'


def quiet(at: float, cpu: float = 0.0, *, wrote: bool = False, connected: bool = False) -> Activity:
    return Activity(at, wrote, connected, cpu)


def test_silence_adds_up() -> None:
    clock = IdleClock(quiet(100))
    assert [clock.seen(quiet(at)) for at in (110, 120, 130)] == [10, 20, 30]


@pytest.mark.parametrize(
    "use", [quiet(120, wrote=True), quiet(120, connected=True), quiet(120, 5)], ids=["log", "socket", "work"]
)
def test_any_use_begins_it_anew(use: Activity) -> None:
    clock = IdleClock(quiet(100))
    assert clock.seen(quiet(110)) == 10
    assert clock.seen(use) == 0
    assert clock.seen(quiet(130, use.cpu)) == 10


def test_a_log_that_was_moved_away_counts_as_use() -> None:
    """What was written to it since the last look may not have been seen."""
    clock = IdleClock(quiet(100))
    clock.use(115)
    assert [clock.seen(quiet(at)) for at in (115, 120)] == [0, 5]


def test_a_little_work_is_its_own() -> None:
    assert not is_busy(quiet(0), quiet(10, 0.2))
    assert is_busy(quiet(0), quiet(10, 0.21))
    assert not is_busy(quiet(0), quiet(0.1, 0.02))
    assert is_busy(quiet(0), quiet(0.1, 0.03))


def test_work_that_was_done_long_ago_is_not_averaged_away() -> None:
    clock = IdleClock(quiet(0))
    for at in range(10, 3000, 10):
        clock.seen(quiet(at))
    assert clock.seen(quiet(3000, 1)) == 0


@pytest.mark.parametrize(
    ("lines", "others"),
    [
        ([], False),
        ([""], False),
        ([LOOK, LOOK], False),
        ([LOOK, ASKED], True),
        ([ASKED.replace("1.1", "1.0")], True),
        (["a warning"], True),
    ],
)
def test_only_our_looks_are_no_use(lines: list[str], others: bool) -> None:
    assert has_others(lines) is others

"""How `mlxsm run` ends: exit codes, what is worth another try, and when enough is enough."""

from __future__ import annotations

import pytest

from mlxsm_sync.servers.give_up import MOST, WITHIN, failures, is_enough
from mlxsm_sync.servers.outcomes import (
    UNHEALTHY,
    Outcome,
    Unusable,
    after_failed_start,
    bad_looks,
    exit_code,
)


@pytest.mark.parametrize(
    ("outcome", "code", "with_zero"),
    [
        ("stopped", 0, 0),
        ("idle", 0, 0),
        ("gave-up", 0, 0),
        ("failed", 1, 1),
        ("left", 1, 1),
        ("hopeless", 78, 0),
    ],
)
def test_the_exit_code_of_an_outcome(outcome: Outcome, code: int, with_zero: int) -> None:
    assert (exit_code(outcome, zero=False), exit_code(outcome, zero=True)) == (code, with_zero)


@pytest.mark.parametrize(
    ("unusable", "message", "complete", "offline", "outcome"),
    [
        (None, "exited (code 1)", True, False, "failed"),
        (None, "404 Client Error", False, True, "failed"),
        ("options", "exited (code 2)", False, False, "hopeless"),
        ("options", "exited (code 2)", True, False, "hopeless"),
        ("model", "Model type odd not supported", True, False, "hopeless"),
        ("model", "Model type odd not supported", False, True, "hopeless"),
        ("model", "ConnectionError: no route", False, False, "failed"),
        ("model", "401 Client Error. Repository Not Found for url", False, False, "hopeless"),
        ("model", "GatedRepoError: 403", False, False, "hopeless"),
        ("model", "Access to it is restricted: a gated repo", False, False, "hopeless"),
        ("model", "500 Server Error", False, False, "failed"),
    ],
)
def test_what_is_worth_another_try(
    unusable: Unusable | None, message: str, complete: bool, offline: bool, outcome: str
) -> None:
    assert after_failed_start(unusable, message, complete=complete, offline=offline) == outcome


def test_only_bad_looks_in_a_row_count() -> None:
    bad = 0
    counts = []
    for status in ("dead-thread", "no-socket", "ready", "dead-thread", "crashed", "loading"):
        bad = bad_looks(bad, status)
        counts.append(bad)
    assert counts == [1, 2, 0, 1, 2, UNHEALTHY]


def fail_at(*times: float) -> list[float]:
    failed: list[float] = []
    for at in times:
        failed = failures(failed, at)
    return failed


def test_the_fifth_failure_within_ten_minutes_is_enough() -> None:
    assert not is_enough(fail_at(0, 1, 2, 3))
    assert is_enough(fail_at(0, 1, 2, 3, WITHIN - 1))
    assert not is_enough(fail_at(0, 1, 2, 3, WITHIN))
    assert is_enough(fail_at(0, 700, 701, 702, 703, 704))


def test_no_more_is_kept_than_counts() -> None:
    assert fail_at(*range(50)) == [*range(50 - MOST, 50)]


def test_a_clock_that_was_set_back_gives_nothing_up() -> None:
    assert fail_at(5000, 5001, 5002, 5003, 10) == [10]

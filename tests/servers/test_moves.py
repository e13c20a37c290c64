"""Servers that make way for each other: who can go, and that nobody waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.servers.moves import Moves, leaving

NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("needs", "going"),
    [
        ({}, ""),
        ({"a": ""}, "a"),
        ({"a": "b", "b": "a"}, "ab"),
        ({"a": "b"}, ""),
        ({"a": "b", "b": "c", "c": ""}, "abc"),
        ({"a": "b", "b": "c", "d": ""}, "d"),
        ({"a": "bx", "b": "a"}, ""),
    ],
)
def test_who_can_go(needs: dict[str, str], going: str) -> None:
    assert leaving({name: frozenset(others) for name, others in needs.items()}) == frozenset(going)


@given(st.dictionaries(st.sampled_from("abcdef"), st.frozensets(st.sampled_from("abcdefgh"), max_size=3)))
def test_nobody_goes_to_a_port_of_one_that_stays(needs: dict[str, frozenset[str]]) -> None:
    going = leaving(needs)
    assert all(needs[one] <= going for one in going)
    assert going <= needs.keys()


def test_all_are_heard_before_anybody_goes() -> None:
    moves, stop = Moves(3), Event()
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(moves.agree, "a", frozenset("b"), stop)
        second = pool.submit(moves.agree, "b", frozenset("a"), stop)
        assert not first.done()
        moves.has_made_way("c")  # it failed before it could say anything
        assert first.result(30) == second.result(30) == frozenset("ab")
        waiting = pool.submit(moves.wait_for, frozenset("ab"), stop)
        moves.has_made_way("a")
        moves.has_made_way("a")
        assert not waiting.done()
        moves.has_made_way("b")
        waiting.result(30)


def test_one_that_stays_says_so_and_a_stop_ends_all_waiting() -> None:
    moves, stop = Moves(2), Event()
    with ThreadPoolExecutor(2) as pool:
        staying = pool.submit(moves.agree, "a", None, stop)
        assert moves.agree("b", NOBODY, stop) == frozenset("b")
        assert staying.result(30) == frozenset("b")
    moves = Moves(2)
    with ThreadPoolExecutor(2) as pool:
        agreeing = pool.submit(moves.agree, "a", NOBODY, stop)
        waiting = pool.submit(moves.wait_for, frozenset("x"), stop)
        stop.set()
        assert agreeing.result(30) == frozenset("a")
        waiting.result(30)

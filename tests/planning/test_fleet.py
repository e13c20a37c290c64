"""Statuses of many machines as one fleet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from mlxsm_sync.planning.fleet import Told, join
from mlxsm_sync.values.status_file import read_status
from mlxsm_sync.values.status_reports import FileFault
from testing import statuses


def told(path: str | None, name: str = "studio", standing: str = "in-step", **more: Any) -> Told:
    return Told(path, read_status(json.dumps(statuses.status(name, standing, **more))))


def paths(some: Sequence[Told]) -> list[str | None]:
    return [one.path for one in some]


def test_first_what_somebody_has_to_look_at_then_by_name() -> None:
    names = [
        ("b", "in-step"),
        ("A", "in-step"),
        ("z", "behind"),
        ("y", "drift"),
        ("x", "conflict"),
        ("w", "broken"),
    ]
    wanted = ["w", "x", "y", "z", "A", "b"]
    for order in permutations(names, len(names)):
        fleet = join(told(name, name, standing) for name, standing in order)
        assert paths(fleet.machines) == wanted
        assert fleet.problems == ()


@pytest.mark.parametrize("order", [*permutations(["2026-06-14", "2026-06-15", "2026-06-16"])])
def test_of_one_machine_the_newest_status_is_kept(order: tuple[str, ...]) -> None:
    fleet = join(told(day, at=f"{day}T00:00:00Z") for day in order)
    assert paths(fleet.machines) == ["2026-06-16"]
    assert sorted(one.path for one in fleet.problems) == ["2026-06-14", "2026-06-15"]
    assert all(one.message.startswith("studio is in 2026-06-1") for one in fleet.problems)


def test_of_two_that_are_as_new_the_first_is_kept() -> None:
    fleet = join([told("a.json"), told("a.json"), told("b.json")])
    assert paths(fleet.machines) == ["a.json"]
    message = "studio is in a.json as well; this status is no newer, and left out"
    assert fleet.problems == (
        FileFault(path="a.json", message=message),
        FileFault(path="b.json", message=message),
    )


def test_one_name_in_two_states_is_two_machines() -> None:
    other = {"collection": None, "serial": 1, "lineage": "another"}
    assert len(join([told("a.json"), told("b.json", state=other)]).machines) == 2
    without = {"collection": None, "serial": 0, "lineage": None}
    assert len(join([told("a.json", state=without), told("b.json", state=without)]).machines) == 1


def test_what_could_not_be_read_is_kept_as_it_is() -> None:
    fault = FileFault(path="bad.json", message="is empty")
    assert join([fault]) == ((), (fault,))
    fleet = join([fault, told(None)])
    assert (paths(fleet.machines), fleet.problems) == ([None], (fault,))

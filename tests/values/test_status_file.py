"""The status of another machine: what is read of it, and why it is not."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlxsm_sync.values.status import MachineStatus
from mlxsm_sync.values.status_file import MOST_PARTS, NotAStatus, read_status
from testing import statuses

PLAIN = statuses.status("studio")
NONE = "is no status of a machine; mlxsm status -o FILE writes one"


def why(data: Any) -> str:
    with pytest.raises(NotAStatus) as caught:
        read_status(data if isinstance(data, str) else json.dumps(data))
    return str(caught.value)


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in PLAIN.items() if name != key}


def test_it_is_read_as_it_was_written() -> None:
    status = read_status(json.dumps(PLAIN))
    assert status.machine.name == "studio"
    assert read_status(json.dumps(status.model_dump())) == status


def test_keys_of_a_newer_mlxsm_are_passed_over_wherever_they_stand() -> None:
    newer = json.loads(json.dumps(PLAIN))
    for part in (newer, newer["machine"], newer["servers"][0], newer["history"][0], newer["plan"]["summary"]):
        part["inventedLater"] = {"of": ["any", 1, None]}
    assert read_status(json.dumps(newer)) == read_status(json.dumps(PLAIN))


def test_a_time_is_kept_in_utc() -> None:
    assert read_status(json.dumps(PLAIN | {"at": "2026-06-16T14:00:00+02:00"})).at == "2026-06-16T12:00:00Z"
    assert why(PLAIN | {"at": "yesterday"}) == "has no time at `at`"


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_file_without_anything(text: str) -> None:
    assert why(text) == "is empty"


@pytest.mark.parametrize("text", ["{", "no", json.dumps(PLAIN)[:-1], '{"a": "\\ud800"}'])
def test_what_is_no_json(text: str) -> None:
    assert why(text).startswith("is not valid JSON (")


@pytest.mark.parametrize("depth", range(196, 206))
def test_what_is_nested_deep_is_told_as_anything_else(depth: int) -> None:
    assert why("[" * depth + "]" * depth).endswith(("any status of a machine", NONE))


@pytest.mark.parametrize(
    "data", [[], 1, None, "status", {}, {"formatVersion": "1"}, {"formatVersion": True}, [PLAIN]]
)
def test_other_json(data: Any) -> None:
    assert why(json.dumps(data)) == NONE


def test_the_json_of_another_command() -> None:
    assert why({"formatVersion": 1, "servers": [], "memoryBytes": 1}) == f"has no machine: it {NONE}"
    assert why(without("plan")) == f"has no plan: it {NONE}"


@pytest.mark.parametrize("version", [2, 3, 10**9])
def test_a_newer_format(version: int) -> None:
    newer = "is of a newer format than this mlxsm reads; upgrade mlxsm on this machine"
    assert why(PLAIN | {"formatVersion": version}) == newer
    assert why({"formatVersion": version}) == newer


def test_what_is_wrong_inside() -> None:
    assert why(PLAIN | {"machine": {}}) == "has no machine/name"
    unknown = PLAIN | {"servers": [statuses.server("A", status="hibernating")]}
    assert why(unknown) == (
        "says at servers/0/status what this mlxsm does not know; if a newer one wrote it, upgrade mlxsm here"
    )
    assert why(PLAIN | {"machine": {"name": 1}}) == "is invalid at machine/name (string_type)"
    assert why(PLAIN | {"formatVersion": 0}).startswith("says at formatVersion what")


def test_what_is_large_for_its_parts_alone() -> None:
    """8 MiB of empty lists would take 400 MiB in memory."""
    assert why("[" + "[]," * MOST_PARTS + "0]") == "has more parts than any status of a machine"
    assert read_status(json.dumps(PLAIN | {"more": [0] * (MOST_PARTS - 1000)})) == read_status(
        json.dumps(PLAIN)
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["formatVersion", "machine", "at", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_whatever_it_is_it_is_a_status_or_told(data: Any) -> None:
    with suppress(NotAStatus):
        assert isinstance(read_status(json.dumps(data)), MachineStatus)

"""Metrics, read by the parsers of both text formats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_in
from prometheus_client.parser import text_string_to_metric_families as prometheus_in

from mlxsm_sync.values.plan import Summary
from mlxsm_sync.values.server_reports import SeenServer
from mlxsm_sync.values.status import (
    LastApply,
    MachineStatus,
    StatusFile,
    StatusMachine,
    StatusMemory,
    StatusPlan,
    StatusState,
    StatusVersions,
)
from mlxsm_sync.views.openmetrics import openmetrics

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ['"', "\\", "\n", 'a"} 1\nmlxsm_x 2', "# EOF", "\u202e", "{}"]
)
SERVERS = st.builds(
    SeenServer,
    id=st.just("a" * 16),
    name=NAMES,
    status=st.sampled_from(["ready", "waiting", "crashed"]),
    endpoint=st.just("127.0.0.1:8080"),
    stale=st.booleans(),
    memory_bytes=st.none() | st.integers(0, 2**40),
    uptime_seconds=st.none() | st.floats(0, 1e8),
    answered_at=st.none() | st.just("2026-11-27T14:02:00Z"),
)
STATUSES = st.builds(
    MachineStatus,
    machine=st.builds(StatusMachine, name=NAMES, tags=st.lists(NAMES, max_size=2).map(tuple)),
    file=st.builds(StatusFile, path=st.just("/x"), commit=st.none() | st.just("a" * 40)),
    state=st.builds(StatusState, serial=st.integers(0, 10**6)),
    plan=st.builds(
        StatusPlan, status=st.sampled_from(["in-step", "broken"]), summary=st.none() | st.just(Summary())
    ),
    servers=st.lists(SERVERS, max_size=3, unique_by=lambda one: one.name).map(tuple),
    memory=st.builds(StatusMemory, limit_bytes=st.integers(0, 2**40), used_bytes=st.integers(0, 2**40)),
    versions=st.builds(
        StatusVersions, mlxsm=st.just("0"), mlx=st.none() | NAMES, system=NAMES, python=st.just("3")
    ),
    last_apply=st.none()
    | st.builds(LastApply, at=st.just("2026-11-27T14:02:00Z"), exit=st.none() | st.just(3)),
    at=st.just("2026-11-27T14:03:00Z"),
)


@given(STATUSES)
def test_whatever_names_say_both_parsers_read_the_same(seen: MachineStatus) -> None:
    text = openmetrics(seen)
    one = {family.name: len(family.samples) for family in openmetrics_in(text)}
    other = {family.name: len(family.samples) for family in prometheus_in(text)}
    assert one == other
    known = len(seen.servers)
    assert one.get("mlxsm_server_stale", 0) == known
    assert one["mlxsm_plan_status"] == 5
    assert "/x" not in text

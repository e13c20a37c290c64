"""The columns of `--plain`: those of the page are those of the code, by the names of the JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from typing import Any

import pytest

from mlxsm_sync.clients.registry import known_clients
from mlxsm_sync.values.agent import AgentReport, AgentRun
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.fit import FitProfile, FitReport, MemoryLimit
from mlxsm_sync.values.profile import Profile
from mlxsm_sync.values.server_reports import SeenReport, SeenServer
from mlxsm_sync.values.services import SeenService, ServiceReport
from mlxsm_sync.views.agent import status_text as agent_text
from mlxsm_sync.views.connection import clients_text
from mlxsm_sync.views.fit import fit_text
from mlxsm_sync.views.history import history_text
from mlxsm_sync.views.reports import HistoryEntry, HistoryReport, ListedEntry, ListReport
from mlxsm_sync.views.servers import seen_text
from mlxsm_sync.views.services import status_text
from mlxsm_sync.views.style import Style, list_text, records
from testing.paths import REPOSITORY

PLAIN = Style(plain=True)
PROFILE = Profile(name="A", model_id="org/a", host="::1", port=8080)
LISTED = ListedEntry(
    id="x" * 16,
    name="A",
    model_id="org/a",
    host="::1",
    port=8080,
    owner="team",
    source="B",
    from_="/x",
    drifted=True,
    profile=PROFILE,
)
HISTORY = HistoryEntry(
    serial=7, current=True, written_at="2026-01-02", command="apply", owner="o", summary="s", rolled_back_to=3
)
SEEN = SeenServer(
    id="x" * 16,
    name="A",
    status="ready",
    stale=True,
    pid=12,
    endpoint="h:1",
    uptime_seconds=1.5,
    memory_bytes=99,
    cpu_percent=2.5,
    model_id="org/a",
    manager="launchd:x",
)
SIZED = FitProfile(
    id="x" * 16,
    name="A",
    weights_bytes=1,
    kv_bytes=2,
    prompt_cache_bytes=3,
    sum_bytes=6,
    context=5,
    certainty="exact",
    fits=True,
)
SERVICE = SeenService(id="x" * 16, name="A", service="s", state="running", server="ready", pid=12)
FITTED = FitReport(
    limit=MemoryLimit(nbytes=9, from_="asked"), profiles=(SIZED,), running=0, sum_bytes=6, fits=True
)

AGENT = AgentReport(
    installed=True,
    log="/x/agent.log",
    unit="systemd:mlxsm-agent.timer",
    state="stopped",
    next_at="2026-11-27T14:02:00Z",
    last_run=AgentRun(at="2026-11-27T14:00:00Z", exit=3, repository="/fleet", message="nothing new"),
)


def columns() -> dict[str, list[str]]:
    """The fields of each command, as the page has them."""
    page = (REPOSITORY / "docs/exit-codes.md").read_text()
    table = page.partition("### Columns of `--plain`")[2].partition("###")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \|$", table, re.MULTILINE)
    return {command: re.findall("`([^`]+)`", fields) for command, fields in rows}


TOLD: Mapping[str, tuple[Value, str]] = {
    "list": (LISTED, list_text(ListReport(lineage=None, serial=0, entries=(LISTED,)), PLAIN)),
    "history": (HISTORY, history_text(HistoryReport(entries=(HISTORY,)), PLAIN, str)),
    "ps": (SEEN, seen_text(SeenReport(servers=(SEEN,), memory_bytes=0, machine_memory_bytes=1), PLAIN, str)),
    "fit": (SIZED, fit_text(FITTED, PLAIN)),
    "service status": (SERVICE, status_text(ServiceReport(services=(SERVICE,)), PLAIN)),
    "agent status": (AGENT, agent_text(AGENT, PLAIN)),
    "connect --list": (known_clients().clients[0], clients_text(known_clients(), PLAIN)),
}


@pytest.mark.parametrize("command", TOLD)
def test_the_page_names_the_fields_in_their_order(command: str) -> None:
    item, told = TOLD[command]
    data: dict[str, Any] = item.model_dump() | ({"endpoint": "[::1]:8080"} if command == "list" else {})
    fields = [reduce(lambda inner, key: inner[key], name.split("."), data) for name in columns()[command]]
    assert told.splitlines(keepends=True)[0] == records([fields])


def test_the_page_has_every_command_that_takes_it() -> None:
    reference = (REPOSITORY / "docs/cli.md").read_text()
    parts = re.findall(r"^### ([a-z -]+)\n(.*?)(?=^##|\Z)", reference, re.MULTILINE | re.DOTALL)
    takes = {command for command, text in parts if "| `--plain` |" in text}
    assert takes == {command.partition(" --")[0] for command in columns()}

"""What a machine says of itself, as text."""

from __future__ import annotations

from typing import Any

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
from mlxsm_sync.views.machine_status import status_text
from mlxsm_sync.views.style import Style


def server(name: str, status: Any, **others: Any) -> SeenServer:
    return SeenServer(id="a" * 16, name=name, status=status, endpoint="127.0.0.1:8080", **others)


def status(**others: Any) -> MachineStatus:
    plain: dict[str, Any] = {
        "machine": StatusMachine(name="studio"),
        "file": StatusFile(),
        "state": StatusState(),
        "plan": StatusPlan(status="broken", message="there is no file"),
        "servers": (),
        "memory": StatusMemory(limit_bytes=48 * 10**9, used_bytes=0),
        "versions": StatusVersions(mlxsm="1", system="macOS 26.1", python="3.14.0"),
        "at": "2026-11-27T14:02:00Z",
    }
    return MachineStatus(**plain | others)


def test_a_machine_without_anything() -> None:
    assert status_text(status(), Style()) == (
        "studio: cannot be used, no server runs\n"
        "  file      none\n"
        "  plan      ✗ cannot be used: there is no file\n"
        "  state     none yet\n"
        "  memory    0.0 of 48.0 GB\n"
        "  versions  mlxsm 1, macOS 26.1\n"
    )


def test_a_machine_with_everything() -> None:
    told = status_text(
        status(
            machine=StatusMachine(name="studio", tags=("big", "lab")),
            file=StatusFile(
                path="/dot/profiles.yaml", digest="sha256:" + "0" * 64, commit="0123456789abcdef" + "0" * 24
            ),
            state=StatusState(collection="team", serial=7, lineage="l"),
            plan=StatusPlan(status="in-step"),
            last_apply=LastApply(at="2020-01-01T00:00:00Z", exit=3),
            servers=(
                server("A", "ready", answered_at="2020-01-01T00:00:00Z", model_id="org/a"),
                server("B", "crashed"),
                server("C", "stopped"),
            ),
        ),
        Style(),
    )
    head, *lines = told.splitlines()
    assert head == "studio: in step, 1 of 2 servers ready"
    assert lines[0] == "  file      /dot/profiles.yaml at 0123456789ab"
    assert lines[2] == "  state     serial 7, collection team"
    assert lines[3].endswith(" d ago, exit code 3")
    assert lines[6] == "  tags      @big @lab"
    assert [line.split()[:2] for line in lines[-3:]] == [["A", "ready"], ["B", "crashed"], ["C", "stopped"]]
    assert lines[-2].split()[-2:] == ["-", "-"]


def test_what_is_known_of_an_apply_without_its_end() -> None:
    told = status_text(status(last_apply=LastApply(at="2020-01-01T00:00:00Z")), Style())
    assert " d ago\n" in told

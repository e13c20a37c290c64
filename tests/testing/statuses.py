"""What machines say of themselves, as `mlxsm status --json` does: a small fleet in which each thing happens once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

GB = 10**9
AT = "2026-06-16T12:00:00Z"


def server(name: str, port: int = 8080, **more: Any) -> dict[str, Any]:
    """A server that is ready, or as `more` says."""
    return {
        "id": "a" * 16,
        "name": name,
        "status": "ready",
        "endpoint": f"127.0.0.1:{port}",
        "modelID": "mlx-community/Qwen3-4B-4bit",
        "memoryBytes": 3 * GB,
        "answeredAt": "2026-06-16T11:58:20Z",
    } | more


def event(serial: int, at: str, **more: Any) -> dict[str, Any]:
    """A version of a state."""
    found: dict[str, Any] = {"serial": serial, "at": at, "command": "apply", "owner": "team"}
    return found | {"summary": "1 updated"} | more


def status(name: str, standing: str = "in-step", **more: Any) -> dict[str, Any]:
    """A machine with one server, or as `more` says."""
    return {
        "formatVersion": 1,
        "machine": {"name": name, "tags": ["office"]},
        "file": {
            "path": f"/Users/{name}/fleet/profiles.yaml",
            "digest": "sha256:" + "0123456789abcdef" * 4,
            "commit": "9f2c4e1b7a60d3518c94" * 2,
        },
        "state": {"collection": "team", "serial": 4, "lineage": f"lineage of {name}"},
        "plan": {"status": standing, "summary": {"unchanged": 3}, "message": None},
        "servers": [server("Chat")],
        "memory": {"limitBytes": 96 * GB, "usedBytes": 41 * GB},
        "versions": {
            "mlxsm": "0.5.0",
            "mlxLm": "0.32.2",
            "mlx": "0.32.0",
            "system": "macOS 26.1",
            "python": "3.13.2",
        },
        "lastApply": {"at": "2026-06-16T09:30:00Z", "exit": 0},
        "history": [event(4, "2026-06-16T09:30:00Z"), event(3, "2026-06-12T08:00:00Z", summary="2 created")],
        "at": "2026-06-16T11:59:00Z",
    } | more


def fleet() -> list[dict[str, Any]]:
    """Six machines: each standing, and servers of every kind."""
    return [
        status("studio-1", machine={"name": "studio-1", "tags": ["office", "big"]}),
        status(
            "studio-2",
            "behind",
            plan={
                "status": "behind",
                "summary": {"create": 1, "update": 2, "unchanged": 1},
                "message": "3 changes of the profile file are not applied yet",
            },
            servers=[
                server("Chat"),
                server(
                    "Code",
                    8081,
                    status="loading",
                    answeredAt=None,
                    memoryBytes=None,
                    lastError="weights: 62 %",
                ),
                server("Kimi", 8082, status="waiting", rank=0, ranks=2, answeredAt=None, memoryBytes=GB),
            ],
            memory={"limitBytes": 96 * GB, "usedBytes": 91 * GB},
        ),
        status(
            "mini-3",
            "drift",
            plan={
                "status": "drift",
                "summary": {"conflict": 1, "unchanged": 2},
                "message": "Chat was changed on this machine: defaultTemperature",
            },
            servers=[
                server("Chat", stale=True, orphan=True),
                server("Embed", 8090, status="stopped", answeredAt=None),
            ],
            memory={"limitBytes": 12 * GB, "usedBytes": 3 * GB},
            at="2026-06-13T08:00:00Z",
        ),
        status(
            "mini-4",
            "conflict",
            plan={
                "status": "conflict",
                "summary": {"conflict": 1, "invalid": 1},
                "message": "Chat: another profile listens on 127.0.0.1:8080",
            },
            servers=[
                server("Chat", status="crashed", exitCode=-9, answeredAt=None, memoryBytes=None)
                | {"lastError": "ended by signal 9: the system was out of memory"},
                server("Old", 8091, status="foreign", modelID=None, uncertain=True, answeredAt=None),
            ],
            memory={"limitBytes": 12 * GB, "usedBytes": 14 * GB},
            lastApply={"at": "2026-06-15T22:10:00Z", "exit": 3},
            file={"path": "/srv/profiles.yaml", "digest": "sha256:" + "ab" * 32, "commit": None},
        ),
        status(
            "laptop-of-ada",
            "broken",
            machine={"name": "laptop-of-ada", "tags": []},
            plan={
                "status": "broken",
                "summary": None,
                "message": "profiles.yaml:3:5: an unknown key, modelId",
            },
            file={"path": "/Users/ada/profiles.yaml", "digest": None, "commit": None},
            state={"collection": None, "serial": 0, "lineage": None},
            servers=[],
            memory={"limitBytes": 0, "usedBytes": 0},
            versions={
                "mlxsm": "0.4.1",
                "mlxLm": None,
                "mlx": None,
                "system": "macOS 15.6",
                "python": "3.12.1",
            },
            lastApply=None,
            history=[],
        ),
        status("studio-6", history=[event(1, "2026-06-12T10:00:00Z", command=None, summary=None)]),
    ]


def write(folder: Path, statuses: Sequence[dict[str, Any]]) -> list[str]:
    """A file for each, and their names."""
    names = []
    for place, one in enumerate(statuses):
        names.append(f"status-{place}.json")
        (folder / names[-1]).write_text(json.dumps(one))
    return names

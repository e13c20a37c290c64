"""The agent as units of systemd and as a property list of launchd, there and back.

The formats are those of systemd.timer(5), systemd.service(5) and launchd.plist(5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mlxsm_sync.servers import agent_schedule, launchd_plist, systemd_unit

_TIMER = "Description=mlxsm agent run, by the clock"


class AgentUnit(NamedTuple):
    """The agent of one state, whichever manager runs it."""

    key: str
    """What its names are made of: `agent`, or `agent-` and what tells its state from others."""
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    minutes: int
    """Between two runs."""
    leaves_servers: bool
    """Whether what it starts goes on when it has ended."""
    offset: int
    """By so many minutes it runs later than on the hour, where the manager has no delay of its own."""
    log: str
    """Where a manager without a log of its own writes to."""


def timer(unit: AgentUnit) -> bytes:
    """The file of systemd that says when."""
    lines = [
        "[Unit]",
        f"{_TIMER} ({unit.key})",
        "",
        "[Timer]",
        *(f"OnCalendar={one}" for one in agent_schedule.for_systemd(unit.minutes)),
        "Persistent=true",
        f"RandomizedDelaySec={agent_schedule.delay_seconds(unit.minutes)}",
        f"Unit=mlxsm-{unit.key}.service",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def read_timer(data: bytes) -> int | None:
    """The minutes of a file that `timer` made; None where it did not."""
    lines = data.decode(errors="replace").split("\n")
    values = [line.removeprefix("OnCalendar=") for line in lines if line.startswith("OnCalendar=")]
    ours = any(line.startswith(_TIMER) for line in lines)
    return agent_schedule.of_systemd(values) if ours else None


def service(unit: AgentUnit) -> bytes:
    """The file of systemd that says what."""
    lines = [
        "[Unit]",
        f"Description=mlxsm agent run, once ({unit.key})",
        "",
        "[Service]",
        "Type=oneshot",
        *systemd_unit.started_with(unit.argv, unit.environment),
        "WorkingDirectory=/",
        # Servers of `up` are for others to use; else nothing that git started is left.
        *(["KillMode=process"] if unit.leaves_servers else []),
        "TimeoutStopSec=60",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def plist(unit: AgentUnit) -> bytes:
    """The file of launchd that says when and what; ServerError where the format cannot hold it."""
    values: dict[str, object] = {
        "Label": f"com.mlxsm.{unit.key}",
        "ProgramArguments": [*unit.argv],
        "EnvironmentVariables": dict(unit.environment),
        "WorkingDirectory": "/",
        # A StartInterval that comes while the Mac sleeps is lost; one of a calendar is made up for.
        "StartCalendarInterval": agent_schedule.for_launchd(unit.minutes, unit.offset),
        "RunAtLoad": True,
        # What a job of the background starts is given slow cores, also a server of `up`.
        "ProcessType": "Interactive" if unit.leaves_servers else "Background",
        "StandardOutPath": unit.log,
        "StandardErrorPath": unit.log,
        **({"AbandonProcessGroup": True} if unit.leaves_servers else {}),
    }
    return launchd_plist.dumped(values, unit.argv)


def read_plist(data: bytes) -> int | None:
    """The minutes of a file that `plist` made; None where it did not."""
    match launchd_plist.loaded(data):
        case {"StartCalendarInterval": [*entries]} if all(_is_entry(one) for one in entries):
            return agent_schedule.of_launchd(entries)
    return None


def _is_entry(one: object) -> bool:
    return isinstance(one, dict) and all(isinstance(count, int) for count in one.values())

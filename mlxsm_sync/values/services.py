"""The JSON documents about services: what was installed and taken away, and how they are."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.run import Status

Installed = Literal["installed", "updated", "unchanged", "refused", "failed"]
Uninstalled = Literal["uninstalled", "absent", "failed"]
ServiceState = Literal["running", "starting", "stopping", "waiting", "stopped", "failed", "absent", "unknown"]
"""How a manager says that a service is; `waiting` is for being started again."""


class InstalledService(Value):
    """What `service install` did for one profile."""

    id: str | None
    """The entry, null before the first apply."""
    name: str
    """The profile, by its name on this machine, or in the file where it has none here."""
    result: Installed
    """What came of it."""
    service: str | None = None
    """What its manager calls it: `launchd:LABEL` or `systemd:UNIT`."""
    path: str | None = None
    """Its file."""
    started: bool = False
    """Whether its server was started, and is ready."""
    pid: int | None = None
    """The server's process."""
    endpoint: str | None = None
    """Where it listens."""
    ready_seconds: float | None = None
    """How long it took until it was ready."""
    message: str | None = None
    """Why it does not run, or what else there is to say."""


class InstallReport(Value):
    """`mlxsm service install --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    services: tuple[InstalledService, ...]
    """In the order of the file."""
    left_out: tuple[str, ...] = ()
    """Variables of the environment that services would need and do not hold: secrets, and what is no text."""


class PrintedService(Value):
    """A service as its manager would read it."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine."""
    service: str
    """What its manager would call it."""
    path: str
    """Where its file would be."""
    text: str
    """What would be in it."""


class PrintReport(Value):
    """`mlxsm service install --print --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    services: tuple[PrintedService, ...]
    """In the order of the file."""
    left_out: tuple[str, ...] = ()
    """Variables of the environment that services would need and do not hold: secrets, and what is no text."""


class UninstalledService(Value):
    """What `service uninstall` did for one profile."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine; the id where nothing tells the name."""
    result: Uninstalled
    """What came of it."""
    service: str
    """What its manager called it."""
    message: str | None = None
    """Why it is still there, or what else there is to say."""


class UninstallReport(Value):
    """`mlxsm service uninstall --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    services: tuple[UninstalledService, ...]
    """In the order of the state."""


class SeenService(Value):
    """How one service is, or a server that has none."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine; the id where nothing tells the name."""
    service: str | None
    """What its manager calls it; null where a server runs without one."""
    path: str | None = None
    """Its file."""
    state: ServiceState | None = None
    """How its manager says that it is; null where there is no service, or no manager to ask."""
    server: Status | None = None
    """How its server is, as `ps` tells it; null where its state is another one."""
    pid: int | None = None
    """The server's process."""
    orphan: bool = False
    """Whether its entry is gone."""
    message: str | None = None
    """What there is to say or to do."""


class ServiceReport(Value):
    """`mlxsm service status --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    services: tuple[SeenService, ...]
    """In the order of the state; those without an entry, and of other states, last."""
    trouble: str | None = Field(default=None, serialization_alias="managerTrouble")
    """Why the manager cannot be asked; null where it can."""

"""What a machine says of itself, for whoever looks after many of them: what `mlxsm status --json` prints."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Value
from mlxsm_sync.values.plan import Summary
from mlxsm_sync.values.server_reports import SeenServer

Standing = Literal["in-step", "behind", "drift", "conflict", "broken"]
"""How a machine stands to its profile file: the same, not applied yet, changed here, waiting for a person's
decision, or not to be told since file or state cannot be used."""
STANDINGS: tuple[Standing, ...] = ("in-step", "behind", "drift", "conflict", "broken")


class StatusMachine(Value):
    """Which machine it is."""

    name: str
    """Its name, in lower case."""
    tags: tuple[str, ...] = ()
    """What the profile file calls it besides."""


class StatusFile(Value):
    """The profile file of a machine."""

    path: str | None = None
    """Its absolute path, null where none was found."""
    digest: str | None = None
    """The hash of its bytes, `sha256:` and 64 hexadecimal digits; null where it cannot be read."""
    commit: str | None = None
    """What is checked out of the git repository that it is in, 40 or 64 hexadecimal digits; null outside of
    one."""


class StatusState(Value):
    """The state of a machine."""

    collection: str | None = None
    """The collection of the profile file, null where that has none."""
    serial: int = 0
    """The state's serial, 0 where there is none yet."""
    lineage: str | None = None
    """The state's lineage, null where there is none yet, or where it cannot be read."""


class StatusPlan(Value):
    """What an apply would do."""

    status: Standing
    """In one word; of several that hold, the last one of the schema's order."""
    summary: Summary | None = None
    """How much of each, null where no plan can be made."""
    message: str | None = None
    """Why no plan can be made, or why this machine is not in step; null where it is."""


class StatusMemory(Value):
    """The memory for models."""

    limit_bytes: int
    """What models may take together."""
    used_bytes: int
    """What servers of ours use now."""


class StatusVersions(Value):
    """What is installed."""

    mlxsm: str
    """This program."""
    mlx_lm: str | None = None
    """The server's package, null where none was found."""
    mlx: str | None = None
    """What that computes with, null where none was found."""
    system: str
    """The system and its release, as `macOS 26.1` or `Linux 6.12`."""
    python: str
    """The Python that runs this program."""


class LastApply(Value):
    """The newest apply that is known of."""

    at: str
    """When, ISO 8601, UTC, whole seconds."""
    exit: int | None = None
    """Its exit code; null where that is not known."""


class StatusEvent(Value):
    """One version of the state."""

    serial: int
    """Its serial."""
    at: str | None = None
    """When it was written, ISO 8601, UTC, whole seconds."""
    command: str | None = None
    """The command that wrote it."""
    owner: str | None = None
    """The collection that was applied."""
    summary: str | None = None
    """What that did."""


class MachineStatus(Value):
    """`mlxsm status --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    machine: StatusMachine
    """Which machine it is."""
    file: StatusFile
    """Its profile file."""
    state: StatusState
    """Its state."""
    plan: StatusPlan
    """What an apply would do."""
    servers: tuple[SeenServer, ...]
    """How the servers are, as `mlxsm ps --json` tells it."""
    memory: StatusMemory
    """The memory for models."""
    versions: StatusVersions
    """What is installed."""
    last_apply: LastApply | None = None
    """The newest apply that is known of; null where nothing was ever applied."""
    history: tuple[StatusEvent, ...] = ()
    """The newest versions of the state, the current one first, at most 20."""
    at: str
    """When this was looked at, ISO 8601, UTC, whole seconds."""

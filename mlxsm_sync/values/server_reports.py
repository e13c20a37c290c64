"""The JSON documents about servers: how they are, what was looked at, adopted and forgotten."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Field, Value
from mlxsm_sync.values.run import Status

Verdict = Literal["pass", "warn", "fail"]


class SeenServer(Value):
    """How one server is."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine."""
    status: Status
    """In one word."""
    uncertain: bool = False
    """Whether it cannot be told if it runs; the reason is in `lastError`."""
    stale: bool = False
    """Whether it runs with other options than its profile has now."""
    changes: tuple[str, ...] = ()
    """What a restart would change, option by option."""
    pid: int | None = None
    """The process; of a foreign server the one that holds the port."""
    endpoint: str
    """Where it listens, or should."""
    uptime_seconds: float | None = None
    """Since its start."""
    memory_bytes: int | None = None
    """What the system charges it with: on macOS the physical footprint, which counts Metal's memory."""
    cpu_percent: float | None = None
    """Of one core, in the moment of the look."""
    model_id: str | None = Field(serialization_alias="modelID", default=None)
    """The model of its profile, null where the profile is gone."""
    orphan: bool = False
    """Whether a server was started for it, and its profile is gone or no longer in the profile file."""
    environment_changes: tuple[str, ...] = ()
    """Variables about models that a restart would change. They are no part of `stale`."""
    stop_requested_at: str | None = None
    """When `mlxsm down` asked it to end, ISO 8601, UTC, whole seconds; null where nothing did."""
    manager: str | None = None
    """The service that starts it at login, or again: `launchd:LABEL` or `systemd:UNIT`; null without one."""
    log: str | None = None
    """The file that it writes to."""
    exit_code: int | None = None
    """How it ended: an exit code, negative for a signal."""
    last_error: str | None = None
    """Why it is not ready, as far as that is known."""
    answered_at: str | None = None
    """When a completion was last answered, ISO 8601, UTC, whole seconds; null where none is known of."""
    rank: int | None = None
    """Which rank of a cluster it is, from 0; null where it is a server of its own."""
    ranks: int | None = None
    """How many ranks the cluster has."""
    answered_by: str | None = None
    """The machine that answers clients, and knows whether all ranks are ready; null where it is this one."""
    started_at: str | None = None
    """ISO 8601, UTC, whole seconds."""
    ended_at: str | None = None
    """ISO 8601, UTC, whole seconds."""


class SeenReport(Value):
    """`mlxsm ps --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    servers: tuple[SeenServer, ...]
    """In the order of the profile file where there is one, then of the state; those without an entry last."""
    memory_bytes: int
    """What all of ours use together."""
    machine_memory_bytes: int
    """What this machine has."""


class Finding(Value):
    """One point that was looked at."""

    topic: str = Field(serialization_alias="check")
    """What was looked at."""
    subject: str | None = None
    """The profile that it is about, null for the whole machine."""
    status: Verdict
    """How it stands."""
    message: str
    """What is."""
    remedy: str | None = None
    """What to do."""


class Diagnosis(Value):
    """`mlxsm doctor --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    checks: tuple[Finding, ...]
    """In the order in which they matter."""
    passed: int
    """How many are in order."""
    warnings: int
    """How many are worth a look."""
    failures: int
    """How many keep something from working."""


class AdoptedServer(Value):
    """A server that somebody else started, and that was adopted."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine."""
    endpoint: str
    """Where it answered."""
    findings: tuple[str, ...]
    """What its answer proves, and what it does not."""


class AdoptReport(Value):
    """`mlxsm adopt --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    servers: tuple[AdoptedServer, ...]
    """In the order of the state."""


class ForgottenServer(Value):
    """An adopted server that is no longer known here; it was not touched."""

    id: str
    """The entry."""
    name: str
    """Its name on this machine."""


class ForgetReport(Value):
    """`mlxsm forget --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    servers: tuple[ForgottenServer, ...]
    """In the order of the state."""

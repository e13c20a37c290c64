"""The JSON documents about servers that no other module makes: what was looked at, adopted and forgotten."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Field, Value

Verdict = Literal["pass", "warn", "fail"]


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

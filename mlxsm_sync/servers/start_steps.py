"""What a start is doing, and how the waiting for it ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mlxsm_sync.servers.releases import told_by
from mlxsm_sync.text.redaction import redacted
from mlxsm_sync.values.run import Proof


class Step(NamedTuple):
    """What a start is doing."""

    phase: str
    """`starting`, `waiting` for a start elsewhere, `waiting for` machines, `downloading`, `loading`."""
    pid: int | None = None
    received: int = 0
    """The bytes of its model that have been downloaded."""
    total: int | None = None
    """The bytes that the model has, None where that is not known."""


class Waiting(NamedTuple):
    """How a start is waited for."""

    environment: Mapping[str, str]
    """What the server was started in, which tells where its model is downloaded to."""
    timeout: float
    """Seconds without a sign of life."""
    asking: bool = True
    """Whether it must answer a question; else socket and health are enough."""
    patient: bool = False
    """Whether other ranks of its cluster are waited for without end."""


class Ready(NamedTuple):
    """A server that can be used."""

    proof: Proof
    fingerprint: str | None = None

    @property
    def release(self) -> str | None:
        """Its release, as it says itself."""
        return told_by(self.fingerprint)


class NotReady(Exception):
    """A server that will never be ready; the text says why."""

    def __init__(
        self, reason: str, *, ended: bool = False, unusable: bool = False, waiting: bool = False
    ) -> None:
        super().__init__(redacted(reason))  # a server says what it likes, and this goes into the record
        self.ended = ended
        """Whether its process has ended by itself."""
        self.unusable = unusable
        """Whether it said itself that its model cannot be used."""
        self.waiting = waiting
        """Whether it was still waiting for other ranks."""


class Stopped(Exception):
    """Somebody asked to stop waiting."""

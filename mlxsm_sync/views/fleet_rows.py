"""What the page of many machines is made of: rows of texts, as `views/fleet.py` makes them."""

from __future__ import annotations

from typing import NamedTuple

from mlxsm_sync.values.status_reports import FileFault


class Mark(NamedTuple):
    """A status: in a sign, in words, and as the class that gives it a colour."""

    sign: str
    words: str
    tone: str


class Moment(NamedTuple):
    """A time."""

    iso: str
    text: str
    """`2026-06-16 14:02 UTC`."""
    age: str
    """How long ago that was when the page was made."""
    old: bool


class Bar(NamedTuple):
    """Memory that is used."""

    percent: int
    limited: bool
    """Whether there is a limit, and so a bar."""
    text: str
    tone: str


class ServerRow(NamedTuple):
    """One server."""

    name: str
    model: str | None
    mark: Mark
    about: str
    """What else there is to say of its status."""
    endpoint: str
    memory: str | None
    answered: Moment | None
    error: str | None


class MachineRow(NamedTuple):
    """One machine."""

    name: str
    tags: tuple[str, ...]
    mark: Mark
    plan: str
    """What an apply would do, or why that is not known."""
    file: str
    """What of the profile file is checked out, or its digest, shortened."""
    collection: str | None
    serial: int
    applied: Moment | None
    exit: int | None
    memory: Bar
    versions: tuple[str, ...]
    looked: Moment
    servers: tuple[ServerRow, ...]


class EventRow(NamedTuple):
    """One version of a machine's state."""

    at: str
    """ISO 8601, UTC."""
    time: str
    machine: str
    serial: int
    command: str
    summary: str


class Count(NamedTuple):
    """How many machines stand so."""

    mark: Mark
    machines: int
    before: int
    """How many of the machines are counted by those before it."""


class Page(NamedTuple):
    """All that the page says."""

    title: str
    version: str
    made: Moment
    counts: tuple[Count, ...]
    machines: tuple[MachineRow, ...]
    servers: int
    silent: int
    """How many machines have not been looked at for a day."""
    days: tuple[tuple[str, tuple[EventRow, ...]], ...]
    """The timeline: each day, the newest first, with what happened."""
    earlier: int
    """How many versions are too old for the timeline."""
    problems: tuple[FileFault, ...]

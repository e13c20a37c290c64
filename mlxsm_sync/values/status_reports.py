"""The JSON document of `mlxsm report`: which machines were joined, and which files were not."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Value
from mlxsm_sync.values.status import Standing


class JoinedMachine(Value):
    """One machine of the page."""

    name: str
    """Its name."""
    status: Standing
    """How it stands to its profile file."""
    at: str
    """When it was looked at, ISO 8601, UTC, whole seconds."""
    path: str | None
    """The file of its status, `-` for standard input; null for this machine itself."""


class FileFault(Value):
    """A file whose status is not on the page."""

    path: str
    """The file, as it was named on the command line; `-` for standard input."""
    message: str
    """Why."""


class FleetReport(Value):
    """`mlxsm report --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    path: str | None
    """The page that was written, null where it is printed."""
    machines: tuple[JoinedMachine, ...]
    """The machines of the page, in its order: first those that are not in step."""
    problems: tuple[FileFault, ...]
    """The files that were left out."""

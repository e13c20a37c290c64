"""The JSON documents of commands about files that people keep: `init`, `export`, `pull` and `machine`."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.values.base import Value
from mlxsm_sync.values.machines import Machine


class InitReport(Value):
    """`mlxsm init --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    path: str | None
    """The profile file that was written, null where its text is printed."""
    text: str | None
    """The profile file itself, null where it was written to `path`."""
    notes: tuple[str, ...]
    """What was left out, and why."""


class MachineReport(Value):
    """`mlxsm machine --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    machine: Machine
    """What this machine is called."""
    path: str | None
    """The profile file, null where there is none."""
    known: bool | None
    """Whether the profile file has this machine; null where it has no machines at all."""
    profiles: tuple[str, ...]
    """The profiles that are for it, by name."""
    elsewhere: tuple[str, ...]
    """The profiles that are for other machines, by name."""


class LeftOutProfile(Value):
    """A profile, or a field of one, that stays on this machine."""

    name: str
    """Its name on this machine."""
    field: str | None
    """The field, null where the whole profile stays."""
    reason: str
    """Why it is not exported."""


class ExportReport(Value):
    """`mlxsm export --json`."""

    format_version: Literal[1] = 1
    """The version of this format."""
    path: str | None
    """The file that was written, null where its text is printed."""
    format: Literal["json", "yaml"]
    """Whether it is a document or a profile file."""
    profiles: tuple[str, ...]
    """The names of the profiles in it."""
    contents: tuple[str, ...]
    """What it says of them."""
    sensitive: tuple[str, ...]
    """What a person may not want to share."""
    left_out: tuple[LeftOutProfile, ...]
    """What is not in it."""
    notes: tuple[str, ...]
    """What else a person should know."""
    text: str | None
    """The export itself, null where it was written to `path`."""

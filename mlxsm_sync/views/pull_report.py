"""The JSON document of a pull."""

from __future__ import annotations

from typing import Literal

from mlxsm_sync.planning.explain import explain
from mlxsm_sync.text.json_value import Json
from mlxsm_sync.values.base import Value
from mlxsm_sync.values.desired import Desired, ProfileWarning
from mlxsm_sync.values.plan import FieldChange
from mlxsm_sync.values.pull import Edit, Pull


class PulledProfile(Value):
    """One profile of the file that is made what this machine has."""

    name: str
    """Its name in the file afterwards."""
    index: int | None
    """Its place in the file, 1-based; null for a new one at the end."""
    whole: bool
    """Whether all of it is taken, and not only what was changed on this machine."""
    fields: tuple[FieldChange, ...]
    """What changes in the file."""


class PullConflict(Value):
    """A field that was changed on this machine and in the file: neither is taken unasked."""

    name: str
    """The profile, by its name in the file."""
    index: int
    """Its place in the file, 1-based."""
    path: str
    """JSON Pointer into the profile."""
    applied: Json
    """What was applied, null for unset; so with the next two."""
    machine: Json
    """What this machine has."""
    file: Json
    """What the file says."""


class LeftOut(Value):
    """A profile that cannot be pulled."""

    name: str
    """Its name on this machine."""
    reason: str
    """Why."""
    hint: str
    """What to do."""


class PullReport(Value):
    """What `mlxsm pull` does, or with `--dry-run` would do."""

    format_version: Literal[1] = 1
    """The version of this format."""
    path: str
    """The profile file, as it was named."""
    written: bool
    """Whether the file was written."""
    recorded: int
    """How many profiles count as applied from now on."""
    patch: str
    """The change of the file as a unified diff, empty if the file says so already."""
    profiles: tuple[PulledProfile, ...]
    """What is taken."""
    conflicts: tuple[PullConflict, ...]
    """What was changed on both sides, and left."""
    left: tuple[LeftOut, ...]
    """What cannot be pulled."""
    warnings: tuple[ProfileWarning, ...]
    """What a person should know of what comes into the file."""


def pull_report(
    desired: Desired,
    pull: Pull,
    patch: str,
    warnings: tuple[ProfileWarning, ...],
    recorded: int,
    *,
    written: bool,
) -> PullReport:
    """A pull as a value; `recorded` counts the entries that were recorded as applied."""
    return PullReport(
        path=desired.input.path,
        written=written,
        recorded=recorded,
        patch=patch,
        profiles=tuple(_profile(desired, edit) for edit in pull.edits if edit.fields),
        conflicts=tuple(
            PullConflict(
                name=one.name,
                index=one.place,
                path=one.path,
                applied=one.applied,
                machine=one.here,
                file=one.there,
            )
            for one in pull.clashes
        ),
        left=tuple(LeftOut(name=one.name, reason=one.reason, hint=one.hint) for one in pull.stuck),
        warnings=warnings,
    )


def _profile(desired: Desired, edit: Edit) -> PulledProfile:
    # Its place is that in the file, which may have others for other machines before it.
    before = next((one.declared for one in desired.profiles if one.index == edit.place), {})
    after = {**before, **edit.fields}
    return PulledProfile(
        name=str(after["/name"]),
        index=edit.place,
        whole=edit.taken is None,
        fields=explain(before, after),
    )
